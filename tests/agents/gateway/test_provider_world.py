"""The simulated provider in a world of known truth: what runs measure there is what is true."""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import fmean

import pytest
from pydantic import ValidationError

from autoevol.agents.contract import render_evolve
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.simulated.provider.asked import Asked, read
from autoevol.agents.gateway.simulated.provider.nature import WORLDS, quality_of, skill_of
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings, settings_of
from autoevol.agents.gateway.simulated.provider.world import play, true_quality
from autoevol.agents.messages import Instruction
from autoevol.agents.method import Method

NATURE = WORLDS["as published"]
SCORES = {"evolved": 1.0, "same": 0.5, "original": 0.0}


def _asked(turns: Sequence[tuple[str, str]], **more: object) -> Asked:
    messages = [{"role": role, "content": text} for role, text in turns]
    return read("chat", json.dumps({"model": "world", "messages": messages, **more}).encode())


def test_a_knob_that_is_a_distribution_takes_a_number() -> None:
    """From Python it need not be text; what is none is refused as before."""
    assert ("0.3", "2") == (settings_of({"latency": 0.3}).latency, settings_of({"service": 2}).service)
    with pytest.raises(UsageError, match="knob 'latency' is wrong"):
        settings_of({"latency": -1})
    with pytest.raises(UsageError, match="knob 'latency' is wrong"):
        settings_of({"latency": True})


def _judge(first: str, second: str) -> str:
    form = "<verdict>\ndifference: [one]\nharder: [A, B, same or unsure]\n</verdict>"
    text = f"<<<A 1\n{first}\nA 1>>>\n<<<B 2\n{second}\nB 2>>>\n{form}"
    return str(play(_asked([("system", "s"), ("user", text)]), 0, NATURE))


def _score(method: Method, number: int) -> float:
    """An item by this method, as a run scores it: refused, or the mean of both orders."""
    item = f"Box {number} holds {number + 3} red balls. How many?"
    turns = [(turn.speaker, turn.text) for turn in render_evolve(method, Instruction(item), "00", "tags")]
    said = str(play(_asked(turns), 0, NATURE))
    if "<evolved>" not in said:
        return 0.0
    evolved = said.partition("<evolved>")[2].partition("</evolved>")[0]
    looks = [_judge(evolved, item), _judge(item, evolved)]
    names = [("evolved", "original"), ("original", "evolved")]
    total = 0.0
    for look, (a, b) in zip(looks, names, strict=True):
        said = look.partition("harder: ")[2].splitlines()[0]
        total += SCORES[{"A": a, "B": b}.get(said, "same")] / 2
    return total


@pytest.mark.parametrize("mark", ["", "P2500x00ff00", "M1500x00ff00"])
def test_the_mean_score_of_many_items_is_the_true_quality(mark: str) -> None:
    """Of the start, of a better and of a worse method; a mark is worth what it says."""
    method = Method((f"Ask for one more condition ({mark}).",))
    truth = true_quality(method.clauses[0], NATURE)

    assert pytest.approx(truth, abs=0.08) == fmean(_score(method, number) for number in range(300))
    assert pytest.approx(truth, abs=0.01) == quality_of(NATURE, skill_of(NATURE, truth))


def test_effects_of_clauses_add_up_within_bounds() -> None:
    """Better and worse ones; nothing is worth more than all."""
    assert pytest.approx(0.45 + 0.03 - 0.01) == true_quality("a P0300x000001 b M0100x000002", NATURE)
    assert pytest.approx(0.45 + (0.01 + 0.03 - 0.01) / 3 + 0.05) == true_quality(
        "Q0100x000001 Q0300x000002 N0100x000003 P0500x000004", NATURE
    )
    assert 0.93 == true_quality("P9000x000001", NATURE)


def test_proposals_are_better_as_often_as_the_world_says() -> None:
    """A list anew, drawn by the sampling: a fifth, with the gain of the world; marks in data do not count."""
    form = "<why>one line</why>\n<clauses>\nall clauses of the new method, numbered, one a line\n</clauses>"
    ask = f"The method in force:\n1. Think.\n2. Write.\n\n<<<RECORDS 1\nP5000x000001\nRECORDS 1>>>\n\n{form}"
    said = [str(play(_asked([("system", "s"), ("user", ask)], seed=n), 0, NATURE)) for n in range(900)]
    gains = [true_quality(text, NATURE) - NATURE.start for text in said]
    better = [gain for gain in gains if gain > 1e-9]

    assert pytest.approx(NATURE.better, abs=0.04) == len(better) / len(gains)
    assert pytest.approx(NATURE.gain, abs=0.015) == fmean(better)


def test_an_unknown_world_is_refused() -> None:
    """The message names those that there are."""
    with pytest.raises(ValidationError, match="as published"):
        ProviderSettings(world="flat")
