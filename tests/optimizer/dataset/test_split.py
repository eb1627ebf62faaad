"""The split: disjoint, exact, repeatable, whole conversations, and sensible where seeds are few."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.messages import Instruction
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.dataset.split import choose, split_seeds
from autoevol.optimizer.record.settings import SeedSettings


def made(turns: list[int], first: int = 0) -> list[Seed]:
    """One row for each number, with so many user turns."""
    return [
        Seed(f"seed-{row:06d}" + (f".t{turn}" if count > 1 else ""), row, Instruction(f"{first + row}/{turn}"))
        for row, count in enumerate(turns, 1)
        for turn in range(1, count + 1)
    ]


def rows_of(seeds: tuple[Seed, ...]) -> set[str]:
    """The rows that these seeds came from."""
    return {seed.row for seed in seeds}


sizes = st.fixed_dictionaries({
    "dev": st.integers(0, 12), "test": st.integers(0, 12), "train": st.integers(1, 30), "run_seed": st.integers(),
})  # fmt: skip


@given(turns=st.lists(st.integers(1, 4), min_size=1, max_size=60), wanted=sizes)
def test_parts_are_disjoint_and_keep_conversations_whole(turns: list[int], wanted: dict[str, int]) -> None:
    """No seed twice, no conversation in two parts, no part larger than asked, and always something to train on."""
    train, dev, test = choose(made(turns), **wanted)
    parts = (rows_of(train), rows_of(dev), rows_of(test))

    assert len(set(train + dev + test)) == len(train) + len(dev) + len(test)
    assert len(parts[0] | parts[1] | parts[2]) == sum(map(len, parts))
    assert (len(train) <= wanted["train"], len(dev) <= wanted["dev"], len(test) <= wanted["test"]) == (True,) * 3
    assert train


@given(rows=st.integers(1, 80), wanted=sizes)
def test_sizes_follow_the_rule(rows: int, wanted: dict[str, int]) -> None:
    """At most 40 % to dev but one of two, at most 20 % to test, the rest to train up to its own size."""
    train, dev, test = choose(made([1] * rows), **wanted)
    for_dev = min(wanted["dev"], max(1, rows * 2 // 5), rows - 1)
    for_test = min(wanted["test"], rows // 5)

    assert (for_dev, for_test) == (len(dev), len(test))
    assert min(wanted["train"], rows - for_dev - for_test) == len(train)


@given(turns=st.lists(st.integers(1, 3), min_size=1, max_size=40), wanted=sizes, data=st.data())
def test_the_order_of_the_file_does_not_matter(turns: list[int], wanted: dict[str, int], data: st.DataObject) -> None:
    """The same rows in another order make the same split, and the same call makes it twice."""
    seeds = made(turns)
    order: list[int] = data.draw(st.permutations(range(1, len(turns) + 1)))
    moved = [seed for row in order for seed in seeds if seed.line == row]

    assert choose(seeds, **wanted) == choose(iter(moved), **wanted)


@given(rows=st.integers(60, 90), more=st.integers(1, 10), run_seed=st.integers())
def test_appended_rows_displace_at_most_as_many(rows: int, more: int, run_seed: int) -> None:
    """A split of a grown file resembles the old one, where the file filled all parts before."""
    old = choose(made([1] * rows), dev=12, test=10, train=20, run_seed=run_seed)
    new = choose(made([1] * (rows + more)), dev=12, test=10, train=20, run_seed=run_seed)

    assert all(len(set(after) - set(before)) <= more for before, after in zip(old, new, strict=True))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1, (1, 0, 0)), (2, (1, 1, 0)), (3, (2, 1, 0)), (5, (2, 2, 1)), (10, (4, 4, 2)), (100, (40, 40, 20)),
     (1000, (700, 200, 100)), (5000, (2000, 200, 100))],
)  # fmt: skip
def test_few_seeds_are_shared_by_a_written_rule(rows: int, expected: tuple[int, int, int]) -> None:
    """The examples that the documentation gives, with the sizes of the recommended profile."""
    parts = choose(made([1] * rows), dev=200, test=100, train=2000, run_seed=7)

    assert expected == tuple(map(len, parts))


def test_another_run_seed_draws_another_sample() -> None:
    """And every seed has its chance: over many run seeds each row of ten comes into dev about equally often."""
    counts = dict.fromkeys(range(1, 11), 0)
    for run_seed in range(400):
        for seed in choose(made([1] * 10), dev=2, test=0, train=8, run_seed=run_seed)[1]:
            counts[seed.line] += 1

    assert 800 == sum(counts.values())
    assert all(45 < count < 120 for count in counts.values())


def test_one_long_conversation_is_all_train() -> None:
    """Its turns cannot be shared out, so nothing is held back."""
    assert (9, 0, 0) == tuple(map(len, choose(made([9]), dev=5, test=5, train=50, run_seed=0)))


@settings(max_examples=10)
@given(wanted=sizes)
def test_only_what_the_parts_can_take_is_held(wanted: dict[str, int]) -> None:
    """Seeds that fell out of the sample are let go: never many more alive than the parts can take."""
    alive = 0
    most = 0

    class Counted(Seed):
        __slots__ = ()

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def stream() -> Iterator[Seed]:
        nonlocal alive, most
        for row in range(300):
            alive += 1
            most = max(most, alive)
            yield Counted(f"seed-{row:06d}", row, Instruction(str(row)))

    choose(stream(), **wanted)

    assert most <= wanted["dev"] + wanted["test"] + wanted["train"] + 4


def test_a_split_of_a_file_carries_its_survey(tmp_path: Path) -> None:
    """One pass gives parts, count, fingerprint and report."""
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"prompt": f"{row % 25}"}) + "\n" for row in range(30)), encoding="utf-8")
    source = open_seeds(SeedSettings(source=str(path)))
    split = split_seeds(source, dev=5, test=3, train=4, run_seed=1)
    survey = source.survey()

    assert (25, survey.fingerprint, survey.report) == (split.total, split.fingerprint, split.report)
    assert "4 train, 5 dev, 3 test of 25 seeds" == split.sizes
    assert 5 == split.report.duplicates


def test_another_process_draws_the_same(tmp_path: Path) -> None:
    """Neither hash randomisation nor the process takes part in a choice."""
    code = (
        "from autoevol.optimizer.dataset.draws import draw_key, generator\n"
        "print(generator(7, 'batch', 3).sample(range(1000), 5), draw_key(7, 'split', 'x'))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": number}, cwd=tmp_path, capture_output=True,
            text=True, check=True,
        ).stdout
        for number in ("1", "2")
    }  # fmt: skip

    assert 1 == len(runs)
