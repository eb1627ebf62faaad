"""The second pass: neighbours, thresholds, the longest, preference pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from autoevol.optimizer.recipes.magpie import neighbours
from autoevol.optimizer.recipes.magpie.keeping import longest, verdict_of
from autoevol.optimizer.recipes.magpie.neighbours import VectorFile, neighbours_of
from autoevol.optimizer.recipes.magpie.preferences import against_base, best_against_worst
from autoevol.optimizer.recipes.magpie.rows import Candidate, Turned
from autoevol.optimizer.record.config import freeze, thaw
from autoevol.optimizer.record.making.magpie import MagpieSettings
from autoevol.optimizer.record.making.magpie_filters import FILTERS, Thresholds
from tests.optimizer.recipes.magpie.talker import settings_of


def _row(**measured: Any) -> Candidate:
    turn = Turned("Ask:", "Ask:", (), "An answer.")
    return Candidate("magpie-000001", "", "", "", (turn,), (), 0.0, (), {}, "en", measured)


def test_neighbours_are_those_of_an_exact_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block by block as all at once; a row is not its own neighbour, and a copy is at distance 0."""
    monkeypatch.setattr(neighbours, "_BLOCK", 7)
    vectors = np.random.default_rng(3).normal(size=(40, 5))
    vectors[[11, 30]] = vectors[4]
    with VectorFile(tmp_path / "v") as file:
        assert list(range(40)) == [file.add(tuple(vector)) for vector in vectors]
        assert file.add((1.0, 2.0)) is None
        assert file.add((0.0,) * 5) is None
    found = neighbours_of(tmp_path / "v", 5, 40, 0.05)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distance = ((unit[:, None] - unit[None]) ** 2).sum(axis=2)
    np.fill_diagonal(distance, np.inf)

    assert found.distance == pytest.approx(distance.min(axis=1), abs=1e-5)
    assert (distance < 0.05).sum(axis=1).tolist() == found.repeats.tolist()
    assert [4, 4, 4] == [int(found.first[place]) for place in (4, 11, 30)]
    assert [11, 4, 4] == [int(found.nearest[place]) for place in (4, 11, 30)]


@pytest.mark.parametrize(
    ("keep", "measured", "reason"),
    [
        (Thresholds(quality="good"), {"tags": {"quality": "average"}}, "quality"),
        (Thresholds(quality="good"), {"tags": {"quality": "excellent"}}, ""),
        (Thresholds(quality="good"), {}, "no-quality"),
        (Thresholds(difficulty="easy"), {"tags": {"difficulty": "very easy"}}, "difficulty"),
        (Thresholds(reward=-12), {"reward": -12.0}, "reward"),
        (Thresholds(reward=-12), {"reward": None}, "no-reward"),
        (Thresholds(difference=0), {"reward": 2.0, "base-reward": 1.0}, ""),
        (Thresholds(difference=0), {"reward": 2.0, "base-reward": 2.0}, "reward-difference"),
        (Thresholds(colon=True), {}, "ends-in-colon"),
        (Thresholds(language="zh"), {}, "language"),
        (Thresholds(), {}, ""),
    ],
)
def test_what_is_not_known_does_not_pass(keep: Thresholds, measured: dict[str, Any], reason: str) -> None:
    """A threshold asks for more than its value, a level for at least itself."""
    assert reason == verdict_of(_row(**measured), keep)[0]


def test_of_repeats_the_first_stays() -> None:
    """And the others say whom they repeat."""
    assert ("repeat", "magpie-000007") == verdict_of(_row(), Thresholds(repeats=True), "magpie-000007")
    assert ("", "") == verdict_of(_row(), Thresholds(), "magpie-000007")


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=30), st.integers(1, 12), st.booleans())
def test_the_longest_are_the_longest(rows: list[tuple[int, bool]], count: int, share: bool) -> None:
    """Of each kind where kinds have shares; never more than asked for."""
    keep = Thresholds(longest=count, easy_share=0.5 if share else None)
    chosen = longest([length for length, _ in rows], [easy for _, easy in rows], keep)
    if chosen is None:
        assert len(rows) <= count
        return
    for kind in (True, False) if share else (None,):
        ours = [place for place, (_, easy) in enumerate(rows) if kind in {None, easy}]
        out = [rows[place][0] for place in ours if place not in chosen]
        assert max(out, default=0) <= min((rows[place][0] for place in ours if place in chosen), default=99)
    assert len(chosen) <= count + share


def test_filters_survive_being_written_down() -> None:
    """What one says oneself stands over the filter, also in a run that is resumed."""
    part = {"tags": True, "neighbours": True, "reward": "judge", "filter": "pro5", "keep": {"reward": 3.0}}
    settings = settings_of("http://127.0.0.1:9/v1", part)
    again = thaw(freeze(settings)).make[0]

    assert isinstance(again, MagpieSettings)
    assert FILTERS["pro5"].model_copy(update={"reward": 3.0}) == again.thresholds


def test_a_filter_without_what_it_looks_at_is_refused() -> None:
    """Before anything is asked."""
    with pytest.raises(ValidationError, match="needs base, neighbours, tags"):
        MagpieSettings(filter="air")


def test_the_pair_is_the_best_against_the_worst() -> None:
    """Where all are alike there is none, nor below the margin, nor of one answer alone."""
    rated = {"answer-1": "a", "answer-1-reward": 1.0, "answer-2": "b", "answer-2-reward": 3.0, "answer-3": "c",
             "answer-3-reward": 2.0}  # fmt: skip
    pair, _ = best_against_worst(_row(**rated), 1.0)

    assert pair is not None
    assert ("b", "a") == (pair["chosen"][0]["content"], pair["rejected"][0]["content"])
    assert [{"role": "user", "content": "Ask:"}] == pair["prompt"]
    assert (None, "margin") == best_against_worst(_row(**rated), 2.5)
    assert (None, "tie") == best_against_worst(_row(**{**rated, "answer-2-reward": 1.0, "answer-3-reward": 1.0}), 0.0)
    assert (None, "too-few") == best_against_worst(_row(**{"answer-1": "a", "answer-1-reward": 1.0}), 0.0)


def test_the_aligned_answer_need_not_win_against_the_base_models() -> None:
    """Whichever was rated higher is chosen, and it is said whose that is."""
    pair, _ = against_base(_row(**{"reward": 1.0, "base": "b", "base-reward": 4.0}), 0.0)

    assert pair is not None
    assert ("base", "b") == (pair["chosen_from"], pair["chosen"][0]["content"])
    assert (None, "tie") == against_base(_row(**{"reward": 1.0, "base": "b", "base-reward": 1.0}), 0.0)
