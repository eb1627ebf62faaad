"""Examples from a run or from a file: the data set, preference pairs, rated answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

from ....agents.gateway.errors import UsageError
from ...record.by_hand import EDITS, read_by_hand, text_sign
from ...record.settings import SeedSettings
from ..conversations import BadRow, described, turns_of, user_turns
from ..fields import FieldMap, find_fields, input_of, pairs_of
from ..raw import RawRow, RowStream
from ..source import stream_of
from .example import Example, Rated, Unfit

__all__ = ["Met", "Source", "json_object", "open_file", "open_run"]

_FIRST_ROWS = 200
_PAIRS = ("preferences.jsonl", "preferences-base.jsonl")
_MADE = "made.jsonl"
Met = Example | Unfit
_Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that can be read again and again.

    Args:
        name: in words.
        met: starts a new pass: every row, as an example or as the reason why it is none.
        folder: of the run; None for a file.
        notes: what a person should know, a sentence each.
        method: the evolving method of these rows, for the card; None where that is the one of the run.
    """

    name: str
    met: Callable[[], Iterator[Met]]
    folder: Path | None = None
    notes: tuple[str, ...] = ()
    method: str | None = None


def open_file(path: str, named: Mapping[str, str] | None = None) -> Source:
    """A file of rows in any form that seeds can have, or of preference pairs or rated answers as a run writes them.

    Args:
        path: of the file, or `hub:NAME`.
        named: names of fields, as the settings of seeds have them (`instruction`, `response` …), where they are said.

    Raises:
        UsageError: no such file, an unknown form, no usable row.
    """
    settings = SeedSettings.model_validate({**(named or {}), "source": path})
    return _source_of(stream_of(settings), Path(path).name, settings)


def open_run(folder: Path, *, what: str = "rows", edited: bool = False) -> Source:
    """What a run made.

    Args:
        folder: of the run.
        what: `rows` of its data set, preference `pairs`, or rated `answers` (which Magpie and best-answer keep).
        edited: take the edits that a person made on the page, where the row is still the one that was edited.

    Raises:
        UsageError: the run has nothing of that kind.
    """
    if what != "rows":
        return _kept_answers(folder, pairs=what == "pairs")
    path = folder / "dataset.jsonl"
    status = json_object(folder / "status.json")
    if not path.is_file() and (folder / "compare").is_dir():
        raise UsageError(
            f"The run {folder.name} is a comparison, which has no data set.",
            fix="--ab METHOD METHOD writes the rows of two of its contestants.",
        )
    if not path.is_file() or not path.stat().st_size:
        state = str(status.get("state") or "not finished")
        more = "" if state == "finished" else f" `autoevol resume {folder}` goes on with it."
        raise UsageError(
            f"The run {folder.name} has no row in its data set ({state}).",
            fix=f"`autoevol show {folder}` tells why.{more}",
        )
    stream = stream_of(SeedSettings(source=str(path)))
    notes: tuple[str, ...] = ()
    if status.get("state") != "finished":
        state = status.get("state") or "unknown"
        notes = (f"The run is not finished ({state}): these are the rows that are there.",)
    if edited:
        stream, told = _with_edits(stream, folder)
        notes += told
    source = _source_of(stream, f"the run {folder.name}")
    return Source(source.name, source.met, folder, notes)


def json_object(path: Path) -> dict[str, Any]:
    """A JSON object on disk; empty where there is none that can be read."""
    try:
        value: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


# ------------------------------------------------------------ rows of any form


def _source_of(stream: RowStream, name: str, named: SeedSettings | None = None) -> Source:
    first = [row.fields for row in islice(stream.rows(), _FIRST_ROWS) if row.fields is not None]
    if not first:
        raise UsageError(f"{stream.name} holds no rows.", fix="Give a file with one object a line.")
    if any("rejected" in row and "chosen" in row for row in first):
        return Source(name, lambda: _each(stream, _pair))
    if any("turns" in row and "measured" in row for row in first):
        return Source(name, lambda: _each(stream, _rated))
    fields = find_fields(named or SeedSettings(source=stream.name), first, stream.name)
    return Source(name, lambda: _each(stream, lambda row, id_: _example(row, id_, fields)))


def _each(stream: RowStream, read: Callable[[_Fields, str], Example]) -> Iterator[Met]:
    for row in stream.rows():
        yield _met(row, read)


def _met(row: RawRow, read: Callable[[_Fields, str], Example]) -> Met:
    if row.fields is None:
        return Unfit("blank-line" if row.blank else "unreadable", f"row-{row.line}", row.value)
    named = row.fields.get("id", row.fields.get("seed_id"))
    id_ = str(named) if isinstance(named, str | int) else f"row-{row.line}"
    try:
        return read(row.fields, id_)
    except BadRow as error:
        return Unfit("no-instruction" if error.empty else "unreadable", id_, row.fields)


def _example(row: _Fields, id_: str, fields: FieldMap) -> Example:
    """The last thing asked in a row, with all before it as its context."""
    asked, answer = pairs_of(row, fields)[-1]
    system, context = _ordered(asked.system, [*asked.context], asked.text)
    given = input_of(row, fields)
    bare = asked.text.removesuffix(given).rstrip() if given else asked.text
    if not given:
        bare, given = _task_and_input(row, asked.text)
    return Example(id_, bare, given, answer or "", system, tuple(context), asked.language, row=row)


def _ordered(system: str, context: list[Any], text: str) -> tuple[str, list[Any]]:
    """System prompt and earlier turns; a system turn among the latter goes to the former.

    Raises:
        BadRow: user and assistant do not take turns.
    """
    if not context:
        return system, context
    own, turns = user_turns([*context, *turns_of([{"role": "user", "content": text}], "instruction")])
    return "\n\n".join(dict.fromkeys(each for each in (system, own) if each.strip())), list(turns[-1][1])


def _task_and_input(row: _Fields, text: str) -> tuple[str, str]:
    """What Self-Instruct made as two texts and wrote as one."""
    came = row.get("provenance")
    said = cast("dict[str, object]", came) if isinstance(came, dict) else {}
    task, given = said.get("task"), said.get("input")
    if isinstance(task, str) and isinstance(given, str) and given.strip() and text == f"{task}\n\n{given}":
        return task, given
    return text, ""


# ------------------------------------------------------------ pairs and rated answers


def _pair(row: _Fields, id_: str) -> Example:
    system, turns = user_turns(_turns(row.get("prompt"), "prompt", "user"))
    text, context, answer = turns[-1]
    if answer is not None:
        raise BadRow("the prompt ends with an answer")
    own = row.get("system")
    chosen, rejected = (
        Rated(_last(row.get(name), name), _number(row.get(f"{name}_reward")), name) for name in ("chosen", "rejected")
    )
    return Example(
        id_, text, system=system or (own if isinstance(own, str) else ""), context=context,
        chosen=chosen, rejected=rejected, answers=(chosen, rejected), response=chosen.text,
        rated_by=str(row.get("reward_by") or ""), row=row,
    )  # fmt: skip


def _turns(value: object, name: str, speaker: str) -> list[Any]:
    return turns_of([{"role": speaker, "content": value}] if isinstance(value, str) else value, name)


def _last(value: object, name: str) -> str:
    """The text of an answer: text, a message, or messages of which the last one counts."""
    one = cast("object", [value]) if isinstance(value, dict) else value
    turns = _turns(one, name, "assistant")
    if not turns or turns[-1].speaker != "assistant":
        raise BadRow(f"field `{name}` is no answer")
    return str(turns[-1].text)


def _rated(row: _Fields, id_: str) -> Example:
    """A row of Magpie between its two passes: its turns, and further answers with their rewards."""
    measured = _object(row.get("measured") or {}, "measured")
    said = _asked_and_answered(row.get("turns") or [])
    if not said:
        raise BadRow("no turn", empty=True)
    *context, last, answer = turns_of(said, "turns")
    own = Rated(answer.text, _number(measured.get("reward")), "own")
    more = [
        Rated(text, _number(measured.get(f"{name}-reward")), name) for name, text in measured.items()
        if isinstance(text, str) and (name == "base" or name.removeprefix("answer-").isdecimal())
    ]  # fmt: skip
    return Example(
        id_, last.text, response=own.text, context=tuple(context),
        language=str(row.get("language") or ""), answers=(own, *more), row=row,
        rated_by=str(measured.get("reward_by") or ""),
    )  # fmt: skip


def _asked_and_answered(turns: object) -> list[dict[str, object]]:
    """The turns of Magpie as a chat.

    Raises:
        BadRow: no list of objects, each with the text of an instruction.
    """
    if not isinstance(turns, list):
        raise BadRow(f"field `turns` is {described(turns)}, not a list of turns")
    said: list[dict[str, object]] = []
    for each in cast("list[object]", turns):
        turn = _object(each, "turns")
        if not isinstance(turn.get("instruction"), str):
            raise BadRow("a turn has no text as its `instruction`")
        said += ({"role": "user", "content": turn["instruction"]},
                 {"role": "assistant", "content": turn.get("answer")})  # fmt: skip
    return said


def _object(value: object, name: str) -> _Fields:
    if not isinstance(value, dict):
        raise BadRow(f"field `{name}` holds {described(value)}, not an object")
    return cast("dict[str, object]", value)


def _number(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return float(value)
    except OverflowError:
        raise BadRow("a reward is too large a number") from None


def _kept_answers(folder: Path, *, pairs: bool) -> Source:
    """Pairs or rated answers of the rows that a run kept, from the parts that have any."""
    names = _PAIRS if pairs else (_MADE,)
    there = [path for name in names for path in sorted(folder.glob(f"[0-9]*-*/{name}")) if path.is_file()]
    files = [path for path in there if path.stat().st_size]
    if not files:
        kind = "preference pairs" if pairs else "answers with rewards"
        if there:  # somebody asked for them, and should not be told to
            raise UsageError(
                f"The run {folder.name} looked for {kind} and found none: {there[0].relative_to(folder)} is empty.",
                fix="The figures of that part say why; where answers are alike, more of them or warmer ones help.",
            )
        raise UsageError(
            f"The run {folder.name} has no {kind}.",
            fix="Magpie makes them (answers=5 with reward=endpoint or reward=judge, or base; docs/magpie.md), and so"
            " does best-answer (pairs=true; docs/answers.md).",
        )
    kept = {path.parent: _ids(_rows_file(folder, path.parent.name)) for path in files}

    def met() -> Iterator[Met]:
        for path in files:
            stream = stream_of(SeedSettings(source=str(path)))
            for each in _each(stream, _pair if pairs else _rated):
                if isinstance(each, Example) and each.id not in kept[path.parent]:
                    yield Unfit("dropped-by-the-run", each.id, each.row)
                else:
                    yield each

    return Source(f"the run {folder.name} ({', '.join(str(path.relative_to(folder)) for path in files)})", met, folder)


def _rows_file(folder: Path, place: str) -> Path:
    """Where the rows are that a part kept, after its guard."""
    parts: list[dict[str, Any]] = json_object(folder / "status.json").get("parts") or []
    for part in parts:
        named = folder / str(part.get("rows") or "")
        if part.get("place") == place and named.is_file():
            return named
    return folder / place / "dataset.jsonl"


def _ids(path: Path) -> set[str]:
    rows = stream_of(SeedSettings(source=str(path))).rows() if path.is_file() else iter(())
    return {str(row.fields.get("id")) for row in rows if row.fields is not None}


# ------------------------------------------------------------ edits by hand


def _with_edits(stream: RowStream, folder: Path) -> tuple[RowStream, tuple[str, ...]]:
    """The rows with the latest edit of each in it, marked; an edit of a row that has changed since is not taken."""
    edits = {each["row"]: each for each in read_by_hand(folder, EDITS) if isinstance(each.get("row"), str)}
    stale = 0
    for row in stream.rows():
        edit = edits.get(str((row.fields or {}).get("id")))
        if edit is not None and not _same(row.fields or {}, edit):
            del edits[edit["row"]]
            stale += 1

    def rows() -> Iterator[RawRow]:
        for row in stream.rows():
            edit = edits.get(str((row.fields or {}).get("id")))
            yield row if edit is None or row.fields is None else RawRow(row.line, _edited(row.fields, edit))

    notes = [f"{len(edits):,} row{'s' * (len(edits) != 1)} edited by hand."]
    if stale:
        notes.append(f"{stale:,} edit{'s' * (stale != 1)} left out: the row has changed since.")
    return RowStream(stream.name, stream.unit, rows), tuple(notes)


def _same(row: _Fields, edit: Mapping[str, Any]) -> bool:
    return edit.get("sign") in (None, text_sign(str(row.get("instruction")), str(row.get("response"))))


def _edited(row: _Fields, edit: Mapping[str, Any]) -> dict[str, object]:
    came = row.get("provenance")
    said = cast("dict[str, object]", came) if isinstance(came, dict) else {}
    texts = {name: edit[name] for name in ("instruction", "response") if isinstance(edit.get(name), str)}
    return {**row, **texts, "provenance": {**said, "edited_by_hand": edit.get("at")}}
