"""What a choice changed: lengths, figures, kinds and coverage of the rows before and after it.

Coverage is the mean distance (1 - cosine) of a row to the nearest that is kept, beside that for as many rows drawn at
random: a choice covers well where its own is the lower one. Vectors are hashed words, which need no model, or those
of the embedder that a selector or a panel has already; the figure says which.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..dataset.draws import draw_key
from ..recipes.self_instruct.roots import root_of
from .duplicates.shingles import words_in
from .rows import CurateRow, Rows, word_of

if TYPE_CHECKING:
    from .vectors import RowVectors

__all__ = ["before_after", "change_lines", "changes", "topic_of"]

_SHOWN = 12  # kinds that are named; the others are one
_QUANTILES = (("p10", 0.1), ("median", 0.5), ("p90", 0.9))
_FIGURES = {
    "IFD": ("provenance.ifd.ppl_ratio",),
    "score": ("provenance.score",),
    "reward": ("provenance.reward", "instruct_reward", "reward"),
    "reward above the base model's": ("provenance.reward_difference",),
    "complexity": ("provenance.curated.deita.complexity", "provenance.deita.complexity"),
    "quality": ("provenance.curated.deita.quality", "provenance.deita.quality"),
}
"""Figures that rows carry where they do, each with the paths that it is looked for at."""
_KINDS = {
    "language": ("provenance.language", "language"),
    "topic": ("provenance.tags.category", "task_category", "category", "topic", "subject"),
    "difficulty": ("provenance.tags.difficulty", "difficulty", "level"),
    "quality by tag": ("provenance.tags.quality", "input_quality"),
}
"""Kinds that rows are of, likewise."""
_SENTENCE = re.compile(r"(?<=[.!?。！？\n])\s*(?=\S)")
_INNER = re.compile(r"\b(how|what|which|who|whom|whose|where|when|why)\b", re.IGNORECASE)
_ROOTS = "topic (verb and noun)"
_UNIVERSE, _ASKED = 10_000, 2_000  # rows that coverage is measured over, and those whose distance is


def before_after(
    rows: Rows, kept: Collection[int], run_seed: int, paths: Sequence[str] = (), vectors: RowVectors | None = None
) -> dict[str, Any]:  # fmt: skip
    """Figures of all rows and of those that are kept, for `curation.json`.

    Args:
        rows: all of them.
        kept: indices.
        run_seed: names the sample that coverage is measured over, where there are many rows.
        paths: of further figures: those that the settings of the selector name.
        vectors: by which coverage is measured; None for hashed words.
    """
    return changes(rows, [kept], run_seed, paths, vectors)[0]


def changes(
    rows: Rows, sets: Sequence[Collection[int]], run_seed: int, paths: Sequence[str] = (),
    vectors: RowVectors | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """`before_after` for each of several choices of the same rows, in as many passes as for one.

    Args:
        rows: all of them.
        sets: indices that each keeps.
        run_seed, paths: as there.
        vectors: by which coverage is measured; None for hashed words.
    """
    fields = _fields(paths)
    chosen = [frozenset(kept) for kept in sets]
    before, after = _Tally(fields), [_Tally(fields) for _ in chosen]
    for row in rows:
        said = _said(row, fields)
        before.add(*said)
        for tally, kept in zip(after, chosen, strict=True):
            if row.index in kept:
                tally.add(*said)
    coverages = _coverages(rows, chosen, run_seed, vectors)
    return [
        {
            "rows": {"before": before.rows, "after": tally.rows},
            "numbers": _beside(before.numbers(), tally.numbers(), fields),
            "kinds": _kinds(before.kinds, tally.kinds),
            "coverage": coverage,
        }
        for tally, coverage in zip(after, coverages, strict=True)
    ]


def _fields(paths: Sequence[str]) -> dict[str, str]:
    """Paths of further figures, by what each is called: itself, or apart from a figure of ours that is called so."""
    known = {path for each in _FIGURES.values() for path in each}
    named: dict[str, str] = {}
    for path in dict.fromkeys(paths):
        if path not in known:
            name = path
            while name in (*_LENGTHS, *_FIGURES, *named):
                name += " (field)"
            named[name] = path
    return named


def change_lines(change: Mapping[str, Any]) -> list[str]:
    """The same for the story of a run, in three lines at most."""
    numbers, kinds, coverage = change["numbers"], change["kinds"], change["coverage"]
    moved = [f"{name} {_short(each['before']['mean'])} → {_short(each['after']['mean'])}"
             for name, each in numbers.items() if each["after"]]  # fmt: skip
    lines = [f"Before → after, in the mean: {', '.join(moved)}."] if moved else []
    sorts = [f"{name} {each['different']['before']:,} → {each['different']['after']:,}"
             for name, each in kinds.items() if each["different"]["before"] > 1]  # fmt: skip
    lines += [f"Kinds before → after: {', '.join(sorts)}."] if sorts else []
    if coverage:
        lines.append(f"Coverage: a row is {coverage['kept']:.3f} from the nearest that is kept;"
                     f" of as many drawn at random {coverage['random']:.3f} ({coverage['by']}).")  # fmt: skip
    return lines


class _Tally:
    """Numbers and kinds of some rows."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.rows = 0
        self.kinds: dict[str, Counter[str]] = {name: Counter() for name in (*_KINDS, _ROOTS)}
        self._numbers: dict[str, array[float]] = {name: array("d") for name in (*_LENGTHS, *_FIGURES, *fields)}

    def add(self, numbers: Mapping[str, float | None], kinds: Mapping[str, str]) -> None:
        """One row."""
        self.rows += 1
        for name, value in numbers.items():
            if value is not None and math.isfinite(value):
                self._numbers[name].append(value)
        for name, kind in kinds.items():
            self.kinds[name][kind] += 1

    def numbers(self) -> dict[str, dict[str, float]]:
        """Mean and quantiles of those that any row has."""
        return {name: _spread(sorted(values)) for name, values in self._numbers.items() if values}


_LENGTHS = ("words of the instruction", "words of the response")


def _said(row: CurateRow, fields: Mapping[str, str]) -> tuple[dict[str, float | None], dict[str, str]]:
    text = row.seed.instruction.text
    numbers: dict[str, float | None] = dict(
        zip(_LENGTHS, (words_in(text), words_in(row.seed.response or "")), strict=True)
    )
    numbers |= {name: _first(row.number(path) for path in known) for name, known in _FIGURES.items()}
    numbers |= {name: row.number(path) for name, path in fields.items()}
    kinds = {name: kind for name in _KINDS if (kind := _kind(row, name))}
    kinds.setdefault("language", row.seed.instruction.language)
    kinds[_ROOTS] = _root(text)
    return numbers, kinds


def topic_of(row: CurateRow) -> str:
    """What a row is about: its tag or field, else the verb of its instruction, or its question word."""
    return _kind(row, "topic") or _root(row.seed.instruction.text, nouns=False)


def _kind(row: CurateRow, name: str) -> str:
    value = _first(row.value(path) for path in _KINDS[name])
    return (word_of(value) or "") if isinstance(value, str | int) else ""


def _root(text: str, *, nouns: bool = True) -> str:
    asked = _last_sentence(text)
    root = next((found for part in (text, asked) if (found := root_of(part)).verb), None) or (_inner(asked),)
    return " ".join(word for word in root if word) if nouns else root[0]


def _inner(sentence: str) -> str:
    """The question word of a sentence that asks: `how` wherever it stands, as in "how much had he when he left?", else
    the last one."""
    words = [word.lower() for word in _INNER.findall(sentence)] if sentence.endswith("?") else []
    asked = "how" if "how" in words else words[-1] if words else ""
    return f"{asked}?" if asked else "none found"


def _last_sentence(text: str) -> str:
    """Where a problem is told first, the question is the end of it."""
    return _SENTENCE.split(text.strip())[-1]


def _first(found: Iterator[Any]) -> Any:
    return next((value for value in found if value is not None), None)


def _spread(ordered: Sequence[float]) -> dict[str, float]:
    last = len(ordered) - 1
    spread = {name: ordered[round(last * place)] for name, place in _QUANTILES}
    return {"rows": len(ordered), "mean": round(math.fsum(ordered) / len(ordered), 6), **spread}


def _beside(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Mapping[str, str]
) -> dict[str, dict[str, Any]]:  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    for name, spread in before.items():
        path = fields.get(name, "")
        both = {"before": spread, "after": after.get(name), **({"path": path} if path else {})}
        found[name if path in before else path or name] = both  # no figure of ours is called so, where there is none
    return found


def _kinds(before: Mapping[str, Counter[str]], after: Mapping[str, Counter[str]]) -> dict[str, Any]:
    """Counts of the most frequent kinds before, the others as one, and how many kinds there are."""
    found: dict[str, Any] = {}
    for name, counts in before.items():
        if not counts:
            continue
        shown = [kind for kind, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_SHOWN]]
        found[name] = {
            "different": {"before": len(counts), "after": len(after[name])},
            "before": _named(counts, shown), "after": _named(after[name], shown),
        }  # fmt: skip
    return found


def _named(counts: Counter[str], shown: Sequence[str]) -> dict[str, int]:
    rest = counts.total() - sum(counts[kind] for kind in shown)
    return {**{kind: counts[kind] for kind in shown}, **({"others": rest} if rest else {})}


def _coverages(
    rows: Rows, sets: Sequence[frozenset[int]], run_seed: int, found: RowVectors | None
) -> list[dict[str, Any] | None]:  # fmt: skip
    """How near a row has a kept one, and one of as many that are drawn; None where none is kept or has a word."""
    if not any(sets):
        return [None] * len(sets)
    keys = [(draw_key(run_seed, "coverage", row.seed.id), row.index) for row in rows]
    sampled = [index for _, index in sorted(keys)[:_UNIVERSE]]
    universe = frozenset(sampled)
    if found is None:
        by, vectors = "hashed words", _hashed(rows, universe)
    else:
        by, vectors = found.label, {int(index): found.matrix[at] for at, index in enumerate(found.index)
                                    if int(index) in universe}  # fmt: skip
    asked = [index for index in sampled if index in vectors][:_ASKED]
    drawn = sorted(vectors, key=lambda index: draw_key(run_seed, "coverage/random", f"{index}"))
    covered = [_coverage(vectors, kept, asked, drawn) for kept in sets]
    return [None if each is None else {"by": by, **each} for each in covered]


def _hashed(rows: Rows, universe: Collection[int]) -> dict[int, Any]:
    """Vectors of some rows."""
    import numpy as np  # noqa: PLC0415  a run that chooses nothing need not load it

    from .hashed import hashed_vectors  # noqa: PLC0415

    texts = hashed_vectors(lambda: (row.text("instruction") for row in rows if row.index in universe))
    # In multiples of 2**-11 every sum is exact, so that the figure is the same on any machine.
    return {index: np.rint(vector * 2048) / 2048
            for index, vector in zip(sorted(universe), texts, strict=True) if vector is not None}  # fmt: skip


def _coverage(
    vectors: Mapping[int, Any], kept: frozenset[int], asked: Sequence[int], drawn: Sequence[int]
) -> dict[str, Any] | None:  # fmt: skip
    import numpy as np  # noqa: PLC0415  as above

    here = [index for index in vectors if index in kept]
    if not here:
        return None
    asking, among, others = (np.stack([vectors[i] for i in some]) for some in (asked, here, drawn[: len(here)]))
    return {
        "rows": len(vectors), "asked": len(asked),
        "kept": _distance(asking, among), "random": _distance(asking, others),
    }  # fmt: skip


def _distance(asked: Any, among: Any) -> float:
    """Mean of 1 - the highest cosine, block by block."""
    nearest = [(asked[start : start + 256] @ among.T).max(axis=1) for start in range(0, len(asked), 256)]
    total: float = sum(1 - cosine for block in nearest for cosine in block.tolist())
    return round(max(0.0, total / len(asked)), 6)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
