"""Problems of arithmetic, drawn so that digits and carries are balanced (arXiv 2307.03381, section 3; MIT code).

A problem of d digits has a larger number of exactly d digits. Its carries are those of written addition (for
subtraction the borrows of the larger number less the smaller), the last one included. Digits are drawn for a wanted
pattern of carries, place by place from the ones, so that rare patterns cost no more than usual ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from ...dataset.draws import generator
from ..mixing.drawing import apportioned

__all__ = ["Balance", "Kind", "Operation", "Problem", "carries_of", "draw_problems", "kinds_of"]

Operation = Literal["add", "subtract", "multiply"]
Balance = Literal["carries", "digits"]
SIGNS: Mapping[Operation, str] = {"add": "+", "subtract": "-", "multiply": "*"}
_TRIES = 200  # draws in a row that gave nothing new, after which a kind counts as used up


@dataclass(frozen=True, slots=True)
class Problem:
    """Two numbers, neither below 0, and what is done with them."""

    operation: Operation
    a: int
    b: int

    @property
    def sign(self) -> str:
        """`+`, `-` or `*`."""
        return SIGNS[self.operation]

    @property
    def result(self) -> int:
        """What comes out."""
        if self.operation == "add":
            return self.a + self.b
        return self.a - self.b if self.operation == "subtract" else self.a * self.b

    @property
    def digits(self) -> int:
        """Of the longer number."""
        return len(str(max(self.a, self.b)))


@dataclass(frozen=True, slots=True)
class Kind:
    """What problems are drawn by.

    Args:
        operation: what is done.
        digits: of the larger number; of the first factor.
        carries: how many; None for any number of them.
        others: digits of the second factor.
    """

    operation: Operation
    digits: int
    carries: int | None = None
    others: int | None = None

    @property
    def label(self) -> str:
        """As figures call it: `add 3 digits 2 carries`."""
        more = (
            ""
            if self.carries is None
            else f" {self.carries} {'borrows' if self.operation == 'subtract' else 'carries'}"
        )
        plural = "" if self.digits == 1 else "s"
        return (
            f"{self.operation} {self.digits} digit{plural}{'' if self.others is None else f' by {self.others}'}{more}"
        )


def carries_of(problem: Problem) -> int | None:
    """Carries of an addition, borrows of a subtraction; None for a multiplication."""
    if problem.operation == "multiply":
        return None
    large, small = max(problem.a, problem.b), min(problem.a, problem.b)
    rest = large - small if problem.operation == "subtract" else large
    # What a carry takes from the sum of the digits is 9; a borrow is the carry of the sum that undoes it.
    return (_digit_sum(rest) + _digit_sum(small) - _digit_sum(rest + small)) // 9


def _digit_sum(number: int) -> int:
    return sum(map(int, str(number)))


def kinds_of(operations: Sequence[Operation], digits: Mapping[int, float], times: int, balance: Balance) -> dict[
    Kind, float
]:  # fmt: skip
    """The kinds of problems and the share of each.

    Args:
        operations: each has an equal share.
        digits: shares of numbers of digits, for sums and differences.
        times: digits of a factor, at most; each pair of numbers of digits has an equal share.
        balance: whether the carries of a number of digits have equal shares, too.
    """
    kinds: dict[Kind, float] = {}
    whole = sum(digits.values())
    for operation in operations:
        if operation == "multiply":
            pairs = [(one, two) for one in range(1, times + 1) for two in range(1, one + 1)]
            kinds |= {Kind(operation, one, others=two): 1 / len(pairs) for one, two in pairs}
            continue
        for count, share in digits.items():
            most = count if operation == "add" else count - 1
            counts: list[int | None] = [*range(most + 1)] if balance == "carries" else [None]
            kinds |= {Kind(operation, count, each): share / whole / len(counts) for each in counts}
    return {kind: share / len(operations) for kind, share in kinds.items() if share > 0}


def draw_problems(
    kinds: Mapping[Kind, float], count: int, seed: int, purpose: str, *, negative: bool
) -> tuple[list[Problem], dict[str, int]]:
    """Different problems in these shares, in random order, and how many of each kind.

    A kind that has no more of them leaves its share to the others; there are fewer than `count` where none has.

    Args:
        kinds: with their shares.
        count: problems that are wanted.
        seed, purpose: of the draws.
        negative: whether a difference may be below 0.
    """
    streams = {kind: _new_ones(kind, generator(seed, f"{purpose}/{kind.label}"), negative=negative) for kind in kinds}
    found: dict[Kind, list[Problem]] = {kind: [] for kind in kinds}
    open_ = dict(kinds)
    while open_ and (missing := count - sum(map(len, found.values()))):
        quotas = apportioned({kind.label: share for kind, share in open_.items()}, missing)
        for kind in [*open_]:
            for _ in range(quotas[kind.label]):
                problem = next(streams[kind], None)
                if problem is None:
                    del open_[kind]
                    break
                found[kind].append(problem)
    problems = [problem for each in found.values() for problem in each]
    generator(seed, f"{purpose}/order").shuffle(problems)
    return problems, {kind.label: len(each) for kind, each in found.items()}


def _new_ones(kind: Kind, chance: Random, *, negative: bool) -> Iterator[Problem]:
    """Different problems of a kind until there seem to be no more."""
    known: set[Problem] = set()
    misses = 0
    while misses < _TRIES:
        problem = _drawn(kind, chance, negative=negative)
        misses += 1
        if problem not in known:
            misses = 0
            known.add(problem)
            yield problem


def _drawn(kind: Kind, chance: Random, *, negative: bool) -> Problem:
    if kind.operation == "multiply":
        a, b = _number(kind.digits, chance), _number(kind.others or 1, chance)
    elif kind.operation == "add":
        a, b = _with_carries(kind.digits, kind.carries, chance)
    else:
        rest, b = _with_borrows(kind.digits, kind.carries, chance)
        a = rest + b
        return Problem("subtract", *((b, a) if negative and chance.random() < 0.5 else (a, b)))
    return Problem(kind.operation, *((b, a) if chance.random() < 0.5 else (a, b)))


def _number(digits: int, chance: Random) -> int:
    return chance.randrange(10 ** (digits - 1) if digits > 1 else 0, 10**digits)


def _with_carries(digits: int, carries: int | None, chance: Random) -> tuple[int, int]:
    """A number of so many digits, one of at most so many, and carries in as many places."""
    if carries is None:
        return _number(digits, chance), chance.randrange(10**digits)
    places = frozenset(chance.sample(range(digits), carries))
    return _by_places(digits, places, chance, highest=1 if digits > 1 else 0)


def _with_borrows(digits: int, borrows: int | None, chance: Random) -> tuple[int, int]:
    """A difference and what is taken away, which together have so many digits."""
    if borrows is None:
        large = _number(digits, chance)
        small = chance.randrange(large + 1)
        return large - small, small
    places = frozenset(chance.sample(range(digits - 1), borrows))
    while True:
        rest, small = _by_places(digits, places, chance, highest=0)
        if len(str(rest + small)) == digits:
            return rest, small


def _by_places(digits: int, places: frozenset[int], chance: Random, *, highest: int) -> tuple[int, int]:
    """Two numbers of at most so many digits with carries in exactly these places; the first begins with `highest` or
    more.
    """
    a = b = carry = 0
    for place in range(digits):
        least = highest if place == digits - 1 else 0
        pairs = [
            (one, two) for one in range(least, 10) for two in range(10)
            if (one + two + carry >= 10) == (place in places)
        ]  # fmt: skip
        one, two = pairs[chance.randrange(len(pairs))]
        carry = int(place in places)
        a, b = a + one * 10**place, b + two * 10**place
    return a, b
