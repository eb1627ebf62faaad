"""The functions for Python, given what is of no kind that they read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer import compare, make, optimize, resume
from tests.model_server import ModelServer

SEEDS = [{"question": "How many?"}]
DO: dict[str, Any] = {"optimize": optimize, "make": make, "compare": compare}


@pytest.mark.parametrize(
    ("name", "given", "said", "words"),
    [
        ("optimize", (5,), {}, "seeds cannot be 5"),
        ("optimize", ([{"question": object()}],), {}, "seeds[0] holds what JSON does not have: Object of type object"),
        ("optimize", ([{"question": {1, 2}}],), {}, "seeds[0] holds what JSON does not have: Object of type set"),
        ("optimize", ([5],), {}, "seeds[0] cannot be 5"),
        ("optimize", (SEEDS,), {"price": 5}, "price cannot be 5"),
        ("optimize", (SEEDS,), {"price": (0.1, 0.2)}, "price cannot be of the type tuple"),
        ("optimize", (SEEDS,), {"settings": 5}, "settings cannot be 5"),
        ("optimize", (SEEDS,), {"settings": {1: 2}}, "name of a setting cannot be 1"),
        ("optimize", (SEEDS,), {"runs": 5}, "runs cannot be 5"),
        ("optimize", (SEEDS,), {"progress": "yes"}, "progress cannot be 'yes'"),
        ("optimize", (SEEDS,), {"uncapped": "no"}, "uncapped cannot be 'no'"),
        ("make", (5, SEEDS), {}, "recipes cannot be 5"),
        ("make", ([5], SEEDS), {}, "recipes[0] cannot be 5"),
        ("make", (list[Any](), SEEDS), {}, "No recipe is named"),
        ("compare", (5, 6), {"seeds": SEEDS}, "contestant cannot be 5"),
        ("compare", (("a", "b", "c"),), {"seeds": SEEDS}, "A pair is a name and a contestant"),
        ("compare", ("general", "maths"), {"seeds": 5.5}, "seeds cannot be 5.5"),
    ],
)
def test_what_is_of_no_kind_that_can_be_read_is_refused(
    name: str, given: tuple[Any, ...], said: dict[str, Any], words: str, server: ModelServer, tmp_path: Path
) -> None:  # fmt: skip
    """One sentence before a call and before a folder; nothing that was said is passed over."""
    known = {"base_url": server.base_url, "model": "m", "budget": "9calls", "runs": tmp_path / "runs"}

    with pytest.raises(UsageError) as told:
        DO[name](*given, **{**known, **said})

    assert words in str(told.value)
    assert 0 == server.count
    assert not [path for path in tmp_path.glob("runs/*") if path.is_dir()]


@pytest.mark.parametrize(
    ("run", "said", "words"),
    [
        (5, {}, "The run cannot be 5. Give a result, the folder of a run, or its name."),
        ("nope", {"settings": 5}, "settings cannot be 5"),
        ("nope", {}, "There is no run 'nope'. Give a result, the folder of a run, or its name in"),
    ],
)
def test_what_is_no_run_is_said_in_words_of_python(run: Any, said: dict[str, Any], words: str, tmp_path: Path) -> None:
    """Not in those of the command."""
    with pytest.raises(UsageError) as told:
        resume(run, runs=tmp_path, **said)

    assert words in str(told.value)
    assert "autoevol" not in str(told.value)
