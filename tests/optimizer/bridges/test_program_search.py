"""Better instructions for a program of DSPy: found, proven, kept, and nothing paid twice."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.bridges.grader import grader_of
from autoevol.optimizer.bridges.program_examples import split_examples
from autoevol.optimizer.bridges.teleprompter import AutoEvol
from autoevol.optimizer.record.settings import SearchSettings
from tests.model_server import model_server
from tests.sorting_office import RULE, examples, right, sorts, tree

dspy: Any = importlib.import_module("dspy")  # it ships no types


def compiled(base_url: str, folder: Path, **said: Any) -> Any:
    """A program that is compiled once."""
    notices: list[str] = []
    optimizer = AutoEvol(right, settings=tree(base_url, **said), folder=folder, on_notice=notices.append)
    return optimizer.compile(dspy.Predict("text -> label"), trainset=examples(dspy, 64))


def test_a_rule_is_found_proven_and_paid_once(tmp_path: Path) -> None:
    """The second compilation asks nothing of the model and finds the same."""
    with model_server(sorts) as server:
        first = compiled(server.base_url, tmp_path)
        paid = server.count
        second = compiled(server.base_url, tmp_path)
        asked = server.count - paid
    results = first.detailed_results

    assert RULE in first.signature.instructions
    assert "confirmed" == results.verdict
    assert results.best_candidate.signature.instructions == first.signature.instructions
    assert (None,) == results.parents[0]
    assert first._compiled
    assert 0 == asked
    assert results.to_dict() == second.detailed_results.to_dict()
    assert (tmp_path / Path(results.log_dir).name / "result.json").is_file()


def test_what_is_no_better_is_not_taken(tmp_path: Path) -> None:
    """The student's instructions stay, and it is said."""
    program = dspy.Predict(dspy.Signature("text -> label", f"Sort. {RULE}"))
    with model_server(sorts) as server:
        optimizer = AutoEvol(right, settings=tree(server.base_url), folder=tmp_path, on_notice=lambda _: None)
        better = optimizer.compile(program, trainset=examples(dspy, 64))

    assert program.signature.instructions == better.signature.instructions
    assert ("unchanged", 0) == (better.detailed_results.verdict, better.detailed_results.best_idx)
    assert not program._compiled


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 60), st.none() | st.integers(0, 60), st.none() | st.integers(0, 30), st.integers(0, 40),
    st.integers(0, 3),
)  # fmt: skip
def test_no_example_is_in_two_parts(train: int, dev: int | None, test: int | None, shift: int, seed: int) -> None:
    """Whatever overlaps in what was given; and the same seed gives the same parts."""
    pool = examples(dspy, 200)
    given_dev = None if dev is None else pool[shift : shift + dev]
    given_test = None if test is None else pool[100 : 100 + test]
    search = SearchSettings(least_dev=1)

    def parts() -> list[list[str]]:
        split = split_examples(pool[:train], given_dev, given_test, search, seed).split
        return [[seed.instruction.text for seed in part] for part in (split.train, split.dev, split.test)]

    try:
        found = parts()
    except UsageError:
        return
    texts = [text for part in found for text in part]

    assert len(texts) == len(set(texts))
    assert all(found[:2])
    assert found == parts()
    if given_test:
        assert {example.text for example in given_test} == {text.split('"')[3] for text in found[2]}


def test_only_what_is_twice_is_left_out_and_said() -> None:
    """The same inputs with another label are another example, in the same part, and the contradiction is told."""
    pool = examples(dspy, 40)
    given_twice = [*pool, *(example.copy(label="else") for example in pool[:12]), *pool[:5]]
    for seed in range(4):
        found = split_examples(given_twice, None, None, SearchSettings(least_dev=1), seed)
        parts = [
            [item.instruction.text for item in part] for part in (found.split.train, found.split.dev, found.split.test)
        ]

        assert 52 == sum(map(len, parts))
        assert 40 == sum(len(set(part)) for part in parts)
        assert {"repeated": 5, "shared": 0, "contradicting": 12} == found.left_out.as_row()
    told = split_examples(given_twice, None, None, SearchSettings(least_dev=1), 0).left_out.lines()
    shared = split_examples(pool, pool[:30], None, SearchSettings(least_dev=1), 0).left_out

    assert ["5 examples", "12 inputs"] == [" ".join(line.split()[:2]) for line in told]
    assert 30 == shared.shared


def plain(_gold: Any, _pred: Any) -> int:
    """A metric of two arguments."""
    return 0


def with_words(_gold: Any, _pred: Any, _trace: Any = None) -> dict[str, Any]:
    """One of three that says why."""
    return {"score": 0.5, "feedback": "half"}


def of_parts(_gold: Any, _pred: Any, _trace: Any, _pred_name: Any, _pred_trace: Any) -> Any:
    """One of five, as GEPA's."""
    return dspy.Prediction(score=0.25, feedback="more")


async def awaited(*_: Any) -> bool:
    """A coroutine."""
    return True


@pytest.mark.parametrize(
    ("metric", "score", "feedback"),
    [(plain, 0.0, ""), (with_words, 0.5, "half"), (of_parts, 0.25, "more"), (awaited, 1.0, "")],
)
def test_a_metric_may_have_any_form_that_dspy_knows(metric: Any, score: float, feedback: str) -> None:
    """Two, three or five arguments; a number, or one with words; or a coroutine."""
    grade = grader_of(metric).score(None, None)

    assert (score, feedback) == (grade.score, grade.feedback)


@pytest.mark.parametrize("value", [2, -0.1, float("nan"), None, "good"])
def test_what_is_no_score_is_said(value: Any) -> None:
    """It would be compared with scores."""

    def metric(_gold: Any, _pred: Any, _trace: Any = None) -> Any:
        return value

    with pytest.raises(UsageError, match="not a score from 0 to 1"):
        grader_of(metric).score(None, None)
