"""Preference pairs of answers to one instruction, in the form that the export and trainers of DPO read.

What the two differ by is a reward, a share of agreement, or a pass against a failure; where it is nothing, there is no
pair: with all alike, the best would be the worst too (Magpie, arXiv 2406.08464, section 5, and the authors' scripts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...dataset.seed import Seed
from ...recipes.magpie.preferences import pair_of

__all__ = ["preference_pair", "rated_row"]

Rated = tuple[float, str]


def preference_pair(
    seed: Seed, chosen: int, rated: Mapping[int, Rated], by: str, margin: float
) -> tuple[dict[str, Any] | None, str]:  # fmt: skip
    """The answer that was chosen against the one that is rated lowest, or why there is no pair.

    Args:
        seed: the row.
        chosen: place of the answer that is kept.
        rated: places of the answers that could be rated, each with how, and its text.
        by: what they are rated by.
        margin: between the two, at least.

    Returns:
        A pair, or None and `too-few`, `tie` or `margin`.
    """
    if chosen not in rated or len(rated) < 2:
        return None, "too-few"
    worst = min(rated, key=lambda place: (rated[place][0], place))
    return pair_of(seed.id, _prompt(seed), (rated[chosen], rated[worst]), margin, reward_by=by)


def rated_row(seed: Seed, chosen: int, texts: Sequence[str | None], rated: Mapping[int, Rated], by: str) -> (
    dict[str, Any]
):  # fmt: skip
    """All answers with how they were rated, as Magpie's `made.jsonl` has them: the kept one is the row's own."""
    measured: dict[str, Any] = {"reward_by": by}
    if chosen in rated:
        measured["reward"] = rated[chosen][0]
    for place, text in enumerate(texts):
        if text is not None and place != chosen:
            measured[f"answer-{place + 1}"] = text
            if place in rated:
                measured[f"answer-{place + 1}-reward"] = rated[place][0]
    turns, asked = _turns(seed), seed.instruction
    own = {"instruction": asked.text, "answer": texts[chosen]}
    return {"id": seed.id, "language": asked.language, "turns": [*turns, own], "measured": measured}


def _prompt(seed: Seed) -> list[dict[str, str]]:
    asked = seed.instruction
    system = [{"role": "system", "content": asked.system}] if asked.system else []
    before = [{"role": turn.speaker, "content": turn.text} for turn in asked.context]
    return [*system, *before, {"role": "user", "content": asked.text}]


def _turns(seed: Seed) -> list[dict[str, str]]:
    """Earlier turns, each question with its answer."""
    context = seed.instruction.context
    return [
        {"instruction": one.text, "answer": two.text} for one, two in zip(context[::2], context[1::2], strict=False)
    ]
