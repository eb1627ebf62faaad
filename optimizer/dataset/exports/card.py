"""The card of a data set: a README whose head the Hub reads, and what a person should know before using the data.

Only names, counts and the method are in it: no path of the machine, no address, no key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from ....agents.gateway.books.bills import finished_calls
from ....agents.gateway.errors import StorageError
from ...record.keys import hide_keys
from .forms import Form
from .reading import json_object
from .tally import Tally
from .writers import Writer, limits_of, writers_of, wrote

__all__ = ["Subject", "write_card"]

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
REASONS: Mapping[str, str] = {
    "blank-line": "a line with nothing on it",
    "unreadable": "not an object, a field of the wrong type, or a value that JSON does not have",
    "no-instruction": "nothing is asked",
    "no-response": "no answer",
    "no-preference-pair": "no pair of answers",
    "equal-answers": "both answers are the same",
    "fewer-than-two-rewards": "fewer than two answers have a reward",
    "dropped-by-the-run": "the run dropped the row after its answers were rated",
    "system-prompt": "the trainer's reader of this form would pass over the system prompt",
    "earlier-turns": "the trainer's reader of this form would pass over the earlier turns",
    "unpaired": "the other method has no row of the same seed",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a card is about.

    Args:
        title: of the data set.
        form: of its rows.
        data: name of its file, as the card's head gives it; empty where there is no single one.
        source: the run or file, in words.
        folder: of the run; None where it was a file.
        license: of the data, as the Hub names it; empty where nobody said.
        notes: sentences of the export.
        method: the evolving method of the rows; None for the one of the run.
    """

    title: str
    form: Form
    data: str
    source: str
    folder: Path | None
    license: str = ""
    notes: Sequence[str] = ()
    method: str | None = None


def write_card(subject: Subject, tally: Tally) -> str:
    """The card as Markdown with its YAML head."""
    writers = writers_of(tally.writers, {str(part.get("recipe")) for part in _parts(subject.folder)})
    lines = [
        f"---\n{yaml.safe_dump(_head(subject, tally, writers), sort_keys=False, allow_unicode=True)}---",
        f"\n# {_plain(subject.title)}\n",
        f"{tally.written:,} row{'s' * (tally.written != 1)}: {subject.form.what}. Made by AutoEvol from "
        f"{_plain(subject.source)}. {wrote(writers)}\n",
        *_columns(subject.form),
        *_counts(tally),
        *(_run(subject.folder, subject.method) if subject.folder is not None else ()),
        *_limits(subject, tally, writers),
    ]
    return "\n".join(lines) + "\n"


def _head(subject: Subject, tally: Tally, writers: Mapping[Writer, int]) -> dict[str, Any]:
    head: dict[str, Any] = {"pretty_name": _plain(subject.title)}
    if subject.license:
        head["license"] = subject.license
    languages = sorted(code for code in tally.languages if re.fullmatch("[a-z]{2}", code))
    if languages:
        head["language"] = languages
    head["task_categories"] = ["text-generation"]
    head["size_categories"] = [next((name for most, name in _SIZES if tally.written < most), "n>1M")]
    made = ["synthetic"] if writers.keys() - {"given"} else []
    head["tags"] = [*made, "autoevol", "instruction-tuning", subject.form.name]
    if subject.data:
        head["configs"] = [{"config_name": "default", "data_files": [{"split": "train", "path": subject.data}]}]
    return head


def _columns(form: Form) -> Iterator[str]:
    if form.columns is not None:
        yield "| column | kind |\n|---|---|"
        yield from (f"| `{name}` | {_KINDS[kind]} |" for name, kind in form.columns.items())
        yield ""


_KINDS = {
    "text": "text", "texts": "list of texts", "number": "number", "numbers": "list of numbers",
    "turns": "list of messages (`role`, `content`)", "turn": "a message (`role`, `content`)",
    "said": "list of messages (`from`, `value`)", "says": "a message (`from`, `value`)",
    "pairs": "list of earlier turns, each a question and its answer",
}  # fmt: skip


def _counts(tally: Tally) -> Iterator[str]:
    yield "## Counts\n"
    yield f"- rows read: {tally.read:,}; written: {tally.written:,}"
    yield from (f"- left out, `{reason}`: {count:,} ({REASONS.get(reason, reason)})"
                for reason, count in tally.counts.items())  # fmt: skip
    if tally.with_system:
        yield f"- with a system prompt: {tally.with_system:,}"
    if tally.with_history:
        yield f"- with earlier turns: {tally.with_history:,}"
    if tally.edited:
        yield f"- edited by a person: {tally.edited:,}"
    if len(tally.languages) > 1:
        yield "- languages: " + ", ".join(f"{name} {count:,}" for name, count in tally.languages.most_common())
    if tally.models:
        yield "- models that took part: " + ", ".join(f"`{_plain(name)}`" for name in sorted(tally.models))
    yield ""


def _run(folder: Path, method: str | None) -> Iterator[str]:
    """How the run made the rows."""
    status, frozen = json_object(folder / "status.json"), json_object(folder / "settings.json")
    settings = cast("dict[str, Any]", frozen.get("settings") or {})
    yield "## How it was made\n"
    recipe, profile, begun, state = (_plain(status.get(name)) for name in ("recipe", "profile", "started", "state"))
    yield f"- run: {_plain(folder.name)}, recipe `{recipe}`, profile `{profile}`"
    yield f"- AutoEvol {_plain(frozen.get('autoevol'))}, begun {begun}, {state}"
    yield f"- seeds: {_seeds(settings, status)}"
    for part in cast("list[dict[str, Any]]", status.get("parts") or []):
        yield (
            f"- part `{_plain(part.get('place'))}`: {_whole(part.get('in'))} in, {_whole(part.get('created'))} made, "
            f"{_whole(part.get('out'))} out{_reasons(part.get('dropped'))}"
        )
    if "rows_in" in status or "rows_out" in status:  # a comparison makes no rows
        yield (
            f"- the whole run: {_whole(status.get('rows_in'))} rows in, {_whole(status.get('rows_out'))} out"
            f"{_reasons(status.get('dropped'))}"
        )
    cost = status.get("cost_usd")
    money = f"{cost:,.4f} USD" if isinstance(cost, int | float) else "price unknown"
    yield f"- cost: {_calls(folder, status)}, {_whole(status.get('tokens'))} tokens, {money}\n"
    yield from _story(status, folder)
    if method is not None:
        yield from _fenced("The evolving method of these rows:", hide_keys(method)) if method.strip() else ()
        return
    for path in [folder / "method.md", *sorted(folder.glob("*/method.md"))]:
        if path.is_file():
            yield from _fenced(
                "The evolving method that was applied or found best:", hide_keys(path.read_text("utf-8", "replace"))
            )
            break


def _calls(folder: Path, status: Mapping[str, Any]) -> str:
    """As the page counts them; a run's status counts what went over the wire, in which texts go together."""
    try:
        finished = sum(entry.sum.calls for entry in finished_calls(folder))
    except StorageError:
        return f"{_whole(status.get('calls'))} calls"
    return f"{finished:,} calls in {_whole(status.get('calls'))} attempts"


def _story(status: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """Only of a run that finished: one that stopped quotes what stopped it, with addresses and a server's words."""
    story = status.get("story")
    if status.get("state") != "finished":
        yield "Its own story is told here only where a run has finished.\n"
    elif isinstance(story, str) and story.strip():
        for place in (folder.resolve(), folder):
            story = story.replace(f"{place}/", "")
        yield from _fenced("What the run said of itself:", hide_keys(story))


def _seeds(settings: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    source = str(cast("dict[str, Any]", settings.get("seeds") or {}).get("source") or "")
    name = source if source.startswith("hub:") else Path(source).name
    read = cast("dict[str, Any]", status.get("seeds") or {}).get("seeds")
    return f"`{_plain(name)}` ({_whole(read)} seeds)" if name else "none"


def _reasons(dropped: object) -> str:
    found = cast("dict[str, object]", dropped) if isinstance(dropped, dict) else {}
    return (
        f", dropped: {', '.join(f'{_plain(name)} {_whole(count)}' for name, count in found.items())}" if found else ""
    )


def _limits(subject: Subject, tally: Tally, writers: Mapping[Writer, int]) -> Iterator[str]:
    yield "## Limits\n"
    yield from (f"- {sentence}" for sentence in limits_of(writers))
    if subject.license:
        yield f"- Licence as told by who exported it: `{subject.license}`."
    else:
        yield "- No licence was told: the licences of the seeds hold, look them up before you publish."
    if tally.looked:
        yield (
            f"- A guard model looked at {tally.looked:,} of the rows and calls {tally.harmful:,} harmful "
            f"({tally.harmful / tally.looked:.1%})."
        )
    else:
        yield "- No guard model has looked for harmful rows."
    for part in _parts(subject.folder):
        guard = cast("dict[str, Any]", part.get("guard") or {})
        if guard.get("looked"):
            yield (
                f"- In `{_plain(part.get('place'))}` the guard looked at {_whole(guard.get('looked'))} rows: "
                f"{_whole(guard.get('harmful'))} harmful, {_whole(guard.get('silent'))} without a word."
            )
    yield "- Overlap with benchmarks is not told here; `autoevol overlap` measures it."
    yield from (f"- {_plain(note)}" for note in subject.notes)


def _parts(folder: Path | None) -> list[dict[str, Any]]:
    return [] if folder is None else json_object(folder / "status.json").get("parts") or []


def _fenced(title: str, text: str) -> Iterator[str]:
    """Text of others, which can neither end its fence nor be read as a page."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{title}\n\n{fence}text\n{text.strip()}\n{fence}\n"


def _plain(value: object) -> str:
    """One line without anything that Markdown or HTML would take for itself."""
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in str(value or "unknown")).split())
    return re.sub(r"[`<>|\[\]]", "", text)[:300]


def _whole(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else "unknown"
