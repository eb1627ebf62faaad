"""What our roles do, as signatures of DSPy: optimize their prompts with any optimizer, and use the result with us.

    judge = role_program("judge")                        # a dspy.Predict that is told what our judge is told
    better = dspy.MIPROv2(metric=agrees).compile(judge, trainset=my_labelled_pairs)
    save_prompts(better, "my-prompts")                   # then: autoevol optimize … --prompts my-prompts

The instructions of a signature are the text of the prompt file. How data is marked and an answer read stays ours; in
DSPy it is that of its adapter. A field is what our agent is shown, or what it is asked for, under the same name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field

from ...agents.gateway.errors import UsageError
from ...prompts import VARIABLES, Prompt, PromptError, load
from ...prompts.own import as_instructions, as_prompt
from ..record.folder import write_atomically
from .theirs import dspy

__all__ = ["Fault", "ProgramRole", "role_program", "role_signature", "role_signatures", "save_prompts"]

ProgramRole = Literal["evolver", "responder", "analyst", "refiner", "judge"]
"""The roles that are told by a prompt of their own."""

_YES_NO = Literal["yes", "no", "unsure"]


class Fault(BaseModel):
    """One thing that the method does wrong, as the analyst names it."""

    problem: str = Field(description="a few words")
    cases: list[int] = Field(description="numbers of the cases")
    quote: str = Field(description="at most ten words from a case that show it")
    rule: str = Field(description="advice to the rewriter, one sentence that starts with a verb")


class _Edit(BaseModel):
    """One edit of a method, as the refiner makes it."""

    finding: int = Field(description="number of the finding")
    text: str = Field(description="new clause that would have prevented it")
    edit: Literal["replace", "add", "remove"]
    clause: int = Field(description="number of the clause that it replaces; 0 for add")
    reason: str = Field(description="why, in a few words")


_FieldOf = Mapping[str, tuple[Any, str]]
"""By name: type, and what it is."""

_CLAUSES = (str, "the clauses of the method, numbered")
_FIELDS: Mapping[ProgramRole, tuple[_FieldOf, _FieldOf]] = {
    "evolver": (
        {"clauses": _CLAUSES, "instruction": (str, "the text to be made harder; not to be solved")},
        {"plan": (str, "what is added, in a few words"), "evolved": (str, "the complete new text")},
    ),
    "responder": ({"instruction": (str, "what is asked for")}, {"response": (str, "the answer")}),
    "analyst": (
        {
            "clauses": _CLAUSES,
            "cases": (str, "a JSON line each: case, result, stage0, stage1, response, found, score"),
        },
        {"findings": (list[Fault], "at most 4; empty if nothing is wrong")},
    ),
    "refiner": (
        {"clauses": _CLAUSES, "findings": (str, "a JSON line each: finding, problem, cases, rule")},
        {"edit": (_Edit, "one small edit that prevents the finding that matters most")},
    ),
    "judge": (
        {
            "version_a": (str, "version A of an instruction"), "version_b": (str, "version B"),
            "response": (str, "an answer to the target; empty where there is none"),
            "target": (Literal["A", "B"], "the version that the last four are about"),
        },
        {
            "difference": (str, "what must be done for one version and not for the other"),
            "harder": (Literal["A", "B", "same", "unsure"], "which version takes more work to answer well"),
            "quote": (str, "words copied from a text that decide the next four"),
            "valid": (_YES_NO, "can the target be solved or carried out at all?"),
            "self_contained": (_YES_NO, "is everything needed to answer it there?"),
            "consistent": (_YES_NO, "do all its facts and conditions fit together?"),
            "intent": (_YES_NO, "does it still want the same kind of thing as the other version?"),
        },
    ),
}  # fmt: skip
_TASKS: Mapping[str, str] = {"responder": "responder-direct"}
"""Whose prompt does not bear the role's own name."""


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def role_signatures(language: str = "en", prompts: str | Path | None = None) -> dict[str, Any]:
    """The signatures of all roles that are told by a prompt of their own, by role; see `role_signature`."""
    return {role: role_signature(role, language, prompts) for role in get_args(ProgramRole)}


def role_signature(role: ProgramRole, language: str = "en", prompts: str | Path | None = None) -> Any:
    """The task of a role as a `dspy.Signature`, with the prompt as its instructions.

    Args:
        role: whose.
        language: of the prompt.
        prompts: folder or file of prompts of your own, which win over the shipped ones.

    Raises:
        UsageError: there is no such role, or the prompt cannot be read.
    """
    if role not in _FIELDS:
        raise UsageError(f"There is no role '{role}' with a prompt of its own.", fix=f"Roles: {', '.join(_FIELDS)}.")
    try:
        prompt = load(_TASKS.get(role, role), language, None if prompts is None else Path(prompts))
        text = as_instructions(prompt.text)
    except (PromptError, ValueError) as error:
        raise UsageError(str(error), fix="Mend the prompt, or leave `prompts` out.") from error
    theirs = dspy()
    inputs, outputs = _FIELDS[role]
    fields = {name: (kind, theirs.InputField(desc=said)) for name, (kind, said) in inputs.items()}
    fields |= {name: (kind, theirs.OutputField(desc=said)) for name, (kind, said) in outputs.items()}
    return theirs.Signature(fields, text, signature_name=role.capitalize())


def role_program(role: ProgramRole, language: str = "en", prompts: str | Path | None = None) -> Any:
    """The task of a role as a program: a `dspy.Predict` of its signature; see `role_signature`."""
    return dspy().Predict(role_signature(role, language, prompts))


def save_prompts(
    program: Any, folder: str | Path, language: str = "en", *, on_notice: Callable[[str], None] = _to_stderr
) -> tuple[Path, ...]:
    """Write the instructions of a program's roles as prompt files, for `--prompts`.

    Args:
        program: with one or several predictors that have the fields of a role, as `role_program` makes them; fields
            that were added, such as `reasoning`, do no harm.
        folder: of the files; those of the same names are replaced.
        language: of the instructions.
        on_notice: takes single lines for the person.

    Returns:
        The files.

    Raises:
        UsageError: no predictor has the fields of a role, or two have those of the same.
        StorageError: the folder cannot be written.
    """
    found: dict[str, str] = {}
    for name, predictor in program.named_predictors():
        role = _role_of(predictor.signature)
        if role is None:
            continue
        if role in found:
            raise UsageError(f"Two predictors are the {role}, the second is '{name}'.", fix="Save them one by one.")
        found[role] = str(predictor.signature.instructions)
        if predictor.demos:
            on_notice(f"{len(predictor.demos)} examples of the {role} are left out: a prompt holds its text alone.")
    if not found:
        raise UsageError("The program has no predictor with the fields of a role.", fix="Begin with role_program(…).")
    written: list[Path] = []
    for role, text in found.items():
        task = _TASKS.get(role, role)
        path = Path(folder) / f"{task}.{language}.md"
        prompt = Prompt(path.name, as_prompt(text, VARIABLES[task]))
        if prompt.variables != VARIABLES[task]:
            raise UsageError(
                f"{path.name} would not hold exactly the variables {', '.join(sorted(VARIABLES[task]))}.",
                fix="Look at the instructions for dollar signs and names between backticks.",
            )
        write_atomically(path, prompt.text + "\n")
        written.append(path)
    return tuple(written)


def _role_of(signature: Any) -> str | None:
    names = {*signature.input_fields}, {*signature.output_fields}
    for role, (inputs, outputs) in _FIELDS.items():
        if set(inputs) == names[0] and set(outputs) <= names[1]:
            return role
    return None
