"""The judge is judged by what it said: noise, order, silence, agreeableness, kinship."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.messages import Call, Failed, Instruction, JudgeTask, Verdict
from autoevol.optimizer.scoring.families import model_family, shared_family
from autoevol.optimizer.scoring.judge_health import JudgeHealth, judge_lines, problems
from autoevol.optimizer.scoring.judging import JudgeTally, Look, looks_of
from autoevol.optimizer.scoring.rates import Rate, sign_p

Harder = Literal["evolved", "original", "same"] | None


def _said(harder: Harder = "evolved", **fields: Any) -> Verdict:
    values: dict[str, Any] = dict.fromkeys(("valid", "self_contained", "consistent", "intent_kept"), True)
    values.update(fields)
    return Verdict(id="v", harder=harder, **values)


def _health(*items: tuple[Look, ...], judge: str = "", evolver: str = "") -> JudgeHealth:
    tally = JudgeTally()
    for looks in items:
        tally.add(looks)
    return tally.health(judge, evolver)


def _both(plain: Harder, swapped: Harder) -> tuple[Look, ...]:
    return Look(False, 0, _said(plain)), Look(True, 0, _said(swapped))


SILENT = _said(None, valid=None, self_contained=None, consistent=None, intent_kept=None)
RUBBISH = Verdict(id="v", valid=None, self_contained=None, intent_kept=None, harder=None, fault="unreadable")


def test_the_order_is_judged_by_pairs_in_both_orders() -> None:
    """`original` first and `evolved` swapped both name the text in the first place."""
    health = _health(
        _both("original", "evolved"), _both("original", "evolved"), _both("evolved", "original"),
        _both("evolved", "evolved"), _both("same", "evolved"), _both(None, "evolved"),
    )  # fmt: skip

    assert (6, 12, 6, Rate(4, 5)) == (health.items, health.looks, health.pairs, health.flips)
    assert (2, 1, 0.2, 1.0) == (health.first_wins, health.second_wins, health.preference, health.preference_p)


def test_noise_is_what_differs_in_the_same_order() -> None:
    """The other order is no repeat; an abstention differs from an answer."""
    health = _health(
        (Look(True, 0, _said()), Look(True, 1, _said("same", valid=None)), Look(False, 0, _said("original"))),
        (Look(False, 0, _said()), Look(False, 1, _said())),
        (Look(False, 0, _said()), Look(False, 1, None)),
    )

    assert 2 == health.repeats
    assert (Rate(1, 2), Rate(1, 2), Rate(0, 2)) == tuple(
        health.noise[name] for name in ("harder", "valid", "consistent")
    )
    assert Rate(1, 7) == health.no_answer


def test_a_call_counts_once() -> None:
    """An item whose answers come from the journal again was looked at once."""
    looks = (Look(False, 0, _said(), key="k"),)

    assert (1, 1) == ((health := _health(looks, looks)).items, health.looks)


def test_noes_are_counted_with_and_without_evidence() -> None:
    """What was voided for want of a quote is an abstention that has a reason."""
    health = _health(
        (Look(False, 0, _said(valid=None, ungrounded=("valid",))),),
        (Look(False, 0, _said(consistent=False, intent_kept=False)),),
        (Look(False, 0, SILENT),),
        (Look(False, 0, RUBBISH),),
    )  # fmt: skip

    assert (Rate(1, 3), Rate(1, 3), Rate(0, 3)) == (health.ungrounded, health.refused, health.yes_to_all)
    assert (Rate(1, 4), Rate(2, 3)) == (health.unreadable, health.abstained["valid"])


@pytest.mark.parametrize(
    ("looks", "sentence"),
    [
        ((Look(False, 0, None),), "The judge gave no answer at all: its opinion decides nothing."),
        ((Look(False, 0, SILENT),), "The judge abstained on every item: its opinion decides nothing."),
        ((Look(False, 0, _said(valid=None)),), "The judge never said anything on 'valid'."),
        ((Look(False, 0, _said()),), "The judge said yes to everything: validity is not checked."),
        (
            (Look(False, 0, RUBBISH),),
            "Not one answer of the judge could be read: its opinion decides nothing.",
        ),
        (_both("same", "same"), "The judge called every pair equally hard: its comparison decides nothing."),
        (
            (Look(False, 0, _said(consistent=None, ungrounded=("consistent",))),),
            "Not one 'no' of the judge was proven (10 were said): validity is not checked.",
        ),
        (
            _both("original", "evolved"),
            "The judge flips in 100% of the pairs when the order is turned: 'harder' is little better than chance.",
        ),
        (
            (Look(False, 0, _said("same")), Look(False, 1, _said("evolved"))),
            "Asked the same twice, the judge answers 'harder' otherwise in 100% of the cases.",
        ),
        (
            (Look(False, 0, _said(consistent=False, valid=None, ungrounded=("valid",))),),
            "50% of the judge's 'no' quoted nothing that it was shown; they count as abstentions.",
        ),
    ],
)  # fmt: skip
def test_problems_are_named(looks: tuple[Look, ...], sentence: str) -> None:
    """Whatever is wrong with a judge on ten items is said in a sentence, and printed."""
    health = _health(*[looks] * 10)

    assert sentence in problems(health)
    assert f"  ! {sentence}" in judge_lines(health)
    assert sentence in health.as_row()["problems"]


def test_each_figure_stands_beside_its_own_name() -> None:
    """Noise and abstentions by field, as people write it."""
    looks = (Look(False, 0, _said(self_contained=None)), Look(False, 1, _said()))

    said = judge_lines(_health(*[looks] * 2))

    assert [True, True] == [
        any(line.startswith(f"  {name}") and "2 of " in line for line in said)
        for name in ("noise, self-contained", "abstained, self-contained")
    ]
    assert not any("intent_kept" in line for line in said)


def test_a_preference_is_named_where_it_is_no_chance() -> None:
    """Eight of ten for the first place and none for the second."""
    health = _health(*[_both("original", "evolved")] * 8, *[_both("evolved", "evolved")] * 2)

    low, high = health.preference_interval
    assert pytest.approx(2 / 2**8) == health.preference_p
    assert 0 < low < 0.8 < high <= 1
    assert any("favours the text in the first place" in sentence for sentence in problems(health))


def test_a_good_judge_has_no_problems() -> None:
    """Now and then a no, the same in both orders and twice."""
    bad = _said("original", valid=False)
    good = (*_both("evolved", "evolved"), Look(False, 1, _said()))
    health = _health(*[good] * 8, *[(Look(False, 0, bad), Look(True, 0, bad))] * 2, judge="gpt-4o", evolver="qwen2.5")

    assert () == problems(health)


def test_nothing_is_said_of_a_judge_that_was_not_asked() -> None:
    """No division by nothing."""
    assert ((), ["The judge was not asked."]) == (problems(_health()), judge_lines(_health()))
    assert _health().as_row()["flips"]["share"] is None


@pytest.mark.parametrize(
    ("judge", "evolver", "words"),
    [
        ("qwen2.5-coder-1.5b", "qwen2.5-coder-1.5b", "evolver's own model"),
        ("Qwen/Qwen3-8B", "qwen2.5-coder-1.5b", "same family as the evolver (qwen)"),
        ("gpt-4o", "o3-mini", "same family as the evolver (gpt)"),
        ("gpt-4o", "qwen2.5", ""),
        ("house-model", "other-model", ""),
        ("", "", ""),
    ],
)
def test_kin_is_warned_of(judge: str, evolver: str, words: str) -> None:
    """Models of unknown families are not called kin."""
    found = " ".join(problems(_health(judge=judge, evolver=evolver)))

    assert words in found
    assert bool(words) == bool(found)
    assert bool(words) == bool(shared_family(judge, evolver))


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("gpt", "openai/gpt-4o-mini"), ("gpt", "o1"), ("claude", "claude-sonnet-4"), ("gemini", "gemini-2.0-flash"),
        ("gemma", "gemma-2-9b"), ("llama", "meta-llama/Llama-3.1-8B"), ("qwen", "QwQ-32B"), ("mistral", "mixtral-8x7b"),
        ("qwen", "DeepSeek-R1-Distill-Qwen-7B"), ("deepseek", "deepseek-chat"), ("phi", "microsoft/phi-4"),
        ("smollm", "smollm2-135m"), ("yi", "yi-34b"), ("", "graphite-x"), ("", "m-judge"), ("", ""),
    ],
)  # fmt: skip
def test_families_by_name(family: str, name: str) -> None:
    """Vendors, sizes and dates around a name do not matter; short names must be words."""
    assert family == model_family(name)


def test_looks_are_taken_from_the_messages_of_a_journey() -> None:
    """Whatever else was said in it; a call that gave nothing is a look without a verdict."""
    old, new = Instruction("Add 1."), Instruction("Add 1 and 2.")
    call = Call("k1", "judge", 1, 1, 0.0)
    first = JudgeTask(id="j", stage="s", original=old, evolved=new, response="", swap=True)
    turned = JudgeTask(id="j/turned", stage="s", original=old, evolved=new, response="", swap=False)
    again = JudgeTask(id="j/again", stage="s", original=old, evolved=new, response="", swap=True, sample=1)
    verdict = Verdict(id="r", parent="j", valid=True, self_contained=None, intent_kept=None, harder=None, calls=(call,))
    journey = (first, verdict, turned, Failed(id="f", parent="j/turned", reason="empty"), again)

    assert (Look(True, 0, verdict, "k1"), Look(False, 0, None, "")) == looks_of(journey)


@given(st.integers(0, 60), st.integers(0, 60))
def test_intervals_hold_their_share(hits: int, others: int) -> None:
    """Inside 0 to 1 and round the share; the exact test is a probability and fair where the split is even."""
    rate = Rate(hits, hits + others)
    low, high = rate.interval

    assert 0 <= low <= (rate.share or 0) <= high <= 1
    assert 0 < sign_p(hits, others) <= 1
    assert sign_p(hits, hits) == 1


def test_the_exact_test_holds_for_many_pairs() -> None:
    """Both ways of adding up agree where they meet, and a long run is quick."""
    assert 0.0620231951 == pytest.approx(sign_p(530, 470))
    assert 0.0578505224 == pytest.approx(sign_p(531, 470))
    assert 1.0 == sign_p(20_000, 20_000)
    assert 8.0585780e-07 == pytest.approx(sign_p(21_000, 20_000))
