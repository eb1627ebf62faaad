"""The report: one safe file from the files of a run, whole whatever they lack; test_report_words has what it says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import tracemalloc
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.pages.report import write_report
from autoevol.optimizer.pages.whole import item_link
from tests.optimizer.pages.reading import Page, Shape, page_of, words_of
from tests.optimizer.pages.sample_run import change, without, write_calls, write_run

HOSTILE = (
    "<script>alert(1)</script>",
    "</style></title></textarea><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "{{7*7}}{% for x in y %}${7*7}",
    "<!-- --> ]]> &lt;b&gt; &amp;amp;",
    "a\u2028b\u2029c\u202etxet\u2066\x00\x07\x85\ufeff",
    "javascript:alert(1)",
    "\ud800 half of a character",
)


# ---------------------------------------------------------------- a page that is safe and whole


def test_the_page_loads_nothing_and_runs_its_own_script_alone(run: Path) -> None:
    """No element loads anything, and the policy allows one style and one script by their text; the rest is data."""
    page = page_of(run)
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a)
    style, script = (_digest(text) for text in (page.style, page.scripts[-1]))
    kinds = [a.get("type", "") for tag, a in page.elements if tag == "script"]

    assert set() == {"link", "img", "iframe", "object", "embed", "form", "base"} & {t for t, _ in page.elements}
    assert [] == page.values("src") + page.values("style")
    assert [] == [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert (
        f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; "
        f"script-src 'sha256-{script}'; require-trusted-types-for 'script'; trusted-types 'none'"
    ) == policy
    assert ("application/json", "") == (kinds[0], kinds[-1])
    assert {"text/plain"} == set(kinds[1:-1])
    assert not re.search(r"url\(|@import|https?:", page.style + page.scripts[-1])
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page.scripts[-1])


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _within(page: Page) -> set[str]:
    """The addresses of items inside the page, and of the table of items with a class of finding alone."""
    index = json.loads(page.scripts[0])
    groups = index["groups"]
    sets = {"all", *(f"step-{group['step']}" for group in groups if group["part"] == "race")}
    tables = {f"#matrix/{one}/all/{quote(kind, safe='')}" for one in sets for kind in index["kinds"]}
    return tables | {item_link(group["name"], index["seeds"][seed]) for group in groups for seed in group["items"]}


def test_every_link_leads_somewhere(run: Path) -> None:
    """A link names a file of the run by its relative path, or a place on the page that is there."""
    page = page_of(run)
    ids = page.values("id")
    links = page.values("href")

    assert len(ids) == len(set(ids))
    assert [] == [link for link in links if link.startswith("#") and link[1:] not in ids and link not in _within(page)]
    assert [] == [link for link in links if not link.startswith("#") and not (run / link).exists()]
    assert [] == [name for value in page.values("aria-labelledby") for name in value.split() if name not in ids]
    assert {"steps/000/candidates/1/dev.jsonl", "dataset.jsonl", "dropped.jsonl"} <= set(links)


def test_the_page_is_well_formed_and_can_be_found_through_by_ear(run: Path) -> None:
    """Elements are closed in order, every table says what it is about, and headings leave no level out."""
    page = page_of(run)
    tags = [tag for tag, _ in page.elements]
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h[1-6]", tag)]

    assert ([], []) == (page.open, page.unbalanced)
    assert tags.count("table") == tags.count("caption") > 0
    assert 1 == levels[0] == levels.count(1)
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert {"main", "nav", "header", "footer"} <= set(tags)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(run: Path, tmp_path: Path, text: str) -> None:
    """Whatever a seed or model says, wherever it says it, the page has the same elements and attributes."""
    assert page_of(run).shape == page_of(write_run(tmp_path / "hostile", text)).shape


@settings(max_examples=10, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=60))
def test_any_text_stays_text(text: str) -> None:
    """The same for texts that nobody thought of, halves of characters among them."""
    with TemporaryDirectory() as folder:
        assert _plain() == page_of(write_run(Path(folder), text)).shape


@cache
def _plain() -> Shape:
    with TemporaryDirectory() as folder:
        return page_of(write_run(Path(folder))).shape


def test_marks_that_turn_text_around_are_written_out(tmp_path: Path) -> None:
    """What would be obeyed without being seen is named instead."""
    words = page_of(write_run(tmp_path, "a\u202eb\u2028c\x00d\x1be")).words

    assert "a[U+202E]b[U+2028]c[U+0000]d[U+001B]e" in words
    assert not set(words) & set("\u202e\u2028\x00\x1b")


def test_a_very_long_line_is_cut_and_says_so(tmp_path: Path) -> None:
    """A page of a run with a megabyte in one line can still be opened."""
    write_run(tmp_path, "x" * 1_000_000)

    assert write_report(tmp_path).stat().st_size < 400_000
    assert "996,000 more characters" in page_of(tmp_path).words


def test_keys_and_the_secret_are_not_shown(run: Path) -> None:
    """Settings are shown without what must stay with the run."""
    change(run / "status.json", state="stopped", story="401 for key sk-abcdefghijklmnop1234")
    html = write_report(run).read_text(encoding="utf-8")

    assert "5ec2e7" in (run / "settings.json").read_text(encoding="utf-8")
    assert "5ec2e7" not in html
    assert "abcdefghijklmnop1234" not in html


# ---------------------------------------------------------------- the same files give the same page


async def test_the_same_files_give_the_same_bytes(run: Path, tmp_path: Path) -> None:
    """Written twice, in another folder, after a resume at another time: a report does not show it."""
    await write_calls(run, [("evolver", "apply", 0.1), ("evolver", "apply", 0.2), ("judge", "test", 0.3)])
    first = write_report(run).read_bytes()
    other = shutil.copytree(run, tmp_path / "elsewhere")
    change(other / "status.json", started="2027-12-31", calls=99, tokens=99, cost_usd=9.9)
    (other / "events.jsonl").write_text('{"kind": "resumed", "at": "2027-12-31"}\n', encoding="utf-8")

    assert first == write_report(run).read_bytes()
    assert first == write_report(other).read_bytes()


async def test_the_order_in_which_calls_finished_does_not_show(run: Path, tmp_path: Path) -> None:
    """Sums of money are exactly rounded."""
    other = shutil.copytree(run, tmp_path / "elsewhere")
    costs = [0.1, 1e-9, 0.2, 0.7, 1e-7, 0.3]
    calls = [("evolver", "apply", cost) for cost in costs]
    await write_calls(run, calls)
    await write_calls(other, reversed(calls))

    assert write_report(run).read_bytes() == write_report(other).read_bytes()


# ---------------------------------------------------------------- what is missing or damaged


@pytest.mark.parametrize(
    "name",
    [
        "settings.json", "status.json", "events.jsonl", "method.md", "dataset.jsonl", "dropped.jsonl", "test", "steps",
        "steps/000/method.md", "steps/000/decision.json", "steps/000/batch.jsonl", "steps/000/candidates",
        "steps/000/candidates/1", "steps/000/candidates/1/candidate.json", "steps/000/candidates/1/dev.jsonl",
        "steps/000/candidates/2/method.md", "steps/000/candidates/3/unreadable.txt",
    ],
)  # fmt: skip
def test_any_part_may_be_missing(run: Path, name: str) -> None:
    """A run that was broken off anywhere has a whole page, with links to what is there."""
    without(run / name)
    page = page_of(run)
    links = [link for link in page.values("href") if not link.startswith("#")]

    assert ([], []) == (page.open, page.unbalanced)
    assert [] == [link for link in links if not (run / link).exists()]
    inside = {link for link in page.values("href") if link.startswith("#")} - _within(page)
    assert set() == {link[1:] for link in inside} - set(page.values("id"))


def test_an_empty_folder_has_a_page(tmp_path: Path) -> None:
    """A run that ended before anything was written says so."""
    assert "Nothing is on record yet." in page_of(tmp_path).words


def test_damage_is_named(run: Path) -> None:
    """Lines and files that cannot be read are left out and counted, in words without a path of this machine."""
    with (run / "dropped.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"seed_id": "torn\n[1, 2]\n')
    (run / "steps/000/decision.json").write_text("{", encoding="utf-8")
    (run / "journal.sqlite").write_text("not a journal", encoding="utf-8")
    words = words_of(run)

    assert "dropped.jsonl: 2 lines are damaged and not shown." in words
    assert "steps/000/decision.json: it is not a JSON object." in words
    assert "journal.sqlite: it cannot be read" in words
    assert str(run) not in words


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_any_field_may_hold_anything(data: st.DataObject) -> None:
    """Records of another version, or edited by hand, cost their own part of the page and never the page."""
    with TemporaryDirectory() as folder:
        run = write_run(Path(folder))
        path = data.draw(st.sampled_from(sorted(path for path in run.rglob("*.json*") if path.stat().st_size)))
        first, *rest = path.read_text(encoding="utf-8").splitlines()
        changed = _with_another_value(json.loads(first), data)
        path.write_text("\n".join([json.dumps(changed), *rest]), encoding="utf-8")
        page = page_of(run)

    assert ([], []) == (page.open, page.unbalanced)


def _with_another_value(tree: object, data: st.DataObject) -> Any:
    """The tree with one of its values, at any depth, replaced."""
    if not isinstance(tree, dict | list) or not tree or data.draw(st.integers(0, 4)) == 0:
        return data.draw(JSON)
    branch = cast("dict[Any, Any]", tree)
    key = data.draw(st.sampled_from(list(branch) if isinstance(tree, dict) else range(len(branch))))
    branch[key] = _with_another_value(branch[key], data)
    return branch


def test_a_million_rows_would_fit(run: Path) -> None:
    """The data set is streamed: twenty rows evenly out of it, never all of it in memory."""
    row = json.loads((run / "dataset.jsonl").read_text(encoding="utf-8").splitlines()[0])
    with (run / "dataset.jsonl").open("w", encoding="utf-8") as file:
        for number in range(20_000):
            file.write(json.dumps({**row, "id": f"row-{number}", "response": "r" * 1500}) + "\n")
    tracemalloc.start()
    page = page_of(run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (run / "dataset.jsonl").stat().st_size > 30_000_000
    assert peak < 12_000_000
    assert [f"row-{number * 1000}" for number in range(20)] == re.findall(r"row-\d+", page.words)
    assert "20 rows, spread evenly over 20,000 rows" in page.words


def test_only_the_first_dropped_rows_are_listed_but_all_are_counted(run: Path) -> None:
    """Reasons count every row, however many there are."""
    row = json.loads((run / "dropped.jsonl").read_text(encoding="utf-8").splitlines()[0])
    rows = [{**row, "seed_id": f"out-{number}", "reason": "ab"[number % 2]} for number in range(500)]
    (run / "dropped.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    words = words_of(run)

    assert [f"out-{number}" for number in range(200)] == re.findall(r"out-\d+", words)
    assert "a 250 b 250" in words
