"""The exports that a run's settings ask for, written when it is finished."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from ....agents.gateway.errors import UsageError
from ...record.settings import ExportSettings
from ..raw import missing_extra
from .export import Order, export
from .forms import FORMS
from .reading import open_run

__all__ = ["check_exports", "write_exports"]

_FOLDER = "export"
_TABLES = ("parquet", "arrow")


def check_exports(wanted: ExportSettings) -> None:
    """Refuse, before anything is spent, a folder that holds something already, and a form whose library is missing.

    Raises:
        UsageError: it does, or it is.
    """
    for form in wanted.to:
        if form in _TABLES and importlib.util.find_spec("pyarrow") is None:
            raise missing_extra(f"The export {form}", "parquet")
    for name, place in _places(wanted, Path()).items() if wanted.folder else ():
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            raise UsageError(
                f"{place}, where the export {name} is to go, holds something already.",
                fix="Choose another folder under [export] in the settings, or move it away.",
            )


def write_exports(folder: Path, wanted: ExportSettings) -> list[str]:
    """Write a finished run's rows in every form that was asked for; a sentence on each.

    What this run wrote before is written anew. A form that can hold none of the rows is told of, and is no failure of
    the run.

    Raises:
        StorageError: the disk is full, or the folder cannot be written.
    """
    told: list[str] = []
    for name, place in _places(wanted, folder / _FOLDER).items():
        try:
            source = open_run(folder, what=FORMS[name].source)
            done = export(source, Order(name, place, wanted.trainer, license=wanted.license, force=True))
        except UsageError as error:
            told.append(f"Not exported as {name}: {error}")
            continue
        counts = ", ".join(f"{count:,} {reason}" for reason, count in done.tally.counts.items())
        left = f" (left out: {counts})" if counts else ""
        told.append(
            f"Exported as {name}: {done.tally.written:,} row{'s' * (done.tally.written != 1)} in {done.files[0]}{left}"
        )
    return told


def _places(wanted: ExportSettings, inside: Path) -> dict[str, Path]:
    """Form → its folder."""
    base = Path(wanted.folder) if wanted.folder else inside
    return {name: base / name for name in dict.fromkeys(wanted.to)}
