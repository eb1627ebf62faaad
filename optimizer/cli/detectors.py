"""`autoevol detectors`: every detector and check, what it means, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ...agents.messages import RoleName
from ..record.settings import CheckSettings, Settings
from ..scoring.detectors import DETECTORS, GATES, detectors_of
from ..scoring.examine.menu import DEAR, exam_of, menu_of
from ..scoring.item import DEAR_GATES

__all__ = ["command"]

_CHECKS = {
    "code-fails": "runs the answer's Python against the examples that the instruction states",
    "agreement": "compares several answers; where too few agree the text is ill-posed, or beyond who answers",
    "student": "pass rate of the student before and after: is the new text of use to it?",
    "embedding": "embeds the evolved text, so that the diversity of a method is measured by it, too",
    "judge": "rubric with evidence, and which text is harder, in both orders",
}

_SWITCH = {"student": "--student NAME", "embedding": "--embedder NAME"}


@click.command(name="detectors")
def command() -> None:
    """List the detectors and checks of an item, from free to dear, with what each costs.

    Those of a run are chosen with --detectors (setting `detectors`): a list, or changes of the profile's with + and
    -, as in +agreement,-restated. Judge, student and embedding have options of their own: --no-judge, --student,
    --embedder.
    """
    settings = Settings(checks=CheckSettings())
    on = {exam.name for exam in menu_of(settings).exams}
    usual = set(detectors_of("recommended"))
    click.echo("Free rules (* is a gate: the item is worth nothing after it)")
    for name, detector in DETECTORS.items():
        mark = "*" if name in GATES else " "
        told = (detector.__doc__ or "").strip().split("\n")[0].rstrip(".")
        profile = "" if name in usual else "  [published profiles]"
        click.echo(f"  {mark} {name:<20} {told}{profile}")
    click.echo("\nChecks, asked in this order and only about what passed the rules before")
    for name in DEAR:
        price = exam_of(name, settings).price
        mark = "*" if name in {"judge", "agreement"} or name in DEAR_GATES else " "
        switch = "" if name in on else f"  [only with {_SWITCH.get(name, f'--detectors=+{name}')}]"
        click.echo(f"  {mark} {name:<20} {_CHECKS[name]}: {_price(price)}{switch}")


def _price(price: Mapping[RoleName, float]) -> str:
    told = ", ".join(f"{number:g} {'call' if number == 1 else 'calls'} of the {role}" for role, number in price.items())
    return f"at most {told} an item" if told else "no call, a moment of this machine"
