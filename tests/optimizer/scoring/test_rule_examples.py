"""What each gate finds, and what it must let through, on examples in two languages.

`examples/en.jsonl` and `examples/zh.jsonl` hold evolutions of our own with the kind that must be found, or none for a
good one. `examples/of_public_seeds.jsonl` holds good evolutions of public seeds, which are read from a folder beside
the checkout where it is there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.scoring.detectors import GATES, detect, detectors_of
from autoevol.optimizer.scoring.pair import Pair

EXAMPLES = Path(__file__).parent / "examples"
PUBLIC = Path(__file__).resolve().parents[4] / "shared" / "data"
BY_FAULT = {"failed", "empty-response"}  # what a call says, not a text; examples are in the tests of those rules


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (EXAMPLES / name).read_text(encoding="utf-8").splitlines()]


def _gates(pair: Pair) -> list[str]:
    return [finding.kind for finding in detect(pair, detectors_of("recommended")) if finding.kind in GATES]


def _pair(row: dict[str, Any], language: str) -> Pair:
    return Pair(row["seed"], row.get("seed_response"), row["evolved"], row.get("response"), language=language)


def _examples(*, good: bool) -> list[Any]:
    return [
        pytest.param(language, row, id=f"{language}-{place}")
        for language in ("en", "zh")
        for place, row in enumerate(_rows(f"{language}.jsonl"), start=1)
        if (row["finds"] is None) is good
    ]


@pytest.mark.parametrize(("language", "row"), _examples(good=False))
def test_what_is_wrong_is_found_by_its_name(language: str, row: dict[str, Any]) -> None:
    """Each flawed example is stopped by the gate that it is an example of."""
    assert row["finds"] in _gates(_pair(row, language))


@pytest.mark.parametrize(("language", "row"), _examples(good=True))
def test_good_evolutions_pass(language: str, row: dict[str, Any]) -> None:
    """Harder texts pass all gates, also where they look much like a flaw."""
    assert [] == _gates(_pair(row, language))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_gate_has_an_example(language: str) -> None:
    """In both languages."""
    assert set() == GATES - BY_FAULT - {row["finds"] for row in _rows(f"{language}.jsonl")}


def _public_pair(name: str, evolved: str) -> Pair:
    """A good evolution with its seed, which the name tells (`gsm8k 40`)."""
    source, place = name.split()
    file = {"gsm8k": "gsm8k_train_first2000.jsonl", "self-instruct": "self_instruct_seed_tasks.jsonl"}[source]
    row = json.loads((PUBLIC / file).read_text(encoding="utf-8").splitlines()[int(place)])
    if source == "gsm8k":
        return Pair(row["question"], row["answer"], evolved)
    case = row["instances"][0]
    instruction = f"{row['instruction']}\n{case['input']}" if case["input"] else row["instruction"]
    return Pair(instruction, case["output"], evolved)


@pytest.mark.skipif(not PUBLIC.is_dir(), reason="the public seeds are not here")
@pytest.mark.parametrize("row", _rows("of_public_seeds.jsonl"), ids=lambda row: row["seed"])
def test_good_evolutions_of_public_seeds_pass(row: dict[str, Any]) -> None:
    """Seeds that nobody here wrote, evolved by hand."""
    assert [] == _gates(_public_pair(row["seed"], row["evolved"]))


EVERY = [row for language in ("en", "zh") for row in _rows(f"{language}.jsonl")]


@given(st.sampled_from(EVERY), st.sampled_from(EVERY), st.sampled_from(["en", "zh"]))
def test_a_cause_hides_its_consequences_only(seed: dict[str, Any], other: dict[str, Any], language: str) -> None:
    """Whatever is found by any rule alone, at least one finding is left of it when all are run."""
    pair = Pair(seed["seed"], seed.get("seed_response"), other["evolved"], other.get("response"), language=language)
    names = detectors_of("recommended")
    alone = [name for name in names if detect(pair, [name])]

    together = [finding.kind for finding in detect(pair, names)]
    assert set(together) <= set(alone)
    assert bool(together) == bool(alone)
