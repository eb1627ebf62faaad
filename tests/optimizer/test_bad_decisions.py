"""Runs whose decisions go wrong: nothing to decide on, nothing to choose from, judges, detectors and programs gone bad.

Each is contained and named in the record, and the run ends cleanly or goes on without it, as the settings say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import anyio
import pytest

from autoevol.optimizer.scoring import detectors
from autoevol.optimizer.scoring.examine.contained import findings_of
from autoevol.optimizer.scoring.sandbox import isolation
from tests.actors import act
from tests.model_server import Body, ModelReply, ModelServer
from tests.optimizer.calling import Call
from tests.optimizer.small_run import evolve_with, only_run, optimize_with, results


def _instead(role: str, reply: Callable[[Body], str]) -> Callable[[Body], ModelReply]:
    """One role says something of its own, the others act as ever."""

    def respond(body: Body) -> ModelReply:
        return ModelReply(reply(body)) if body["model"] == f"m-{role}" else act(body)

    return respond


def _asked(server: ModelServer) -> set[str]:
    return {str(body["model"]) for body in server.bodies}


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


# ---------------------------------------------------------------- nothing to decide on, nothing to choose from


def test_one_seed_leaves_nothing_to_decide_on_and_no_step_is_begun(
    call: Call, config: Path, server: ModelServer
) -> None:
    """The starting method is applied, and the person reads why."""
    seeds = config.with_name("seeds.jsonl")
    seeds.write_text(seeds.read_text(encoding="utf-8").splitlines(keepends=True)[1], encoding="utf-8")

    said = call(*optimize_with(config))

    assert 0 == said.code
    assert (
        "0 steps, 0 changes of the method; the search stopped because there are no dev seeds to decide on." in said.out
    )
    assert "There was no test split to confirm the method on." in said.out
    assert "1 seeds in" in said.out
    assert not {"m-analyst", "m-refiner"} & _asked(server)


@pytest.mark.parametrize("role", ["analyst", "refiner"])
def test_where_no_proposal_can_be_read_the_incumbent_stays(
    call: Call, config: Path, server: ModelServer, role: str
) -> None:
    """No dev item is spent on nothing; each proposal is on record with its reason."""
    server.respond = _instead(role, lambda _: "As a language model I love methods!")

    said = call(*optimize_with(config))

    run = only_run(config.parent)
    rows = [json.loads(path.read_text()) for path in sorted(run.glob("steps/000/candidates/*/candidate.json"))]
    assert 0 == said.code
    assert "Kept the incumbent: no proposal passed the checks." in said.out
    assert 2 == len(rows)
    assert all(row["problems"] for row in rows)
    assert [] == list(run.glob("steps/000/candidates/*/dev.jsonl"))
    assert "incumbent" in json.loads((run / "steps/000/decision.json").read_text())["reason"]


# ---------------------------------------------------------------- the judge


def _verdict(word: str, harder: str) -> Callable[[Body], str]:
    fields = "".join(f"{name}: {word}\n" for name in ("valid", "self_contained", "consistent", "intent"))
    return lambda _: f"<verdict>\ndifference: longer\nharder: {harder}\nquote: balls\n{fields}</verdict>"


def _chatty(_body: Body) -> str:
    return "Both are lovely."


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (_verdict("unsure", "unsure"), "The judge abstained on every item: its opinion decides nothing."),
        (_verdict("yes", "same"), "The judge said yes to everything: validity is not checked."),
        (_chatty, "Not one answer of the judge could be read: its opinion decides nothing."),
    ],
)
def test_a_judge_that_says_nothing_is_named_and_the_run_goes_on(
    call: Call, config: Path, server: ModelServer, reply: Callable[[Body], str], words: str
) -> None:
    """In judge.json and in the report; such a judge makes no candidate better."""
    server.respond = _instead("judge", reply)

    said = call(*optimize_with(config))

    run = only_run(config.parent)
    assert 0 == said.code
    assert words in json.loads((run / "judge.json").read_text(encoding="utf-8"))["problems"]
    assert words in re.sub(r"&#39;", "'", (run / "report.html").read_text(encoding="utf-8"))
    assert all(
        json.loads(path.read_text(encoding="utf-8"))["accepted"] is None for path in run.glob("steps/*/decision.json")
    )


# ---------------------------------------------------------------- detectors


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A detector that fails on every item."""

    def fail(_pair: object) -> NoReturn:
        raise RecursionError("nobody foresaw this text")

    monkeypatch.setattr(detectors, "DETECTORS", MappingProxyType({**detectors.DETECTORS, "asks-back": fail}))
    findings_of.cache_clear()
    yield
    findings_of.cache_clear()


@pytest.mark.usefixtures("broken")
def test_a_detector_that_raises_costs_a_note_and_not_the_run(call: Call, config: Path) -> None:
    """Its items are kept, and say which detector failed."""
    said = call(*optimize_with(config))

    rows = _rows(only_run(config.parent) / "dataset.jsonl")
    failed = {f["evidence"] for row in rows for f in row["provenance"]["findings"] if f["kind"] == "check-failed"}
    assert 0 == said.code
    assert {"asks-back: RecursionError"} == failed


@pytest.mark.usefixtures("broken")
def test_it_stops_the_run_where_the_settings_say_so_and_the_run_can_go_on_without_it(
    call: Call, config: Path, server: ModelServer
) -> None:
    """The setting may change on resume, and the end is that of a run that never stopped."""
    assert 0 == call(*optimize_with(config), "--name", "plain").code

    stopped = call(*optimize_with(config), "--name", "strict", "--set", 'checks.on_error="stop"')
    resumed = call("resume", "strict", "--quiet", "--set", 'checks.on_error="go-on"')

    (plain,), (strict,) = (list((config.parent / "runs").glob(f"*-{name}")) for name in ("plain", "strict"))
    assert (2, 0) == (stopped.code, resumed.code)
    assert "The check 'asks-back' failed on an item (RecursionError)." in stopped.err
    assert "else continue with: autoevol resume" in stopped.err
    assert results(plain) == results(strict)


# ---------------------------------------------------------------- programs

BAD = {
    "spin": "while True:\n        pass",
    "split": "import os\n    while os.fork() >= 0:\n        pass",
    "swell": "rows = []\n    while True:\n        rows.append(bytearray(10**8))",
}


def _function(text: str) -> str:
    return next(name for name in BAD if f"{name}(" in text)


def _evolver(body: Body) -> str:
    name = _function(str(body["messages"][-1]["content"]))
    return (
        f"<evolved>Write a Python function {name}(x) that gives twice its argument, also for numbers below zero, and "
        f"say in one sentence why it is right.\n\n>>> {name}(4)\n8\n>>> {name}(-2)\n-4</evolved>"
    )


def _responder(body: Body) -> str:
    name = _function(str(body["messages"][-1]["content"]))
    return f"It doubles.\n\n```python\ndef {name}(x):\n    {BAD[name]}\n    return 2 * x\n```"


def _coder(body: Body) -> ModelReply:
    return ModelReply(_evolver(body) if body["model"] == "m-evolver" else _responder(body))


def test_a_program_that_loops_forks_or_fills_memory_is_ended_in_its_sandbox(
    call: Call, config: Path, server: ModelServer
) -> None:
    """Findings name the limit that was met; what each program did is on record, and it is run once."""
    if anyio.run(isolation).missing:
        pytest.skip("this machine cannot shut programs in")
    rows = [{"question": f"Write a Python function {name}(x) that doubles.\n\n>>> {name}(4)\n8"} for name in BAD]
    config.with_name("seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    server.respond = _coder

    said = call(*evolve_with(config))
    run = only_run(config.parent)
    dropped, ran = _rows(run / "dropped.jsonl"), _ran(run)
    again = call("resume", "bad", "--quiet")

    assert (0, 0) == (said.code, again.code)
    assert "3 seeds in, 1 rows out, 2 dropped" in said.out
    assert {"time limit", "memory limit", "too many processes"} == {str(value["detail"]) for value in ran.values()}
    # A fork says more of the sandbox than of the answer: other machines would let it.
    assert [("code-fails", "the code fails: time limit"), ("code-fails", "the code fails: memory limit")] == [
        (row["reason"], row["detail"]) for row in dropped
    ]
    assert ran == _ran(run)


def _ran(run: Path) -> dict[str, Any]:
    events = _rows(run / "events.jsonl")
    return {e["point"]: e["value"] for e in events if e["kind"] == "decision" and e["point"].startswith("ran/")}
