"""Edits of a list of clauses are applied and found again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.edits import apply_edits, edits_between, kept_from, read_edit_lines, read_edit_objects
from autoevol.agents.messages import ClauseEdit

CLAUSE = st.sampled_from(["Go.", "Check.", "Look.", "Rest.", "Run.", "Sleep."])
LISTS = st.lists(CLAUSE, max_size=8)


@given(LISTS, LISTS)
def test_the_edits_between_two_lists_lead_from_one_to_the_other(old: list[str], new: list[str]) -> None:
    """Clause for clause; additions have no place of their own, so the order may differ."""
    edits = edits_between(old, new, "why")

    assert sorted(new) == sorted(apply_edits(old, edits))
    assert {"why"} >= {edit.reason for edit in edits}
    assert all(1 <= edit.clause <= len(old) for edit in edits if edit.kind != "add")


@given(LISTS, LISTS)
def test_kept_clauses_are_word_for_word_and_each_once(old: list[str], new: list[str]) -> None:
    """A clause that stands twice in the new list and once in the old one was kept once."""
    kept = kept_from(old, new)

    assert all(new[now] == old[before] for now, before in kept.items())
    assert len(kept) == len(set(kept.values()))
    assert all(min(old.count(clause), new.count(clause)) == sum(new[i] == clause for i in kept) for clause in set(new))


@given(st.text(max_size=300), st.integers(0, 8))
def test_rubbish_is_never_an_edit_beyond_the_list(text: str, size: int) -> None:
    """Whatever a model writes: named clauses exist, additions have a text, removals none."""
    for edit in read_edit_lines(f"clause: {text}\ntext: {text}", size) + read_edit_objects([text, {"clause": 3}], size):
        assert (edit.kind == "add") == (edit.clause == 0)
        assert 0 <= edit.clause <= size
        assert (edit.kind == "remove") == (edit.text == "")


def test_several_edits_are_read_one_after_the_other() -> None:
    """A label that comes again begins the next; a model's change of order does not mix them up."""
    text = "finding: 1\ntext: Look.\nclause: 2\nreason: a\n\nfinding: 2\ntext: Rest.\nclause: add\nreason: b"

    assert (ClauseEdit("replace", 2, "Look.", "a", (1,)), ClauseEdit("add", 0, "Rest.", "b", (2,))) == (
        read_edit_lines(text, 3)
    )
