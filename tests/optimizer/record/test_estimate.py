"""What a run would take."""

from __future__ import annotations

from typing import Any

import pytest

from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.estimate import Sizes, estimate, seed_tokens
from autoevol.optimizer.record.seats import roles_in_use
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.record.tree import merge

SIZES = Sizes(train=100, dev=20, test=10, total=130, seed_tokens=50)


def _settings(profile: str = "recommended", **more: Any) -> Settings:
    checks = {"judge_orders": 1, "judge_repeats": 0}
    flags = {"profile": profile, "model": "m", "endpoints": {"default": {"base_url": "u"}}, "checks": checks}
    return resolve(None, merge({**flags, "search": {"steps": 2, "candidates": 3, "batch": 5}}, more))


def _calls(settings: Settings, sizes: Sizes = SIZES) -> dict[tuple[str, str], int]:
    return {(line.stage, line.role): line.calls for line in estimate(settings, sizes).lines}


def test_calls_of_the_recommended_loop_are_counted_by_hand() -> None:
    """2 steps, 3 candidates, batch 5, dev 20, test 10, 130 seeds; what was tested need not be asked again.

    On 5 dev items one of the candidates is chosen, which is tested on the other 15; the incumbent meets all 20.
    """
    raced = 2 * (3 * 5 + 15 + 20)
    assert {
        ("batches", "evolver"): 10, ("batches", "responder"): 10, ("batches", "judge"): 10,
        ("analyses", "analyst"): 6, ("analyses", "refiner"): 6,
        ("races on dev", "evolver"): raced, ("races on dev", "responder"): raced, ("races on dev", "judge"): raced,
        ("test", "evolver"): 40, ("test", "responder"): 50, ("test", "judge"): 40,
        ("apply", "evolver"): 120, ("apply", "responder"): 120, ("apply", "judge"): 130,
    } == _calls(_settings())  # fmt: skip


def test_each_order_and_each_repeat_is_a_call_of_the_judge() -> None:
    """Both orders and every tenth pair once more, and a student that answers both texts four times."""
    said: dict[str, Any] = {"checks": {"judge_orders": 2, "judge_repeats": 0.1}, "recipe": "evolve"}

    assert 8 * 130 == _calls(_settings(**said, student=True))["apply", "student"]
    assert {("apply", "judge"): 273} == {
        place: calls for place, calls in _calls(_settings(**said)).items() if place[1] == "judge"
    }


def test_published_profiles_ask_no_judge_and_do_not_answer_the_batch() -> None:
    """Auto Evol-Instruct, sections 3.2 and 3.3; the authors' code races the incumbent anew in each step, on
    50 items of one pool with the batches."""
    paper, code = _calls(_settings("paper")), _calls(_settings("official-code"))

    assert {"evolver", "responder", "analyst", "refiner"} == {role for _, role in paper}
    assert ("batches", "responder") not in paper
    assert (20 * 7, 50 * 8) == (paper["races on dev", "evolver"], code["races on dev", "evolver"])


def test_rounds_multiply_evolutions_and_nothing_else() -> None:
    """Each round is one more call to the evolver."""
    one, three = _calls(_settings()), _calls(_settings(search={"rounds": 3}))

    assert {place: calls * (3 if place[1] == "evolver" else 1) for place, calls in one.items()} == three


def test_evolve_only_applies() -> None:
    """And a limit holds."""
    assert {"apply"} == {stage for stage, _ in _calls(_settings(recipe="evolve"))}
    assert {7} == set(_calls(_settings(recipe="evolve", apply_limit=7)).values())


def test_few_seeds_are_not_multiplied() -> None:
    """A batch is never larger than what there is to draw from."""
    assert 2 == _calls(_settings(), Sizes(1, 0, 0, 1))["batches", "evolver"]


@pytest.mark.parametrize(("steps", "recipe"), [(0, "auto-evol"), (0, "evolve"), (2, "evolve")])
def test_roles_without_work_are_not_in_use(steps: int, recipe: str) -> None:
    """No model need be named for them."""
    settings = _settings(recipe=recipe, search={"steps": steps})

    assert ("evolver", "responder", "judge") == roles_in_use(settings)
    assert set(roles_in_use(settings)) >= {line.role for line in estimate(settings, SIZES).lines}


def test_money_is_tokens_times_price() -> None:
    """The worst case fills every bound; an unknown price makes the sum unknown, a local model is free."""
    endpoints = {"default": {"prices": {"m": {"input": 1.0, "output": 2.0}}}}
    found = estimate(_settings(endpoints=endpoints), SIZES)
    tokens_in = sum(line.worst_in for line in found.lines)

    assert pytest.approx((2 * found.worst_tokens - tokens_in) / 1e6) == found.worst_usd
    assert found.expected_usd is not None
    assert 0 < found.expected_usd < (found.worst_usd or 0)
    assert estimate(_settings(), SIZES).worst_usd is None
    local = resolve(None, {"endpoints": {"default": {"local": "a"}}})
    assert 0 == estimate(local, SIZES).worst_usd
    assert found.expected_tokens <= found.worst_tokens


def test_tokens_of_seeds_are_told_from_their_bytes() -> None:
    """A quarter of the bytes: Chinese has more of them per character."""
    assert 26 == seed_tokens(["a" * 100])
    assert 76 == seed_tokens(["汉" * 100])
    assert 1 == seed_tokens([])
    assert 1 == seed_tokens(iter(["", "\ud800"]))
