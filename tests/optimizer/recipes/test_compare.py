"""Comparisons from start to end on a real server: who wins, who does not, what is missing, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.errors import StorageError, UsageError
from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.session import create_run, run
from tests.model_server import ModelServer, model_server

from .stage import act, compare, graded, records, settings_of, write_seeds

MORE = "Then {0} crates with {1} parts come, a fifth of them broken, at {2} coins each. How much are the whole ones?"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Models that play the roles."""
    with model_server(act) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty seeds and methods of several grades."""
    write_seeds(tmp_path / "seeds.jsonl")
    for grade in (0, 4, 5, 8):
        graded(tmp_path / f"grade{grade}.md", grade)
    return tmp_path


def _text(number: int) -> str:
    return f"Box {number} holds {number + 3} red and {2 * number + 5} blue balls. How many balls?"


def _by_label(record: Any, part: str = "contestants") -> dict[str, Any]:
    return {row["label"]: row for row in record[part]}


async def test_a_better_method_is_shown_to_be_better(server: ModelServer, folder: Path) -> None:
    """In the pair, the ranking and the words; what it mends is named with what was wrong."""
    ending, record = await compare(folder, server.base_url, folder / "grade8.md", folder / "grade0.md")
    (pair,), rows = record["pairs"], _by_label(record)

    assert ("finished", 0) == (ending.state, ending.exit_code)
    assert ("grade8", 30, "grade0", 0) == (record["baseline"], pair["n"], pair["better"], pair["losses"])
    assert 0.5 < pair["low"] < pair["difference"] < pair["high"]
    assert [("grade0", 1, 1, "a"), ("grade8", 2, 2, "b")] == [
        (place["label"], place["best"], place["worst"], place["group"]) for place in record["ranking"]
    ]
    assert "'grade0' is better than 'grade8'" in ending.summary
    assert ([], pair["wins"]) == (
        record["regressions"]["grade0"]["broken"], len(record["regressions"]["grade0"]["mended"]),
    )  # fmt: skip
    assert ["asks-back"] == record["regressions"]["grade0"]["mended"][0]["why"]
    assert {"asks-back"} == {row["kind"] for row in record["findings"]}
    assert record["findings"][0]["changes"]["grade0"]["shown"]
    assert (30, 30) == tuple(rows[label]["cost"]["evolver"]["calls"] for label in ("grade0", "grade8"))


async def test_where_nothing_is_shown_it_says_what_could_have_been(server: ModelServer, folder: Path) -> None:
    """That is a result."""
    ending, record = await compare(folder, server.base_url, folder / "grade5.md", folder / "grade4.md")

    assert "" == record["pairs"][0]["better"]
    assert "No difference was shown" in ending.summary
    assert "would have been shown four times out of five" in ending.summary
    assert ["a", "a"] == [place["group"] for place in record["ranking"]]


async def test_a_prompt_of_a_person_meets_the_contract(server: ModelServer, folder: Path) -> None:
    """Its words go out as they are, the instruction between marks; only what comes back in the form counts."""
    (folder / "free.txt").write_text("Condition of grade 0, {please}: {instruction}", encoding="utf-8")

    _, record = await compare(folder, server.base_url, folder / "grade8.md", folder / "free.txt")

    asked = [str(body["messages"][-1]["content"]) for body in server.bodies if body["model"] == "m-evolver"]
    free = [text for text in asked if text.startswith("Condition of grade 0, {please}: <<<TEXT ")]
    assert 30 == len(free)
    assert all(text.endswith("</evolved>") for text in free)
    assert ("prompt", 1.0, "free") == (
        _by_label(record)["free"]["kind"], _by_label(record)["free"]["mean"], record["pairs"][0]["better"],
    )  # fmt: skip


async def test_rows_of_another_tool_cost_no_evolver_call(server: ModelServer, folder: Path) -> None:
    """Answers that they lack are given by the responder; rows that they lack are missing and said."""
    rows: list[dict[str, str | None]] = [
        {"id": f"box-{n}", "evolved": f"{_text(n)} {MORE.format(n + 20, n + 40, n + 60)}", "response": f"It is {n}."}
        for n in range(25)
    ]
    rows[3]["response"], rows[4]["evolved"] = None, None
    (folder / "tool.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    ending, record = await compare(folder, server.base_url, folder / "grade8.md", f"other={folder}/tool.jsonl")
    other = _by_label(record)["other"]

    assert {"m-evolver": 30, "m-responder": 31} == {
        model: sum(body["model"] == model for body in server.bodies) for model in ("m-evolver", "m-responder")
    }
    assert (25, 5, 25) == (other["items"], other["missing"], record["pairs"][0]["n"])
    assert pytest.approx(24 / 25) == other["mean"]
    assert pytest.approx(24 / 30) == other["mean_if_missing_failed"]
    assert "'other' has no row for 5 of the 30 items" in ending.summary
    assert "no answers for 1 of its rows" in ending.summary


async def test_methods_meet_every_evolver_on_every_set(server: ModelServer, folder: Path) -> None:
    """A transfer table; what does not depend on the evolver is asked once and stands in every cell."""
    write_seeds(folder / "more.jsonl", 8, first=100)

    _, record = await compare(
        folder, server.base_url, folder / "grade8.md", folder / "grade0.md", "identity",
        compare={"evolvers": ["m-evolver", "weak-evolver"], "seeds": [str(folder / "more.jsonl")], "items": 10},
    )  # fmt: skip
    cells = {(cell["set"], cell["evolver"], cell["label"]): cell for cell in record["transfer"]}

    assert 12 == len(cells)
    assert {("seeds", 10), ("more", 8)} == {(key[0], cell["items"]) for key, cell in cells.items()}
    assert cells["seeds", "m-evolver", "grade0"]["mean"] > cells["seeds", "weak-evolver", "grade0"]["mean"]
    assert {36} == {sum(body["model"] == f"{kind}-evolver" for body in server.bodies) for kind in ("m", "weak")}
    assert 18 == record["pairs"][0]["n"]
    assert {0.0} == {cell["mean"] for key, cell in cells.items() if key[2] == "identity"}


async def test_a_cell_that_a_contestant_has_no_item_of_says_so(server: ModelServer, folder: Path) -> None:
    """Nothing is claimed of it, and it does not share the level."""
    write_seeds(folder / "more.jsonl", 4, first=100)
    (folder / "tool.jsonl").write_text(
        "".join(json.dumps({"id": f"box-{n}", "evolved": f"How many crates are {n} crates?"}) + "\n" for n in range(4)),
        encoding="utf-8",
    )

    _, record = await compare(
        folder, server.base_url, folder / "grade8.md", folder / "tool.jsonl",
        compare={"seeds": [str(folder / "more.jsonl")], "items": None},
    )  # fmt: skip
    cells = {(cell["set"], cell["label"]): cell for cell in record["transfer"]}

    assert (0, None, False) == (
        cells["more", "tool"]["items"], cells["more", "tool"]["mean"], "difference" in cells["more", "tool"],
    )  # fmt: skip
    assert 4 == cells["seeds", "tool"]["items"]
    assert 4 == record["pairs"][0]["n"]


async def test_several_draws_are_one_item(server: ModelServer, folder: Path) -> None:
    """Each is drawn anew, and what is counted are items."""
    _, record = await compare(
        folder, server.base_url, folder / "grade8.md", folder / "grade0.md", compare={"run_seeds": 3, "items": 6},
        roles={role: {"model": f"m-{role}", "temperature": 0.5} for role in ("evolver", "responder", "judge")},
    )  # fmt: skip

    evolved = [
        (body["seed"], body["messages"][-1]["content"]) for body in server.bodies if body["model"] == "m-evolver"
    ]
    assert (36, 3) == (len(evolved), len({seed for seed, _ in evolved}))
    assert (6, 3) == (record["pairs"][0]["n"], record["run_seeds"])


async def test_draws_at_temperature_zero_are_told_to_show_little(server: ModelServer, folder: Path) -> None:
    """In a note."""
    ending, _ = await compare(
        folder, server.base_url, folder / "grade8.md", folder / "grade0.md", compare={"run_seeds": 2, "items": 3}
    )

    assert "temperature 0" in ending.summary


async def test_the_judge_looks_at_texts_side_by_side_in_both_orders(server: ModelServer, folder: Path) -> None:
    """The longer text wins; identity passes no gate and is not shown."""
    (folder / "wordy.txt").write_text("Of grade 0: {instruction}", encoding="utf-8")
    rows = [
        {"id": f"box-{n}", "response": "Ten.", "evolved": f"{_text(n)} {MORE.format(n + 20, n + 40, n + 60)}"}
        for n in range(12)
    ]
    (folder / "long.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    write_seeds(folder / "seeds.jsonl", 12)

    ending, record = await compare(
        folder, server.base_url, folder / "grade0.md", folder / "long.jsonl", "identity", compare={"pairwise": True}
    )
    sides = record["side_by_side"]

    assert [("grade0", "long", 12, 12, "long")] == [
        (pair["first"], pair["second"], pair["n"], pair["wins"], pair["better"]) for pair in sides["pairs"]
    ]
    assert (24, 0, 0) == (sides["looks"], sides["silent"], sides["contrary"])
    assert "Side by side the judge finds the texts of 'long' harder" in ending.summary


async def test_a_method_is_taken_apart(server: ModelServer, folder: Path) -> None:
    """The clause that does the work is shown to, the others are not."""
    method = graded(folder / "good.md", 0, clauses=4)

    ending, record = await compare(folder, server.base_url, method, compare={"ablate": True})
    worth = record["clauses"]

    assert [1, "helps"] == [worth[0]["clause"], worth[0]["shown"]]
    assert {""} == {row["shown"] for row in worth[1:]}
    assert worth[0]["low"] > 0.5
    assert "Clause 1 is worth" in ending.summary
    assert "Of clauses 2, 3, 4 no effect was shown" in ending.summary
    assert {"ablation.json", "ablation.html", "method.md"} <= {path.name for path in ending.folder.iterdir()}


async def test_a_stopped_comparison_goes_on_and_ends_the_same(server: ModelServer, folder: Path) -> None:
    """Byte for byte, and nothing is paid for twice; the files that were named may be gone by then."""
    (folder / "free.txt").write_text("Of grade 1: {instruction}", encoding="utf-8")
    rows = "".join(
        json.dumps({"id": f"box-{n}", "evolved": f"How many crates are {n} crates?"}) + "\n" for n in range(30)
    )
    (folder / "tool.jsonl").write_text(rows, encoding="utf-8")
    names = (folder / "grade8.md", folder / "grade0.md", folder / "free.txt", folder / "tool.jsonl")
    said = {"compare": {"pairwise": True, "run_seeds": 2}, "seeds": {"source": str(folder / "seeds.jsonl"), "limit": 8}}
    whole, _ = await compare(folder, server.base_url, *names, **said)
    calls = server.count

    made = create_run(settings_of(folder, server.base_url, *names, budget={"calls": 20}, **said), folder / "others")
    first = await run(made, QuietWatcher())
    _remove(names)
    caps = (60, 61, 140, 100_000)
    states = [first.state, *[(await run(made, QuietWatcher(), said={"budget": {"calls": cap}})).state for cap in caps]]

    assert ["stopped"] * 4 + ["finished"] == states
    assert 2 * calls == server.count
    assert len(list(read_calls(made))) == calls
    ours, theirs = records(made), records(whole.folder)
    for estimate in (ours, theirs):
        estimate.pop("estimate.json")
    assert _without_settings(theirs) == _without_settings(ours)


def _remove(names: Iterable[Path]) -> None:
    for name in names:
        name.unlink()


def _without_settings(found: dict[str, str]) -> dict[str, str]:
    """Pages show the frozen settings, which have another cap."""
    return {name: text.partition('<section id="files"')[0] for name, text in found.items()}


async def test_a_finished_comparison_run_again_calls_nothing(server: ModelServer, folder: Path) -> None:
    """And writes the same."""
    ending, _ = await compare(folder, server.base_url, folder / "grade8.md", folder / "grade0.md", compare={"items": 5})
    before, calls = records(ending.folder), server.count

    await run(ending.folder, QuietWatcher())

    assert (before, calls) == (records(ending.folder), server.count)


async def test_changed_seeds_and_damaged_rows_are_refused(server: ModelServer, folder: Path) -> None:
    """A run goes on as it began, or not at all."""
    write_seeds(folder / "more.jsonl", 4, first=100)
    (folder / "tool.jsonl").write_text('{"id": "box-1", "evolved": "How many?"}\n', encoding="utf-8")
    settings = settings_of(
        folder, server.base_url, "general", folder / "tool.jsonl", compare={"seeds": [str(folder / "more.jsonl")]}
    )
    made = create_run(settings, folder / "runs")
    rows = made / "contestants" / "tool.jsonl"
    kept = rows.read_text(encoding="utf-8")

    rows.write_text(kept.replace("How", "Why"), encoding="utf-8")
    with pytest.raises(StorageError, match="is not as it was when the run began"):
        await run(made, QuietWatcher())
    rows.write_text(kept, encoding="utf-8")
    write_seeds(folder / "more.jsonl", 5, first=100)
    with pytest.raises(UsageError, match="have changed since this run began"):
        await run(made, QuietWatcher())
    assert 0 == server.count


async def test_a_method_that_was_optimized_on_the_items_is_told_of(server: ModelServer, folder: Path) -> None:
    """Its figures flatter it."""
    searched = settings_of(
        folder, server.base_url, recipe="auto-evol", name="searched",
        search={"method": str(folder / "grade0.md"), "dev": 6, "test": 2, "train": 10, "steps": 1},
    )  # fmt: skip
    made = create_run(searched, folder / "runs")
    (made / "method.md").write_text((folder / "grade0.md").read_text(encoding="utf-8"), encoding="utf-8")

    settings = settings_of(folder, server.base_url, folder / "grade8.md", made)
    frozen = json.loads((create_run(settings, folder / "runs") / "settings.json").read_text(encoding="utf-8"))

    (note,) = frozen["contest"]["notes"]
    assert "was optimized on 1" in note
    assert "of these 30 items" in note


async def test_an_ablation_tells_once_that_its_method_was_optimized_on_the_items(
    server: ModelServer, folder: Path
) -> None:
    """Not once more for each of its parts, which come out of the same run."""
    searched = settings_of(
        folder, server.base_url, recipe="auto-evol", name="searched",
        search={"method": str(folder / "grade0.md"), "dev": 6, "test": 2, "train": 10, "steps": 1},
    )  # fmt: skip
    made = create_run(searched, folder / "runs")
    (made / "method.md").write_text("1. Add a condition.\n2. Keep the numbers.\n", encoding="utf-8")

    settings = settings_of(folder, server.base_url, made, compare={"ablate": True})
    frozen = json.loads((create_run(settings, folder / "runs") / "settings.json").read_text(encoding="utf-8"))

    (note,) = frozen["contest"]["notes"]
    assert note.startswith(f"'{made.name}' was optimized on 1")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"baseline": "nobody"}, "There is no contestant 'nobody' to be the baseline"),
        ({"evolvers": ["m-evolver", "m-evolver"]}, "named twice"),
        ({"seeds": ["seeds.jsonl"]}, "There is no file"),
        ({"contestants": []}, "No contestants were named"),
    ],
)
def test_what_cannot_be_compared_leaves_no_folder(folder: Path, said: dict[str, Any], words: str) -> None:
    """It is said before anything is made."""
    with pytest.raises(UsageError) as caught:
        create_run(settings_of(folder, "http://127.0.0.1:9/v1", "general", "maths", compare=said), folder / "runs")

    assert words in str(caught.value)
    assert not (folder / "runs").exists()
