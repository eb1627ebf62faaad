"""Evol-Instruct: lineage, elimination, what goes back to the pool; recipes in a row, and harm in their rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.making import MadeRun, evol_instruct, resume, run_recipes
from autoevol.optimizer.record.making.evol_instruct import OPERATIONS, SIMPLER, EvolInstructSettings
from autoevol.optimizer.scoring.elimination import prompt_words, says_nothing, sorry
from tests.model_server import Body, ModelReply, model_server
from tests.optimizer.recipes.stage import luck

SEEDS = [{"id": f"s{n}", "question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many balls?"}
         for n in range(9)]  # fmt: skip


def act(body: Body) -> ModelReply:
    """Evolver, judge, responder and guards that are functions of what they are asked, with all kinds of mistakes."""
    ask, model = str(body["messages"][-1]["content"]), str(body["model"])
    drawn = luck(re.sub(r" [0-9a-f]{8}\b", "", ask), body.get("seed"), model) % 10
    if model == "guard":
        return ModelReply(("unsafe\nS1,S9", "hello")[drawn % 2] if drawn < 2 else "safe")
    if model == "responder":
        return ModelReply(("I am sorry, I cannot.", "It is. And so!", f"There are {drawn}.")[min(drawn // 3, 2)])
    if "category:" in ask:
        return ModelReply(f"<verdict>\ncategory: weapons\nharmful: {'yes' if drawn < 2 else 'no'}\n</verdict>")
    if "gain:" in ask:
        return ModelReply(f"<verdict>\nadded: a crate\ngain: {'no' if drawn < 3 else 'yes'}\n</verdict>")
    text = re.findall(r"<<<TEXT (\w+)\n(.*?)\nTEXT \1>>>", ask, re.DOTALL)[-1][1]
    if drawn == 0:
        return ModelReply("I would rather not.")
    lead = "Rewritten prompt: " if drawn == 1 else ""
    return ModelReply(f"<plan>more</plan>\n<new_text>{lead}{text} Also count {luck(text)} crates.</new_text>")


def settings(base_url: str) -> dict[str, Any]:
    """Every role at this server, each by its own name."""
    roles = ("evolver", "responder", "judge", "guard", "analyst", "refiner")
    return {
        "endpoints": {"default": {"base_url": base_url, "concurrency": 4, "patience_s": 0.05}},
        "roles": {role: {"model": role} for role in roles}, "secret": "00112233445566778899aabbccddeeff",
        "budget": {"calls": 2000},
    }  # fmt: skip


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_lineage_is_a_tree_and_failed_evolutions_go_back_to_the_pool(tmp_path: Path) -> None:
    """Every row hangs on one that was kept in an earlier round; a dropped one leaves its parent to the next round."""
    with model_server(act) as server:
        made = evol_instruct(SEEDS, settings=settings(server.base_url), runs=tmp_path, rounds=4, detectors=False)

    kept = {row["id"]: row for row in made.rows()}
    dropped = list(made.dropped())
    reasons = Counter(row["reason"] for row in dropped)
    assert {"no-gain", "sorry", "says-nothing", "prompt-words", "unreadable"} <= set(reasons)
    assert 9 + 4 * 9 == len(kept) + len(dropped)
    for seed in range(1, 10):
        head = f"seed-{seed:06d}"
        for number in range(1, 5):
            child = kept.get(f"seed-{seed:06d}.1e{number}")
            dead = [r for r in dropped if r["seed_id"] == f"seed-{seed:06d}" and r["round"] == number]
            assert [head] == (child["provenance"]["parents"] if child else dead[0]["parents"])
            assert (child is None) == (len(dead) == 1)
            if child:
                assert head not in kept or child["instruction"].startswith(kept[head]["instruction"])
                head = child["id"]
    operations = {row["provenance"]["operation"] for row in kept.values()} - {"seed"}
    assert operations <= set(OPERATIONS["wizardlm"])
    assert len(operations) > 2


def test_maths_makes_a_line_upward_and_one_downward(tmp_path: Path) -> None:
    """Three rounds up and two down from each seed, each line of its own operations."""
    with model_server(act) as server:
        made = evol_instruct(
            SEEDS, settings=settings(server.base_url), runs=tmp_path, operations="maths", eliminate=[], detectors=False
        )

    ups = [row for row in [*made.rows(), *made.dropped()] if row.get("operation", "").startswith("maths")]
    found = [row["provenance"] for row in made.rows() if row["provenance"]["operation"] != "seed"] + ups
    down = [row for row in found if row["operation"] in SIMPLER["maths"]]
    assert (9 * 2, 9 * 3) == (len(down), len(found) - len(down))
    assert all(parent.partition(".")[2][:2] in {"", "1d"} for row in down for parent in row["parents"])


def test_a_preset_stands_below_what_is_said() -> None:
    """The released script has five operations, one round, no elimination; and each of it can be said otherwise."""
    official = EvolInstructSettings.model_validate({"preset": "official-code"})
    more = EvolInstructSettings.model_validate({"preset": "official-code", "rounds": 3, "eliminate": ["sorry"]})

    assert (1, (), 5, "leave") == (
        official.rounds, official.eliminate, len(official.upward_operations), official.seeds
    )  # fmt: skip
    assert (3, ("sorry",)) == (more.rounds, more.eliminate)
    assert ("evolver", "responder") == official.roles()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"weights": {"breath": 2}}, "breath"),
        ({"weights": {"breadth": -1}}, "below 0"),
        ({"rounds": 0}, "nothing is made"),
        ({"downward": 1}, "no operation left"),
        ({"operations": "code", "weights": dict.fromkeys(OPERATIONS["code"], 0)}, "no operation left"),
    ],
)
def test_settings_that_make_no_sense_are_refused(said: dict[str, Any], words: str) -> None:
    """In words that name what is wrong."""
    with pytest.raises(ValueError, match=words):
        EvolInstructSettings.model_validate(said)


@given(st.text(max_size=300))
def test_a_long_response_is_never_an_excuse_and_words_say_something(filler: str) -> None:
    """Whatever stands around it."""
    assert sorry("word " * 80 + "sorry " + filler) == ""
    assert not says_nothing(f"{filler} elephant", "en")
    assert prompt_words(filler, filler, filler) == ""


@pytest.mark.parametrize(
    ("response", "nothing"),
    [("...", True), ("It is. And so!", True), ("", True), ("42", False), ("的了，也是。", True), ("答案是三", False)],
)
def test_a_response_of_stop_words_says_nothing(response: str, nothing: bool) -> None:
    """Digits and words of content do."""
    assert nothing == says_nothing(response, "zh" if any("\u4e00" <= sign for sign in response) else "en")


def test_words_of_the_prompt_are_seen_unless_the_parent_has_them() -> None:
    """The published phrases, and nine words in a row of an operation."""
    told = "Make the text somewhat harder by one more condition that an answer has to meet."
    copied = "Add 2 and 3. Harder by one more condition that an answer has to meet."

    assert prompt_words("Add 2.", "#Rewritten Prompt#: Add 2 and 3.", told)
    assert prompt_words("Add 2.", copied, told)
    assert not prompt_words(copied, f"{copied} In words.", told)
    assert not prompt_words("Add 2.", "Add 2 and one more condition.", told)


async def test_recipes_in_a_row_keep_ids_apart_and_counts_whole(tmp_path: Path) -> None:
    """Twice the same recipe: no id twice, every part adds up, every parent is a row of its part or of that before."""
    chain = [{"recipe": "evol-instruct", "rounds": 1, "detectors": False, "guard": "tag", "guard_role": "judge"},
             {"recipe": "evol-instruct", "rounds": 2, "detectors": False, "guard": "drop"}]  # fmt: skip
    with model_server(act) as server:
        made = await run_recipes(chain, SEEDS, settings=settings(server.base_url), runs=tmp_path)

    status = json.loads((made.folder / "status.json").read_text(encoding="utf-8"))
    rows = rows_of(made.folder / "dataset.jsonl")
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert all(part["in"] + part["created"] == part["out"] + sum(part["dropped"].values()) for part in status["parts"])
    assert sum(status["dropped"].values()) == len(rows_of(made.folder / "dropped.jsonl"))
    first, second = status["parts"]
    before = {row["id"] for row in rows_of(made.folder / first["rows"])}
    made_there = {row["id"] for row in rows_of(made.folder / "2-evol-instruct" / "dataset.jsonl")}
    assert {p for row in rows for p in row["provenance"]["parents"]} <= before | made_there
    assert first["guard"]["harmful"] > 0
    assert "harmful" not in first["dropped"]
    assert second["guard"]["harmful"] == second["dropped"]["harmful"]
    assert second["guard"]["silent"] == second["dropped"]["guard-silent"]
    assert all(row["provenance"]["guard"]["unsafe"] is False for row in rows)
    assert ["S1", "S9"] in [row["guard"]["categories"] for row in made.dropped() if "guard" in row]


def test_a_recipe_that_leaves_nothing_ends_the_run_and_says_why(tmp_path: Path) -> None:
    """With the part, the reasons and where to look; the rows that were dropped are kept."""
    parts = [{"recipe": "evol-instruct", "rounds": 1, "seeds": "leave"}, {"recipe": "evol-instruct"}]
    config = tmp_path / "run.json"
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SEEDS), encoding="utf-8")
    with model_server(lambda _: ModelReply("No.")) as server:
        said = {**settings(server.base_url), "seeds": {"source": "seeds.jsonl"}, "make": parts}
        config.write_text(json.dumps(said), encoding="utf-8")
        told = CliRunner().invoke(
            autoevol, ["make", "--config", str(config), "--runs", str(tmp_path / "runs"), "--yes", "--quiet"]
        )

    assert isinstance(told.exception, UsageError)
    assert "1-evol-instruct left no row (left-out 9, unreadable 9), so evol-instruct has nothing" in str(told.exception)
    (run,) = (tmp_path / "runs").iterdir()
    assert 18 == len(rows_of(run / "dropped.jsonl"))
    assert [] == rows_of(run / "dataset.jsonl")
    assert "left no row" in (run / "report.html").read_text(encoding="utf-8")


async def test_a_recipe_from_nothing_can_only_stand_first(tmp_path: Path) -> None:
    """Rows of the recipe before it would be lost."""
    with pytest.raises(UsageError, match="only stand first"):
        await run_recipes(
            [{"recipe": "evol-instruct"}, {"recipe": "magpie"}], SEEDS, settings=settings("http://127.0.0.1:1/v1"),
            runs=tmp_path,
        )  # fmt: skip


def test_the_example_of_the_docs_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the address of a server in the place that is left for it."""
    page = (Path(__file__).parents[3] / "docs" / "make.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    with model_server(act) as server:
        exec(example.replace("BASE_URL", server.base_url), {})

    assert "seed-000001 A box holds 3 red and 5 blue balls." in capsys.readouterr().out


def test_a_finished_run_resumed_asks_nobody(tmp_path: Path) -> None:
    """The same rows from the journal; a stopped one gives none out as if it were whole."""
    with model_server(act) as server:
        said = settings(server.base_url)
        made = evol_instruct(SEEDS, settings=said, runs=tmp_path, rounds=2)
        rows, asked = list(made.rows()), server.count
        again = resume(made.folder)
        assert isinstance(again, MadeRun)
        short = evol_instruct(SEEDS, settings={**said, "budget": {"calls": 5}}, runs=tmp_path, rounds=2)

        assert (rows, asked) == (list(again.rows()), server.count - 5)
    assert "stopped" == short.state
    with pytest.raises(UsageError, match="was stopped"):
        short.rows()


@pytest.mark.parametrize("first", [[{"recipe": "dedup"}], []], ids=["after-dedup", "first"])
async def test_a_topic_of_the_file_outlives_evolution_so_that_quotas_can_choose_by_it(
    tmp_path: Path, first: list[dict[str, Any]]
) -> None:
    """The seed keeps all fields of its file; what it is evolved into keeps its labels, and none of its figures."""
    topics = ("sums", "boxes", "balls")
    told = [{**each, "topic": topics[n % 3], "reward": n, "test": "x"} for n, each in enumerate(SEEDS)]
    quotas: dict[str, Any] = {"recipe": "quotas", "by": {"topic": {}}, "share": 1}
    parts: list[dict[str, Any]] = [*first, {"recipe": "evol-instruct", "rounds": 2}, quotas]
    with model_server(act) as server:
        made = await run_recipes(parts, told, settings=settings(server.base_url), runs=tmp_path)
    rows = rows_of(made.folder / "dataset.jsonl")
    seeds = [row for row in rows if row["provenance"]["operation"] == "seed"]
    evolved = [row for row in rows if row["provenance"]["operation"] != "seed"]
    assert seeds
    assert evolved
    assert [topics[row["reward"] % 3] for row in seeds] == [row["topic"] for row in seeds]
    assert {"topic"} == {name for row in evolved for name in row["provenance"]["given"]}
    topic_of = {row["provenance"]["seed_id"]: row["topic"] for row in seeds}
    known = [row for row in evolved if row["provenance"]["seed_id"] in topic_of]
    assert [topic_of[row["provenance"]["seed_id"]] for row in known] == [
        row["provenance"]["given"]["topic"] for row in known
    ]
    assert not [row for row in evolved if "topic" in row or "reward" in row]
