"""What a reader has to know before any figure: rows that are missing, seeds that a method has seen, kin models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ....agents.gateway.errors import AutoEvolError
from ...dataset.source import open_seeds, same_text
from ...dataset.split import split_seeds
from ...record.config import thaw
from ...record.folder import RunFolder
from ...record.settings import RoleSettings, Settings
from ...scoring.examine.menu import price_of_item
from ...scoring.families import kin_warning
from .finished import RowsReport
from .items import ItemSet
from .players import Player

__all__ = ["kinship_notes", "notes_on"]


def notes_on(players: Sequence[Player], sets: Sequence[ItemSet]) -> Iterator[str]:
    """Sentences on the contestants; reads the seeds of the runs that methods come out of."""
    items = sum(len(each.items) for each in sets)
    for player in players:
        if player.report is not None:
            yield from _on_rows(player.label, player.report, items)
    folders: dict[str, str] = {}  # the parts of one method come out of one run
    for player in players:
        folders.setdefault(player.entrant.folder, player.label)
    for folder, label in folders.items():
        if folder:
            yield from _on_run(label, Path(folder), sets)


def kinship_notes(settings: Settings, evolvers: Sequence[RoleSettings]) -> Iterator[str]:
    """Sentences on models that judge their own kind."""
    judging = "judge" in price_of_item(settings)
    for evolver in evolvers if judging else ():
        sentence = kin_warning(settings.roles.judge.model, evolver.model)
        if sentence:
            yield sentence
    if not judging:
        yield "No judge took part: the scores say that nothing was broken, not that anything became harder."


def _on_rows(label: str, report: RowsReport, items: int) -> Iterator[str]:
    if report.missing:
        yield (
            f"'{label}' has no row for {report.missing:,} of the {items:,} items. They are missing, not failed: it is "
            "compared on the others, and its table says what its mean would be if they had failed."
        )
    if report.unanswered:
        yield (
            f"'{label}' has no answers for {report.unanswered:,} of its rows; the responder of this run gives them, as "
            "it does for the methods."
        )
    odd = [(report.repeated, "for an item that had one"), (report.mismatched, "under an id of ours with another text"),
           (report.unreadable, "that cannot be read")]  # fmt: skip
    words = [f"{count:,} {what}" for count, what in odd if count]
    if words:
        first = f" (line {report.problems[0][0]}: {report.problems[0][1]})" if report.problems else ""
        yield f"Of the rows of '{label}' these were left out: {', '.join(words)}{first}."


def _on_run(label: str, folder: Path, sets: Sequence[ItemSet]) -> Iterator[str]:
    try:
        settings = thaw(RunFolder(folder).read_json("settings.json")["settings"])
        if settings.recipe != "auto-evol" or not settings.search.steps:
            return
        search = settings.search
        split = split_seeds(
            open_seeds(settings.seeds), dev=search.dev, test=search.test, train=search.train, run_seed=settings.run_seed
        )
    except (AutoEvolError, KeyError, TypeError):
        yield f"Whether '{label}' was optimized on these items is not known: the seeds of its run cannot be read now."
        return
    seen = {same_text(seed.instruction.text) for seed in (*split.train, *split.dev)}
    items = [seed for each in sets for seed in each.items]
    known = sum(same_text(seed.instruction.text) in seen for seed in items)
    if known:
        yield (
            f"'{label}' was optimized on {known:,} of these {len(items):,} items (they are in the train or dev part of "
            "its run), so its figures here flatter it. Fair are seeds that it has not seen."
        )
