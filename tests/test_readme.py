"""What README and docs show is there: commands and options, files, links, make targets, settings, detectors."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from autoevol.agents.gateway.endpoints import Budget, Endpoint, Price
from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.making.recipes import RECIPES
from autoevol.optimizer.record.settings import (
    CheckSettings,
    CompareSettings,
    ExportSettings,
    RoleSettings,
    SearchSettings,
    SeedSettings,
    Settings,
    TrackSettings,
)
from autoevol.optimizer.scoring.detectors import DETECTORS, GATES

ROOT = Path(__file__).parents[1]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    ROOT / "runs" / "README.md",
]
TABLES: dict[str, type[BaseModel]] = {
    "": Settings,
    "endpoints.NAME.": Endpoint,
    "endpoints.NAME.prices.MODEL.": Price,
    "budget.": Budget,
    "seeds.": SeedSettings,
    "search.": SearchSettings,
    "checks.": CheckSettings,
    "compare.": CompareSettings,
    "roles.ROLE.": RoleSettings,
    "track.": TrackSettings,
    "export.": ExportSettings,
}


_INNER = {"export", "endpoints", "roles", "search", "seeds", "budget", "checks", "compare", "track"}
_PAGES: dict[str, str] = dict.fromkeys(
    ("best-answer", "tested-code", "self-repair"), "answers"
)  # where not a page of its own


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _commands() -> Iterator[str]:
    """`path: autoevol …` for each command line, in code blocks and within sentences."""
    for page in PAGES:
        text = _text(page).replace("\\\n", " ")
        blocks = re.findall(r"^[ ]*(?:[A-Z_]+=\S+ )?(?:\.venv/bin/)?(autoevol [^`\n]+)$", text, re.MULTILINE)
        inline = re.findall(r"`(?:[A-Z_]+=\S+ )?(autoevol [^`\n]+)`", text)
        for line in dict.fromkeys([*blocks, *inline]):
            yield f"{page.relative_to(ROOT)}: {line}"


def _parse(words: list[str]) -> None:
    """Let click read a command line without running it. A mere mention may leave out what the command needs."""
    command: click.Command = autoevol
    context = click.Context(command, info_name="autoevol")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        assert found is not None, f"there is no command {words[0]}"
        command, words = found, words[1:]
        context = click.Context(command, parent=context, info_name=command.name)
    try:
        command.make_context(command.name, words)
    except (click.MissingParameter, click.exceptions.Exit, click.exceptions.NoArgsIsHelpError):
        return


@pytest.mark.parametrize("shown", list(_commands()))
def test_every_command_that_is_shown_parses(shown: str) -> None:
    """Commands and options of the documentation exist."""
    line = shown.partition(": ")[2].partition(" | ")[0]
    _parse(shlex.split(line, comments=True)[1:])


def test_a_wrong_option_would_be_noticed() -> None:
    """The check above can fail."""
    with pytest.raises(click.NoSuchOption):
        _parse(["optimize", "SEEDS", "--no-such-option", "3"])
    with pytest.raises(click.UsageError):
        _parse(["optimise", "SEEDS"])


def _tree() -> Iterator[str]:
    """Paths of the README's file tree; two spaces more are one folder deeper."""
    block = _text(ROOT / "README.md").partition("## The files")[2].split("```")[1]
    folders: list[str] = []
    for line in block.splitlines()[1:]:
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        yield "/".join([*folders[:depth], name.rstrip("/")])
        folders = [*folders[:depth], name.rstrip("/")]


@pytest.mark.parametrize("path", list(_tree()))
def test_the_file_tree_is_true(path: str) -> None:
    """Each name of the README's file tree is there."""
    assert list(ROOT.glob(path)), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links resolve, and so do the places in pages that they name."""
    for target, _, place in re.findall(r"\]\(([^)#\s]*)(#([^)\s]+))?\)", _text(page)):
        if target.startswith(("http://", "https://")):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{target} in {page}"
        if place:
            titles = re.findall(r"^#+ (.*)$", _text(path), re.MULTILINE)
            assert place in [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


def test_make_targets_exist() -> None:
    """Each `make …` that is shown is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", _text(ROOT / "Makefile"), re.MULTILINE))
    shown = {
        target for page in PAGES for target in re.findall(r"(?:^|`)make ([a-z-]+)(?:`|$)", _text(page), re.MULTILINE)
    }
    assert {"demo", "test"} <= shown <= targets


@pytest.mark.parametrize("kind", ["toml", "yaml"])
def test_the_example_settings_load(kind: str, tmp_path: Path) -> None:
    """The examples of docs/settings.md are settings."""
    examples = re.findall(rf"```{kind}\n(.*?)```", _text(ROOT / "docs/settings.md"), re.DOTALL)
    assert examples
    for number, example in enumerate(examples):
        file = tmp_path / f"{number}.{kind}"
        file.write_text(example, encoding="utf-8")
        assert "maths" == resolve(file, {}).search.method


def _shown(value: object) -> str:
    match value:
        case None | dict():
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return f'`"{value}"`'
        case tuple():
            return f"`{list(value)}`"  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return f"{value:g}"


@pytest.mark.parametrize("prefix", TABLES)
def test_every_setting_is_documented(prefix: str) -> None:
    """docs/settings.md has a row for each setting, with its default, and none for a setting that is not there."""
    text = _text(ROOT / "docs/settings.md")
    rows = dict(re.findall(rf"^\| `{re.escape(prefix)}(\w+)` \| (.*?) \|", text, re.MULTILINE))
    fields = TABLES[prefix].model_fields
    flat = {name: field for name, field in fields.items() if prefix or name not in _INNER}
    assert set(flat) | (set[str]() if prefix else {"model"}) == set(rows)
    for name, field in flat.items():
        expected = "needed" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        assert expected == rows[name], name


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_setting_of_a_recipe_is_documented(recipe: str) -> None:
    """Its page under docs/ has a row for each, with its default, and none for one that is not there."""
    text = _text(ROOT / f"docs/{_PAGES.get(recipe, recipe)}.md")
    rows = dict(re.findall(rf"^\| `{recipe}\.(\w+)` \| (.*?) \|", text, re.MULTILINE))
    shared = {"recipe", "guard", "guard_role"}
    fields = {name: field for name, field in RECIPES[recipe].model_fields.items() if name not in shared}

    assert {n: _shown(field.get_default(call_default_factory=True)) for n, field in fields.items()} == rows


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_all_recipes_share_is_documented_once(recipe: str) -> None:
    """docs/make.md has the settings of the guard, with their defaults."""
    rows = dict(re.findall(r"^\| `(guard\w*)` \| (.*?) \|", _text(ROOT / "docs/make.md"), re.MULTILINE))

    assert {n: _shown(f.default) for n, f in RECIPES[recipe].model_fields.items() if n.startswith("guard")} == rows


def test_every_finding_is_documented() -> None:
    """docs/detectors.md names each detector, and says of each whether it is a gate."""
    text = _text(ROOT / "docs/detectors.md")
    assert not [name for name in DETECTORS if f"`{name}`" not in text]
    assert set(GATES) == set(re.findall(r"^\| `([a-z-]+)` \|.*\| yes \|$", text, re.MULTILINE))


def test_no_page_names_a_place_of_one_machine() -> None:
    """Paths of somebody's machine do not belong into the documentation."""
    for page in PAGES:
        assert not re.search(r"(/work/|/tmp/|/home/|/root/)", _text(page)), page
