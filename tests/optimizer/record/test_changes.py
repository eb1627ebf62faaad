"""Settings that change while a run goes on: the harmless ones, kept as events; the others, refused with the reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.agents.gateway.errors import StorageError, UsageError
from autoevol.optimizer.record.changes import (
    EVENT,
    FIXED,
    HARMLESS,
    Change,
    asked_changes,
    changes_in,
    in_force,
    pattern_of,
    settings_now,
)
from autoevol.optimizer.record.config import freeze, resolve
from autoevol.optimizer.record.events import EventLog
from autoevol.optimizer.record.folder import RunFolder
from autoevol.optimizer.record.settings import Settings
from autoevol.optimizer.record.tree import Tree

DOCS = Path(__file__).parents[3] / "docs"
SAID: Tree = {
    "model": "m.1",
    "endpoints": {"default": {"base_url": "http://h/v1"}, "spare": {"local": "smollm2-135m"}},
    "apply_limit": 50,
}


@pytest.fixture
def settings() -> Settings:
    """Of a run."""
    return resolve(None, SAID)


def _default(**fields: object) -> Tree:
    return {"endpoints": {"default": dict(fields)}}


@pytest.mark.parametrize(
    ("said", "name", "old", "new"),
    [
        ({"budget": {"calls": 500}}, "budget.calls", None, 500),
        (_default(rpm=60), "endpoints.default.rpm", None, 60.0),
        (_default(concurrency=3), "endpoints.default.concurrency", None, 3),
        (_default(patience_s=5), "endpoints.default.patience_s", 900.0, 5.0),
        (_default(key_env="OTHER_KEY"), "endpoints.default.key_env", None, "OTHER_KEY"),
        (_default(base_url="http://other/v1"), "endpoints.default.base_url", "http://h/v1", "http://other/v1"),
        (_default(fallback="spare"), "endpoints.default.fallback", None, "spare"),
        (_default(headers={"x-title": "a"}), "endpoints.default.headers.x-title", None, "a"),
        ({"checks": {"on_error": "stop"}}, "checks.on_error", "go-on", "stop"),
        ({"reasoning": "apart"}, "reasoning", "strip", "apart"),
        ({"apply_limit": 51}, "apply_limit", 50, 51),
        ({"apply_limit": "none"}, "apply_limit", 50, None),
    ],
)
def test_a_harmless_setting_changes(settings: Settings, said: Tree, name: str, old: object, new: object) -> None:
    """It is told with both values, and holds in the settings in force."""
    (change,) = asked_changes(settings, said)

    assert (name, old, new) == (change.name, change.old, change.new)
    assert () == asked_changes(in_force(settings, [change]), said)


def test_what_is_said_as_it_was_is_no_change(settings: Settings) -> None:
    """Also a whole list of settings that happen to be the same."""
    assert () == asked_changes(settings, {"search": {"steps": 10}, **_default(patience_s=900)})


def test_a_price_and_an_endpoint_may_come_new(settings: Settings) -> None:
    """Names of models hold dots, so the place of a change is a list of names."""
    default = {"prices": {"m.1": {"input": 1, "output": 2}}, "fallback": "third"}
    said: Tree = {"endpoints": {"default": default, "third": {"local": "x.gguf"}}}

    changes = asked_changes(settings, said)
    after = in_force(settings, changes)

    assert {
        ("endpoints", "default", "prices", "m.1"),
        ("endpoints", "default", "fallback"),
        ("endpoints", "third"),
    } == {change.path for change in changes}
    assert 2.0 == after.endpoints["default"].prices["m.1"].output
    assert "third" == after.endpoints["default"].fallback


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"search": {"dev": 3}}, "search.dev cannot change while a run goes on: it decided which items were raced"),
        ({"search": {"steps": 99}}, "the steps share the chance of a false acceptance"),
        ({"search": {"alpha": 0.5}}, "it decided what was proposed, raced and accepted"),
        ({"roles": {"judge": {"model": "z"}}}, "roles.judge.model cannot change"),
        ({"model": "z"}, "model cannot change"),
        ({"judge": False}, "scores from before and after could not be compared"),
        ({"checks": {"sandbox": "off"}}, "scores from before and after could not be compared"),
        ({"seeds": {"limit": 3}}, "which seeds were split"),
        ({"run_seed": 3}, "every random choice derives from it"),
        ({"apply": False}, "rows that are made would be taken away"),
        ({"apply_limit": 49}, "it can only rise"),
        (_default(output_form="json"), "it is part of every call that was made"),
        ({"endpoints": {"spare": {"local": "other.gguf"}}}, "another model would answer"),
    ],
)
def test_a_setting_that_answers_or_decisions_rest_on_is_refused(settings: Settings, said: Tree, words: str) -> None:
    """With the reason, and the way to a new run."""
    with pytest.raises(UsageError, match=re.escape(words)) as refused:
        asked_changes(settings, said)

    assert "--reuse" in str(refused.value)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"serch": {"dev": 3}}, "There is no setting serch on the command line"),
        (_default(rpmm=3), "Did you mean endpoints.default.rpm?"),
        (_default(rpm=-1), "endpoints.default.rpm on the command line must be greater than 0"),
        (_default(key_env="sk-proj-abcdefgh12345678"), "looks like a key"),
        (_default(fallback="nobody"), "which is no other endpoint"),
    ],
)
def test_what_is_no_setting_or_does_not_fit_is_refused_as_everywhere(
    settings: Settings, said: Tree, words: str
) -> None:
    """The same sentences as when a run begins."""
    with pytest.raises(UsageError, match=re.escape(words)):
        asked_changes(settings, said)


def test_one_refused_setting_refuses_all(settings: Settings) -> None:
    """Half of what was said must not happen."""
    with pytest.raises(UsageError, match=r"search\.dev"):
        asked_changes(settings, {"budget": {"calls": 5}, "search": {"dev": 3}})


def test_changes_are_kept_as_events_and_read_back_in_their_order(settings: Settings, tmp_path: Path) -> None:
    """The last one counts; a person finds old and new values in the file."""
    folder = RunFolder(tmp_path)
    folder.write_json("settings.json", {"settings": freeze(settings)})
    events = EventLog(tmp_path / "events.jsonl")
    for rpm in (60, 30):
        for change in asked_changes(settings_now(folder), _default(rpm=rpm)):
            events.append(EVENT, **change.as_fields())

    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text(encoding="utf-8").splitlines()]

    assert [(None, 60.0), (60.0, 30.0)] == [(row["old"], row["new"]) for row in rows]
    assert 30.0 == settings_now(folder).endpoints["default"].rpm
    assert [change.path for change in changes_in(rows)] == [("endpoints", "default", "rpm")] * 2


def test_an_event_that_does_not_fit_is_a_damaged_record(settings: Settings) -> None:
    """One sentence, no traceback."""
    with pytest.raises(StorageError, match="cannot be used"):
        in_force(settings, [Change(("endpoints", "default", "rpm"), None, "fast")])


def _leaves(model: type[BaseModel], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _leaves(inner, (*before, name))
        else:
            yield (*before, name)


def test_every_setting_is_either_harmless_or_refused_with_its_own_reason() -> None:
    """A setting that is new needs a line in one of the two tables, or stands in a part that has one."""
    every = [path for path in _leaves(Settings) if path != ("endpoints",)]
    every += [("endpoints", "default", name) for name in Endpoint.model_fields]

    assert [] == [path for path in every if pattern_of(path, (*HARMLESS, *FIXED)) is None]


def test_the_docs_list_what_may_change_and_what_may_not() -> None:
    """The tables of docs/runs.md are those of the code."""
    text = (DOCS / "runs.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|$", text.partition("### Change a setting")[2], re.MULTILINE))

    shown = {name.replace("endpoints.*", "endpoints.NAME"): words for name, words in {**HARMLESS, **FIXED}.items()}
    assert shown == {name: rows.get(name, "") for name in shown}
