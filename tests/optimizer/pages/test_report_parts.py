"""What the report is made of: changes of clauses, places in the chart, numbers in words."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.method import WHOLE, Method, Origin
from autoevol.optimizer.pages.chart import draw_scores
from autoevol.optimizer.pages.lineage import changes, clause_summary, read_method
from autoevol.optimizer.pages.numbers import p_value, score, shown, signed, stage_name
from autoevol.optimizer.pages.records import CandidateRecord, ComparisonRecord, DecisionRecord, StandingRecord
from autoevol.optimizer.pages.spending import money
from autoevol.optimizer.pages.steps import CandidateView, StepView

CLAUSES = st.lists(st.text(st.sampled_from("ab cd.→~+-"), min_size=1, max_size=12), max_size=5)


def test_a_clause_that_a_step_brought_in_says_so() -> None:
    """Kept, changed and new ones have their own words; what was there from the start has none, nor what is gone."""
    origins = (Origin(2, "merge", "drift"), Origin(1, "small", "leaks"), Origin(method="1" * 12))
    new = Method(("Keep.", "Go far.", "Rest."), origins=origins)

    found = changes(Method(("Keep.", "Go.", "Rest.", "Drop.")), new)

    assert [
        ("kept", "step 2, merge; answers: drift"),
        ("changed", "step 1, small edit; answers: leaks"),
        ("kept", ""),
        ("removed", ""),
    ] == [(change.kind, change.origin) for change in found]


@given(CLAUSES, CLAUSES)
def test_both_methods_can_be_read_back_from_the_changes(old: list[str], new: list[str]) -> None:
    """What is not new is the old method, what is not gone is the new one, word for word."""
    found = changes(Method(tuple(old)), Method(tuple(new)))
    before = ["".join(p.text for p in c.pieces if p.kind != "new") for c in found if c.kind != "added"]
    after = ["".join(p.text for p in c.pieces if p.kind != "gone") for c in found if c.kind != "removed"]

    assert (old, new) == (before, after)


def test_changes_name_the_words() -> None:
    """A clause that was mended shows the words that changed, whole phrases together."""
    old, new = Method(("Keep the given numbers and units.",)), Method(("Keep all of the numbers and units.",))
    (found,) = changes(old, new)

    assert "changed" == found.kind
    assert "Keep |+all of |the|- given| numbers and units." == "".join(
        {"same": "{}", "new": "|+{}|", "gone": "|-{}|"}[piece.kind].format(piece.text) for piece in found.pieces
    )


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (("a b c", "d"), "no clause changed"),
        (("a b c", "d", "e", "f"), "2 clauses added"),
        (("a b x",), "1 clause changed, 1 removed"),
    ],
)
def test_changes_are_counted_in_words(new: tuple[str, ...], words: str) -> None:
    """The summary beside a candidate's name."""
    assert words == clause_summary(changes(Method(("a b c", "d")), Method(new)))


def test_no_line_of_a_free_text_is_said_to_come_from_a_step() -> None:
    """It has one origin for all of it, and most lines stood there before."""
    old = Method(("1. a b c\n2. d e f",), control=WHOLE)
    new = Method(("1. a b c\n2. d e g",), control=WHOLE, origins=(Origin(step=2, operator="bold"),))

    assert ["", ""] == [change.origin for change in changes(old, new)]


def test_two_huge_clauses_are_not_compared_word_by_word() -> None:
    """A runaway proposal is shown as a whole: comparing its words would take minutes."""
    (found,) = changes(Method(("a b " * 20_000,)), Method(("b a " * 20_000,)))

    assert ["gone", "new"] == [piece.kind for piece in found.pieces]


def test_a_method_that_breaks_the_contract_is_still_shown() -> None:
    """A refused proposal can be read in the report."""
    text = "---\nname: x\n---\n\n1. Put it between <evolved> tags.\n2. Second.\n"

    assert ("Put it between <evolved> tags.", "Second.") == read_method(text, "method.md").clauses


def _step(number: int, incumbent: float | None, candidate: float | None, low: float, high: float) -> StepView:
    figures = ComparisonRecord(low=low, high=high)
    standing = StandingRecord(label="c1", mean=candidate, items=3, figures=figures)
    view = CandidateView(CandidateRecord(number=1, standing=standing), "", "raced", None, (), "", ())
    decision = DecisionRecord(standings=(StandingRecord(mean=incumbent), standing))
    return StepView(number, "", None, (), decision, (view,), 0, {}, ())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(*[st.floats(0, 1)] * 2, *[st.floats(-1, 1)] * 2), min_size=1, max_size=25))
def test_everything_is_inside_the_chart(figures: list[tuple[float, float, float, float]]) -> None:
    """Line, dots and intervals lie inside the drawing, higher scores higher, whatever the figures."""
    chart = draw_scores([_step(number, *values) for number, values in enumerate(figures)])

    assert chart is not None
    tree = ElementTree.fromstring(str(chart.svg))
    dots = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in tree.iter("circle")]
    ends = [
        float(line.attrib[name])
        for line in tree.iter("line")
        if line.get("class") == "interval"
        for name in ("y1", "y2")
    ]
    assert len(figures) == len(dots)
    assert all(0 <= x <= chart.width and 0 <= y <= chart.height for x, y in dots)
    assert all(0 <= y <= chart.height for y in ends)
    lowest, highest = min(figures, key=lambda each: each[1])[1], max(figures, key=lambda each: each[1])[1]
    assert highest - lowest < 1e-3 or max(y for _, y in dots) > min(y for _, y in dots)


def test_a_chart_has_classes_for_the_style_and_no_style_of_its_own() -> None:
    """Light and dark are the page's; the policy lets no style in an attribute through."""
    chart = draw_scores([_step(0, 0.5, 0.6, -0.1, 0.3)])

    assert chart is not None
    assert {"k-grid", "k-label", "k-incumbent", "interval", "mark", "raced"} <= set(re.findall(r"[\w-]+", chart.svg))
    assert not re.search(r"style=|font-|fill=\"#|stroke=\"", chart.svg)
    assert "Step 1, Candidate 1: 0.600 on 3 items, raced, not accepted" in chart.svg


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf")])
def test_what_has_no_figure_is_not_drawn(missing: float | None) -> None:
    """A step without a score is left out; without any there is no chart."""
    assert draw_scores([_step(0, missing, 0.5, 0, 0)]) is None
    chart = draw_scores([_step(0, 0.5, missing, float("nan"), 0)])
    assert chart is not None
    assert "<circle" not in chart.svg


def test_numbers_are_written_for_people() -> None:
    """Signs, decimals, and a dash for what is not known."""
    assert ("0.500", "–", "–") == (score(0.5), score(None), score(float("nan")))
    assert ("+0.250", "−0.250", "+0.000") == (signed(0.25), signed(-0.25), signed(0.0))
    assert ("< 0.001", "0.031", "0.36", "–") == (p_value(1e-9), p_value(0.031), p_value(0.36), p_value(None))
    assert ("Step 3, batch", "Step 1, analysis and proposals", "All seeds", "x/y") == tuple(
        map(stage_name, ("steps/002/batch", "steps/000", "apply", "x/y"))
    )


def test_money_is_honest_about_what_is_not_known() -> None:
    """Free is not `$0.00`, and a part of a bill is called a part."""
    assert "free" == money(0.0, 0, free=True)
    assert "$0" == money(0.0, 0, free=False).partition(".")[0]
    assert "unknown price" == money(0.0, 3, free=False)
    assert "$0.5000 and 3 calls of unknown price" == money(0.5, 3, free=False)


def test_arabic_and_chinese_stay_as_they_are() -> None:
    """Only marks that hide or turn text are written out, not scripts that run from right to left."""
    assert "مرحبا 你好\n\tשלום" == shown("مرحبا 你好\r\n\tשלום")
