"""DSPy's own programs, evaluators and threads over our gateway and a provider with limits and faults."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import BudgetReached, QuotaSpent, UsageError
from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.optimizer.bridges.dspy_lm import GatewayEngine, gateway_lm, open_door
from autoevol.optimizer.bridges.open_door import OpenDoor
from tests.model_server import ModelReply, model_server

dspy: Any = importlib.import_module("dspy")  # it ships no types
lm15: Any = dspy.lm15
DEVSET = [dspy.Example(question=f"How many are {n} and {n}?", answer="x").with_inputs("question") for n in range(20)]


@pytest.fixture
def provider() -> Iterator[str]:
    """A provider without limits or faults."""
    with start_provider(ProviderSettings()) as base_url:
        yield base_url


def door_to(base_url: str, folder: Path, **said: object) -> OpenDoor:
    """A door with an own seat for answers."""
    notices: list[str] = []
    tree = {
        "model": "sim",
        "budget": {"calls": 5000},
        "endpoints": {"default": {"base_url": base_url, "patience_s": 20}},
        **said,
    }
    return open_door(tree, folder, on_notice=notices.append)


def answered(_gold: Any, prediction: Any, _trace: Any = None) -> bool:
    """A metric: whether there is an answer."""
    return bool(prediction.answer)


def evaluated(lm: Any) -> float:
    """The score of a small program, in eight threads."""
    evaluate = dspy.Evaluate(devset=DEVSET, metric=answered, num_threads=8, display_progress=False)
    with dspy.context(lm=lm):
        return float(evaluate(dspy.Predict("question -> answer")).score)


def test_what_was_answered_is_not_paid_again(provider: str, tmp_path: Path) -> None:
    """A program that is run a second time is answered from the journal, by its draws above temperature 0 too."""
    scores: list[float] = []
    texts: list[list[str]] = []
    calls: list[int] = []
    for _ in range(2):
        with door_to(provider, tmp_path) as door:
            lm = gateway_lm(door)
            warm = lm.copy(temperature=0.8)
            scores.append(evaluated(lm))
            texts.append([warm("Say something.")[0] for _ in range(3)])
            calls.append(door.totals.all.calls)

    assert [100.0, 100.0] == scores
    assert texts[0] == texts[1]
    assert 3 == len(set(texts[0]))
    assert calls[0] == calls[1] >= 23


def test_a_429_never_becomes_a_score(tmp_path: Path) -> None:
    """They are waited out."""
    knobs = ProviderSettings(faults="429=0.3", fault_retry_after_s=0.05)
    with start_provider(knobs) as base_url, door_to(base_url, tmp_path) as door:
        evaluate = dspy.Evaluate(devset=DEVSET[:8], metric=answered, num_threads=4, display_progress=False)
        with dspy.context(lm=gateway_lm(door)):
            assert 100.0 == float(evaluate(dspy.Predict("question -> answer")).score)


@pytest.mark.parametrize(
    ("knobs", "said", "error"),
    [({}, {"budget": {"calls": 9}}, BudgetReached), ({"quota_after": 9}, {}, QuotaSpent)],
)
def test_what_stops_the_session_is_no_score(
    knobs: dict[str, Any], said: dict[str, Any], error: type[Exception], tmp_path: Path
) -> None:
    """An evaluator takes errors for zeros; the block that it stands in ends with what happened."""
    scores: list[float] = []

    def run(base_url: str) -> None:
        with door_to(base_url, tmp_path, **said) as door:
            evaluate = dspy.Evaluate(
                devset=DEVSET, metric=answered, num_threads=4, display_progress=False, max_errors=99
            )
            with dspy.context(lm=gateway_lm(door)):
                scores.append(float(evaluate(dspy.Predict("question -> answer")).score))

    with start_provider(ProviderSettings(**knobs)) as base_url, pytest.raises(error):
        run(base_url)

    assert all(score < 100 for score in scores)


async def test_programs_run_side_by_side_in_a_loop_of_ones_own(provider: str, tmp_path: Path) -> None:
    """As in a notebook, whose loop runs already; the same question that is under way is asked once."""
    with door_to(provider, tmp_path) as door, dspy.context(lm=gateway_lm(door)):
        program = dspy.ChainOfThought("question -> answer")
        asked = [program.acall(question=f"How many are {n % 5} and 1?") for n in range(10)]
        found = await asyncio.gather(*asked)
        calls = door.totals.all.calls

    assert 10 == len([each.answer for each in found])
    assert 5 <= calls <= 10


async def test_who_is_cancelled_sends_nothing_more(tmp_path: Path) -> None:
    """Of thirty calls two are under way at a time; when one has come, all are cancelled."""
    with start_provider(ProviderSettings(latency="1")) as base_url:
        endpoint = {"base_url": base_url, "concurrency": 2}
        with door_to(base_url, tmp_path, endpoints={"default": endpoint}) as door:
            lm = gateway_lm(door)
            tasks = [asyncio.ensure_future(lm.acall(f"Question {n}?")) for n in range(30)]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        calls = door.totals.all.calls

    assert 1 <= calls < 20


def test_an_answer_that_must_fit_a_schema_does(provider: str, tmp_path: Path) -> None:
    """DSPy's JSON adapter sends the schema, and reads the answer."""
    with door_to(provider, tmp_path) as door, dspy.context(lm=gateway_lm(door), adapter=dspy.JSONAdapter()):
        found = dspy.Predict("question -> answer: str, sure: bool")(question="Is it?")

    assert isinstance(found.sure, bool)


def test_another_lm_of_the_same_model_draws_on(provider: str, tmp_path: Path) -> None:
    """Best of several over fresh LMs would else be copies of one."""
    with door_to(provider, tmp_path) as door:
        texts = [gateway_lm(door, temperature=1.0)("Say something.")[0] for _ in range(3)]

    assert 3 == len(set(texts))


def test_a_setting_that_is_wrong_is_no_score(provider: str, tmp_path: Path) -> None:
    """A model without a price under a cap in money: every call fails, and the block says why."""
    endpoint = {"base_url": provider, "prices": {"sim": {"input": 1, "output": 1}}}

    def run() -> None:
        with door_to(provider, tmp_path, endpoints={"default": endpoint}, budget={"usd": 1}) as door:
            evaluate = dspy.Evaluate(devset=DEVSET[:3], metric=answered, num_threads=2, display_progress=False)
            with dspy.context(lm=gateway_lm(door, model="unpriced")):
                evaluate(dspy.Predict("question -> answer"))

    with pytest.raises(UsageError, match="price"):
        run()


async def test_what_is_out_when_its_asker_goes_is_kept(tmp_path: Path) -> None:
    """It is paid for, so the next session has it."""
    hold = threading.Event()
    with model_server(lambda _: ModelReply("[[ ## answer ## ]]\nYes", hold=hold)) as server:
        for again in (False, True):
            with door_to(server.base_url, tmp_path) as door:
                task = asyncio.ensure_future(gateway_lm(door).acall("Is it?"))
                if not again:
                    await asyncio.to_thread(server.wait_received, 1)
                    task.cancel()
                    hold.set()
                await asyncio.wait([task])

    assert 1 == server.count
    assert not task.cancelled()


def test_a_seed_names_the_draw(provider: str, tmp_path: Path) -> None:
    """Whatever was drawn before."""
    with door_to(provider, tmp_path) as door:
        warm = gateway_lm(door, temperature=1.0)
        first = [warm("Say something.")[0] for _ in range(3)]

        assert first[2] == warm("Say something.", seed=2)[0]
        assert first[0] == warm("Say something.", seed=0)[0]


def test_what_a_gateway_cannot_carry_is_refused_before_it_is_paid(provider: str, tmp_path: Path) -> None:
    """Tools, pictures, and another speaker."""
    shown = lm15.Message.user([lm15.TextPart("What is it?"), lm15.ImagePart(url="http://example.test/a.png")])
    with door_to(provider, tmp_path) as door:
        engine = GatewayEngine(door, gateway_lm(door).engine.seat)
        with pytest.raises(lm15.UnsupportedFeatureError, match="image"):
            engine.complete(lm15.Request(model="sim", messages=(shown,)))

        assert 0 == door.totals.all.calls


def test_a_program_is_saved_without_its_gateway(provider: str, tmp_path: Path) -> None:
    """It can be loaded, and says what it lacks; under a door it works again."""
    program = dspy.Predict("question -> answer")
    with door_to(provider, tmp_path / "run") as door:
        program.lm = gateway_lm(door)
        program.save(tmp_path / "program.json")
        loaded = dspy.Predict("question -> answer")
        loaded.load(tmp_path / "program.json", allow_unsafe_lm_state=True)

        assert provider not in (tmp_path / "program.json").read_text(encoding="utf-8")
        with pytest.raises(Exception, match="without a gateway"):
            loaded(question="Is it?")
        loaded.lm = gateway_lm(door)
        assert loaded(question="Is it?").answer


def test_a_closed_door_and_one_that_cannot_open_say_so(provider: str, tmp_path: Path) -> None:
    """In a sentence, to whoever opens or asks."""
    with door_to(provider, tmp_path) as door:
        lm = gateway_lm(door)
        with pytest.raises(Exception, match="in use by process"), door_to(provider, tmp_path):
            raise AssertionError
    with pytest.raises(Exception, match="closed"):
        lm("Is it?")
    with pytest.raises(UsageError, match="No model"), door_to(provider, tmp_path, model="") as door:
        gateway_lm(door)
    assert "autoevol-gateway" not in {thread.name for thread in threading.enumerate()}
