"""The way in: help without weight, every command importable, one sentence for every mistake."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib import metadata

import click
import pytest

from autoevol.optimizer.cli import COMMANDS

from .conftest import Cli

HEAVY = ("pydantic", "numpy", "scipy", "httpx", "rich", "anyio", "dspy", "yaml", "jinja2", "structlog", "rapidfuzz")
OURS = tuple(name for name in COMMANDS if name not in {"demo", "check", "models", "methods"})


def _loaded_after(*arguments: str) -> set[str]:
    """Which heavy modules a new process has loaded when the command has ended."""
    program = (
        "import sys\nfrom autoevol.optimizer.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    code = end.code\n"
        f"print('LOADED', code, *[name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    words = done.stdout.splitlines()[-1].split()
    assert ["LOADED", "0"] == words[:2]
    return set(words[2:])


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("optimize", "--help"), ("show", "--help")])
def test_help_loads_no_heavy_module(arguments: tuple[str, ...]) -> None:
    """Help answers at once because nothing that it does not need is imported."""
    assert set() == _loaded_after(*arguments)


def test_every_command_is_where_the_table_says() -> None:
    """A name in the list of commands that cannot be imported would be found by the person."""
    for name, (place, text) in COMMANDS.items():
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(f"autoevol.optimizer.cli.{module}"), attribute)

        assert isinstance(command, click.Command), name
        assert text.endswith(".")


def test_help_lists_every_command(cli: Cli) -> None:
    """The list is complete."""
    said = cli("--help")

    assert 0 == said.code
    assert [] == [name for name in COMMANDS if f"  {name} " not in said.out]


@pytest.mark.parametrize("name", OURS)
def test_each_command_explains_itself(cli: Cli, name: str) -> None:
    """Every command has a help text and knows `--debug`."""
    said = cli(name, "--help")

    assert 0 == said.code
    assert "Usage: autoevol" in said.out
    assert "--debug" in said.out


@pytest.mark.parametrize("name", ["curate", "make"])
def test_parts_are_helped_before_a_search(cli: Cli, name: str) -> None:
    """Options that only `auto-evol` reads stand at the end, by name; the embedder makes vectors here."""
    said = " ".join(cli(name, "--help").out.split())
    before, _, after = said.partition("Where the recipe auto-evol is a part")

    assert "--embedder NAME Model that makes vectors" in before
    assert ("--strategy" in before, "--strategy" in after) == (False, True)
    assert "--strategy NAME auto-evol, best-of-n" in " ".join(cli("optimize", "--help").out.split())


def test_version_is_that_of_the_installation(cli: Cli) -> None:
    """`--version` reads the installed metadata."""
    assert f"autoevol {metadata.version('autoevol')}\n" == cli("--version").out


def test_the_package_runs_as_a_module() -> None:
    """`python -m autoevol.optimizer` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "autoevol.optimizer", "--version"], capture_output=True, text=True, check=False
    )

    assert (0, f"autoevol {metadata.version('autoevol')}\n") == (done.returncode, done.stdout)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("optimise",), "There is no command 'optimise'. Did you mean 'optimize'?"),
        (("optimize", "--stepz", "3"), "No such option '--stepz'"),
        (("optimize", "--steps", "many"), "'many' is not a whole number."),
        (("curate", "dedup", "x", "--count", "ten"), "'ten' is not a whole number."),
        (("optimize", "--rpm", "ten"), "'ten' is not a number."),
        (("optimize", "--student"), "See `autoevol optimize --help`."),
        (("compare", "general", "--strategy", "best-of-n"), "No such option '--strategy'"),
        (("show",), "Missing argument 'RUN'"),
        (("--nothing",), "No such option '--nothing'"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    """What is wrong, and where help is."""
    said = cli(*arguments)

    assert 2 == said.code
    assert words in said.err
    assert "--help`" in said.err
    assert 1 == said.err.count("\n")
