"""Every prompt is there in both languages, holds its variables, and stays short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol import prompts
from autoevol.agents.clauses import breaches
from autoevol.agents.contract import render_evolve
from autoevol.agents.messages import Instruction
from autoevol.agents.method_file import load_method
from autoevol.prompts import LANGUAGES, VARIABLES, Prompt, PromptError, check_all, load, method_names

FOLDER = Path(prompts.__file__).parent


def test_every_task_has_a_file_in_every_language() -> None:
    """And no file is left over."""
    expected = {f"{task}.{code}.md" for task in VARIABLES for code in LANGUAGES}
    expected |= {f"method-{name}.{code}.md" for name in method_names() for code in LANGUAGES}

    assert expected == {path.name for path in FOLDER.glob("*.md")}
    assert {"general", "chat", "maths", "code", "evol-instruct", "identity", "just-longer", "simpler"} == set(
        method_names()
    )


def test_every_prompt_holds_exactly_its_variables() -> None:
    """The check that runs when a cast is built passes for what we ship."""
    assert 64 == len(check_all().fingerprint)


@given(st.text(), st.text())
def test_what_is_filled_in_is_never_a_template(one: str, other: str) -> None:
    """Braces, dollars and names of variables in data stay what they are."""
    assert f"{one}|{other}|$" == Prompt("p", "$a|$b|$$").fill(a=one, b=other)


@pytest.mark.parametrize(
    ("text", "given_variables", "words"),
    [
        ("$a", {}, r"lacks|has \$a"),
        ("$a", {"a": "", "b": ""}, r"\$b"),
        ("a $ b", {}, "stray dollar"),
    ],
)
def test_a_missing_or_surplus_variable_is_an_error(text: str, given_variables: dict[str, str], words: str) -> None:
    """Never a hole in the text, never a value that is silently dropped."""
    with pytest.raises(PromptError, match=words):
        Prompt("p.en.md", text).fill(**given_variables)


def test_languages_without_a_prompt_are_spoken_to_in_english() -> None:
    """And a task that does not exist is an error in any language."""
    assert load("judge", "en") == load("judge", "de")
    with pytest.raises(PromptError, match="no prompt named"):
        load("../judge", "en")


@pytest.mark.parametrize("name", method_names())
@pytest.mark.parametrize("language", LANGUAGES)
def test_frame_and_method_stay_short(name: str, language: str) -> None:
    """About 220 tokens: a token of prompt costs 14 ms on a small machine. English has 4.5 letters to a token here."""
    method = load_method(name, language)
    system, user = render_evolve(method, Instruction(""), "s", "tags")
    frame = system.text + user.text
    han = len(re.findall(r"[\u3400-\u9fff]", frame))

    assert () == breaches(method.clauses)
    assert language == method.language
    assert 250 >= han / 1.4 + (len(frame) - han) / 4.5
