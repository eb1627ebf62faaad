"""Selectors side by side, in a real browser: light and dark, on a phone, with hostile texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer import make
from tests.browser.looking import PHONE, axe, is_too_wide

HOSTILE = "<img src=x onerror=window.broken=1>\u202e"
ROWS = [
    {"id": f"r{n:02}", "instruction": f"Name {n} things about {('bread', 'stars', 'trains')[n % 3]}",
     "output": "well " * (n + 1), "quality": n % 7, "topic": f"{HOSTILE}{n % 3}"}
    for n in range(30)
]  # fmt: skip
MEMBERS: dict[str, Any] = {
    "facility": {}, "best": {"recipe": "hybrid", "by": {"quality": 1}, "count": 15},
    "lima": {"shortest": 1, "topic": "topic"},
    "worst": {"recipe": "hybrid", "by": {"quality": -1}, "count": 15}, "drawn": {"recipe": "quotas"},
    "by-topic": {"recipe": "quotas", "by": {"topic": {}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of one panel."""
    runs = tmp_path_factory.mktemp("runs")
    made = make({"recipe": "panel", "count": 8, "members": MEMBERS}, ROWS, runs=runs)
    return made.folder / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_shares_what_is_read_by_anybody(tab: Any, panel: Path, scheme: str) -> None:
    """By sight and by a screen reader: a row and a column have heads, more and fewer are said in words."""
    tab.emulate_media(color_scheme=scheme)
    tab.goto(panel.as_uri())
    tab.click("nav a:text-is('Side by side')")
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    matrix = tab.locator("table:has(#part-1-panel-shared)")

    assert [*MEMBERS] == matrix.locator("tbody th[scope=row]").all_inner_texts()
    assert ["Member", *MEMBERS] == matrix.locator("thead th[scope=col]").all_inner_texts()
    assert len(MEMBERS) ** 2 == matrix.locator("td .cell").count()
    assert "1 ↓ fewer than drawn sets" in " ".join(matrix.locator("tbody tr").nth(1).inner_text().split())
    assert len(MEMBERS) + 2 == tab.locator("table:has(#part-1-panel-members) tbody tr").count()
    assert [] == axe(tab)
    assert tab.evaluate("window.broken === undefined")


def test_a_phone_keeps_the_names_in_sight(tab: Any, panel: Path) -> None:
    """The table scrolls in its own box, its first column stays."""
    tab.set_viewport_size(PHONE)
    tab.goto(panel.as_uri())
    box = tab.locator(".scroll:has(#part-1-panel-shared)")
    box.evaluate("(box) => { box.scrollLeft = 200; }")

    assert not is_too_wide(tab)
    assert box.locator("tbody th").first.bounding_box()["x"] >= 0
