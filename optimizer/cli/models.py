"""`autoevol models`: the embedded models, and getting them here."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ...agents.gateway.engine.model_files import MODELS, cached_path, fetch, is_here

__all__ = ["command", "fetch_shown"]


@click.group()
def command() -> None:
    """List and fetch the embedded models. Any GGUF file of your own works too: --local PATH."""


@command.command("list")
def list_models() -> None:
    """List the embedded models: name, size, licence, whether they are here, and where."""
    for model in MODELS.values():
        here = "here" if is_here(model.name) else "not fetched"
        click.echo(f"{model.name:20}  {_megabytes(model.size):>8}  {model.licence}  {here:11}  {model.title}")
        click.echo(f"{'':20}  {cached_path(model.name)}")


@command.command("pull")
@click.argument("name")
def pull(name: str) -> None:
    """Fetch the embedded model NAME into the cache, or go on where an earlier fetch broke off."""
    was_here = name in MODELS and is_here(name)
    path = fetch_shown(name)
    click.echo(f"{name} is {'already ' if was_here else ''}here: {path}")


def fetch_shown(name: str) -> Path:
    """Fetch a model and show on stderr how far it is: one line on a terminal, a line every tenth elsewhere.

    Raises:
        UsageError: there is no such model.
        ModelFileError: no source gave it.
        StorageError: the cache cannot be written, or has too little room.
    """
    line = _Line(name, live=sys.stderr.isatty())
    try:
        return fetch(name, line.show)
    finally:
        line.close()


class _Line:
    """How far a fetch is, in one line."""

    def __init__(self, name: str, *, live: bool) -> None:
        self._name = name
        self._live = live
        self._last: tuple[str, int] | None = None

    def show(self, done: int, size: int, what: str) -> None:
        """Take a report of `fetch`; most say nothing new."""
        percent = 100 * done // size
        now = (what, percent if self._live else percent - percent % 10)
        if now == self._last:
            return
        self._last = now
        text = f"{self._name}: {what}, {percent:3} % of {_megabytes(size)}"
        click.echo(f"\r\x1b[K{text}" if self._live else text, err=True, nl=not self._live)

    def close(self) -> None:
        """Leave the line on a terminal where it is."""
        if self._live and self._last is not None:
            click.echo("", err=True)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
