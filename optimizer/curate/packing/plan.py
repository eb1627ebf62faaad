"""A packing plan on disk: which rows share a sequence, where each begins, and which tokens are learnt.

`packs.jsonl` has a line a pack; `tokens.jsonl`, where it is wanted, the same packs as trainers read them, and
`segments.jsonl` the rows as texts with what is learnt; `dropped.jsonl` the rows that are in none, with the reason;
`manifest.json` the figures. The same rows and settings give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import IO, Any

from ....agents.gateway.errors import UsageError
from ...dataset.draws import generator
from ...dataset.exports.example import Example, Unfit
from ...dataset.exports.reading import Source
from ...dataset.exports.writing import Parts, RowWriter, row_writer
from ..stale import remove_stale
from .fitting import best_fit, cu_seqlens, document_mask, position_ids, utilisation
from .templates import ChatTemplate, Rendered
from .tokens import Counted, TokenCounter

__all__ = ["PackOrder", "Planned", "plan_packs"]

_BATCH = 512
_UNLEARNT = -100  # the label that PyTorch's cross entropy passes over


@dataclass(frozen=True, slots=True)
class PackOrder:
    """What is wanted.

    Args:
        most: tokens of a pack.
        out: folder for the files.
        tokens: also write the packs with ids, positions, documents and labels.
        segments: also write the packed rows as texts, each stretch with whether it is learnt.
        seed: of the order of the packs.
        force: replace files that are there.
    """

    most: int
    out: Path
    tokens: bool = False
    segments: bool = False
    seed: int = 1
    force: bool = False


@dataclass(slots=True)
class _Table:
    """Rows that fit, as numbers and ids: about 250 bytes each where one stretch is learnt."""

    ids: list[str] = field(default_factory=list[str])
    lengths: array[int] = field(default_factory=lambda: array("l"))
    learnt: list[tuple[tuple[int, int], ...]] = field(default_factory=list[tuple[tuple[int, int], ...]])
    places: array[int] = field(default_factory=lambda: array("q"))
    straddling: int = 0
    dropped: list[dict[str, object]] = field(default_factory=list[dict[str, object]])


@dataclass(frozen=True, slots=True)
class Planned:
    """What came of it: the manifest, and the files."""

    manifest: Mapping[str, Any]
    files: tuple[Path, ...]


def plan_packs(source: Source, counter: TokenCounter, template: ChatTemplate, order: PackOrder) -> Planned:
    """Plan the packs of a source's rows. No row is ever split: one that is too long is dropped and named.

    Raises:
        UsageError: no row fits, a file is in the way, or tokens are wanted of an estimate.
        StorageError: the disk is full, or the folder cannot be written.
    """
    if order.tokens and not counter.exact:
        raise UsageError("An estimate has no tokens to write.", fix="Give --tokenizer, or leave --tokens out.")
    if order.out.exists() and not order.out.is_dir():
        raise UsageError(f"{order.out} is no folder.", fix="Give a folder as --out.")
    with ExitStack() as stack:
        parts = stack.enter_context(Parts(force=order.force))
        scratch = stack.enter_context(tempfile.TemporaryFile()) if order.tokens else None
        texts = _writer(parts, order.out / "segments.jsonl") if order.segments else None
        table = _measured(source, counter, template, order.most, (scratch, texts))
        if texts is not None:
            texts.close()
        if not table.ids:
            raise UsageError(f"No row of {source.name} can be packed: {_reasons(table) or 'it has none'}.",
                             fix="Give rows with answers, or a larger --max-tokens.")  # fmt: skip
        packs = best_fit(table.lengths, order.most)
        generator(order.seed, "pack/order").shuffle(packs)  # best fit makes the packs of the longest rows first
        for name, rows in _files(table, packs, order.most, scratch):
            with closing(_writer(parts, order.out / name)) as writer:
                for row in rows:
                    writer.write(row)
        manifest = _manifest(source, counter, template, order, table, packs)
        parts.write(order.out / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    written = {path.name for path in parts.files}
    remove_stale(order.out, [name for name in ("tokens.jsonl", "segments.jsonl") if name not in written])
    return Planned(manifest, parts.files)


def _writer(parts: Parts, path: Path) -> RowWriter:
    return row_writer(path, parts.place(path), None)


def _measured(
    source: Source, counter: TokenCounter, template: ChatTemplate, most: int,
    sinks: tuple[IO[bytes] | None, RowWriter | None],
) -> _Table:  # fmt: skip
    """The rows that fit, as numbers; their tokens and texts go to where they are wanted."""
    table, (scratch, texts) = _Table(), sinks
    for batch in _batches(source, template, table):
        for (row_id, text), counted in zip(batch, counter.count([text for _, text in batch]), strict=True):
            reason = "too-long" if counted.length > most else "" if counted.learnt else "nothing-learnt"
            if reason:
                table.dropped.append({"id": row_id, "reason": reason, "tokens": counted.length})
                continue
            table.ids.append(row_id)
            table.lengths.append(counted.length)
            table.learnt.append(counted.learnt)
            table.straddling += counted.straddling
            if scratch is not None:
                table.places.append(_put(scratch, counted))
            if texts is not None:
                texts.write({"id": row_id, "segments": _segments(text)})
    return table


def _segments(text: Rendered) -> list[dict[str, object]]:
    """The whole text in stretches, in the form that axolotl reads as `input_output`."""
    edges = [0, *(place for span in text.learnt for place in span), len(text.text)]
    return [
        {"label": number % 2 == 1, "text": text.text[begin:end]}
        for number, (begin, end) in enumerate(pairwise(edges)) if begin < end
    ]  # fmt: skip


def _put(scratch: IO[bytes], counted: Counted) -> int:
    place = scratch.tell()
    scratch.write(array("I", counted.ids or ()).tobytes())
    return place


def _batches(source: Source, template: ChatTemplate, table: _Table) -> Iterator[list[tuple[str, Rendered]]]:
    """Rendered rows by their ids; what cannot be rendered is put among the dropped ones."""

    def rendered() -> Iterator[tuple[str, Rendered]]:
        for met in source.met():
            try:
                if isinstance(met, Unfit):
                    raise met
                yield met.id, template.render(met)
            except Unfit as reason:
                row_id = met.id if isinstance(met, Example) else met.row_id
                table.dropped.append({"id": row_id, "reason": str(reason)})

    rows = rendered()
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _files(
    table: _Table, packs: Sequence[Sequence[int]], most: int, scratch: IO[bytes] | None
) -> Iterator[tuple[str, Iterator[dict[str, object]]]]:
    yield "packs.jsonl", (_pack(number, pack, table, most) for number, pack in enumerate(packs))
    if scratch is not None:
        yield "tokens.jsonl", (_tokens(pack, table, most, scratch) for pack in packs)
    yield "dropped.jsonl", iter(table.dropped)


def _pack(number: int, pack: Sequence[int], table: _Table, most: int) -> dict[str, object]:
    lengths = [table.lengths[index] for index in pack]
    begins = cu_seqlens(lengths)
    return {
        "pack": number,
        "rows": [table.ids[index] for index in pack],
        "seq_lens": lengths,
        "cu_seqlens": begins,
        "learnt": [[begin + one, begin + end] for begin, index in zip(begins, pack, strict=False)
                   for one, end in table.learnt[index]],
        "tokens": begins[-1],
        "padding": most - begins[-1],
    }  # fmt: skip


def _tokens(pack: Sequence[int], table: _Table, most: int, scratch: IO[bytes]) -> dict[str, object]:
    """A pack as trainers read it; `seq_lengths` is what TRL calls the lengths."""
    ids: list[int] = []
    labels: list[int] = []
    for index in pack:
        scratch.seek(table.places[index])
        own = array("I")
        own.frombytes(scratch.read(table.lengths[index] * own.itemsize))
        ids += own
        learnt = [_UNLEARNT] * len(own)
        for begin, end in table.learnt[index]:
            learnt[begin:end] = own[begin:end]
        labels += [_UNLEARNT, *learnt[1:]]  # nothing of its own row stands before a row's first token
    lengths = [table.lengths[index] for index in pack]
    return {"input_ids": ids, "labels": labels, "position_ids": position_ids(lengths), "seq_lengths": lengths,
            "document_ids": document_mask(lengths, sum(lengths))}  # fmt: skip


def _manifest(
    source: Source, counter: TokenCounter, template: ChatTemplate, order: PackOrder, table: _Table,
    packs: Sequence[Sequence[int]],
) -> dict[str, Any]:  # fmt: skip
    tokens, places = sum(table.lengths), order.most * len(packs)
    longest = max(table.lengths)
    return {
        "source": source.name, "rows": len(table.ids) + len(table.dropped), "packed": len(table.ids),
        "dropped": dict(sorted(Counter(str(row["reason"]) for row in table.dropped).items())),
        "max_tokens": order.most, "tokenizer": counter.name, "exact": counter.exact, "template": template.name,
        "learn": template.learn, "method": "best fit, the longest first", "seed": order.seed, "packs": len(packs),
        "least_packs": -(-tokens // order.most), "tokens": tokens,
        "learnt_tokens": sum(end - begin for spans in table.learnt for begin, end in spans),
        "straddling_tokens": table.straddling, "longest_row": longest,
        "utilisation": utilisation(packs, table.lengths, order.most),
        "utilisation_unpacked": {"padded_to_longest": tokens / (longest * len(table.ids)),
                                 "padded_to_max": tokens / (order.most * len(table.ids))},
        "padding_tokens": places - tokens,
        "rows_sha256": hashlib.sha256("\n".join(table.ids).encode()).hexdigest(),
    }  # fmt: skip


def _reasons(table: _Table) -> str:
    counts = Counter(str(row["reason"]) for row in table.dropped)
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.most_common())
