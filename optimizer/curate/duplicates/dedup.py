"""The selector `dedup`: rows that say what another row says, left out stage by stage, with the twin that stays."""

from __future__ import annotations

import hashlib
import unicodedata

from ...record.curating.dedup import DedupSettings
from ...record.run import Run
from ..choice import Choice, Why
from ..rows import Rows

__all__ = ["dedup"]


async def dedup(run: Run, part: DedupSettings, place: str, rows: Rows) -> Choice:
    """Leave out what is said twice. What stays does not depend on the order of the rows where `keep` is not `first`."""
    del run, place
    first: dict[bytes, int] = {}
    order: list[int] = []
    why: dict[int, Why] = {}
    ids: list[str] = []
    for row in rows:
        ids.append(row.seed.id)
        twin = first.setdefault(_sign(row.text(part.of)), row.index)
        if twin == row.index:
            order.append(row.index)
        else:
            why[row.index] = Why("duplicate", f"the same as {ids[twin]}", {"twin": ids[twin], "similarity": 1.0})
    return Choice(order, why)


def _sign(text: str) -> bytes:
    plain = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return hashlib.blake2b(plain.encode(), digest_size=16).digest()
