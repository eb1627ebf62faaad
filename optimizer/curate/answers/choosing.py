"""Which of several answers is kept: pure rules over what was said, run, rated and preferred.

tests     the row has tests, or its instruction states examples that the code of an answer can be tried on
agreement final answers can be told and compared (optimizer/scoring: amounts, choices, mathematics by math-verify)
text      neither: a judge compares two by two, or a reward decides
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ....agents.gateway.requests import Turn
from ....agents.messages import Answered, Ran, Task
from ....agents.preference import Preferred, PreferTask
from ....agents.rewarder import RateTask, Rewarded, RewardTask
from ...record.curating.best_answer import BestAnswerSettings
from ...scoring.agreement import Agreement, agreement
from ...scoring.programs import Program, program_for
from ...scoring.selection import Drop
from .desk import Errand

__all__ = ["By", "Chosen", "answers_of", "bout", "by_agreement", "by_reward", "by_tests", "by_the_judge", "kind_of",
           "lost_of", "programs_of", "reward_task"]  # fmt: skip

By = Literal["tests", "examples", "agreement", "text"]
Texts = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The answer that is kept.

    Args:
        place: of it.
        by: `tests`, `examples`, `agreement`, `reward`, `judge`.
        votes: how many answers agree with it, itself included; 0 where that is not known.
        rated: every answer that could be rated: a reward, a share of agreement, or 1 for a pass and 0 for a failure.
    """

    place: int
    by: str
    votes: int
    rated: Mapping[int, float]


def answers_of(errand: Errand, part: BestAnswerSettings) -> list[str | None]:
    """The answers in their order, the row's own first where it takes part; None for what did not come or was cut."""
    own = [errand.seed.response or None] if part.own else []
    replies = [errand.replies.get(f"answer/{number}") for number in range(part.answers)]
    return [*own, *(reply.text if isinstance(reply, Answered) and not reply.fault else None for reply in replies)]


def kind_of(errand: Errand, texts: Texts) -> tuple[By, Agreement | None]:
    """How the answers of a row can be compared. It may take a second, of mathematics: a thread's work."""
    seed = errand.seed
    if seed.tests is not None:
        return "tests", None
    programs = programs_of(errand, texts)
    if programs and all(program.tests for program in programs.values()):
        return "examples", None
    language = seed.instruction.language
    found = agreement([text or "" for text in texts], language)
    comparable = found.comparable or _few(texts, language)
    return ("agreement", found) if comparable and not programs else ("text", None)


def _few(texts: Texts, language: str) -> bool:
    """Whether most answers did not come or were cut, and those that are left have final answers: too few agree then."""
    there = [text for text in texts if text]
    if len(there) == len(texts):
        return False
    left = agreement(there, language)
    return left.comparable or (len(there) == 1 and left.answers[0] is not None)


def lost_of(errand: Errand) -> str:
    """How many answers were cut or did not come, for a reason; empty where all are there."""
    replies = [reply for what, reply in errand.replies.items() if what.startswith("answer/")]
    cut = sum(isinstance(reply, Answered) and bool(reply.fault) for reply in replies)
    gone = sum(not isinstance(reply, Answered) for reply in replies)
    told = (f"{cut} cut at the bound of the responder's `max_tokens`" if cut else "",
            f"{gone} did not come" if gone else "")  # fmt: skip
    return "".join(f"; {each}" for each in told if each)


def programs_of(errand: Errand, texts: Texts) -> dict[int, Program]:
    """The programs that test answers, by the place of the answer; answers without code have none."""
    seed = errand.seed
    found = {
        place: program_for(seed.instruction.text, text, seed.tests) for place, text in enumerate(texts) if text
    }  # fmt: skip
    return {place: program for place, program in found.items() if program is not None}


# ---------------------------------------------------------------- choices


def by_tests(texts: Texts, runs: Mapping[int, object], by: By) -> Chosen | Drop:
    """The first that passes."""
    rated = {place: 1.0 if _passed(runs.get(place)) else 0.0 for place, text in enumerate(texts) if text is not None}
    passed = [place for place, rate in rated.items() if rate]
    if not passed:
        return Drop("none-passes", f"none of {len(rated)} answers passes the {by}")
    return Chosen(passed[0], by, len(passed), rated)


def by_agreement(texts: Texts, found: Agreement) -> Chosen | Drop:
    """The first answer of the largest group. Two groups of the same size are no majority."""
    first, *others = found.groups
    if others and len(first) == len(others[0]):
        return Drop("no-majority", f"two answers have {len(first)} votes each")
    rated = {place: len(group) / len(texts) for group in found.groups for place in group}
    return Chosen(first[0], "agreement", len(first), rated)


def by_reward(texts: Texts, rewards: Mapping[int, object]) -> Chosen | Drop:
    """The highest reward, the first of several."""
    rated = {
        place: reply.value for place, reply in rewards.items()
        if isinstance(reply, Rewarded) and reply.value is not None and texts[place] is not None
    }  # fmt: skip
    if not rated:
        return Drop("no-reward", "no answer could be rated")
    return Chosen(max(rated, key=lambda place: (rated[place], -place)), "reward", 0, rated)


def _passed(reply: object) -> bool:
    return isinstance(reply, Ran) and reply.ok


# ---------------------------------------------------------------- a judge, two by two


def by_the_judge(errand: Errand, texts: Texts) -> tuple[int, int] | Chosen:
    """The answer that is left when each has met the best so far; or the two that are to meet next.

    An answer must be preferred in both orders to take the place of one before it: judges prefer a place, too. Rated
    are the one that is left, 1, and those that lost to it in both orders, 0.
    """
    there = [place for place, text in enumerate(texts) if text is not None]
    best, beaten = there[0], dict[int, int]()
    for place in there[1:]:
        if texts[place] == texts[best]:
            continue
        picks = [errand.replies.get(f"{best}-{place}/{order}") for order in ("first", "turned")]
        if None in picks:
            return best, place
        said = {reply.pick if isinstance(reply, Preferred) else None for reply in picks}
        if said == {"new"}:
            beaten[best], best = place, place
        elif said == {"old"}:
            beaten[place] = best
    return Chosen(best, "judge", 0, {best: 1.0, **{loser: 0.0 for loser, by in beaten.items() if by == best}})


def bout(errand: Errand, texts: Texts, old: int, new: int) -> list[Task]:
    """The question which of two answers is better, in both orders."""
    asked = errand.seed.instruction
    return [
        PreferTask(
            id=errand.id(f"{old}-{new}/{name}"), stage=errand.stage, old=(asked, texts[old] or ""),
            new=(asked, texts[new] or ""), side="response", swap=swap,
        )
        for name, swap in (("first", False), ("turned", True))
    ]  # fmt: skip


def reward_task(errand: Errand, place: int, text: str, part: BestAnswerSettings) -> Task:
    """The question how good one answer is."""
    asked, name = errand.seed.instruction, errand.id(f"reward/{place}")
    before = (Turn("system", asked.system),) if asked.system else ()
    turns = (*before, *asked.context, Turn("user", asked.text))
    if part.reward == "endpoint":
        return RewardTask(id=name, stage=errand.stage, turns=(*turns, Turn("assistant", text)))
    told = asked.text if len(turns) == 1 else "\n\n".join(f"{turn.speaker}: {turn.text}" for turn in turns)
    return RateTask(id=name, stage=errand.stage, instruction=told, response=text, language=asked.language)
