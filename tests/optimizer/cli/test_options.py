"""The small languages of the command line, and how options become settings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.cli.optimize import command
from autoevol.optimizer.cli.options import flags_of
from autoevol.optimizer.cli.parsing import parse_budget, parse_prices, parse_set
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.settings import Settings


def _flags(*arguments: str) -> dict[str, Any]:
    """What these arguments of `optimize` say, as settings."""
    context: click.Context = command.make_context("optimize", [*arguments])
    return flags_of({name: value for name, value in context.params.items() if name != "seeds"})


@pytest.mark.parametrize(
    ("texts", "caps"),
    [
        (["5usd"], {"usd": 5.0}),
        (["$2.50"], {"usd": 2.5}),
        (["2000calls", "1000000tokens,90min"], {"calls": 2000, "tokens": 1_000_000, "minutes": 90.0}),
        (["2k calls, 1.5m tokens , 1.5h"], {"calls": 2000, "tokens": 1_500_000, "minutes": 90.0}),
        (["1_000CALLS"], {"calls": 1000}),
        ([".5 usd"], {"usd": 0.5}),
    ],
)
def test_caps_are_read(texts: list[str], caps: dict[str, float]) -> None:
    """One option or several, with or without spaces."""
    assert caps == parse_budget(texts)


@pytest.mark.parametrize(
    "text",
    ["", "5", "usd", "0usd", "-5usd", "5eur", "1.5calls", "5usd,", "nanusd", "infusd", "5usd,6usd", "5m", "1e3calls"],
)
def test_what_is_no_cap_is_refused(text: str) -> None:
    """A cap that was meant and not understood would be no cap."""
    with pytest.raises(UsageError, match="--budget"):
        parse_budget([text])


@given(st.integers(min_value=1, max_value=10**12), st.sampled_from(["calls", "tokens"]))
def test_whole_caps_come_back_as_written(number: int, unit: str) -> None:
    """Not rounded on the way."""
    assert {unit: number} == parse_budget([f"{number}{unit}"])


def test_prices_are_read() -> None:
    """For the common model, or for the one that is named; names may hold `=` and commas nowhere else."""
    assert {"m": {"input": 0.15, "output": 0.6}} == parse_prices(["0.15,0.6"], "m")
    assert {"a=b": {"input": 1.0, "output": 0.0}} == parse_prices(["a=b=1,0"], "")


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "a,b", "m=1", "-1,2", "nan,1", "1,inf"])
def test_what_is_no_price_is_refused(text: str) -> None:
    """An unknown price must not become a wrong one."""
    with pytest.raises(UsageError, match="--price"):
        parse_prices([text], "m")


def test_a_price_needs_a_model() -> None:
    """It would be nobody's price."""
    with pytest.raises(UsageError, match="names no model"):
        parse_prices(["1,2"], "")


@pytest.mark.parametrize(
    ("line", "tree"),
    [
        ("roles.evolver.max_tokens=300", {"roles": {"evolver": {"max_tokens": 300}}}),
        ("judge = false", {"judge": False}),
        ("name=my run", {"name": "my run"}),
        ("search.rungs=[8, 16]", {"search": {"rungs": [8, 16]}}),
        ('endpoints.default.prices."m.1".input=2', {"endpoints": {"default": {"prices": {"m.1": {"input": 2}}}}}),
        ("responder_prompt=a=b", {"responder_prompt": "a=b"}),
        ('name="3"', {"name": "3"}),
        ("name=", {"name": ""}),
        ("name=x\ny=1", {"name": "x\ny=1"}),
        ("name=1\nsecret=2", {"name": "1\nsecret=2"}),
    ],
)
def test_set_takes_toml_and_else_text(line: str, tree: dict[str, Any]) -> None:
    """One line sets one thing, whatever the value holds."""
    assert tree == parse_set(line)


@pytest.mark.parametrize("line", ["", "name", "=3", "a b=3", "a..b=1", "[x]=1"])
def test_what_is_no_setting_is_refused(line: str) -> None:
    """A name that cannot be read is a mistake, not a text."""
    with pytest.raises(UsageError, match="--set"):
        parse_set(line)


@given(st.text(max_size=30))
def test_set_never_breaks_on_a_value(value: str) -> None:
    """Any text is a value of this one setting, or is refused in words."""
    try:
        tree = parse_set(f"name={value}")
    except UsageError:
        return

    assert ["name"] == list(tree)


def test_options_not_given_say_nothing() -> None:
    """So that the file and the profile are heard."""
    assert {} == _flags()
    assert {} == _flags("--dry-run", "--yes", "--quiet", "--config", "x.toml", "--runs", "r")


def test_options_become_settings() -> None:
    """A look at each kind."""
    tree = _flags(
        "--base-url", "http://h/v1", "--model", "m", "--judge-model", "j", "--steps", "0", "--no-judge", "--no-apply",
        "--price", "1,2", "--price", "j=3,4", "--budget", "5usd", "--budget", "9calls", "--detectors", "a, b",
        "--set", "roles.judge.max_tokens=9", "--limit", "7", "--rpm", "60", "--seed", "3",
    )  # fmt: skip

    assert {
        "endpoints": {
            "default": {
                "base_url": "http://h/v1", "rpm": 60.0,
                "prices": {"m": {"input": 1.0, "output": 2.0}, "j": {"input": 3.0, "output": 4.0}},
            }
        },
        "model": "m", "roles": {"judge": {"model": "j", "max_tokens": 9}}, "search": {"steps": 0}, "judge": False,
        "apply": False, "budget": {"usd": 5.0, "calls": 9}, "detectors": ["a", "b"], "seeds": {"limit": 7},
        "run_seed": 3,
    } == tree  # fmt: skip


def test_a_named_option_wins_over_set() -> None:
    """The option that says exactly this is the clearer word."""
    assert 2 == _flags("--set", "search.steps=9", "--steps", "2")["search"]["steps"]


def test_set_and_options_meet_in_one_table() -> None:
    """None takes the other's settings away."""
    tree = _flags("--local", "smollm2-135m", "--set", "endpoints.default.patience_s=3", "--set", "search.alpha=0.1")

    assert 3 == resolve(None, tree).endpoints["default"].patience_s
    assert 0.1 == resolve(None, tree).search.alpha


def test_kinds_of_models_exclude_each_other() -> None:
    """Two answers to one question."""
    with pytest.raises(UsageError, match="--base-url and --script exclude each other"):
        _flags("--base-url", "u", "--script", "s")


def test_every_option_names_a_setting_that_there_is() -> None:
    """An option for nothing would be taken without a word."""
    arguments: list[str] = []
    samples: dict[str, str] = {
        "profile": "paper", "budget": "5usd", "price": "1,2", "set": "name=x", "responder_form": "direct",
        "reasoning": "apart", "method": "chat", "detectors": "identity", "quirks": "-unchecked",
        "strategy": "best-of-n",
    }  # fmt: skip
    skipped = {"local", "script", "seeds", "config", "runs", "dry_run", "yes", "quiet"}
    for parameter in command.params:
        if not isinstance(parameter, click.Option) or parameter.name in {*skipped, "debug", "help"}:
            continue
        arguments.append(parameter.opts[0])
        if not parameter.is_flag:
            numeric = not isinstance(parameter.type, type(click.STRING)) and not isinstance(parameter.type, click.Path)
            arguments.append(samples.get(str(parameter.name), "1" if numeric else "x"))

    settings = resolve(None, _flags(*arguments))

    assert "paper" == settings.profile
    assert math.isclose(1, settings.endpoints["default"].rpm or 0)
    assert "x" == settings.seeds.messages
    assert str(Path.cwd() / "x") == settings.endpoints["default"].key_file
    assert isinstance(settings, Settings)
