"""ROUGE-L of the pool is exact, for every script, against a plain computation by tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.optimizer.recipes.self_instruct.pool import Nearest, Pool, rouge_l
from autoevol.optimizer.recipes.self_instruct.words import Tokens, words_of

# Few words, so that texts have much in common; in two scripts, with signs between them.
_TEXTS = st.lists(
    st.sampled_from(["a", "b", "the", "Don't", "ÉTÉ", "été", "写", "一首诗", "3.14", "-", "  "]), max_size=9
)
_TEXTS_OF_WORDS = _TEXTS.map(" ".join)


def _plain(one: str, other: str, tokens: Tokens = "unicode") -> float:
    """ROUGE-L F1 from the table of longest common subsequences, by its definition: harmonic mean of both shares."""
    first, second = words_of(one, tokens), words_of(other, tokens)
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, left in enumerate(first, 1):
        for j, right in enumerate(second, 1):
            table[i][j] = table[i - 1][j - 1] + 1 if left == right else max(table[i - 1][j], table[i][j - 1])
    common = table[-1][-1]
    if not common:
        return 0.0
    precision, recall = common / len(second), common / len(first)
    return 2 * precision * recall / (precision + recall)


@given(_TEXTS_OF_WORDS, _TEXTS_OF_WORDS)
def test_rouge_l_is_that_of_the_definition(one: str, other: str) -> None:
    """And the same both ways round."""
    assert _plain(one, other) == pytest.approx(rouge_l(one, other), abs=1e-12)
    assert rouge_l(other, one) == rouge_l(one, other)


@given(st.text(max_size=30), st.text(max_size=30))
def test_rouge_l_takes_any_text(one: str, other: str) -> None:
    """Whatever characters there are."""
    assert _plain(one, other) == pytest.approx(rouge_l(one, other), abs=1e-12)
    assert _plain(one, other, "rouge-score") == pytest.approx(rouge_l(one, other, "rouge-score"), abs=1e-12)


@given(
    st.lists(_TEXTS_OF_WORDS, max_size=12), _TEXTS_OF_WORDS, st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.8, 1.0]),
    st.sampled_from([3, 1000]),
)  # fmt: skip
def test_the_nearest_of_a_pool_is_that_of_a_plain_search(
    texts: list[str], asked: str, above: float, letters: int
) -> None:  # fmt: skip
    """The first of the most similar ones, where it is above the bound; with words written as numbers, too."""
    pool = Pool(letters=letters)
    assert list(range(len(texts))) == [pool.add(text) for text in texts]

    scores = [rouge_l(asked, text) for text in texts]
    best = max(scores, default=0.0)
    expected = Nearest(scores.index(best), best) if best > above else Nearest(-1, 0.0)
    assert expected == pool.nearest(asked, above)
    assert len(texts) == len(pool)


def test_a_score_at_the_bound_is_not_above_it() -> None:
    """7 of 10 words in common are 0.7, not a hair more or less."""
    pool = Pool()
    pool.add("a b c d e f g x y z")

    assert Nearest(0, 0.7) == pool.nearest("a b c d e f g u v w")
    assert Nearest(-1, 0.0) == pool.nearest("a b c d e f g u v w", above=0.7)
    assert Nearest(0, 0.8) == pool.nearest("a b c d e f g u v z", above=0.7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't STOP!", ["don", "t", "stop"]),
        ("写一首 Python 诗。", ["写", "一", "首", "python", "诗"]),
        ("cafe\u0301 CAFÉ", ["café", "café"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("かな カナ", ["か", "な", "カ", "ナ"]),
        ("한국어 문장", ["한국어", "문장"]),
        ("x_y 3.14", ["x", "y", "3", "14"]),
        ("¿?!", []),
    ],
)
def test_words_of_every_script(text: str, expected: list[str]) -> None:
    """Runs of letters and digits with their marks; letters of scripts without spaces stand alone."""
    assert expected == words_of(text)


def test_words_as_the_package_rouge_score_has_them() -> None:
    """Only a to z and digits: an accent parts a word, and Chinese has none."""
    assert ["caf", "au", "lait", "2"] == words_of("Café au lait 2 写诗", "rouge-score")
