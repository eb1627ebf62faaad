"""Open tags in one form, merged, and rows chosen by them: the rules, and the selector as a run over loopback HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.curate.tagging.cleaning import cleaned, names_of, stem
from autoevol.optimizer.curate.tagging.merging import TagRule, merged, near, rules_of
from autoevol.optimizer.curate.tagging.sampling import complexity_first, coverage
from autoevol.optimizer.making import MadeRun, run_recipes
from tests.model_server import Body, ModelReply, ModelServer, model_server

TAGS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=3), st.sets(st.sampled_from("ABCDEFGHIJ"), max_size=5),
                       max_size=25)  # fmt: skip


# ---------------------------------------------------------------- one form


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("math problem", " Math_Problems! "), ("c++ program", "C++ programs"), ("c#", "C#"), ("c", "C"),
        ("hashtag", "#Hashtags"), ("数学 题", "数学-题"), ("writer s block", "writer(s) block"), ("class", "classes"),
        ("writers", "writer's"), ("story", "stories"), ("physics", "Physics"), ("status", "status"), ("", "***"),
        ("machine learning", "ＭＡＣＨＩＮＥ learning"), ("a b", "a + b"), ("news", "News"), ("python 3", "Python 3"),
    ],
)  # fmt: skip
def test_a_tag_has_one_form(form: str, written: str) -> None:
    """Case, signs and plurals go; what tells languages apart stays, and Chinese is not cut."""
    if written == "writer's":
        form = "writer"  # the apostrophe belongs to its word
    assert form == cleaned(written)


@given(st.text(max_size=20))
@settings(max_examples=60)
def test_the_one_form_is_one(tag: str) -> None:
    """Brought to it again it stays, but for the plural of a plural; it holds a letter or a digit, or nothing."""
    form = cleaned(tag)

    assert [stem(word) for word in form.split()] == cleaned(form).split()
    assert not form or any(char.isalnum() for char in form)


def test_a_form_is_shown_as_it_is_mostly_written() -> None:
    """In lower case; ties by letters."""
    assert {"math problem": "math problems", "c": "c"} == names_of(["Math Problems", "math  problems", "math problem",
                                                                    "C", "!"])  # fmt: skip


# ---------------------------------------------------------------- merges


def test_rules_are_those_of_the_counts() -> None:
    """A tag that never stands alone is merged into the one that it comes with; the more frequent one stays."""
    rows = [{"maths", "fraction"}] * 5 + [{"maths"}] * 5 + [{"sort", "list"}] * 4 + [{"list"}] + [{"rare", "maths"}]

    assert [TagRule("fraction", "maths", 5, 1.0)] == rules_of(rows, 5, 0.99)
    assert {"fraction": "maths", "sort": "list"} == merged(rows, 4, 0.99)[0]
    assert {} == merged(rows, 12, 0.99)[0]


@given(st.lists(st.sets(st.sampled_from("ABCDE"), max_size=4), max_size=20), st.integers(1, 4), st.floats(0.5, 1))
@settings(max_examples=40)
def test_rules_are_found_as_by_hand(rows: list[set[str]], support: int, confidence: float) -> None:
    """Every two tags looked at."""
    expected = {
        (tag, of, both)
        for tag, of in permutations("ABCDE", 2)
        if (both := sum({tag, of} <= row for row in rows)) >= support
        and both / sum(tag in row for row in rows) >= confidence
    }

    assert expected == {(rule.tag, rule.of, rule.support) for rule in rules_of(rows, support, confidence)}


def test_chains_of_rules_end_at_one_tag() -> None:
    """Tags that always stand together are one, named by the first in letters; a merge may bring another rule about."""
    into, used = merged([{"a", "b", "c"}] * 3 + [{"c", "d"}] * 2, 3, 0.9)

    assert {"a": "c", "b": "c"} == into
    assert {("a", "c"), ("b", "a")} == {(rule.tag, rule.of) for rule in used}
    assert {"y": "x"} == merged([{"x", "y"}] * 5, 5, 1.0)[0]


@given(st.lists(st.sets(st.sampled_from("ABCDE"), max_size=4), max_size=30))
@settings(max_examples=40)
def test_a_merge_ends_where_no_merge_begins(rows: list[set[str]]) -> None:
    """Whatever the rows are; every tag that goes has rows enough."""
    into, used = merged(rows, 2, 0.8)

    assert not into.keys() & set(into.values())
    assert all(rule.support >= 2 and rule.confidence >= 0.8 for rule in used)


def test_near_tags_hang_together() -> None:
    """By pairs; the most frequent one of a group stands for it."""
    angles = np.radians([0, 10, 20, 80, 90, 200])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    counts = dict(zip("abcdef", (1, 2, 5, 3, 3, 9), strict=True))

    assert {"a": "c", "b": "c", "e": "d"} == near(list("abcdef"), vectors, counts, 0.02)
    assert {} == near(list("abcdef"), vectors, counts, 0.001)


# ---------------------------------------------------------------- the choice


@given(TAGS, st.integers(0, 30), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_choice_is_a_subset_that_grows(tags: dict[str, set[str]], count: int, draw: Any) -> None:
    """In the same order for any order of the rows; enough rows cover all, and every round does once."""
    names = list(tags)
    draw.shuffle(names)
    whole = complexity_first(tags, len(tags))
    taken = complexity_first({name: tags[name] for name in names}, count)

    assert whole[:count] == taken
    assert {name for name in tags if tags[name]} == {name for name, _, _ in whole}
    first = [tags[name] for name, number, _ in whole if number == 1]
    assert coverage(first, {tag for row in tags.values() for tag in row}) == (1.0 if first else 0.0)
    assert [number for _, number, _ in whole] == sorted(number for _, number, _ in whole)


def test_rows_come_complexity_first() -> None:
    """And within a round only those that bring a tag; the published scan, by hand."""
    tags = {"a": "12", "b": "123", "c": "34", "d": "3", "e": "", "f": "12"}

    assert [("b", 1, 3), ("c", 1, 1), ("a", 2, 2), ("d", 2, 1), ("f", 3, 2)] == complexity_first(tags, 9)


# ---------------------------------------------------------------- the selector


_TAGGED = {
    "Sort": ["Sorting", "Lists", "python"], "Add": ["addition", "math problem"], "Sum": ["Addition", "Math Problems"],
    "Poem": ["poems", "Rhyme", "list"], "Odd": ["oddity"],
}  # fmt: skip


def tagger(body: Body) -> ModelReply:
    """Tags by the first word of the text; a vector by the first letter of a tag."""
    if "input" in body:
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        rows = [
            {"index": n, "embedding": [float(text[0] == "r"), 1.0, len(text) / 1000]} for n, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        return ModelReply(body=json.dumps({"data": rows, "model": "v", "usage": usage}).encode())
    asked = re.findall(r"<<<TEXT (\w+)\n(.*?)\nTEXT \1>>>", str(body["messages"][-1]["content"]), re.DOTALL)[0][1]
    tags = _TAGGED.get(asked.split()[0])
    if tags is None:
        return ModelReply("I would rather sing.")
    lines = [json.dumps({"tag": tag, "explanation": "it stands there"}) for tag in tags]
    return ModelReply("\n".join(["<tags>", *lines, "</tags>"]))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """A tagger and an embedder."""
    with model_server(tagger, ("/chat/completions", "/embeddings")) as running:
        yield running


ROWS = [
    {"id": name, "instruction": f"{name} things", "output": "ok",
     "seen": [tag.lower() for tag in _TAGGED.get(name, ())]}
    for name in ("Sing", "Odd", "Add", "Sum", "Poem", "Sort")
]  # fmt: skip


async def tagged(server: ModelServer, folder: Path, rows: list[dict[str, Any]], **values: object) -> MadeRun:
    """A run of the selector."""
    said: Any = {"endpoints": {"default": {"base_url": server.base_url}}, "model": "m", "secret": "0" * 32}
    return await run_recipes(
        [{"recipe": "instag", "vectors": "hashed", **values}], rows, settings=said, runs=folder, uncapped=True
    )  # fmt: skip


async def test_rows_are_tagged_once_and_chosen_by_what_they_ask_for(server: ModelServer, tmp_path: Path) -> None:
    """Every row says its tags, kept or not; the vocabulary says how it came about. Any order of rows gives the same."""
    made = await tagged(server, tmp_path / "a", ROWS, count=3)
    again = await tagged(server, tmp_path / "b", list(reversed(ROWS)), count=3)
    kept = {row["id"]: row["provenance"]["curated"][-1] for row in made.rows()}
    dropped = {row["seed_id"]: row for row in made.dropped()}
    figures = json.loads((made.folder / "1-instag/curation.json").read_text(encoding="utf-8"))["figures"]

    assert {"Add", "Sum", "Poem"} == kept.keys() == {row["id"] for row in again.rows()}
    assert [1, 2, 3] == sorted(entry["rank"] for entry in kept.values())
    assert (["addition", "math problem"], 1) == (kept["Sum"]["tags"], kept["Add"]["round"])
    assert ["poems", "Rhyme", "list"] == kept["Poem"]["written"]
    assert ["untagged", "no-common-tag", "not-selected"] == [
        dropped[name]["reason"] for name in ("Sing", "Odd", "Sort")
    ]
    assert (2, 5, {"addition": 2, "list": 2, "math problem": 2}) == (
        figures["frequency"], figures["support"], {tag: row["rows"] for tag, row in figures["vocabulary"].items()},
    )  # fmt: skip
    assert (1.0, {"all": 1.0, "chosen": 1.6667}) == (figures["diversity"], figures["complexity"])
    assert {"addition": ["Addition"], "list": ["Lists"], "math problem": ["Math Problems"]} == figures["spellings"]
    assert all(row["calls"] for row in dropped.values())


async def test_tags_that_rows_have_need_no_model(server: ModelServer, tmp_path: Path) -> None:
    """Counted as they are written where the paper does so."""
    made = await tagged(server, tmp_path, ROWS, tags="seen", count_first=True, count=2)
    figures = json.loads((made.folder / "1-instag/curation.json").read_text(encoding="utf-8"))["figures"]

    assert 0 == server.count
    assert ["addition"] == list(figures["vocabulary"])
    assert ["Add", "Sum"] == [row["id"] for row in made.rows()]


async def test_near_tags_are_merged_by_vectors_where_an_embedder_is_named(server: ModelServer, tmp_path: Path) -> None:
    """The merge map is written."""
    made = await tagged(server, tmp_path, ROWS, vectors="embedder", frequency=1, count=6)
    figures = json.loads((made.folder / "1-instag/curation.json").read_text(encoding="utf-8"))["figures"]

    assert {"addition", "rhyme"} == set(figures["vocabulary"])
    assert ("addition", 6) == (figures["merged"]["sorting"], figures["merged_by_meaning"])


async def test_a_vocabulary_of_nothing_is_said(server: ModelServer, tmp_path: Path) -> None:
    """With how many rows have tags at all."""
    with pytest.raises(UsageError, match="No tag is said of 6 rows; 5 of 6 rows have tags"):
        (await tagged(server, tmp_path, ROWS, frequency=6)).raise_if_stopped()
