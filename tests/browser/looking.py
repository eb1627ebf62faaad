"""What the tests in a browser look for on every page."""

from __future__ import annotations

import shutil
from importlib import import_module
from typing import Any

__all__ = ["PHONE", "axe", "expect", "find_chromium", "is_too_wide"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PHONE = {"width": 360, "height": 700}


def expect(what: Any) -> Any:
    """Playwright's patient assertions on a tab or a locator.

    `wait_for_function` is none of ours: the page's policy forbids the evaluation by which it asks a second time.
    """
    return import_module("playwright.sync_api").expect(what)


def axe(tab: Any, within: str | None = None) -> list[str]:
    """What axe-core has against the page, or a part of it, in short."""
    found = import_module("axe_playwright_python.sync_playwright").Axe().run(tab, within).response["violations"]
    return [f"{each['id']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def is_too_wide(tab: Any) -> bool:
    """Whether the page itself scrolls to the side."""
    return bool(tab.evaluate("document.documentElement.scrollWidth > innerWidth"))


def find_chromium() -> str | None:
    """The system's Chromium."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)
