"""Two-stage mixing (DMT, arXiv 2310.05492, sections 3.5 and 4.3).

Stage 1 is all specialised data; stage 2 all general data and a share k of the specialised, so that the student does
not forget it. The paper tries k = 1, 1/2, … 1/256 and takes 1/256.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ....agents.gateway.errors import UsageError
from .drawing import Copy, drawn, shuffled
from .mix import DrawnFile, Mix
from .pool import Pool, PoolRow

__all__ = ["read_share", "replay_count", "two_stages"]

_PURPOSE = "mix/replay"


def read_share(text: str) -> Fraction:
    """`1/256`, `0.01` or `5%`.

    Raises:
        UsageError: it is none of these, or not from 0 to 1.
    """
    try:
        share = Fraction(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 1:
        raise UsageError(f"'{text}' is no share.", fix="Give --share from 0 to 1, as in 1/256.")
    return share


def replay_count(rows: int, share: Fraction) -> int:
    """Rows of a replay: rounded, halves up, and at least one where there is a row and a share."""
    return min(rows, max(int(rows * share + Fraction(1, 2)), 1 if rows and share else 0))


def two_stages(
    pool: Pool, special: Sequence[str], general: Sequence[str], shares: Sequence[Fraction], seed: int
) -> Mix:
    """`stage1.jsonl` and, for each share of the replay, `stage2.jsonl` (with several shares `stage2-1-64.jsonl` …).

    The replay is drawn by hash, stratified over sets and groups; that of a larger share holds that of a smaller one.

    Args:
        pool: rows of all sets.
        special, general: names of the sets of each kind.
        shares: k, each from 0 to 1.
        seed: of the draws.

    Raises:
        UsageError: no set of a kind.
    """
    if not special or not general:
        raise UsageError("Two stages need specialised and general data.", fix="Give --special and --general.")
    first = [row for name in special for row in pool.rows[name]]
    rest = [row for name in general for row in pool.rows[name]]
    files = [DrawnFile("stage1.jsonl", _in_order(first, seed, "mix/stage-1"), "all specialised rows")]
    for share in dict.fromkeys(shares):
        replay = drawn(first, replay_count(len(first), share), seed, _PURPOSE)
        name = "stage2.jsonl" if len(shares) == 1 else f"stage2-{share.numerator}-{share.denominator}.jsonl"
        said = f"all general rows and {len(replay):,} of the specialised (k = {share})"
        files.append(DrawnFile(name, _in_order([*rest, *replay], seed, "mix/stage-2"), said))
    return Mix(
        method="dmt",
        source="DMT, arXiv 2310.05492, sections 3.5 and 4.3",
        seed=seed,
        settings={"special": list(special), "general": list(general), "shares": [str(share) for share in shares]},
        purposes=(_PURPOSE, "mix/stage-1/order/1", "mix/stage-2/order/1"),
        files=tuple(files),
        left=(),
    )


def _in_order(rows: Sequence[PoolRow], seed: int, purpose: str) -> tuple[Copy, ...]:
    return tuple(shuffled([(row, 1) for row in rows], seed, purpose))
