"""What a person sends from a page, checked and put on record. The texts it is about are looked up in the run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from ..dataset.language import language_of
from ..pages.files import RunFiles
from ..pages.records import DataRecord
from ..record.by_hand import EDITS, keep, put_label, text_sign
from ..scoring.labelled import DOMAINS, FLAWS
from ..scoring.quality import QUESTIONS, Sampled, open_review
from .items import find_item
from .sides import is_group

__all__ = ["Refused", "answer_row", "edit_row", "edited_lines", "find_row", "label_item"]

_LONGEST = 200_000  # characters of a text that is sent


class Refused(Exception):
    """What was sent cannot be taken; its text says why."""


def label_item(folder: Path, sent: Mapping[str, Any]) -> str:
    """A verdict on one evolution, in the form that `autoevol judge-audit` reads.

    Raises:
        Refused: the item is not there or not as it was shown, or the verdict makes no sense.
        StorageError: it cannot be written.
    """
    group, item = _text(sent, "group"), _text(sent, "item")
    good, flaws, why = sent.get("good"), sent.get("flaws"), _text(sent, "why", needed=False)
    domain = sent.get("domain") if sent.get("domain") in DOMAINS else "chat"
    flaws = [flaw for flaw in FLAWS if flaw in cast("list[object]", flaws)] if isinstance(flaws, list) else []
    if not isinstance(good, bool) or good == bool(flaws):
        raise Refused("Say that it is good, or what is wrong with it.")
    name, (seed, evolved, response) = _judged(folder, group, item, _text(sent, "sign", needed=False))
    put_label(folder, {
        "id": name, "language": language_of(evolved or seed), "domain": domain, "seed": seed,
        "seed_response": None, "evolved": evolved, "response": response, "good": good, "flaws": flaws,
        "why": why or "by hand",
    })  # fmt: skip
    return "Kept in labels.jsonl."


def edit_row(folder: Path, sent: Mapping[str, Any]) -> str:
    """A row of the data set written anew. The row itself stays as it is.

    Raises:
        Refused: there is no such row, or nothing is changed.
        StorageError: it cannot be written.
    """
    row = find_row(folder, _text(sent, "row"))
    texts = {name: _text(sent, name, needed=False) for name in ("instruction", "response")}
    if not texts["instruction"].strip():
        raise Refused("A row needs an instruction.")
    if (row.instruction, row.response) == (texts["instruction"], texts["response"]):
        raise Refused("Nothing is changed.")
    keep(folder, EDITS, {
        "row": row.id, "at": _now(), "sign": text_sign(row.instruction, row.response), **texts,
        "why": _text(sent, "why", needed=False),
    })  # fmt: skip
    return "Kept in edits.jsonl; the row itself stays as it is."


def answer_row(folder: Path, sent: Mapping[str, Any]) -> str:
    """The answers to the four questions about a row.

    Raises:
        Refused: there is no such row, or a question has no answer.
        StorageError: they cannot be written.
    """
    row = find_row(folder, _text(sent, "row"))
    said = {name: sent.get(name) for name in QUESTIONS}
    if not all(isinstance(each, bool) for each in said.values()):
        raise Refused("Answer all four questions.")
    sampled = Sampled(row.id, row.instruction, row.response)
    open_review(folder, [sampled]).answer(sampled, {name: bool(each) for name, each in said.items()}, _now())
    return "Kept in quality.jsonl."


def find_row(folder: Path, row_id: str) -> DataRecord:
    """A row of the data set.

    Raises:
        Refused: there is none of this id.
    """
    rows = RunFiles(folder).rows("dataset.jsonl", DataRecord)
    found = next((row for row in rows if row.id == row_id), None)
    if found is None:
        raise Refused("The data set has no such row.")
    return found


def edited_lines(folder: Path, edits: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The data set with the edits in it, each marked; of two edits of a row the later one."""
    lines: list[str] = []
    for line in (folder / "dataset.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        edit = edits.get(row.get("id", ""))
        if edit is not None:
            provenance = {**row.get("provenance", {}), "edited_by_hand": edit["at"]}
            row |= {"instruction": edit["instruction"], "response": edit["response"], "provenance": provenance}
        lines.append(json.dumps(row, ensure_ascii=False))
    return lines


def _judged(folder: Path, group: str, item: str, sign: str) -> tuple[str, tuple[str, str, str | None]]:
    """The name of a verdict, and the texts that it is about; `sign` is of those that were on the screen."""
    if group == "dataset":
        row = find_row(folder, item)
        return f"{group}/{item}", (row.provenance.seed_instruction, row.instruction, row.response or None)
    found = find_item(folder, group, item, sign) if is_group(group) else None
    if found is None or not found[0].stages:
        raise Refused(f"There is no such item{', or it has changed since: load the page again' if sign else ''}.")
    one, place = found
    # Sets and draws of a comparison share ids: a verdict on one of them must not take the place of another.
    name = f"{group}/{item}" + (f"#{place + 1}" if place else "")
    return name, (one.stages[0], one.stages[-1] if len(one.stages) > 1 else "", one.response)


def _text(sent: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str) or (needed and not value) or len(value) > _LONGEST:
        raise Refused(f"{name} is not a text that can be taken.")
    return value.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
