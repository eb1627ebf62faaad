"""Who is meant by the contestants of a comparison, settled before a run begins."""

from __future__ import annotations

from pathlib import Path

from ...agents.gateway.errors import UsageError
from ...prompts import method_names
from ..recipes.contest.contestants import part_word
from ..record.settings import Settings
from .run_list import find_run

__all__ = ["settle_contestants"]


def settle_contestants(settings: Settings, runs: Path | None) -> Settings:
    """Settings with whole paths for contestants, so that a run goes on from anywhere; names of runs become folders.

    Args:
        settings: complete settings.
        runs: the folder in which runs are looked for by name; None for ./runs.
    """
    words = settings.compare.contestants
    if settings.recipe != "compare" or not words:
        return settings
    settled = tuple(_settled(word, runs or Path("runs")) for word in words)
    return settings.model_copy(update={"compare": settings.compare.model_copy(update={"contestants": settled})})


def _settled(word: str, runs: Path) -> str:
    name, place = part_word(word)
    if place in method_names():
        return word
    try:
        path = Path(place)
        whole = path.resolve() if path.exists() else find_run(place, runs).resolve()
    except (UsageError, OSError, ValueError):
        return word  # who reads the contestants says what is wrong with it
    return f"{name}={whole}" if name else str(whole)
