"""What went wrong, as those who call a function should hear it."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from ...agents.gateway.errors import AutoEvolError, StorageError

__all__ = ["OfCaller", "as_ours", "in_python", "reword"]

_OPTION = re.compile(r"(?<!\S)--([a-z][a-z-]+)(?:[ =]([A-Z=,]+\b|\w*\d[\w-]*))?")
_COMMAND = re.compile(r"`autoevol (resume|optimize|compare|make)(?: ([^`\s]+))?`")


class OfCaller(Exception):
    """Carries an error of the caller's own function past code that would take it for ours; `as_ours` takes it out."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@contextmanager
def as_ours() -> Generator[None]:
    """Errors as one of the error tree, in words of Python, without the groups that concurrent work wraps them in.

    Raises:
        AutoEvolError: in place of such errors; others, of the caller's own functions, come out as they are.
    """
    try:
        yield
    except AutoEvolError as error:
        reword(error)
        raise
    except BaseExceptionGroup as group:
        chosen = _chosen(group)
        if isinstance(chosen, OfCaller):
            raise chosen.error from chosen.error.__cause__
        raise chosen from group
    except OfCaller as own:
        raise own.error from own.error.__cause__  # as it was raised
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise StorageError(
            f"{where}{error.strerror or error}.", fix="Make room or give permission; what was finished is kept."
        ) from error


def reword(error: AutoEvolError) -> None:
    """Options of the command as the names that the functions have for them."""
    error.problem, error.fix = in_python(error.problem), in_python(error.fix)
    error.args = (f"{error.problem} {error.fix}".strip(),)


def in_python(text: str) -> str:
    """`--base-url URL` as `base_url=URL`, `--config` as `settings`, `autoevol resume RUN` as `resume('RUN')`."""
    text = _COMMAND.sub(lambda found: f"{found[1]}({found[2]!r})" if found[2] else found[1], text)
    return _OPTION.sub(_name, text).replace("on the command line", "in the call")


def _name(found: re.Match[str]) -> str:
    name, value = found[1], found[2]
    name = {"config": "settings", "yes": "uncapped=True"}.get(name, name.replace("-", "_"))
    return name if not value else f"{name}={value}" if value.isupper() else f"{name}={value!r}"


def _chosen(error: BaseException) -> BaseException:
    """One of ours before others: the rest of a group is what followed from it."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [_chosen(each) for each in cast("BaseExceptionGroup[BaseException]", error).exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, AutoEvolError)), leaves[0])
