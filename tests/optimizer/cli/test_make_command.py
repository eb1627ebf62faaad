"""`autoevol make`: recipes and their settings by name, and what is refused before anything is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.optimizer.record.making.recipes import RECIPES

from .conftest import Cli


def test_it_lists_recipes_and_the_settings_of_one(cli: Cli) -> None:
    """With defaults and what the presets say."""
    every, one = cli("make", "--list"), cli("make", "evol-instruct", "--list")

    assert 0 == every.code == one.code
    assert list(RECIPES) == [line.split()[0] for line in every.out.splitlines()[: len(RECIPES)]]
    assert all(f"  {name} " in one.out for name in RECIPES["evol-instruct"].model_fields if name != "recipe")
    assert "preset paper" in one.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("magpi",), "There is no recipe 'magpi'. Did you mean 'magpie'? Recipes are: evol-instruct,"),
        (("magpi", "--list"), "There is no recipe 'magpi'."),
        (("magpie", "--with", "count"), "--with does not understand 'count'. Write NAME=VALUE"),
        (
            ("magpie", "--with", "cuont=3"),
            "no setting cuont of magpie on the command line. Did you mean count of",
        ),
        (("magpie", "--with", "count=many"), "count of magpie on the command line must be a whole number, not 'many'."),
        (
            ("evol-instruct", "--count", "3"),
            "no setting count of evol-instruct on the command line. Known there: ",
        ),
        (("magpie", "seeds.jsonl"), "magpie makes rows from nothing and takes no seeds."),
        (("--set", 'make=[{recipe="magpi"}]', "--config", "run.json"), "must say which recipe: evol-instruct,"),
        (("--set", 'make=[{recipe="magpi"}]', "--config", "run.json"), "[[make]] table 1 on the command line"),
        (("--set", 'make=[{recipe="magpi"}]', "--config", "run.json"), "not 'magpi'. Did you mean 'magpie'?"),
        (("--config", "run.json"), "make in run.json must be a list of tables, as in [[make]]."),
        ((), "Name a RECIPE (`--list` lists them)"),
        (("--count", "3"), "--preset, --count and --with need a RECIPE."),
        (("self-instruct", "--count", "3"), "No seeds were given."),
        (("self-instruct", "nowhere.jsonl"), "There is no file"),
    ],
)
def test_what_makes_no_sense_is_told(cli: Cli, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    """In a sentence, with exit code 2, and before there is a folder."""
    (tmp_path / "run.json").write_text('{"make": {"recipe": "magpie"}}', encoding="utf-8")
    (tmp_path / "seeds.jsonl").write_text('{"instruction": "Say hi."}\n', encoding="utf-8")
    told = cli("make", *words, "--local", "smollm2-135m", "--yes")

    assert 2 == told.code
    assert said in told.err
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_counts_the_calls(cli: Cli, tmp_path: Path) -> None:
    """A recipe from nothing needs no seeds."""
    told = cli("make", "magpie", "--count", "7", "--local", "smollm2-135m", "--dry-run")

    assert 0 == told.code, told.err
    assert "1-magpie" in told.out
    assert "no folder was made" in told.out
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("words", [("optimize", "seeds.jsonl"), ("evolve", "--seeds", "seeds.jsonl")])
def test_recipes_in_a_settings_file_are_never_passed_over(cli: Cli, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Other commands do not run them, and name the one that does."""
    (tmp_path / "run.toml").write_text('recipe = "make"\n[[make]]\nrecipe = "dedup"\n', encoding="utf-8")

    told = cli(*words, "--config", "run.toml", "--local", "smollm2-135m")

    assert (2, True) == (told.code, "Run: autoevol make --config run.toml." in told.err)
