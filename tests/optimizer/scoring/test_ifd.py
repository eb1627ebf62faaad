"""IFD and r-IFD from tokens with their log-probabilities, and the choice of versions by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.outcomes import TokenScore
from autoevol.optimizer.scoring.frames import FRAMES, frame_of
from autoevol.optimizer.scoring.ifd import Ratio, Unscored, ratio
from autoevol.optimizer.scoring.selection import Drop, ResponseScores, pick_instruction, pick_response, ranks

_LOGPROBS = st.floats(-30, -0.001)
_WORDS = st.lists(st.sampled_from([" a", " be", " cat", " dog", "ly", "."]), min_size=5, max_size=30)


def _tokens(words: Sequence[str], values: Sequence[float | None]) -> list[TokenScore]:
    return [TokenScore(word, value) for word, value in zip(words, values, strict=True)]


def _score(context: Sequence[TokenScore], alone: Sequence[TokenScore], target: str, floor: int = 1) -> Ratio | Unscored:
    return ratio(context, alone, target, template="plain", model="m", floor=floor)


def _ratio(cond: float, alone: float = 2.0) -> Ratio:
    return Ratio(cond, alone, 9, 0, "plain", "m", bos=True)


# ---------------------------------------------------------------- one score


def test_a_score_is_the_published_formula() -> None:
    """Perplexity after the instruction over perplexity alone; the loss ratio beside it (equations of both papers)."""
    alone = _tokens(["<s>", "It", " is", " 7"], [None, -3.0, -2.0, -4.0])
    after = _tokens(["<s>", "Add", "\n", "It", " is", " 7"], [None, -5.0, -1.0, -1.0, -0.5, -1.5])

    score = _score(after, alone, "It is 7")

    assert Ratio(1.0, 3.0, 3, 0, "plain", "m", bos=True) == score
    assert isinstance(score, Ratio)
    assert (math.exp(-2), 1 / 3) == pytest.approx((score.ppl, score.loss))
    assert {"ppl_ratio", "loss_ratio", "l_cond", "l_alone", "n", "left_out", "template", "model", "bos"} == set(
        score.as_row()
    )


@given(_WORDS, st.data())
def test_both_means_are_over_the_same_tokens(words: list[str], data: st.DataObject) -> None:
    """Whatever stands before, and whether a mark of beginning is shown, hidden, or not there at all."""
    first = data.draw(st.lists(_LOGPROBS, min_size=len(words), max_size=len(words)))
    second = data.draw(st.lists(_LOGPROBS, min_size=len(words), max_size=len(words)))
    context = _tokens(["Q", ":\n"], [None, -1.0])
    after = [*context, *_tokens(words, first)]
    target = "".join(words)

    shown = _score(after, _tokens(["<s>", *words], [None, *second]), target)
    hidden = _score(after, _tokens(words, second), target)
    bare = _score(after, _tokens(words, [None, *second[1:]]), target)

    assert isinstance(shown, Ratio)
    assert isinstance(bare, Ratio)
    assert shown == hidden
    assert (len(words), 0, True) == (shown.n, shown.left_out, shown.bos)
    assert (len(words) - 1, 1, False) == (bare.n, bare.left_out, bare.bos)
    assert shown.cond == pytest.approx(-sum(first) / len(first))
    assert bare.cond == pytest.approx(-sum(first[1:]) / len(first[1:]))
    assert shown.ppl == pytest.approx(math.exp(shown.cond - shown.alone))
    assert (shown.ppl < 1) == (shown.loss < 1) == (shown.cond < shown.alone)


def test_a_token_across_the_boundary_is_left_out_of_both() -> None:
    """The line end of the context has merged with the first word, and a space before it belongs to nobody."""
    alone = _tokens(["<s>", " The", " cat", " sat", "."], [None, -9.0, -2.0, -2.0, -2.0])
    merged = _tokens(["Q", "\nThe", " cat", " sat", "."], [None, -9.0, -1.0, -1.0, -1.0])
    spaced = _tokens(["Q", ":", " The", " cat", " sat", "."], [None, -1.0, -9.0, -1.0, -1.0, -1.0])

    for after in (merged, spaced):
        score = _score(after, alone, "The cat sat.")
        assert isinstance(score, Ratio)
        assert (1.0, 2.0, 3, 1) == (score.cond, score.alone, score.n, score.left_out)


def test_parts_of_characters_are_counted_too() -> None:
    """Bytes of a character that cannot be shown stand alike in both texts."""
    words = ["\ufffd", "\ufffd", "好", "bytes:\\xe5", "。"]
    alone, after = _tokens(["<s>", *words], [None, *[-2.0] * 5]), _tokens(["问", *words], [None, *[-1.0] * 5])

    score = _score(after, alone, "你好吗。")

    assert isinstance(score, Ratio)
    assert 5 == score.n


@pytest.mark.parametrize(
    ("expected", "words", "values", "after"),
    [
        ("too-short", [" a", " b"], [-1.0, -1.0], [-1.0, -1.0]),
        ("too-short", [" a"] * 4, [-1.0] * 4, [-1.0] * 4),
        ("not-finite", [" a"] * 6, [-1.0] * 5 + [-9999.0], [-1.0] * 6),
        ("not-finite", [" a"] * 6, [0.0] * 6, [-1.0] * 6),
        ("not-finite", [" a"] * 6, [-1e-9] * 6, [-900.0] * 6),
    ],
)
def test_what_would_be_no_score_is_none(
    expected: str, words: list[str], values: list[float], after: list[float]
) -> None:
    """Few tokens, probabilities of 0, a loss of 0, a ratio beyond numbers."""
    score = _score(_tokens(["Q", *words], [None, *after]), _tokens(["<s>", *words], [None, *values]), "".join(words), 5)

    assert isinstance(score, Unscored)
    assert (expected, {"unscored", "detail"}) == (score.reason, set(score.as_row()))


def test_texts_whose_ends_differ_have_no_score() -> None:
    """A server that cuts, or gives tokens of another text."""
    words = [" one", " two", " three", " four", " five", " six"]
    alone = _tokens(words, [-1.0] * 6)

    cut = _score(_tokens(["Q", *words[:-1]], [None, *[-1.0] * 5]), alone, "".join(words), 5)
    late = _score(_tokens(["Q", " xx", " yy", " zz", " vv", *words[4:]], [None, *[-1.0] * 6]), alone, "".join(words))

    assert [Unscored("boundary", "0 of 6 tokens stand in both texts"), "boundary"] == [
        cut, late.reason if isinstance(late, Unscored) else late
    ]  # fmt: skip
    assert Unscored("too-short", "0 of 0 tokens stand in both texts") == _score(alone, [], "x")


# ---------------------------------------------------------------- frames


def test_frames_are_named_and_ones_own_are_told_apart() -> None:
    """A name, a text with a place in it, or a refusal that lists them."""
    own = frame_of("Q: {instruction}\\nA: ")

    assert "Q: why?\nA: " == own.of("why?")
    assert own.name.startswith("own-")
    assert own.name != frame_of("Q {instruction}").name
    assert all(frame_of(name) is frame and "why?" in frame.of("why?") for name, frame in FRAMES.items())
    with pytest.raises(UsageError, match="plain, sections"):
        frame_of("vicuna")


# ---------------------------------------------------------------- choices


@pytest.mark.parametrize(
    ("expected", "old", "new"),
    [
        ("new", _ratio(1.0), _ratio(1.5)),
        ("old", _ratio(1.5), _ratio(1.0)),
        ("old", _ratio(1.5), _ratio(1.5)),
        ("old", _ratio(1.0), _ratio(2.0)),
        ("new", _ratio(2.5), _ratio(1.0)),
        ("old", _ratio(1.0), None),
        ("old", _ratio(1.0), Unscored("too-short")),
        ("new", Unscored("too-short"), _ratio(1.0)),
        ("ifd-not-below-1", _ratio(2.0), _ratio(3.0)),
        ("ifd-not-below-1", _ratio(2.0), None),
        ("too-short", Unscored("too-short"), Unscored("boundary")),
    ],
)
def test_the_harder_instruction_wins(expected: str, old: Ratio | Unscored, new: Ratio | Unscored | None) -> None:
    """Higher IFD, below 1; the first one where they are alike."""
    chosen = pick_instruction(old, new, "ppl", limit=True)

    assert expected == (chosen.reason if isinstance(chosen, Drop) else chosen)


def test_without_the_limit_an_instruction_may_win_that_does_not_help() -> None:
    """The authors' code looks at 1 only at the end."""
    assert "new" == pick_instruction(_ratio(1.0), _ratio(2.5), "ppl", limit=False)


@pytest.mark.parametrize(
    ("expected", "old_rifd", "new_ifd", "new_rifd", "keep_old"),
    [
        ("new", _ratio(1.5), _ratio(1.0), _ratio(1.0), False),
        ("not-replaced", _ratio(1.0), _ratio(1.0), _ratio(1.5), False),
        ("not-replaced", _ratio(1.0), _ratio(1.0), _ratio(1.0), False),
        ("old", _ratio(1.0), _ratio(1.0), _ratio(1.5), True),
        ("r-ifd-not-below-1", _ratio(3.0), _ratio(1.0), _ratio(2.0), False),
        ("ifd-not-below-1", _ratio(1.5), _ratio(2.0), _ratio(1.0), False),
        ("too-short", _ratio(1.5), Unscored("too-short"), _ratio(1.0), False),
        ("boundary", Unscored("boundary"), _ratio(1.0), _ratio(1.0), False),
        ("boundary", _ratio(1.0), _ratio(1.0), Unscored("boundary"), True),
    ],
)
def test_the_response_that_fits_better_wins(
    expected: str, old_rifd: Ratio | Unscored, new_ifd: Ratio | Unscored, new_rifd: Ratio | Unscored, *, keep_old: bool
) -> None:
    """Lower r-IFD, with both scores below 1; an old response only where that is wanted."""
    chosen = pick_response(ResponseScores(_ratio(1.2), old_rifd, new_ifd, new_rifd), "ppl", keep_old=keep_old)

    assert expected == (chosen.reason if isinstance(chosen, Drop) else chosen)


@given(st.lists(st.floats(0.01, 4), min_size=6, max_size=6))
def test_winner_first_keeps_what_the_rule_of_four_versions_keeps(losses: list[float]) -> None:
    """The authors' rule, written out as it is published, beside ours: the same rows, the same versions."""
    ori, q, a, qa, x_ori, x_new = (_ratio(loss) for loss in losses)
    sides: dict[str, tuple[Ratio, Ratio, Ratio]] = {"old": (ori, a, x_ori), "new": (q, qa, x_ori)}
    theirs: str | None = None
    side = "new" if q.ppl > ori.ppl else "old"
    better = sides[side][1]
    if x_new.ppl < x_ori.ppl and x_new.ppl < 1 and better.ppl < 1:
        theirs = side

    chosen = pick_instruction(ori, q, "ppl", limit=False)
    assert not isinstance(chosen, Drop)
    scores = ResponseScores(sides[chosen][0], x_ori, sides[chosen][1], x_new)
    ours = pick_response(scores, "ppl", keep_old=False)

    assert theirs == (chosen if ours == "new" else None)


@given(st.lists(st.one_of(st.floats(0.01, 3), st.just(math.nan)), max_size=40))
def test_ranks_follow_the_score_below_one(values: list[float]) -> None:
    """1, 2, 3, … by falling score; nothing at 1 and above, nothing without a score."""
    places = ranks(values)

    ranked = sorted((place, value) for place, value in zip(places, values, strict=True) if place is not None)
    assert list(range(1, len(ranked) + 1)) == [place for place, _ in ranked]
    assert [value for _, value in ranked] == sorted((value for value in values if value < 1), reverse=True)


def test_of_equal_scores_the_earlier_row_comes_first() -> None:
    """So that a choice does not depend on how a sort goes about it."""
    assert [2, 1, None, 3] == ranks([0.5, 0.9, 1.0, 0.5])


def test_measures_may_rank_differently() -> None:
    """The ratio of losses and that of perplexities are two orders, which is why both are kept."""
    first, second = _ratio(1.0, 2.0), _ratio(3.0, 4.2)
    measures: tuple[Literal["ppl", "loss"], ...] = ("ppl", "loss")

    assert ["old", "new"] == [pick_instruction(first, second, measure, limit=True) for measure in measures]
