"""The story of a run in a few sentences: what was tried, what won, by how much, how sure, what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..record.curating.selectors import SELECTORS
from ..record.settings import MOST_CONFIRM_ALPHA
from .counts import AIMS
from .numbers import count, p_value, score, signed
from .records import ComparisonRecord, ConfirmationRecord, SettingsRecord, StandingRecord, StatusRecord
from .rows import Data, Dropped
from .spending import Spending
from .steps import CandidateView, StepView, accepted

__all__ = ["Findings", "Story", "tell"]

_NO_SEARCH = {
    "evolve": "One method, applied to every seed",
    "compare": "Contestants on the same seeds",
    "make": "Rows made by recipes",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the story is told from."""

    status: StatusRecord
    settings: SettingsRecord
    steps: Sequence[StepView]
    confirmation: ConfirmationRecord | None
    data: Data
    dropped: Dropped
    spending: Spending | None


@dataclass(frozen=True, slots=True)
class Story:
    """A headline and the sentences under it. `tone` says whether a better method was shown, refuted, or neither."""

    headline: str
    tone: Literal["good", "plain", "bad"]
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join((f"{self.headline}.", *self.sentences))


def tell(found: Findings) -> Story:
    """The story, in words that promise no more than the figures do."""
    headline, tone = _headline(found)
    sentences = [_tried(found), _won(found), _sure(found), _made(found), _cost(found)]
    if found.status.recipe in {"compare", "make"}:
        sentences = [*found.status.story.split("\n"), _cost(found)]
    return Story(headline, tone, tuple(sentence for sentence in sentences if sentence))


def _headline(found: Findings) -> tuple[str, Literal["good", "plain", "bad"]]:
    if found.status.recipe in _NO_SEARCH:
        chosen = bool(found.status.parts) and all(part.recipe in SELECTORS for part in found.status.parts)
        return "Rows that were chosen" if chosen else _NO_SEARCH[found.status.recipe], "plain"
    verdict = found.confirmation.verdict if found.confirmation else ""
    if verdict == "a control wins":
        return "Nothing was applied: a control did better than the method", "bad"
    if not accepted(found.steps) or verdict == "unchanged":
        return _kept(found), "plain"
    if verdict == "confirmed":
        return "Found a better method, confirmed on seeds it had not seen", "good"
    if verdict == "not confirmed":
        return "Chose a new method, but the test did not confirm it", "bad"
    return "Chose a new method; it is not confirmed", "plain"


def _kept(found: Findings) -> str:
    decided = [step.decision for step in found.steps if step.decision]
    if not decided:
        return "No step was finished"
    if all(decision.undecidable for decision in decided):
        return "Kept the starting method: too few to decide"
    if not any(view.record.standing for step in found.steps for view in step.candidates):
        return "Kept the starting method: no proposal passed the checks"
    if accepted(found.steps):
        return "Went back to the starting method: what was accepted did not stay better"
    return "Kept the starting method: no candidate was shown to be better"


def _tried(found: Findings) -> str:
    if found.status.recipe == "evolve":
        return ""
    views = [view for step in found.steps for view in step.candidates]
    if not views:
        return ""
    raced = sum(view.record.standing is not None for view in views)
    done = sum(step.decision is not None for step in found.steps)
    start = found.steps[0].method
    name = f"“{start.name}”" if start and start.name else "the starting method"
    text = f"Starting from {name}, {count(done, 'step')} asked for {count(len(views), 'proposal')}; "
    text += f"{count(raced, 'candidate')} raced against the incumbent on the same held-out seeds"
    text += f", {len(views) - raced} came to nothing before." if len(views) > raced else "."
    stopped = found.status.search_stopped
    return f"{text} The search stopped because {stopped}." if stopped else text


def _won(found: Findings) -> str:
    won = accepted(found.steps)
    if not won:
        decided = [step.decision for step in found.steps if step.decision]
        return decided[-1].reason if decided else ""
    changes = ", then ".join(f"{_short(view)} in step {step.number + 1}" for step, view in won)
    gain = _gain(found, won)
    return f"Accepted: {changes}{gain}.{''.join(f' {words}' for words in _gone_back(found))}"


def _gone_back(found: Findings) -> list[str]:
    """The ways back to an earlier method, in words."""
    backs = [(step.number + 1, step.decision.back) for step in found.steps if step.decision and step.decision.back]
    return [f"After step {number}: {back.reason}" for number, back in backs]


def _gain(found: Findings, won: Sequence[tuple[StepView, CandidateView]]) -> str:
    first = found.steps[0].incumbent
    last = won[-1][1].record.standing
    if first is None or last is None or first.mean is None or last.mean is None:
        return ""
    return (
        f": mean score {score(first.mean)} at the start, {score(last.mean)} now, on the {last.items} dev seeds that it "
        "was chosen on"
    )


def _short(view: CandidateView) -> str:
    return view.name[0].lower() + view.name[1:]


def _sure(found: Findings) -> str:
    confirmation = found.confirmation
    if confirmation is None:
        return "" if not found.steps else "The confirmation on the test seeds was not reached."
    against = confirmation.against.get("start")
    chosen = _standing(confirmation, "best")
    if confirmation.verdict not in ("confirmed", "not confirmed") or against is None or chosen is None:
        return confirmation.reason
    return f"On {count(chosen.items, 'test seed')} that nothing was chosen by, {difference(against)}. {_then(found)}"


def _then(found: Findings) -> str:
    """What was done about it."""
    confirmation, status = found.confirmation, found.status
    if confirmation is None or confirmation.verdict == "confirmed":
        level = min(found.settings.search.alpha, MOST_CONFIRM_ALPHA)
        return f"That is enough{f' at the level of {level:g}' if level else ''}."
    start = found.steps[0].method if found.steps else None
    text = "That is not enough to say that it is better than the start"
    if start is None or not status.applied_method:
        return f"{text}."
    kept = status.applied_method == start.id
    return (
        f"{text}; {'the starting method was applied' if kept else 'it was applied all the same, as the settings say'}."
    )


def difference(figures: ComparisonRecord) -> str:
    """A comparison in words."""
    if figures.difference is None:
        return "the figures are not on record"
    text = f"it scores {signed(figures.difference)} against the starting method"
    if figures.low is not None and figures.high is not None:
        text += f" (95 % interval {signed(figures.low)} to {signed(figures.high)}"
        relation = "" if p_value(figures.p).startswith("<") else "= "
        text += f", p {relation}{p_value(figures.p)})" if figures.p is not None else ")"
    return text


def _made(found: Findings) -> str:
    out, dropped = found.data.rows, found.dropped.rows
    if not out and not dropped:
        return ""
    text = f"The data set has {count(out, 'row')} from {count(out + dropped, 'seed')}"
    if found.status.aims:
        ways = [f"{found.status.aims[aim]} {word}" for aim, word in AIMS.items() if aim in found.status.aims]
        text += f" ({', '.join(ways)}, by what the student needs)"
    if not dropped:
        return f"{text}; none was dropped."
    reasons = list(found.dropped.reasons.items())
    named = ", ".join(f"{number} {reason}" for reason, number in reasons[:3])
    more = ", …" if len(reasons) > 3 else ""
    return f"{text}; {count(dropped, 'row')} {'was' if dropped == 1 else 'were'} dropped ({named}{more})."


def _cost(found: Findings) -> str:
    bill = found.spending
    if bill is None or not bill.total.calls:
        return ""
    total = bill.total
    tokens = f"{total.input_tokens:,} tokens in and {total.output_tokens:,} out"
    return f"It took {count(total.calls, 'call')} with {tokens}. Cost: {bill.money(total)}."


def _standing(confirmation: ConfirmationRecord, label: str) -> StandingRecord | None:
    return next((standing for standing in confirmation.standings if standing.label == label), None)
