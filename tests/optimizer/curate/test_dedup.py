"""Rows that are said twice: each stage against a plain one of the same rule, and the selector as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.duplicates.cosine import cosine_twins
from autoevol.optimizer.curate.duplicates.minhash import bands_of, minhash_twins
from autoevol.optimizer.curate.duplicates.rouge import rouge_twins
from autoevol.optimizer.curate.duplicates.shingles import Shingles, jaccard, shingles_of
from autoevol.optimizer.curate.duplicates.twins import Twin
from autoevol.optimizer.making import run_recipes
from autoevol.optimizer.recipes.self_instruct.pool import rouge_l

WORDS = st.lists(st.sampled_from(["red", "ball", "红", "球", "x+=1", "(", "seven", "eight"]), max_size=9).map(" ".join)
TEXTS = st.lists(WORDS, max_size=14)


def plain(order: Iterable[int], alike: Callable[[int, int], float], threshold: float) -> list[Twin]:
    """The rule, pair by pair."""
    kept: list[int] = []
    found: list[Twin] = []
    for row in order:
        best = max(kept, key=lambda other: (alike(row, other), -kept.index(other)), default=-1)
        if best >= 0 and alike(row, best) >= threshold:
            found.append(Twin(row, best, alike(row, best)))
        else:
            kept.append(row)
    return found


def packed(texts: Sequence[str], size: int = 2) -> Shingles:
    """Texts as shingles of words."""
    shingles = Shingles("words", size)
    for text in texts:
        shingles.add(text)
    return shingles


@given(TEXTS, st.randoms(use_true_random=False))
@settings(max_examples=40, derandomize=True)  # one pair in 200 at the threshold may be missed
def test_minhash_finds_what_the_plain_rule_finds(texts: list[str], draw: Any) -> None:
    """In any order of preference; the similarity is the true one."""
    shingles = packed(texts).packed()
    order = list(range(len(texts)))
    draw.shuffle(order)

    expected = plain(order, lambda one, other: jaccard(shingles.of(one), shingles.of(other)), 0.7)

    assert expected == list(minhash_twins(shingles, order, 0.7, 128, 0, "test"))


def test_minhash_finds_twins_among_many_of_one_pattern() -> None:
    """Where every row shares bands with every other, and signatures are looked at first."""
    texts = [f"Box {n} holds {n * 7} red balls and box {n + 1} holds {n * 3 % 50} blue ones, so how many are there?"
             for n in range(300)]  # fmt: skip
    shingles = packed([*texts, texts[5] + " Tell.", texts[250].replace("how", "HOW")]).packed()
    order = range(302)

    expected = plain(order, lambda one, other: jaccard(shingles.of(one), shingles.of(other)), 0.85)

    assert {300: 5, 301: 250} == {twin.row: twin.of for twin in expected if twin.row >= 300}
    assert expected == list(minhash_twins(shingles, order, 0.85, 128, 0, "test"))


@pytest.mark.parametrize(("threshold", "bands"), [(0.5, (42, 3)), (0.7, (32, 4)), (0.9, (14, 9)), (1.0, (1, 128))])
def test_bands_miss_few_pairs_at_the_threshold(threshold: float, bands: tuple[int, int]) -> None:
    """And are as long as they can be."""
    assert bands == bands_of(threshold, 128)


@given(WORDS, WORDS)
@settings(max_examples=40)
def test_jaccard_is_that_of_the_sets(one: str, other: str) -> None:
    """Of shingles in any script."""
    first, second = (set(shingles_of(text, "characters", 3).tolist()) for text in (one, other))
    whole = len(first | second)
    expected = len(first & second) / whole if whole else 0.0

    assert expected == jaccard(shingles_of(one, "characters", 3), shingles_of(other, "characters", 3))


def test_shingles_know_chinese_and_code() -> None:
    """A character without spaces is a word, a sign is one, and case and accents' form are none."""
    assert 3 == len(shingles_of("你好吗？", "words", 2))
    assert 0 < jaccard(shingles_of("a += b", "words", 1), shingles_of("a -= b", "words", 1)) < 1
    assert 1.0 == jaccard(shingles_of("Cafe\u0301 au", "words", 2), shingles_of("caf\u00e9 AU", "words", 2))
    assert 0.0 == jaccard(shingles_of("", "words", 2), shingles_of(" ", "words", 2))


@given(st.integers(0, 2**16), st.integers(0, 30))
@settings(max_examples=20)
def test_embeddings_find_what_the_plain_rule_finds(seed: int, count: int) -> None:
    """A row without a vector is like no other."""
    values = np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
    vectors = values / np.linalg.norm(values, axis=1, keepdims=True)
    vectors[: count // 10] = 0

    found = list(cosine_twins(vectors, range(count), 0.8))
    expected = plain(range(count), lambda one, other: float(vectors[one] @ vectors[other]), 0.8)

    assert [(twin.row, twin.of) for twin in expected] == [(twin.row, twin.of) for twin in found]
    assert pytest.approx([twin.similarity for twin in expected], abs=1e-5) == [twin.similarity for twin in found]


def test_embeddings_are_the_same_block_by_block() -> None:
    """More rows than a block has."""
    values = np.random.default_rng(1).normal(size=(5000, 4)).astype(np.float32)
    vectors = values / np.linalg.norm(values, axis=1, keepdims=True)
    found = list(cosine_twins(vectors, range(5000), 0.97))
    kept = sorted({*range(5000)} - {twin.row for twin in found})
    among = vectors[kept] @ vectors[kept].T - np.eye(len(kept), dtype=np.float32)

    assert 0.97 > among.max()
    assert all(0.969 < float(vectors[twin.row] @ vectors[twin.of]) for twin in found)
    assert not {twin.of for twin in found} - {*kept}


@given(TEXTS)
@settings(max_examples=20)
def test_rouge_finds_what_the_plain_rule_finds(texts: list[str]) -> None:
    """At the threshold, too."""
    expected = plain(range(len(texts)), lambda one, other: rouge_l(texts[one], texts[other]), 0.8)

    assert expected == list(rouge_twins(dict(enumerate(texts)), range(len(texts)), 0.8))


ROWS: list[dict[str, Any]] = [
    {"id": "a", "question": "How many red balls are in the big box on the table?", "answer": "1", "level": 1},
    {"id": "b", "question": "How many red balls are in the big box on the TABLE?", "answer": "22", "level": None},
    {"id": "c", "question": "How many red balls are in the big box on the table now?", "answer": "333", "level": 3},
    {"id": "d", "question": "桌上的大盒子里有多少个红色的球呢请告诉我", "answer": "4"},
    {"id": "e", "question": "桌上的大盒子里有多少个红色的球呢请告诉他", "answer": "4"},
    {"id": "f", "question": "for i in range(10): print(i)", "answer": "5"},
    {"id": "g", "question": "for i in range(10): print(j)", "answer": "6"},
]


async def deduped(folder: Path, rows: Sequence[dict[str, Any]], **values: object) -> tuple[list[str], dict[str, Any]]:
    """Ids that stay, and of each other one its dropped row."""
    made = await run_recipes([{"recipe": "dedup", **values}], rows, runs=folder)
    return [row["id"] for row in made.rows()], {row["seed_id"]: row for row in made.dropped()}


async def test_stages_follow_each_other_and_the_twin_that_stays_is_named(tmp_path: Path) -> None:
    """Each row that is left out says how alike it is, and by which stage."""
    kept, dropped = await deduped(tmp_path, ROWS, by=["exact", "minhash", "rouge"], jaccard=0.75, rouge=0.8)

    assert ["a", "d", "f"] == kept
    assert ("duplicate", "a", 1.0) == tuple(dropped["b"][name] for name in ("reason", "twin", "similarity"))
    assert ("near-duplicate", "a", "minhash") == tuple(dropped["c"][name] for name in ("reason", "twin", "by"))
    assert ("d", "minhash") == (dropped["e"]["twin"], dropped["e"]["by"])
    assert ("f", "rouge") == (dropped["g"]["twin"], dropped["g"]["by"])


async def test_a_twin_that_goes_later_names_the_one_that_stays(tmp_path: Path) -> None:
    """With the row between them, and the least of the similarities."""
    rows = [ROWS[2], {**ROWS[0], "answer": "a longer answer than the others"}, {**ROWS[1], "answer": "long answer"}]
    kept, dropped = await deduped(tmp_path, list(reversed(rows)), keep="best", score="level", jaccard=0.75)

    assert ["c"] == kept
    assert ("a", "c") == (dropped["b"]["through"], dropped["b"]["twin"])
    assert "through" not in dropped["a"]
    assert dropped["a"]["similarity"] == dropped["b"]["similarity"] < 1


@pytest.mark.parametrize("values", [{"keep": "longest"}, {"keep": "best", "score": "level"}])
async def test_what_stays_does_not_hang_on_the_order(tmp_path: Path, values: dict[str, str]) -> None:
    """Where the rows name themselves and a rule says which is better."""
    first, dropped = await deduped(tmp_path, ROWS, jaccard=0.75, **values)
    second, others = await deduped(tmp_path, list(reversed(ROWS)), jaccard=0.75, **values)

    assert ["c", "d", "f", "g"] == first == list(reversed(second))
    assert {name: row["twin"] for name, row in dropped.items()} == {name: row["twin"] for name, row in others.items()}


async def test_rows_are_twins_by_what_is_looked_at(tmp_path: Path) -> None:
    """The same question after another turn, or with another answer, is another row."""
    rows = [
        {"messages": [{"role": "user", "content": word}, {"role": "assistant", "content": "Yes"},
                      {"role": "user", "content": "Why?"}, {"role": "assistant", "content": answer}]}
        for word, answer in (("Rain?", "A"), ("Snow?", "A"), ("Rain?", "B"), ("rain?", "a"))
    ]  # fmt: skip
    by: dict[str, Any] = {"by": ["exact"]}

    assert ["seed-000001", "seed-000002"] == (await deduped(tmp_path, rows, **by))[0]
    assert ["seed-000001", "seed-000003"] == (await deduped(tmp_path, rows, of="response", **by))[0]
    both, dropped = await deduped(tmp_path, rows, of="both", **by)
    assert ["seed-000001", "seed-000002", "seed-000003"] == both
    assert "seed-000001" == dropped["seed-000004"]["twin"]


async def test_rows_without_the_text_that_is_compared_are_like_no_other(tmp_path: Path) -> None:
    """There is nothing to be the same."""
    rows = [
        {"instruction": word, "response": said} for word, said in (("A", ""), ("B", ""), ("C", "Yes."), ("D", "yes."))
    ]
    stages = ["exact", "minhash", "rouge", "embedding"]
    kept, dropped = await deduped(tmp_path, rows, by=stages, of="response", vectors="hashed")

    assert ["seed-000001", "seed-000002", "seed-000003"] == kept
    assert ["seed-000004"] == [*dropped]


async def test_a_copy_of_what_falls_as_near_is_told_as_near(tmp_path: Path) -> None:
    """It is not the same as the row that stays: the weakest link counts."""
    first = "Count all red balls that are in the box, please, and then tell me how many there are"
    rows = [{"id": name, "instruction": text} for name, text in (
        ("a", first), ("b", f"{first} now"), ("c", f"{first} now"),
    )]  # fmt: skip
    kept, dropped = await deduped(tmp_path, rows)

    assert ["a"] == kept
    assert [("near-duplicate", "minhash", "a")] * 2 == [
        (dropped[name]["reason"], dropped[name]["by"], dropped[name]["twin"]) for name in "bc"
    ]
    assert "by minhash to a" in dropped["c"]["detail"]
    assert "b" == dropped["c"]["through"]
