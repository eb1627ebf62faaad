"""What a run would take, before it is made: calls, tokens and money, by stage and role.

Calls are counted at most: as if every step were made, every proposal became a candidate, none left a race early and
nothing were stopped by a gate. Retries are not in it. The count follows the loop (optimizer/search/loop.py):

    steps × [batch × (rounds + answer) + candidates × 2 + raced × dev × item] + test × 3 × item + test + seeds × item

where an item is its rounds, its answer and, where the judge is asked, its verdict, and the incumbent is raced once in
all where dev items stay the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ...agents.messages import RoleName
from .settings import RoleSettings, Settings

__all__ = ["Estimate", "Line", "Sizes", "estimate", "roles_in_use", "seed_tokens"]

_SAMPLE = 500  # seeds whose length is looked at
_METHOD = 250  # tokens of contract, method and output form around an instruction
_GROWTH = 2  # an evolved text is about so many times as long as the one before, and its answer twice that
_CASE = 300  # tokens of a stage of a case as the analyst sees it, at most
_VERDICT = 120


@dataclass(frozen=True, slots=True)
class Sizes:
    """What there is to work on: seeds of each part and in all, and the mean tokens of one."""

    train: int
    dev: int
    test: int
    total: int
    seed_tokens: int = 60


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of a role in a stage. Tokens of all of them together; `worst_out` is the bound, filled by every one."""

    stage: str
    role: RoleName
    calls: int
    tokens_in: int
    expected_out: int
    worst_out: int
    expected_usd: float | None
    worst_usd: float | None

    def __add__(self, other: Line) -> Line:
        return Line(
            self.stage, self.role, self.calls + other.calls, self.tokens_in + other.tokens_in,
            self.expected_out + other.expected_out, self.worst_out + other.worst_out,
            _sum((self.expected_usd, other.expected_usd)), _sum((self.worst_usd, other.worst_usd)),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """All of it."""

    lines: tuple[Line, ...]

    @property
    def calls(self) -> int:
        """Calls at most."""
        return sum(line.calls for line in self.lines)

    @property
    def expected_tokens(self) -> int:
        """Tokens in and out, if answers are as long as they usually are."""
        return sum(line.tokens_in + line.expected_out for line in self.lines)

    @property
    def worst_tokens(self) -> int:
        """Tokens in and out, if every answer fills its bound."""
        return sum(line.tokens_in + line.worst_out for line in self.lines)

    @property
    def expected_usd(self) -> float | None:
        """Money for the expected tokens; None where a price is unknown."""
        return _sum(line.expected_usd for line in self.lines)

    @property
    def worst_usd(self) -> float | None:
        """Money for the worst case; None where a price is unknown."""
        return _sum(line.worst_usd for line in self.lines)


def estimate(settings: Settings, sizes: Sizes) -> Estimate:
    """What a run with these settings would take on so many seeds."""
    lines: dict[tuple[str, str], Line] = {}
    for part in _parts(settings, sizes):
        line = _line(settings, *part)
        before = lines.get((line.stage, line.role))
        lines[line.stage, line.role] = line if before is None else before + line
    return Estimate(tuple(line for line in lines.values() if line.calls))


def roles_in_use(settings: Settings) -> tuple[RoleName, ...]:
    """The roles whose models a run with these settings may call."""
    searching = settings.recipe == "auto-evol" and settings.search.steps > 0
    used: dict[RoleName, bool] = {
        "evolver": True, "responder": True, "analyst": searching, "refiner": searching, "judge": _judging(settings),
    }  # fmt: skip
    return tuple(role for role, wanted in used.items() if wanted)


def seed_tokens(texts: Iterable[str]) -> int:
    """Mean tokens of the first texts, about: one in four bytes, so a Chinese character is nearly one."""
    sizes = [len(text.encode("utf-8", "replace")) // 4 + 1 for text in islice(texts, _SAMPLE)]
    return max(1, sum(sizes) // len(sizes)) if sizes else 1


def _judging(settings: Settings) -> bool:
    """Only the recommended profile asks the judge: the published ones decide by rules alone."""
    return settings.judge and settings.profile == "recommended"


def _parts(settings: Settings, sizes: Sizes) -> Iterator[tuple[str, RoleName, int, int, int]]:
    """Stage, role, calls, tokens in and expected tokens out of one call."""
    rows = sizes.total if settings.apply_limit is None else min(sizes.total, settings.apply_limit)
    if settings.recipe == "evolve":
        yield from _items(settings, sizes, "apply", rows)
        return
    search = settings.search
    batch = search.steps * min(search.batch, sizes.train)
    yield from _items(settings, sizes, "batches", batch, judge=False, answer=settings.profile == "recommended")
    proposals = search.steps * search.candidates
    yield "analyses", "analyst", proposals, _METHOD + min(search.batch, sizes.train) * _case(settings, sizes), 600
    yield "analyses", "refiner", proposals, 2 * _METHOD + 600, 500
    dev = min(search.dev, sizes.dev)
    incumbents = search.steps if settings.profile == "official-code" else min(1, search.steps)
    yield from _items(settings, sizes, "races on dev", dev * (proposals + incumbents))
    contestants = 3 if search.steps else 2  # start, best, just longer; identity only needs answers
    yield from _items(settings, sizes, "test", sizes.test * contestants)
    yield "test", "responder", sizes.test, sizes.seed_tokens + 40, 2 * sizes.seed_tokens + 80
    if settings.apply:
        yield from _items(settings, sizes, "apply", rows)


def _items(
    settings: Settings, sizes: Sizes, stage: str, items: int, *, judge: bool = True, answer: bool = True
) -> Iterator[tuple[str, RoleName, int, int, int]]:
    """So many seeds through all rounds, the answer and the judge."""
    size = sizes.seed_tokens
    for _ in range(settings.search.rounds):
        yield stage, "evolver", items, _METHOD + size, _GROWTH * size + 40
        size = min(size * _GROWTH, settings.roles.evolver.max_tokens)
    answered = 2 * size + 80
    if answer:
        yield stage, "responder", items, size + 40, answered
    if judge and _judging(settings):
        yield stage, "judge", items, _METHOD + sizes.seed_tokens + size + answered, _VERDICT


def _case(settings: Settings, sizes: Sizes) -> int:
    return min(_CASE, _GROWTH * sizes.seed_tokens + 120) * (settings.search.rounds + 1)


def _line(settings: Settings, stage: str, role: RoleName, calls: int, tokens_in: int, out: int) -> Line:
    seat: RoleSettings = getattr(settings.roles, role)
    expected = min(out, seat.max_tokens)
    return Line(
        stage, role, calls, calls * tokens_in, calls * expected, calls * seat.max_tokens,
        _money(settings, seat, calls * tokens_in, calls * expected),
        _money(settings, seat, calls * tokens_in, calls * seat.max_tokens),
    )  # fmt: skip


def _money(settings: Settings, seat: RoleSettings, tokens_in: int, tokens_out: int) -> float | None:
    endpoint = settings.endpoints.get(seat.endpoint)
    if endpoint is None:
        return None
    price = endpoint.prices.get(seat.model)
    if endpoint.free:
        return 0.0
    return None if price is None else (tokens_in * price.input + tokens_out * price.output) / 1e6


def _sum(parts: Iterable[float | None]) -> float | None:
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)
