"""`autoevol pack`: which rows share a training sequence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import runs_option

if TYPE_CHECKING:
    from ..curate.packing.templates import Learn

__all__ = ["command"]


@click.command("pack")
@click.argument("source", metavar="RUN|FILE")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder to write.")
@click.option("--max-tokens", default=4096, show_default=True, type=click.IntRange(min=1), help="Tokens of a pack.")
@click.option("--tokenizer", type=click.Path(path_type=Path), metavar="PATH",
              help="The student's tokenizer.json, or the folder that it is in [default: an estimate].")  # fmt: skip
@click.option("--template", default="chatml", show_default=True, metavar="NAME|FILE",
              help="chatml, llama-3, alpaca, plain, own (the tokenizer's), or a Jinja file.")  # fmt: skip
@click.option("--learn", type=click.Choice(["last", "all", "text"]), default="last", show_default=True,
              help="What the loss counts: the last answer, all answers, the whole text.")  # fmt: skip
@click.option("--tokens", is_flag=True, help="Also write tokens.jsonl: ids, labels and positions of each pack.")
@click.option("--segments", is_flag=True, help="Also write segments.jsonl: texts with what is learnt (input_output).")
@click.option("--seed", default=1, show_default=True, help="Seed of the order of the packs.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@runs_option
def command(
    source: str, out: Path, max_tokens: int, tokenizer: Path | None, template: str, learn: Learn, **options: Any
) -> None:
    """Plan packs of at most --max-tokens for the rows of RUN or FILE; no row is split.

    packs.jsonl has row ids, lengths, beginnings (cu_seqlens) and what is learnt; rows that are too long are in
    dropped.jsonl.
    """
    from ..curate.packing.plan import PackOrder, plan_packs  # noqa: PLC0415  --help must stay quick
    from ..curate.packing.templates import template_of  # noqa: PLC0415
    from ..curate.packing.tokens import open_tokenizer  # noqa: PLC0415
    from .export import open_source  # noqa: PLC0415

    counter = open_tokenizer(tokenizer)
    folder = tokenizer if tokenizer is None or tokenizer.is_dir() else tokenizer.parent
    runs = options.pop("runs")
    order = PackOrder(max_tokens, out, **options)
    told = plan_packs(open_source(source, runs), counter, template_of(template, folder, learn), order).manifest
    click.echo(
        f"{told['packed']:,} row{'s' * (told['packed'] != 1)} in {told['packs']:,} pack{'s' * (told['packs'] != 1)}"
        f" of {max_tokens:,} tokens: {told['utilisation']:.1%} used "
        f"({told['utilisation_unpacked']['padded_to_longest']:.1%} with each row padded to the longest, "
        f"{told['longest_row']:,} tokens); {told['learnt_tokens']:,} of {told['tokens']:,} tokens are learnt."
    )
    for reason, count in told["dropped"].items():
        click.echo(f"  left out, {reason}: {count:,}")
    if not told["exact"]:
        click.echo("  Tokens are estimated: a pack may come out too long. Give the student's --tokenizer.")
    if told["straddling_tokens"]:
        click.echo(f"  {told['straddling_tokens']:,} tokens begin before an answer and end in it: not learnt.")
    click.echo(f"Written to {out}.")
