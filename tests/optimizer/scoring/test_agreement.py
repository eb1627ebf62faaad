"""Final answers of responses, agreement of several, and known answers."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from autoevol.optimizer.scoring.agreement import agreement, agreement_finding, gold_correct
from autoevol.optimizer.scoring.answers import answer_span, final_answer

GSM8K = Path(__file__).parents[4] / "shared" / "data" / "gsm8k_train_first2000.jsonl"


@pytest.mark.parametrize(
    ("response", "span"),
    [
        ("She sold 24.\n#### 72", "72"),
        ("so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"),
        ("\\boxed{1} and then \\boxed{x^{2}}", "x^{2}"),
        ("Steps.\n\n**Answer:** 42 clips", "42 clips"),
        ("Steps.\nFinal answer: (B) Paris.", "(B) Paris"),
        ("The answer is: $12.50. Good luck.", "$12.50"),
        ("步骤。\n答案：三百元。", "三百元"),
        ("Paris", "Paris"),
        ("She had 3.\nSo she sold 48 + 24 = 72 clips.", None),
        ("two\nlines", None),
        ("\\boxed{open", "\\boxed{open"),
        ("", None),
    ],
)
def test_the_words_of_a_final_answer(response: str, span: str | None) -> None:
    """After a mark, or all of a short response."""
    assert span == answer_span(response, "zh" if "答" in response else "en")


@pytest.mark.parametrize(
    ("response", "span"),
    [
        ("She had 3.\nSo she sold 48 + 24 = 72 clips.", "72"),
        ("She had 3 and 4.\nTherefore, she has $7 left.", "$7"),
        ("先算三。\n所以一共有9个。", "9"),
        ("She had 3.\nTherefore she has 7 or 8 left.", None),
        ("She had 3.\nShe likes 7.", None),
        ("Line.\nSo it is nice.", None),
    ],
)
def test_a_conclusion_with_one_number_is_an_answer_to_compare(response: str, span: str | None) -> None:
    """A weaker sign, for comparing only."""
    assert span == answer_span(response, "zh" if "所" in response else "en", conclude=True)


def test_nested_boxes_and_fractions_are_final_answers() -> None:
    """As values, for the detectors, too."""
    assert 0.5 == final_answer("so \\boxed{\\frac{1}{2}}.", "en")
    assert 42 == final_answer("Steps.\n**Answer:** 42", "en")


def test_answers_that_agree_make_groups() -> None:
    """The largest first; rows without an answer stand outside."""
    found = agreement(["#### 72", "The answer is 72 clips.", "#### 73", "I\ncannot say"], "en")
    assert ((0, 1), (2,)) == found.groups
    assert (2 / 3, True, None) == (found.share, found.comparable, found.answers[3])
    assert None is agreement_finding(found)


@pytest.mark.parametrize(
    ("responses", "evidence"),
    [
        (["#### 1", "#### 2", "#### 3"], "3 answers, 1 at most agree: 1 / 2 / 3"),
        (["#### 1", "#### 2"], "2 answers, 1 at most agree: 1 / 2"),
        (["#### 1", "#### 1", "#### 2", "#### 3", "#### 4"], "5 answers, 2 at most agree: 1 / 2 / 3 / 4"),
        (["#### 1", "#### 1", "#### 2"], None),
        (["#### 1", "#### 1"], None),
        (["#### 1"], None),
        ([], None),
        (["A long\nessay.", "Another\nessay.", "A third\none."], None),
        (["#### 1", "An\nessay.", "Another\nessay."], None),
        (["Answer: Paris", "Answer: Paris, France"], None),
        (["Answer: Paris", "Answer: London"], "2 answers, 1 at most agree: Paris / London"),
    ],
)
def test_no_agreement(responses: list[str], evidence: str | None) -> None:
    """All differ, or fewer than half agree; free texts and open comparisons say nothing."""
    finding = agreement_finding(agreement(responses, "en"))
    assert evidence == (finding and finding.evidence)
    assert finding is None or ("no-agreement", "agreement") == (finding.kind, finding.by)


def test_groups_do_not_depend_on_the_order() -> None:
    """Every order of the same responses has the same shares."""
    responses = ["#### 5", "The answer is five.", "#### 6", "答案：5"]
    assert {(3, 1)} == {tuple(map(len, agreement(row, "zh").groups)) for row in itertools.permutations(responses)}


@pytest.mark.parametrize(
    ("response", "gold", "correct"),
    [
        ("So 72.\n#### 72", "48 + 24 = 72\n#### 72", True),
        ("The answer is $10.00.", "10", True),
        ("The answer is 11.", "10", False),
        ("She\nhas some apples and 3 pears, or so.", "72", False),
        ("She\nhas 72 apples and 3 pears, or so.", "72", None),
        ("", "72", None),
        ("The answer is \\boxed{\\frac{2}{4}}", "\\frac12", True),
        ("Answer: B", "B", True),
        ("The capital\nis Paris", "Paris", None),
        ("Paris", "Paris", True),
        ("72", "", None),
        ("72", "An essay about the sea.\n" * 20, None),
    ],
)
def test_known_answers(response: str, gold: str, correct: bool | None) -> None:
    """Right, wrong, or not to be told."""
    assert correct is gold_correct(response, gold, "en")


@pytest.mark.skipif(not GSM8K.exists(), reason="the data is not beside this checkout")
def test_known_answers_of_gsm8k() -> None:
    """Each is its own answer, and no other's that has another value."""
    with GSM8K.open(encoding="utf-8") as file:
        golds = [json.loads(line)["answer"] for line in itertools.islice(file, 0, 2000, 10)]
    for one, other in itertools.pairwise(golds):
        values = [gold.rpartition("#### ")[2].replace(",", "") for gold in (one, other)]
        assert gold_correct(one, one, "en") is True
        assert gold_correct(one, values[1], "en") is (float(values[0]) == float(values[1]))
