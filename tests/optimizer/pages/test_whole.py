"""Every item and row inside the page: an index that cannot be markup, and blocks that give the texts back."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.pages import whole
from autoevol.optimizer.pages.ancestry import read_tree
from autoevol.optimizer.pages.files import RunFiles
from autoevol.optimizer.pages.steps import read_steps
from autoevol.optimizer.pages.whole import Whole, item_link, read_whole
from tests.optimizer.pages.sample_run import WINNER, change, write_run


def _whole(folder: Path) -> tuple[Whole, dict[str, Any]]:
    files = RunFiles(folder)
    found = read_whole(files, read_steps(files))
    return found, json.loads(found.index)


def _texts(found: Whole, name: str) -> Any:
    packed = next(block.packed for block in found.blocks if block.name == name)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def test_every_item_is_there_with_its_score_and_texts(tmp_path: Path) -> None:
    """Groups in the order of the steps; a block has a row for each item, the seeds' texts stand once."""
    found, index = _whole(write_run(tmp_path))

    assert ["steps/000/batch", "steps/000/incumbent", "steps/000/candidates/1/dev"] == [
        g["name"] for g in index["groups"]
    ]
    assert ["seed-000002", "seed-000003"] == [index["seeds"][place] for place in index["groups"][1]["items"]]
    assert [[0.0, 0.5], [0.5, 1.0]] == [group["scores"] for group in index["groups"][1:]]
    row = _texts(found, "steps/000/candidates/1/dev")[0]
    assert ("seed-000002", ["a text"], "a text", [["a text", "a text", "rule"]]) == (
        row["id"], row["stages"], row["response"], row["findings"],
    )  # fmt: skip
    assert {"seed-000001": "a text", "seed-000002": "a text", "seed-000003": "a text"} == _texts(found, "seeds")


def test_every_row_and_every_dropped_row_is_there(tmp_path: Path) -> None:
    """Lists are cut into blocks; each knows how many rows it has, and by what they can be found."""
    found, index = _whole(write_run(tmp_path))

    assert [("dataset", 3, 3, ["a text"]), ("dropped", 2, 2, ["a text", "other x", "other y", "x", "y"])] == [
        (
            one["name"],
            one["rows"],
            one["held"],
            sorted({*one["classes"], *(["a text"] if one["name"] == "dropped" else [])}),
        )
        for one in index["lists"]
    ]
    assert ["x", "y"] == [row["reason"] for row in _texts(found, "dropped/0")]


def test_what_has_no_room_is_left_to_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page stays openable: scores are told of every item, texts as far as there is room."""
    monkeypatch.setattr(whole, "_MOST", 10)
    found, index = _whole(write_run(tmp_path))

    assert () == found.blocks
    assert {None} == {group["block"] for group in index["groups"]}
    assert [(3, 0), (2, 0)] == [(one["rows"], one["held"]) for one in index["lists"]]


def test_equal_items_are_held_once(tmp_path: Path) -> None:
    """An incumbent that stays has the same items in the next step: they take no room twice."""
    run = write_run(tmp_path)
    before = len(_whole(run)[0].blocks)
    second = run / "steps" / "001"
    second.mkdir()
    for name in ("method.md", "incumbent.jsonl", "decision.json"):
        (second / name).write_bytes((run / "steps" / "000" / name).read_bytes())
    found, index = _whole(run)

    assert before == len(found.blocks)
    assert {"steps/000/incumbent", "steps/001/incumbent"} == {
        group["name"] for group in index["groups"] if group["block"] == "steps/001/incumbent"
    }


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--<script>", "]]>&amp;\u2028\u202e\ud800"])
def test_no_text_ends_the_element_that_it_stands_in(tmp_path: Path, text: str) -> None:
    """The index has no sign of markup at all; blocks are letters and digits."""
    found, index = _whole(write_run(tmp_path, text))

    assert not set("<>&") & set(str(found.index))
    assert all(block.packed.replace("+", "").replace("/", "").rstrip("=").isalnum() for block in found.blocks)
    assert "script" not in text or any("<script>" in kind for kind in index["kinds"])


def test_a_number_that_is_none_is_left_out(tmp_path: Path) -> None:
    """What JSON cannot hold would keep the whole page from opening."""
    run = write_run(tmp_path)
    path = run / "steps/000/incumbent.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"score": 0.5', '"score": NaN'), encoding="utf-8")

    assert [0.0, None] == _whole(run)[1]["groups"][1]["scores"]


def test_a_link_leads_to_an_item_or_is_none(tmp_path: Path) -> None:
    """Names of seeds are quoted; an item that the page does not have gets no link."""
    found = _whole(write_run(tmp_path))[0]

    assert "#item/steps/000/batch/seed-000001" == found.link("steps/000/batch", "seed-000001")
    assert "" == found.link("steps/000/batch", "seed-000002")
    assert "#item/g/a%2Fb%20%3C" == item_link("g", "a/b <")


def test_the_tree_says_what_a_method_was_made_from(tmp_path: Path) -> None:
    """Parents are named as people call them, with a place on the page; ways back too."""
    run = write_run(tmp_path)
    one = run / "steps/000/candidates/1/candidate.json"
    start = read_steps(RunFiles(run))[0].method
    assert start is not None
    change(one, operator="merge", parents=[start.id, "0" * 12])
    change(run / "steps/000/decision.json", back={"method": start.id, "reason": "lost it"})
    (fork,) = read_tree(read_steps(RunFiles(run)))

    assert ("merge of", ["the method of step 1"]) == (fork.branches[0].how, [p.name for p in fork.branches[0].parents])
    assert ("", ()) == (fork.branches[2].how, fork.branches[2].parents)
    assert fork.back is not None
    assert "#step-1" == fork.back.link
    assert WINNER.id == fork.branches[0].view.record.method_id
