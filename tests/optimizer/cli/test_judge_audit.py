"""`autoevol judge-audit` with scripted judges: figures, folders, resuming, and judges that are no good."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.scoring.audit import AuditRow, audit
from autoevol.optimizer.scoring.labelled import load_labelled
from tests.optimizer.cli.conftest import Cli

PAID = "http://127.0.0.1:1/v1"
RUBRIC = ("valid", "self_contained", "consistent", "intent")
GOOD = {"seed": "Anna has 3 pens. How many pens has she?", "evolved": "Anna has 3 pens in each of 4 boxes and gives 5 "
        "pens to Ben. How many pens has she left?"}  # fmt: skip
CLASH = {"seed": "Carl has 7 cups. How many cups has he?", "evolved": "Carl has 7 cups and owns no cups at all. He "
         "buys 12 more cups for his 3 sisters. How many cups has each sister?"}  # fmt: skip
COPY = {"seed": "Dora walks 9 km. How far does she walk?", "evolved": "Dora walks 9 km. How far does she walk?"}


def _row(number: int, texts: Mapping[str, str], *flaws: str) -> dict[str, Any]:
    return {
        "id": f"r-{number}", "language": "en", "domain": "maths", "seed_response": None, "response": "It is 7.",
        "good": not flaws, "flaws": list(flaws), "why": "As said.", **texts,
    }  # fmt: skip


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """Two good rows, two with a contradiction, one copy that a free detector stops."""
    texts = [GOOD, {name: text.replace("Anna", "Eva") for name, text in GOOD.items()}, CLASH,
             {name: text.replace("Carl", "Fred") for name, text in CLASH.items()}]  # fmt: skip
    flaws = [(), (), ("contradiction",), ("contradiction",)]
    listed = [_row(number, text, *flaw) for number, (text, flaw) in enumerate(zip(texts, flaws, strict=True))]
    return _file(tmp_path / "rows.jsonl", [*listed, _row(9, COPY, "identity")])


def _file(path: Path, lines: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def _verdict(harder: str = "B", quote: str = "none", **fields: str) -> str:
    said = {"quote": quote, **dict.fromkeys(RUBRIC, "yes"), **fields, "harder": harder}
    return "<verdict>\n" + "\n".join(f"{name}: {word}" for name, word in said.items()) + "\n</verdict>"


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """A file of answers; each line is a pattern and what it is answered with."""

    def write(*lines: tuple[str, str]) -> Path:
        return _file(tmp_path / "script.jsonl", [{"pattern": pattern, "text": text} for pattern, text in lines])

    return write


NO = _verdict(quote="owns no cups at all", consistent="no")
FAIR = (("owns no cups", NO), (r"Version A:\n<<<A \w+\n[^\n]*boxes", _verdict("A")), ("boxes", _verdict("B")))


def test_figures_of_a_fair_judge(cli: Cli, rows: Path, script: Callable[..., Path], tmp_path: Path) -> None:
    """What a gate stops it is not shown; both files say the same as the screen."""
    said = cli("judge-audit", rows, "--script", script(*FAIR), "--quiet")

    assert 0 == said.code
    assert "5 labelled rows, 4 shown to the judge" in said.out
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.endswith("-judge-audit")
    found = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    judge, both = (found["measures"][name] for name in ("judge", "both together"))
    assert ((2, 2), (2, 2), (0, 2)) == tuple((judge[name]["hits"], judge[name]["of"]) for name in judge)
    assert (3, 3) == (both["recall"]["hits"], both["recall"]["of"])
    assert (True, 5, 4, 4, 1) == (found["complete"], found["rows"], found["shown"], *_pairs(found))
    assert (2, 2) == (found["harder_good"]["hits"], found["harder_good"]["of"])
    assert ["identity", "contradiction"] == [line["flaw"] for line in found["classes"]]
    page = (folder / "audit.md").read_text(encoding="utf-8")
    assert "not consistent (“owns no cups at all”)" in page


def _pairs(found: Mapping[str, Any]) -> tuple[int, int]:
    return found["judge"]["pairs"], found["judge"]["repeats"]


def test_all_rows_are_shown_where_that_is_asked(cli: Cli, rows: Path, script: Callable[..., Path]) -> None:
    """Then the judge's own recall is over all flaws."""
    said = cli("judge-audit", rows, "--script", script(*FAIR, ("Dora", _verdict("same"))), "--all", "--json", "--quiet")

    found = json.loads(said.out)
    assert (5, 1, (2, 3)) == (found["shown"], found["stopped"], _of(found["measures"]["judge"]["recall"]))
    assert (1, 1) == _of(found["not_harder"])


def _of(rate: Mapping[str, int]) -> tuple[int, int]:
    return rate["hits"], rate["of"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (_verdict("unsure", **dict.fromkeys(RUBRIC, "unsure")), "The judge abstained on every item"),
        (_verdict("B"), "The judge said yes to everything: validity is not checked."),
        ("I like both of them.", "Not one answer of the judge could be read"),
        (_verdict("B", quote="the moon is made of cheese", valid="no"), "Not one 'no' of the judge was proven"),
        (_verdict("A", quote="How many"), "flips in 100% of the pairs"),
    ],
)
def test_a_judge_that_is_no_good_is_named(
    cli: Cli, rows: Path, script: Callable[..., Path], answer: str, sentence: str
) -> None:
    """The audit ends well: that the judge is bad is its result."""
    everything = [*(json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines())]
    more = [{**row, "id": f"{row['id']}-{n}", "seed": f"{n}! {row['seed']}"} for n in range(3) for row in everything]
    said = cli("judge-audit", _file(rows, more), "--script", script(("Version", answer)), "--quiet")

    assert 0 == said.code
    assert sentence in said.out


def test_a_judge_that_declines_is_named(cli: Cli, rows: Path, tmp_path: Path) -> None:
    """A content filter is an answer that is missing, not an end."""
    refusing = _file(tmp_path / "no.jsonl", [{"pattern": "Version", "reason": "content_filter"}])

    said = cli("judge-audit", rows, "--script", refusing, "--quiet")

    assert (0, True) == (said.code, "The judge gave no answer at all" in said.out)


def test_it_goes_on_where_it_was_broken_off(cli: Cli, rows: Path, script: Callable[..., Path], tmp_path: Path) -> None:
    """A cap stops it; the next time only the rest is asked, and the end is that of one that was never stopped."""
    whole = cli("judge-audit", rows, "--script", script(*FAIR), "--json", "--quiet", "--folder", "whole", "--set",
                "secret=00aa")  # fmt: skip
    begin = ("judge-audit", rows, "--script", script(*FAIR), "--quiet", "--set", "secret=00aa", "--folder", "part")
    first = cli(*begin, "--budget", "3calls")
    half = json.loads((tmp_path / "part" / "audit.json").read_text(encoding="utf-8"))
    again = cli("judge-audit", "--folder", "part", "--quiet")
    last = cli("judge-audit", "--folder", "part", "--budget", "9calls", "--quiet", "--json")

    assert (1, 1, 0) == (first.code, again.code, last.code)
    assert "autoevol judge-audit --folder part" in first.err
    assert (False, True) == (half["complete"], half["rows"] < 5)
    assert json.loads(whole.out) == json.loads(last.out)
    assert (tmp_path / "whole/audit.md").read_bytes() == (tmp_path / "part/audit.md").read_bytes()
    assert 0 == cli(*begin, "--budget", "9calls").code


def test_an_audit_keeps_to_what_it_began_with(cli: Cli, rows: Path, script: Callable[..., Path]) -> None:
    """Other rows, another model or other prompts would mix two audits."""
    begin = ("judge-audit", rows, "--script", script(*FAIR), "--quiet", "--folder", "one")
    assert 0 == cli(*begin).code

    for change, words in ((("--all",), "--all"), (("--limit", 2), "rows"), (("--seed", 5), "run_seed")):
        said = cli(*begin, *change)
        assert (2, True) == (said.code, words in said.err)
    _file(rows, [_row(0, GOOD)])
    said = cli("judge-audit", "--folder", "one")
    assert (2, True) == (said.code, "began with other rows" in said.err)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("judge-audit",), "No model is named"),
        (("judge-audit", "none.jsonl", "--script", "s"), "cannot be read"),
        (("judge-audit", "--language", "de", "--script", "s"), "'de' is not one of"),
        (("judge-audit", "--limit", "3", "--script", "missing.jsonl"), "cannot be read"),
        (("judge-audit", "--folder", "other", "--script", "s"), "something else than an audit"),
        (("judge-audit", "--script", "s", "--detectors", "no-such"), "no detector 'no-such'"),
        (("judge-audit", "--limit", "3", "--base-url", "http://127.0.0.1:1/v1", "--judge-model", "m"), "has no cap"),
        (
            (
                "judge-audit",
                "--limit",
                "3",
                "--base-url",
                "http://127.0.0.1:1/v1",
                "--judge-model",
                "m",
                "--budget=1usd",
            ),
            "price of m",
        ),
    ],
)
def test_wrong_arguments_are_told(cli: Cli, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    """Before a call or a folder."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "s").write_text("", encoding="utf-8")
    said = cli(*arguments)

    assert (2, True) == (said.code, words in said.err), said.err
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_says_what_it_would_take(cli: Cli, rows: Path, script: Callable[..., Path], tmp_path: Path) -> None:
    """Both orders of four rows, and one of them again."""
    said = cli("judge-audit", rows, "--script", script(*FAIR), "--dry-run")

    assert 0 == said.code
    assert "5 labelled rows, 4 for the judge (1 are stopped" in said.out
    assert "9 calls" in said.out
    assert not (tmp_path / "runs").exists()


def test_texts_of_others_are_no_markup(cli: Cli, rows: Path, script: Callable[..., Path], tmp_path: Path) -> None:
    """What the judge quotes and what the file says stays text on the page, and obeys nobody on the screen."""
    evil = "owns no cups at all\x1b[2J <script>alert(1)</script> | [x](http://a)"
    listed = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    for row in listed:
        row["evolved"] = row["evolved"].replace("owns no cups at all", evil)
        row["why"] = evil
    said = cli("judge-audit", _file(rows, listed), "--script",
               script(("owns no cups", _verdict(quote=evil, consistent="no")), ("boxes", _verdict("B"))),
               "--quiet", "--folder", "a")  # fmt: skip
    page = (tmp_path / "a" / "audit.md").read_text(encoding="utf-8")

    assert (0, False, False) == (said.code, "\x1b" in said.out + page, "<script>" in page)
    assert "\\[x\\](http://a)" in page


def test_the_shipped_set_can_be_audited_without_a_judge() -> None:
    """Every row has a place, and gates alone give no figures of a judge."""
    rows = load_labelled()
    report = audit(AuditRow(row, ()) for row in rows)

    assert (len(rows), 0) == (len(report.rows), report.shown)
    assert report.measures["judge"].recall.share is None
