"""A mix on disk: the files of rows, what was left, a manifest for programs and a report for people.

The same rows, settings and seed give the same bytes: no clock and no path of a machine is in them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from ....agents.gateway.errors import StorageError, UsageError
from ....agents.reading import one_line
from ...dataset.exports.reading import json_object
from ...dataset.exports.writing import Parts, row_writer
from ..stale import remove_stale
from .drawing import Copy
from .mix import DrawnFile, Mix
from .pool import Pool

__all__ = ["write_mix"]

_OURS = re.compile(r"mix\.jsonl|stage1\.jsonl|stage2(-\d+-\d+)?\.jsonl")
_SHOWN = 20  # groups of a set in the report; the manifest has all


def write_mix(pool: Pool, mix: Mix, out: Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write everything into a folder; all files take their places at the end.

    Raises:
        UsageError: a file is in the way, or a file of the mix has no row.
        StorageError: the disk is full, or the folder cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is no folder.", fix="Give a folder as --out.")
    for file in mix.files:
        if not file.rows:
            raise UsageError(
                f"{file.name} would have no row.",
                fix="Ask for more rows, or look whether rows have the groups that are asked for (--by).",
            )
    before = _files_of(out / "manifest.json") if force else frozenset[str]()
    with Parts(force=force) as parts:
        hashes = {file.name: _write_rows(pool, file, parts.place(out / file.name)) for file in mix.files}
        place = out / "dropped.jsonl"
        with closing(row_writer(place, parts.place(place), None)) as rest:
            for row in _left(pool, mix):
                rest.write(row)
        manifest = _manifest(pool, mix, hashes)
        parts.write(out / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
        parts.write(out / "README.md", "\n".join(_report(manifest)) + "\n")
    remove_stale(out, before - {path.name for path in parts.files})
    return parts.files


def _files_of(manifest: Path) -> frozenset[str]:
    """Files of rows that an earlier mix in this folder wrote."""
    said = json_object(manifest).get("files")
    names = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    return frozenset(name for name in names if _OURS.fullmatch(name))


def _write_rows(pool: Pool, file: DrawnFile, part: Path) -> str:
    """The rows; gives the SHA-256 of the file."""
    digest = hashlib.sha256()
    try:
        with part.open("wb") as stream:
            for row, copy in file.rows:
                line = pool.line(row, copy).encode()
                digest.update(line)
                stream.write(line)
    except OSError as error:
        raise StorageError(
            f"{file.name} cannot be written: {error.strerror or error}.", fix="Make room or choose another --out."
        ) from error
    return digest.hexdigest()


def _left(pool: Pool, mix: Mix) -> Iterator[dict[str, object]]:
    yield from pool.unusable
    for row in sorted(mix.left, key=lambda each: (each.name, each.key)):
        yield {"set": row.name, "id": pool.id_of(row), "reason": "not-drawn", "group": row.group}


def _manifest(pool: Pool, mix: Mix, hashes: Mapping[str, str]) -> dict[str, Any]:
    """Counts by file, set and group; sources with their hashes; seed and names of the draws."""
    return {
        "method": mix.method,
        "source": mix.source,
        "settings": dict(mix.settings),
        "seed": mix.seed,
        "draws": list(mix.purposes),
        "sets": {
            name: {"source": known.source, "sha256": known.sha256 or None, "read": known.read,
                   "usable": len(pool.rows[name]), "unusable": dict(sorted(known.unusable.items())),
                   "groups": _groups((row, 1) for row in pool.rows[name])}
            for name, known in pool.sets.items()
        },
        "files": {
            file.name: {"what": file.what, "rows": len(file.rows), "sha256": hashes[file.name], "sets": _by_set(file)}
            for file in mix.files
        },
        "not_drawn": dict(sorted(Counter(row.name for row in mix.left).items())),
        "notes": list(mix.notes),
    }  # fmt: skip


def _by_set(file: DrawnFile) -> dict[str, Any]:
    rows: dict[str, list[Copy]] = {}
    for each in file.rows:
        rows.setdefault(each[0].name, []).append(each)
    return {
        name: {"rows": len(each), "different": len({row.key for row, _ in each}),
               "most_copies": max(Counter(row.key for row, _ in each).values()), "groups": _groups(each)}
        for name, each in sorted(rows.items())
    }  # fmt: skip


def _groups(rows: Iterable[Copy]) -> dict[str, int]:
    return dict(sorted(Counter(row.group for row, _ in rows).items()))


def _report(told: Mapping[str, Any]) -> Iterator[str]:
    """The manifest for a person, as Markdown."""
    yield f"# A mix of {len(told['sets'])} set{'s' if len(told['sets']) > 1 else ''}\n"
    yield f"By AutoEvol, `{told['method']}`: {told['source']}. Seed {told['seed']}.\n"
    yield "| set | read | usable | left out | SHA-256 of its file |\n| --- | --- | --- | --- | --- |"
    for name, known in told["sets"].items():
        unusable = ", ".join(f"{reason} {count:,}" for reason, count in known["unusable"].items()) or "0"
        sign = (known["sha256"] or "")[:16]
        yield f"| {_cell(name)} | {known['read']:,} | {known['usable']:,} | {unusable} | {sign} |"
    for name, file in told["files"].items():
        yield f"\n## `{name}`\n\n{file['rows']:,} rows: {file['what']}.\n"
        yield "| set | rows | share | different rows | most copies of one | groups |\n| --- " + "| --- " * 5 + "|"
        for each, counts in file["sets"].items():
            groups = list(counts["groups"].items())
            shown = ", ".join(f"{_cell(group)} {count:,}" for group, count in groups[:_SHOWN])
            more = f", and {len(groups) - _SHOWN:,} more" if len(groups) > _SHOWN else ""
            yield (
                f"| {_cell(each)} | {counts['rows']:,} | {counts['rows'] / file['rows']:.2%} | "
                f"{counts['different']:,} | {counts['most_copies']:,} | {shown}{more} |"
            )
    if told["not_drawn"]:
        left = ", ".join(f"{_cell(name)} {count:,}" for name, count in told["not_drawn"].items())
        yield f"\nNot drawn: {left}; `dropped.jsonl` names them."
    yield from (f"\n{note}" for note in told["notes"])


def _cell(text: str) -> str:
    return one_line(text).replace("|", "/").replace("<", "(").replace("`", "'")
