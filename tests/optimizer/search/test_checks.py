"""Candidates are checked before a call is spent on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.method import Method
from autoevol.agents.method_file import load_method
from autoevol.optimizer.search.checks import COPIED_CHARACTERS, COPIED_WORDS, problems
from autoevol.prompts import LANGUAGES, method_names

OLD = Method(("Think of ways to make it harder.", "Choose two that fit the topic.", "Check that nothing is missing."))
DATA = (
    "Natalia sold clips to 48 of her friends in April, and then half as many in May.",
    "小明有三个苹果，他又买了五个梨，一共有多少个水果？",
)


def _check(*clauses: str, incumbent: Method = OLD, others: tuple[Method, ...] = ()) -> tuple[str, ...]:
    return problems(Method(clauses, language=incumbent.language), incumbent=incumbent, others=others, data=DATA)


def test_a_real_change_may_be_tried() -> None:
    """An ordinary small edit passes."""
    assert () == _check(OLD.clauses[0], "Choose one that needs another calculation.", OLD.clauses[2])


@pytest.mark.parametrize(
    ("clauses", "words"),
    [
        ((), "no clauses"),
        (tuple(f"Do thing number {n} in a way of its own." for n in range(9)), "9 clauses"),
        (("go " * 61,), "61 words"),
        (("Put it in <evolved> tags.",), "tag or mark"),
        (("Fill {instruction} in.",), "placeholder"),
        (("Return the new version as JSON.",), "output's form"),
        (("Do\nthis and that.",), "several lines"),
        (("增加一个新的条件，让题目需要更多计算。",), "language"),
        (("As when she sold clips to 48 of her friends in April.",), "copies from the data"),
        (OLD.clauses, "same as the incumbent"),
        (("think of ways to make it harder!", *OLD.clauses[1:]), "same as the incumbent"),
    ],
)
def test_what_may_not_be_tried_is_said(clauses: tuple[str, ...], words: str) -> None:
    """Each reason in a phrase."""
    assert any(words in problem for problem in _check(*clauses))


def test_a_sibling_is_tried_once() -> None:
    """Two proposals of one turn that say the same are one candidate."""
    sibling = Method(("Add another person with a number.", "Ask one question."))

    assert ("it says the same as another candidate",) == _check(*sibling.clauses, others=(sibling,))


def test_what_a_race_has_measured_is_not_tried_again() -> None:
    """The same clauses in another case or spacing are the same; a little different is worth another look."""
    tried = {2: [Method(("Add another person with a number.", "Ask one question."))]}

    def found(*clauses: str) -> tuple[str, ...]:
        return problems(Method(clauses), incumbent=OLD, others=(), data=DATA, tried=tried)

    assert ("step 3 tried it already",) == found("add another  person with a number.", "Ask one question.")
    assert () == found("Add another person with a number!", "Ask one question.")


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        (("Add one more thing.",), ()),
        (("Add one more thing.", "Add another thing."), ()),
        (("Add one more thing.", "Add another thing.", "Add a third."), ("it adds 3 clauses, at most 2 may be added",)),
        (("add " * 31, "more " * 31), ("it adds 62 words, at most 60 may be added",)),
    ],
)
def test_a_small_edit_adds_little(clauses: tuple[str, ...], found: tuple[str, ...]) -> None:
    """Whoever wants more takes something out, or writes a new list."""
    method = Method((*OLD.clauses, *clauses))

    assert found == problems(method, incumbent=OLD, others=(), data=(), operator="small", parents=(OLD,))
    assert () == problems(method, incumbent=OLD, others=(), data=(), operator="bold", parents=(OLD,))


MATE = Method(("Add a person who wants something else.", "Let a rate change half way."))


@pytest.mark.parametrize(
    ("clauses", "found"),
    [
        ((OLD.clauses[0], MATE.clauses[0]), ()),
        ((OLD.clauses[0], "Let a price fall from day to day."), ()),
        (MATE.clauses, ("it takes nothing from one of the two methods",)),
        (OLD.clauses[:2], ("it takes nothing from one of the two methods",)),
    ],
)
def test_a_merge_takes_from_both(clauses: tuple[str, ...], found: tuple[str, ...]) -> None:
    """One method alone, or one list after the other, is no merge."""
    method = Method(clauses)

    assert found == problems(method, incumbent=OLD, others=(), data=(), operator="merge", parents=(OLD, MATE))


def test_a_merge_is_not_one_list_after_the_other() -> None:
    """Two clauses more than the longer of both is the most."""
    long = Method(tuple(f"Let quantity number {n} depend on what happens on day {n}." for n in range(4)))

    found = problems(
        Method((*OLD.clauses, *long.clauses)), incumbent=OLD, others=(), data=(), operator="merge", parents=(OLD, long)
    )

    assert ("it has 7 clauses, a merge of these two may have 6",) == found


def test_chinese_copies_are_found() -> None:
    """Twelve characters in a row, punctuation apart."""
    old = load_method("maths", "zh")

    assert any("copies" in one for one in _check("像小明有三个苹果他又买了五个梨那样加数量。", incumbent=old))
    assert () == _check("加入第二个人和他自己的数量。", "以一个问题结尾。", incumbent=old)


def test_what_the_incumbent_said_already_is_no_copy() -> None:
    """A seed that happens to share words with the method must not forbid every edit of it."""
    shared = "Keep names and numbers and code and tables and links as they are."
    old = Method((shared, "Go."))

    assert () == problems(Method((shared, "Add a condition that matters.")), incumbent=old, others=(), data=(shared,))


@given(st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), min_size=1, max_size=30), st.integers(0, 20))
def test_only_a_long_run_is_a_copy(words: list[str], start: int) -> None:
    """Seven words in a row may be chance, eight from the same text are not."""
    text = " ".join(f"{word}{number}" for number, word in enumerate(words))
    taken = " ".join(text.split()[start : start + COPIED_WORDS])

    found = problems(Method((f"Prefer {taken} here.",)), incumbent=OLD, others=(), data=(text,))

    assert (len(taken.split()) == COPIED_WORDS) == any("copies" in one for one in found)
    assert COPIED_CHARACTERS == 12


@pytest.mark.parametrize("language", LANGUAGES)
def test_shipped_methods_pass_as_candidates(language: str) -> None:
    """The checks must not forbid what we ourselves start from."""
    names = [name for name in method_names() if name not in {"identity", "general"}]
    general = load_method("general", language)

    assert dict.fromkeys(names, ()) == {
        name: problems(load_method(name, language), incumbent=general, others=(), data=DATA) for name in names
    }
