"""`autoevol bench strategies`: several search strategies on the same seeds at equal budget, run seed by run seed."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

import click

from .options import GroupedCommand, session_options

if TYPE_CHECKING:
    from ...agents.gateway.errors import UsageError
    from ...agents.method import Method
    from ..record.settings import Settings
    from ..record.tree import Tree

__all__ = ["NOT_HERE", "command"]

NOT_HERE = {"strategy", "detach", "apply", "apply_limit", "yes"}

_PLAN, _RECORD, _SEEDS = "bench.json", "result.json", "seeds.jsonl"
_OWN = ("name", "run_seed", "secret", "endpoints", "on_event", "track")  # not part of what runs have in common
_ANSWERS = ("local", "script", "packaged", "wire", "fallback")  # of an endpoint: whose answers these are
_ROWS = 1000
_SECRET = "00112233445566778899aabbccddeeff"  # noqa: S105  of worlds, so that they are the same everywhere


@click.group()
def command() -> None:
    """Measure on your own seeds and models what AutoEvol's parts are worth."""


@command.command("strategies", cls=GroupedCommand)
@click.argument("seeds", required=False)
@click.option("--strategies", default="auto-evol,gepa,mipro,best-of-n,evolutionary", show_default=True, metavar="LIST",
              help="Which, with commas; the others are held against the first.")  # fmt: skip
@click.option("--run-seeds", type=click.IntRange(min=1), default=3, show_default=True, metavar="K",
              help="Runs of each strategy, with run seeds from --seed on.")  # fmt: skip
@click.option("--world", metavar="NAME", help="No seeds and no model of yours: a simulated world of known truth.")
@click.option("--json", "as_json", is_flag=True, help="Print the record as one object.")
@session_options
def strategies(seeds: str | None, **options: Any) -> None:
    """Search by several strategies at equal budget on SEEDS, and print quality against cost with intervals.

    Quality is the mean score on each run's test split, which nothing was chosen on. Every run is an ordinary run folder
    under --runs/NAME; started a second time, the command goes on where it was, and asks nothing twice.
    """
    bench = _bench_of(seeds, options)
    if options["dry_run"]:
        click.echo("\n".join(bench.plan_lines()))
        return
    record = bench.run(quiet=options["quiet"])
    from ..pages.bench_table import bench_table  # noqa: PLC0415  --help must stay quick

    click.echo(json.dumps(record, ensure_ascii=False, indent=2) if options["as_json"] else bench_table(record))
    click.echo(f"Every run is in {bench.root}; `autoevol report RUN` shows one.", err=options["as_json"])


strategies.params = [parameter for parameter in strategies.params if parameter.name not in NOT_HERE]


@dataclass(frozen=True, slots=True)
class _Bench:
    """What is to be run, and where.

    Args:
        root: folder of all runs.
        names: the strategies.
        first, count: run seeds.
        world: name of the simulated world; empty where it is the person's own models.
        settings: of a run, by strategy, run seed and address of the world.
    """

    root: Path
    names: tuple[str, ...]
    first: int
    count: int
    world: str
    settings: Callable[[str, int, str], Settings]

    def plan_lines(self) -> list[str]:
        """What every strategy would take at most."""
        from .planning import plan_of  # noqa: PLC0415  --help must stay quick

        lines: list[str] = []
        with tempfile.TemporaryDirectory(prefix="autoevol-") as folder:
            for name in self.names:
                settings = self.settings(name, self.first, "http://127.0.0.1/v1")
                if self.world:  # nothing is to be written where the runs would be
                    place = _written_seeds(Path(folder) / _SEEDS)
                    settings = settings.model_copy(
                        update={"seeds": settings.seeds.model_copy(update={"source": str(place)})}
                    )
                calls = plan_of(settings, proving=False).forecast.calls
                lines.append(f"{name}: {self.count} runs of at most {calls:,} calls, {_caps(settings)} each")
        return [*lines, "Nothing was called and no folder was made."]

    def run(self, *, quiet: bool) -> dict[str, Any]:
        """Run what has not ended yet, and put the record together.

        Raises:
            SessionStopped: quota, key, outage or a person; the same command goes on.
        """
        from ..recipes.contest.bench import bench_object, outcome_of  # noqa: PLC0415
        from ..record.folder import RunFolder  # noqa: PLC0415
        from .launch import check_choices, check_endpoints, interruptible, refuse_unknown_prices  # noqa: PLC0415

        again = shlex.join(["autoevol", *sys.argv[1:]])
        outcomes: list[Any] = []
        with interruptible(self.root, again), self._models() as address:
            for settings in (self.settings(name, self.first, address) for name in self.names):
                check_choices(settings)
                check_endpoints(settings)
                refuse_unknown_prices(settings)
            self._settle(address)
            todo = [(seed, name) for seed in range(self.first, self.first + self.count) for name in self.names]
            for number, (seed, name) in enumerate(todo, 1):
                if not quiet:
                    click.echo(f"{name}, run seed {seed} ({number} of {len(todo)})", err=True)
                folder = self._run(self.settings(name, seed, address))
                outcomes.append(outcome_of(folder, name, seed, self._truth()))
        about = {"world": self.world, "budget": _caps(self.settings(self.names[0], self.first, address)),
                 "run_seeds": self.count}  # fmt: skip
        ordered = [one for name in self.names for one in outcomes if one.strategy == name]
        record = bench_object(ordered, about)
        RunFolder(self.root).write_json(_RECORD, record)
        return record

    def _run(self, settings: Settings) -> Path:
        """One run to its end, from wherever it stands; a cap that was met ends it, too."""
        import anyio  # noqa: PLC0415

        from ...agents.gateway.errors import BudgetReached  # noqa: PLC0415
        from ..pages.watcher import QuietWatcher  # noqa: PLC0415
        from ..session import create_run, run  # noqa: PLC0415
        from .run_list import read_entry  # noqa: PLC0415

        folder = next((path.parent for path in self.root.glob(f"*-{settings.name}/settings.json")), None)
        if folder is not None and read_entry(folder).state == "finished":
            return folder
        said = {"endpoints": {"default": {"base_url": settings.endpoints["default"].base_url}}} if self.world else {}
        folder, said = (create_run(settings, self.root), {}) if folder is None else (folder, said)
        ending = anyio.run(partial(run, folder, QuietWatcher(), said=said))
        if ending.stopped is not None and not isinstance(ending.stopped, BudgetReached):
            raise ending.stopped
        return folder

    def _settle(self, address: str) -> None:
        """What all runs have in common is said once; a second start must say the same.

        Raises:
            UsageError: it says something else, or its seeds cannot be read.
        """
        from ..dataset.whole import source_of  # noqa: PLC0415
        from ..record.config import freeze  # noqa: PLC0415
        from ..record.folder import RunFolder  # noqa: PLC0415
        from .planning import plan_of  # noqa: PLC0415

        settings = self.settings(self.names[0], self.first, address)
        frozen = json.loads(json.dumps(freeze(settings)))
        frozen["search"].pop("strategy", None)
        common = {name: value for name, value in frozen.items() if name not in _OWN}
        models = {name: _model_of(each, world=self.world) for name, each in frozen["endpoints"].items()}
        files = RunFolder(self.root)
        begun = (self.root / _PLAN).is_file()
        before: dict[str, Any] = files.read_json(_PLAN) if begun else {}
        held: dict[str, Any] = before.get("settings", {})
        changed = [name for name in common if common[name] != held.get(name)]
        changed += [what for what, now in (("world", self.world), ("endpoints", models)) if before.get(what) != now]
        if begun and changed:
            raise self._begun_with(f"other settings ({', '.join(changed)})")
        if self.world:
            _written_seeds(self.root / _SEEDS)
        seeds = source_of(settings).survey().fingerprint
        if begun and before.get("seeds") != seeds:
            raise self._begun_with("other seeds")
        for each in (self.settings(name, self.first, address) for name in self.names):
            if each.search.metric_calls is not None:  # else the last one might be refused when others are paid
                plan_of(each, proving=False)
        plan = {"world": self.world, "endpoints": models, "seeds": seeds, "settings": common}
        files.write_json(_PLAN, plan)

    def _begun_with(self, what: str) -> UsageError:
        from ...agents.gateway.errors import UsageError  # noqa: PLC0415

        return UsageError(
            f"The bench in {self.root} was begun with {what}.", fix="Say the same again, or give it another --name."
        )

    @contextmanager
    def _models(self) -> Generator[str]:
        """The address of the world for as long as the block lasts; empty where the models are the person's."""
        if not self.world:
            yield ""
            return
        from ...agents.gateway.simulated.provider.process import start_provider  # noqa: PLC0415
        from ...agents.gateway.simulated.provider.settings import settings_of  # noqa: PLC0415

        with start_provider(settings_of({"world": self.world})) as address:
            yield address

    def _truth(self) -> Callable[[Method], float] | None:
        if not self.world:
            return None
        from ...agents.gateway.simulated.provider.nature import WORLDS  # noqa: PLC0415
        from ...agents.gateway.simulated.provider.world import true_quality  # noqa: PLC0415

        return lambda method: true_quality("\n".join(method.clauses), WORLDS[self.world])


def _bench_of(seeds: str | None, options: dict[str, Any]) -> _Bench:
    """What the command line asks for.

    Raises:
        UsageError: a strategy is unknown or named twice, there is no cap, or seeds and a world are given.
    """
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415  --help must stay quick
    from ..record.config import resolve  # noqa: PLC0415
    from ..record.pricing import priced  # noqa: PLC0415
    from ..record.tree import merge  # noqa: PLC0415
    from .options import flags_of  # noqa: PLC0415

    world, names = options.pop("world") or "", _names(options.pop("strategies"))
    if world and seeds:
        raise UsageError("A world has seeds of its own.", fix="Give SEEDS or --world, not both.")
    root = (options["runs"] or Path("runs")) / (options["name"] or "bench-strategies")
    said = flags_of({name: value for name, value in options.items() if name != "name"})
    source = str(root / _SEEDS) if world else seeds
    said = merge(said, {"recipe": "auto-evol", "apply": False, **({"seeds": {"source": source}} if source else {})})

    def settings(strategy: str, run_seed: int, address: str) -> Settings:
        own: Tree = {"name": f"{strategy}-s{run_seed}", "run_seed": run_seed, "search": {"strategy": strategy}}
        if world:
            # The name is part of every draw, so each run seed has proposals of its own.
            model = f"world-{run_seed}"
            free = {"base_url": address, "concurrency": 16, "prices": {model: {"input": 0, "output": 0}}}
            own = merge(own, {"model": model, "secret": _SECRET, "endpoints": {"default": free}})
        return priced(resolve(options["config"], merge(said, own)))

    example = settings(names[0], 0, "http://127.0.0.1/v1")
    if all(cap is None for cap in (example.budget.calls, example.budget.tokens, example.budget.usd)):
        raise UsageError(
            "Strategies are compared at equal budget, which time alone is not.",
            fix="Give a cap of calls, tokens or money, such as --budget 5000calls.",
        )
    return _Bench(root, names, int(options["seed"] or 0), options["run_seeds"], world,
                  settings)  # fmt: skip


def _model_of(endpoint: Mapping[str, Any], *, world: str) -> dict[str, Any]:
    """Where answers come from: an endpoint without keys, headers, limits and prices; a world has a new address."""
    addresses = [endpoint["base_url"], *(replica["base_url"] for replica in endpoint["replicas"])]
    split = [urlsplit(address or "") for address in addresses if not world]
    shown = [one._replace(netloc=one.netloc.rpartition("@")[2], query="", fragment="").geturl() for one in split]
    return {"addresses": shown, **{name: endpoint[name] for name in _ANSWERS}}


def _written_seeds(path: Path) -> Path:
    """The seeds of every world; a file that is there already stays."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = ({"question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many balls are there?"}
                for n in range(_ROWS))  # fmt: skip
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _names(text: str) -> tuple[str, ...]:
    from ...agents.gateway.errors import UsageError  # noqa: PLC0415
    from ..record.settings import Strategy  # noqa: PLC0415

    names: Sequence[str] = [name.strip() for name in text.split(",") if name.strip()]
    known = get_args(Strategy)
    wrong = [name for name in names if name not in known or names.count(name) > 1]
    if wrong or not names:
        raise UsageError(
            f"'{', '.join(wrong)}' is unknown or named twice." if wrong else "No strategy is named.",
            fix=f"Name some of {', '.join(known)}, each once.",
        )
    return tuple(names)


def _caps(settings: Settings) -> str:
    """The caps in words; empty where there is none."""
    caps = settings.budget.model_dump()
    return ", ".join(f"{value:,} {name}" for name, value in caps.items() if value is not None)
