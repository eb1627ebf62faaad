"""Which library makes the tables, and what is said where there is none."""

from __future__ import annotations

import sys

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.notebook import frames
from autoevol.optimizer.notebook.frames import LIBRARIES, Table, frame_of, library_for


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Neither library is loaded or installed."""

    def find(_name: str) -> None:
        return None

    for name in LIBRARIES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(frames, "find_spec", find)
    return monkeypatch


@pytest.mark.parametrize("wanted", [None, "pandas", "polars"])
def test_without_a_library_it_is_said_what_to_install(nothing: pytest.MonkeyPatch, wanted: str | None) -> None:
    """One sentence each: what is wrong, what to do."""
    with pytest.raises(UsageError, match=r"not installed|neither is installed") as raised:
        library_for(wanted)

    assert "pip install" in str(raised.value.fix)


def test_an_unknown_library_is_refused() -> None:
    """With those that there are."""
    with pytest.raises(UsageError, match="cannot be of 'dask'"):
        library_for("dask")


def test_the_one_that_is_loaded_is_taken(nothing: pytest.MonkeyPatch) -> None:
    """Who works with one library wants that one."""
    nothing.setitem(sys.modules, "polars", sys)

    assert "polars" == library_for(None)


def test_columns_keep_their_kind_without_values() -> None:
    """Missing values do not change what a column holds."""
    table = Table({"a": "text", "b": "whole", "c": "number", "d": "truth", "e": "texts"},
                  [(None, None, None, None, ()), ("x", True, 1, False, ("y",))])  # fmt: skip

    assert ["String", "Int64", "Float64", "Boolean", "List(String)"] == [
        str(kind) for kind in frame_of(table, "polars").dtypes
    ]
