"""What is dropped of new tasks and instances, and why."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.bootstrap.asking import Pair
from autoevol.optimizer.recipes.self_instruct.filters import InstructionFilter, sift
from autoevol.optimizer.recipes.self_instruct.joining import joined
from autoevol.optimizer.recipes.self_instruct.roots import root_of
from autoevol.optimizer.record.making.self_instruct import SelfInstructSettings

_PAIRS = st.builds(
    Pair, st.sampled_from(["", "x", "y", "Do it.", "ends:"]), st.sampled_from(["", "x", "1", "2", "so:"])
)


def _reason(text: str, preset: str = "recommended") -> str | None:
    found = InstructionFilter(SelfInstructSettings.model_validate({"preset": preset})).reason(text)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("text", "recommended", "official"),
    [
        ("Explain how a heat pump works.", None, None),
        ("Sum these numbers.", "too-short", "too-short"),
        ("word " * 151, "too-long", "too-long"),
        ("Describe the PICTURE in one sentence.", "keyword", "keyword"),
        ("Draw a conclusion from the two statements.", None, "keyword"),
        ("Explain the imagery of this short poem.", None, None),
        ("Write a program that sorts a list.", None, "opening"),
        ("- Explain how a heat pump works.", "first-character", "first-character"),
        ('"Haste makes waste": explain this proverb.', None, "first-character"),
        ("Écris une lettre à ta voisine.", None, "first-character"),
        ("写一首关于秋天的诗。", None, "too-short"),
        ("写诗。", "too-short", "too-short"),
        ("描述这张图片里的人物。", "keyword", "too-short"),
        ("... !? ... !?", "too-short", "too-short"),
    ],
)
def test_each_reason_of_an_instruction(text: str, recommended: str | None, official: str | None) -> None:
    """By our rules and by the authors'."""
    assert (recommended, official) == (_reason(text.strip()), _reason(text.strip(), "official-code"))


@given(st.lists(_PAIRS, max_size=8), st.integers(1, 5), st.booleans(), st.integers(0, 3))
def test_every_instance_is_kept_or_dropped_once(pairs: list[Pair], most: int, cut: bool, seed: int) -> None:
    """In + 0 = out + dropped; what is kept is whole, different, and has one output for each input."""
    kept, dropped = sift(pairs, "Do it.", most, random.Random(seed), cut=cut)

    meant = [Pair("", pair.output) if pair.input == "Do it." else pair for pair in pairs]
    found = [*kept, *(Pair("", each.pair.output) if each.pair.input == "Do it." else each.pair for each in dropped)]
    assert Counter(meant) == Counter(found)
    assert len(kept) <= most
    assert len(kept) == len(set(kept))
    assert all(
        pair.output and pair.input != pair.output and not (pair.input + pair.output).endswith(":") for pair in kept
    )
    inputs = [pair.input for pair in kept if pair.input]
    assert len(inputs) == len(set(inputs))
    assert all(each.reason for each in dropped)


def test_one_input_with_two_outputs_spoils_the_task() -> None:
    """No instance of it is kept; without an input several answers are fine."""
    pairs = [Pair("3 apples", "3"), Pair("3 apples", "4"), Pair("5 pears", "5")]

    kept, dropped = sift(pairs, "How many?", 5, random.Random(0), cut=False)
    assert ([], ["contradictory"] * 3) == (kept, [each.reason for each in dropped])
    assert 2 == len(sift([Pair("", "a"), Pair("", "b")], "Say a letter.", 5, random.Random(0), cut=False)[0])


def test_who_answers_anew_needs_no_output() -> None:
    """An input that ends where it should begin is none all the same."""
    pairs = [Pair("4, 9, 2", ""), Pair("The numbers are:", "")]
    kept, dropped = sift(pairs, "Add these numbers.", 5, random.Random(0), cut=False, anew=True)

    assert pairs[:1] == kept
    assert ["no-output"] == [each.reason for each in dropped]
    assert [] == sift(pairs, "Add these numbers.", 5, random.Random(0), cut=False)[0]


def test_presets_are_values() -> None:
    """The authors' numbers where they are asked for, and what is said wins."""
    official = SelfInstructSettings.model_validate({"preset": "official-code"})
    alpaca = SelfInstructSettings.model_validate({"preset": "alpaca", "per_call": 5})

    assert ("completion", 8, 2, 0.7, 0.5, 2.0, 5, "all") == (
        official.form, official.shown, official.machine, official.temperature, official.top_p,
        official.presence_penalty, official.instances, official.cut,
    )  # fmt: skip
    assert (True, 3, 0, 1.0, 3072, 5) == (
        alpaca.whole,
        alpaca.shown,
        alpaca.machine,
        alpaca.temperature,
        alpaca.task_tokens,
        alpaca.per_call,
    )
    assert ("generator", "responder") == SelfInstructSettings().roles()
    assert ("generator",) == official.roles() == official.raw()
    assert () == SelfInstructSettings().raw()


@given(st.text(), st.text(), st.integers(0, 50))
def test_joined_texts_hold_what_they_are_made_of(task: str, given_text: str, seed: int) -> None:
    """Braces and names of places in a text stay what they are."""
    assert (f"{task}\n\n{given_text}" if given_text else task) == joined(task, given_text, "plain", random.Random(seed))
    assert task in joined(task, "", "varied", random.Random(seed))
    assert "{task}" in joined("Say {given}.", "{task}", "varied", random.Random(seed))


@pytest.mark.parametrize(
    ("text", "verb", "thing"),
    [
        ("Write a short poem about the sea.", "write", "poem"),
        ("Could you please list three famous bridges in Europe?", "list", "bridge"),
        ("Given a set of numbers, find all possible subsets that sum to ten.", "find", "subset"),
        ("In this task, you need to compare the meaning of two sentences.", "compare", "meaning"),
        ("What is the tallest mountain?", "what?", ""),
        ("What's a joke about mountains?", "what?", ""),
        ("Solving the equation, show your steps.", "solve", "equation"),
        ("Explain how rain forms.", "explain", ""),
        ("Politely decline the invitation.", "decline", "invitation"),
        ("Give me two cities with a harbour.", "give", "city"),
        ("请写一首关于秋天的诗。", "写", ""),
        ("为什么天是蓝的？", "问？", ""),
        ("Hmm.", "", ""),
    ],
)
def test_root_verb_and_object(text: str, verb: str, thing: str) -> None:
    """By rules, of the first sentence that has one."""
    assert (verb, thing) == root_of(text)
