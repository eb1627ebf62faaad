"""What agents are told: one text file a task and language, variables checked at start-up, and the starting methods.

A prompt is `<task>.<language>.md` beside this file, in the form of `string.Template`: `$name` is a variable, `$$` a
dollar sign. A person may put files of the same names into a folder of their own; those win (see `own`). Starting
methods are `method-<name>.<language>.md`; they are read by `agents/method_file.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from .own import PromptError, own_texts, read_text

__all__ = ["LANGUAGES", "VARIABLES", "Prompt", "PromptError", "Prompts", "check_all", "load", "method_names",
           "method_text", "shipped"]  # fmt: skip

FOLDER = Path(__file__).resolve().parent
LANGUAGES = ("en", "zh")
MAKING = "make-"
"""What the names of the recipes' own prompts begin with."""
RIVALS = "rival-"
"""The same of the search strategies of others (GEPA, MIPRO)."""
STEERING = "steer-"
"""The same of what is only told where a person steers: a run that nobody steered does not hang on it."""

VARIABLES: Mapping[str, frozenset[str]] = {
    # role            what is said to it first, the same for every item
    # role-ask        the last turn, which varies
    # role-tags/json  the form of the answer
    "evolver": frozenset({"clauses"}),
    "evolver-free": frozenset(),
    "evolver-before": frozenset({"data"}),
    "evolver-ask": frozenset({"data", "form"}),
    "evolver-tags": frozenset({"tag"}),
    "evolver-json": frozenset(),
    "evolver-down": frozenset({"clauses"}),
    "evolver-down-ask": frozenset({"data", "form"}),
    "evolver-down-tags": frozenset({"tag"}),
    "evolver-down-json": frozenset(),
    "responder-direct": frozenset(),
    "responder-step-by-step": frozenset(),
    "responder-scratchpad": frozenset(),
    "analyst": frozenset(),
    "analyst-ask": frozenset({"clauses", "cases", "form"}),
    "analyst-tags": frozenset({"tag"}),
    "analyst-json": frozenset(),
    "analyst-free": frozenset(),
    "analyst-free-ask": frozenset({"cases"}),
    "refiner": frozenset(),
    "earlier-findings": frozenset({"findings"}),
    "refiner-ask": frozenset({"clauses", "more", "size", "form"}),
    "refiner-found": frozenset({"findings"}),
    "refiner-clauses": frozenset({"clauses"}),
    "refiner-old": frozenset({"clauses"}),
    "refiner-other": frozenset({"clauses", "other"}),
    "refiner-merge-tags": frozenset({"tag", "why"}),
    "refiner-merge-json": frozenset(),
    "refiner-small": frozenset(),
    "refiner-room": frozenset({"clauses", "words"}),
    "refiner-full": frozenset(),
    "refiner-bold": frozenset(),
    "refiner-merge": frozenset({"most"}),
    "refiner-tags": frozenset({"tag", "why"}),
    "refiner-json": frozenset(),
    "refiner-edit-tags": frozenset({"tag"}),
    "refiner-edit-json": frozenset(),
    "refiner-whole": frozenset(),
    "refiner-whole-found": frozenset({"feedback"}),
    "refiner-whole-ask": frozenset({"method", "form"}),
    "refiner-whole-tags": frozenset({"tag"}),
    "refiner-whole-json": frozenset(),
    "tried-edits": frozenset({"edits"}),
    "steer-note": frozenset({"notes"}),
    "judge": frozenset(),
    "judge-ask": frozenset({"first", "second", "response", "target", "other", "form"}),
    "judge-response": frozenset({"target", "response"}),
    "judge-tags": frozenset({"tag"}),
    "judge-json": frozenset(),
    "make-deita-complexity": frozenset(),
    "make-deita-quality": frozenset(),
    "make-deita-rank-tags": frozenset({"tag", "lines", "first", "last"}),
    "make-deita-rank-json": frozenset({"first", "last"}),
    "make-deita-mark-tags": frozenset({"tag"}),
    "make-deita-mark-json": frozenset(),
    "make-deita-examples": frozenset({"examples"}),
    "make-deita-improve": frozenset(),
    "make-deita-improve-ask": frozenset({"instruction", "response", "respect", "form"}),
    "make-deita-improve-helpfulness": frozenset(),
    "make-deita-improve-relevance": frozenset(),
    "make-deita-improve-depth": frozenset(),
    "make-deita-improve-creativity": frozenset(),
    "make-deita-improve-detail": frozenset(),
    "make-instag": frozenset(),
    "make-instag-ask": frozenset({"data", "form"}),
    "make-instag-tags": frozenset({"tag"}),
    "make-instag-json": frozenset(),
    "make-magpie-maths": frozenset(),
    "make-magpie-code": frozenset(),
    "make-magpie-translation": frozenset(),
    "make-magpie-chinese": frozenset(),
    "make-magpie-turns": frozenset(),
    # search strategies of others
    "rival-reflection": frozenset(),
    "rival-reflection-ask": frozenset({"method", "records", "form"}),
    "rival-clauses-tags": frozenset({"why", "tag"}),
    "rival-clauses-json": frozenset(),
    "rival-data": frozenset(),
    "rival-data-ask": frozenset({"data"}),
    "rival-about": frozenset(),
    "rival-about-ask": frozenset({"method"}),
    "rival-grounded": frozenset(),
    "rival-grounded-ask": frozenset({"method", "known", "tip", "form"}),
    "rival-tips": frozenset(),
    # recipes of `autoevol make`
    "make-evol-instruct": frozenset(),
    "make-evol-instruct-ask": frozenset({"data", "operation", "form"}),
    "make-evol-instruct-form-tags": frozenset({"tag"}),
    "make-evol-instruct-form-json": frozenset(),
    "make-evol-instruct-constraints": frozenset(),
    "make-evol-instruct-deepening": frozenset(),
    "make-evol-instruct-concretizing": frozenset(),
    "make-evol-instruct-reasoning": frozenset(),
    "make-evol-instruct-complicated-input": frozenset(),
    "make-evol-instruct-breadth": frozenset(),
    "make-evol-instruct-code-constraints": frozenset(),
    "make-evol-instruct-code-rarer": frozenset(),
    "make-evol-instruct-code-reasoning": frozenset(),
    "make-evol-instruct-code-misleading": frozenset(),
    "make-evol-instruct-code-complexity": frozenset(),
    "make-evol-instruct-maths-constraints": frozenset(),
    "make-evol-instruct-maths-concretizing": frozenset(),
    "make-evol-instruct-maths-reasoning": frozenset(),
    "make-evol-instruct-maths-easier": frozenset(),
    "make-evol-instruct-maths-other-easier": frozenset(),
    "make-gain": frozenset(),
    "make-gain-ask": frozenset({"first", "second", "form"}),
    "make-gain-tags": frozenset({"tag"}),
    "make-gain-json": frozenset(),
    "make-guard": frozenset(),
    "make-guard-ask": frozenset({"data", "form"}),
    "make-guard-tags": frozenset({"tag"}),
    "make-guard-json": frozenset(),
    "make-reflection-instruction": frozenset(),
    "make-reflection-instruction-ask": frozenset({"instruction", "response", "form"}),
    "make-reflection-instruction-tags": frozenset({"critique", "instruction", "response"}),
    "make-reflection-instruction-json": frozenset(),
    "make-reflection-response": frozenset(),
    "make-reflection-response-ask": frozenset({"instruction", "response", "form"}),
    "make-reflection-response-tags": frozenset({"critique", "response"}),
    "make-reflection-response-json": frozenset(),
    "make-reflection-guess": frozenset({"response"}),
    "make-reflection-prefer-instruction": frozenset({"data", "form"}),
    "make-reflection-prefer-response": frozenset({"data", "form"}),
    "make-reflection-prefer-tags": frozenset({"tag"}),
    "make-reflection-prefer-json": frozenset(),
    "make-self-instruct-invent": frozenset(),
    "make-self-instruct-invent-ask": frozenset({"tasks", "count", "form"}),
    "make-self-instruct-invent-tags": frozenset({"tag"}),
    "make-self-instruct-invent-json": frozenset(),
    "make-self-instruct-invent-raw": frozenset({"count"}),
    "make-self-instruct-whole": frozenset(),
    "make-self-instruct-whole-ask": frozenset({"tasks", "count", "form"}),
    "make-self-instruct-whole-tags": frozenset({"tag"}),
    "make-self-instruct-whole-json": frozenset(),
    "make-self-instruct-whole-raw": frozenset({"count"}),
    "make-self-instruct-sort": frozenset({"form"}),
    "make-self-instruct-sort-examples": frozenset(),
    "make-self-instruct-sort-ask": frozenset({"task"}),
    "make-self-instruct-sort-tags": frozenset({"tag"}),
    "make-self-instruct-sort-json": frozenset(),
    "make-self-instruct-sort-raw": frozenset({"examples", "task"}),
    "make-self-instruct-input-first": frozenset(),
    "make-self-instruct-input-first-ask": frozenset({"task", "count", "form"}),
    "make-self-instruct-input-first-tags": frozenset({"tag"}),
    "make-self-instruct-input-first-json": frozenset(),
    "make-self-instruct-output-first": frozenset(),
    "make-self-instruct-output-first-ask": frozenset({"task", "count", "form"}),
    "make-self-instruct-output-first-tags": frozenset({"tag"}),
    "make-self-instruct-output-first-json": frozenset(),
    "make-self-instruct-input-first-raw": frozenset({"task"}),
    "make-self-instruct-output-first-raw": frozenset({"task"}),
    "make-program-analyst": frozenset(),
    "make-program-analyst-ask": frozenset({"part", "clauses", "cases", "form"}),
    "make-program-analyst-tags": frozenset({"tag"}),
    "make-program-analyst-json": frozenset(),
    "make-program-refiner": frozenset(),
    "make-program-refiner-ask": frozenset({"part", "clauses", "more", "size", "form"}),
    "make-program-refiner-small": frozenset(),
    "make-program-refiner-bold": frozenset(),
    "make-program-refiner-tags": frozenset({"tag", "why"}),
    "make-program-refiner-json": frozenset(),
    "make-program-refiner-edit-tags": frozenset({"tag"}),
    "make-program-refiner-edit-json": frozenset(),
    "make-simulator": frozenset(),
    "make-simulator-ask": frozenset({"wish"}),
    "make-base": frozenset({"instruction"}),
    "make-tagger": frozenset(),
    "make-tagger-quality": frozenset({"data", "form"}),
    "make-tagger-difficulty": frozenset({"data", "form"}),
    "make-tagger-category": frozenset({"data", "form"}),
    "make-tagger-tags": frozenset({"tag", "fields"}),
    "make-tagger-json": frozenset({"fields"}),
    "make-rewarder": frozenset(),
    "make-rewarder-ask": frozenset({"instruction", "response", "form"}),
    "make-rewarder-tags": frozenset({"tag"}),
    "make-rewarder-json": frozenset(),
    "make-answers-code": frozenset(),
    "make-answers-code-ask": frozenset({"data"}),
    "make-answers-code-tests": frozenset({"tests"}),
    "make-answers-tests": frozenset(),
    "make-answers-tests-ask": frozenset({"data", "count", "form"}),
    "make-answers-tests-tags": frozenset({"tag"}),
    "make-answers-tests-json": frozenset(),
    "make-answers-explain": frozenset(),
    "make-answers-explain-ask": frozenset({"data", "form"}),
    "make-answers-explain-tags": frozenset({"tag"}),
    "make-answers-explain-json": frozenset(),
    "make-answers-repair": frozenset(),
    "make-answers-repair-ask": frozenset({"data"}),
    "make-answers-mend": frozenset(),
    "make-answers-mend-ask": frozenset({"data"}),
    "make-answers-row": frozenset({"task", "program", "error"}),
}


@dataclass(frozen=True, slots=True)
class Prompt:
    """One text with variables.

    Args:
        name: file name, for errors.
        text: the template.
    """

    name: str
    text: str

    @property
    def variables(self) -> frozenset[str]:
        """Names of the variables in the text.

        Raises:
            PromptError: a dollar sign is neither doubled nor the start of a name.
        """
        template = Template(self.text)
        if not template.is_valid():
            raise PromptError(f"{self.name} has a stray dollar sign: write $$ for one that is meant as text.")
        return frozenset(template.get_identifiers())

    def fill(self, **variables: str) -> str:
        """The text with its variables replaced, once: what is put in is never read as a template.

        Raises:
            PromptError: a variable is missing or surplus.
        """
        if variables.keys() != self.variables:
            raise PromptError(_difference(self.name, self.variables, frozenset(variables)))
        return Template(self.text).substitute(variables)


@dataclass(frozen=True, slots=True)
class Prompts:
    """Every prompt, read and checked.

    Args:
        texts: by task and language.
        fingerprint: SHA-256 over all of them and the starting methods.
        fingerprint_of_runs: the same without those of the recipes, of the strategies of others, and of steering.
    """

    texts: Mapping[tuple[str, str], Prompt]
    fingerprint: str
    fingerprint_of_runs: str

    def get(self, task: str, language: str) -> Prompt:
        """The prompt of a task; in English where the language has none."""
        return self.texts.get((task, language)) or self.texts[task, "en"]


def load(task: str, language: str, folder: Path | None = None) -> Prompt:
    """Read one prompt: a person's own, else the shipped one; English where the language has none.

    Args:
        task: whose prompt.
        language: its code.
        folder: of a person's own prompts, or a single file of them (see `own`).

    Raises:
        PromptError: no such task, or a file cannot be read as UTF-8 text.
    """
    if task not in VARIABLES:
        raise PromptError(f"There is no prompt named {task!r}. The names are: {', '.join(VARIABLES)}.")
    return _load(task, language, {} if folder is None else own_texts(folder, VARIABLES))


def _load(task: str, language: str, own: Mapping[tuple[str, str], tuple[str, str]]) -> Prompt:
    for code in dict.fromkeys((language, "en")):
        if (task, code) in own:
            return Prompt(*own[task, code])
        path = FOLDER / f"{task}.{code}.md"
        if path.is_file():
            return Prompt(path.name, read_text(path))
    raise PromptError(f"The prompt file {task}.{language}.md is missing.")


def check_all(folder: Path | None = None) -> Prompts:
    """Read every prompt and verify that each holds exactly the variables its agent fills.

    Args:
        folder: of a person's own prompts, or a single file of them (see `own`).

    Raises:
        PromptError: a file is missing, unreadable, has a wrong variable, or bears a name that no agent asks for.
    """
    own: Mapping[tuple[str, str], tuple[str, str]] = {} if folder is None else own_texts(folder, VARIABLES)
    languages = [*LANGUAGES, *sorted({code for _, code in own} - {*LANGUAGES})]
    texts: dict[tuple[str, str], Prompt] = {}
    for task, wanted in VARIABLES.items():
        for language in languages:
            prompt = _load(task, language, own)
            if prompt.variables != wanted:
                raise PromptError(_difference(prompt.name, prompt.variables, wanted))
            texts[task, language] = prompt
    named = sorted([(f"{task}.{code}", prompt.text) for (task, code), prompt in texts.items()] + _methods())
    of_runs = [(name, text) for name, text in named if not name.startswith((MAKING, RIVALS, STEERING))]
    return Prompts(texts, _digest(named), _digest(of_runs))


def _digest(named: Sequence[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for name, text in named:
        digest.update(f"{name}\x1f{text}\x1e".encode())
    return digest.hexdigest()


@cache
def shipped() -> Prompts:
    """The prompts that come with the package, checked; read once."""
    return check_all()


def method_names() -> tuple[str, ...]:
    """Names of the starting methods that come with the package."""
    return tuple(sorted({path.name.split(".")[0].removeprefix("method-") for path in FOLDER.glob("method-*.md")}))


def method_text(name: str, language: str) -> str | None:
    """The file of a starting method, or None where there is none in that language."""
    path = FOLDER / f"method-{name}.{language}.md"
    return read_text(path) if name in method_names() and path.is_file() else None


def _methods() -> list[tuple[str, str]]:
    return [(path.name, read_text(path)) for path in FOLDER.glob("method-*.md")]


def _difference(name: str, found: frozenset[str], wanted: frozenset[str]) -> str:
    missing = ", ".join(f"${word}" for word in sorted(wanted - found))
    surplus = ", ".join(f"${word}" for word in sorted(found - wanted))
    parts = [f"lacks {missing}" if missing else "", f"has {surplus} too much" if surplus else ""]
    return f"The prompt {name} {' and '.join(part for part in parts if part)}."
