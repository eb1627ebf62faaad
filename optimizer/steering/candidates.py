"""The methods of a run, by what a person calls them: a candidate of a step, an id, a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...agents.gateway.errors import UsageError
from ...agents.method import Method
from ...agents.method_file import RUN_METHOD, load_method
from ...prompts import method_names

__all__ = ["method_from", "method_of"]

_PLACE = re.compile(r"(?:steps?[ /]?)?(\d{1,4})[/.:]c?(\d{1,3})", re.IGNORECASE)
_ID = re.compile(r"[0-9a-f]{4,12}")
_FIX = "Write STEP/CANDIDATE as in 2/c3, or the id of a method; `autoevol show RUN` and steps/ name them."


def method_of(folder: Path, text: str) -> Method:
    """A method of this run.

    Args:
        folder: the run.
        text: `2/c3` for the third candidate of step 2, or the beginning of an id.

    Raises:
        UsageError: the run has no such method.
    """
    place = _PLACE.fullmatch(text.strip())
    if place is not None:
        path = folder / f"steps/{int(place[1]) - 1:03d}/candidates/{int(place[2])}/{RUN_METHOD}"
        if path.is_file():
            return load_method(str(path))
        raise UsageError(f"The run {folder.name} has no candidate {place[2]} of step {place[1]}.", fix=_FIX)
    found = {method.id: method for method in _methods(folder) if method.id.startswith(text.strip())}
    if len(found) == 1 and _ID.fullmatch(text.strip()):
        return next(iter(found.values()))
    what = "several methods whose id begins so" if len(found) > 1 else "no method"
    raise UsageError(f"The run {folder.name} has {what}: {text!r}.", fix=_FIX)


def method_from(folder: Path, text: str) -> Method:
    """A method of this run, a shipped one by its name, or one from a file, which is in the run's language by itself.

    Raises:
        UsageError: there is no such method, or it breaks the contract.
    """
    if _PLACE.fullmatch(text.strip()) or (_ID.fullmatch(text.strip()) and not Path(text).exists()):
        return method_of(folder, text)
    if not Path(text).exists() and text not in method_names():
        raise UsageError(f"There is no method {text!r}.", fix=f"Give a file, a shipped method, or a candidate. {_FIX}")
    return load_method(text, next((method.language for method in _methods(folder)), "en"))


def _methods(folder: Path) -> Iterator[Method]:
    """Every method that the run has written down; one that cannot be read is none."""
    paths = [*sorted(folder.glob(f"steps/*/{RUN_METHOD}")), *sorted(folder.glob(f"steps/*/candidates/*/{RUN_METHOD}"))]
    for path in (*paths, folder / RUN_METHOD):
        try:
            yield load_method(str(path))
        except UsageError:
            continue
