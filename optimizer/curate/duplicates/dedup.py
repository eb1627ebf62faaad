"""The selector `dedup`: rows that say what another row says, left out stage by stage, with the twin that stays."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from anyio import to_thread

from ...dataset.source import same_text
from ...record.curating.dedup import DedupSettings, Stage
from ...record.run import Run
from ..choice import Choice, Why
from ..naming import purpose
from ..paths import refuse_unsaid
from ..rows import CurateRow, Rows
from ..vectors import RowVectors, vectors_of
from .cosine import cosine_twins
from .twins import Twin

__all__ = ["dedup", "same_rows", "sign_of"]

_Stage = Callable[[Sequence[int]], Iterator[Twin]]


async def dedup(run: Run, part: DedupSettings, place: str, rows: Rows) -> Choice:
    """Leave out what is said twice.

    In each stage rows are met in an order of preference (`keep`), and one that has a twin among those that stay is left
    out for the most similar of them. A row without the text that is compared is like no other. Where `keep` is not
    `first`, and the ids are the rows' own, what stays does not depend on the order of the rows: ties are broken by id.

    Raises:
        SessionStopped: as the embedder's calls raise it.
        UsageError: embeddings cannot be had, or no row has the figure by which the best one stays.
    """
    if part.keep == "best":
        refuse_unsaid(rows, "dedup", figures=[part.score])
    signs, ids, preference = _looked_at(rows, part)
    order: Sequence[int] = [row for row in preference if signs[row]]
    silent = len(preference) - len(order)
    twins: dict[int, tuple[str, Twin]] = {}
    told: list[str] = []
    for name in part.by:
        if name == "exact":
            stage: _Stage = partial(same_rows, signs)
        elif name == "embedding":
            vectors = await vectors_of(run, part, place, rows, set(order))
            stage = partial(_by_vectors, vectors, part.cosine)
            told += [f"Embeddings: {vectors.label}.", *vectors.lines]
        else:
            stage = await to_thread.run_sync(_stage, run, part, place, rows, name)
        found = {twin.row: twin for twin in await to_thread.run_sync(_all, stage, order)}
        twins.update((row, (name, twin)) for row, twin in found.items())
        order = [row for row in order if row not in found]
    why = {row: _why(row, twins, ids) for row in sorted(twins)}
    stages = Counter(name for name, _ in twins.values())
    figures = {
        "left_out": {name: stages[name] for name in part.by},
        "groups": len({_last(row, twins) for row in twins}),
    }
    lines = [*told, f"Left out: {', '.join(f'{stages[name]:,} {name}' for name in part.by)}."]
    if silent:
        lines.append(f"{silent:,} rows have no {part.of} to be compared, and stay.")
    return Choice(sorted({*order, *(row for row in preference if not signs[row])}), why, _copies(twins), figures, lines)


def _looked_at(rows: Iterable[CurateRow], part: DedupSettings) -> tuple[list[bytes], list[str], list[int]]:
    """What says the same of each row, its id, and the rows in the order in which they are preferred."""
    signs: list[bytes] = []
    ids: list[str] = []
    worth = array("d")
    for row in rows:
        signs.append(_sign(row, part))
        ids.append(row.seed.id)
        score = row.number(part.score) if part.keep == "best" else len(row.seed.response or "")
        worth.append(float("-inf") if score is None else score)
    order = list(range(len(ids)))
    if part.keep != "first":
        order.sort(key=lambda row: (-worth[row], ids[row]))
    return signs, ids, order


def _sign(row: CurateRow, part: DedupSettings) -> bytes:
    """What says the same of a row; nothing where it has no text to be compared."""
    asked, text = row.seed.instruction, row.text(part.of)
    if not text.strip():
        return b""
    before = (asked.system, *(f"{turn.speaker} {turn.text}" for turn in asked.context)) if part.of != "response" else ()
    return sign_of((*before, text))


def sign_of(texts: Iterable[str]) -> bytes:
    """16 bytes that are equal for the same texts; white space, case and the form of accents do not matter."""
    plain = "\x00".join(same_text(text).casefold() for text in texts)
    return hashlib.blake2b(plain.encode("utf-8", "replace"), digest_size=16).digest()


def same_rows(signs: Sequence[bytes], order: Iterable[int]) -> Iterator[Twin]:
    """Rows that have the sign of a row before them in the order."""
    first: dict[bytes, int] = {}
    for row in order:
        of = first.setdefault(signs[row], row)
        if of != row:
            yield Twin(row, of, 1.0)


def _all(stage: _Stage, order: Sequence[int]) -> list[Twin]:
    return list(stage(order))


def _by_vectors(vectors: RowVectors, threshold: float, order: Sequence[int]) -> Iterator[Twin]:
    """By places in the matrix; a row without a vector is like no other."""
    places = {int(row): place for place, row in enumerate(vectors.index)}
    met = [places[row] for row in order if row in places]
    for twin in cosine_twins(vectors.matrix, met, threshold):
        yield Twin(int(vectors.index[twin.row]), int(vectors.index[twin.of]), twin.similarity)


def _stage(run: Run, part: DedupSettings, place: str, rows: Rows, name: Stage) -> _Stage:
    """A stage that compares texts; they are read here, and what it needs is imported."""
    if name == "minhash":
        from .minhash import minhash_twins  # noqa: PLC0415  each stage brings libraries of its own
        from .shingles import Shingles  # noqa: PLC0415

        shingles = Shingles(part.shingle, part.size)
        for row in rows:
            shingles.add(_told(row, part))
        packed, seed = shingles.packed(), run.settings.run_seed
        return lambda order: minhash_twins(
            packed, order, part.jaccard, part.permutations, seed, purpose(part, place, "minhash")
        )
    from .rouge import rouge_twins  # noqa: PLC0415

    texts = {row.index: _told(row, part) for row in rows}
    return lambda order: rouge_twins(texts, order, part.rouge)


def _told(row: CurateRow, part: DedupSettings) -> str:
    """What of a row is compared: the instruction with the turns before it, the response, or both."""
    before = [turn.text for turn in row.seed.instruction.context] if part.of != "response" else []
    return "\n".join([*before, row.text(part.of)])


def _why(row: int, twins: Mapping[int, tuple[str, Twin]], ids: Sequence[str]) -> Why:
    """The twin that stays, which may be the twin of a twin: then how alike the least alike of two neighbours are."""
    name, twin = twins[row]
    least, stays = twin.similarity, twin.of
    while stays in twins:
        link, (next_name, further) = name, twins[stays]
        if further.similarity < least or link == "exact":
            name, least = next_name, min(least, further.similarity)
        stays = further.of
    through = {"through": ids[twin.of]} if stays != twin.of else {}
    said = "the same as" if name == "exact" else f"{least:.3f} by {name} to"
    reason = "duplicate" if name == "exact" else "near-duplicate"
    notes = {"twin": ids[stays], "similarity": round(least, 6), "by": name, **through}
    return Why(reason, f"{said} {ids[stays]}", notes)


def _last(row: int, twins: Mapping[int, tuple[str, Twin]]) -> int:
    while row in twins:
        row = twins[row][1].of
    return row


def _copies(twins: Mapping[int, tuple[str, Twin]]) -> dict[int, dict[str, int]]:
    """How many rows each one that stays stands for, beside itself."""
    return {row: {"twins": count} for row, count in Counter(_last(row, twins) for row in twins).items()}
