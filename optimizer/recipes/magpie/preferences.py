"""Preference pairs from rewarded answers, in the form that trainers of DPO read.

Best against worst of k answers (Magpie, section 5 and the authors' scripts), where the rewards really differ: with all
alike, the best would be the worst too. And the aligned model's answer against its base model's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .rows import Candidate

__all__ = ["against_base", "best_against_worst", "pair_of"]


def best_against_worst(candidate: Candidate, margin: float) -> tuple[dict[str, Any] | None, str]:
    """A pair from a row's further answers, or why there is none (`too-few`, `tie`, `margin`)."""
    rated: list[tuple[float, str]] = []
    for name, reward in candidate.measured.items():
        answer = candidate.measured.get(name.removesuffix("-reward"))
        if name.startswith("answer-") and name.endswith("-reward") and reward is not None and isinstance(answer, str):
            rated.append((float(reward), answer))
    if len(rated) < 2:
        return None, "too-few"
    best, worst = max(rated, key=lambda each: each[0]), min(rated, key=lambda each: each[0])
    return _pair(candidate, best, worst, margin)


def against_base(candidate: Candidate, margin: float) -> tuple[dict[str, Any] | None, str]:
    """The row's own answer against the base model's, whichever was rated higher."""
    measured = candidate.measured
    rewards, base = (measured.get("reward"), measured.get("base-reward")), measured.get("base")
    if rewards[0] is None or rewards[1] is None or not isinstance(base, str):
        return None, "too-few"
    own, other = (float(rewards[0]), candidate.turns[-1].answer), (float(rewards[1]), base)
    if own[0] >= other[0]:
        return _pair(candidate, own, other, margin, chosen_from="aligned")
    return _pair(candidate, other, own, margin, chosen_from="base")


def pair_of(
    id_: str, prompt: Sequence[Mapping[str, str]], both: tuple[tuple[float, str], tuple[float, str]], margin: float,
    *, reward_by: str, **more: str,
) -> tuple[dict[str, Any] | None, str]:  # fmt: skip
    """A pair as it is written, or why it is none: `tie` where nothing lies between the two, `margin` where too little.

    Args:
        id_: of the row.
        prompt: messages up to the answer.
        both: reward and text of the better answer, and of the other.
        margin: that must lie between the rewards.
        reward_by: who gave them.
        more: further fields.
    """
    best, worst = both
    gap = best[0] - worst[0]
    if gap <= 0 or best[1] == worst[1]:
        return None, "tie"
    if gap < margin:
        return None, "margin"
    return {
        "id": id_,
        "prompt": list(prompt),
        "chosen": [{"role": "assistant", "content": best[1]}],
        "rejected": [{"role": "assistant", "content": worst[1]}],
        "chosen_reward": best[0],
        "rejected_reward": worst[0],
        "reward_by": reward_by,
        **more,
    }, ""


def _pair(
    candidate: Candidate, best: tuple[float, str], worst: tuple[float, str], margin: float, **more: str
) -> tuple[dict[str, Any] | None, str]:
    by = candidate.measured.get("reward_by", "")
    return pair_of(candidate.id, _messages(candidate), (best, worst), margin, reward_by=by, **more)


def _messages(candidate: Candidate) -> list[Mapping[str, str]]:
    before = [
        message for turn in candidate.turns[:-1]
        for message in ({"role": "user", "content": turn.instruction}, {"role": "assistant", "content": turn.answer})
    ]  # fmt: skip
    return [*before, {"role": "user", "content": candidate.turns[-1].instruction}]
