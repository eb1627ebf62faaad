"""A family of templates from what the server's own template writes: what stands round known texts are its parts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...record.making.magpie_values import FamilySettings

__all__ = ["family_from"]

_TOKEN = re.compile(r"<[^<>\s]{1,40}>|\[/?INST\]")
_BOS = re.compile(r"\A(?:<\|begin_of_text\|>|<s>|<bos>|<\|startoftext\|>|<｜begin▁of▁sentence｜>|<\|begin▁of▁text\|>)")


def family_from(rendered: Sequence[str | None]) -> FamilySettings | None:
    """The parts of a template.

    Args:
        rendered: a chat of one turn, one of three, and one of three after a system text, as `ask_template` puts them.

    Returns:
        None where the server told nothing, or nothing that can be taken apart: a template without a special token.
    """
    one, three, steered = rendered
    if one is None or three is None:
        return None
    whole, again = re.fullmatch(r"(.*)Aone(.*)", one, re.DOTALL), re.search(r"Btwo(.*)Cthree", three, re.DOTALL)
    if whole is None or again is None:
        return None
    bos = found[0] if (found := _BOS.match(one)) else ""
    stops = list(dict.fromkeys(_TOKEN.findall(again[1]) + _TOKEN.findall(whole[2]) + _TOKEN.findall(whole[1])))
    stops = [stop for stop in stops if stop != bos]
    if not stops:
        return None
    system = re.match(r"(.*)Szero(.*)Aone", steered or "", re.DOTALL)
    return FamilySettings(
        bos=bos, user=whole[1].removeprefix(bos), system=system[1].removeprefix(bos) if system else None,
        system_user=system[2] if system else "", assistant=whole[2], again=again[1], stops=tuple(stops),
        special=_TOKEN.findall(whole[1].removeprefix(bos) + whole[2])[-1],
    )  # fmt: skip
