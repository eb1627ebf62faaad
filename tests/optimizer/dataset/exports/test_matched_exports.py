"""Training sets of two methods: the same seeds, the same order, the same size."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.dataset.exports.export import Order, export
from autoevol.optimizer.dataset.exports.matched import open_matched
from tests.optimizer.dataset.exports.exported_run import read_lines, write_comparison


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A comparison of two methods, each of which failed on an item that the other did."""
    return write_comparison(tmp_path / "run")


def test_both_sets_have_the_same_seeds_in_the_same_order(run: Path, tmp_path: Path) -> None:
    """What only one has is counted, with the reason."""
    sources = open_matched(run, "a", "b")
    done = [export(each, Order("jsonl", tmp_path / name)) for name, each in zip("ab", sources, strict=True)]
    sets = [read_lines(each.files[0]) for each in done]

    assert [["seed-3", "seed-1"]] * 2 == [[row["id"] for row in rows] for rows in sets]
    assert ["A3?", "B1?"] == [sets[0][0]["instruction"], sets[1][1]["instruction"]]
    assert {"no-instruction": 1, "no-response": 1, "unpaired": 1} == done[0].tally.counts
    assert {"unpaired": 2, "no-response": 1} == done[1].tally.counts
    assert any("Matched with b: 2 rows" in note for note in done[0].notes)


def test_unknown_contestants_are_refused(run: Path) -> None:
    """With the names that there are."""
    with pytest.raises(UsageError) as refused:
        open_matched(run, "a", "c")
    assert "a, b" in refused.value.fix
    with pytest.raises(UsageError, match="named twice"):
        open_matched(run, "a", "a")
