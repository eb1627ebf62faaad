"""The figures that `python -m benchmarks.detectors` prints, and what the shipped rules reach on the shipped rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autoevol.agents.messages import Finding
from autoevol.optimizer.scoring.detectors import GATES
from autoevol.optimizer.scoring.labelled import FLAWS, LabelledRow, load_labelled
from benchmarks.detectors.__main__ import main
from benchmarks.detectors.figures import CLAIMED, PARTLY, SAYS, free_findings, measure


def _row(name: str, *flaws: str) -> LabelledRow:
    return LabelledRow(name, "en", "maths", "Add 2 and 3.", None, "Add 2, 3 and 4.", None, not flaws, flaws, "why")


ROWS = [_row("a"), _row("b"), _row("c", "near-copy"), _row("d", "identity", "contradiction"), _row("e", "unsolvable")]
FOUND = {"b": ["identity"], "c": ["not-harder"], "d": ["identity", "lost-code"]}


def test_rows_and_classes_are_counted() -> None:
    """A near-copy that is called no harder is named rightly; a good row that is stopped is a false alarm."""
    figures = measure(ROWS, lambda row: [Finding(kind) for kind in FOUND.get(row.id, [])])

    assert (2, 2) == figures.claimed
    assert (3, 2) == figures.flawed
    assert (2, 1) == figures.good
    identity, copies, code = (figures.classes[name] for name in ("identity", "near-copy", "lost-code"))
    assert (1, 1, 1, 1) == (identity.rows, identity.found, identity.stopped, identity.wrong)
    assert (1.0, 0.5) == (identity.recall, identity.precision)
    assert pytest.approx(2 / 3) == identity.f1
    assert (1, 1, 0) == (copies.rows, copies.found, copies.wrong)
    assert (None, 0.0, None) == (code.recall, code.precision, code.f1)


def test_every_gate_says_a_claimed_class() -> None:
    """The table from finding kinds to labelled classes knows all gates and no others; two are claimed in part."""
    assert set(SAYS) <= GATES
    assert {flaw for kind in GATES for flaw in SAYS.get(kind, (kind,))} == {*CLAIMED, *PARTLY} & set(FLAWS)


def test_the_shipped_rules_keep_what_they_reached() -> None:
    """A change of a rule or a list that loses much on the shipped rows shows here; the figures are in the docs."""
    figures = measure(load_labelled(), free_findings)

    claimed, caught = figures.claimed
    flawed, stopped = figures.flawed
    _, alarms = figures.good
    assert caught >= 0.9 * claimed
    seeable, seen = figures.seeable
    assert seen >= 0.85 * seeable
    assert stopped >= 0.95 * (stopped + alarms)
    assert flawed == sum(not one.row.good for one in figures.seen)


def test_the_command_prints_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With files of one's own, half of their lines, and what a judge refused."""
    file, audit = tmp_path / "rows.jsonl", tmp_path / "audit.json"
    row = {"language": "en", "domain": "maths", "seed": "Add 2 and 3.", "seed_response": None, "response": None,
           "why": "for a test"}  # fmt: skip
    rows = [
        {**row, "id": "one", "evolved": "Add 2 and 3.", "good": False, "flaws": ["identity"]},
        {**row, "id": "two", "evolved": "Add 2, 3 and x, where 3x = 5.", "good": False, "flaws": ["unsolvable"]},
    ]
    file.write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
    audit.write_text(json.dumps({"verdicts": [{"id": "two", "refused": True}]}), "utf-8")

    assert 0 == main(["--labelled", str(file)])
    assert "| en | 2 | 1/1 = 1.000 | 1/1 = 1.000 | 1/1 = 1.000 | 1/2 = 0.500 | none |" in capsys.readouterr().out
    assert 0 == main(["--labelled", str(file), "--judge", str(audit), "--verbose"])
    assert "| en | 2 | 1/1 = 1.000 | 1/1 = 1.000 | 2/2 = 1.000 | 2/2 = 1.000 | none |" in capsys.readouterr().out
    assert 0 == main(["--labelled", str(file), "--lines", "even"])
    assert "| en | 1 | none |" in capsys.readouterr().out
    assert 2 == main(["--labelled", str(tmp_path / "none.jsonl")])
