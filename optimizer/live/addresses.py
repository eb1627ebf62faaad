"""Addresses of comparisons: every side, the filter and the page of examples are in them, so that they can be kept.

    /compare?side=RUN/GROUP&side=RUN/GROUP&show=won-C&page=2

The name of a run has no slash in it. A side that names its run alone is what its search came to. Addresses of two sides
(`left`, `left_of`, `right`, `right_of`), as pages gave them before, lead to the same place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from .sides import LETTERS, MOST, Side

__all__ = ["Asked", "address", "read_address"]

_SHOWN = re.compile(rf"all|differs|(won|lost)(-[{LETTERS[1:]}])?")
_OLD = {"left": "lost", "right": "won"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for.

    Args:
        sides: run and group of each, the group empty where none is named.
        show: the filter of the examples.
        page: of the examples, from 0.
    """

    sides: tuple[tuple[str, str], ...]
    show: str
    page: int


def read_address(query: str) -> Asked:
    """What an address asks for; what it cannot mean is left out, and sides after the sixth."""
    said = parse_qsl(query)
    named = dict(said)
    sides = [value.partition("/") for name, value in said if name == "side"]
    found = [(run, group) for run, _, group in sides if run]
    if not found:
        found = [(named[name], named.get(f"{name}_of", "")) for name in _OLD if name in named]
    show = _OLD.get(named.get("show", ""), named.get("show", ""))
    nobody = LETTERS.find(show.partition("-")[2]) >= min(len(found), MOST)
    page = named.get("page", "")
    return Asked(
        tuple(found[:MOST]),
        show if _SHOWN.fullmatch(show) and not nobody else "differs",
        int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 0,
    )


def address(sides: Sequence[Side], show: str = "", page: int = 0) -> str:
    """The address of a comparison of these sides."""
    said = [("side", f"{side.run}/{side.group}" if side.group else side.run) for side in sides if side.run]
    said += [("show", show)] if show else []
    said += [("page", str(page))] if page else []
    return "/compare" + (f"?{urlencode(said, safe='/')}" if said else "")
