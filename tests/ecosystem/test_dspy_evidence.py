"""What a compilation may call proven: draws that are its own, examples that confirm, identities that tell apart."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.requests import provider_seed
from autoevol.optimizer.bridges.dspy_lm import gateway_lm, open_door
from autoevol.optimizer.bridges.errand import CallOff, Errand, on_errand
from autoevol.optimizer.bridges.teleprompter import AutoEvol
from tests.model_server import ModelReply, ModelServer, model_server
from tests.sorting_office import RULE, chat, examples, right, sorts, tree

dspy: Any = importlib.import_module("dspy")  # it ships no types
EXAMPLES = examples(dspy)
SORT = dspy.Predict("text -> label")


def compiled(server: ModelServer, folder: Path, program: Any = SORT, **said: Any) -> Any:
    """A program that is compiled with a small search."""
    sets = {name: said.pop(name) for name in ("trainset", "valset", "testset") if name in said}
    optimizer = AutoEvol(right, settings=tree(server.base_url, **said), folder=folder, on_notice=lambda _: None)
    return optimizer.compile(program, **{"trainset": EXAMPLES, **sets})


class Spread(dspy.Module):  # type: ignore[misc]
    """Sorts in threads of DSPy's own."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.inner = dspy.Predict("text -> label")

    def forward(self, text: str) -> Any:
        """In one of two ways."""
        asked = [dspy.Example(text=text).with_inputs("text")] * 2
        if self.way == "batch":
            return self.inner.batch(asked, num_threads=2, disable_progress_bar=True)[0]
        return dspy.Parallel(num_threads=2, disable_progress_bar=True)([(self.inner, one) for one in asked])[0]


@pytest.mark.parametrize("way", ["batch", "parallel"])
def test_threads_of_dspy_are_on_the_same_errand(tmp_path: Path, way: str) -> None:
    """Booked on its stage, drawn by its own count, and ended with it."""
    program, call_off = Spread(way), CallOff()
    with model_server(sorts) as server, open_door(tree(server.base_url), tmp_path, on_notice=print) as door:
        with dspy.context(lm=gateway_lm(door, temperature=1.0)):
            for item in ("a", "b"):
                with on_errand(Errand("test", f"test/start/{item}", call_off, first=5)):
                    program(text="Message number 3 is about a login.")
            stages, drawn = set(door.totals.by_stage), dict(door.draws)
            call_off()
            with pytest.raises(Exception, match=r"called off|cancelled"), on_errand(Errand("test", "c", call_off)):
                program.inner(text="Message number 9 is about a login.")
        seeds = {body["seed"] for body in server.bodies}

    assert ({"test"}, {}) == (stages, drawn)
    assert {provider_seed(5), provider_seed(6)} == seeds
    assert 2 == server.count


@pytest.mark.parametrize(("said", "taken"), [({}, False), ({"search": {"apply_unconfirmed": True}}, True)])
def test_without_examples_to_confirm_on_nothing_is_taken(tmp_path: Path, said: Any, taken: bool) -> None:
    """Unless the person wants it all the same."""
    with model_server(sorts) as server:
        better = compiled(server, tmp_path, testset=[], **said)

    assert "no test examples" == better.detailed_results.verdict
    assert taken is (RULE in better.signature.instructions)
    assert taken is (better.detailed_results.best_idx > 0)


def test_what_confirms_is_asked_anew_in_every_compilation(tmp_path: Path) -> None:
    """What one decided on must not confirm another in the same folder; one that is run again pays nothing."""
    with model_server(sorts) as server:
        tests = [len(compiled(server, tmp_path, run_seed=seed).detailed_results.testset) for seed in (0, 1)]
        paid = server.count
        compiled(server, tmp_path, run_seed=1)
        again = server.count - paid
        drawn = Counter(body["seed"] for body in server.bodies if "`label`" in chat(body)[0])
    del drawn[provider_seed(0)]

    assert sorted(2 * size for size in tests) == sorted(drawn.values())
    assert 0 == again


def test_another_program_or_other_labels_are_another_compilation(tmp_path: Path) -> None:
    """Its files are beside those of the first, and steps that a shorter go did not make are gone."""
    with_demo = dspy.Predict("text -> label")
    with_demo.demos = [dspy.Example(text="Money is short.", label="billing")]
    relabelled = [*EXAMPLES[:-1], EXAMPLES[-1].copy(label="billing")]
    with model_server(sorts) as server:
        first = Path(compiled(server, tmp_path).detailed_results.log_dir)
        (first / "steps" / "007.json").write_text("{}", encoding="utf-8")
        again = Path(compiled(server, tmp_path).detailed_results.log_dir)
        others = [
            Path(compiled(server, tmp_path, program, trainset=trainset).detailed_results.log_dir)
            for program, trainset in ((with_demo, EXAMPLES), (SORT, relabelled))
        ]

    assert first == again
    assert ["000.json"] == sorted(path.name for path in (first / "steps").iterdir())
    assert 3 == len({first, *others})


class Odd(dspy.Module):  # type: ignore[misc]
    """Writes into the trace what is no step of one, and gives what cannot be shown."""

    def __init__(self) -> None:
        self.sort = dspy.Predict("text -> label")

    def forward(self, text: str) -> Any:
        """Sorts, oddly."""
        found = self.sort(text=text)
        dspy.settings.trace.append("no step")
        return Unshown(found.label)


class Unshown:
    """A result with a label and without words."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __str__(self) -> str:
        raise ValueError("no words")


def test_odd_results_and_traces_do_not_end_a_compilation(tmp_path: Path) -> None:
    """What counts is the score; what can be read is read."""
    with model_server(sorts) as server:
        better = compiled(server, tmp_path, Odd())

    assert RULE in better.sort.signature.instructions


def test_words_about_a_part_need_no_score_and_their_errors_count(tmp_path: Path) -> None:
    """A metric may give a score of the whole, and of a part words alone; or fail there, which is said at last."""
    told: list[str] = []

    def metric(gold: Any, pred: Any, _trace: Any, name: str | None, _steps: Any) -> Any:
        if name is None:
            return right(gold, pred)
        if told:
            raise KeyError("no such part")
        return {"feedback": "mind the money"}

    def go(server: ModelServer) -> Any:
        working = AutoEvol(
            metric, settings=tree(server.base_url, search={"batch": 12}), folder=tmp_path, on_notice=print
        )
        return working.compile(SORT, trainset=EXAMPLES)

    with model_server(sorts) as server:
        better = go(server)
        shown = [chat(body)[1] for body in server.bodies if "You examine one part" in chat(body)[0]]
        told.append("from now on it fails")
        with pytest.raises(UsageError, match=r"failed on 11 predictions, the last time with: KeyError"):
            go(server)

    assert RULE in better.signature.instructions
    assert all("mind the money" in each for each in shown)


def test_a_model_of_the_adapter_is_seen_and_failures_are_told(tmp_path: Path) -> None:
    """Before anything is paid; and the share of failed uses stands in the notice of the step."""
    notices: list[str] = []

    def fails(body: Any) -> ModelReply:
        reply = sorts(body)
        return ModelReply("What?") if reply.text is not None and "other" in reply.text else reply

    with model_server(fails) as server:
        other = dspy.TwoStepAdapter(dspy.LM("openai/other"))
        with dspy.context(adapter=other), pytest.raises(UsageError, match="adapter TwoStepAdapter has a model"):
            compiled(server, tmp_path)
        assert not server.count
        AutoEvol(right, settings=tree(server.base_url), folder=tmp_path, on_notice=notices.append).compile(
            SORT, trainset=EXAMPLES
        )

    assert any(re.search(r"batch of 6 \(\d of 6 uses failed, \d+%\)", line) for line in notices)
    assert any(re.search(r"^Step 1: c1 is better.*\(\d+ of \d+ uses failed, \d+%\)$", line) for line in notices)
