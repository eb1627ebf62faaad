"""Two sides and more, chosen by hand, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.browser.looking import PHONE, axe, is_too_wide
from tests.optimizer.pages.sample_run import write_run

ONE, TWO = "steps/000/incumbent", "steps/000/candidates/1/dev"


def _choose(tab: Any, letter: str, run: str, group: str) -> None:
    tab.select_option(f"#run-{letter}", run)
    tab.wait_for_selector(f"#of-{letter} option[value='{group}']", state="attached")
    if tab.input_value(f"#of-{letter}") != group:
        tab.select_option(f"#of-{letter}", group)
    tab.wait_for_selector(f"#of-{letter} option[value='{group}']:checked", state="attached")


def test_three_sides_are_chosen_and_held_together(served: tuple[Path, str], tab: Any) -> None:
    """One after the other; the address holds all of them, any of them may be the reference, and be taken out again."""
    root, address = served
    for name in ("one", "two"):
        write_run(root / name)
    tab.goto(f"{address}compare")
    for letter, run, group in (("A", "one", ONE), ("B", "two", TWO), ("C", "one", TWO)):
        _choose(tab, letter, run, group)
    tab.wait_for_selector("#figures-title")
    assert 3 == tab.locator("#figures-table >> xpath=ancestor::table >> tbody tr").count()
    assert 3 * tab.locator("article").count() == tab.locator("article .vote fieldset").count()
    assert 2 == tab.locator("summary:has-text('Clause by clause')").count()
    kept = tab.url
    tab.click("text=make it the reference >> nth=1")
    tab.wait_for_selector(f"#of-B option[value='{ONE}']:checked", state="attached")
    assert TWO == tab.input_value("#of-A")
    tab.click("text=take out >> nth=2")
    tab.wait_for_selector("#run-C option:checked:has-text('choose')", state="attached")
    tab.goto(kept)
    assert [ONE, TWO, TWO] == [tab.input_value(f"#of-{letter}") for letter in "ABC"]


def test_sides_are_for_everybody(served: tuple[Path, str], tab: Any) -> None:
    """Light and dark; on a phone the page stays as wide as the screen, and the sides scroll in their own box."""
    root, address = served
    write_run(root / "one")
    tab.goto(f"{address}compare?" + "&".join(f"side=one/{group}" for group in (ONE, TWO, ONE)) + "&show=all")
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        assert [] == axe(tab)
    tab.set_viewport_size(PHONE)
    assert not is_too_wide(tab)
    assert tab.evaluate("(box => box.scrollWidth > box.clientWidth)(document.querySelector('.sides'))")
    tab.goto(f"{address}compare?left=one&left_of={ONE}&right=one&right_of={TWO}")
    assert [ONE, TWO] == [tab.input_value(f"#of-{letter}") for letter in "AB"]
