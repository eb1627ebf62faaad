"""Time at known limits, and prices that are filled in."""

from __future__ import annotations

from typing import Any

import pytest

from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.estimate import Sizes, estimate
from autoevol.optimizer.record.pricing import models_in_use, priced, unpriced
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.record.timing import Bound, bounds, slowest
from autoevol.optimizer.record.tree import merge

SIZES = Sizes(0, 0, 0, 120, 50)
OPENAI = "https://api.openai.com/v1"


ONCE = {"checks": {"judge_orders": 1, "judge_repeats": 0}}


def _settings(endpoint: Any, **more: Any) -> Settings:
    return resolve(
        None, merge({"model": "gpt-4o-mini", "recipe": "evolve", "endpoints": {"default": endpoint}, **ONCE}, more)
    )


def _bounds(endpoint: Any, **more: Any) -> dict[str, Bound]:
    settings = _settings({"base_url": "u", **endpoint}, **more)
    return {bound.limit: bound for bound in bounds(settings, estimate(settings, SIZES).lines)}


def test_each_limit_has_its_time_and_the_slowest_binds() -> None:
    """120 seeds are 360 calls of an evolver, a responder and a judge."""
    found = _bounds({"rpm": 60, "concurrency": 6, "tpm": 1e9})

    assert (360.0, 60.0) == (found["rpm"].seconds, found["concurrency"].seconds)
    assert found["rpm"] is slowest(found.values())


def test_replicas_add_up_and_take_the_endpoints_limit_where_they_name_none() -> None:
    """Limits are of each address and key."""
    found = _bounds({"rpm": 60, "replicas": [{"key_env": "A"}, {"key_env": "B", "rpm": 120}]})

    assert (240.0, 90.0) == (found["rpm"].value, found["rpm"].seconds)


def test_the_limit_of_one_model_counts_its_calls_only() -> None:
    """The others go past it."""
    roles = {"judge": {"model": "big"}}
    found = _bounds({"models": {"big": {"rpm": 12}}}, roles=roles)

    assert ("big", 600.0) == (found["rpm"].model, found["rpm"].seconds)


def test_where_nothing_is_known_nothing_binds() -> None:
    """The gateway finds it out."""
    assert None is slowest(_bounds({"concurrency": 3}).values())
    assert {} == _bounds({})


def test_a_public_price_is_filled_in_and_ours_stays() -> None:
    """For models in use, at the provider's own address."""
    found = priced(_settings({"base_url": OPENAI}))
    price = found.endpoints["default"].prices["gpt-4o-mini"]
    ours = _settings({"base_url": OPENAI, "prices": {"gpt-4o-mini": {"input": 7, "output": 8}}})

    assert price.source
    assert [] == unpriced(found)
    assert ours is priced(ours)
    assert found == priced(found)


@pytest.mark.parametrize(
    "endpoint",
    [
        {"base_url": "http://127.0.0.1:1/v1"},
        {"base_url": OPENAI, "replicas": [{"base_url": "http://127.0.0.1:1/v1"}]},
        {"base_url": OPENAI, "fallback": "other"},
    ],
)
def test_one_address_of_somebody_else_leaves_the_price_unknown(endpoint: Any) -> None:
    """Nobody knows which of them will answer, or what it will ask for."""
    settings = priced(_settings(endpoint, endpoints={"other": {"base_url": "http://10.0.0.1/v1"}}))

    assert ["gpt-4o-mini"] == unpriced(settings)


def test_who_stands_in_is_in_use_by_the_name_that_the_model_has_there() -> None:
    """A circle of stand-ins ends."""
    endpoints = {"other": {"base_url": "v", "fallback": "default"}}
    settings = _settings({"base_url": "u", "fallback": "other", "fallback_model": "m2"}, endpoints=endpoints)

    assert [("default", "gpt-4o-mini"), ("other", "m2"), ("default", "m2")] == list(models_in_use(settings))


def test_a_model_here_costs_nothing_and_needs_no_price() -> None:
    """Embedded and scripted."""
    assert [] == unpriced(priced(_settings({"local": "smollm2-135m"})))
