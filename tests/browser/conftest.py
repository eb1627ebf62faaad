"""A real browser for the pages: the system's Chromium, found by name. At home its absence skips, in CI it fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.browser.looking import find_chromium


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests."""
    found = find_chromium()
    if found is None:
        assert os.environ.get("CI") not in {"1", "true"}, "There is no Chromium on this machine."
        pytest.skip("There is no Chromium on this machine.")
    with import_module("playwright.sync_api").sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Any]:
    """A fresh tab; every error, refusal of the policy and dialog that it meets fails the test."""
    context = chromium.new_context()
    page = context.new_page()
    problems: list[str] = []

    def failed(error: Any) -> None:
        problems.append(str(error))

    def logged(said: Any) -> None:
        refused = "status of 400" in said.text or "status of 404" in said.text  # the browser tells our refusals, too
        problems.extend([said.text] if said.type in {"error", "warning"} and not refused else [])

    def asked(dialog: Any) -> None:
        problems.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("pageerror", failed)
    page.on("console", logged)
    page.on("dialog", asked)
    yield page
    context.close()
    assert [] == problems


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """`autoevol ui` over an empty folder of runs: the folder and the address."""
    root = tmp_path / "runs"
    root.mkdir()
    command = [sys.executable, "-m", "autoevol.optimizer", "ui", "--runs", str(root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        address = re.search(r"http://\S+", server.stdout.readline())
        assert address is not None
        yield root, address[0]
        server.terminate()
