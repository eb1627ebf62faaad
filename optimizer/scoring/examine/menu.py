"""Which detectors and checks a run uses, from free to dear, and what each costs."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from ....agents.gateway.errors import UsageError
from ....agents.messages import RoleName
from ...record.quirks import RULES, quirks_of
from ...record.settings import Profile, Settings
from ..detectors import DETECTORS, detectors_of
from .agreed import Agreed
from .embedded import Embeds
from .exam import Examiner
from .judged import Judged
from .programmed import Programmed
from .solved import Band, Solved

__all__ = ["DEAR", "Menu", "exam_of", "menu_of", "price_of_item"]

DEAR = ("code-fails", "agreement", "student", "judge", "embedding")
"""Names of the dear checks, from cheap to dear; they are asked in this order."""

_SWITCHES = {
    "judge": "Give --no-judge (judge = false).",
    "student": "Leave out --student (student = false).",
    "embedding": "Leave out --embedder (embedder = false).",
}


@dataclass(frozen=True, slots=True)
class Menu:
    """What is run on every item: names of the free detectors, and the dear checks in order."""

    free: tuple[str, ...]
    exams: tuple[Examiner, ...]


def menu_of(settings: Settings) -> Menu:
    """The detectors and checks that the settings ask for.

    `detectors` empty means those of the profile. A list means exactly these, but for the names with a sign: `+name`
    and `-name` add to the profile's and take away. `judge` and `student` switch those two on in any case, the judge
    only where no published rules decide (the quirks `paper-rules` and `code-rules`).

    Raises:
        UsageError: there is no detector or check of this name, or one is taken away that its own setting switches on.
    """
    quirks = quirks_of(settings)
    ruled: list[Profile] = [profile for quirk, profile in RULES.items() if quirk in quirks]
    published = dict.fromkeys(name for profile in ruled for name in detectors_of(profile))
    names = _named(settings.detectors, tuple(published) or (*detectors_of("recommended"), "code-fails"))
    switched = {"judge": settings.judge and not ruled, "student": settings.student, "embedding": settings.embedder}
    _refuse_unswitched(settings, switched)
    names += [name for name, wanted in switched.items() if wanted]
    if settings.checks.sandbox == "off":
        names = [name for name in names if name != "code-fails"]
    return Menu(
        tuple(name for name in names if name in DETECTORS),
        tuple(exam_of(name, settings) for name in DEAR if name in names),
    )


def exam_of(name: str, settings: Settings) -> Examiner:
    """One of `DEAR` with the dials of the settings."""
    checks = settings.checks
    match name:
        case "code-fails":
            return Programmed()
        case "agreement":
            return Agreed(checks.answers, checks.agree)
        case "student":
            return Solved(checks.student_answers, Band(*checks.band))
        case "embedding":
            return Embeds()
        case _:
            return Judged(checks.judge_orders, checks.judge_repeats, settings.run_seed)


def price_of_item(settings: Settings) -> Mapping[RoleName, float]:
    """Calls that the dear checks of one item cost at most, by role."""
    total: dict[RoleName, float] = {}
    for exam in menu_of(settings).exams:
        for role, calls in exam.price.items():
            total[role] = total.get(role, 0.0) + calls
    return total


def _refuse_unswitched(settings: Settings, switched: Mapping[str, bool]) -> None:
    """What has a switch of its own is switched there; else somebody would pay for what was meant to be off."""
    for name, on in switched.items():
        if on and f"-{name}" in settings.detectors:
            raise UsageError(
                f"The check {name!r} has a setting of its own, and a list of detectors does not switch it off.",
                fix=_SWITCHES[name],
            )


def _named(said: tuple[str, ...], usual: tuple[str, ...]) -> list[str]:
    signed = bool(said) and all(name.startswith(("+", "-")) for name in said)
    names = list(usual) if signed or not said else []
    for name in said:
        plain = name.lstrip("+-") if signed else name
        if plain not in DETECTORS and plain not in DEAR:
            close = difflib.get_close_matches(plain, [*DETECTORS, *DEAR], n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise UsageError(f"There is no detector {plain!r}.", fix=f"{hint}`autoevol detectors` lists them all.")
        if name.startswith("-") and signed:
            names = [each for each in names if each != plain]
        elif plain not in names:
            names.append(plain)
    return names
