"""Which settings may change while a run goes on, and how a change is kept.

A setting is *harmless* where it says how calls are made, paid or waited for, or how rows are written: it changes no
question, no answer and no decision. Everything else is what the run's answers and decisions rest on, and is refused
with the reason. A change is an event with the old and the new value; the settings in force are those that the run
began with, and then every change in turn. So a later session, or a replay, needs not be told again.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ...agents.gateway.errors import UsageError
from .config import freeze, renewed, thaw
from .events import EventLog, read_events
from .folder import RunFolder
from .settings import Settings
from .tree import Tree

__all__ = ["EVENT", "FIXED", "HARMLESS", "Change", "asked_changes", "changes_in", "in_force", "pattern_of",
           "put_on_record", "settings_now"]  # fmt: skip

EVENT = "setting"
"""The kind of the event of a change."""

Path = tuple[str, ...]

HARMLESS: Mapping[str, str] = {
    "budget.*": "the caps count from the beginning of the run",
    "endpoints.*.rpm": "how fast calls go",
    "endpoints.*.tpm": "how fast calls go",
    "endpoints.*.input_tpm": "how fast calls go",
    "endpoints.*.output_tpm": "how fast calls go",
    "endpoints.*.concurrency": "how fast calls go",
    "endpoints.*.models.**": "how fast calls go",
    "endpoints.*.share_limits": "how fast calls go",
    "endpoints.*.connect_s": "how long is waited",
    "endpoints.*.first_byte_s": "how long is waited",
    "endpoints.*.stall_s": "how long is waited",
    "endpoints.*.total_s": "how long is waited",
    "endpoints.*.patience_s": "how long is waited",
    "endpoints.*.base_url": "where the same models are reached",
    "endpoints.*.replicas": "where the same models are reached",
    "endpoints.*.headers.**": "how the same models are reached",
    "endpoints.*.proxy": "how the same models are reached",
    "endpoints.*.ca_file": "how the same models are reached",
    "endpoints.*.cache_prompts": "how the same models are reached",
    "endpoints.*.embedding_batch": "how the same models are reached",
    "endpoints.*.key_env": "who pays",
    "endpoints.*.key_file": "who pays",
    "endpoints.*.organization": "who pays",
    "endpoints.*.project": "who pays",
    "endpoints.*.prices.**": "what calls cost from now on",
    "endpoints.*.fallback": "who answers in an outage; every row that it touches says so",
    "endpoints.*.fallback_model": "who answers in an outage; every row that it touches says so",
    "endpoints.*": "a new endpoint, for a fallback",
    "checks.on_error": "whether a check that fails stops the run; what it finds stays",
    "on_event": "who is told",
    "track.**": "who is told",
    "export.**": "how the finished rows are written for others",
    "reasoning": "how rows are written; all of them are written anew",
    "apply": "the data set is made, too (only from false to true)",
    "apply_limit": "more seeds are evolved (only upwards)",
}
"""Settings that may change, each with what that changes. `*` is one name, `**` everything below."""

FIXED: Mapping[str, str] = {
    "name": "the run's folder is named by it",
    "recipe": "it is what the run does",
    "profile": "it decided how every step was decided",
    "quirks": "they decided how every step was decided",
    "run_seed": "every random choice derives from it",
    "secret": "it is part of every prompt that holds data",
    "seeds.**": "it says which seeds were split into train, dev and test",
    "prompts": "it is part of every call that was made",
    "roles.**": "it is part of every call that was made",
    "responder_form": "it is part of every call that was made",
    "responder_prompt": "it is part of every call that was made",
    "model": "it is part of every call that was made",
    "judge": "scores from before and after could not be compared",
    "detectors": "scores from before and after could not be compared",
    "embedder": "candidates from before and after could not be compared",
    "student": "scores from before and after could not be compared",
    "checks.**": "scores from before and after could not be compared",
    "make.**": "it says which rows are made, and how",
    "compare.**": "it says who is compared, on what and how often",
    "search.method": "it is what the search began with",
    "search.steps": "the steps share the chance of a false acceptance, and those that were made had their part of it",
    "search.dev": "it decided which items were raced",
    "search.dev_pool": "it decided which items were raced",
    "search.rungs": "it decided which items were raced",
    "search.test": "it decided which seeds were kept for the test",
    "search.train": "it decided which seeds were kept for what",
    "search.apply_unconfirmed": "it decided what was made of the test; `autoevol evolve` applies any method",
    "search.**": "it decided what was proposed, raced and accepted",
    "reuse": "answers of other runs may come in only from the beginning",
    "endpoints.*.local": "another model would answer",
    "endpoints.*.packaged": "another model would answer",
    "endpoints.*.script": "another model would answer",
    "endpoints.*.wire": "the form of every call derives from it",
    "endpoints.*.output_form": "it is part of every call that was made",
    "endpoints.*.abilities.**": "what requests do without was settled by it",
}
"""Settings that may not change, each with the reason; the first pattern that fits counts."""

_ANY_ELSE = "the run's answers and decisions rest on it"
_ONE_WAY: Mapping[str, Callable[[Any, Any], bool]] = {
    "apply": lambda old, new: bool(new),
    "apply_limit": lambda old, new: old is not None and (new is None or new > old),
    # An address may move; an endpoint cannot become one of another kind.
    "endpoints.*.base_url": lambda old, new: old is not None and new is not None,
}
_WHY_NOT = {
    "apply": "rows that are made would be taken away",
    "apply_limit": "rows that are made would be taken away; it can only rise",
    "endpoints.*.base_url": "another model would answer",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One setting, by the names that lead to it, with its old and its new value (plain JSON values)."""

    path: Path
    old: Any
    new: Any

    @property
    def name(self) -> str:
        """As a person writes it."""
        return ".".join(self.path)

    @property
    def words(self) -> str:
        """What changed, in a line."""
        return f"{self.name}: {_shown(self.old)} is now {_shown(self.new)}"

    def as_fields(self) -> dict[str, Any]:
        """The fields of its event."""
        return {"path": list(self.path), "old": self.old, "new": self.new}


def changes_in(events: Iterable[Mapping[str, Any]]) -> tuple[Change, ...]:
    """The changes that a run's events tell of, in their order."""
    return tuple(
        Change(tuple(str(part) for part in event["path"]), event["old"], event["new"])
        for event in events
        if event["kind"] == EVENT
    )


def in_force(settings: Settings, changes: Iterable[Change]) -> Settings:
    """The settings after these changes.

    Raises:
        StorageError: a change does not fit the settings.
    """
    tree = freeze(settings)
    for change in changes:
        node = tree
        for part in change.path[:-1]:
            node = cast("Tree", node.setdefault(part, {}))
        node[change.path[-1]] = change.new
    return thaw(tree)


def settings_now(folder: RunFolder) -> Settings:
    """The settings in force in a run's folder: those it began with, and every change since.

    Raises:
        UsageError: the folder is no run.
        StorageError: its settings or events are damaged.
    """
    held = folder.read_json("settings.json")
    began = thaw(cast("Tree", held).get("settings") if isinstance(held, dict) else None)
    return in_force(began, changes_in(read_events(folder.path / "events.jsonl")))


def asked_changes(now: Settings, said: Mapping[str, object]) -> tuple[Change, ...]:
    """What differs from the settings in force, where all of it is harmless.

    Args:
        now: the settings in force.
        said: what a person says anew, as a tree.

    Raises:
        UsageError: there is no such setting, a value does not fit, or the setting cannot change in this run.
    """
    for name in ("model", "make"):  # `model` is frozen away; `make` is a list, and a part of it is no setting
        if name in said:
            raise _refused(Change((name,), None, said[name]), FIXED.get(name) or FIXED[f"{name}.**"])
    _check_endpoints(now, said.get("endpoints"))
    after = renewed(now, said)
    found = tuple(_differences(freeze(now), freeze(after), ()))
    for change in found:
        why = _why_not(change)
        if why:
            raise _refused(change, why)
    return found


def _check_endpoints(now: Settings, said: object) -> None:
    """A new endpoint says where it is; one that does not is a slip of the pen."""
    for name, value in cast("Tree", said).items() if isinstance(said, dict) else ():
        fields = cast("Tree", value) if isinstance(value, dict) else {"base_url": value}
        if name not in now.endpoints and not {"base_url", "local", "script"} & set(fields):
            close = difflib.get_close_matches(name, now.endpoints, n=1)
            fix = f"Did you mean '{close[0]}'?" if close else f"It has: {', '.join(sorted(now.endpoints))}."
            raise UsageError(f"This run has no endpoint '{name}'.", fix=fix)


def put_on_record(changes: Sequence[Change], events: EventLog, note: Callable[[str], None]) -> None:
    """Write the changes durably, before they have any effect.

    Args:
        changes: that are asked for now.
        events: of the run.
        note: takes a line for the person on each, and on what another cap does not undo.

    Raises:
        StorageError: they could not be written.
    """
    for change in changes:
        events.append(EVENT, **change.as_fields())
        note(f"From now on {change.words}.")
    if any(change.path[0] == "budget" for change in changes) and events.saved:
        note(
            f"The search stays ended as it was decided under the earlier caps ({events.saved}). To search on, start a "
            "new run with --reuse."
        )


def _why_not(change: Change) -> str:
    """Why this change is refused; empty where it is harmless."""
    free, fixed = pattern_of(change.path, HARMLESS), pattern_of(change.path, FIXED)
    if free is None or (free == "endpoints.*" and change.old is not None):
        return FIXED[fixed] if fixed is not None else _ANY_ELSE
    allowed = _ONE_WAY.get(free)
    return "" if allowed is None or allowed(change.old, change.new) else _WHY_NOT[free]


def pattern_of(path: Sequence[str], patterns: Iterable[str]) -> str | None:
    """The first pattern that a setting fits."""
    return next((pattern for pattern in patterns if _fits(path, pattern.split("."))), None)


def _fits(path: Sequence[str], pattern: Sequence[str]) -> bool:
    if pattern and pattern[-1] == "**":
        # Also the table itself, where all of it is new.
        return _fits(path[: len(pattern) - 1], pattern[:-1]) and len(path) >= len(pattern) - 1
    return len(path) == len(pattern) and all(want in {"*", part} for part, want in zip(path, pattern, strict=True))


def _differences(old: Mapping[str, object], new: Mapping[str, object], before: Path) -> Iterator[Change]:
    for key, value in new.items():
        here, was = (*before, key), old.get(key)
        if isinstance(value, Mapping) and isinstance(was, Mapping):
            yield from _differences(cast("Tree", was), cast("Tree", value), here)
        elif key not in old or value != was:
            yield Change(here, was, value)


def _refused(change: Change, why: str) -> UsageError:
    return UsageError(
        f"{change.name} cannot change while a run goes on: {why}.",
        fix="Start a new run with it; --reuse RUN takes over what this one has paid for, where the calls are the same.",
    )


def _shown(value: object) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
