"""The registry of detectors, and what holds for all of them on any text."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.messages import Finding
from autoevol.optimizer.record.settings import Profile
from autoevol.optimizer.scoring.detectors import DETECTORS, GATES, VERSION, detect, detectors_of
from autoevol.optimizer.scoring.item import score_item
from autoevol.optimizer.scoring.pair import Pair
from autoevol.optimizer.scoring.words import LANGUAGES, word_lists

# Pieces that the rules react to, mixed with any text at all.
PIECES = st.sampled_from(
    ["```", "\n", "|a|b|", "#", "####", "=", "1,000", "3/4", "½", "½/0", ".5.", "9" * 50, "Step 1:", "解：", "百分之",
     "三个", "万", "Solution:", "the answer is", "https://", "\\boxed{", "{{x}}", "?", "if", "\t", "def f(:", "1/0",
     "²", "<<1+1=2>>", "\ud800", "\x00"]
)  # fmt: skip
TEXT = st.one_of(st.text(max_size=80), st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join))
PAIRS = st.builds(
    Pair,
    instruction=TEXT,
    response=st.none() | TEXT,
    evolved=st.none() | TEXT,
    evolved_response=st.none() | TEXT,
    fault=st.sampled_from(["", "unreadable", "truncated", "content_filter", "empty", "of another kind"]),
    response_fault=st.sampled_from(["", "truncated", "content_filter", "empty", "unanswerable"]),
    language=st.sampled_from(["en", "zh", "fr", ""]),
)
ALL = tuple(DETECTORS)


@given(PAIRS)
@example(Pair("1/0 = 2", "#### 1/0", "so it is 1/0", language="zh"))
@example(Pair("|" * 50, "\\boxed{9}", "Answer: " + "9" * 5000, "?" * 99))
def test_no_text_breaks_a_detector(pair: Pair) -> None:
    """Every detector answers on every text, with its own name and evidence of one short line."""
    for name in ALL:
        for finding in detect(pair, [name]):
            assert name == finding.kind
            assert "\n" not in finding.evidence
            assert len(finding.evidence) <= 200


@given(TEXT, st.sampled_from(LANGUAGES))
def test_the_same_text_is_always_identity(text: str, language: str) -> None:
    """Whatever the text, a copy of it is found, and found no second time as a near-copy."""
    kinds = [f.kind for f in detect(Pair(text, evolved=text, language=language), ["identity", "near-copy"])]
    assert ["identity"] == kinds


@given(TEXT)
def test_nothing_is_lost_from_a_copy(text: str) -> None:
    """What stands in both texts is neither lost nor leaked."""
    names = [
        "lost-numbers",
        "lost-code",
        "lost-table",
        "lost-urls",
        "scaffold-leak",
        "unfilled-template",
        "runaway-length",
    ]
    assert () == detect(Pair(text, evolved=text), names)


@given(PAIRS, st.none() | st.floats(0, 1))
def test_scores_lie_between_0_and_1(pair: Pair, harder: float | None) -> None:
    """Whatever is found and judged."""
    found = {} if harder is None else {"harder": harder}
    findings = detect(pair, ALL)

    for score in (score_item(findings, found), score_item(findings, {}), score_item(findings, {}, judged=True)):
        assert 0 <= score.value <= 1
        assert all(0 <= part <= 1 for part in score.parts.values())


def test_findings_come_in_the_order_of_the_names() -> None:
    """The order of the names is the order of the findings."""
    pair = Pair("Use https://a.example and 5.", evolved="Use it.")

    assert ["lost-urls", "lost-numbers"] == [f.kind for f in detect(pair, ["lost-urls", "identity", "lost-numbers"])]
    assert ["lost-numbers", "lost-urls"] == [f.kind for f in detect(pair, ["lost-numbers", "lost-urls"])]


def test_profiles_name_known_detectors() -> None:
    """Each profile has its rules, each once; the recommended ones are gates, but for the one that is a guess."""
    for profile in get_args(Profile):
        names = detectors_of(profile)
        assert set(names) <= set(DETECTORS)
        assert len(set(names)) == len(names)
    assert {"restated"} == set(detectors_of("recommended")) - GATES
    assert {"unreadable", "failed", "paper-stagnant", "paper-insufficient", "paper-lost-key"} == set(
        detectors_of("paper")
    )


def test_an_unknown_detector_is_a_usage_error() -> None:
    """A name in the settings may be misspelt."""
    with pytest.raises(UsageError, match="no detector 'identical'"):
        detect(Pair("Q", evolved="E"), ["identical"])


def test_every_detector_says_what_it_finds() -> None:
    """The docstring of a rule is its documentation."""
    assert [] == [name for name, detector in DETECTORS.items() if not detector.__doc__]


def test_languages_have_lists() -> None:
    """Both languages load, English stands behind each, and an unknown one gets English."""
    assert [1, 2, 1] == [len(word_lists(language)) for language in ("en", "zh", "fr")]
    assert VERSION.count("-") == 1


@pytest.mark.parametrize(
    ("kinds", "measures", "judged", "expected"),
    [
        ((), {}, False, 1.0),
        ((), {}, True, 0.5),
        ((), {"harder": 1.0}, True, 1.0),
        ((), {"harder": 0.75}, True, 0.75),
        ((), {"harder": 0.0}, True, 0.0),
        ((), {"harder": 0.5, "useful": 0.5, "agreement": 0.1}, True, 0.25),
        (("judged-invalid",), {"harder": 1.0}, True, 0.0),
        (("no-agreement",), {"harder": 1.0}, True, 0.0),
        (("identity",), {"harder": 1.0}, True, 0.0),
        (("paper-stagnant",), {"harder": 1.0}, True, 1.0),
    ],
)
def test_an_item_has_what_was_gained_unless_a_gate_fired(
    kinds: tuple[str, ...], measures: dict[str, float], judged: bool, expected: float
) -> None:
    """Abstaining is neither good nor bad, a copy is worth nothing whatever a judge says."""
    assert expected == score_item([Finding(kind) for kind in kinds], measures, judged=judged).value
