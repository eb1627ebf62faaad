"""Sets in given numbers or shares: what is down-sampled, repeated or short is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ....agents.gateway.errors import UsageError
from .drawing import Copy, apportioned, shuffled, with_copies
from .mix import DrawnFile, Mix
from .pool import Pool

__all__ = ["Amount", "by_ratio", "counts_of", "read_amount"]

_SLACK = Fraction(1, 50)  # by which shares may miss the whole: three times 33 % is meant as a third each
_FIX = "Write --take NAME=AMOUNT, with rows (500), a share (30%, 1/4 or 0.25) or all."


@dataclass(frozen=True, slots=True)
class Amount:
    """Rows of a set: so many, or this share of the mix; neither is all of them."""

    rows: int | None = None
    share: Fraction | None = None


def read_amount(text: str) -> Amount:
    """`500`, `30%`, `1/4`, `0.25` or `all`.

    Raises:
        UsageError: it is none of these.
    """
    said = text.strip()
    try:
        if said == "all":
            return Amount()
        if said.isascii() and said.isdecimal():
            return Amount(rows=int(said))
        share = Fraction(said.removesuffix("%")) / (100 if said.endswith("%") else 1)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"'{text}' is no amount.", fix=_FIX) from None
    if not 0 <= share <= 1:
        raise UsageError(f"'{text}' is no share of a mix.", fix=_FIX)
    return Amount(share=share)


def counts_of(amounts: Mapping[str, Amount], sizes: Mapping[str, int], total: int | None) -> dict[str, int]:
    """Rows of each set that are wanted; they add up to `total` where there is one.

    Shares are of the whole mix; 2 % of it may be missing or too much, as in three times 33 %. Without `total` it is
    what the numbers of the other sets leave room for; with shares alone it is as large as can be without a row taken
    twice.

    Raises:
        UsageError: shares over 1, shares that leave no room for the numbers, or numbers that miss the total.
    """
    shares = {name: float(each.share) for name, each in amounts.items() if each.share is not None}
    sure = {name: sizes[name] if each.rows is None else each.rows for name, each in amounts.items()
            if each.share is None}  # fmt: skip
    whole = sum((each.share for each in amounts.values() if each.share is not None), Fraction(0))
    fixed = sum(sure.values())
    if whole > 1 + _SLACK or (shares and fixed and whole >= 1):
        raise UsageError(f"The shares add up to {float(whole):.0%}.", fix="Give shares that leave room for all sets.")
    if shares and not fixed and whole < 1 - _SLACK:
        raise UsageError(f"The shares add up to {float(whole):.0%} only.", fix="Give shares that add up to 100%.")
    if total is None:
        if not shares:
            return {name: sure[name] for name in amounts}
        total = int(Fraction(fixed) / (1 - whole) + Fraction(1, 2)) if fixed else int(_largest(amounts, sizes))
    room = total - fixed
    part = whole if fixed else Fraction(1)
    missed = abs(room - part * total) > _SLACK * total if any(shares.values()) else room != 0
    if missed or room < 0:
        wanted = ", ".join(f"{name} {count:,}" for name, count in sure.items())
        raise UsageError(
            f"{wanted}{f' and {float(whole):.0%}' if shares else ''} do not add up to {total:,} rows.",
            fix="Change --total or the amounts, or leave --total out.",
        )
    counts = {**sure, **(apportioned(shares, room) if any(shares.values()) else dict.fromkeys(shares, 0))}
    return {name: counts[name] for name in amounts}


def _largest(amounts: Mapping[str, Amount], sizes: Mapping[str, int]) -> Fraction:
    """The largest mix of these shares, scaled to 1, in which no row is taken twice."""
    shares = {name: each.share for name, each in amounts.items() if each.share}
    whole = sum(shares.values(), Fraction(0))
    return min(sizes[name] * whole / share for name, share in shares.items())


def by_ratio(pool: Pool, amounts: Mapping[str, Amount], total: int | None, copies: int, seed: int) -> Mix:
    """`mix.jsonl` with so many rows of each set, drawn by hash and stratified by group.

    A set that is smaller than what is wanted of it is repeated, each row `copies` times at most; what is then still
    missing is said.

    Raises:
        UsageError: the amounts do not fit together.
    """
    sizes = {name: len(rows) for name, rows in pool.rows.items()}
    counts = counts_of({name: amounts.get(name, Amount()) for name in sizes}, sizes, total)
    rows: list[Copy] = []
    notes: list[str] = []
    short = 0
    for name, count in counts.items():
        got = min(count, copies * sizes[name])
        rows += with_copies(pool.rows[name], got, seed, f"mix/ratio/{name}")
        notes += _said(name, count, got, sizes[name])
        short += count - got
    taken = {row.key for row, _ in rows}
    what = f"the sets, {short:,} rows short of the wanted numbers" if short else "the sets in the wanted numbers"
    return Mix(
        method="ratio", source="numbers and shares of sets", seed=seed,
        settings={"take": {name: _shown(amounts.get(name, Amount())) for name in sizes}, "total": total,
                  "copies": copies},
        purposes=[*(f"mix/ratio/{name}" for name in counts), "mix/ratio/order/N"],
        files=(DrawnFile("mix.jsonl", tuple(shuffled(rows, seed, "mix/ratio")), what),),
        left=[row for row in pool.all_rows() if row.key not in taken], notes=notes,
    )  # fmt: skip


def _said(name: str, wanted: int, got: int, size: int) -> list[str]:
    notes = [f"{name}: down-sampled from {size:,} to {got:,} rows."] if got < size else []
    if got > size:
        notes.append(f"{name}: up-sampled from {size:,} to {got:,} rows ({got / size:.2f} times).")
    if got < wanted:
        notes.append(f"{name}: {wanted - got:,} rows short of {wanted:,}; --copies lets rows stand more often.")
    return notes


def _shown(amount: Amount) -> str:
    return "all" if amount == Amount() else str(amount.rows if amount.share is None else amount.share)
