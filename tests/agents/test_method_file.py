"""Methods survive their file, and a file that breaks the contract is refused in a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autoevol.agents.clauses import MOST_WORDS_OF_WHOLE, breaches, whole_breaches
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.method import WHOLE, Method, Origin
from autoevol.agents.method_file import (
    diff_methods,
    diff_with_reasons,
    dump_method,
    load_method,
    parse_method,
    why_lines,
)
from autoevol.agents.reading import neat, several_lines
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


OPERATORS = st.sampled_from(["", "small", "bold", "merge"])
ORIGINS = st.builds(Origin, st.integers(0, 99), OPERATORS, HEAD, st.lists(HEAD, max_size=4).map(tuple), HEAD, HEAD)


@given(st.lists(st.tuples(st.sampled_from(["Go.", "Check.", "走。", "Look twice."]), ORIGINS), min_size=1, max_size=8))
def test_origins_survive_the_file_of_their_method(pairs: list[tuple[str, Origin]]) -> None:
    """Whatever their words hold, also of clauses that stand there twice; and the id knows nothing of them."""
    clauses, origins = (tuple(part) for part in zip(*pairs, strict=True))
    method = Method(clauses, origins=origins)

    assert method == parse_method(dump_method(method), "m.md")
    assert Method(clauses).id == method.id


def test_a_person_may_edit_and_what_was_not_rewritten_keeps_its_origin() -> None:
    """Moved, deleted, rewritten, added: origins go with the text of the clause."""
    origins = tuple(Origin(step, "small", f"finding {step}", ("seed-1",), "0" * 12, "why") for step in (1, 2, 3))
    text = dump_method(Method(("Go.", "Check.", "Look."), origins=origins))

    edited = parse_method(text.replace("1. Go.\n2. Check.\n3. Look.", "1. Look.\n2. Check twice.\n3. Go."), "m.md")

    assert (origins[2], Origin(method=edited.id), origins[0]) == edited.origins
    assert Method(("Go.", "Check.", "Look.")).id == edited.parent


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "7", '{"step": -1}', '{"step": true}', '{"step": "1"}', '{"operator": "huge"}', '{"operator": []}',
     '{"cases": "a"}', '{"cases": [1]}', '{"finding": 1}', '{"colour": "red"}', "[" * 5000],
)  # fmt: skip
def test_an_origin_that_is_not_understood_is_refused(line: str) -> None:
    """In a sentence, whatever stands there."""
    with pytest.raises(UsageError, match="origin that is not understood"):
        parse_method(f"---\norigin 1 00000000: {line}\n---\n1. Go.", "m.md")


def test_why_says_of_each_clause_where_it_comes_from() -> None:
    """Step, finding, reason, cases; what was there from the start; what a person wrote."""
    cases = tuple(f"seed-{n}" for n in range(7))
    origins = (Origin(2, "merge", "leaks", cases, "0" * 12, "clearer"), Origin(method="1" * 12), Origin())

    assert [
        "1. Go.",
        "   step 2, merge; answers: leaks; reason: clearer; cases: seed-0, seed-1, seed-2, seed-3, seed-4 and 2 more; "
        "first in 000000000000",
        "2. Check.",
        "   stood in the method 111111111111 from the start",
        "3. Look.",
        "   written by hand",
    ] == why_lines(Method(("Go.", "Check.", "Look."), origins=origins))
    assert "   where it comes from was not kept" == why_lines(Method(("Go.",), parent="0" * 12))[1]


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


def test_a_diff_says_why_a_clause_came_in() -> None:
    """Where the new method knows; what stayed is not explained."""
    origins = (Origin(1, "small", "leaks", (), "", "x"), Origin(3, "bold", "drift"), Origin(2, "small", "y"))
    new = Method(("Keep.", "Go far.", "New."), origins=origins)

    assert [
        "  Keep.",
        "~ Go.",
        "  → Go far.",
        "      step 3, bold edit; answers: drift",
        "+ New.",
        "      step 2, small edit; answers: y",
    ] == diff_with_reasons(Method(("Keep.", "Go.")), new).split("\n")


@given(st.text(min_size=1, max_size=200), HEAD)
def test_a_free_text_survives_its_file(text: str, why: str) -> None:
    """Line by line, whatever stands in it: rules of dashes, numbers, headings."""
    method = Method((several_lines(text),), why=why, control=WHOLE)
    assume(not whole_breaches(method.clauses[0]))

    assert method == parse_method(dump_method(method), "m.md")
    assert method.clauses == (several_lines(method.clauses[0]),)


@pytest.mark.parametrize(("body", "words"), [("", "it is empty"), ("go " * (MOST_WORDS_OF_WHOLE + 1), "at most 1000")])
def test_a_free_text_has_a_size(body: str, words: str) -> None:
    """Whatever else it says."""
    with pytest.raises(UsageError, match=words):
        parse_method(f"---\ncontrol: whole\n---\n{body}", "m.md")


def test_a_free_text_is_compared_line_by_line() -> None:
    """With another one, and with a list of clauses as the list is written."""
    listed = Method(("Go far.", "Check it."))
    whole = Method(("1. Go far.\n\n2. Check it twice.\nBe kind.",), control=WHOLE)

    assert "  1. Go far.\n~ 2. Check it.\n  → 2. Check it twice.\n+ Be kind." == diff_methods(listed, whole)
    assert "  1. Go far.\n  2. Check it twice.\n  Be kind." == diff_methods(whole, whole)


def test_a_free_text_has_one_origin() -> None:
    """It survives its file, and is told below the text."""
    whole = Method(("Go far.\nBe kind.",), parent="0" * 12, control=WHOLE)
    whole = replace(whole, origins=(Origin(2, "bold", "", (), whole.id),))

    assert whole == parse_method(dump_method(whole), "m.md")
    assert ["Go far.", "Be kind.", f"   step 2, bold edit; first in {whole.id}"] == why_lines(whole)
