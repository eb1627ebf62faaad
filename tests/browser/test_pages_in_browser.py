"""The pages in a real browser: every view, by mouse and keyboard, light and dark, on a phone, with hostile texts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.pages.report import write_report
from autoevol.optimizer.scoring.labelled import load_labelled
from benchmarks.pages import make_run
from tests.browser.looking import PHONE, axe, expect
from tests.optimizer.pages.sample_run import write_run

DEV = "#item/steps/000/candidates/1/dev"
HOSTILE = (
    "</script><script>window.broken=1</script><img src=x onerror=window.broken=1>\u202etxet\u2066" + "y" * 1_000_000
)


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run of 20 steps and 5,000 rows."""
    return write_report(make_run(tmp_path_factory.mktemp("large") / "run"))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The page of a small run."""
    return write_report(write_run(tmp_path / "run"))


def test_an_item_is_opened_by_its_cell_and_closed_by_escape(tab: Any, page: Path) -> None:
    """The whole trajectory stands in a dialog with an address of its own; the focus comes back."""
    tab.goto(page.as_uri())
    tab.click(f'#matrix a[href="{DEV}/seed-000003"]')
    tab.wait_for_selector("dialog[open] .text")
    assert "seed-000003" == tab.inner_text("#view-title")
    assert tab.url.endswith(f"{DEV}/seed-000003")
    tab.click("#view-body summary")
    assert 2 == tab.locator("#view-body details li").count()
    tab.keyboard.press("Escape")
    tab.wait_for_selector("dialog", state="hidden")
    expect(tab).not_to_have_url(re.compile("#item"))  # its event follows the closing
    expect(tab.locator(f'#matrix a[href="{DEV}/seed-000003"]')).to_be_focused()


def test_the_table_is_used_by_keyboard(tab: Any, page: Path) -> None:
    """One stop of the tab key; arrows move from cell to cell, Enter opens."""
    tab.goto(page.as_uri())
    tab.wait_for_selector("#matrix a.cell")
    assert 1 == tab.locator("#matrix a.cell[tabindex='0']").count()
    tab.focus("#matrix a.cell[tabindex='0']")
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowDown")
    expect(tab.locator(f'#matrix a[href="{DEV}/seed-000003"]')).to_be_focused()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("dialog[open] .text")
    expect(tab.locator("#view-close")).to_be_focused()


@pytest.mark.parametrize(
    ("which", "rows"), [("all", 2), ("improved", 2), ("regressed", 0), ("differs", 2), ("fails", 1)]
)
def test_filters_keep_the_items_that_they_name(tab: Any, page: Path, which: str, rows: int) -> None:
    """And an address of their own brings them back."""
    tab.goto(page.as_uri())
    tab.select_option("#matrix-filter", which)
    assert rows == tab.locator("#matrix tbody tr").count()
    address = tab.url
    tab.goto("about:blank")
    tab.goto(address)
    assert rows == tab.locator("#matrix tbody tr").count()
    assert which == tab.input_value("#matrix-filter")


def test_a_class_of_finding_leads_to_its_items(tab: Any, page: Path) -> None:
    """Its number to the table of items with this class alone, its example to the item."""
    tab.goto(page.as_uri())
    tab.click("#findings tbody td:nth-child(3) a")
    tab.wait_for_selector("#matrix tbody tr")
    assert "a text" == tab.input_value("#matrix-finding")
    assert 2 == tab.locator("#matrix tbody tr").count()
    tab.click("#findings td.id a")
    tab.wait_for_selector("dialog[open] .text")


def test_every_address_leads_to_its_part(tab: Any, page: Path) -> None:
    """A row, a dropped row, a candidate whose part was closed."""
    tab.goto(f"{page.as_uri()}#row/dataset/seed-000002")
    tab.wait_for_selector("dialog[open] .text")
    assert "seed-000002" == tab.inner_text("#view-title")
    tab.goto(f"{page.as_uri()}#row/dropped/seed-000004")
    tab.wait_for_selector("#view-title:text-is('seed-000004')")
    tab.goto(f"{page.as_uri()}#step-1-candidate-2")
    tab.wait_for_selector("#step-1-candidate-2[open]")
    tab.goto(f"{page.as_uri()}#item/steps/000/batch/nobody")
    tab.wait_for_selector("dialog[open]")
    assert "has no such item" in tab.inner_text("#view-body")


def test_five_thousand_rows_are_looked_through(tab: Any, large: Path) -> None:
    """Pages of rows, a search over all texts, and the last row by its address."""
    tab.goto(large.as_uri())
    tab.wait_for_selector("#list-dataset tbody tr")
    assert 50 == tab.locator("#list-dataset tbody tr").count()
    assert "of 5,000 rows" in tab.inner_text("#list-dataset caption")
    tab.click("#list-dataset .turn button:last-child")
    tab.wait_for_selector('#list-dataset a[href="#row/dataset/row-000050"]')
    tab.fill("#find-dataset", "row-00499")
    tab.wait_for_selector("#list-dataset caption:has-text('1 to 10 of 10 rows')")
    tab.goto(f"{large.as_uri()}#row/dataset/row-004999")
    tab.wait_for_selector("dialog[open] .text")
    assert large.stat().st_size <= 15_000_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_in_the_way_of_anybody(tab: Any, page: Path, scheme: str) -> None:
    """axe-core finds nothing, in either light, with and without an open item."""
    tab.emulate_media(color_scheme=scheme)
    tab.goto(page.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ("rgb(21, 24, 28)" if scheme == "dark" else "rgb(252, 251, 248)") == colour
    assert [] == axe(tab)
    tab.goto(f"{page.as_uri()}{DEV}/seed-000002")
    tab.wait_for_selector("dialog[open] .text")
    assert [] == axe(tab)


def test_a_phone_shows_it_without_scrolling_to_the_side(tab: Any, page: Path) -> None:
    """What is wider than the screen scrolls in its own box."""
    tab.set_viewport_size(PHONE)
    tab.goto(page.as_uri())
    tab.wait_for_selector("#matrix a.cell")
    assert 360 >= tab.evaluate("document.documentElement.scrollWidth")
    tab.goto(f"{page.as_uri()}{DEV}/seed-000002")
    tab.wait_for_selector("dialog[open] .text")
    assert 360 >= tab.evaluate("document.querySelector('dialog').getBoundingClientRect().right")


def test_hostile_texts_are_only_shown(tab: Any, tmp_path: Path) -> None:
    """Scripts, handlers, marks that turn text around, a line of a megabyte: in every view they are characters."""
    page = write_report(write_run(tmp_path / "run", HOSTILE))
    for address in ("", f"{DEV}/seed-000002", "#row/dataset/seed-000001", "#row/dropped/seed-000004"):
        tab.goto("about:blank")
        tab.goto(page.as_uri() + address)
        tab.wait_for_selector("#matrix a.cell")
        if address:
            tab.wait_for_selector("dialog[open] .text")
            assert "<img src=x onerror" in tab.inner_text("#view-body")
            assert "[U+202E]" in tab.inner_text("#view-body")
        assert None is tab.evaluate("window.broken ?? null")
        assert 0 == tab.locator("img").count()


def test_the_live_page_shows_what_comes_and_keeps_what_is_said(served: tuple[Path, str], tab: Any) -> None:
    """A run that appears, a step that ends, a verdict, an edit and the four questions: all in their files."""
    root, address = served
    tab.goto(address)
    assert "No runs yet" in tab.inner_text("main")
    run = write_run(root / "one")
    tab.wait_for_selector('a[href="/run/one/"]')
    tab.goto(f"{address}run/one/{DEV}/seed-000002")
    tab.wait_for_selector("#view-body fieldset")
    tab.select_option("#view-body select >> nth=0", "unsolvable")
    tab.click("#view-body >> text=Flawed")
    tab.wait_for_selector("text=Kept in labels.jsonl.")
    assert [("unsolvable",)] == [row.flaws for row in load_labelled(run / "labels.jsonl")]
    tab.goto(f"{address}run/one/#row/dataset/seed-000002")
    tab.click("text=Edit by hand")
    tab.fill("#edit-instruction", "written anew")
    tab.click("text=Keep the edit")
    tab.wait_for_selector("text=Kept in edits.jsonl")
    assert "written anew" == json.loads((run / "edits.jsonl").read_text(encoding="utf-8"))["instruction"]
    tab.goto(f"{address}run/one/quality")
    for radio in tab.locator("input[value=yes]").all():
        radio.check()
    tab.click("text=Keep and go on")
    tab.wait_for_selector("text=1 of 3 rows looked at")
    assert [] == axe(tab)


def test_a_page_that_is_open_takes_up_what_is_new(served: tuple[Path, str], tab: Any) -> None:
    """A decision that is written while the page is open is on it soon after."""
    root, address = served
    run = write_run(root / "one")
    tab.goto(f"{address}run/one/")
    tab.wait_for_selector("#news:has-text('finished')")
    decision = run / "steps/000/decision.json"
    told = {**json.loads(decision.read_text(encoding="utf-8")), "reason": "something new was decided"}
    decision.write_text(json.dumps(told), encoding="utf-8")
    tab.wait_for_selector("text=something new was decided")
