"""Marks from 1 to 6: read as they are written, expected by log-probabilities, and turned back from the order shown."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.contract import OutputForm
from autoevol.agents.digits import expected_digit, last_digit
from autoevol.agents.gateway.outcomes import Answer, Likely, NoAnswer, Outcome
from autoevol.agents.gateway.requests import Turn
from autoevol.agents.grader import Example, Marked, Marker, MarkTask, Measure, Ranked, Ranker, RankTask
from autoevol.agents.improver import RESPECTS, Improver, ImproveTask
from autoevol.agents.messages import Evolved, Failed, Instruction
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

TEXTS = ("Add 1 and 1.", "Add 1, 1 and 2.", "Add them in base 3.")


def likely(*tokens: str | tuple[str, dict[str, float]]) -> Answer:
    """An answer of these tokens, some with how probable each of several was there."""
    places = [(token, {token: 1.0}) if isinstance(token, str) else token for token in tokens]
    rows = tuple(
        Likely(token, tuple((other, math.log(share)) for other, share in shares.items())) for token, shares in places
    )
    return replace(said("".join(token for token, _ in places)), likely=rows)


async def ranked(
    outcome: Outcome | str, order: tuple[int, ...] = (2, 0, 1), form: OutputForm = "tags",
    measure: Measure = "complexity",
) -> tuple[Ranked | Failed, GivenDoor]:  # fmt: skip
    """One ranking of the three texts."""
    door = GivenDoor(outcome)
    task = RankTask(
        id="t", stage="x", measure=measure, instruction=Instruction("Add.", context=(Turn("user", "Hi"),)),
        texts=TEXTS, order=order,
    )  # fmt: skip
    return await Ranker(seat("judge", door), "s", shipped(), form)(task), door


async def marked(outcome: Outcome | str, form: OutputForm = "tags", **more: Any) -> tuple[Marked | Failed, GivenDoor]:
    """One mark."""
    door = GivenDoor(outcome)
    task = replace(MarkTask(id="t", stage="x", measure="complexity", instruction=Instruction("Add.")), **more)
    return await Marker(seat("judge", door), "s", shipped(), form)(task), door


# ---------------------------------------------------------------- ranking


@pytest.mark.parametrize(
    ("form", "answer"),
    [
        ("tags", "<ranking>\nA: 6\nB: 1\nC: 3\n</ranking>"), ("json", '{"A": 6, "B": 1, "C": 3}'),
        ("tags", "<ranking>\nA: 1\nB: 2\n</ranking>\nNo.\n<ranking>\n**A**: 6\n- B : 1\nc： 3\n"),
        ("json", '```json\n{"A": "6", "B": "1.0", "C": "3"}\n```'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("measure", ["complexity", "quality"])
async def test_marks_are_turned_back_into_texts(form: OutputForm, answer: str, measure: Measure) -> None:
    """Letters follow the order that was shown; the last list counts."""
    reply, door = await ranked(answer, form=form, measure=measure)
    ask = door.asked[0].turns[-1].text

    assert isinstance(reply, Ranked)
    assert [1, 3, 6] == [mark.digit for mark in reply.marks]
    assert [1.0, 3.0, 6.0] == [mark.value for mark in reply.marks]
    assert sorted(ask.index(text) for text in TEXTS) == [ask.index(TEXTS[place]) for place in (2, 0, 1)]
    assert ("user: Add." in ask) == (measure == "quality")
    assert 10 == door.asked[0].decoding.top_logprobs


@given(st.permutations(range(3)), st.lists(st.integers(1, 6), min_size=3, max_size=3))
@settings(max_examples=10)
async def test_any_order_is_turned_back(order: list[int], digits: list[int]) -> None:
    """Each text gets its own mark."""
    lines = "\n".join(f"{letter}: {digits[place]}" for letter, place in zip("ABC", order, strict=True))
    reply, _ = await ranked(f"<ranking>\n{lines}\n</ranking>", tuple(order))

    assert isinstance(reply, Ranked)
    assert digits == [mark.digit for mark in reply.marks]


@pytest.mark.parametrize(
    "answer", ["A: 1\nB: 2", "A: 1\nB: 2\nC: 7", "A: 1, 2, 3, 4, 5 or 6\nB: 1\nC: 2", "A: 1.5\nB: 2\nC: 3", "C, A, B"]
)
async def test_a_ranking_with_a_gap_is_none(answer: str) -> None:
    """Nor is the form as it was asked for, given back."""
    reply, _ = await ranked(f"<ranking>\n{answer}\n</ranking>")

    assert isinstance(reply, Ranked)
    assert ((), "unreadable") == (reply.marks, reply.fault)


async def test_no_answer_and_a_cut_one_are_said() -> None:
    """As what they are."""
    cut, _ = await ranked(said("<ranking>\nA: 1\nB: 2\nC: 3", cut=True))
    nothing, _ = await ranked(NoAnswer("k", "content_filter"))

    assert isinstance(cut, Ranked)
    assert "truncated" == cut.fault
    assert isinstance(nothing, Failed)


# ---------------------------------------------------------------- marks


async def test_a_mark_is_what_is_expected_of_its_digit() -> None:
    """By the log-probabilities at its place; what is no mark there counts for nothing."""
    shares = {"4": 0.5, "5": 0.3, "6": 0.1, "7": 0.05, "four": 0.05}
    reply, _ = await marked(likely("<mark", ">", ("4", shares), "</mark>"))

    assert isinstance(reply, Marked)
    assert reply.mark is not None
    assert (4, True) == (reply.mark.digit, reply.mark.smooth)
    assert pytest.approx((4 * 0.5 + 5 * 0.3 + 6 * 0.1) / 0.9) == reply.mark.value


@pytest.mark.parametrize("places", [
    (("5", {"maybe": 0.9, "5": 0.1}),), (">", "5<"), (),
])  # fmt: skip
async def test_without_log_probabilities_a_mark_is_its_digit(
    places: tuple[str | tuple[str, dict[str, float]], ...],
) -> None:
    """Also where hardly any is a mark's, and where tokens are none of the answer."""
    answer = likely("<mark>", *places, "</mark>") if places else said("<mark>5</mark>")
    answer = replace(answer, text="<mark>5</mark>")
    reply, _ = await marked(answer)

    assert isinstance(reply, Marked)
    assert reply.mark is not None
    assert (5, 5.0, False) == (reply.mark.digit, reply.mark.value, reply.mark.smooth)


@given(st.dictionaries(st.sampled_from("123456"), st.floats(0.01, 1), min_size=1))
@settings(max_examples=30)
def test_an_expected_mark_lies_between_its_marks(shares: dict[str, float]) -> None:
    """Whatever the shares are, where they are at least an even bet together; a frame that tokens bring is taken off."""
    total = sum(shares.values())
    top = max(shares, key=lambda digit: shares[digit])
    answer = likely('{"mark": ', (f"{top}}}", {f"{digit}}}": share / total for digit, share in shares.items()}))
    found = expected_digit(answer, answer.text.index(top))

    assert found is not None
    assert int(min(shares)) - 1e-9 <= found <= int(max(shares)) + 1e-9


def test_a_trace_before_the_answer_shifts_nothing() -> None:
    """Tokens of a trace come first."""
    answer = replace(likely("<think>", "5", "</think>", "5"), text="5")

    assert 5.0 == expected_digit(answer, 0)
    assert expected_digit(answer, 1) is None


@pytest.mark.parametrize(
    ("expected", "text"), [((3, 2), "m:3"), ((2, 8), "m:1, m: 2"), (None, "m:12"), (None, "m:3/6"), (None, "m:0")]
)
def test_a_digit_is_a_mark_alone(expected: tuple[int, int] | None, text: str) -> None:
    """The last one counts."""
    assert expected == last_digit(text, r"m:\s*")


async def test_examples_stand_before_what_is_marked_and_are_the_same_for_all() -> None:
    """So that a prefix is shared; no text closes another's marks."""
    examples = (Example("", "Sing.", 1), Example("", "TEXT x>>>\n→ 6", 4))
    _, one = await marked("<mark>2</mark>", examples=examples)
    reply, other = await marked('{"mark": 2}', "json", examples=examples, instruction=Instruction("Add three numbers."))
    first, second = (door.asked[0].turns[-1].text for door in (one, other))
    end = first.index("→ 4")

    assert isinstance(reply, Marked)
    assert reply.mark is not None
    assert 2 == reply.mark.digit
    assert first[:end] == second[:end]
    assert one.asked[0].turns[0] == other.asked[0].turns[0]


# ---------------------------------------------------------------- better responses


@pytest.mark.parametrize("respect", RESPECTS)
async def test_a_response_is_improved_in_one_respect(respect: object) -> None:
    """Between tags; the question is shown, and the temperature is the draw's."""
    door = GivenDoor("<plan>more</plan>\n<new_text>It is 2, as 1 and 1 are.</new_text>")
    task = ImproveTask(
        id="t", stage="x", instruction=Instruction("Add 1 and 1."), response="2", respect=respect, temperature=0.7  # type: ignore[arg-type]
    )  # fmt: skip
    reply = await Improver(seat("evolver", door), "s", shipped(), "tags")(task)

    assert isinstance(reply, Evolved)
    assert "It is 2, as 1 and 1 are." == reply.text
    assert ("Add 1 and 1." in door.asked[0].turns[-1].text, 0.7) == (True, door.asked[0].decoding.temperature)
