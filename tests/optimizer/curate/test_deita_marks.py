"""Deita's marks, as runs over loopback HTTP: ladders, examples out of them, and texts that are marked alone."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.requests import Turn
from autoevol.agents.messages import Instruction
from autoevol.optimizer.curate.grading.units import Graded, turns_of
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.making import MadeRun, run_recipes
from tests.model_server import Body, ModelReply, ModelServer, model_server

_BLOCK = re.compile(r"<<<([A-Z ]+) (\w+)\n(.*?)\n\1 \2>>>", re.DOTALL)


class Judge:
    """Evolves a text by the word `more`, and marks it by how often that stands there.

    Attributes:
        scored: whether marks come with log-probabilities: one digit up is as likely.
        deaf: whether rankings are refused in words.
        silly: whether every other evolution is the solution instead of a task.
    """

    def __init__(self) -> None:
        self.scored = False
        self.deaf = False
        self.silly = False
        self.shown: list[list[str]] = []
        self.kinds: Counter[str] = Counter()

    def __call__(self, body: Body) -> ModelReply:
        """By the form that is asked for."""
        ask = str(body["messages"][-1]["content"])
        shown = [(match[1], match[3]) for match in _BLOCK.finditer(ask)]
        tag = re.findall(r"<(\w+)>", ask)[-1]
        self.kinds[tag] += 1
        if tag == "new_text" and self.silly and self.kinds[tag] % 2:
            return ModelReply(f"<plan>p</plan><new_text>There were {self.kinds[tag]} eggs in all.</new_text>")
        if tag == "new_text":
            return ModelReply(f"<plan>p</plan><new_text>{shown[-1][1]} more</new_text>")
        if tag == "ranking":
            texts = [(label[-1], text) for label, text in shown if label != "QUESTION"]
            self.shown.append([text for _, text in texts])
            lines = "\n".join(f"{letter}: {marked(text)}" for letter, text in texts)
            return ModelReply("All are fine." if self.deaf else f"<ranking>\n{lines}\n</ranking>")
        return self._marked(marked(shown[-1][1]), str(body.get("seed")))

    def _marked(self, digit: int, seed: str) -> ModelReply:
        text = f"<mark>{digit}</mark>"
        if not self.scored:
            return ModelReply(f"<mark>{min(6, digit + len(seed) % 2)}</mark>")
        half = math.log(0.5)
        rows = [{"token": token, "logprob": 0.0, "top_logprobs": [{"token": token, "logprob": 0.0}]}
                for token in ("<mark>", str(digit), "</mark>")]  # fmt: skip
        rows[1]["top_logprobs"] = [{"token": str(each), "logprob": half} for each in (digit, digit + 1)]
        choice = {"index": 0, "message": {"content": text}, "finish_reason": "stop", "logprobs": {"content": rows}}
        usage = {"prompt_tokens": 9, "completion_tokens": 3}
        return ModelReply(body=json.dumps({"model": "m", "choices": [choice], "usage": usage}).encode())


def marked(text: str) -> int:
    """1 to 6."""
    return min(6, 1 + text.count("more"))


@pytest.fixture
def judge() -> Judge:
    """Who plays evolver and judge."""
    return Judge()


@pytest.fixture
def server(judge: Judge) -> Iterator[ModelServer]:
    """An endpoint of chats."""
    with model_server(judge) as running:
        yield running


WORDS = ("Sing", "Swim", "Sail", "Cook", "Draw", "Read")
ROWS = [
    {"id": f"r{n}", "instruction": f"{word} alone" + " more" * (n % 3),
     "output": f"I {word.lower()}." + " more" * (n // 2)}
    for n, word in enumerate(WORDS)
]  # fmt: skip


async def graded(server: ModelServer, folder: Path, rows: list[dict[str, Any]], **values: object) -> MadeRun:
    """A run of the selector."""
    said: Any = {"endpoints": {"default": {"base_url": server.base_url}}, "model": "m", "secret": "0" * 32}
    part = {"recipe": "deita", "vectors": "hashed", "threshold": 1.0, **values}
    return await run_recipes([part], rows, settings=said, runs=folder, uncapped=True)


def entries(made: MadeRun) -> Mapping[str, Any]:
    """By id what the selector says of a row that is kept."""
    return {row["id"]: row["provenance"]["curated"][-1] for row in made.rows()}


def grading(made: MadeRun) -> Mapping[str, Any]:
    """Figures of the marks."""
    told: dict[str, Any] = json.loads((made.folder / "1-deita/curation.json").read_text(encoding="utf-8"))
    figures: Mapping[str, Any] = told["figures"]["grading"]
    return figures


async def test_a_text_is_ranked_beside_five_siblings(server: ModelServer, judge: Judge, tmp_path: Path) -> None:
    """Each evolved from the one before, in an order that is drawn; both measures multiply."""
    made = await graded(server, tmp_path, ROWS, anchors=0, count=3)
    kept = entries(made)

    assert {"r2": (3.0, 2.0, 6.0), "r4": (2.0, 3.0, 6.0), "r5": (3.0, 3.0, 9.0)} == {
        name: (entry["complexity"], entry["quality"], entry["score"]) for name, entry in kept.items()
    }
    assert {"new_text": 60, "ranking": 12} == judge.kinds
    assert {6} == {len(texts) for texts in judge.shown}
    assert 1 < len({tuple(sorted(range(6), key=lambda at: len(texts[at]))) for texts in judge.shown})
    assert all(row["complexity"] and row["calls"] for row in made.dropped())


async def test_a_text_that_asks_for_nothing_is_no_sibling(server: ModelServer, judge: Judge, tmp_path: Path) -> None:
    """It is neither ranked nor evolved further; so many tries are left for others."""
    judge.silly = True
    rows = [{"id": "eggs", "instruction": "A frog lays 5 eggs, then 8. How many eggs are there?", "output": "13"}]
    await graded(server, tmp_path, rows, anchors=0, measures=["complexity"], count=1)

    assert {"new_text": 8, "ranking": 1} == judge.kinds
    assert 5 == len(judge.shown[0])
    assert not any("There were" in text for text in judge.shown[0])


async def test_anchors_give_examples_for_all(server: ModelServer, judge: Judge, tmp_path: Path) -> None:
    """A few ladders, then one call for each text, with the same examples; any order of rows gives the same."""
    judge.scored = True
    made = await graded(server, tmp_path / "a", ROWS, anchors=2, count=6)
    again = await graded(server, tmp_path / "b", list(reversed(ROWS)), anchors=2, count=6)
    examples = grading(made)["examples"]

    assert {"new_text": 40, "ranking": 8, "mark": 24} == judge.kinds
    assert {"complexity", "quality"} == examples.keys()
    assert 2 <= len(examples["quality"]) == len({each["mark"] for each in examples["quality"]})
    assert all(each["mark"] == marked(each["text"]) for each in examples["complexity"])
    assert (1.5, 2.5, 3.75) == tuple(entries(made)["r3"][name] for name in ("complexity", "quality", "score"))
    assert 1.0 == grading(made)["by_log_probabilities"]
    strip = ("rank",)
    assert {name: {k: v for k, v in entry.items() if k not in strip} for name, entry in entries(made).items()} == {
        name: {k: v for k, v in entry.items() if k not in strip} for name, entry in entries(again).items()
    }


async def test_a_member_marks_as_it_would_alone(server: ModelServer, judge: Judge, tmp_path: Path) -> None:
    """Ladders and orders are those that it draws alone, so equal members of a panel share what is paid."""
    alone = await graded(server, tmp_path / "alone", ROWS, anchors=2, count=3)
    paid, shown = judge.kinds.copy(), sorted(judge.shown)
    judge.shown.clear()
    part = {"vectors": "hashed", "threshold": 1.0, "anchors": 2, "count": 3, "recipe": "deita"}
    said: Any = {"endpoints": {"default": {"base_url": server.base_url}}, "model": "m", "secret": "0" * 32}
    members = {"deita": part, "other": part}
    panel = {"recipe": "panel", "count": 3, "members": members}
    both = await run_recipes([panel], ROWS, settings=said, runs=tmp_path / "panel", uncapped=True)
    files = [both.folder / f"1-panel/members/{name}/dataset.jsonl" for name in members]
    marks = [{row["id"]: row["provenance"]["curated"][-1]["score"]
              for row in map(json.loads, file.read_text(encoding="utf-8").splitlines())} for file in files]  # fmt: skip

    assert [{name: entry["score"] for name, entry in entries(alone).items()}] * 2 == marks
    assert paid + paid == judge.kinds
    assert shown == sorted(judge.shown)


async def test_texts_marked_alone_are_drawn_where_no_log_probabilities_come(
    server: ModelServer, judge: Judge, tmp_path: Path
) -> None:
    """So often as is said, and the mean counts; it is said that such marks saturate."""
    made = await graded(server, tmp_path, ROWS, way="direct", samples=3, measures=["complexity"], count=2)

    assert {"mark": 18} == judge.kinds
    assert all(1 <= entry["complexity"] <= 4 for entry in entries(made).values())
    assert "saturate" in made.summary
    assert (0.0, 6) == (grading(made)["by_log_probabilities"], grading(made)["marks"]["complexity"]["marked"])


async def test_a_row_that_was_marked_before_is_not_asked_about_again(
    server: ModelServer, judge: Judge, tmp_path: Path
) -> None:
    """Its own entry counts; a row without a response has no quality, and says so."""
    first = await graded(server, tmp_path / "a", ROWS, way="direct", samples=1, count=6)
    before = judge.kinds.total()
    rows = [*first.rows(), {"id": "new", "instruction": "Sit", "response": ""}]
    again = await graded(server, tmp_path / "b", rows, way="direct", samples=1, count=2)
    [new] = [row for row in again.dropped() if row["seed_id"] == "new"]

    assert before + 1 == judge.kinds.total()
    assert {name: entries(first)[name]["score"] for name in entries(again)} == {
        name: entry["score"] for name, entry in entries(again).items()
    }
    assert ("no-score", "quality: there is no text") == (new["reason"], new["detail"])


async def test_what_cannot_be_ranked_is_said(server: ModelServer, judge: Judge, tmp_path: Path) -> None:
    """A ranking is tried twice; without anchors the rows have no score, with them there are no examples."""
    judge.deaf = True
    with pytest.raises(UsageError, match="complexity: unreadable"):
        (await graded(server, tmp_path / "a", ROWS[:2], anchors=0)).raise_if_stopped()
    with pytest.raises(UsageError, match="Of 1 anchors too few could be ranked"):
        (await graded(server, tmp_path / "b", ROWS[:2], anchors=1)).raise_if_stopped()
    assert 12 == judge.kinds["ranking"]


# ---------------------------------------------------------------- turns and scores


def test_a_conversation_is_marked_turn_by_turn() -> None:
    """Each answered turn, after what was said before it."""
    context = (
        Turn("user", "a"),
        Turn("assistant", "A"),
        Turn("user", "lost"),
        Turn("user", "b"),
        Turn("assistant", "B"),
    )
    turns = turns_of(Seed("s", 1, Instruction("c", "sys", context), "C"))

    assert [("a", 0, "A"), ("b", 3, "B"), ("c", 5, "C")] == [
        (asked.text, len(asked.context), answer) for asked, answer in turns
    ]
    assert {"sys"} == {asked.system for asked, _ in turns}


@given(st.lists(st.tuples(st.floats(1, 6), st.floats(1, 6)), min_size=1, max_size=5))
@settings(max_examples=25)
def test_a_score_is_the_sum_of_products(turns: list[tuple[float, float]]) -> None:
    """It grows with every mark and every turn; one mark that is missing leaves none."""
    both = Graded({"complexity": [one for one, _ in turns], "quality": [other for _, other in turns]})
    assert pytest.approx(math.fsum(one * other for one, other in turns)) == both.score

    both.marks["quality"][-1] = None
    assert both.score is None
