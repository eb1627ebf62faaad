"""What a run would take and could prove, in lines for a person and as an object for a program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ...agents.gateway.engine.packaged import PACKAGED
from ..dataset.report import ReadReport
from ..record.estimate import Estimate, Sizes
from ..record.estimate_file import estimate_object, line_object
from ..record.pricing import models_in_use, unpriced
from ..record.rivals import turns_of
from ..record.seats import roles_in_use
from ..record.settings import RoleSettings, Settings
from ..record.timing import Bound, slowest
from ..scoring.examine.menu import menu_of
from ..scoring.families import kin_warning
from ..scoring.power import Provable
from ..search.caps import Fit
from ..search.proof import DISCORDANCES, HEADLINE, Proof
from .numbers import count, duration

__all__ = ["Plan", "money_words", "plan_lines", "plan_object"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A run before it is made.

    Args:
        settings: with the prices that would be frozen.
        forecast: at most.
        unchanged: the same where no candidate is accepted, so that the search stops early; None where it would not.
        said: of a comparison: who meets on what, and what could be shown.
    """

    settings: Settings
    sizes: Sizes
    read: ReadReport
    forecast: Estimate
    unchanged: Estimate | None
    bounds: tuple[Bound, ...]
    fits: tuple[Fit, ...]
    proof: Proof | None
    said: tuple[str, ...] = ()


def plan_lines(plan: Plan) -> list[str]:
    """For a person."""
    sizes, settings = plan.sizes, plan.settings
    chooses = settings.recipe == "make" and settings.make[0].SELECTS
    lines = [
        f"{'Rows' if chooses else 'Seeds'}: {plan.read}",
        f"  about {sizes.seed_tokens} tokens each, from {settings.seeds.source}",
    ]
    if not settings.seeds.source:
        lines = ["Seeds: none are needed"]
    if settings.recipe == "auto-evol":
        lines.append(f"Split: {sizes.train:,} train, {sizes.dev:,} dev, {sizes.test:,} test.")
    lines += plan.said
    lines += [*_table(plan.forecast, settings), *_sums(plan), *_prices(settings), *_time(plan.bounds)]
    for fit in plan.fits:
        lines += _cap(fit, settings)
    if not plan.fits:
        lines.append("Caps: none")
    return [*lines, *_proof(plan.proof), *_kin(settings), *_alike(settings), *_begins(plan)]


def _begins(plan: Plan) -> Iterator[str]:
    """A packaged model reads the beginning of a text."""
    for line in plan.forecast.by_role().values():
        name = plan.settings.endpoints[line.endpoint].packaged if line.endpoint in plan.settings.endpoints else None
        if name in PACKAGED:
            most = PACKAGED[name].tokens
            yield f"Note: {name} reads the first {most} tokens of a text; what comes after is not in its vector."


def _kin(settings: Settings) -> Iterator[str]:
    """A judge that shares the evolver's blind spots is named while it can still be changed."""
    if "judge" in roles_in_use(settings):
        warning = kin_warning(settings.roles.judge.model, settings.roles.evolver.model)
        yield from [f"Note: {warning}"] if warning else []


def _alike(settings: Settings) -> Iterator[str]:
    """A check that compares several answers of a model needs answers that can differ."""
    checks = {exam.name for exam in menu_of(settings).exams}
    for check, role in (("agreement", "responder"), ("student", "student")):
        seat: RoleSettings = getattr(settings.roles, role)
        if check in checks and seat.temperature == 0:
            yield (
                f"Note: The check '{check}' compares several answers of the {role}, which at temperature 0 are mostly "
                f"the same. Set roles.{role}.temperature, to 0.7 for instance."
            )


def plan_object(plan: Plan) -> dict[str, Any]:
    """For a program."""
    forecast, binding = plan.forecast, slowest(plan.bounds)
    return {
        "seeds": asdict(replace(plan.sizes, bouts=())),
        **estimate_object(forecast),
        "if_nothing_is_accepted": plan.unchanged
        and {"calls": plan.unchanged.calls, "usd": plan.unchanged.expected_usd},
        "roles": [{**line_object(line), "stage": None} for line in forecast.by_role().values()],
        "prices": [
            {
                "endpoint": name,
                "model": model,
                "free": plan.settings.endpoints[name].free,
                **(price.model_dump() if price else {"input": None, "output": None}),
            }
            for name, model in models_in_use(plan.settings)
            for price in [plan.settings.endpoints[name].prices.get(model)]
        ],
        "time": {
            "at_least_seconds": binding.seconds if binding else None,
            "bound_by": binding.limit if binding else None,
            "limits": [asdict(bound) for bound in plan.bounds],
        },
        "caps": [{**asdict(fit), "enough": fit.enough, "surely": fit.surely} for fit in plan.fits],
        **({"comparison": list(plan.said)} if plan.said else {}),
        "proof": None if plan.proof is None else {**asdict(plan.proof), "smallest": plan.proof.smallest},
    }


def money_words(forecast: Estimate, settings: Settings) -> str:
    """Money in one phrase; an unknown price is named, never counted as nothing."""
    least, expected, worst = forecast.least_usd, forecast.expected_usd, forecast.worst_usd
    if least is None or expected is None or worst is None:
        return f"price unknown: no price for {', '.join(unpriced(settings))}"
    if worst == 0:
        return "free"
    return f"about ${least:,.2f} to ${expected:,.2f}, at most ${worst:,.2f}"


def _table(forecast: Estimate, settings: Settings) -> Iterator[str]:
    if not forecast.lines:
        return
    searches = settings.recipe == "auto-evol" or any(part.recipe == "auto-evol" for part in settings.make)
    early = "the search may stop early, and " if searches else ""
    yield f"Calls of a run that goes to its end; {early}retries are not counted:"
    heads = ("at least", "at most", "tokens in", "out, expected", "out, at most", "USD, about")
    widths = (10, 10, 14, 15, 14, 12)
    columns = "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
    wide = max(14, 2 + max((len(line.stage) for line in forecast.lines), default=0))
    yield f"  {'stage':<{wide}}{'role':<11}{columns}"
    roles = [(("", role), line) for role, line in forecast.by_role().items()]
    for (stage, role), line in [((line.stage, line.role), line) for line in forecast.lines] + roles:
        cells = (line.least_calls, line.calls, line.tokens_in, line.expected_out, line.worst_out)
        shown = [f"{cell:,}" for cell in cells]
        shown.append("unknown" if line.expected_usd is None else f"{line.expected_usd:,.2f}")
        row = "".join(f"{cell:>{width}}" for cell, width in zip(shown, widths, strict=True))
        yield f"  {stage or 'all':<{wide}}{role:<11}{row}"


def _sums(plan: Plan) -> Iterator[str]:
    forecast = plan.forecast
    yield f"Calls: {forecast.calls:,} at most, {forecast.least_calls:,} at least"
    yield f"Tokens: about {forecast.expected_tokens:,} for the most calls, at most {forecast.worst_tokens:,}"
    yield f"Money: {money_words(forecast, plan.settings)}"
    if plan.unchanged is not None:
        usd = plan.unchanged.expected_usd
        money = f", about ${usd:,.2f}" if usd else ""
        yield (
            f"If no candidate is accepted, the search stops after {count(plan.settings.search.patience or 0, 'step')}: "
            f"{plan.unchanged.calls:,} calls{money}."
        )


def _prices(settings: Settings) -> Iterator[str]:
    paid = [(name, model) for name, model in models_in_use(settings) if not settings.endpoints[name].free]
    if paid:
        yield "Prices, USD per million tokens:"
    for name, model in paid:
        price = settings.endpoints[name].prices.get(model)
        if price is None:
            yield f"  {model} at {name}: unknown. Say it with --price {model}=IN,OUT; 0,0 for a server of your own."
            continue
        cached = "" if price.cached_input is None else f", {price.cached_input:g} in from a cache"
        source = price.source or "as the settings say"
        yield f"  {model} at {name}: {price.input:g} in, {price.output:g} out{cached} ({source})"


def _time(found: Sequence[Bound]) -> Iterator[str]:
    binding = slowest(found)
    if binding is None:
        yield "Time: no limit of requests or tokens is known; the gateway finds what there is."
    else:
        yield f"Time: at least {duration(binding.seconds)} for the most calls, bound by {_limit(binding)}."
    for bound in found:
        if bound.limit == "concurrency":
            rate = max(
                (b.seconds for b in found if b.limit != "concurrency" and b.endpoint == bound.endpoint), default=0.0
            )
            more = f"; binds where a call takes over {rate / bound.seconds:.1f} s" if rate and bound.seconds else ""
            yield f"  {_limit(bound)}: {duration(bound.seconds)} for each second that a call takes{more}"
        elif bound is not binding:
            yield f"  {_limit(bound)}: {duration(bound.seconds)}"


def _limit(bound: Bound) -> str:
    whose = f"{bound.endpoint}, {bound.model}" if bound.model else bound.endpoint
    return f"{bound.limit} ({bound.value:,.10g} of {whose})"


def _cap(fit: Fit, settings: Settings) -> Iterator[str]:
    cap = f"${fit.value:,.10g}" if fit.cap == "usd" else f"{fit.value:,.10g} {fit.cap}"
    if fit.expected is None:
        yield f"Cap of {cap}: whether it suffices is not known."
        return
    need = f"${fit.expected:,.2f}" if fit.cap == "usd" else f"{fit.expected:,.0f} {fit.cap}"
    if fit.cap == "minutes":
        enough = "enough" if fit.enough else "not enough"
        yield f"Cap of {cap}: {enough} at the known limits, by which it takes {need} at least."
    elif fit.surely:
        yield f"Cap of {cap}: enough, whatever happens but retries."
    elif fit.enough:
        yield f"Cap of {cap}: enough, if texts are as long as usual ({need})."
    else:
        yield f"Cap of {cap}: not enough for all of {need} (if texts are as long as usual)."
        yield from _cut(fit, settings)


def _cut(fit: Fit, settings: Settings) -> Iterator[str]:
    """What a cap that does not suffice leaves out."""
    cut: list[str] = []
    turns = turns_of(settings.search)
    if fit.steps is not None and fit.steps < turns:
        cut.append(f"the search begins {fit.steps} of {turns} steps")
    if fit.applied is not None and fit.applied < 1:
        what = "applying" if fit.steps is None else "confirming and applying"
        share = f"{fit.applied:.0%} of" if fit.applied >= 0.005 else "nothing of"
        cut.append(f"{share} {what} is paid for")
    if cut:
        yield f"  {', '.join(cut)}; then the run stops, and a higher cap continues it."
    yield "  Less is needed with fewer --steps, --candidates or --dev, with --apply-limit, or with --no-judge."


def _proof(found: Proof | None) -> Iterator[str]:
    if found is None:
        return
    yield (
        f"Provable: the smallest gain in mean score (0 or 1 an item) that is shown with {found.power:.0%} probability,"
    )
    yield f"  if two methods score differently on {_list(f'{share:.0%}' for share in DISCORDANCES)} of the items:"
    if found.dev:
        level = found.dev[0].alpha
        steps = count(found.steps, "step")
        yield f"  on dev   {_part(found.dev)} at level {level:.2g}, for the leader of a step in {steps}"
    if found.test:
        yield f"  on test  {_part(found.test)} at level {found.test[0].alpha:.2g}"
    if found.why_not:
        yield f"  {found.why_not}"
        return
    yield from _halves(found)


def _part(part: Sequence[Provable]) -> str:
    shown = ["nothing" if each.difference is None else f"{each.difference:.2f}" for each in part]
    if not any(each.difference for each in part):
        return f"({part[0].items:,} items): nothing"
    return f"({part[0].items:,} items): {_list(shown)}"


def _halves(found: Proof) -> Iterator[str]:
    share = f"{DISCORDANCES[HEADLINE]:.0%}"
    if found.smallest is None:
        yield f"  So with methods that differ on {share} of the items this run can prove nothing: it needs more seeds."
        return
    yield f"  So a gain under {found.smallest:.2f} will most likely stay unproved (at {share})."
    half = found.half
    if half is not None:
        items = [f"{half.dev:,} dev" if half.dev else "", f"{half.test:,} test" if half.test else ""]
        yield (
            f"  Half of that takes about {' and '.join(part for part in items if part)} items: "
            f"{half.seeds:,} seeds, and {half.calls:,} calls at most in all."
        )
    if found.single is not None and found.single.difference is not None:
        yield f"  With a single step dev would show {found.single.difference:.2f}."


def _list(words: Iterator[str] | Sequence[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}"
