"""Public data sets that no one here wrote, where they lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.optimizer.dataset.source import SeedSource, open_seeds
from autoevol.optimizer.record.settings import SeedSettings

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no public data beside this checkout")


def opened(name: str, response: str | None = None) -> SeedSource:
    """A file of public data."""
    return open_seeds(SeedSettings(source=str(DATA / name), response=response))


@pytest.mark.parametrize(
    ("name", "response", "count"),
    [
        ("gsm8k_train_first2000.jsonl", None, 2000),
        ("self_instruct_seed_tasks.jsonl", None, 175),
        ("humaneval.jsonl.gz", "canonical_solution", 164),
    ],
)
def test_public_files_are_read_whole(name: str, response: str | None, count: int) -> None:
    """Every row is good and has an answer."""
    source = opened(name, response)
    report = source.survey().report

    assert (count, count) == (report.read, report.good)
    assert all(seed.response for seed in source)


def test_gsm8k_keeps_its_answers() -> None:
    """Worked answers end in their result."""
    assert all("\n#### " in (seed.response or "") for seed in opened("gsm8k_train_first2000.jsonl"))


def test_self_instruct_takes_the_first_instance() -> None:
    """Its input is joined to the instruction, its output is the response."""
    second = list(opened("self_instruct_seed_tasks.jsonl"))[1]

    assert "What is the relation between the given pairs?\n\nNight : Day :: Right : Left" == second.instruction.text
    assert "The relation between the given pairs is that they are opposites." == second.response


def test_humaneval_solutions_keep_their_indentation() -> None:
    """Code is not stripped: prompt and solution together are the function."""
    for seed in opened("humaneval.jsonl.gz", "canonical_solution"):
        compile(seed.instruction.text + (seed.response or ""), seed.id, "exec", dont_inherit=True)
