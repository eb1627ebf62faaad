"""The seeds that come with the project are many enough, different, answered, and in the language they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples" / "seeds"
RESULT = re.compile(r"\n#### -?[0-9]+(?:\.[0-9]+)?(?:/[0-9]+)?\Z")


def seeds_in(path: Path) -> list[Seed]:
    """All seeds of a file in which no row is bad."""
    source = open_seeds(SeedSettings(source=str(path)))
    report = source.survey().report
    assert report.read == report.good
    return list(source)


@pytest.mark.parametrize(
    ("name", "least", "language"),
    [
        ("chat", 40, "en"), ("maths", 40, "en"), ("code", 40, "en"),
        ("chat-zh", 20, "zh"), ("maths-zh", 20, "zh"), ("code-zh", 20, "zh"),
    ],
)  # fmt: skip
def test_examples(name: str, least: int, language: str) -> None:
    """Enough rows, none twice, all answered, and as many as the page beside them says."""
    seeds = seeds_in(EXAMPLES / f"{name}.jsonl")

    assert len(seeds) >= least
    assert {language} == {seed.instruction.language for seed in seeds}
    assert all(seed.response for seed in seeds)
    assert re.search(
        rf"\| `{name}\.jsonl` \|.*\| {len(seeds)} \|", (EXAMPLES / "README.md").read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("name", ["maths", "maths-zh"])
def test_maths_ends_in_its_result(name: str) -> None:
    """Rules that look for the known answer need it in one place."""
    assert [] == [seed.id for seed in seeds_in(EXAMPLES / f"{name}.jsonl") if not RESULT.search(seed.response or "")]


def test_no_question_stands_in_two_files() -> None:
    """Files can be joined without duplicates."""
    texts = [seed.instruction.text for path in sorted(EXAMPLES.glob("*.jsonl")) for seed in seeds_in(path)]

    assert len(texts) == len(set(texts))


def test_the_seeds_of_the_demo_are_short() -> None:
    """A small model on two cores evolves them, so each has at most 40 words and an answer."""
    seeds = seeds_in(ROOT / "optimizer" / "demo" / "seeds.jsonl")

    assert 24 == len(seeds)
    assert max(len(seed.instruction.text.split()) for seed in seeds) <= 40
    assert all(RESULT.search(seed.response or "") for seed in seeds)
