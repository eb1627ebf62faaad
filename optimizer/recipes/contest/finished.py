"""Finished rows of another tool (or of ours), paired with the items of a comparison, one row in memory at a time.

What a row may look like: `{seed_id or id, evolved, response}`; `{instruction, evolved_instruction, answer}`; a line of
our own `dataset.jsonl`; `{id, instruction, input, output}` or a chat, where the instruction is the evolved one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from ....agents.gateway.errors import UsageError
from ...dataset.conversations import BadRow, turns_of, user_turns
from ...dataset.raw import RawRow, RowStream
from ...search.evaluate import Given
from .items import ItemSet, Key, KeyRing

__all__ = ["Finished", "RowsReport", "read_finished"]

_EVOLVED = ("evolved", "evolved_instruction", "evolved_prompt")
_SEED = ("seed_instruction", "original_instruction", "original", "seed")
_INSTRUCTION = ("instruction", "question", "prompt")
_RESPONSE = ("response", "output", "answer", "completion")
_CHAT = ("messages", "conversations", "conversation")
_IDS = ("seed_id", "id")
_KEPT_PROBLEMS = 20


@dataclass(slots=True)
class RowsReport:
    """What became of the rows of a file; read = paired + repeated + others + mismatched + unreadable.

    Args:
        paired: rows taken for an item (for one of each set that has it).
        repeated: further rows of an item that had one.
        others: rows that are about none of the items.
        mismatched: rows whose id is one of ours, but whose seed has another text.
        unreadable: rows of the wrong form; `problems` has the first of them with their lines.
        missing: items without a row.
        unanswered: items with an evolved text and no answer; the responder gives it.
    """

    read: int = 0
    paired: int = 0
    repeated: int = 0
    others: int = 0
    mismatched: int = 0
    unreadable: int = 0
    missing: int = 0
    unanswered: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])


@dataclass(frozen=True, slots=True)
class Finished:
    """The texts of a tool by item, one mapping for each set, and what became of its rows."""

    given: tuple[Mapping[str, Given], ...]
    report: RowsReport


@dataclass(frozen=True, slots=True)
class _Row:
    ids: tuple[str, ...]
    seed: str | None
    evolved: str
    response: str | None


def read_finished(stream: RowStream, sets: Sequence[ItemSet]) -> Finished:
    """Pair the rows of a file with the items. The first row of an item counts.

    Raises:
        UsageError: the file cannot be read to its end, no row can be read, or none is about these items.
    """
    keys = KeyRing(sets)
    seeds = {(number, seed.id): seed for number, each in enumerate(sets) for seed in each.items}
    found: dict[Key, Given] = {}
    report = RowsReport()
    for raw in stream.rows():
        if raw.blank:
            continue
        report.read += 1
        try:
            row = _row(raw)
        except BadRow as error:
            report.unreadable += 1
            if len(report.problems) < _KEPT_PROBLEMS:
                report.problems.append((raw.line, error.why))
            continue
        for key in _place(row, keys, found, report):
            # An answer that is the seed's own is not one to the evolved text.
            response = None if row.response == seeds[key].response else row.response
            found[key] = Given(row.evolved, response)
    if not found:
        raise _nothing(stream, report)
    report.missing = len(seeds) - len(found)
    report.unanswered = sum(bool(each.text.strip()) and each.response is None for each in found.values())
    given = tuple({seed.id: found[n, seed.id] for seed in each.items if (n, seed.id) in found}
                  for n, each in enumerate(sets))  # fmt: skip
    return Finished(given, report)


def _place(row: _Row, keys: KeyRing, found: Mapping[Key, Given], report: RowsReport) -> list[Key]:
    """The items that this row is taken for; counts what became of it."""
    about = keys.find(row.ids, row.seed)
    if about is None:
        report.mismatched += 1
        return []
    fresh = [key for key in about if key not in found]
    report.paired += bool(fresh)
    report.repeated += bool(about) and not fresh
    report.others += not about
    return fresh


def _nothing(stream: RowStream, report: RowsReport) -> UsageError:
    if not report.read:
        return UsageError(f"{stream.name} holds no rows.", fix="Give a file with one row for each seed.")
    first = f"{stream.unit} {report.problems[0][0]}: {report.problems[0][1]}" if report.problems else ""
    if report.unreadable == report.read:
        return UsageError(
            f"None of the {report.read:,} rows of {stream.name} can be read ({first}).",
            fix="Each needs the evolved text as `evolved`, or as `instruction` beside a `seed_id`.",
        )
    why = f"; {report.unreadable:,} cannot be read ({first})" if report.unreadable else ""
    why += f"; {report.mismatched:,} name a seed of ours with another text" if report.mismatched else ""
    return UsageError(
        f"None of the {report.read:,} rows of {stream.name} is about these seeds{why}.",
        fix="Rows are paired by the seed's own text (`seed_instruction`, or `instruction` beside `evolved`), by the id "
        "that the seeds' file gives it, or by `seed_id` as in seed-000001, the first row of the seeds.",
    )


# ---------------------------------------------------------------- one row


def _row(raw: RawRow) -> _Row:
    """Raises BadRow where it is of the wrong form."""
    if raw.fault:
        raise BadRow(raw.fault)
    row = raw.fields
    if row is None:
        raise BadRow("not an object")
    told = row.get("provenance")
    came = cast("Mapping[str, object]", told if isinstance(told, dict) else {})
    ids = tuple(dict.fromkeys(str(each) for each in (came.get("seed_id"), *(row.get(name) for name in _IDS))
                              if isinstance(each, str | int) and not isinstance(each, bool)))  # fmt: skip
    evolved = next((name for name in _EVOLVED if name in row), "")
    seed = _first(came, _SEED) or _first(row, _SEED)
    if evolved:
        seed = seed or _joined(row)
        return _Row(ids, seed, _text(row, evolved) or "", _response(row))
    chat = next((name for name in _CHAT if row.get(name)), "")
    if chat:
        _, turns = user_turns(turns_of(row[chat], chat))
        return _Row(ids, seed, turns[-1][0], turns[-1][2])
    text = _joined(row)
    if text is None and not any(name in row for name in _INSTRUCTION):
        raise BadRow("no field `evolved` and no `instruction`")
    if not ids and seed is None:
        raise BadRow("nothing says which seed it is about: no `seed_id`, no `id`, no text of the seed")
    return _Row(ids, seed, text or "", _response(row))


def _response(row: Mapping[str, object]) -> str | None:
    name = next((each for each in ("evolved_response", *_RESPONSE) if each in row), "")
    value = row.get(name)
    return str(value) if type(value) in (int, float) else _text(row, name) if name else None


def _joined(row: Mapping[str, object]) -> str | None:
    """The instruction with its input, as seeds are read; None where there is none."""
    name = next((each for each in _INSTRUCTION if each in row), "")
    text = _text(row, name) if name else None
    extra = _text(row, "input") if name == "instruction" and isinstance(row.get("input"), str) else None
    if text is None or extra is None or extra.strip().lower() in {"", "<noinput>"}:
        return text
    return f"{text.rstrip()}\n\n{extra}"


def _first(row: Mapping[str, object], names: Sequence[str]) -> str | None:
    return next((text for name in names if isinstance(text := row.get(name), str) and text.strip()), None)


def _text(row: Mapping[str, object], name: str) -> str | None:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRow(f"field `{name}` is neither text nor null")
    if value is not None and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise BadRow(f"field `{name}` is not valid Unicode")
    return value
