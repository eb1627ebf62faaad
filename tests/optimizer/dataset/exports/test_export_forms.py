"""What trainers get: every form, from every kind of row, with counts that add up."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.dataset.exports.export import Exported, Order, export
from autoevol.optimizer.dataset.exports.forms import FORMS
from autoevol.optimizer.dataset.exports.reading import open_file, open_run
from autoevol.optimizer.dataset.exports.trainers import Plan, settings_for
from tests.optimizer.dataset.exports.exported_run import TURNS, read_lines, write_lines, write_run

pa: Any = import_module("pyarrow")
pq: Any = import_module("pyarrow.parquet")


def _export(tmp_path: Path, to: str, **more: Any) -> tuple[Exported, list[dict[str, Any]]]:
    folder = write_run(tmp_path / "run")
    done = export(open_run(folder, what=FORMS[to].source), Order(to, tmp_path / "out", **more))
    return done, read_lines(done.files[0])


def test_alpaca_has_the_columns_that_rows_need(tmp_path: Path) -> None:
    """Input apart, system prompt and earlier turns in LLaMA-Factory's columns, and a note that they are its alone."""
    done, rows = _export(tmp_path, "alpaca")

    assert [
        {"instruction": "Add 2 and 3.", "input": "", "output": "5", "system": "", "history": []},
        {"instruction": "And in French?", "input": "", "output": "Salut.", "system": "Be brief.",
         "history": [["Hello?", "Hi."]]},
        {"instruction": "Sort the words.", "input": "b, a", "output": "a, b", "system": "", "history": []},
    ] == rows  # fmt: skip
    assert {"no-response": 1} == done.tally.counts
    assert ["seed-000002"] == done.tally.named["no-response"]
    assert any("LLaMA-Factory only" in note for note in done.notes)


def test_alpaca_for_others_leaves_out_what_they_would_lose(tmp_path: Path) -> None:
    """axolotl's reader of Alpaca passes over system prompts and earlier turns: such rows are left out and counted."""
    done, rows = _export(tmp_path, "alpaca", trainer="axolotl")

    assert [{"instruction", "input", "output"}] * 2 == [set(row) for row in rows]
    assert {"no-response": 1, "system-prompt": 1} == done.tally.counts


def test_conversations_keep_system_and_turns(tmp_path: Path) -> None:
    """ShareGPT, messages, and prompt with completion."""
    forms = ("sharegpt", "messages", "prompt-completion")
    sharegpt, messages, prompts = (_export(tmp_path / to, to)[1][1] for to in forms)
    turns = [{"role": "system", "content": "Be brief."}, *TURNS, {"role": "user", "content": "And in French?"}]
    answer = {"role": "assistant", "content": "Salut."}

    assert {"messages": [*turns, answer]} == messages
    assert {"prompt": turns, "completion": [answer]} == prompts
    assert ["system", "human", "gpt", "human", "gpt"] == [turn["from"] for turn in sharegpt["conversations"]]
    assert ["Be brief.", "Hello?", "Hi.", "And in French?", "Salut."] == [
        turn["value"] for turn in sharegpt["conversations"]
    ]


def test_pairs_of_rows_that_fell_later_stay_out(tmp_path: Path) -> None:
    """A row that the guard dropped does not come back through its preference pair."""
    done, rows = _export(tmp_path, "dpo")

    assert {"dropped-by-the-run": 1} == done.tally.counts
    assert [
        {"prompt": [*TURNS, {"role": "user", "content": "Why?"}],
         "chosen": [{"role": "assistant", "content": "Because."}],
         "rejected": [{"role": "assistant", "content": "No."}]}
    ] == rows  # fmt: skip


def test_pairs_have_the_form_of_the_trainer(tmp_path: Path) -> None:
    """LLaMA-Factory wants one message for each answer, axolotl too, under other names."""
    factory = _export(tmp_path / "a", "dpo", trainer="llama-factory")[1][0]
    axolotl = _export(tmp_path / "b", "dpo", trainer="axolotl")[1][0]

    assert {"from": "gpt", "value": "Because."} == factory["chosen"]
    assert "human" == factory["conversations"][-1]["from"]
    assert {"role": "assistant", "content": "No."} == axolotl["rejected"]
    assert {"role": "user", "content": "Why?"} == axolotl["messages"][-1]


def test_rated_answers_are_ranked(tmp_path: Path) -> None:
    """The best first, each with its source; what has no reward is not there."""
    _, rows = _export(tmp_path, "reward")

    assert ["Because.", "Since.", "Er.", "No."] == rows[0]["responses"]
    assert [2.0, 0.5, 0.25, -1.0] == rows[0]["rewards"]
    assert ["answer-1", "own", "base", "answer-2"] == rows[0]["sources"]
    assert "judge" == rows[0]["reward_by"]
    assert [*TURNS, {"role": "user", "content": "Why?"}] == rows[0]["prompt"]


def test_own_rows_stay_as_they_are(tmp_path: Path) -> None:
    """As JSONL, all of them, the one without an answer too."""
    _, rows = _export(tmp_path, "jsonl")

    assert read_lines(tmp_path / "run" / "dataset.jsonl") == rows


def test_tables_have_the_same_columns_for_all_recipes(tmp_path: Path) -> None:
    """Parquet and Arrow; the provenance is JSON text, for recipes differ in it."""
    folder = write_run(tmp_path / "run")
    export(open_run(folder), Order("parquet", tmp_path / "rows.parquet"))
    export(open_run(folder), Order("arrow", tmp_path / "arrow"))
    table = pq.read_table(tmp_path / "rows.parquet")
    with pa.OSFile(str(tmp_path / "arrow" / "data-00000-of-00001.arrow")) as file:
        again = pa.ipc.open_stream(file).read_all()
    rows = table.to_pylist()

    assert table.equals(again)
    assert ["b, a", "Sort the words.\n\nb, a"] == [rows[2]["input"], rows[2]["instruction"]]
    assert TURNS == rows[1]["context"]
    assert {"by": "guard", "unsafe": True, "categories": ["S1"]} == json.loads(rows[1]["provenance"])["guard"]
    assert [1.0, None, None, None] == [row["score"] for row in rows]


def test_any_form_fits_into_a_parquet_file(tmp_path: Path) -> None:
    """Nested columns, too."""
    export(open_run(write_run(tmp_path / "run")), Order("messages", tmp_path / "rows.parquet"))

    assert TURNS == pq.read_table(tmp_path / "rows.parquet").to_pylist()[1]["messages"][1:3]


def test_edits_by_hand_are_taken_where_the_row_is_the_same(tmp_path: Path) -> None:
    """An edit of a row that has changed since is told and not taken."""
    source = open_run(write_run(tmp_path / "run"), edited=True)
    done = export(source, Order("messages", tmp_path / "out"))
    rows = read_lines(done.files[0])

    assert ["Add 2 and 4.", "6"] == [turn["content"] for turn in rows[0]["messages"]]
    assert "And in French?" == rows[1]["messages"][-2]["content"]
    assert ("1 row edited by hand.", "1 edit left out: the row has changed since.") == done.notes
    assert 1 == done.tally.edited


def test_files_of_others_are_read_too(tmp_path: Path) -> None:
    """Chats become one row each, whatever they are called; an Alpaca file keeps its input apart."""
    chats = write_lines(tmp_path / "a.jsonl", [{"conversations": [
        {"from": "system", "value": "S"}, {"from": "human", "value": "A"}, {"from": "gpt", "value": "B"},
        {"from": "human", "value": "C"}, {"from": "gpt", "value": "D"}]}])  # fmt: skip
    alpaca = write_lines(tmp_path / "b.jsonl", [{"instruction": "A", "input": "B", "output": "C"}])
    first = export(open_file(str(chats)), Order("messages", tmp_path / "a"))
    second = export(open_file(str(alpaca)), Order("alpaca", tmp_path / "b"))

    assert ["S", "A", "B", "C", "D"] == [turn["content"] for turn in read_lines(first.files[0])[0]["messages"]]
    assert [{"instruction": "A", "input": "B", "output": "C"}] == read_lines(second.files[0])


def test_bad_rows_are_counted(tmp_path: Path) -> None:
    """Read is written and left out, by reason."""
    path = tmp_path / "bad.jsonl"
    path.write_text('{"instruction": "A", "output": "B"}\n\n[1]\n{"instruction": "", "output": "B"}\n', "utf-8")
    done = export(open_file(str(path)), Order("sharegpt", tmp_path / "out"))

    assert (4, 1) == (done.tally.read, done.tally.written)
    assert {"blank-line": 1, "no-instruction": 1, "unreadable": 1} == done.tally.counts


def test_nothing_is_written_where_no_row_fits(tmp_path: Path) -> None:
    """The reasons are in the error, and no half file is left."""
    path = write_lines(tmp_path / "rows.jsonl", [{"instruction": "A"}])

    with pytest.raises(UsageError, match=r"1 read: 1 no-response"):
        export(open_file(str(path)), Order("messages", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    """Not the data, and not a README that happens to stand there; with force both, and nothing else."""
    folder = write_run(tmp_path / "run")
    out = tmp_path / "out"
    out.mkdir()
    (out / "README.md").write_text("mine", "utf-8")
    (out / "notes.txt").write_text("mine", "utf-8")

    with pytest.raises(UsageError, match=r"README.md is there already"):
        export(open_run(folder), Order("messages", out))
    assert {"README.md", "notes.txt"} == {path.name for path in out.iterdir()}
    assert "mine" == (out / "README.md").read_text("utf-8")

    export(open_run(folder), Order("messages", out, force=True))
    assert {"README.md", "notes.txt", "train.jsonl"} == {path.name for path in out.iterdir()}
    assert (out / "README.md").read_text("utf-8").startswith("---\n")


@pytest.mark.parametrize(
    ("to", "out", "trainer"),
    [("arrow", "x.arrow", None), ("jsonl", "x.parquet", None), ("parquet", "x.jsonl", None),
     ("messages", "x.jsonl", "trl"), ("reward", "x", "trl"), ("alpaca", "x", "trl"), ("messages", "there", None)],
)  # fmt: skip
def test_places_and_trainers_that_do_not_fit_are_refused(tmp_path: Path, to: str, out: str, trainer: Any) -> None:
    """Before anything is written."""
    folder = write_run(tmp_path / "run")
    (tmp_path / "there").write_text("a file", "utf-8")

    with pytest.raises(UsageError):
        export(open_run(folder, what=FORMS[to].source), Order(to, tmp_path / out, trainer))
    assert {"run", "there"} == {path.name for path in tmp_path.iterdir()}


def test_the_card_tells_what_a_person_should_know(tmp_path: Path) -> None:
    """A head that parses; counts, costs, method, harm; no path of the machine; texts that cannot leave their fence."""
    done, _ = _export(tmp_path, "messages", license="apache-2.0", title="My <b>data</b>")
    text = done.files[1].read_text("utf-8")
    head = yaml.safe_load(text.split("---")[1])

    assert "apache-2.0" == head["license"]
    assert ["en"] == head["language"]
    assert [{"config_name": "default", "data_files": [{"split": "train", "path": "train.jsonl"}]}] == head["configs"]
    assert ["n<1K"] == head["size_categories"]
    for told in ("rows read: 4; written: 3", "left out, `no-response`: 1", "1,234 calls, 5,678 tokens, 1.2500 USD",
                 "0 in, 5 made, 4 out, dropped: harmful 1", "`seeds.jsonl`", "calls 1 harmful (100.0%)",
                 "the guard looked at 5 rows: 1 harmful", "with earlier turns: 1", "````text"):  # fmt: skip
        assert told in text
    assert "/secret" not in text
    assert "<b>" not in text


def _row(number: int, **came: Any) -> dict[str, Any]:
    return {"id": f"r-{number}", "instruction": f"Add {number}.", "response": "5", "provenance": came}


@pytest.mark.parametrize(
    ("came", "recipes", "told", "synthetic", "terms"),
    [({"models": ["m"], "method_id": "x"}, [], "Instructions and answers are written by", True, True),
     ({"models": ["m"], "recipe": "evol-instruct"}, [], "Instructions and answers are written by", True, True),
     ({"models": ["m"], "recipe": "best-answer"}, ["best-answer"], "The answers are written by", True, True),
     ({"models": ["m"], "recipe": "best-answer"}, ["magpie", "best-answer"], "Instructions and answers", True, True),
     ({"models": [], "recipe": "arithmetic"}, ["arithmetic"], "worked out by a program", True, False),
     ({"models": [], "curated": []}, ["diverse"], "those of the rows that were given", False, False),
     ({"models": ["judge"], "curated": []}, ["deita"], "those of the rows that were given", False, False),
     ({"models": ["m"], "recipe": "ifd"}, ["ifd"], "those of the rows that were given", False, False)],
)  # fmt: skip
def test_the_card_says_by_whom_texts_were_written(
    tmp_path: Path, came: dict[str, Any], recipes: list[str], told: str, synthetic: bool, terms: bool
) -> None:  # fmt: skip
    """By models, by a program, or by whoever wrote the rows that some were chosen from; of a file of a member, too."""
    folder = write_run(tmp_path / "run", [_row(1, **came)])
    status = json.loads((folder / "status.json").read_text("utf-8"))
    status["parts"] = [{"place": f"1-{recipe}", "recipe": recipe} for recipe in recipes]
    (folder / "status.json").write_text(json.dumps(status), "utf-8")
    text = export(open_run(folder), Order("messages", tmp_path / "out")).files[1].read_text("utf-8")

    assert told in text
    assert synthetic == ("synthetic" in yaml.safe_load(text.split("---")[1])["tags"])
    assert terms == ("terms of the models" in text) == ("synthetic" in text.split("## Limits")[1])


def test_the_card_of_rows_of_several_writers_counts_them(tmp_path: Path) -> None:
    """A file of somebody else's, in which AutoEvol wrote one row of three."""
    rows = [_row(1, models=["m"], recipe="magpie"), _row(2, models=[], curated=[]), {**_row(3), "provenance": None}]
    path = write_lines(tmp_path / "rows.jsonl", rows)
    text = export(open_file(str(path)), Order("messages", tmp_path / "out")).files[1].read_text("utf-8")

    assert "1 instructions and answers written by language models; 2 the texts of the rows that were given" in text
    assert "What language models wrote is synthetic." in text


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_no_text(tmp_path: Path, text: str) -> None:
    """NaN for an answer or an instruction says that there is none."""
    path = tmp_path / "rows.jsonl"
    lines = [f'{{"question": "a", "answer": {text}}}', f'{{"question": {text}, "answer": "b"}}']
    path.write_text("\n".join([*lines, '{"question": "c", "answer": 7}']), "utf-8")
    done = export(open_file(str(path)), Order("alpaca", tmp_path / "out"))

    assert [{"instruction": "c", "input": "", "output": "7"}] == read_lines(done.files[0])
    assert {"no-instruction": 1, "no-response": 1} == done.tally.counts


def test_every_trainer_gets_settings_for_what_it_reads(tmp_path: Path) -> None:
    """YAML that names the student and the file; a script that compiles."""
    for trainer, to, names in [
        ("trl", "messages", {"trl-sft.yaml"}), ("trl", "dpo", {"trl-dpo.yaml"}),
        ("axolotl", "sharegpt", {"axolotl.yaml"}),
        ("llama-factory", "alpaca", {"dataset_info.json", "llama-factory.yaml"}),
        ("unsloth", "messages", {"unsloth-sft.py"}), ("unsloth", "prompt-completion", {"unsloth-sft.py"}),
        ("unsloth", "dpo", {"unsloth-dpo.py"}),
    ]:  # fmt: skip
        done, _ = _export(tmp_path / trainer / to, to, trainer=trainer, model="some/model")
        written = {path.name: path.read_text("utf-8") for path in done.files[2:]}

        assert names == set(written)
        assert any("some/model" in text for text in written.values())
        for name, text in written.items():
            if name.endswith(".py"):
                compile(text, name, "exec")
            elif name.endswith(".yaml"):
                assert yaml.safe_load(text)


def test_settings_read_only_forms_of_their_trainer() -> None:
    """The list of forms is in the error."""
    with pytest.raises(UsageError, match=r"trl does not read the form sharegpt"):
        settings_for(Plan("trl", FORMS["sharegpt"], "x", "m", "n"))


_texts = st.text(st.characters(codec=None), max_size=12)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries({"instruction": _texts, "response": _texts, "system": _texts}), max_size=6))
def test_no_row_is_lost(rows: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever the texts: read = written + left out, and what is written is valid UTF-8, one object a line."""
    folder = tmp_path_factory.mktemp("rows")
    path = write_lines(folder / "rows.jsonl", [{"instruction": "Go.", "response": "Gone."}, *rows])
    done = export(open_file(str(path)), Order("messages", folder / "out"))
    written = done.files[0].read_bytes().decode("utf-8").split("\n")[:-1]

    assert len(rows) + 1 == done.tally.read == done.tally.written + done.tally.left_out.total()
    assert done.tally.written == len([json.loads(line) for line in written])
