"""`--reuse RUN`: which runs answers are taken from, settled before a run begins."""

from __future__ import annotations

from pathlib import Path

from ...agents.gateway.books.reuse import open_reuse
from ...agents.gateway.errors import UsageError
from ..record.settings import Settings
from .run_list import find_run, frozen_settings

__all__ = ["settle_reuse"]


def settle_reuse(settings: Settings, runs: Path) -> Settings:
    """Settings with the whole paths of the runs that answers are taken from, and with their secret.

    The secret is part of every prompt that holds data: with another one no call would come up again.

    Args:
        settings: `reuse` holds folders of runs, or names.
        runs: the folder in which runs are looked for by name.

    Raises:
        UsageError: there is no such run, its journal cannot be read, or its secret is not this run's.
    """
    if not settings.reuse:
        return settings
    folders = [find_run(text, runs).resolve() for text in dict.fromkeys(settings.reuse)]
    secret, whose = settings.secret, "this run's"
    for folder in folders:
        theirs = str(frozen_settings(folder).get("secret", ""))
        if secret and theirs != secret:
            raise UsageError(
                f"No answer of {folder.name} would fit: its secret, which is part of every prompt, is not {whose}.",
                fix="Leave `secret` out of the settings, and reuse runs of one secret.",
            )
        secret, whose = theirs, f"that of {folder.name}"
    with open_reuse(folders) as reuse:
        if reuse.troubles:
            raise UsageError(reuse.troubles[0], fix="Leave that run out.")
    return settings.model_copy(update={"reuse": tuple(str(folder) for folder in folders), "secret": secret})
