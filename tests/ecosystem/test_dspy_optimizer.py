"""AutoEvol as an optimizer of DSPy's own programs: what users of DSPy rely on, and what our laws ask."""

from __future__ import annotations

import asyncio
import importlib
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import BudgetReached, UsageError
from autoevol.optimizer.bridges.dspy_lm import gateway_lm, open_door
from autoevol.optimizer.bridges.teleprompter import AutoEvol
from tests.model_server import Body, ModelReply, ModelServer, model_server
from tests.sorting_office import RULE, chat, examples, right, sorts, tree

dspy: Any = importlib.import_module("dspy")  # it ships no types
callback: Any = importlib.import_module("dspy.utils.callback")
EXAMPLES = examples(dspy)
SORT = dspy.Predict("text -> label")


def quiet(_line: str) -> None:
    """Nobody listens."""


def optimizer(base_url: str, folder: Path, metric: Any = right, **said: Any) -> AutoEvol:
    """One with a small search."""
    mine = {name: said.pop(name) for name in ("predictors", "max_metric_calls") if name in said}
    return AutoEvol(metric, settings=tree(base_url, **said), folder=folder, on_notice=quiet, **mine)


def one_argument(_gold: Any) -> int:
    """Not a metric."""
    return 1


class Heard(callback.BaseCallback):  # type: ignore[misc]
    """Keeps what it is told of compilations."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Kept."""
        self.told.append(sorted(inputs))

    def on_compile_end(self, call_id: str, outputs: Any, exception: Exception | None = None) -> None:
        """Kept."""
        self.told.append(outputs if exception is None else exception)


async def test_it_compiles_in_a_running_loop_either_way_and_tells_callbacks(tmp_path: Path) -> None:
    """As in a notebook: awaited, or called outright; both find the same and pay once."""
    heard = Heard()
    with model_server(sorts) as server, dspy.context(callbacks=[heard]):
        awaited = await optimizer(server.base_url, tmp_path).acompile(SORT, trainset=EXAMPLES)
        paid = server.count
        called = optimizer(server.base_url, tmp_path).compile(SORT, trainset=EXAMPLES)
        again = server.count - paid

    assert RULE in awaited.signature.instructions
    assert awaited.signature.instructions == called.signature.instructions
    assert 0 == again
    assert [["student", "teacher", "testset", "trainset", "valset"]] * 2 == heard.told[::2]
    assert [awaited, called] == heard.told[1::2]


def test_waiting_out_429_changes_nothing(tmp_path: Path) -> None:
    """The same candidates, scores and decisions as without them."""
    found: list[Any] = []
    for name, faults in (("calm", 0), ("busy", 9)):
        with model_server(sorts) as server:
            server.faults.extend([ModelReply("slow down", status=429, headers={"Retry-After": "0.05"})] * faults)
            better = optimizer(server.base_url, tmp_path / name, secret="ab" * 16).compile(SORT, trainset=EXAMPLES)
            row = better.detailed_results.to_dict()
            found.append({key: row[key] for key in row if key not in {"log_dir", "calls"}})

    assert found[0] == found[1]


def test_a_spent_budget_is_no_score_and_the_rest_is_paid_later(tmp_path: Path) -> None:
    """Stopped at a cap, gone on with a wider one: what one go would have found, and no call twice."""
    with model_server(sorts) as server:
        whole = optimizer(server.base_url, tmp_path / "whole", secret="ab" * 16).compile(SORT, trainset=EXAMPLES)
        calls = server.count
    with model_server(sorts) as server:
        for cap in (10, 60):
            capped = optimizer(server.base_url, tmp_path / "parts", secret="ab" * 16, budget={"calls": cap})
            with pytest.raises(BudgetReached):
                capped.compile(SORT, trainset=EXAMPLES)
        parts = optimizer(server.base_url, tmp_path / "parts", secret="ab" * 16).compile(SORT, trainset=EXAMPLES)

        assert calls == server.count
    assert whole.detailed_results.val_subscores == parts.detailed_results.val_subscores
    assert whole.signature.instructions == parts.signature.instructions


_KILLED = """
import sys, dspy
from autoevol.optimizer.bridges.teleprompter import AutoEvol
from tests.sorting_office import examples, right, tree

optimizer = AutoEvol(right, settings=tree(sys.argv[1], secret="ab" * 16), folder=sys.argv[2])
optimizer.compile(dspy.Predict("text -> label"), trainset=examples(dspy))
"""


def test_a_killed_process_is_gone_on_with(tmp_path: Path) -> None:
    """Killed in the middle: the same end as without, and of what was answered nothing is asked again."""
    with model_server(sorts) as server:
        whole = optimizer(server.base_url, tmp_path / "whole", secret="ab" * 16).compile(SORT, trainset=EXAMPLES)
        calls = server.count
    process: list[subprocess.Popen[bytes]] = []

    def deadly(body: Body) -> ModelReply:
        if server.count == calls // 2:
            process[0].kill()
        return sorts(body)

    with model_server(deadly) as server:
        command = [sys.executable, "-c", _KILLED, server.base_url, str(tmp_path / "killed")]
        process.append(subprocess.Popen(command, cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL))
        assert -signal.SIGKILL == process[0].wait(timeout=60)
        better = optimizer(server.base_url, tmp_path / "killed", secret="ab" * 16).compile(SORT, trainset=EXAMPLES)

        # What was out at that moment (16 at most) was asked and not heard.
        assert calls <= server.count <= calls + 16
    assert whole.detailed_results.val_subscores == better.detailed_results.val_subscores
    assert whole.signature.instructions == better.signature.instructions


async def test_who_is_cancelled_spends_no_more(tmp_path: Path) -> None:
    """What is out comes in; the next time goes on from there."""
    begun, hold = threading.Event(), threading.Event()

    def slow(body: Body) -> ModelReply:
        begun.set()
        reply = sorts(body)
        return ModelReply(reply.text, hold=hold)

    with model_server(slow) as server:
        settings = tree(server.base_url, endpoints={"default": {"base_url": server.base_url, "concurrency": 2}})
        working = AutoEvol(right, settings=settings, folder=tmp_path, on_notice=quiet)
        task = asyncio.ensure_future(working.acompile(SORT, trainset=EXAMPLES))
        await asyncio.to_thread(begun.wait)
        task.cancel()
        await asyncio.sleep(0)
        hold.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        spent = server.count

        assert spent <= 2
        better = await working.acompile(SORT, trainset=EXAMPLES)
    assert RULE in better.signature.instructions


def test_words_of_the_metric_reach_the_analyst(tmp_path: Path) -> None:
    """Of a metric like GEPA's, those about the very part, asked with its name and its trace."""
    asked: list[Any] = []

    def metric(gold: Any, prediction: Any, _trace: Any, pred_name: str | None, pred_trace: Any) -> Any:
        score = float(gold.label == prediction.label)
        if pred_name is None:
            return score
        asked.append((pred_name, len(pred_trace)))
        return dspy.Prediction(score=score, feedback=f"{pred_name} should have said {gold.label} at once")

    def told(server: ModelServer) -> list[str]:
        return [last for body in server.bodies for who, last in [chat(body)] if "You examine one part" in who]

    with model_server(sorts) as server:
        optimizer(server.base_url, tmp_path, metric).compile(Outer(), trainset=EXAMPLES)
        shown = told(server)

    assert {("inner", 1)} == set(asked)
    assert all("inner should have said billing at once" in each for each in shown)


class Outer(dspy.Module):  # type: ignore[misc]
    """A program with one part that has a name."""

    def __init__(self) -> None:
        self.inner = dspy.Predict("text -> label")

    def forward(self, text: str) -> Any:
        """Asks it."""
        return self.inner(text=text)


class TwoParts(dspy.Module):  # type: ignore[misc]
    """First a summary, then the label."""

    def __init__(self) -> None:
        self.sum_up = dspy.Predict("text -> summary")
        self.sort = dspy.Predict("text, summary -> label")

    async def aforward(self, text: str) -> Any:
        """Async only."""
        summed = await self.sum_up.acall(text=text)
        return await self.sort.acall(text=text, summary=summed.summary)


class Broken(dspy.Module):  # type: ignore[misc]
    """Uses a field that is not there."""

    def __init__(self) -> None:
        self.sort = dspy.Predict("text -> label")

    def forward(self, text: str) -> Any:
        """Never gets so far as to ask."""
        return self.sort(text=getattr(text, "body"))  # noqa: B009


def two(body: Body) -> ModelReply:
    """The model for both parts; the rule helps in the second only."""
    told, asked = chat(body)
    if "summary" in told and "`label`" not in told and "You " not in told[:4]:
        return ModelReply("[[ ## summary ## ]]\nIn short.\n\n[[ ## completed ## ]]")
    return sorts(Body(body | {"messages": [{"content": told}, {"content": asked}]}))


def test_a_program_of_parts_that_is_async_only(tmp_path: Path) -> None:
    """Each part has its turn, and only what was named is changed."""
    with model_server(two) as server:
        both = optimizer(server.base_url, tmp_path / "both", search={"candidates": 4}).compile(
            TwoParts(), trainset=EXAMPLES
        )
        named = optimizer(server.base_url, tmp_path / "one", predictors=["sum_up"]).compile(
            TwoParts(), trainset=EXAMPLES
        )

    assert RULE in both.sort.signature.instructions
    assert TwoParts().sum_up.signature.instructions == both.sum_up.signature.instructions
    assert TwoParts().sort.signature.instructions == named.sort.signature.instructions
    assert "unchanged" == named.detailed_results.verdict


def test_an_answer_that_cannot_be_read_is_a_case_and_not_the_end(tmp_path: Path) -> None:
    """It scores nothing, and the analyst sees what was answered."""

    def odd(body: Body) -> ModelReply:
        reply = sorts(body)
        wrong = reply.text is not None and "other" in reply.text
        return ModelReply("I would rather talk of the weather.") if wrong else reply

    with model_server(odd) as server:
        better = optimizer(server.base_url, tmp_path).compile(SORT, trainset=EXAMPLES)
        shown = [last for body in server.bodies for who, last in [chat(body)] if "You examine one part" in who]

    assert RULE in better.signature.instructions
    assert any("talk of the weather" in each for each in shown)


def test_a_cap_on_uses_ends_it_in_time(tmp_path: Path) -> None:
    """No step is begun that might not fit, with the confirmation; and one that is far too small is said."""
    with model_server(sorts) as server:
        wide = optimizer(server.base_url, tmp_path / "a", search={"steps": 9}, max_metric_calls=150)
        better = wide.compile(SORT, trainset=EXAMPLES)
        with pytest.raises(UsageError, match="max_metric_calls is 20"):
            optimizer(server.base_url, tmp_path / "b", max_metric_calls=20).compile(SORT, trainset=EXAMPLES)

    assert better.detailed_results.total_metric_calls <= 150
    assert "uses of the program are left" in better.detailed_results.stopped


def test_what_does_not_do_is_said_before_it_is_paid(tmp_path: Path) -> None:
    """Models round the gateway, examples without inputs, too few of them, a teacher, a name that is none."""
    foreign = dspy.Predict("text -> label")
    foreign.lm = dspy.LM("openai/other")
    bare = [dspy.Example(text="a", label="b")] * 99
    with model_server(sorts) as server:
        working = optimizer(server.base_url, tmp_path)
        for words, program, said in (
            ("a model of its own", foreign, {"trainset": EXAMPLES}),
            ("which of its fields are inputs", SORT, {"trainset": bare}),
            ("too few to decide on", SORT, {"trainset": EXAMPLES[:40]}),
            ("takes no teacher", SORT, {"trainset": EXAMPLES, "teacher": SORT}),
            ("no predictor, so", dspy.Module(), {"trainset": EXAMPLES}),
        ):
            with pytest.raises(UsageError, match=words):
                working.compile(program, **said)
        with pytest.raises(UsageError, match="It has: self"):
            optimizer(server.base_url, tmp_path, predictors=["other"]).compile(SORT, trainset=EXAMPLES)
        with pytest.raises(UsageError, match="failed on all 6 examples"):
            working.compile(Broken(), trainset=EXAMPLES)

    assert not server.count
    with pytest.raises(UsageError, match="not said"):
        AutoEvol(right)
    with pytest.raises(UsageError, match="takes 1 arg"):
        AutoEvol(one_argument, settings={}, folder="x")


def test_it_goes_through_a_door_that_is_open_already(tmp_path: Path) -> None:
    """With the program's own seats; and what it made is saved, loaded and run there."""
    with model_server(sorts) as server, open_door(tree(server.base_url), tmp_path, on_notice=quiet) as door:
        program = dspy.Predict("text -> label")
        program.lm = gateway_lm(door, role="judge")
        better = AutoEvol(right, door=door, on_notice=quiet).compile(program, trainset=EXAMPLES)
        better.save(tmp_path / "better.json")
        loaded = dspy.Predict("text -> label")
        loaded.load(tmp_path / "better.json", allow_unsafe_lm_state=True)
        loaded.lm = gateway_lm(door)

        assert "billing" == loaded(text="Message number 4 is about an invoice.").label
        assert "judge" in door.totals.by_role
        assert "responder" not in door.totals.by_role or door.totals.by_role["responder"].calls <= 1
