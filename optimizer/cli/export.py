"""`autoevol export`: a run's data set, or a file of rows, in the form that a trainer reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import runs_option

if TYPE_CHECKING:
    from ..dataset.exports.export import Exported
    from ..dataset.exports.reading import Source

__all__ = ["command", "open_source"]

_FORMS = ("alpaca", "sharegpt", "messages", "prompt-completion", "dpo", "reward", "jsonl", "parquet", "arrow")
_FIELDS = ("instruction", "input", "response", "system", "messages")
_DATA = ("dataset.jsonl", "train.jsonl", "mix.jsonl")
_NO_DATA = ("dropped", "events", "messages", "edits")  # beginnings of the names of what else is in folders of ours
_TRAINERS = ("trl", "axolotl", "llama-factory", "unsloth")


@click.command("export")
@click.argument("source", metavar="RUN|FILE")
@click.option("--to", "form", required=True, type=click.Choice(_FORMS), help="Form of the rows.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="PATH",
              help="A folder for data, card and settings, or a file that ends in .jsonl or .parquet.")  # fmt: skip
@click.option("--edited", is_flag=True, help="With the edits that were made by hand on the page of the run.")
@click.option("--trainer", type=click.Choice(_TRAINERS), help="Write ready settings of this trainer, too.")
@click.option("--student-model", "model", metavar="NAME", default="", help="Model to be trained, in those settings.")
@click.option("--instruction-field", metavar="NAME", help="Of a FILE: the field of the instruction.")
@click.option("--input-field", metavar="NAME", help="Of the input that belongs to it.")
@click.option("--response-field", metavar="NAME", help="Of the answer.")
@click.option("--system-field", metavar="NAME", help="Of the system prompt.")
@click.option("--messages-field", metavar="NAME", help="Of the conversation.")
@click.option("--license", metavar="NAME", default="", help="Of the data, for the card: apache-2.0, mit …")
@click.option("--title", metavar="TEXT", default="", help="Of the data set, for the card [default: the name of PATH].")
@click.option("--ab", nargs=2, metavar="METHOD METHOD",
              help="Two equal sets of these contestants of a comparison: the same seeds, in order.")  # fmt: skip
@click.option("--push-to", "push_to", metavar="OWNER/NAME",
              help="Then put the files into this data set of the Hub; needs a token (HF_TOKEN).")  # fmt: skip
@click.option("--public", is_flag=True, help="Let --push-to make a data set that all can see, or add to one.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@runs_option
def command(source: str, form: str, runs: Path, *, edited: bool, **options: Any) -> None:
    """Write the rows of RUN (a folder, or the name of one in --runs) or of FILE in the form that trainers read.

    `dpo` takes the preference pairs, `reward` the rated answers that Magpie keeps; all others the data set. A card
    (README.md) tells what is in it. Rows that the form cannot hold are counted with the reason.
    """
    from ..dataset.exports.export import Order, export  # noqa: PLC0415  --help of this command must stay quick
    from ..dataset.exports.forms import FORMS  # noqa: PLC0415

    push_to, public = options.pop("push_to"), options.pop("public")
    ab, out = options.pop("ab"), options.pop("out")
    named = {name: value for name in _FIELDS if (value := options.pop(f"{name}_field")) is not None}
    if push_to:
        from ..dataset.exports.hub import check_push  # noqa: PLC0415

        check_push(push_to)
        if ab:
            raise click.UsageError("--ab writes two data sets; push one of them with an export of its own.")
    if ab:
        if out.suffix.lower() in {".jsonl", ".ndjson", ".json", ".parquet", ".pq"}:
            raise click.UsageError(f"--ab writes two folders into --out, and {out} is the name of a file.")
        matched = _matched(source, runs, ab, plain=FORMS[form].source == "rows" and not edited)
        for name, each in zip(ab, matched, strict=True):
            _tell(export(each, Order(form, out / name, **options)))
        return
    opened = open_source(source, runs, what=FORMS[form].source, edited=edited, named=named)
    done = export(opened, Order(form, out, **options))
    _tell(done)
    if push_to:
        from ..dataset.exports.hub import push  # noqa: PLC0415

        click.echo(f"On the Hub: {push(done.files, push_to, public=public)}")


def open_source(
    source: str, runs: Path, *, what: str = "rows", edited: bool = False, named: Mapping[str, str] | None = None
) -> Source:
    """A file of rows where there is one of this name, else a run.

    Args:
        source: the file, or the run.
        runs: the folder of runs.
        what: see `reading.open_run`.
        edited: take the edits that a person made on the page.
        named: names of the file's fields, where they are said.

    Raises:
        UsageError: there is neither, or edits by hand are asked for where there can be none.
    """
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415
    from ..dataset.exports.reading import open_file, open_run  # noqa: PLC0415
    from .run_list import find_run  # noqa: PLC0415

    is_file = source.startswith("hub:") or Path(source).is_file()
    if edited and (is_file or what != "rows"):
        raise UsageError(
            "Edits by hand belong to the data set of a run.", fix="Leave --edited out, or give a run and another --to."
        )
    if is_file:
        return open_file(source, named)
    if named:
        raise UsageError("Names of fields are for a file, and the rows of a run have ours.", fix="Leave them out.")
    _refuse_folder(source)
    return open_run(find_run(source, runs), what=what, edited=edited)


def _refuse_folder(source: str) -> None:
    """A folder that is no run may hold files of rows: a mix, a part of a run, a member of a panel, an export.

    Raises:
        UsageError: it is one, or nothing has this name though it says where it would be.
    """
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415

    path = Path(source)
    if not path.is_dir() or (path / "settings.json").is_file():
        return
    inside = sorted(each.name for each in path.glob("*.jsonl") if not each.name.startswith(_NO_DATA))
    if inside:
        first = next((name for name in _DATA if name in inside), inside[0])
        others = f" It also has {', '.join(name for name in inside if name != first)}." if len(inside) > 1 else ""
        raise UsageError(f"{source} is a folder, and not that of a run.", fix=f"Give its file: {path / first}.{others}")


def _matched(source: str, runs: Path, ab: tuple[str, str], *, plain: bool) -> tuple[Source, Source]:
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415
    from ..dataset.exports.matched import open_matched  # noqa: PLC0415
    from .run_list import find_run  # noqa: PLC0415

    if not plain:
        raise UsageError(
            "Matched sets are made of rows, as they are.", fix="Leave --edited out, and dpo and reward as --to."
        )
    return open_matched(find_run(source, runs), *ab)


def _tell(done: Exported) -> None:
    from ...agents.reading import one_line  # noqa: PLC0415

    tally, data = done.tally, done.files[0]
    click.echo(f"{tally.written:,} of {tally.read:,} rows written to {data}: {done.form.what}.")
    for reason, count in tally.counts.items():
        names = tally.named.get(reason, [])
        shown = ", ".join([*map(one_line, names), *(["…"] if count > len(names) else [])])
        click.echo(f"  left out, {reason}: {count:,}{f' ({shown})' if names else ''}")
    for note in done.notes:
        click.echo(f"  {note}")
    click.echo(f"Beside it: {', '.join(path.name for path in done.files[1:])}.")
