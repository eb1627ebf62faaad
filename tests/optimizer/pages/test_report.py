"""The report: one safe file from the files of a run, honest about what they say and what they lack."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import tracemalloc
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.method_file import dump_method
from autoevol.optimizer.pages.report import write_report
from autoevol.optimizer.pages.whole import item_link
from tests.optimizer.pages.sample_run import START, WINNER, change, write_calls, write_run

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
# Elements without an end; those of SVG close themselves.
VOID = {"meta", "line", "circle", "path", "polyline"}
# Elements that end a word.
CELLS = {"td", "th", "li", "dt", "dd", "p", "b", "a", "summary", "caption", "h1", "h2", "h3", "h4"}


class _Page(HTMLParser):
    """What a browser would build: elements with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.words = ""
        self.style = ""
        self.scripts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.words += " " * (tag in CELLS)
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.open and self.open[-1] == "script":
            self.scripts.append(data)
        else:
            self.words += data

    def values(self, name: str) -> list[str]:
        """All values of an attribute."""
        return [attributes[name] for _, attributes in self.elements if name in attributes]

    @property
    def shape(self) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """The elements and everything in their attributes."""
        return [(tag, tuple(sorted(attributes.items()))) for tag, attributes in self.elements]


def _page(folder: Path) -> _Page:
    return _Page(write_report(folder).read_text(encoding="utf-8"))


def _flat(page: _Page) -> str:
    return " ".join(page.words.split())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run."""
    return write_run(tmp_path / "run")


def _without(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


# ---------------------------------------------------------------- a page that is safe and whole


def test_the_page_loads_nothing_and_runs_its_own_script_alone(run: Path) -> None:
    """No element loads anything, and the policy allows one style and one script by their text; the rest is data."""
    page = _page(run)
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


def _within(page: _Page) -> set[str]:
    """The addresses of items inside the page."""
    index = json.loads(page.scripts[0])
    return {item_link(group["name"], index["seeds"][seed]) for group in index["groups"] for seed in group["items"]}


def test_every_link_leads_somewhere(run: Path) -> None:
    """A link names a file of the run by its relative path, or a place on the page that is there."""
    page = _page(run)
    ids = page.values("id")
    links = page.values("href")

    assert len(ids) == len(set(ids))
    assert [] == [link for link in links if link.startswith("#") and link[1:] not in ids and link not in _within(page)]
    assert [] == [link for link in links if not link.startswith("#") and not (run / link).exists()]
    assert [] == [name for value in page.values("aria-labelledby") for name in value.split() if name not in ids]
    assert {"steps/000/candidates/1/dev.jsonl", "dataset.jsonl", "dropped.jsonl"} <= set(links)


def test_the_page_is_well_formed_and_can_be_found_through_by_ear(run: Path) -> None:
    """Elements are closed in order, every table says what it is about, and headings leave no level out."""
    page = _page(run)
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
    assert _page(run).shape == _page(write_run(tmp_path / "hostile", text)).shape


@settings(max_examples=10, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=60))
def test_any_text_stays_text(text: str) -> None:
    """The same for texts that nobody thought of, halves of characters among them."""
    with TemporaryDirectory() as folder:
        assert _plain() == _page(write_run(Path(folder), text)).shape


@cache
def _plain() -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    with TemporaryDirectory() as folder:
        return _page(write_run(Path(folder))).shape


def test_marks_that_turn_text_around_are_written_out(tmp_path: Path) -> None:
    """What would be obeyed without being seen is named instead."""
    words = _page(write_run(tmp_path, "a\u202eb\u2028c\x00d\x1be")).words

    assert "a[U+202E]b[U+2028]c[U+0000]d[U+001B]e" in words
    assert not set(words) & set("\u202e\u2028\x00\x1b")


def test_a_very_long_line_is_cut_and_says_so(tmp_path: Path) -> None:
    """A page of a run with a megabyte in one line can still be opened."""
    write_run(tmp_path, "x" * 1_000_000)

    assert write_report(tmp_path).stat().st_size < 400_000
    assert "996,000 more characters" in _page(tmp_path).words


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
    _without(run / name)
    page = _page(run)
    links = [link for link in page.values("href") if not link.startswith("#")]

    assert ([], []) == (page.open, page.unbalanced)
    assert [] == [link for link in links if not (run / link).exists()]
    inside = {link for link in page.values("href") if link.startswith("#")} - _within(page)
    assert set() == {link[1:] for link in inside} - set(page.values("id"))


def test_an_empty_folder_has_a_page(tmp_path: Path) -> None:
    """A run that ended before anything was written says so."""
    assert "Nothing is on record yet." in _page(tmp_path).words


def test_damage_is_named(run: Path) -> None:
    """Lines and files that cannot be read are left out and counted, in words without a path of this machine."""
    with (run / "dropped.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"seed_id": "torn\n[1, 2]\n')
    (run / "steps/000/decision.json").write_text("{", encoding="utf-8")
    (run / "journal.sqlite").write_text("not a journal", encoding="utf-8")
    words = _flat(_page(run))

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
        page = _page(run)

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
    page = _page(run)
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
    words = _flat(_page(run))

    assert [f"out-{number}" for number in range(200)] == re.findall(r"out-\d+", words)
    assert "a 250 b 250" in words


# ---------------------------------------------------------------- what it says


def test_every_candidate_is_there_with_what_became_of_it(run: Path) -> None:
    """Accepted, refused and unreadable ones, with their figures, reasons and changed clauses."""
    page = _page(run)
    words = _flat(page)

    assert "Step 1: Candidate 1 accepted" in words
    assert "Candidate 1 0.750 2 5 / 1 +0.500 +0.100 to +0.900 0.004 accepted" in words
    assert "Candidate 2 rejected before a call 1 clause added" in words
    assert "Why not: a text." in words
    assert "Candidate 3 no candidate came of it" in words
    assert "added: Put it between <evolved> tags." in words
    assert ("ins", {}) in page.elements


def test_a_candidate_that_left_early_says_when(run: Path) -> None:
    """Its score is on fewer items, and the page says so."""
    place = run / "steps/000/candidates/1/candidate.json"
    standing = json.loads(place.read_text(encoding="utf-8"))["standing"]
    change(place, standing={**standing, "dropped_at": 16})
    change(run / "steps/000/decision.json", accepted=None, label=None, reason="Kept the incumbent.")
    words = _flat(_page(run))

    assert "It left the race after 16 items and was not scored further." in words
    assert "Kept the starting method: no candidate was shown to be better" in words


def test_what_the_race_took_and_could_have_brought_is_said(run: Path) -> None:
    """With the interval that decided, at its own level."""
    place = run / "steps/000/candidates/1/candidate.json"
    standing = json.loads(place.read_text(encoding="utf-8"))["standing"]
    change(place, standing={**standing, "figures": {**standing["figures"], "confidence": 0.9912}})
    change(run / "steps/000/decision.json", calls=1200, usd=0.5, plausible=0.0625)
    words = _flat(_page(run))

    assert "The race took 1,200 calls for $0.5000. It could plausibly have gained +0.062 at most" in words
    assert "+0.100 to +0.900 (99.1 %) 0.004 accepted" in words


def test_a_way_back_is_told_where_it_was_taken_and_in_the_story(run: Path) -> None:
    """Back at the start nothing was chosen, whatever was accepted between."""
    back = {"method": START.id, "reason": "Went back to start: on 90 items that both have met it is better by 0.200."}
    change(run / "steps/000/decision.json", back=back)
    change(run / "test/confirmation.json", verdict="unchanged")
    words = _flat(_page(run))

    assert "Went back to the starting method: what was accepted did not stay better" in words
    assert "Step 1: Candidate 1 accepted, then went back to an earlier one" in words
    assert f"After step 1: {back['reason']}" in words


@pytest.mark.parametrize(
    ("verdict", "headline"),
    [
        ("confirmed", "Found a better method, confirmed on seeds it had not seen"),
        ("not confirmed", "Chose a new method, but the test did not confirm it"),
        ("a control wins", "Nothing was applied: a control did better than the method"),
        ("no test split", "Chose a new method; it is not confirmed"),
    ],
)
def test_the_headline_says_what_the_test_said(run: Path, verdict: str, headline: str) -> None:
    """A change that was not confirmed is not called better."""
    change(run / "test/confirmation.json", verdict=verdict)

    assert headline in _page(run).words


def test_an_unconfirmed_method_says_which_one_was_applied(run: Path) -> None:
    """The story and the section of the method name the starting method as the one that was used."""
    change(run / "test/confirmation.json", verdict="not confirmed")
    change(run / "status.json", applied_method=START.id)
    words = _flat(_page(run))

    assert "That is not enough to say that it is better than the start; the starting method was applied." in words
    assert f"another one was applied: {START.id}" in words


def test_too_few_to_decide_is_said_first(run: Path) -> None:
    """A short run does not pretend to have compared anything."""
    reason = "Kept the incumbent: 2 dev items are too few to decide (at least 30)."
    change(run / "steps/000/decision.json", accepted=None, label=None, undecidable=True, reason=reason)
    (run / "method.md").write_text(dump_method(START), encoding="utf-8")
    words = _flat(_page(run))

    assert "Kept the starting method: too few to decide" in words
    assert reason in words
    assert "the one that the run began with" in words


def test_a_stopped_run_says_why_and_how_to_go_on(run: Path) -> None:
    """The reason is there; the run's place on this machine is not."""
    change(run / "status.json", state="stopped", story=f"Stopped: {run}/journal.sqlite cannot be written.")
    words = _flat(_page(run))

    assert "This run is not finished. Stopped: journal.sqlite cannot be written." in words
    assert "autoevol resume" in words


def test_a_run_without_a_search_has_no_steps(run: Path) -> None:
    """`evolve` applies one method; its page speaks of nothing else."""
    _without(run / "steps")
    _without(run / "test")
    change(run / "status.json", recipe="evolve", split={"train": 0, "dev": 0, "test": 0})
    page = _page(run)

    assert "One method, applied to every seed" in page.words
    assert "#steps" not in page.values("href")
    assert "confirmation" not in page.words.casefold()


def test_counts_add_up(run: Path) -> None:
    """Rows read, seeds, proposals, rows made and rows dropped: each sum with its parts."""
    words = _flat(_page(run))

    assert "Rows read from the seeds 9 5 good + 1 duplicates + 1 empty + 2 malformed yes" in words
    assert "Seeds they gave 5 2 train + 2 dev + 1 test yes" in words
    assert "Proposals asked for 3 1 accepted + 1 rejected before a call + 1 no candidate came of it yes" in words
    assert "Seeds to evolve 5 3 in the data set + 2 dropped yes" in words
    assert "Dropped rows 2 1 x + 1 y yes" in words


def test_what_the_student_needed_is_counted(run: Path) -> None:
    """How many seeds were made harder, kept, or made easier; nothing of it where no student was asked."""
    assert "evolved up" not in _flat(_page(run))

    change(run / "status.json", aims={"down": 1, "up": 2})

    words = _flat(_page(run))
    assert "The data set has 3 rows from 5 seeds (2 evolved up, 1 evolved down, by what the student needs)" in words
    assert "Rows of the data set, by what the student needs" in words


def test_counts_that_do_not_add_up_are_shown(run: Path) -> None:
    """A row that is in no file is missed."""
    lines = (run / "dataset.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (run / "dataset.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")

    assert "Seeds to evolve 5 2 in the data set + 2 dropped no: +1" in _flat(_page(run))


def test_a_run_broken_off_while_applying_has_pending_rows(run: Path) -> None:
    """What is in no file yet is still to be done, and is counted as that."""
    lines = (run / "dataset.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (run / "dataset.jsonl").write_text(lines[0], encoding="utf-8")
    change(run / "status.json", state="stopped", phase="apply", rows_in=None, rows_out=None, dropped={}, pending=None)

    assert "Seeds to evolve 5 1 in the data set + 2 dropped + 2 pending yes" in _flat(_page(run))


async def test_cost_is_told_by_role_and_stage(run: Path) -> None:
    """Calls, tokens and money of each, and their sum."""
    change(run / "settings.json", settings={"endpoints": {"default": {"base_url": "http://127.0.0.1:1/v1"}}})
    calls = [("evolver", "steps/000/dev", 0.25), ("evolver", "apply", 1.5), ("judge", "test", None)]
    await write_calls(run, calls)
    words = _flat(_page(run))

    assert "evolver 2 0 20 0 10 0 $1.75" in words
    assert "judge 1 1 10 0 5 0 unknown price" in words
    assert "Step 1, race on dev 1 0 10 0 5 0 $0.2500" in words
    assert "All 3 1 30 0 15 0 $1.7500 and 1 call of unknown price" in words
    assert "Step 1 1 · $0.2500 – Confirmation on test – 1 · unknown price All seeds 1 · $1.50 –" in words


async def test_what_was_estimated_stands_beside_what_was_spent(run: Path) -> None:
    """By role and in all; a role without an estimate counts as well, and an unknown price stays unknown."""
    change(run / "settings.json", settings={"endpoints": {"default": {"base_url": "http://127.0.0.1:1/v1"}}})
    await write_calls(run, [("evolver", "steps/000/dev", 0.25), ("evolver", "apply", 1.5), ("judge", "test", None)])
    figures = {"calls": {"at_least": 1, "at_most": 4}, "tokens_in": {"expected": 30}, "tokens_out": {"expected": 20}}
    lines = [
        {"stage": stage, "role": "evolver", "usd": {"expected": 2.0, "at_most": 9.0}, **figures}
        for stage in ("test", "apply")
    ]
    (run / "estimate.json").write_text(json.dumps({"lines": lines}), encoding="utf-8")
    words = _flat(_page(run))

    assert "evolver 2 8 2 25% 100 30 $4.00 $18.00 $1.75" in words
    assert "judge 0 0 1 – 0 15 $0.00 $0.00 unknown price" in words
    assert "All 2 8 3 38% 100 45 $4.00 $18.00 $1.7500 and 1 call of unknown price" in words


async def test_a_run_without_a_readable_estimate_has_no_such_table(run: Path) -> None:
    """It is said where the file is damaged, and the page is there all the same."""
    await write_calls(run, [("evolver", "apply", 0.5)])
    assert "Estimated before the run" not in _flat(_page(run))
    (run / "estimate.json").write_text("[", encoding="utf-8")

    assert "estimate.json: it is not a JSON object." in _flat(_page(run))


async def test_a_local_model_is_free(run: Path) -> None:
    """Nobody is told `$0.00` where no money was asked for."""
    await write_calls(run, [("evolver", "apply", 0.0)])

    assert "It took 1 call with 10 tokens in and 5 out. Cost: free." in _flat(_page(run))


def test_good_and_bad_examples_are_the_winners(run: Path) -> None:
    """The examples of a run with a winner come from its own dev items, best and worst apart."""
    words = _flat(_page(run))

    assert "On dev, by Candidate 1 of step 1" in words
    assert words.index("Good") < words.index("seed-000003") < words.index("Bad") < words.index("seed-000002")


def test_the_method_is_shown_against_the_start(run: Path) -> None:
    """Clause by clause, with the words that are new."""
    page = _page(run)
    words = _flat(page)

    assert "changed: Add one more hidden calculation." in words
    assert "added: Keep the units." in words
    assert WINNER.clauses[0] in words
