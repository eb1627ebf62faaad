"""Our roles as programs of DSPy: what an optimizer makes of their prompts, our agents are told."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.bridges.role_programs import ProgramRole, role_program, role_signatures, save_prompts
from autoevol.prompts import LANGUAGES, VARIABLES, Prompt, PromptError, check_all, load
from autoevol.prompts.own import as_instructions, as_prompt

dspy: Any = importlib.import_module("dspy")  # it ships no types
ROLES: tuple[ProgramRole, ...] = get_args(ProgramRole)


class Everyone(dspy.Module):  # type: ignore[misc]
    """All roles in one program."""

    def __init__(self, language: str) -> None:
        self.roles = [role_program(role, language) for role in ROLES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_nobody_changed_comes_back_to_the_letter(language: str, tmp_path: Path) -> None:
    """From prompt to signature to prompt."""
    files = save_prompts(Everyone(language), tmp_path, language)
    own = check_all(tmp_path)

    assert len(ROLES) == len(files)
    assert check_all().fingerprint == own.fingerprint


def test_what_an_optimizer_wrote_is_told_with_its_variables(tmp_path: Path) -> None:
    """Also where it wrote a dollar sign, and no longer where the clauses stand."""
    evolver = role_program("evolver")
    evolver.signature = evolver.signature.with_instructions("Make it harder. It may cost $5.")
    judge = dspy.ChainOfThought(role_signatures()["judge"])
    judge.predict.demos = [dspy.Example(version_a="x")]
    told: list[str] = []
    save_prompts(evolver, tmp_path)
    save_prompts(judge, tmp_path, on_notice=told.append)

    assert "Make it harder. It may cost $5.\n\nHints" == load("evolver", "en", tmp_path).fill(clauses="Hints")
    assert load("judge", "en").text == load("judge", "en", tmp_path).text
    assert ["1 examples of the judge are left out: a prompt holds its text alone."] == told
    with pytest.raises(UsageError, match="fields of a role"):
        save_prompts(dspy.Predict("question -> answer"), tmp_path)
    with pytest.raises(UsageError, match="no role 'embedder'"):
        role_program("embedder")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_program_that_dspy_saved_is_a_prompt(tmp_path: Path) -> None:
    """One file, named by the role; in a folder beside others; and whatever is wrong is said in a sentence."""
    judge = role_program("judge")
    judge.signature = judge.signature.with_instructions("Say which is harder.")
    alone = tmp_path / "judge.json"
    judge.save(alone)
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "responder-direct.en.md").write_text("Answer.", encoding="utf-8")
    (tmp_path / "more" / "judge.zh.json").write_text(alone.read_text(encoding="utf-8"), encoding="utf-8")
    more = check_all(tmp_path / "more")

    assert "Say which is harder." == check_all(alone).get("judge", "en").text
    assert check_all().get("analyst", "en") == check_all(alone).get("analyst", "en")
    assert ("Say which is harder.", "Answer.") == (
        more.get("judge", "zh").text,
        more.get("responder-direct", "en").text,
    )
    for name, text, words in (
        ("jugde.json", alone.read_text(encoding="utf-8"), "not a prompt that anybody asks for"),
        ("judge.en.json", alone.read_text(encoding="utf-8"), "the same prompt"),
        ("analyst.json", json.dumps({"a": {}}), "it has 0"),
        ("analyst.json", "{", "is not JSON"),
        ("analyst.en.md", "Look for $nothing.", "too much"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(PromptError, match=words):
            check_all(tmp_path)
        (tmp_path / name).unlink()


@settings(max_examples=50)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="`")))
def test_any_text_of_an_optimizer_is_a_prompt_that_says_it(text: str) -> None:
    """Dollar signs and braces are text; the variables are there once, whatever it says."""
    prompt = Prompt("evolver.en.md", as_prompt(text, VARIABLES["evolver"]))

    assert VARIABLES["evolver"] == prompt.variables
    assert f"{text.strip()}\n\nX" == prompt.fill(clauses="X")
    assert f"{text.strip()}\n\n`clauses`" == as_instructions(prompt.text)


def test_a_letter_behind_a_variable_is_no_part_of_its_name() -> None:
    """Optimizers write plurals."""
    prompt = Prompt("evolver.en.md", as_prompt("Use the `clauses`s.", VARIABLES["evolver"]))

    assert "Use the Xs." == prompt.fill(clauses="X")
