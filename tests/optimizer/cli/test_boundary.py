"""Where errors end: a sentence, an exit code, no traceback, no key."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from autoevol.agents.gateway.errors import AccessDenied, AutoEvolError, StorageError, UsageError
from autoevol.optimizer.cli.boundary import Interrupted, guard, resume_line

KEY = "sk-proj-abcdefgh12345678"


class _Model(BaseModel):
    steps: int


def _failing(error: BaseException) -> click.Command:
    @click.command(params=[click.Option(["--debug"], is_flag=True, expose_value=False)])
    def command() -> None:
        raise error

    return command


def _invalid() -> Exception:
    try:
        _Model.model_validate({"steps": KEY})
    except ValueError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("It is wrong.", fix="Do this."), 2, "autoevol: It is wrong. Do this."),
        (AccessDenied("The key is wrong.", fix="Check it."), 1, "autoevol: The key is wrong. Check it."),
        (StorageError("The disk is full.", fix="Make room."), 1, "autoevol: The disk is full. Make room."),
        (OSError(errno.ENOSPC, "No space", "x.txt"), 1, "autoevol: The disk is full: x.txt."),
        (OSError(errno.EACCES, "denied", "x.txt"), 1, "autoevol: Permission is denied: x.txt."),
        (OSError(errno.EROFS, "read-only", "x.txt"), 1, "autoevol: The file system is read-only: x.txt."),
        (ZeroDivisionError("oh"), 1, "bug in AutoEvol: ZeroDivisionError: oh. Run it again with --debug"),
        (Interrupted("autoevol resume r"), 130, "finished is kept. Continue with:\n  autoevol resume r"),
        (KeyboardInterrupt(), 130, "autoevol: Stopped."),
        (click.UsageError("No such thing"), 2, "autoevol: No such thing."),
        (_invalid(), 2, "autoevol: steps in the settings must be a whole number."),
    ],
)  # fmt: skip
def test_each_error_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback is shown to somebody who did not ask for one."""
    assert code == guard(_failing(error), [])

    said = capsys.readouterr()
    assert "" == said.out
    assert words in said.err
    assert "Traceback" not in said.err


def test_the_cause_inside_a_group_is_what_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Task groups wrap errors; the person sees the error."""
    group = ExceptionGroup("tasks", [ExceptionGroup("inner", [UsageError("Wrong seeds.", fix="Mend them.")])])

    assert 2 == guard(_failing(group), [])
    assert "autoevol: Wrong seeds. Mend them.\n" == capsys.readouterr().err


def test_an_interrupt_in_a_group_is_an_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C counts before the errors that it sets off."""
    group = BaseExceptionGroup("tasks", [ValueError("torn"), KeyboardInterrupt()])

    assert 130 == guard(_failing(group), [])
    assert "bug" not in capsys.readouterr().err


@pytest.mark.parametrize("how", ["--debug", "AUTOEVOL_DEBUG"])
def test_debug_shows_the_traceback(
    how: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By option or by variable, and the sentence still comes last."""
    if how == "AUTOEVOL_DEBUG":
        monkeypatch.setenv(how, "1")

    guard(_failing(StorageError("Gone.", fix="Look.")), ["--debug"] if how == "--debug" else [])

    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert err.endswith("autoevol: Gone. Look.\n")


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_keys_are_never_shown(debug: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever an error quotes, a key is blotted out."""
    for error in (AutoEvolError(f"401 for {KEY}"), ValueError(f"Authorization: Bearer {KEY}"), click.UsageError(KEY)):
        guard(_failing(error), debug)

    said = capsys.readouterr()
    assert KEY not in said.out + said.err
    assert "[hidden key]" in said.err


def test_notes_of_an_error_are_further_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A run that breaks off says how to continue."""
    error = AccessDenied("The key is wrong.", fix="Check it.")
    error.add_note("Continue with: autoevol resume r")

    guard(_failing(error), [])

    assert "autoevol: The key is wrong. Check it.\nContinue with: autoevol resume r\n" == capsys.readouterr().err


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    """`autoevol runs | head -0` is nobody's error."""
    program = (
        "import os, sys\nfrom autoevol.optimizer.cli import main\n"
        "os.read(0, 1)\nmain(['runs', '--runs', sys.argv[1]])\n"
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "settings.json").write_text("{}", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(b"x")
    process.stdin.close()
    err = process.stderr.read()
    process.stderr.close()

    assert (1, b"") == (process.wait(), err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_stdout_is_a_sentence() -> None:
    """Output that cannot be written is a failure, not a success without output."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "autoevol.optimizer", "--version"], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert 1 == done.returncode
    assert b"The disk is full" in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_resume_line_can_be_pasted() -> None:
    """Folders with spaces are quoted for the shell."""
    assert "autoevol resume 'my runs/a b' --out out.jsonl" == resume_line(Path("my runs/a b"), Path("out.jsonl"))
    assert "autoevol resume runs/a" == resume_line(Path("runs") / "a")
    assert os.sep == "/"
