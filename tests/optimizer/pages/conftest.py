"""A finished run for the tests of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.optimizer.pages.sample_run import write_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a finished run."""
    return write_run(tmp_path / "run")
