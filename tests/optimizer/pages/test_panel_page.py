"""Selectors side by side on a page and in a terminal: the figures and what they are called."""

from __future__ import annotations

from typing import Any

from autoevol.optimizer.pages.panel import panel_lines, panel_view
from autoevol.optimizer.pages.part_records import PanelCurationRecord


def change_of(*fields: str) -> dict[str, Any]:
    """What a choice changed: two figures of ours, and fields of the rows."""
    spread = {"rows": 2, "mean": 14.5}
    known = {"IFD": {"before": spread, "after": spread}, "score": {"before": spread, "after": spread}}
    named = {name: {"before": spread, "after": spread, "path": name} for name in fields}
    return {"rows": {"before": 2, "after": 1}, "numbers": {**known, **named}}


def test_a_field_keeps_its_name_and_no_count_gives_way_to_it() -> None:
    """Ours begin with a capital letter and stay otherwise as they are; a field called as a count is told apart."""
    change = change_of("MyScore", "rows", "of as many drawn", "own.n")
    members = {"best": {"selector": "hybrid", "out": 1, "only": 1, "place": "p", "before_after": change}}
    view = panel_view(PanelCurationRecord.model_validate({"before_after": change, "figures": {"members": members}}))
    assert view is not None
    heads = [view.head(name) for name in view.figures]

    assert ["Rows", "Chosen by no other", "IFD", "Score", "MyScore", "rows (field)", "of as many drawn (field)",
            "own.n", "Distance to the nearest kept row", "Of as many drawn"] == heads  # fmt: skip
    assert ("2", "14.5") == tuple(view.columns[0].figures[name] for name in ("rows", "rows (field)"))
    told = [line.split() for line in panel_lines(view)]
    assert ["rows", "2", "1", "1"] in told
    assert ["rows", "(field)", "14.5", "14.5", "14.5"] in told
