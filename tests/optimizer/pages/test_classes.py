"""Findings by class over the whole run: counts that can be checked by hand, and links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from autoevol.optimizer.pages.classes import Share, read_classes
from autoevol.optimizer.pages.report import report_text
from autoevol.optimizer.pages.whole import Group
from tests.optimizer.pages.sample_run import write_run


def _group(name: str, who: str, step: int, kinds: Sequence[Sequence[str]], part: str = "race") -> Group:
    items = [f"seed-{number}" for number in range(len(kinds))]
    scores = [0.0 if each else 1.0 for each in kinds]
    methods = ["stays" if who == "Incumbent" else name] * len(items)
    return Group(name, part, who, step, "", items, list(scores), [list(each) for each in kinds], methods)


RUN = (
    _group("steps/000/batch", "Batch", 1, [["leak"], []], "batch"),
    _group("steps/000/incumbent", "Incumbent", 1, [["leak"], ["leak", "easy"], []]),
    _group("steps/000/candidates/1/dev", "Candidate 1", 1, [["easy"], [], []]),
    _group("steps/001/batch", "Batch", 2, [["odd/<b>"]], "batch"),
    _group("steps/001/incumbent", "Incumbent", 2, [["leak"], ["leak", "easy"], []]),
    _group("test/start", "Starting method", 0, [["leak"], []], "test"),
)


def test_counts_are_of_items_by_who_made_them() -> None:
    """The method of the step on batch and race, then its candidates; a method that stayed counts once over all."""
    found = read_classes(RUN)
    rows = {row.kind: row for row in found.rows}

    assert ((1, 2), ["leak", "easy", "odd/<b>"], 0) == (found.steps, [row.kind for row in found.rows], found.more)
    assert (Share(3, 9), Share(2, 9), Share(1, 9)) == tuple(row.total for row in found.rows)
    assert [(Share(3, 5), Share(0, 3)), (Share(2, 4), Share(0, 0))] == [
        (cell.own, cell.others) for cell in rows["leak"].cells
    ]
    assert [(Share(1, 5), Share(1, 3)), (Share(1, 4), Share(0, 0))] == [
        (cell.own, cell.others) for cell in rows["easy"].cells
    ]
    assert ("Starting method", Share(1, 2), Share(0, 2)) == (found.tested, rows["leak"].test, rows["easy"].test)
    assert ("60 %", "–") == (rows["leak"].cells[0].own.words, rows["leak"].cells[1].others.words)


def test_a_number_leads_to_its_items() -> None:
    """To the table of items with this class; to the item itself where only the batch had it; nowhere where none did."""
    rows = {row.kind: row for row in read_classes(RUN).rows}

    assert "#matrix/all/all/leak" == rows["leak"].link
    assert ["#matrix/step-1/all/leak", "#matrix/step-2/all/leak"] == [cell.link for cell in rows["leak"].cells]
    assert ["", "#item/steps/001/batch/seed-0"] == [cell.link for cell in rows["odd/<b>"].cells]
    assert "#item/steps/001/batch/seed-0" == rows["odd/<b>"].link
    assert (("seed-0", "#item/steps/000/batch/seed-0"), ("seed-1", "#item/steps/000/incumbent/seed-1")) == rows[
        "leak"
    ].examples


def test_a_longer_race_of_the_same_method_adds_only_its_new_items() -> None:
    """Also of a candidate that went on as the incumbent; without ids of methods every item counts."""
    first = _group("steps/000/candidates/1/dev", "Candidate 1", 1, [["leak"], ["easy"]])
    longer = _group("steps/001/incumbent", "Incumbent", 2, [["leak"], ["easy"], ["leak"], []])
    same = replace(first, methods=["stays"] * 2)

    assert [("leak", Share(2, 4)), ("easy", Share(1, 4))] == [
        (row.kind, row.total) for row in read_classes([same, longer, longer]).rows
    ]
    assert Share(3, 6) == read_classes([first, longer]).rows[0].total
    assert (
        Share(3, 6) == read_classes([replace(same, methods=[""] * 2), replace(longer, methods=[""] * 4)]).rows[0].total
    )


def test_a_run_of_many_classes_shows_the_most_frequent() -> None:
    """And says how many there are beside them."""
    found = read_classes([_group("steps/000/incumbent", "Incumbent", 1, [[f"k{n:02}" for n in range(43)], ["k42"]])])

    assert (40, 3, "k42", "") == (len(found.rows), found.more, found.rows[0].kind, found.tested)


def test_nothing_found_is_no_table(tmp_path: Path) -> None:
    """Neither where nothing was wrong nor where there was no search."""
    assert () == read_classes([_group("steps/000/incumbent", "Incumbent", 1, [[]])]).rows
    assert () == read_classes([]).rows
    run = write_run(tmp_path / "run")
    assert 'id="findings"' in report_text(run)
    for path in run.glob("steps/000/**/*.jsonl"):
        path.unlink()
    assert 'id="findings"' not in report_text(run)


def test_a_hostile_class_stays_text_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    """Classes come from a judge, that is from a model."""
    page = report_text(write_run(tmp_path / "run", '"><script>alert(1)</script>'))
    table = page[page.index('id="findings"') : page.index('id="steps"')]

    assert "<script>" not in table
    assert "#matrix/step-1/all/%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E" in table
    assert {"#item/steps/000/batch/seed-000001", "#item/steps/000/incumbent/seed-000002",
            "#item/steps/000/candidates/1/dev/seed-000002"} >= set(re.findall(r'#item/[^"]*', table))  # fmt: skip
