"""What a caller says, as settings of a run that is to be made."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ...agents.gateway.errors import UsageError
from ..record.tree import Tree, drop_other_kinds, merge
from .given import check_given, folder_of, lines_of
from .problems import as_ours
from .results import Result

if TYPE_CHECKING:
    from ...agents.method import Method
    from .values import SeedValues

__all__ = ["Contestant", "Order", "Said", "Seeds", "comparison", "making", "order_of", "said_tree"]

Seeds: TypeAlias = "str | Path | SeedValues | Iterable[Mapping[str, object]] | None"
"""A file, `hub:NAME`, a table of settings (`source` and the names of fields), rows as mappings (kept in a file beside
the run, which needs them again), or nothing where the settings name them or the recipe needs none."""
Said: TypeAlias = "str | Path | Mapping[str, object] | None"
"""A settings file, or settings as the tree that such a file holds."""
Contestant: TypeAlias = "str | Path | Method | Result | tuple[str, str | Path | Method | Result]"
"""As the command names them: a shipped method, a method file, a run, a prompt of one's own, a file of finished rows; or
a method, or the result of an earlier call. A pair is a name and one of these."""
Recipes: TypeAlias = "str | Mapping[str, object] | Sequence[str | Mapping[str, object]]"
"""The name of a recipe, a table as in a settings file, or several of these in their order."""

_SHORT = ("base_url", "local", "script", "key_env", "key_file", "rpm", "tpm", "concurrency")
_OF_COMPARE = ("baseline", "evolvers", "items", "run_seeds", "pairwise")


@dataclass(frozen=True, slots=True)
class Order:
    """A run that is to be made.

    Args:
        config: a settings file, or None.
        said: settings as a tree; they win over the file.
        runs: the folder that holds runs.
        uncapped: whether paid calls without a cap are agreed to.
    """

    config: Path | None
    said: Tree
    runs: Path
    uncapped: bool = False


def order_of(
    recipe: str, seeds: Seeds, settings: Said, runs: str | Path, values: Mapping[str, object], *,
    uncapped: bool, more: Mapping[str, object] | None = None,
) -> Order:  # fmt: skip
    """What was said, as one order.

    Args:
        recipe: what is done.
        seeds, settings, runs, uncapped: as the functions take them.
        values: settings by name.
        more: what the function itself says, as a tree.

    Raises:
        UsageError: a value cannot be read.
    """
    folder = folder_of(runs)
    check_given("settings", settings, (str, Path, Mapping, type(None)), "the path of a settings file, or a table")
    check_given("uncapped", uncapped, bool, "True or False")
    config = Path(settings) if isinstance(settings, str | Path) else None
    tree = _plain(settings) if isinstance(settings, Mapping) else {}
    named = said_tree(values)
    drop_other_kinds(tree, named)  # where the models are is said once: by name where that is said, too
    said = merge(merge(tree, named), {"recipe": recipe, **(more or {}), **_seeds(seeds, folder)})
    return Order(config, said, folder, uncapped)


def comparison(
    contestants: Sequence[Contestant], seeds: Seeds | Sequence[str | Path], settings: Said, runs: str | Path,
    values: Mapping[str, object], *, uncapped: bool,
) -> Order:  # fmt: skip
    """A comparison as an order. Arguments as of `order_of`; several files of seeds are the sets of a transfer table.

    Raises:
        UsageError: a value cannot be read.
    """
    said: Tree = {name: values[name] for name in _OF_COMPARE if name in values}
    if "items" in said and said["items"] is None:
        said["items"] = "none"  # a tree says so, since None in it means nothing was said
    first, others = _sets(seeds)
    if others:
        said["seeds"] = others
    if contestants:
        said["contestants"] = [_word(each, folder_of(runs)) for each in contestants]
    rest = {name: value for name, value in values.items() if name not in _OF_COMPARE}
    return order_of("compare", first, settings, runs, rest, uncapped=uncapped, more={"compare": _plain(said)})


def making(recipes: Recipes) -> Tree:
    """Recipes as the `[[make]]` tables of a settings file.

    Raises:
        UsageError: there is no recipe of such a name, or none is named.
    """
    from ..record.making.recipes import PARTS  # noqa: PLC0415  brings pydantic

    words = "the name of a recipe, a table such as {'recipe': 'dedup'}, or a list of these"
    check_given("recipes", recipes, (str, Mapping, Sequence), words)
    parts = [recipes] if isinstance(recipes, str | Mapping) else list(recipes)
    if not parts:
        raise UsageError("No recipe is named.", fix=f"Give {words}.")
    for number, part in enumerate(parts):
        check_given(f"recipes[{number}]", part, (str, Mapping), words)
    tables = [{"recipe": part} if isinstance(part, str) else _plain(part) for part in parts]
    for name in (str(table.get("recipe", "")) for table in tables):
        if name not in PARTS:
            close = difflib.get_close_matches(name, PARTS, n=1)
            hint = f"Did you mean '{close[0]}'?" if close else f"Recipes are: {', '.join(PARTS)}."
            raise UsageError(f"There is no recipe '{name}'.", fix=hint)
    return {"make": tables}


def said_tree(values: Mapping[str, object]) -> Tree:
    """What was said by name as a tree of settings, the short ways taken to their places.

    Raises:
        UsageError: `budget` or `price` cannot be read, or more than one kind of endpoint is named.
    """
    from ..cli.options import flags_of  # noqa: PLC0415  loaded when a function is called, not when it is imported

    flags: dict[str, Any] = {name: values[name] for name in _SHORT if values.get(name) is not None}
    rest = {name: value for name, value in values.items() if name not in {*_SHORT, "price"}}
    if isinstance(rest.get("budget"), str):
        flags["budget"] = (rest.pop("budget"),)
    if values.get("price") is not None:
        check_given("price", values["price"], str, "text, such as '0.15,0.60' or 'MODEL=0.15,0.60'")
        flags |= {"price": (values["price"],), "model": values.get("model", "")}
    with as_ours():
        return merge(_plain(rest), _plain(flags_of(flags)))


def _seeds(seeds: Seeds, runs: Path) -> Tree:
    """Where the seeds are; rows are put into a file that is named by what it holds, so that a resume finds it."""
    from ..record.folder import write_atomically  # noqa: PLC0415

    if seeds is None:
        return {}
    if isinstance(seeds, str | Path):
        return {"seeds": {"source": str(seeds)}}
    if isinstance(seeds, Mapping):
        return {"seeds": _plain(cast("Mapping[str, object]", seeds))}
    text = lines_of(seeds)
    path = runs / f"seeds-{hashlib.sha256(text.encode()).hexdigest()[:12]}.jsonl"
    write_atomically(path, text)
    return {"seeds": {"source": str(path.resolve())}}


def _sets(seeds: Seeds | Sequence[str | Path]) -> tuple[Seeds, list[str]]:
    """The first source of seeds, and the others where there are several."""
    if seeds is None or isinstance(seeds, str | Path | Mapping):
        return cast("Seeds", seeds), []
    given = cast("Any", seeds)
    if not isinstance(given, Iterable):
        return given, []  # which is refused where seeds are read
    several = list(cast("Iterable[object]", given))
    places = [str(each) for each in several if isinstance(each, str | Path)]
    if not places:
        return cast("Seeds", several), []
    if len(places) < len(several):
        raise UsageError("Seeds are files and rows at once.", fix="Give files, or rows.")
    return places[0], places[1:]


def _word(contestant: Contestant, runs: Path) -> str:
    """A contestant in the words of the command."""
    if isinstance(contestant, tuple):
        pair = cast("tuple[Any, ...]", contestant)
        if len(pair) != 2 or not isinstance(pair[0], str):
            raise UsageError("A pair is a name and a contestant.", fix="Give ('name', contestant).")
        return f"{pair[0]}={_word(pair[1], runs)}"
    if isinstance(contestant, str | Path):
        return str(contestant)
    if isinstance(contestant, Result):
        return str(contestant.folder.resolve())
    from ...agents.method import Method  # noqa: PLC0415  for those who have one in hand
    from ...agents.method_file import dump_method  # noqa: PLC0415
    from ..record.folder import write_atomically  # noqa: PLC0415

    check_given("A contestant", contestant, Method, "the name of a method, a path, a method, or an earlier result")
    path = runs / f"method-{contestant.id}.md"
    write_atomically(path, dump_method(contestant))
    return str(path.resolve())


def _plain(value: Mapping[Any, object]) -> Tree:
    """Paths as text and mappings as tables, as a settings file would hold them.

    Raises:
        UsageError: something is named by what is no text.
    """
    for name in value:
        check_given("The name of a setting", name, str, "it as text")
    return {name: _plain_value(each) for name, each in value.items()}


def _plain_value(value: object) -> object:
    match value:
        case Path():
            return str(value)
        case Mapping():
            return _plain(cast("Mapping[str, object]", value))
        case list() | tuple():
            return [_plain_value(each) for each in cast("Sequence[object]", value)]
        case _:
            return value
