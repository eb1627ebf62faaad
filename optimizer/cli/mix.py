"""`autoevol mix`: several sets of rows as one, with a manifest of what was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import runs_option

if TYPE_CHECKING:
    from ..curate.mixing.mix import Mix
    from ..curate.mixing.pool import Pool
    from ..curate.mixing.skill_rounds import SkillRounds

__all__ = ["command"]

_out = click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder to write.")
_by = click.option("--by", default="", metavar="NAME",
                   help="What rows are grouped by: a field as `provenance.topic`, `language` or `length` [default: the "
                        "first of topic, category, skill … that a row has].")  # fmt: skip
_by_skill = click.option("--by", default="skill", show_default=True, metavar="NAME",
                         help="The field that says a row's skill, of --run (in the row or its seed) and of --rows, as "
                              "`provenance.topic`.")  # fmt: skip
_seed = click.option("--seed", default=1, show_default=True, help="Seed of every draw.")
_copies = click.option("--copies", default=4, show_default=True, type=click.IntRange(min=1), metavar="N",
                       help="How often a row may stand in the mix where its set is too small.")  # fmt: skip
_force = click.option("--force", is_flag=True, help="Replace files that are there.")


@click.group()
def command() -> None:
    """Mix sets of rows: in two stages, in given shares, or by skills. A set is RUN, FILE or NAME=RUN|FILE.

    Draws are by hash of each row, so that the order of the rows does not matter, and stratified by group.
    """


@command.command("stages")
@click.option("--special", multiple=True, required=True, metavar="SET", help="Specialised rows; several times.")
@click.option("--general", multiple=True, required=True, metavar="SET", help="General rows; several times.")
@click.option("--share", "shares", multiple=True, default=("1/256",), show_default=True, metavar="K",
              help="Share of the specialised rows that comes back in stage 2; several times for a sweep.")  # fmt: skip
@_by
@_seed
@_out
@_force
@runs_option
def stages(special: Sequence[str], general: Sequence[str], shares: Sequence[str], **options: Any) -> None:
    """Two stages (DMT): first all specialised rows, then the general ones and a small share of the specialised."""
    from ..curate.mixing.pool import Pool  # noqa: PLC0415  --help must stay quick
    from ..curate.mixing.stages import read_share, two_stages  # noqa: PLC0415

    known = [read_share(each) for each in shares]
    with Pool(options["by"]) as pool:
        first, rest = (_add(pool, sets, options["runs"]) for sets in (special, general))
        _write(pool, two_stages(pool, first, rest, known, options["seed"]), options)


@command.command("ratio")
@click.argument("sets", nargs=-1, required=True, metavar="SET...")
@click.option("--take", multiple=True, metavar="NAME=AMOUNT",
              help="Rows of a set: a number, a share (30%, 1/4) or all [default: all].")  # fmt: skip
@click.option("--total", type=click.IntRange(min=1), metavar="N", help="Rows of the mix.")
@_copies
@_by
@_seed
@_out
@_force
@runs_option
def ratio(sets: Sequence[str], take: Sequence[str], total: int | None, copies: int, **options: Any) -> None:
    """Sets in given numbers or shares; what is drawn, repeated or short is said."""
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415
    from ..curate.mixing.pool import Pool  # noqa: PLC0415  --help must stay quick
    from ..curate.mixing.ratio import by_ratio, read_amount  # noqa: PLC0415

    amounts = {name: read_amount(amount) for name, _, amount in (each.rpartition("=") for each in take)}
    with Pool(options["by"]) as pool:
        names = _add(pool, sets, options["runs"])
        for name in amounts:
            if name not in names:
                raise UsageError(f"There is no set {name!r}.", fix=f"The sets are {', '.join(names)}.")
        _write(pool, by_ratio(pool, amounts, total, copies, options["seed"]), options)


@command.command("skills")
@click.argument("state", type=click.Path(path_type=Path, dir_okay=False), metavar="STATE.json")
@click.option("--graph", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Begin: skills and which helps which (TOML or JSON, docs/mixing.md).")  # fmt: skip
@click.option("--with", "values", multiple=True, metavar="NAME=VALUE",
              help="At the beginning: eta, window, normalize_loss … (docs/mixing.md).")  # fmt: skip
@click.option("--losses", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Next round: losses by skill, as a JSON object.")  # fmt: skip
@click.option("--run", metavar="RUN", help="Next round: failure rates by skill of this run, as losses.")
@click.option("--judge-only", is_flag=True, help="Of --run count only what the judge found.")
@click.option("--count", default=1000, show_default=True, type=click.IntRange(min=1), help="Rows of the round.")
@click.option("--rows", multiple=True, metavar="SET", help="Draw the round's rows out of these, into --out.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for them.")
@_copies
@_by_skill
@_seed
@_force
@runs_option
def skills(
    state: Path, graph: Path | None, values: Sequence[str], rows: Sequence[str], out: Path | None, copies: int,
    **options: Any,
) -> None:  # fmt: skip
    """Weights of skills from losses (Skill-it), round by round: what to make or draw next.

    With --graph STATE.json is begun and its first round told; with --losses or --run the next round is added; without
    any of them the rounds so far are told.
    """
    from ..curate.mixing.pool import Pool  # noqa: PLC0415  --help must stay quick
    from ..curate.mixing.skill_rounds import draw_round, read_rounds  # noqa: PLC0415

    if bool(rows) != bool(out):
        raise click.UsageError("--rows and --out belong together.")
    if graph is not None:
        known = _begun(state, graph, values, force=options["force"])
    else:
        if values:
            raise click.UsageError("--with says how to begin, and needs --graph.")
        known = read_rounds(state)
    told = _measured(options, known)
    if graph is not None and told is None:
        told = dict[str, float](), "nothing yet, every loss 1"
    if told is not None:
        known = known.following(*told, options["count"])
    if out is not None:
        with Pool(options["by"]) as pool:
            _add(pool, rows, options["runs"])
            _write(pool, draw_round(pool, known, copies, options["seed"]), {**options, "out": out})
    _keep(known, state, new=told is not None)


def _begun(state: Path, graph: Path, values: Sequence[str], *, force: bool) -> SkillRounds:
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415
    from ..curate.mixing.skill_graph import read_graph  # noqa: PLC0415
    from ..curate.mixing.skill_rounds import SkillRounds, read_settings  # noqa: PLC0415

    if state.exists() and not force:
        raise UsageError(f"{state} is there already.", fix="Leave --graph out to go on with it, or give --force.")
    return SkillRounds(read_graph(graph), read_settings(values))


def _measured(options: dict[str, Any], known: SkillRounds) -> tuple[dict[str, float], str] | None:
    """Losses and where they come from; None where none are told."""
    from ..curate.mixing.failures import failure_rates  # noqa: PLC0415
    from ..curate.mixing.skill_rounds import read_losses  # noqa: PLC0415
    from ..pages.numbers import count  # noqa: PLC0415
    from .run_list import find_run  # noqa: PLC0415

    losses, run = options["losses"], options["run"]
    if losses and run:
        raise click.UsageError("Give --losses or --run, not both.")
    if losses:
        return read_losses(losses), f"the file {losses.name}"
    if not run:
        return None
    folder = find_run(run, options["runs"])
    known.refuse_counted(folder.name)
    found = failure_rates(folder, options["by"], judge_only=options["judge_only"])
    if found.unknown:
        click.echo(f"{count(found.unknown, 'row')} of {folder.name} without a skill left aside.")
    if found.passed_over:
        click.echo(f"{found.passed_over:,} rows that selectors left out did not fail and are left aside.")
    counted = sum(found.rows.values())
    whose = "the judge's findings" if options["judge_only"] else "findings and drops"
    return found.rates, f"failure rates of {counted:,} rows of the run {folder.name} ({whose})"


def _keep(known: SkillRounds, state: Path, *, new: bool) -> None:
    from ..pages.numbers import count  # noqa: PLC0415

    if new:
        known.write(state)
    for number, each in enumerate(known.rounds, 1):
        click.echo(f"Round {number} ({each.measured}; eta {each.eta:g}):")
        for name, weight in each.weights.items():
            loss = f", loss {each.losses[name]:.4g}" if name in each.losses else ""
            click.echo(f"  {name}: {weight:.2%}, {count(each.quotas[name], 'row')}{loss}")
    if new:
        click.echo(f"Written to {state}.")


def _add(pool: Pool, sets: Iterable[str], runs: Path) -> list[str]:
    """Read the sets; gives their names."""
    from .sources import open_set  # noqa: PLC0415

    names: list[str] = []
    for text in sets:
        name, source, path = open_set(text, runs)
        pool.add(name, source, path)
        names.append(name)
    return names


def _write(pool: Pool, mix: Mix, options: dict[str, Any]) -> None:
    from ..curate.mixing.writing import write_mix  # noqa: PLC0415
    from ..pages.numbers import count  # noqa: PLC0415

    pool.check_groups()
    write_mix(pool, mix, options["out"], force=options["force"])
    for file in mix.files:
        click.echo(f"{count(len(file.rows), 'row')} in {options['out'] / file.name}: {file.what}.")
    left = len(mix.left) + len(pool.unusable)
    click.echo(f"{count(left, 'row')} in dropped.jsonl; manifest.json and README.md say what was drawn.")
    for note in mix.notes:
        click.echo(f"  {note}")
