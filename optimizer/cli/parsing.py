"""Small languages of the command line: caps, prices and `--set`."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable

from ...agents.gateway.engine.model_files import MODELS
from ...agents.gateway.errors import UsageError
from ..record.tree import Tree

__all__ = ["parse_budget", "parse_caps", "parse_prices", "parse_set", "student_tree"]

_CAP = re.compile(r"\s*\$?\s*(\d[\d_]*(?:\.\d+)?|\.\d+)\s*([km]?)\s*([a-z]*)\s*", re.IGNORECASE)
_UNITS = {
    "usd": ("usd", 1), "$": ("usd", 1), "dollar": ("usd", 1), "dollars": ("usd", 1),
    "call": ("calls", 1), "calls": ("calls", 1), "token": ("tokens", 1), "tokens": ("tokens", 1),
    "min": ("minutes", 1), "minute": ("minutes", 1), "minutes": ("minutes", 1),
    "h": ("minutes", 60), "hour": ("minutes", 60), "hours": ("minutes", 60),
}  # fmt: skip
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def parse_budget(texts: Iterable[str]) -> Tree:
    """`5usd,90min` and the like as the settings of a budget. `k` and `m` stand for thousand and million.

    Raises:
        UsageError: a cap cannot be read, is not above zero, or is given twice.
    """
    caps: Tree = {}
    for text in ",".join(texts).split(","):
        name, value = _cap(text)
        if name in caps:
            raise UsageError(f"--budget caps {name} twice.", fix="Give each cap once.")
        caps[name] = value
    return caps


def parse_caps(texts: Iterable[str]) -> dict[str, float | None]:
    """Caps as `parse_budget` reads them, and `usd=none` for one that is taken away.

    Raises:
        UsageError: as there, or there is no such cap.
    """
    words = [word.strip() for word in ",".join(texts).split(",") if word.strip()]
    gone = [word.partition("=")[0] for word in words if word.endswith("=none")]
    unknown = [name for name in gone if name not in {"usd", "calls", "tokens", "minutes"}]
    if unknown:
        raise UsageError(f"There is no cap '{unknown[0]}'.", fix="Caps are usd, calls, tokens and minutes.")
    kept = [word for word in words if not word.endswith("=none")]
    said: Tree = parse_budget(kept) if kept else {}
    return {**{name: float(str(value)) for name, value in said.items()}, **dict.fromkeys(gone)}


def _cap(text: str) -> tuple[str, float | int]:
    match = _CAP.fullmatch(text)
    unit = "" if match is None else match[3].lower() or ("$" if "$" in text else "")
    scale = "" if match is None else match[2].lower()
    if unit not in _UNITS and scale + unit in _UNITS:  # the m of min is not a million
        scale, unit = "", scale + unit
    if match is None or unit not in _UNITS:
        raise UsageError(
            f"--budget does not understand '{text.strip()}'.", fix="Write 5usd, 2000calls, 1000000tokens or 90min."
        )
    name, factor = _UNITS[unit]
    value = float(match[1].replace("_", "")) * _TIMES[scale] * factor
    if not math.isfinite(value) or value <= 0 or (name in {"calls", "tokens"} and value != int(value)):
        kind = "a whole number above zero" if name in {"calls", "tokens"} else "above zero"
        raise UsageError(f"--budget {text.strip()} is no cap: it must be {kind}.", fix="Leave it out for no cap.")
    return name, int(value) if name in {"calls", "tokens"} else value


def parse_prices(texts: Iterable[str], model: str) -> Tree:
    """`IN,OUT` or `MODEL=IN,OUT`, in USD per million tokens, as prices by model.

    Args:
        texts: the values of `--price`.
        model: the model that a price without a name is for.

    Raises:
        UsageError: a price cannot be read, or it is not clear whose it is.
    """
    prices: Tree = {}
    for text in texts:
        name, _, numbers = text.rpartition("=")
        name = name.strip() or model
        if not name:
            raise UsageError(f"--price {text} names no model.", fix="Write --price MODEL=IN,OUT.")
        try:
            values = [float(number) for number in numbers.split(",")]
        except ValueError:
            values = []
        if len(values) != 2 or not all(math.isfinite(value) and value >= 0 for value in values):
            raise UsageError(f"--price does not understand '{text}'.", fix="Write IN,OUT, such as 0.15,0.6.")
        prices[name] = {"input": values[0], "output": values[1]}
    return prices


def parse_set(line: str) -> Tree:
    """`dotted.name=VALUE` as a tree. The value is TOML; what is not TOML is taken as text.

    Raises:
        UsageError: there is no name, or no `=`.
    """
    name, equals, value = line.partition("=")
    if equals and name.strip():
        for written in (value, json.dumps(value, ensure_ascii=False)):
            try:
                found = tomllib.loads(f"{name} = {written}") if "\n" not in name + written else {}
            except tomllib.TOMLDecodeError:
                continue
            if found:
                return found
    raise UsageError(
        f"--set does not understand '{line}'.", fix="Write NAME=VALUE, such as --set roles.evolver.max_tokens=300."
    )


def student_tree(name: str) -> Tree:
    """What `--student NAME` says: a model of the default endpoint, or an embedded one with an endpoint of its own."""
    seat: Tree = {"model": name}
    said: Tree = {"student": True, "roles": {"student": seat}}
    if name in MODELS or name.endswith(".gguf"):
        seat["endpoint"] = "student"
        said["endpoints"] = {"student": {"local": name}}
    return said
