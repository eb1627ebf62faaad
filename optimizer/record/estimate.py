"""What a run would take, before it is made: calls, tokens and money, by stage and role.

`calls` is at most: as if every step were made, every proposal became a candidate, none left a race early and nothing
were stopped by a gate. `least_calls` is what a run makes that goes to its end with none of these. Retries are not in
it. The count follows the loop (optimizer/search/loop.py):

    steps × [batch × (rounds + answer) + candidates × 2 + scores × item] + test × 4 × item + test + seeds × item

where an item is its rounds, its answer and, where the judge is asked, its verdict; the scores of a step are dev × all
contestants, or fewer where candidates must leave at rungs; and the incumbent is scored once in all where dev items stay
the same. What is applied was confirmed on the test seeds before, and the journal has that.
A comparison is the items of its bouts (optimizer/recipes/compare.py).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from ...agents.gateway.books.prices import price_of, worst_price
from ...agents.gateway.engine.packaged import tokens_read
from ...agents.gateway.outcomes import Usage
from ...agents.messages import RoleName
from ..scoring.examine.menu import price_of_item
from .quirks import quirks_of
from .rivals import RIVALS, choosing_of, metric_calls_of, minibatch_of, proposals_of
from .rungs import most_scores
from .seats import as_search, looks_at_results
from .settings import RoleSettings, Settings

__all__ = ["PARTS", "Bout", "Estimate", "Line", "Sizes", "estimate", "part_of", "seed_tokens", "summed"]

PARTS = ("batches", "analyses", "races on dev", "test", "apply", "compare")
"""The stages of an estimate, in the order of the course."""

_SAMPLE = 500  # seeds whose length is looked at
_METHOD = 250  # tokens of contract, method and output form around an instruction
_WHOLE_METHOD = 450  # the same where the method is one free text
_GROWTH = 2  # an evolved text is about so many times as long as the one before, and its answer twice that
_CASE = 300  # tokens of a stage of a case as the analyst sees it, at most
_VERDICT = 120


@dataclass(frozen=True, slots=True)
class Bout:
    """What a comparison asks with one evolver, in items over all contestants, sets and draws.

    Args:
        evolver: its seat.
        evolved, answered, judged: items that the evolver, the responder and the judge may be asked about.
        least: items that the evolver is surely asked about.
        duels: pairs of texts that the judge is shown beside, each once.
    """

    evolver: RoleSettings
    evolved: int
    answered: int
    judged: int
    least: int
    duels: int = 0


@dataclass(frozen=True, slots=True)
class Sizes:
    """What there is to work on: seeds of each part and in all, the mean tokens of one, the bouts of a comparison."""

    train: int
    dev: int
    test: int
    total: int
    seed_tokens: int = 60
    bouts: tuple[Bout, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of a role in a stage, at most; tokens of all of them together.

    Args:
        calls, least_calls: at most, and at least in a run that goes to its end.
        tokens_in, expected_out, expected_usd: if texts are as long as they usually are.
        worst_in, worst_out, worst_usd: if every answer fills its bound. Money is None where the price is unknown.
        endpoint, model: who is asked.
    """

    stage: str
    role: RoleName
    calls: int
    tokens_in: int
    expected_out: int
    worst_out: int
    expected_usd: float | None
    worst_usd: float | None
    worst_in: int = 0
    least_calls: int = 0
    endpoint: str = ""
    model: str = ""

    @property
    def least_usd(self) -> float | None:
        """Money of the least calls, if texts are as long as they usually are."""
        return None if self.expected_usd is None else self.expected_usd * self.least_calls / max(1, self.calls)

    def __add__(self, other: Line) -> Line:
        return Line(
            self.stage, self.role, self.calls + other.calls, self.tokens_in + other.tokens_in,
            self.expected_out + other.expected_out, self.worst_out + other.worst_out,
            summed((self.expected_usd, other.expected_usd)), summed((self.worst_usd, other.worst_usd)),
            self.worst_in + other.worst_in, self.least_calls + other.least_calls, self.endpoint, self.model,
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
    def least_calls(self) -> int:
        """Calls at least, of a run that goes to its end."""
        return sum(line.least_calls for line in self.lines)

    @property
    def expected_tokens(self) -> int:
        """Tokens in and out, if answers are as long as they usually are."""
        return sum(line.tokens_in + line.expected_out for line in self.lines)

    @property
    def worst_tokens(self) -> int:
        """Tokens in and out, if every answer fills its bound."""
        return sum(line.worst_in + line.worst_out for line in self.lines)

    @property
    def least_usd(self) -> float | None:
        """Money for the least calls; None where a price is unknown."""
        return summed(line.least_usd for line in self.lines)

    @property
    def expected_usd(self) -> float | None:
        """Money for the expected tokens; None where a price is unknown."""
        return summed(line.expected_usd for line in self.lines)

    @property
    def worst_usd(self) -> float | None:
        """Money for the worst case; None where a price is unknown."""
        return summed(line.worst_usd for line in self.lines)

    def by_role(self) -> dict[RoleName, Line]:
        """The lines of each role together."""
        roles: dict[RoleName, Line] = {}
        for line in self.lines:
            roles[line.role] = roles[line.role] + line if line.role in roles else line
        return roles


class _Part(NamedTuple):
    """Calls of one kind: how many at most and at least; tokens in as usual and at worst, and out as usual, of one."""

    stage: str
    role: RoleName
    calls: int
    least: int
    tokens_in: int
    worst_in: int
    out: int


def estimate(settings: Settings, sizes: Sizes) -> Estimate:
    """What a run with these settings would take on so many seeds."""
    lines: dict[tuple[str, ...], Line] = {}
    for part, seated in _seated_parts(settings, sizes):
        line = _line(seated, part)
        key = line.stage, line.role, line.endpoint, line.model
        lines[key] = lines[key] + line if key in lines else line
    return Estimate(tuple(line for line in lines.values() if line.calls))


def part_of(stage: str) -> str:
    """The part of an estimate that a stage of the run belongs to: `steps/003/dev` to `races on dev`."""
    head, _, rest = stage.partition("/")
    if head != "steps":
        return head
    return {"batch": PARTS[0], "dev": PARTS[2]}.get(rest.partition("/")[2], PARTS[1])


def seed_tokens(texts: Iterable[str]) -> int:
    """Mean tokens of the first texts, about: one in four bytes, so a Chinese character is nearly one."""
    sizes = [len(text.encode("utf-8", "replace")) // 4 + 1 for text in islice(texts, _SAMPLE)]
    return max(1, sum(sizes) // len(sizes)) if sizes else 1


def summed(parts: Iterable[float | None]) -> float | None:
    """A sum of money; None where a part of it is unknown."""
    known = list(parts)
    return None if None in known else sum(part for part in known if part is not None)


def _seated_parts(settings: Settings, sizes: Sizes) -> Iterator[tuple[_Part, Settings]]:
    """Every part, with the settings that say who is asked."""
    if settings.recipe == "make":
        yield from _making(settings, sizes)
        return
    if settings.recipe != "compare":
        yield from ((part, settings) for part in _parts(settings, sizes))
    for bout in sizes.bouts:
        seated = settings.model_copy(update={"roles": settings.roles.model_copy(update={"evolver": bout.evolver})})
        yield from ((part, seated) for part in _bout(seated, sizes, bout))


def _making(settings: Settings, sizes: Sizes) -> Iterator[tuple[_Part, Settings]]:
    """Recipe by recipe, each as if all rows of the one before had come through."""
    rows = sizes.total
    for number, part in enumerate(settings.make, 1):
        if part.recipe == "auto-evol":
            search = settings.search
            test = min(search.test, rows // 5)
            held = min(search.held_out, rows * 2 // 5)
            inner = Sizes(min(search.train, max(1, rows - held - test)), held, test, rows, sizes.seed_tokens)
            yield from ((each, settings) for each in _parts(as_search(settings), inner))
        for each in part.all_expected(rows, sizes.seed_tokens):
            size, out = each.tokens_in, each.tokens_out
            yield _Part(f"{number}-{part.recipe}", each.role, each.calls, 0, size, 2 * size, out), settings
        rows = part.makes(rows)


def _bout(settings: Settings, sizes: Sizes, bout: Bout) -> Iterator[_Part]:
    """The parts of an item, each for as many items as that role is asked about."""
    first_answer = True
    for part in _items(settings, sizes, "compare", bout.judged, least=bout.least):
        if part.role == "evolver":
            yield part._replace(calls=bout.evolved)
        elif part.role == "responder" and first_answer:  # further answers are asked about given ones too
            first_answer = False
            yield part._replace(calls=bout.answered)
        else:
            yield part
    if bout.duels:
        size, worst = _METHOD + 2 * _GROWTH * sizes.seed_tokens, _METHOD + 2 * settings.roles.evolver.max_tokens
        yield _Part("compare", "judge", 2 * bout.duels, 0, size, worst, _VERDICT)


def _parts(settings: Settings, sizes: Sizes) -> Iterator[_Part]:
    rows = sizes.total if settings.apply_limit is None else min(sizes.total, settings.apply_limit)
    if settings.recipe == "evolve":
        yield from _items(settings, sizes, "apply", rows, least=rows, without=("embedder",))
        return
    search, quirks = settings.search, quirks_of(settings)
    if search.strategy in RIVALS:
        yield from _of_rival(settings, sizes)
        yield from _finals(settings, sizes, rows)
        return
    # What batches and dev items are taken from: one pool in the authors' code.
    shared = sizes.train + sizes.dev if "dev-overlaps-train" in quirks else 0
    batch = min(search.batch, shared or sizes.train) if looks_at_results(settings) else 0
    dev = min(search.dev, shared or sizes.dev)
    least_steps = _least_steps(settings, dev)
    without: tuple[RoleName, ...] = ("embedder",)
    if "texts-only" in quirks:
        without += ("responder", "judge", "student")
    # A later step may draw the same seeds again, and the journal has those of the same method.
    sure = min(1, least_steps)
    yield from _items(settings, sizes, "batches", search.steps * batch, least=sure * batch, without=without)
    proposals, asked = search.steps * search.candidates, least_steps * search.candidates
    shown = _METHOD + batch * _case(settings, sizes)
    analysis, sure_refined = (0, 0), asked
    if looks_at_results(settings):
        yield _Part("analyses", "analyst", proposals, asked, shown, shown, 600)
        analysis = min(600, settings.roles.analyst.max_tokens), settings.roles.analyst.max_tokens
        sure_refined = 0
    told = _METHOD + _method(settings)[0] + (shown if "same-conversation" in quirks else 0)
    yield _Part(
        "analyses", "refiner", proposals, sure_refined, told + analysis[0],
        told + analysis[1] + _method(settings)[1] - _method(settings)[0], 500,
    )  # fmt: skip
    # Where the observed rate decides, the incumbent meets all of dev even where nobody comes to race it; of a pool that
    # is shared, the batch has met some before.
    raced = sure * max(0, dev - (batch if shared else 0)) if "observed-rate" in quirks else 0
    yield from _items(settings, sizes, "races on dev", _scores(settings, dev), least=raced)
    yield from _finals(settings, sizes, rows)


def _of_rival(settings: Settings, sizes: Sizes) -> Iterator[_Part]:
    """The one step of a search that plans itself: metric calls, proposals, and two methods on the rest of dev."""
    search = settings.search
    if not search.steps:
        return
    dev = min(search.dev, sizes.dev)
    chooses = choosing_of(search, dev)
    scores = max(chooses, metric_calls_of(search, dev)) + 2 * (dev - chooses)
    yield from _items(settings, sizes, "races on dev", scores, least=chooses)
    shown = minibatch_of(search, sizes.train or chooses) if search.strategy == "gepa" else 10
    told = _METHOD + shown * _case(settings, sizes)
    yield _Part("analyses", "refiner", proposals_of(search, sizes.train, dev), 0, told, told, 500)


def _finals(settings: Settings, sizes: Sizes, rows: int) -> Iterator[_Part]:
    """The test, and what is applied."""
    search = settings.search
    contestants = 4 if search.steps else 3  # start, best, evol-instruct, just longer; identity only needs answers
    yield from _items(settings, sizes, "test", sizes.test * contestants, least=sizes.test * _evolving(settings))
    answer = 2 * sizes.seed_tokens + 80
    yield _Part("test", "responder", sizes.test, 0, sizes.seed_tokens + 40, sizes.seed_tokens + 40, answer)
    if settings.apply:
        known = sizes.test if settings.apply_limit is None else 0
        yield from _items(settings, sizes, "apply", rows, known=min(rows, known), without=("embedder",))


def _scores(settings: Settings, dev: int) -> int:
    """Scores on dev at most. Where slices move, a new incumbent may have met none of the next one."""
    search, quirks = settings.search, quirks_of(settings)
    of_candidates = dev * search.candidates
    if "observed-rate" not in quirks:
        of_candidates = most_scores(search.rungs, search.choosing, search.candidates, dev)
    fixed = "fixed-dev" in quirks and "rolling-dev" not in quirks
    return search.steps * of_candidates + dev * (min(1, search.steps) if fixed else search.steps)


def _method(settings: Settings) -> tuple[int, int]:
    """Tokens of the contract with a method in it, as usual and at worst."""
    if "whole-method" not in quirks_of(settings):
        return _METHOD, _METHOD
    return _WHOLE_METHOD, _WHOLE_METHOD + settings.roles.refiner.max_tokens


def _least_steps(settings: Settings, dev: int) -> int:
    """Steps at least: no change at all stops the search soonest; a cap, or too few dev items, may after the first."""
    search, caps = settings.search, settings.budget.model_dump().values()
    soonest = search.steps if search.patience is None else min(search.steps, search.patience)
    too_few = "observed-rate" not in quirks_of(settings) and dev < search.least_dev
    return min(1, soonest) if too_few or any(cap is not None for cap in caps) else soonest


def _evolving(settings: Settings) -> int:
    """Methods on test, if nothing changed, that ask the evolver: the start, `evol-instruct` and `just-longer`."""
    return len({settings.search.method, "evol-instruct", "just-longer"} - {"identity"})


def _items(
    settings: Settings, sizes: Sizes, stage: str, items: int, *, least: int = 0, known: int = 0,
    without: tuple[RoleName, ...] = (),
) -> Iterator[_Part]:  # fmt: skip
    """So many seeds through all rounds, the answer and the judge.

    Args:
        least: so many surely go through the first round.
        known: for so many, evolution and answer are in the journal by then.
        without: roles that are not asked here.
    """
    size = worst = sizes.seed_tokens
    bound, asked = settings.roles.evolver.max_tokens, items - known
    method = _method(settings)
    for number in range(settings.search.rounds):
        yield _Part(
            stage, "evolver", asked, 0 if number else least, method[0] + size, method[1] + worst, _GROWTH * size + 40
        )
        size, worst = min(size * _GROWTH, bound), bound
    answered = 2 * size + 80
    if "responder" not in without:
        yield _Part(stage, "responder", asked, 0, size + 40, worst + 40, answered)
    for role, each in price_of_item(settings).items():
        if role in without:
            continue
        calls = math.ceil(items * each)
        if role == "judge":
            texts = _METHOD + sizes.seed_tokens
            seen = worst + settings.roles.responder.max_tokens
            yield _Part(stage, role, calls, 0, texts + size + answered, texts + seen, _VERDICT)
        elif role == "embedder":
            yield _Part(stage, role, calls, 0, size, worst, 0)
        else:
            yield _Part(stage, role, calls, 0, size + 40, worst + 40, answered)


def _case(settings: Settings, sizes: Sizes) -> int:
    return min(_CASE, _GROWTH * sizes.seed_tokens + 120) * (settings.search.rounds + 1)


def _line(settings: Settings, part: _Part) -> Line:
    seat: RoleSettings = getattr(settings.roles, part.role)
    endpoint = settings.endpoints.get(seat.endpoint)
    most_in = tokens_read(endpoint.packaged if endpoint else None)
    out, most_out = (0, 0) if part.role == "embedder" else (min(part.out, seat.max_tokens), seat.max_tokens)
    usual = Usage(part.calls * min(part.tokens_in, most_in), part.calls * out)
    worst = Usage(part.calls * min(max(part.tokens_in, part.worst_in), most_in), part.calls * most_out)
    price = endpoint.prices.get(seat.model) if endpoint else None
    free = endpoint is not None and endpoint.free
    return Line(
        part.stage, part.role, part.calls, usual.input_tokens, usual.output_tokens, worst.output_tokens,
        price_of(price, usual, free=free), worst_price(price, worst, free=free), worst.input_tokens,
        min(part.least, part.calls), seat.endpoint, seat.model,
    )  # fmt: skip
