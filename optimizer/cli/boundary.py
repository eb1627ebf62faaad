"""Where every error ends: one sentence on what is wrong, one on what to do, an exit code, no traceback."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import click

from ...agents.gateway.errors import AutoEvolError
from ..record.keys import hide_keys

__all__ = ["Interrupted", "guard", "resume_line"]

_FAILURE, _USAGE, _INTERRUPTED = 1, 2, 130
_OSERRORS = {
    errno.ENOSPC: ("The disk is full", "Free some space; what was finished is kept."),
    errno.EFBIG: ("The file grows over a limit", "Raise the limit (`ulimit -f`); what was finished is kept."),
    errno.EDQUOT: ("The disk quota is used up", "Free some space; what was finished is kept."),
    errno.EROFS: ("The file system is read-only", "Choose another folder with --runs."),
    errno.EACCES: ("Permission is denied", "Change the permissions or choose another place."),
    errno.EPERM: ("Permission is denied", "Change the permissions or choose another place."),
    errno.EMFILE: ("Too many files are open", "Raise the limit (`ulimit -n 4096`) or lower --concurrency."),
}


class Interrupted(Exception):
    """Ctrl-C while a run was at work. `command` continues it."""

    def __init__(self, command: str) -> None:
        super().__init__(command)
        self.command = command


def resume_line(folder: Path, out: Path | None = None) -> str:
    """The command that continues a run, ready to be pasted into a POSIX shell."""
    import shlex  # noqa: PLC0415  --help must stay quick

    words = ["autoevol", "resume", str(folder), *(["--out", str(out)] if out else [])]
    return shlex.join(words)


def guard(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a click command and turn whatever happens into an exit code and at most a few lines on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words or os.environ.get("AUTOEVOL_DEBUG", "") not in {"", "0"}
    try:
        code = command.main(words, prog_name="autoevol", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # while flushing; click ends quietly with the same code where it happens earlier
        _drop_stdout()
        return _FAILURE
    except (Exception, BaseExceptionGroup, KeyboardInterrupt) as error:  # the one place that may: nothing is above it
        cause = _first(error)
        if debug and not isinstance(cause, click.ClickException | click.Abort | KeyboardInterrupt):
            _say(hide_keys("".join(traceback.format_exception(error))).rstrip())
        lines, exit_code = _explain(cause, words)
        for line in lines:
            _say(hide_keys(line))
        _flush_or_drop()
        return exit_code
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def _explain(error: BaseException, words: Sequence[str]) -> tuple[list[str], int]:
    """What to say and how to leave; `words` are those of the command line."""
    if isinstance(error, Interrupted):
        return ["autoevol: Stopped. Everything finished is kept. Continue with:", f"  {error.command}"], _INTERRUPTED
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return ["autoevol: Stopped."], _INTERRUPTED
    if isinstance(error, click.ClickException):
        return [_click_sentence(error, words)], error.exit_code
    if isinstance(error, AutoEvolError):
        text, code = str(error), error.exit_code
    elif type(error).__module__.startswith("pydantic") and type(error).__name__ == "ValidationError":
        text, code = _validation_sentence(error), _USAGE
    elif isinstance(error, OSError) and error.errno in _OSERRORS:
        what, fix = _OSERRORS[error.errno]
        text, code = f"{what}{f': {error.filename}' if error.filename else ''}. {fix}", _FAILURE
    else:
        what = f"{type(error).__name__}: {_one_line(str(error))}".rstrip(".: ")
        text = f"This is a bug in AutoEvol: {what}. Run it again with --debug and report what it shows."
        code = _FAILURE
    return [f"autoevol: {text}", *getattr(error, "__notes__", [])], code


def _first(error: BaseException) -> BaseException:
    """The cause inside a group of errors; an interrupt counts before everything else."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    group = cast("BaseExceptionGroup[BaseException]", error)
    leaves = [_first(each) for each in group.exceptions]
    chosen = next((leaf for leaf in leaves if isinstance(leaf, KeyboardInterrupt | Interrupted)), leaves[0])
    for note in getattr(group, "__notes__", []):
        chosen.add_note(note)
    return chosen


def _click_sentence(error: click.ClickException, words: Sequence[str]) -> str:
    """Click's message as a sentence, with the way to the right help text; the help text where nothing was said."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message()
    message = _one_line(error.format_message())
    message = message.replace("a valid integer range", "a whole number").replace("a valid integer", "a whole number")
    message = message.replace("a valid float range", "a number").replace("a valid float", "a number")
    message += "" if message.endswith((".", "?", "!")) else "."
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    # Click does not say where an option lacks its value; then the first word is the command.
    command = ctx.command_path if ctx else " ".join(["autoevol", *(word for word in words[:1] if word[:1] != "-")])
    return f"autoevol: {message} See `{command} --help`."


def _validation_sentence(error: BaseException) -> str:
    """A setting that pydantic refused outside the settings file, in words and without its value."""
    from ..record.config import words_of  # noqa: PLC0415  brings pydantic, which is loaded when this happens

    return words_of(error)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _say(line: str) -> None:
    try:
        click.echo(line, err=True)
    except OSError:
        return  # nobody is listening any more, and the exit code still tells


def _flush_or_drop() -> None:
    """What cannot be written now cannot at the end either, where Python would make an exit code of its own of it."""
    try:
        sys.stdout.flush()
    except OSError:
        _drop_stdout()


def _drop_stdout() -> None:
    """Point stdout at nothing, so that Python's last flush does not complain about the closed pipe."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return
