"""Methods survive their file, and a file that breaks the contract is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autoevol.agents.clauses import breaches
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.method import Method
from autoevol.agents.method_file import diff_methods, dump_method, load_method, parse_method
from autoevol.agents.reading import neat
from autoevol.prompts import LANGUAGES, method_names

HEAD = st.text(max_size=40)


@given(
    st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=8),
    HEAD, HEAD, HEAD, st.sampled_from(LANGUAGES), st.sampled_from(["", "identity", "just-longer"]),
)  # fmt: skip
def test_a_method_survives_its_file(
    clauses: list[str], name: str, parent: str, why: str, language: str, control: str
) -> None:
    """Whatever the fields hold; clauses as they are kept everywhere, in one line."""
    method = Method(neat(clauses), name, language, parent, why, control)
    assume(not breaches(method.clauses))

    assert method == parse_method(dump_method(method), "m.md")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", method_names())
def test_shipped_methods_load(name: str, language: str) -> None:
    """By name, in both languages; controls say that they are."""
    method = load_method(name, language)

    assert (name, language) == (method.name, method.language)
    assert (name if name in {"identity", "just-longer", "evol-instruct", "simpler"} else "") == method.control


def test_other_languages_get_the_english_method() -> None:
    """The clauses are about rewriting, and the contract keeps the language of the text."""
    assert load_method("maths") == load_method("maths", "fr")


@pytest.mark.parametrize(
    "text",
    ["- Go far.\n- Check\n  it.\n", "1) Go far.\n2) Check it.\n", "# Mine\n\nGo far.\nCheck it.",
     "\ufeff* Go far.\r\n* Check it.\r\n"],
)  # fmt: skip
def test_a_plain_list_is_a_method(tmp_path: Path, text: str) -> None:
    """Front matter is not needed; the file's name is the name."""
    path = tmp_path / "mine.md"
    path.write_bytes(text.encode())

    assert Method(("Go far.", "Check it."), name="mine") == load_method(str(path))


def test_the_folder_of_a_run_is_its_best_method(tmp_path: Path) -> None:
    """A run keeps method.md."""
    best = Method(("Go far.",), name="best", why="too short: a\nb", parent="123456789abc")
    (tmp_path / "method.md").write_text(dump_method(best), encoding="utf-8")

    assert best == load_method(str(tmp_path))


def test_an_edited_file_becomes_a_child() -> None:
    """The id in the file no longer fits the clauses, so it names the parent."""
    method = Method(("Go far.",), parent="000000000000")

    edited = parse_method(dump_method(method).replace("far", "farther"), "m.md")

    assert (("Go farther.",), method.id) == (edited.clauses, edited.parent)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no clauses"),
        ("---\nname: x\n---\n", "no clauses"),
        ("\n".join(f"{n}. Go." for n in range(1, 10)), "9 clauses"),
        ("1. " + "go " * 61, "clause 1 is about 61 words"),
        ("1. " + "走" * 121, "clause 1 is about 61 words"),
        ("\n".join("- " + "go " * 59 for _ in range(6)), "354 words long in all"),
        ("---\ncolour: red\n---\n1. Go.", "unknown line 'colour: red'"),
        ("---\nname x\n---\n1. Go.", "unknown line"),
        ("---\ncontrol: none\n---\n1. Go.", "unknown control"),
        ('---\nname: "x\n---\n1. Go.', "open quote"),
        ("---\nname: x\n1. Go.", "not closed"),
        ("1. Write it between <evolved> tags.", "tag or mark"),
        ("1. End with TEXT>>>", "tag or mark"),
        ("1. Rewrite {instruction} well.", "placeholder"),
        ("1. Rewrite [INSERT TEXT] well.", "placeholder"),
        ("1. Rewrite $instruction well.", "placeholder"),
        ("1. Output format: a table.", "output's form"),
        ("1. Use the heading #Finally Rewritten Instruction#.", "output's form"),
        ("1. Return the new instruction as JSON.", "output's form"),
        ("1. 把新指令放在标签里。", "output's form"),
    ],
)
def test_what_breaks_the_contract_is_refused(text: str, words: str) -> None:
    """One sentence on what is wrong, one on what to do."""
    with pytest.raises(UsageError, match=words) as caught:
        parse_method(text, "m.md")
    assert caught.value.fix


@pytest.mark.parametrize(
    "clause",
    ["Keep code blocks, JSON and tables as they are.", "Ask for the answer in a given format.",
     "Use a set {1, 2, 3} of cases.", "Write the chosen parts into the text.", "Costs of $5 stay.",
     "Keep C# and F# code.", "要求用表格回答。"],
)  # fmt: skip
def test_clauses_about_the_task_are_allowed(clause: str) -> None:
    """A method may make the *task* ask for a form; only our own answer's form is settled."""
    assert () == breaches([clause])


def test_files_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    """Missing, not text, far too large, a folder without a method, a name with a NUL byte."""
    (tmp_path / "latin.md").write_bytes(b"1. caf\xe9")
    (tmp_path / "large.md").write_text("1. go\n" * 20_000, encoding="utf-8")
    for name, words in [
        ("none.md", "no method"),
        ("latin.md", "not UTF-8"),
        ("large.md", "too large"),
        ("", "no method"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(UsageError, match=words):
            load_method(str(tmp_path / name))


def test_a_diff_reads_clause_by_clause() -> None:
    """Kept, changed, gone and new."""
    old = Method(("Keep.", "Go.", "Drop."))

    assert "  Keep.\n~ Go.\n  → Go far.\n  Drop.\n+ New." == diff_methods(
        old, Method(("Keep.", "Go far.", "Drop.", "New."))
    )
    assert "  Keep.\n  Go.\n- Drop." == diff_methods(old, Method(("Keep.", "Go.")))
