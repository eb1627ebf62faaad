"""Training sets of two methods that differ in nothing but the method: the same seeds, in the same order, as many.

From what a comparison (or the test of a search) keeps of every item. Rows with findings stay in: what a filter would
take out of one set only would make the sets differ in more than the method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

from ....agents.gateway.errors import UsageError
from ...record.settings import SeedSettings
from ..language import language_of
from ..source import stream_of
from .example import Example, Unfit
from .reading import Met, Source, json_object

__all__ = ["open_matched"]

_PLACES = ("compare", "test")
_TEXTS_ONLY = "Items hold texts only: system prompts and earlier turns of the seeds are not in them."
_Key = tuple[str, ...]


def open_matched(folder: Path, first: str, second: str) -> tuple[Source, Source]:
    """Two sources with rows of the same items.

    Args:
        folder: of a run of `autoevol compare`, or of a search with a test.
        first, second: names of contestants (on a test `best`, `start`, `identity`, `just-longer`, `evol-instruct`).

    Raises:
        UsageError: there is no such contestant, or no item that both have answered.
    """
    files = {path.stem: path for place in _PLACES for path in sorted((folder / place).glob("*.jsonl"))}
    for name in (first, second):
        if name not in files:
            raise UsageError(
                f"The run {folder.name} has no items of {name!r}.",
                fix=f"It has those of {', '.join(files)}." if files else "Give a run of `autoevol compare`.",
            )
    if first == second:
        raise UsageError(f"{first} is named twice.", fix=f"Name two of {', '.join(files)}.")
    items = [_items(files[name], name) for name in (first, second)]
    both = [key for key, met in items[0].items() if isinstance(met, Example) and isinstance(items[1].get(key), Example)]
    if not both:
        told = "; ".join(f"{name}: {_tally(met)}" for name, met in zip((first, second), items, strict=True))
        raise UsageError(f"No item of {folder.name} was answered for both ({told}).", fix="Name two others.")
    notes = (f"Matched with {{}}: {len(both):,} rows of the same seeds in the same order.", _TEXTS_ONLY)
    one, other = (
        Source(f"the items of {name} in the run {folder.name}", partial(_met, mine, both), folder,
               (notes[0].format(rival), notes[1]), _method_text(folder, name))
        for name, rival, mine in ((first, second, items[0]), (second, first, items[1]))
    )  # fmt: skip
    return one, other


def _tally(items: Mapping[_Key, Met]) -> str:
    """`12 answered, 5 no-response`: an item that was only passed on (identity) is never answered."""
    counts = Counter("answered" if isinstance(met, Example) else str(met) for met in items.values())
    return ", ".join(f"{count:,} {what}" for what, count in counts.items()) or "none"


def _method_text(folder: Path, name: str) -> str:
    """The method of a contestant, where the run has it; a prompt or a method alike, line by line."""
    if name in {"best", "start"}:
        place = folder / ("method.md" if name == "best" else "steps/000/method.md")
        return place.read_text("utf-8", "replace") if place.is_file() else ""
    record = json_object(folder / "compare.json")
    for one in cast("list[dict[str, Any]]", record.get("contestants") or []):
        if one.get("label") == name:
            return "\n".join(str(clause) for clause in cast("list[object]", one.get("clauses") or []))
    return ""


def _met(mine: Mapping[_Key, Met], both: list[_Key]) -> Iterator[Met]:
    """The matched rows, in the order that both sets share; then why the others are not among them."""
    for key in both:
        yield mine[key]
    taken = set(both)
    for key, met in mine.items():
        if key not in taken:
            yield Unfit("unpaired") if isinstance(met, Example) else met


def _items(path: Path, name: str) -> dict[_Key, Met]:
    found: dict[_Key, Met] = {}
    for row in stream_of(SeedSettings(source=str(path))).rows():
        item = row.fields or {}
        key = tuple(str(item.get(part, "")) for part in ("set", "evolver", "seed_id", "draw"))
        found[key] = _read(item, name)
    return found


def _read(item: Mapping[str, object], name: str) -> Met:
    stages, response = item.get("stages"), item.get("response")
    texts = [each for each in cast("list[object]", stages) if isinstance(each, str)] if isinstance(stages, list) else []
    if item.get("fault") or not texts or (len(texts) < 2 and name != "identity"):
        return Unfit("no-instruction")
    if not isinstance(response, str) or not response.strip() or item.get("response_fault"):
        return Unfit("no-response")
    seed = str(item.get("seed_id") or "")
    came: dict[str, Any] = {
        "seed_id": seed, "seed_instruction": texts[0], "method_id": item.get("method_id"), "score": item.get("score"),
        "findings": item.get("findings") or [], "rounds": len(texts) - 1,
    }  # fmt: skip
    row: dict[str, Any] = {
        "id": seed,
        "instruction": texts[-1],
        "response": response,
        "system": "",
        "context": [],
        "provenance": came,
    }
    return Example(seed, texts[-1], response=response, language=language_of(texts[-1]), row=row)
