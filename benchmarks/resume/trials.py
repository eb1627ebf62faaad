"""One run that nothing befell, and the same one killed, stopped or cut off and resumed: what differs in the end."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .courses import begin, write_course
from .folders import differences, records_of
from .mortal import MOMENTS, Ended, Fate, Nursery

__all__ = ["Stage", "Whole", "points", "the_only"]

_KILLED = -9


@dataclass(frozen=True, slots=True)
class Whole:
    """A run that nothing befell: its settings, its folder, what it left, and its moments by kind."""

    config: Path
    run: Path
    records: Mapping[str, Any]
    moments: Mapping[str, int]


class Stage:
    """Where runs of one course are made.

    Args:
        home: a folder of its own for each run is made in it.
        provider: address of the simulated provider.
        runs: who runs commands.
    """

    def __init__(self, home: Path, provider: str, runs: Nursery) -> None:
        self._home = home
        self._provider = provider
        self._nursery = runs
        self._made = 0

    def whole(self, course: str) -> Whole:
        """Run a course to its end.

        Raises:
            RuntimeError: it did not end well.
        """
        config = write_course(self._home / course, course, self._provider)
        ended = self._nursery.run(begin(config, config.parent / "runs"))
        if ended.code:
            raise RuntimeError(f"the course {course} ended with {ended.code}: {ended.said}")
        run = the_only(config.parent / "runs")
        return Whole(config, run, records_of(run), ended.moments)

    def killed(self, whole: Whole, fates: Sequence[Fate]) -> list[str]:
        """Begin the run of a course again, let these fates befall it one after the other, and resume it.

        Returns:
            Names of the records that differ in the end, or what went wrong; empty where all is the same.
        """
        runs = self._folder()
        ended = self._nursery.run(begin(whole.config, runs), fates[0])
        if ended.code != _KILLED and not (fates[0].moment == "clock" and not ended.code):  # it may be done by then
            return [f"it was not killed but ended with {ended.code}: {ended.said}"]
        if not list(runs.glob("*/settings.json")):
            return []  # it died before there was a run to resume
        run = the_only(runs)
        for fate in fates[1:]:
            if (ended := self.resumed(run, fate=fate)).code != _KILLED:
                return [f"it was not killed again but ended with {ended.code}: {ended.said}"]
        return self._end(whole, run)

    def stopped(self, whole: Whole, caps: Sequence[str]) -> list[str]:
        """Begin a run under the first cap, go on under each of the others, and in the end without any."""
        runs = self._folder()
        ended = self._nursery.run([*begin(whole.config, runs), "--budget", caps[0]])
        run = the_only(runs)
        name = re.sub(r"[\d.]+", "", caps[0]).replace("min", "minutes")
        for more in (*(f"--budget={cap}" for cap in caps[1:]), f"--set=budget.{name}=none"):
            if ended.code != 1 or "budget" not in ended.said:
                return [f"the cap did not stop it; it ended with {ended.code}: {ended.said}"]
            ended = self.resumed(run, more)
        found = self._compared(whole, run, ended)
        # The caps that it began with are frozen, and shown.
        return [each for each in found if each not in {"settings.json", "report.html"}]

    def cut_off(self, whole: Whole, fate: Fate) -> list[str]:
        """Begin a run, let its provider go out for longer than the run waits, and resume it when that is over."""
        runs = self._folder()
        ended = self._nursery.run(begin(whole.config, runs), Fate(fate.moment, fate.at, self._provider))
        self._control({"outage": 0})
        if ended.code != 1 or "resume" not in ended.said:
            return [f"the outage did not stop it; it ended with {ended.code}: {ended.said}"]
        run = the_only(runs)
        return self._compared(whole, run, self.resumed(run), faultless=False)

    def resumed(self, run: Path, *more: str, fate: Fate | None = None) -> Ended:
        """Resume a run."""
        return self._nursery.run(["resume", run, "--quiet", *more], fate)

    def _end(self, whole: Whole, run: Path) -> list[str]:
        return self._compared(whole, run, self.resumed(run))

    def _compared(self, whole: Whole, run: Path, ended: Ended, *, faultless: bool = True) -> list[str]:
        if ended.code:
            return [f"it ended with {ended.code}: {ended.said}"]
        expected = whole.records if faultless else records_of(whole.run, faultless=False)
        return differences(expected, records_of(run, faultless=faultless))

    def _folder(self) -> Path:
        self._made += 1
        folder = self._home / f"runs-{self._made}"
        folder.mkdir()
        return folder

    def _control(self, knobs: Mapping[str, object]) -> None:
        address = f"{self._provider.removesuffix('/v1')}/control"
        body = json.dumps(knobs).encode()
        asked = urllib.request.Request(address, body, {"content-type": "application/json"})  # noqa: S310  our own
        with urllib.request.urlopen(asked, timeout=10):  # noqa: S310
            return


def points(moments: Mapping[str, int], number: int) -> list[Fate]:
    """So many moments of a run, spread over its kinds and its length."""
    kinds = [kind for kind in MOMENTS if moments.get(kind)]
    rounds = -(-number // len(kinds))
    chosen: list[Fate] = []
    for part in range(rounds):
        for place, kind in enumerate(kinds):
            # Each kind at other parts of the run: together they leave no part of it out.
            share = (part + (place * 5 % len(kinds) + 0.5) / len(kinds)) / rounds
            chosen.append(Fate(kind, 1 + int(moments[kind] * share)))
    return chosen[:number]


def the_only(runs: Path) -> Path:
    """The folder of the one run there is."""
    (run,) = (path for path in runs.iterdir() if path.is_dir())
    return run
