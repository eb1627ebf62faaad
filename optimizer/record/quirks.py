"""What the publications do otherwise than we think right, quirk by quirk, each under a name that switches it.

A published profile is a list of these and nothing else. A quirk that only turns dials has them here, as a tree of
settings between the profile and what the person says; the others are strategies (optimizer/search/published.py,
proposers/published.py). Every quirk has a row in docs/profiles.md, with what the paper says (arXiv 2406.00770), what
the authors' code does (Zeng-WH/Auto-Evol-Instruct, `optimizer.py`), and those that the laws of this project exclude.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ...agents.gateway.errors import UsageError
from ...agents.method import WHOLE, Method
from .settings import Profile, Settings
from .tree import Tree, merge

__all__ = ["NO_QUIRKS", "QUIRKS", "RULES", "Quirk", "changes_of", "dials_of", "quirks_of", "refuse_form",
           "switched"]  # fmt: skip

_BOTH: frozenset[Profile] = frozenset({"paper", "official-code"})
_PAPER: frozenset[Profile] = frozenset({"paper"})
_CODE: frozenset[Profile] = frozenset({"official-code"})
_NOBODY: frozenset[Profile] = frozenset()
_GREEDY = {"temperature": 0.0, "top_p": 0.9, "max_tokens": 1500}

RULES: Mapping[str, Profile] = {"paper-rules": "paper", "code-rules": "official-code"}
"""The quirks by which an item fails by published rules alone, and whose rules: no gate, no judge, no degrees."""

_EXCLUDED = {
    "markers": "the output's form is outside the text that evolves",
    "whole-output": "an output that does not keep its form is unreadable, and never taken whole",
    "empty-passes": "an empty answer or a failed call is an outcome that counts, and never data",
}

NO_QUIRKS = "none"
"""The word that takes away all of a profile's."""


@dataclass(frozen=True, slots=True)
class Quirk:
    """One thing that a publication does.

    Args:
        about: what, in a few words.
        profiles: those that do it unless it is switched off.
        needs: quirks without which it means nothing.
        dials: settings that it turns; the settings file and the flags win over them.
    """

    about: str
    profiles: frozenset[Profile]
    needs: tuple[str, ...] = ()
    dials: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


QUIRKS: Mapping[str, Quirk] = MappingProxyType({
    # ------------------------------------------------ analysis and proposals
    "texts-only": Quirk("the analyst sees the texts, no answers, findings or scores", _BOTH),
    "free-feedback": Quirk("the analyst answers in free text about the cases that failed to evolve", _BOTH),
    "whole-method": Quirk("the method is one free text, and every candidate a whole new one", _BOTH),
    "same-conversation": Quirk("the refiner goes on in the analyst's conversation, cases and all", _CODE,
                               ("free-feedback", "whole-method")),
    "no-history": Quirk("nobody is told what was tried before", _BOTH),
    "unchecked": Quirk("candidates are tried whatever they repeat or copy", _BOTH),
    "old-for-unreadable": Quirk("an unreadable proposal leaves the old method as the candidate", _CODE),
    # ------------------------------------------------ what is a failure
    "paper-rules": Quirk("an item fails by the three published classes of rules on its answer", _PAPER),
    "code-rules": Quirk("an item fails by the twelve conditions of the code", _CODE),
    # ------------------------------------------------ decision
    "observed-rate": Quirk("one look at all of dev; the observed rate decides, without an interval", _BOTH),
    "length-ratio": Quirk("rates are multiplied by answer length over instruction length", _CODE, ("observed-rate",)),
    "ties-accepted": Quirk("a candidate that ties replaces the incumbent", _CODE, ("observed-rate",)),
    "survivors": Quirk("rates and lengths leave out items that a failed call lost", _CODE, ("observed-rate",)),
    "candidates-only": Quirk("the incumbent does not compete: the best candidate always replaces it", _NOBODY,
                             ("observed-rate",)),
    "apply-unconfirmed": Quirk("the chosen method is applied whether the test confirms it or not", _BOTH,
                               dials={"search": {"apply_unconfirmed": True}}),
    # ------------------------------------------------ which items
    "fixed-dev": Quirk("all steps decide on the same dev items", _PAPER),
    "rolling-dev": Quirk("each step decides on the next slice of a shuffled pool", _CODE),
    "dev-overlaps-train": Quirk("dev slices and batches come from one pool, train and dev together", _CODE),
    "batches-in-turn": Quirk("each batch is the next slice of the shuffled pool, not a fresh sample", _CODE),
    # ------------------------------------------------ dials
    "greedy-optimizer": Quirk("analyst and refiner at temperature 0, top-p 0.9", _CODE,
                              dials={"roles": {"analyst": _GREEDY, "refiner": _GREEDY}}),
    "code-decoding": Quirk("evolver and responder at top-p 0.9 and at most 1,500 tokens", _CODE,
                           dials={"roles": {"evolver": _GREEDY, "responder": _GREEDY}}),
    "stop-at-once": Quirk("the search stops after the first step that does not fail less", _PAPER,
                          dials={"search": {"patience": 1}}),
    "no-early-stop": Quirk("the search makes all of its steps", _CODE, dials={"search": {"patience": None}}),
})  # fmt: skip
"""Every quirk by name, in the order in which dials are turned."""


def quirks_of(settings: Settings) -> frozenset[str]:
    """The quirks that a run has.

    Raises:
        UsageError: see `switched`.
    """
    return switched(settings.profile, settings.quirks)


def switched(profile: Profile, said: Sequence[str]) -> frozenset[str]:
    """The quirks of a profile, as a person changed them.

    Args:
        profile: whose quirks are meant where nothing is said.
        said: names that are meant exactly; or names with a sign, of which `+name` adds to the profile's and `-name`
            takes away; or the one word `none`.

    Raises:
        UsageError: no such quirk, names with and without a sign, or a quirk without one that it needs.
    """
    signs = {name[:1] in {"+", "-"} for name in said}
    if len(signs) > 1:
        raise UsageError(
            "Some quirks have a sign and some have none.",
            fix="Give every name a + or -, to change those of the profile; or none, to mean exactly these.",
        )
    signed = not said or True in signs
    found = {name for name, quirk in QUIRKS.items() if profile in quirk.profiles} if signed else set[str]()
    for name in said if tuple(said) != (NO_QUIRKS,) else ():
        plain = name[1:] if signed else name
        if plain not in QUIRKS:
            raise _unknown(plain)
        found = found - {plain} if name.startswith("-") else found | {plain}
    for name in sorted(found):
        missing = [need for need in QUIRKS[name].needs if need not in found]
        if missing:
            raise UsageError(
                f"The quirk '{name}' means nothing without '{missing[0]}'.",
                fix=f"Switch '{missing[0]}' on, or '{name}' off (-{name}).",
            )
    return frozenset(found)


def changes_of(profile: str, quirks: Iterable[str]) -> tuple[str, ...]:
    """How quirks differ from those of their profile: `-ties-accepted`, `+unchecked`, by name."""
    there = frozenset(quirks)
    usual = frozenset(name for name, quirk in QUIRKS.items() if profile in quirk.profiles)
    return tuple(sorted([*(f"+{name}" for name in there - usual), *(f"-{name}" for name in usual - there)]))


def dials_of(quirks: frozenset[str]) -> Tree:
    """The settings that these quirks turn."""
    tree: Tree = {}
    for name, quirk in QUIRKS.items():
        if name in quirks:
            tree = merge(tree, quirk.dials)
    return tree


def refuse_form(settings: Settings, method: Method) -> None:
    """Refuse a starting method that the search could not rewrite, before anything is spent on it.

    Raises:
        UsageError: it is one free text, and the search edits clauses.
    """
    search = settings.search
    if settings.recipe != "auto-evol" or not search.steps or method.control != WHOLE:
        return
    if search.strategy != "auto-evol" or "whole-method" not in quirks_of(settings):
        raise UsageError(
            f"The starting method {search.method} is one free text, and this search edits clauses.",
            fix="Write it as 1 to 8 numbered lines, or take the strategy auto-evol with --quirks +whole-method.",
        )


def _unknown(name: str) -> UsageError:
    if name in _EXCLUDED:
        return UsageError(
            f"The quirk '{name}' is not to be had: {_EXCLUDED[name]}.",
            fix="docs/profiles.md says what is done instead.",
        )
    close = difflib.get_close_matches(name, QUIRKS, n=1)
    hint = f"Did you mean '{close[0]}'? " if close else ""
    return UsageError(f"There is no quirk '{name}'.", fix=f"{hint}Quirks are: {', '.join(QUIRKS)}.")
