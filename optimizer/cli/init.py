"""`autoevol init`: a commented settings file to start from."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["TEMPLATE", "command"]

TEMPLATE = Path(__file__).with_name("settings-template.toml")


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), default=Path("run.toml"))
def command(file: Path) -> None:
    """Write a commented settings file to FILE (run.toml). A file that is there is never overwritten."""
    from ...agents.gateway.errors import StorageError, UsageError  # noqa: PLC0415

    if file.suffix.lower() != ".toml":
        raise UsageError(f"{file} is no name for a TOML file.", fix="Let it end in .toml.")
    text = TEMPLATE.read_text(encoding="utf-8")
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(f"{file} exists already.", fix="Choose another name: `autoevol init OTHER.toml`.") from None
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror}.", fix="Choose a folder that exists and can be written."
        ) from error
    click.echo(f"Wrote {file}. Change it, look with `autoevol optimize SEEDS --config {file} --dry-run`, then start.")
