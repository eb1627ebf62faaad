"""The options that `optimize` and `evolve` share: a table, from which click's options and settings are made."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

import click

from ...agents.gateway.errors import UsageError
from ..record.tree import Tree, merge
from .parsing import parse_budget, parse_prices, parse_set, student_tree

__all__ = ["GroupedCommand", "PartCommand", "flags_of", "json_option", "runs_option", "session_options"]

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
_SPEAKERS = ("evolver", "responder", "analyst", "refiner", "judge")


@dataclass(frozen=True, slots=True)
class _Flag:
    """One option: how it is written, what it means, and the setting (a dotted path) that it gives."""

    names: str
    help: str
    setting: str = ""
    type: click.ParamType[Any, Any] | type[Any] = str
    metavar: str | None = None
    multiple: bool = False
    is_flag: bool = False


_WHOLE = click.IntRange(min=0)
_POSITIVE = click.IntRange(min=1)
_RATE = click.FloatRange(min=0, min_open=True)

_GROUPS: Mapping[str, tuple[_Flag, ...]] = {
    "Models": (
        _Flag("--base-url", "OpenAI-compatible address, usually ending in /v1.", "endpoints.default.base_url",
              metavar="URL"),
        _Flag("--model", "Model of every role that names none of its own.", "model",
              metavar="NAME"),
        _Flag("--local", "Embedded model, by name or as a .gguf file.", "endpoints.default.local",
              metavar="NAME"),
        _Flag("--script", "Scripted model: a JSONL file of answers.", "endpoints.default.script", metavar="FILE"),
        _Flag("--key-env", "Variable that holds the key [default: OPENAI_API_KEY, where it is set].",
              "endpoints.default.key_env", metavar="NAME"),
        _Flag("--key-file", "File whose first line is the key.", "endpoints.default.key_file", metavar="FILE"),
        *(_Flag(f"--{role}-model", f"Model of the {role}.", f"roles.{role}.model", metavar="NAME")
          for role in _SPEAKERS),
    ),
    "Limits and money": (
        _Flag("--budget", "Hard caps: 5usd, 2000calls, 1000000tokens, 90min; several with commas.", multiple=True,
              metavar="CAP"),
        _Flag("--price", "USD per million tokens, IN,OUT or MODEL=IN,OUT.", multiple=True, metavar="IN,OUT"),
        _Flag("--rpm", "Requests a minute.", "endpoints.default.rpm", _RATE),
        _Flag("--tpm", "Tokens a minute.", "endpoints.default.tpm", _RATE),
        _Flag("--concurrency", "Calls in flight.", "endpoints.default.concurrency", _POSITIVE),
    ),
    "Search": (
        _Flag("--profile", "recommended, paper or official-code.", "profile", metavar="NAME"),
        _Flag("--quirks", "Quirks of a published profile to switch, as in -ties-accepted,+unchecked.", "quirks",
              metavar="LIST"),
        _Flag("--method", "Starting method: a name (`autoevol methods list`) or a file.", "search.method",
              metavar="METHOD"),
        _Flag("--strategy", "auto-evol, best-of-n, evolutionary, gepa or mipro.", "search.strategy", metavar="NAME"),
        _Flag("--steps", "Turns of the loop, at most.", "search.steps", _WHOLE),
        _Flag("--batch", "Seeds evolved for analysis in a step.", "search.batch", _POSITIVE),
        _Flag("--candidates", "Candidate methods in a step.", "search.candidates", _POSITIVE),
        _Flag("--rounds", "Evolutions in a row per seed.", "search.rounds", _POSITIVE),
        _Flag("--dev", "Seeds to decide on.", "search.dev", _POSITIVE),
        _Flag("--test", "Seeds to confirm on, once.", "search.test", _WHOLE),
        _Flag("--judge/--no-judge", "Let the judge look at what passes the free detectors.", "judge", is_flag=True),
        _Flag("--student", "Fit the difficulty to this model: evolve up, keep or evolve down by its pass rate.",
              metavar="NAME"),
        _Flag("--embedder", "Measure the diversity of a method by embeddings of this model, too.", metavar="NAME"),
        _Flag("--detectors", "Detectors and checks: +agreement,-restated, or all by name [default: the profile's].",
              "detectors", metavar="LIST"),
        _Flag("--prompts", "Folder or file of prompts of your own, which win over the shipped ones.", "prompts",
              metavar="PATH"),
        _Flag("--seed", "Seed of every random choice.", "run_seed", int),
    ),
    "Seeds": (
        _Flag("--instruction-field", "Name of the field of the instruction.", "seeds.instruction", metavar="NAME"),
        _Flag("--input-field", "Of the input that belongs to it.", "seeds.input", metavar="NAME"),
        _Flag("--response-field", "Of the known response.", "seeds.response", metavar="NAME"),
        _Flag("--system-field", "Of the system prompt.", "seeds.system", metavar="NAME"),
        _Flag("--messages-field", "Of the conversation.", "seeds.messages", metavar="NAME"),
        _Flag("--split", "Split of a Hugging Face data set.", "seeds.split", metavar="NAME"),
        _Flag("--revision", "Revision of a Hugging Face data set.", "seeds.revision", metavar="NAME"),
        _Flag("--limit", "Read at most so many good rows.", "seeds.limit", _POSITIVE),
        _Flag("--language", "Language of all rows, as en or zh [default: told from each row].", "seeds.language",
              metavar="CODE"),
    ),
    "Output": (
        _Flag("--responder-form", "direct, step-by-step, scratchpad or own.", "responder_form", metavar="FORM"),
        _Flag("--responder-prompt", "What the responder is told, for the form `own`.", "responder_prompt"),
        _Flag("--reasoning", "Reasoning traces: strip, apart or export.", "reasoning", metavar="WAY"),
        _Flag("--apply/--no-apply", "Apply the chosen method to every seed.", "apply", is_flag=True),
        _Flag("--apply-limit", "Apply it to at most so many seeds.", "apply_limit", _POSITIVE),
    ),
    "This run": (
        _Flag("--config", "Settings file (.toml, .yaml or .json); options win over it.", metavar="FILE",
              type=click.Path(path_type=Path)),
        _Flag("--set", "Any other setting, as in --set roles.evolver.max_tokens=300.", multiple=True,
              metavar="NAME=VALUE"),
        _Flag("--reuse", "Take answers that another run has paid for; never for the test.", "reuse", multiple=True,
              metavar="RUN"),
        _Flag("--name", "Name of the run, part of its folder's name.", "name",
              metavar="NAME"),
        _Flag("--runs", "Folder that holds the runs [default: ./runs].", metavar="DIR",
              type=click.Path(path_type=Path)),
        _Flag("--dry-run", "Only say what it would take: no call, no folder.", is_flag=True),
        _Flag("--yes", "Do not ask before paid calls without a cap.", is_flag=True),
        _Flag("--on-event", "Command (the news on stdin, as JSON) or address that hears of pauses, stops and the end.",
              "on_event", metavar="CMD"),
        _Flag("--detach", "Run in the background, with its log in the run folder.", is_flag=True),
        _Flag("--quiet", "Show no progress.", is_flag=True),
    ),
}  # fmt: skip


_OF_ALL = frozenset(("profile", "embedder", "prompts", "seed", "reasoning", "responder_form", "responder_prompt"))
"""Options among those of a search and its output that mean something to every recipe or selector."""


class GroupedCommand(click.Command):
    """A command whose help shows its many options under headings."""

    HEADINGS: ClassVar[Mapping[str, str]] = {}
    """What a group is called here, where that is something else."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Own options first, then group by group."""
        groups = {
            self.HEADINGS.get(name, name): [_parameter_name(flag) for flag in flags] for name, flags in _GROUPS.items()
        }
        grouped = set(itertools.chain.from_iterable(groups.values()))
        records = {
            str(parameter.name): record
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx))
        }
        for name, members in {"Options": [n for n in records if n not in grouped], **groups}.items():
            rows = [records[member] for member in members if member in records]
            if rows:
                with formatter.section(name):
                    formatter.write_dl(rows)


class PartCommand(GroupedCommand):
    """One that makes rows by recipes or chooses among them: what is only of a search stands last, and in short.

    A search is one part among others there (`auto-evol`).
    """

    HEADINGS = MappingProxyType({"Search": "Every part"})

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """With the words on the embedder that hold here."""
        found = super().get_params(ctx)
        for parameter in found:
            if isinstance(parameter, click.Option) and parameter.name == "embedder":
                parameter.help = "Model that makes vectors, at the endpoint of the others."
        return found

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Options of the parts first, those of a search by their names at the end."""
        searching = {_parameter_name(flag) for flag in (*_GROUPS["Search"], *_GROUPS["Output"])} - _OF_ALL
        hidden = [each for each in self.get_params(ctx) if each.name in searching and isinstance(each, click.Option)]
        for parameter in hidden:
            parameter.hidden = True
        try:
            super().format_options(ctx, formatter)
        finally:
            for parameter in hidden:
                parameter.hidden = False
        with formatter.section("Where the recipe auto-evol is a part (`autoevol optimize --help` says what they mean)"):
            formatter.write_text(" ".join(parameter.opts[0] for parameter in hidden))


def session_options(function: CommandT) -> CommandT:
    """Add every option of the table to a command."""
    for flag in reversed(list(itertools.chain.from_iterable(_GROUPS.values()))):
        function = _option(flag)(function)
    return function


def runs_option(function: CommandT) -> CommandT:
    """Add `--runs DIR`, by which commands that take a run find it by name."""
    return click.option(
        "--runs", type=click.Path(path_type=Path), default=Path("runs"), metavar="DIR",
        help="Folder that holds the runs [default: ./runs].",
    )(function)  # fmt: skip


def json_option(function: CommandT) -> CommandT:
    """Add `--json`, for programs that start a run."""
    return click.option(
        "--json", "as_json", is_flag=True,
        help="Progress as JSON lines on stderr; how it ended as one JSON object on stdout.",
    )(function)  # fmt: skip


def flags_of(options: Mapping[str, Any]) -> Tree:
    """What the options say, as a tree of settings; options that were not given say nothing.

    Raises:
        UsageError: a cap, a price or `--set` cannot be read, or two options name different kinds of models.
    """
    given = {name: value for name, value in options.items() if value is not None and value != ()}
    kinds = [f"--{name.replace('_', '-')}" for name in ("base_url", "local", "script") if name in given]
    if len(kinds) > 1:
        raise UsageError(f"{' and '.join(kinds)} exclude each other.", fix="Give one of them.")
    tree: Tree = {}
    for line in given.get("set", ()):
        _graft(tree, parse_set(line))
    for flag in itertools.chain.from_iterable(_GROUPS.values()):
        value = given.get(_parameter_name(flag))
        if flag.setting and value is not None:
            if flag.setting in {"detectors", "quirks"}:
                value = [name.strip() for name in str(value).split(",") if name.strip()]
            _put(tree, flag.setting.split("."), value)
    if "student" in given:
        _graft(tree, student_tree(str(given["student"])))
    if "embedder" in given:
        _graft(tree, {"embedder": True, "roles": {"embedder": {"model": str(given["embedder"])}}})
    if "budget" in given:
        _graft(tree, {"budget": parse_budget(given["budget"])})
    if "price" in given:
        _graft(tree, {"endpoints": {"default": {"prices": parse_prices(given["price"], given.get("model", ""))}}})
    return tree


def _parameter_name(flag: _Flag) -> str:
    return flag.names.partition("/")[0].removeprefix("--").replace("-", "_")


def _option(flag: _Flag) -> Callable[[CommandT], CommandT]:
    if flag.is_flag:
        default = None if flag.setting else False
        return click.option(flag.names, _parameter_name(flag), is_flag=True, default=default, help=flag.help)
    return click.option(
        flag.names, _parameter_name(flag), type=flag.type, multiple=flag.multiple, help=flag.help,
        metavar=flag.metavar or ("TEXT" if flag.type is str else "N"),
    )  # fmt: skip


def _put(tree: Tree, path: list[str], value: object) -> None:
    branch: Tree = {path[-1]: value}
    for part in reversed(path[:-1]):
        branch = {part: branch}
    _graft(tree, branch)


def _graft(tree: Tree, branch: Tree) -> None:
    merged = merge(tree, branch)
    tree.clear()
    tree.update(merged)
