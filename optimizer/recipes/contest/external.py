"""Scores from elsewhere: what models that were trained on the data of each contestant reach on benchmarks.

    {"general": {"gsm8k": 0.412, "mmlu": {"score": 0.523, "n": 1000}},
     "maths":   {"gsm8k": 0.447, "mmlu": {"score": 0.519, "n": 1000}}}

More is better. `n` is how many items the score is the share of; it gives the score an interval (Wilson 1927), and the
difference of two such scores one, too (Newcombe 1998, method 10, as of independent samples).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, cast

from ....agents.gateway.errors import UsageError
from ...scoring.rates import Z

__all__ = ["ExternalScore", "Scores", "difference", "named", "read_scores", "scores_object"]

_MOST_BYTES = 1_000_000
_SHOWN = 60
_FIX = 'Write {"METHOD": {"BENCHMARK": 0.41, …}, …}; see docs/compare.md.'


@dataclass(frozen=True, slots=True)
class ExternalScore:
    """One score; with `n`, a share of so many items."""

    score: float
    n: int | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % score interval of the share; None where n is not known."""
        if self.n is None:
            return None
        share, n = self.score, self.n
        middle, scale = share + Z * Z / (2 * n), 1 + Z * Z / n
        spread = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


Scores = Mapping[str, Mapping[str, ExternalScore]]
"""By contestant and benchmark."""


def difference(first: ExternalScore, second: ExternalScore) -> tuple[float, float, float] | None:
    """The second less the first with its 95 % interval; None where a number of items is not known."""
    one, two = first.interval, second.interval
    if one is None or two is None:
        return None
    gap = second.score - first.score
    low = gap - math.hypot(second.score - two[0], one[1] - first.score)
    return gap, low, gap + math.hypot(two[1] - second.score, first.score - one[0])


def read_scores(path: Path) -> Scores:
    """Read a file of scores.

    Raises:
        UsageError: it cannot be read, or something in it is no score.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} has more than {_MOST_BYTES:,} bytes.", fix=_FIX)
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", fix="Check its path.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.", fix=_FIX) from None
    return scores_of(text, str(path))


def scores_of(text: str, name: str) -> Scores:
    """The scores that a text of JSON holds; `name` is for errors.

    Raises:
        UsageError: something in it is no score.
    """
    try:
        tree: object = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise UsageError(f"{name} is not JSON: {error.msg}, line {error.lineno}.", fix=_FIX) from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not such a file: {error}.", fix=_FIX) from None
    methods = _table(tree, name, "the whole file")
    if not methods:
        raise UsageError(f"{name} has no scores.", fix=_FIX)
    return {method: _benchmarks(method, held, name) for method, held in methods.items()}


def named(scores: Scores, names: Mapping[str, Sequence[str]], path: str) -> Scores:
    """The same by the labels of the contestants.

    Args:
        scores: as they were read.
        names: by label, what else a contestant may be called: id of its method, name of its file or run.
        path: of the scores, for errors.

    Raises:
        UsageError: a name is nobody's or two contestants', two names are the same contestant's, or fewer than two have
            scores on the same benchmark.
    """
    found: dict[str, Mapping[str, ExternalScore]] = {}
    for name, held in scores.items():
        meant = [name] if name in names else [label for label, also in names.items() if name in also]
        if len(meant) != 1:
            what = f"may be {' or '.join(meant)}" if meant else "is no contestant of this run"
            raise UsageError(f"'{_short(name)}' in {path} {what}.", fix=f"Contestants are: {', '.join(names)}.")
        if meant[0] in found:
            raise UsageError(f"{path} has scores of '{meant[0]}' under two names.", fix="Keep one of them.")
        found[meant[0]] = held
    benchmarks = [name for held in found.values() for name in held]
    if not any(benchmarks.count(name) > 1 for name in benchmarks):
        raise UsageError(
            f"{path} has no benchmark with scores of two contestants.", fix="Score at least two on the same one."
        )
    return found


def scores_object(scores: Scores) -> dict[str, dict[str, dict[str, float | int]]]:
    """Scores as a file holds them."""
    return {
        method: {
            benchmark: {"score": one.score, **({} if one.n is None else {"n": one.n})}
            for benchmark, one in held.items()
        }
        for method, held in scores.items()
    }


def _benchmarks(method: str, held: object, name: str) -> dict[str, ExternalScore]:
    table = _table(held, name, f"'{_short(method)}'")
    if not method.strip() or not table or not all(benchmark.strip() for benchmark in table):
        raise UsageError(f"'{_short(method)}' in {name} has no scores, or a name is empty.", fix=_FIX)
    return {benchmark: _score(value, f"{_short(method)} on {_short(benchmark)}", name)
            for benchmark, value in table.items()}  # fmt: skip


def _score(value: object, where: str, name: str) -> ExternalScore:
    if not isinstance(value, Mapping):
        return ExternalScore(_number(value, where, name))
    table = cast("Mapping[str, object]", value)
    unknown = [key for key in table if key not in {"score", "n"}]
    if unknown or "score" not in table:
        what = f"has an unknown field '{_short(unknown[0])}'" if unknown else "has no score"
        raise UsageError(f"{where} in {name} {what}.", fix='Write a number, or {"score": 0.41, "n": 1000}.')
    score, n = _number(table["score"], where, name), table.get("n")
    if n is None:
        return ExternalScore(score)
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise UsageError(f"n of {where} in {name} is no whole number above zero.", fix="Say on how many items it was.")
    if not 0 <= score <= 1:
        raise UsageError(
            f"{where} in {name} is {score:g} with an n, and only a share from 0 to 1 has an interval.",
            fix="Write 41.2 % as 0.412, or leave n out.",
        )
    return ExternalScore(score, n)


def _number(value: object, where: str, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UsageError(f"{where} in {name} is not a number.", fix='Write a number, or {"score": 0.41, "n": 1000}.')
    return float(value)


def _table(value: object, name: str, what: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise UsageError(f"In {name} {what} is not an object.", fix=_FIX)
    return cast("Mapping[str, object]", value)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name in found if sum(name == each for each, _ in pairs) > 1)
        raise ValueError(f"it says '{_short(twice)}' twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _short(text: str) -> str:
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"
