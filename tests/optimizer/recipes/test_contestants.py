"""Who meets: each kind of contestant is read for what it is, and what cannot be read is said in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.method import WHOLE, Method, Origin
from autoevol.agents.method_file import dump_method
from autoevol.optimizer.recipes.contest.contestants import method_object, method_of, part_word, read_entrants
from autoevol.optimizer.record.folder import RunFolder

METHOD = Method(("Add one condition.", "Name every number.", "Ask for one figure."), name="three")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A method, a prompt, a run and rows."""
    (tmp_path / "three.md").write_text(dump_method(METHOD), encoding="utf-8")
    (tmp_path / "free.txt").write_text("Make this {harder}:\n\n{instruction}\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text("{}\n", encoding="utf-8")
    run = RunFolder(tmp_path / "2026-11-21-run")
    run.write_json("settings.json", {})
    run.write_text("method.md", dump_method(Method(("Add two conditions.",))))
    return tmp_path


def test_each_kind_is_read_for_what_it_is(folder: Path) -> None:
    """A shipped method, a file, a run, a prompt, rows; named by their files or by NAME=."""
    words = [
        "general",
        f"ours={folder}/three.md",
        f"{folder}/2026-11-21-run",
        f"{folder}/free.txt",
        f"{folder}/rows.jsonl",
    ]

    found = read_entrants(words, "en")

    assert [
        ("general", "method", ""), ("ours", "method", ""), ("2026-11-21-run", "method", ""),
        ("free", "prompt", "free-text"), ("rows", "rows", "finished"),
    ] == [(each.label, each.kind, each.method.control) for each in found]  # fmt: skip
    assert ("Make this {harder}:\n\n{instruction}",) == found[3].method.clauses
    assert [False, False, False, False, True] == [each.fixed for each in found]
    assert (str((folder / "2026-11-21-run").resolve()), "") == (found[2].folder, found[1].folder)


def test_a_method_of_free_text_is_a_method_whatever_it_says(folder: Path) -> None:
    """As the published profiles write them: the place of an instruction means nothing in it."""
    method = Method(("Step 1: take {instruction}.\nStep 2: think.",), name="text", control=WHOLE)
    (folder / "text.md").write_text(dump_method(method), encoding="utf-8")

    _, found = read_entrants(["general", f"{folder}/text.md"], "en")

    assert ("method", method) == (found.kind, found.method)


def test_a_method_of_a_run_knows_its_run(folder: Path) -> None:
    """Also a file deep inside of it; a `method.md` is called after its folder."""
    place = folder / "2026-11-21-run" / "steps" / "003"
    place.mkdir(parents=True)
    (place / "method.md").write_text(dump_method(METHOD), encoding="utf-8")

    found = read_entrants([str(place / "method.md"), "general"], "en")[0]

    assert ("003", str((folder / "2026-11-21-run").resolve())) == (found.label, found.folder)


def test_a_shipped_method_is_taken_in_the_language_of_the_seeds() -> None:
    """Chinese seeds get the Chinese one."""
    assert ["zh", "zh"] == [each.method.language for each in read_entrants(["general", "maths"], "zh")]


def test_names_are_fit_for_files_and_each_once(folder: Path) -> None:
    """Nothing in a name leads anywhere else."""
    (folder / "b").mkdir()
    (folder / "b" / "three.md").write_text(dump_method(Method(("Add much more.",))), encoding="utf-8")

    found = read_entrants([f"{folder}/three.md", f"{folder}/b/three.md", "a . .b=general"], "en")

    assert ["three", "three-2", "a-.-.b"] == [each.label for each in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Please make the prompt much harder than it was.", "lacks {instruction}"),
        ("", "lacks {instruction}"),
        ("1. Use the form {text} here.", "breaks the contract"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ("x" * 70_000, "too large"),
    ],
)
def test_a_text_that_is_neither_prompt_nor_method_is_refused(tmp_path: Path, text: str | bytes, words: str) -> None:
    """In one sentence."""
    (tmp_path / "p.txt").write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(UsageError) as caught:
        read_entrants([str(tmp_path / "p.txt"), "general"], "en")

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("contestants", "words"),
    [
        ([], "No contestants were named"),
        (["general"], "needs two contestants"),
        (["general", "x=general"], "'general' and 'x' are the same method"),
        (["general", "nosuch"], "There is no method 'nosuch'"),
        (["general", "no.jsonl"], "There is no file no.jsonl"),
        (["general", "."], "has no method.md"),
        (["general", ""], "has no name"),
        (["general", "x" * 5000], "There is no contestant"),
        (["general", "a\0b"], "cannot be read"),
    ],
)
def test_what_cannot_meet_is_said(
    contestants: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is spent."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UsageError) as caught:
        read_entrants(contestants, "en")

    assert words in str(caught.value)


def test_the_same_file_twice_is_refused(folder: Path) -> None:
    """Also by another name."""
    with pytest.raises(UsageError, match="the same file"):
        read_entrants([f"{folder}/rows.jsonl", f"b={folder}/rows.jsonl"], "en")


def test_a_method_is_taken_apart_clause_by_clause(folder: Path) -> None:
    """The whole, then the whole without each; their parent is the whole."""
    found = read_entrants([f"{folder}/three.md"], "en", ablate=True)

    assert ["three", "without-1", "without-2", "without-3"] == [each.label for each in found]
    assert METHOD.clauses[1:] == found[1].method.clauses
    assert {METHOD.id} == {each.method.parent for each in found[1:]}


def test_a_method_of_one_clause_is_held_against_none_at_all(tmp_path: Path) -> None:
    """The contract alone is what is left."""
    (tmp_path / "one.md").write_text("1. Add a condition.\n", encoding="utf-8")

    assert [("Add a condition.",), ()] == [
        each.method.clauses for each in read_entrants([str(tmp_path / "one.md")], "en", ablate=True)
    ]


def test_a_method_of_free_text_has_nothing_to_take_out(folder: Path) -> None:
    """Without its only text nothing of it would be left to measure."""
    method = Method(("1. Think.\n2. Write.",), name="text", control=WHOLE)
    (folder / "text.md").write_text(dump_method(method), encoding="utf-8")

    with pytest.raises(UsageError, match=r"text\.md is one free text, without clauses"):
        read_entrants([f"{folder}/text.md"], "en", ablate=True)


@pytest.mark.parametrize("words", [["general", "maths"], ["identity"], []])
def test_only_one_method_can_be_taken_apart(words: list[str]) -> None:
    """Not two, not a control, not nothing."""
    with pytest.raises(UsageError, match="Only a method of clauses"):
        read_entrants(words, "en", ablate=True)


def test_methods_come_back_letter_by_letter() -> None:
    """Also a prompt of many lines, and where clauses are from."""
    origin = Origin(2, "small", "numbers were lost", ("seed-1",), "abc")
    for method in (
        Method(("a\n\n  b {instruction}\n",), "n", "zh", "p", "w", "free-text"),
        Method(("a", "b"), origins=(origin, origin)),
        Method(()),
    ):
        assert method == method_of(method_object(method))


def test_a_path_with_an_equals_sign_is_a_path_where_it_exists(tmp_path: Path) -> None:
    """Else what stands before the sign is a name."""
    (tmp_path / "a=b.md").write_text("1. x\n", encoding="utf-8")

    assert ("", f"{tmp_path}/a=b.md") == part_word(f"{tmp_path}/a=b.md")
    assert ("a", "b.md") == part_word("a=b.md")
    assert ("", "/x/a=b.md") == part_word("/x/a=b.md")
