"""Small sets of one style, and the filters of released sets over rows that carry what they ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.curate.style import first_person, length_of, links, references
from autoevol.optimizer.making import run_recipes


async def chosen(folder: Path, rows: Sequence[Mapping[str, Any]], **part: Any) -> tuple[list[str], dict[str, str]]:
    """Ids that stay, and the reason of each other row."""
    made = await run_recipes([part], rows, runs=folder)
    return [row["id"] for row in made.rows()], {row["seed_id"]: row["reason"] for row in made.dropped()}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I think so.", True), ("So did I’m sure.", True), ("Ask my brother.", True), ("在我看来是的", True),
        ("World War I began in 1914.", False), ("We add two and two.", False), ("Use I/O and `my_list`.", False),
        ('She said "I am here" and left.', False), ("我们先加起来", False), ("```\nI = my + mine\n```", False),
        ("Let I be an interval.", False), ("The ideal I of R is prime, where I is not R.", False),
        ("Here $I am$ a formula.", False), ("It costs $5 and I paid $6.", True),
        ("Let me see. Should I be here?", True),
    ],
)  # fmt: skip
def test_it_is_told_who_speaks_of_himself(text: str, found: bool) -> None:
    """Outside of code and of what others say."""
    assert found is bool(first_person(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("As mentioned by Bob, no.", True), ("The accepted answer is wrong.", True), ("See Stack Overflow.", True),
        ("@bob is right.", True), ("楼上说得对", True), ("The answer is 4.", False), ("Write to a@b.org.", False),
        ("```\n@property\ndef f(): ...\n```", False), ("前面的数是3", False),
        ("Use @property here.", False), ("@app.route gives a page", False), ("@cache\ndef f(): ...", False),
        ("Mind the @Bean annotation.", False), ("Meet @10:30.", False), ("Thanks to @alice_b, yes.", True),
    ],
)  # fmt: skip
def test_it_is_told_what_speaks_of_other_answers(text: str, found: bool) -> None:
    """Which a row of a data set does not have."""
    assert found is bool(references(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See https://a.org.", True), ("![cat](cat.png)", True), ("[here](a.html)", True), ("<p>Hi</p>", True),
        ("`<p>` is a tag.", False), ("a[i](x) < b", False), ("1 < 2 and 3 > 2", False), ("List<int> a", False),
        ("So a<b and c>d hold.", False), ("If a<b>c then", False), ("One<br/>two", True), ("<a href='x'>y", True),
        ('<div class="k">', True), ("a <b>bold</b> word", True), ("见[这里](a.html)", True),
    ],
)  # fmt: skip
def test_it_is_told_what_belongs_on_a_page(text: str, found: bool) -> None:
    """Addresses, images and HTML, but not those in code."""
    assert found is bool(links(text))


def test_a_chinese_character_is_as_long_as_three_letters() -> None:
    """So that one bound fits both."""
    assert [3, 6, 4] == [length_of(text) for text in ("abc", "红球", "红a")]


ANSWER = "The number of balls is found by adding the red ones and the blue ones, which makes all of them together. "
TOPICS = ["maths"] * 27 + ["code"] * 8 + ["art"]
STYLED: list[dict[str, Any]] = [
    {"id": f"r{n:02}", "question": f"How many? {n}", "answer": ANSWER + str(n), "topic": topic, "stars": n % 9}
    for n, topic in enumerate(TOPICS)
]


async def test_a_small_set_is_spread_over_its_topics(tmp_path: Path) -> None:
    """In proportion to the cube root of what there is: 3 to 2 to 1, though there are 27, 8 and 1 of them."""
    kept, reasons = await chosen(tmp_path, STYLED, recipe="lima", count=6)
    fewer, _ = await chosen(tmp_path, list(reversed(STYLED)), recipe="lima", count=4)
    topics = [TOPICS[int(name[1:])] for name in kept]

    assert [3, 2, 1] == [topics.count(topic) for topic in ("maths", "code", "art")]
    assert {"over-budget"} == set(reasons.values())
    assert {*fewer} < {*kept}


async def test_what_is_not_of_the_style_is_named(tmp_path: Path) -> None:
    """Each by its first rule; the best by a figure come first."""
    odd = [{**STYLED[0], "id": name, "answer": answer} for name, answer in (
        ("short", "Four."), ("long", ANSWER * 50), ("self", f"I think. {ANSWER}"), ("forum", f"{ANSWER} As mentioned."),
        ("link", f"{ANSWER} See www.a.org."), ("none", None),
    )]  # fmt: skip
    bad = {**STYLED[1], "id": "bad", "stars": None}
    kept, reasons = await chosen(tmp_path, [*STYLED, *odd, bad], recipe="lima", count=2, prefer="stars", least=7)

    assert ["r17", "r35"] == kept
    assert {
        "short": "too-short", "long": "too-long", "self": "first-person", "forum": "references", "link": "links",
        "none": "no-response", "bad": "no-figure",
    } == {name: reason for name, reason in reasons.items() if not name.startswith("r")}  # fmt: skip
    assert {"low-figure", "over-budget"} == {reason for name, reason in reasons.items() if name.startswith("r")}


def magpie(number: int, **more: Any) -> dict[str, Any]:
    """A row as the authors' files have it."""
    return {
        "uuid": f"u{number}", "instruction": f"What is {number}?", "response": "x" * number, "input_quality": "good",
        "difficulty": "easy", "instruct_reward": -5.0, "repeat_count": 0, "min_similar_uuid": None, **more,
    }  # fmt: skip


ROWS = [
    magpie(1), magpie(2, input_quality="poor"), magpie(3, instruct_reward=-11.0), magpie(4, instruct_reward=-13.0),
    magpie(5, repeat_count=2, min_similar_uuid="u5"), magpie(6, repeat_count=2, min_similar_uuid="u5"),
    magpie(7, input_quality=None), magpie(8, instruction="Say:"), magpie(9, input_quality="excellent"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ({"preset": "paper"}, [1, 3, 5, 8, 9]),
        ({}, [1, 5, 8, 9]),
        ({"preset": "official-code"}, [1, 5, 9]),
        ({"keep": {"longest": 2}}, [8, 9]),
        ({"filter": "pro3", "keep": {"quality": "excellent"}}, [9]),
    ],
)
async def test_released_filters_keep_what_they_say(tmp_path: Path, values: dict[str, Any], kept: list[int]) -> None:
    """Over the fields of the authors' files; −12 in the paper, −10 on the cards; a group of repeats keeps its head."""
    found, reasons = await chosen(tmp_path, ROWS, recipe="magpie-filter", **values)

    assert [f"seed-{number:06d}" for number in kept] == found
    assert "no-quality" == reasons["seed-000007"]
    if not values:
        assert ("quality", "reward", "repeat") == tuple(reasons[f"seed-00000{n}"] for n in (2, 3, 6))


async def test_a_figure_that_no_row_carries_is_refused_by_name(tmp_path: Path) -> None:
    """With where it was looked for."""
    with pytest.raises(
        UsageError, match=r"No row carries difference and quality, which the filter air asks for \(.*quality: prov"
    ):
        await chosen(tmp_path, [{"question": "Why?", "difficulty": "hard"}], recipe="magpie-filter", filter="air")


@pytest.mark.parametrize(
    ("row", "advice"),
    [
        ({"question": "Why?"}, "Have the recipe magpie measure it, with `tags`, `reward` and `base`."),
        (
            {"question": "Why?", "difficulty": "hard", "quality": "good"},
            "Have the recipe magpie measure it, with `tags`, `reward` and `base`, or choose a filter that asks for"
            " less: card-pro-mt.",
        ),
    ],
)
async def test_only_filters_that_rows_can_pass_are_advised(tmp_path: Path, row: dict[str, str], advice: str) -> None:
    """Every released filter asks for tags or a reward, and thresholds over it take none away."""
    with pytest.raises(UsageError) as refused:
        await chosen(tmp_path, [row], recipe="magpie-filter")

    assert advice == refused.value.fix


async def test_without_distances_the_same_instruction_is_a_repeat(tmp_path: Path) -> None:
    """That is the distance nought."""
    rows = [{"question": word, "answer": "x", "reward": 1} for word in ("Why?", "How?", "why? ")]

    assert (["seed-000001", "seed-000002"], {"seed-000003": "repeat"}) == await chosen(
        tmp_path, rows, recipe="magpie-filter", filter="pro3"
    )
