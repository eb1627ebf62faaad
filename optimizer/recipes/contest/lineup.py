"""The line-up of a comparison: read from what was said, checked, and frozen with the run.

`settings.json` holds the methods and prompts letter by letter and the fingerprints of the seeds; the paired rows of
other tools lie in `contestants/NAME.jsonl` beside it, with their hash on record. So a run goes on as it began, whatever
becomes of the files that were named.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ....agents.gateway.errors import StorageError, UsageError
from ...dataset.rows import encode_line
from ...dataset.source import stream_of
from ...record.folder import RunFolder
from ...record.settings import Settings
from ...search.evaluate import Given
from .contestants import Entrant, method_object, method_of, read_entrants
from .finished import RowsReport, read_finished
from .items import ItemSet, item_sets
from .notes import notes_on
from .players import Player, Texts

__all__ = ["Lineup", "freeze_lineup", "load_lineup", "read_lineup"]


@dataclass(frozen=True, slots=True)
class Lineup:
    """Everything that meets: the sets of items, the contestants, and who the others are held against.

    `notes` are what a reader has to know of it before any figure.
    """

    sets: tuple[ItemSet, ...]
    players: tuple[Player, ...]
    baseline: str
    notes: tuple[str, ...] = ()


def read_lineup(settings: Settings) -> Lineup:
    """Read what was said.

    Raises:
        UsageError: seeds or a contestant cannot be read, two contestants are the same, or there is no such baseline.
    """
    if not settings.compare.contestants:
        read_entrants((), "en")
    sets = item_sets(settings)
    entrants = read_entrants(settings.compare.contestants, _language(sets), ablate=settings.compare.ablate)
    players = tuple(_player(each, settings, sets) for each in entrants)
    baseline = settings.compare.baseline or players[0].label
    if baseline not in {player.label for player in players}:
        known = ", ".join(player.label for player in players)
        raise UsageError(f"There is no contestant '{baseline}' to be the baseline.", fix=f"Contestants are: {known}.")
    return Lineup(sets, players, baseline, tuple(notes_on(players, sets)))


def freeze_lineup(lineup: Lineup, folder: RunFolder) -> dict[str, Any]:
    """Write the rows of other tools into the folder of the run; the value is the rest, for `settings.json`.

    Raises:
        StorageError: they cannot be written.
    """
    return {
        "baseline": lineup.baseline,
        "notes": list(lineup.notes),
        "sets": [{"name": each.name, "fingerprint": each.fingerprint} for each in lineup.sets],
        "contestants": [_frozen(player, folder) for player in lineup.players],
    }


def load_lineup(settings: Settings, folder: RunFolder) -> Lineup:
    """The line-up that a run began with.

    Raises:
        UsageError: the seeds have changed since.
        StorageError: the frozen rows are missing or damaged.
    """
    frozen: dict[str, Any] = folder.read_json("settings.json")["contest"]
    sets = item_sets(settings)
    for now, before in zip(sets, frozen["sets"], strict=True):
        if now.fingerprint != before["fingerprint"]:
            raise UsageError(
                f"The seeds in {now.source} have changed since this run began.",
                fix="Put the old file back, or start a new run.",
            )
    players = tuple(_thawed(each, folder, len(sets)) for each in frozen["contestants"])
    return Lineup(sets, players, frozen["baseline"], tuple(frozen["notes"]))


# ---------------------------------------------------------------- one contestant


def _player(entrant: Entrant, settings: Settings, sets: Sequence[ItemSet]) -> Player:
    if entrant.kind != "rows":
        return Player(entrant)
    found = read_finished(stream_of(settings.seeds.model_copy(update={"source": entrant.source})), sets)
    return Player(entrant, found.given, found.report)


def _frozen(player: Player, folder: RunFolder) -> dict[str, Any]:
    entrant = player.entrant
    row: dict[str, Any] = {
        "label": entrant.label, "kind": entrant.kind, "source": entrant.source, "folder": entrant.folder,
        "method": method_object(entrant.method),
    }  # fmt: skip
    if player.given is not None:
        name, lines = f"contestants/{entrant.label}.jsonl", "".join(map(encode_line, _rows(player.given)))
        folder.write_text(name, lines)
        row["rows"] = {"file": name, "sha256": hashlib.sha256(lines.encode()).hexdigest()}
        row["report"] = player.report and asdict(player.report)
    return row


def _rows(given: Texts) -> list[dict[str, Any]]:
    return [
        {"set": number, "seed_id": seed_id, "evolved": each.text, "response": each.response}
        for number, texts in enumerate(given)
        for seed_id, each in texts.items()
    ]


def _thawed(row: Mapping[str, Any], folder: RunFolder, sets: int) -> Player:
    entrant = Entrant(row["label"], row["kind"], row["source"], method_of(row["method"]), row["folder"])
    if "rows" not in row:
        return Player(entrant)
    path: Path = folder.path / row["rows"]["file"]
    try:
        lines = path.read_bytes()
    except OSError as error:
        raise _damaged(path, f"cannot be read: {error.strerror}") from error
    if hashlib.sha256(lines).hexdigest() != row["rows"]["sha256"]:
        raise _damaged(path, "is not as it was when the run began")
    given: list[dict[str, Given]] = [{} for _ in range(sets)]
    for line in lines.decode().split("\n")[:-1]:
        each = json.loads(line)
        given[each["set"]][each["seed_id"]] = Given(each["evolved"], each["response"])
    report: dict[str, Any] = {**row["report"], "problems": [(line, why) for line, why in row["report"]["problems"]]}
    return Player(entrant, tuple(given), RowsReport(**report))


def _damaged(path: Path, what: str) -> StorageError:
    return StorageError(f"{path} {what}.", fix="Restore it from a copy, or start a new run.")


def _language(sets: Sequence[ItemSet]) -> str:
    """The language that most of the items are in; shipped methods are taken in it."""
    languages = [seed.instruction.language for each in sets for seed in each.items]
    return "zh" if languages.count("zh") * 2 > len(languages) else "en"
