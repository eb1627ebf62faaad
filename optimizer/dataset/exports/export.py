"""An export from beginning to end: rows of a run or a file, in a trainer's form, with a card and settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ....agents.gateway.errors import UsageError
from .card import Subject, write_card
from .example import Example, Unfit
from .forms import FORMS, Form, Needs, Trainer, form_of
from .reading import Source
from .tally import Tally
from .trainers import DEFAULT_MODEL, Plan, settings_for
from .writing import Parts, row_writer, state_of

__all__ = ["Exported", "Order", "export"]

_TABLES = (".parquet", ".pq")
_LINES = (".jsonl", ".ndjson", ".json")
_NO_FOLDER = (".csv", ".tsv", ".txt", ".xlsx", ".gz", ".zip", ".zst", ".yaml", ".md")  # ends of files, not of folders
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,60}")


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted.

    Args:
        to: name of the form (`forms.FORMS`).
        out: a folder for data, card and settings; or a file (.jsonl, .parquet), whose card is put beside it.
        trainer: whose settings are to be written, and whose reader the rows are for.
        model: the student model in those settings.
        license: of the data, as the Hub names it.
        force: replace files that are there.
        title: of the data set; empty for the name of `out`.
    """

    to: str
    out: Path
    trainer: Trainer | None = None
    model: str = ""
    license: str = ""
    force: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of it.

    Args:
        files: what was written, the data first.
        form: of the rows.
        tally: rows read, written and left out by reason.
        notes: what a person should know, a sentence each.
    """

    files: tuple[Path, ...]
    form: Form
    tally: Tally
    notes: tuple[str, ...]


def export(source: Source, order: Order) -> Exported:
    """Write a source's rows in a form. Streams: one batch of rows is in memory at a time.

    Nothing is written unless at least one row fits and no file is in the way; all files take their places at the end.

    Raises:
        UsageError: a form or trainer that does not fit, a file in the way, or no row that the form can hold.
        StorageError: the disk is full, or the folder cannot be written.
    """
    form = form_of(order.to, order.trainer, _needs(source) if order.to == "alpaca" else Needs())
    data, card = _places(order)
    if order.license and not _LICENSE.fullmatch(order.license):
        raise UsageError(f"{order.license!r} is no name of a licence.", fix="Give one as the Hub does: apache-2.0.")
    title = order.title or (order.out.stem or "data")
    plan = order.trainer and Plan(order.trainer, form, data.name, order.model or DEFAULT_MODEL, _named(title))
    settings = settings_for(plan) if plan else {}
    tally, notes = Tally(), list(source.notes)
    with Parts(force=order.force) as parts:
        _write_rows(source, form, (data, parts.place(data)), tally)
        if not tally.written:
            raise _nothing(source, form, tally)
        if form.name == "alpaca" and (tally.with_history or tally.with_system):
            notes.append(
                "`system` and `history` are read by LLaMA-Factory only; other readers of Alpaca pass over them."
            )
        subject = Subject(title, form, "" if form.name == "arrow" else data.name, source.name, source.folder,
                          order.license, notes, source.method)  # fmt: skip
        parts.write(card, write_card(subject, tally))
        for name, text in {**settings, **_beside(form, data, tally)}.items():
            parts.write(data.parent / name, text)
    return Exported(parts.files, form, tally, tuple(notes))


def _needs(source: Source) -> Needs:
    system = history = False
    for met in source.met():
        if isinstance(met, Example):
            system, history = system or bool(met.system.strip()), history or bool(met.context)
        if system and history:
            break
    return Needs(system, history)


def _places(order: Order) -> tuple[Path, Path]:
    """Where the data and the card go.

    Raises:
        UsageError: the place does not fit the form.
    """
    out, suffix = order.out, order.out.suffix.lower()
    if suffix in _NO_FOLDER:
        raise UsageError(
            f"No form is a file {suffix}.", fix="Give a folder as --out, or a file that ends in .jsonl or .parquet."
        )
    if suffix not in (*_TABLES, *_LINES):
        if suffix == ".arrow" or (out.exists() and not out.is_dir()):
            raise UsageError(f"{out} is no folder.", fix="Give a folder, or a file that ends in .jsonl or .parquet.")
        name = {"parquet": "train.parquet", "arrow": "data-00000-of-00001.arrow"}.get(order.to, "train.jsonl")
        return out / name, out / "README.md"
    wanted = {"jsonl": _LINES, "parquet": _TABLES, "arrow": ()}.get(order.to, (*_LINES, *_TABLES))
    if suffix not in wanted:
        raise UsageError(
            f"The form {order.to} cannot be a file {suffix}.",
            fix="Give a folder as --out." if not wanted else f"Give a folder, or a file that ends in {wanted[0]}.",
        )
    if order.trainer:
        raise UsageError(
            f"Settings of {order.trainer} need a folder, and {out} is a file.", fix="Give a folder as --out."
        )
    return out, out.with_name(f"{out.stem}.card.md")


def _write_rows(source: Source, form: Form, place: tuple[Path, Path], tally: Tally) -> None:
    with closing(row_writer(*place, form.columns)) as writer:
        for example, row in _rows(source, form, tally):
            try:
                writer.write(row)
            except Unfit as reason:
                tally.leave(str(reason), example.id)
                continue
            tally.take(example)


def _rows(source: Source, form: Form, tally: Tally) -> Iterator[tuple[Example, Mapping[str, object]]]:
    for met in source.met():
        tally.read += 1
        if isinstance(met, Unfit):
            tally.leave(str(met), met.row_id)
            continue
        try:
            row = form.row(met)
        except Unfit as reason:
            tally.leave(str(reason), met.id)
            continue
        yield met, row


def _nothing(source: Source, form: Form, tally: Tally) -> UsageError:
    why = ", ".join(f"{count:,} {reason}" for reason, count in tally.counts.items())
    forms = ", ".join(name for name, other in FORMS.items() if name != form.name and other.source == "rows")
    return UsageError(
        f"The form {form.name} can hold no row of {source.name} ({tally.read:,} read{f': {why}' if why else ''}).",
        fix=f"docs/export.md says what the reasons mean; the rows of the data set go into {forms}.",
    )


def _beside(form: Form, data: Path, tally: Tally) -> dict[str, str]:
    """What `datasets` wants beside Arrow files."""
    if form.name != "arrow":
        return {}
    state = state_of(tally.written, [data.name])
    return {"state.json": json.dumps(state, indent=2) + "\n", "dataset_info.json": "{}\n"}


def _named(title: str) -> str:
    """A name that a trainer takes: letters, digits, - and _."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", title).strip("-") or "data"
