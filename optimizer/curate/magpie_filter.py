"""The selector `magpie-filter`: the filters of Magpie's released sets, over rows that carry what they ask for.

The figures are looked for where our recipe writes them (`provenance.tags.quality`) and where the authors' files have
them (`input_quality`). What a filter asks for and no row carries is refused by name; a row that lacks it falls by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...agents.gateway.errors import UsageError
from ..recipes.magpie.keeping import Measured, longest, verdict_on
from ..recipes.magpie.tongues import tongue_of
from ..record.curating.magpie_filter import MagpieFilterSettings
from ..record.making.magpie_filters import DIFFICULTIES, FILTERS, QUALITIES, Thresholds
from ..record.run import Run
from .choice import Choice, Why
from .duplicates.dedup import same_rows, sign_of
from .rows import CurateRow, Rows

__all__ = ["magpie_filter", "refuse_missing"]

_PATHS: Mapping[str, Sequence[str]] = {
    "quality": ("provenance.tags.quality", "input_quality", "quality"),
    "difficulty": ("provenance.tags.difficulty", "difficulty"),
    "reward": ("provenance.reward", "instruct_reward", "reward"),
    "difference": ("provenance.reward_difference", "reward_difference"),
    "repeats": ("provenance.neighbour.repeats", "repeat_count"),
}
_FIRST = (
    ("provenance.neighbour.first", "id"),
    ("min_similar_uuid", "uuid"),
    ("min_similar_conversation_id", "conversation_id"),
)
_LANGUAGE = ("provenance.language", "language")
_NAMES = {"zh": "zh", "en": "en", "ZH": "zh", "EN": "en", "Chinese": "zh", "English": "en"}


async def magpie_filter(run: Run, part: MagpieFilterSettings, place: str, rows: Rows) -> Choice:
    """Thresholds one by one, then the longest responses. The rows with the longest come first.

    Raises:
        UsageError: no row carries a figure that the filter asks for.
    """
    del run, place
    keep = part.thresholds
    near = refuse_missing(part, rows)
    repeated = {} if near or not keep.repeats else _exact(rows)
    why: dict[int, Why] = {}
    passed: list[int] = []
    lengths: list[int] = []
    easy: list[bool] = []
    for row in rows:
        measured = _measured(row)
        twin = _twin(row) if near else repeated.get(row.index, "")
        reason, detail = verdict_on(measured, keep, twin)
        if reason:
            why[row.index] = Why(reason, detail, {"twin": twin} if reason == "repeat" else {})
            continue
        passed.append(row.index)
        lengths.append(len(row.seed.response or ""))
        easy.append(measured.tags.get("difficulty") == "easy")
    order = sorted(range(len(passed)), key=lambda at: (-lengths[at], at))
    most = longest(lengths, easy, keep)
    chosen = frozenset(order) if most is None else most
    why |= {passed[at]: Why("not-longest", f"{lengths[at]:,} characters") for at in order if at not in chosen}
    kept = [passed[at] for at in order if at in chosen]
    asked = keep.model_dump(mode="json", exclude_none=True)
    fallen = Counter(each.reason for each in why.values())
    told = ", ".join(f"{name} {value}" for name, value in asked.items())
    lines = [f"Filter {part.filter} asks for {told}.", *([] if near or not keep.repeats else [_NO_NEIGHBOURS])]
    return Choice(kept, why, figures={"thresholds": asked, "fallen": dict(sorted(fallen.items()))}, lines=lines)


_NO_NEIGHBOURS = "No row carries the distance to its neighbours, so only those with the same instruction are repeats."


def refuse_missing(part: MagpieFilterSettings, rows: Rows) -> bool:
    """Whether rows carry distances; what else is asked for must be there in one row at least.

    Raises:
        UsageError: it is not.
    """
    missing = _asked(part.thresholds)
    for row in rows:
        missing -= {name for name in missing if _found(row, name) is not None}
        if not missing:
            return True
    told = sorted(missing - {"repeats"})
    if told and len(rows):
        paths = "; ".join(f"{name}: {', '.join(_PATHS[name])}" for name in told)
        raise UsageError(
            f"No row carries {' and '.join(told)}, which the filter {part.filter} asks for (looked for {paths}).",
            fix=f"Have the recipe magpie measure it, with `tags`, `reward` and `base`{_others(rows)}.",
        )
    return "repeats" not in missing


def _asked(keep: Thresholds) -> set[str]:
    """The figures that thresholds are of."""
    asked = {"quality": keep.quality, "difficulty": keep.difficulty or keep.easy_share, "reward": keep.reward,
             "difference": keep.difference, "repeats": keep.repeats}  # fmt: skip
    return {name for name, wanted in asked.items() if wanted is not None}


def _others(rows: Rows) -> str:
    """The filters that ask for nothing else than what rows carry; all ask for something."""
    carried = {"repeats", *(name for name in _PATHS if any(_found(row, name) is not None for row in rows))}
    able = [name for name, keep in FILTERS.items() if _asked(keep) <= carried]
    return f", or choose a filter that asks for less: {', '.join(able)}" if able else ""


def _found(row: CurateRow, name: str) -> Any:
    return next((value for path in _PATHS[name] if (value := row.value(path)) is not None), None)


def _number(row: CurateRow, name: str) -> float | None:
    return next((value for path in _PATHS[name] if (value := row.number(path)) is not None), None)


def _measured(row: CurateRow) -> Measured:
    """What the row says of itself, as far as it can be understood."""
    tags: dict[str, str] = {}
    for name, levels in (("quality", QUALITIES), ("difficulty", DIFFICULTIES)):
        word = str(_found(row, name) or "").strip().lower()
        if word in levels:
            tags[name] = word
    asked = row.seed.instruction
    instructions = (*(turn.text for turn in asked.context if turn.speaker == "user"), asked.text)
    said = next((value for path in _LANGUAGE if isinstance(value := row.value(path), str)), "")
    language = _NAMES.get(said, said) or tongue_of(asked.text)
    return Measured(tags, _number(row, "reward"), _number(row, "difference"), instructions, language)


def _twin(row: CurateRow) -> str:
    """The row that stands for a group of repeats, where this row is another one of it."""
    if not _number(row, "repeats"):
        return ""
    for path, own in _FIRST:
        first = row.value(path)
        if first is not None:
            name = row.seed.id if own == "id" else row.value(own)
            return "" if first == name else str(first)
    return ""


def _exact(rows: Rows) -> dict[int, str]:
    ids = [row.seed.id for row in rows]
    signs = [sign_of([row.text("instruction")]) for row in rows]
    return {twin.row: ids[twin.of] for twin in same_rows(signs, range(len(ids)))}
