"""Parquet files and data sets of the Hugging Face Hub. Both need an extra, which is imported only when used."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from ...agents.gateway.errors import UsageError
from .raw import RawRow, RowStream, broken_source, missing_extra

__all__ = ["hub_rows", "parquet_rows"]

_BATCH = 256  # rows of a Parquet file that are held at once


def _extra(module: str, what: str, extra: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise missing_extra(what, extra) from error


def parquet_rows(path: Path) -> RowStream:
    """The rows of a Parquet file, a batch at a time.

    Raises:
        UsageError: pyarrow is missing, or the file is no Parquet file.
    """
    arrow = _extra("pyarrow", f"The Parquet file {path}", "parquet")
    parquet = _extra("pyarrow.parquet", f"The Parquet file {path}", "parquet")

    def rows() -> Iterator[RawRow]:
        try:
            with parquet.ParquetFile(path) as file:
                number = 0
                for batch in file.iter_batches(batch_size=_BATCH):
                    yield from _batch_rows(batch, number)
                    number += batch.num_rows
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise broken_source(str(path), _first_line(error)) from error

    return RowStream(str(path), "row", rows)


def _batch_rows(batch: Any, before: int) -> Iterator[RawRow]:
    """The rows of a pyarrow record batch, of which `before` others came; text that is not UTF-8 spoils its own row."""
    try:
        values = batch.to_pylist()
    except UnicodeDecodeError:
        for index in range(batch.num_rows):
            try:
                yield RawRow(before + index + 1, batch.slice(index, 1).to_pylist()[0])
            except UnicodeDecodeError:
                yield RawRow(before + index + 1, fault="not UTF-8")
        return
    for index, value in enumerate(values, 1):
        yield RawRow(before + index, value)


def hub_rows(name: str, split: str, revision: str | None) -> RowStream:
    """The rows of a data set of the Hugging Face Hub, streamed; nothing is downloaded as a whole.

    Args:
        name: `owner/name`, or `owner/name:configuration` where the data set has several.
        split: which split.
        revision: commit, tag or branch; None for the newest.

    Raises:
        UsageError: `datasets` is missing; the Hub does not know the data set or cannot be reached.
    """
    datasets = _extra("datasets", f"The data set hub:{name}", "hub")
    path, _, configuration = name.partition(":")
    if not path:
        raise UsageError("The seed source `hub:` names no data set.", fix="Write hub:OWNER/NAME.")

    def rows() -> Iterator[RawRow]:
        try:
            data = datasets.load_dataset(path, configuration or None, split=split, revision=revision, streaming=True)
            for number, value in enumerate(data, 1):
                yield RawRow(number, value)
        except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
            # What `datasets` raises for unknown names, splits and configurations, a network that fails, broken files.
            raise UsageError(
                f"The data set hub:{name} (split {split!r}) cannot be read: {_first_line(error)}.",
                fix="Check its name, configuration (hub:OWNER/NAME:CONFIGURATION), split and your access to the Hub.",
            ) from error

    return RowStream(f"hub:{name}", "row", rows)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
