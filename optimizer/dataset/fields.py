"""What the fields of a row mean: told by the settings, or found out from the first rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ...agents.gateway.errors import UsageError
from ...agents.messages import Instruction
from ..record.settings import SeedSettings
from ..scoring.programs import SeedTests
from .conversations import BadRow, described, readable, turns_of, user_turns
from .language import language_of

__all__ = ["NAME_THEM", "TEXT_FIELDS", "FieldMap", "Pair", "find_fields", "input_of", "pairs_of", "tests_in",
           "tests_of"]  # fmt: skip

Row = Mapping[str, object]
Pair = tuple[Instruction, str | None]

NAME_THEM = (
    "Name the field of the instruction with --instruction-field, or that of the chat with --messages-field "
    "(`instruction` or `messages` under `seeds` in the settings)."
)
_CHATS = ("messages", "conversations", "conversation")
_QUESTIONS = ("instruction", "question", "prompt")
_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "instruction": ("output", "response", "completion", "answer"),
    "question": ("answer", "response", "output", "completion"),
    "prompt": ("response", "completion", "output", "answer", "canonical_solution"),
}
_ANY_ANSWER = ("output", "response", "answer", "completion")
_SYSTEMS = ("system", "system_prompt")
TEXT_FIELDS = frozenset(
    (*_CHATS, *_QUESTIONS, *_ANY_ANSWER, *_SYSTEMS, "canonical_solution", "input", "instances", "context")
)
"""Names of fields that are taken for a text of the row where nothing else is said."""
_NO_INPUT = frozenset({"", "<noinput>"})  # how Alpaca-like sets say that there is no input


@dataclass(frozen=True, slots=True)
class FieldMap:
    """Names of the fields of a row; empty where a part is not there.

    Args:
        instruction, input, response, system: texts.
        messages: a chat; then `instruction`, `input` and `response` are not used.
        instances: Self-Instruct's list of inputs and outputs, of which the first is taken.
        tests: Python that tests an answer, as in HumanEval, with the function's name in `entry_point`.
        context: earlier turns of an instruction, as in the data that AutoEvol writes.
        language: of every row; None is told from the script.
    """

    instruction: str = ""
    input: str = ""
    response: str = ""
    system: str = ""
    messages: str = ""
    instances: str = ""
    context: str = ""
    tests: str = ""
    language: str | None = None


def find_fields(settings: SeedSettings, rows: Sequence[Row], name: str) -> FieldMap:
    """The map for a source, from the settings and its first rows. In the settings an empty name means "none".

    Raises:
        UsageError: a name that no row has; rows in which no instruction can be found.
    """
    counts: dict[str, int] = {}
    for row in rows:
        for field, value in row.items():
            counts[field] = counts.get(field, 0) + (value is not None)
    _check_names(settings, list(counts), name)
    system = _given_or_first(settings.system, _SYSTEMS, counts)
    chat, question = settings.messages, settings.instruction
    if not chat and not question:
        ranked = [field for field in (*_CHATS, *_QUESTIONS) if counts.get(field)]
        best = max(ranked, key=lambda field: counts[field], default="")
        if not best:
            raise UsageError(f"No instruction was found in {name}, whose rows have {_listed(counts)}.", fix=NAME_THEM)
        chat, question = (best, "") if best in _CHATS else ("", best)
    if chat:
        return FieldMap(messages=chat, system=system, language=settings.language)
    question = question or ""
    instances = "instances" if "instances" in counts and settings.response is settings.input is None else ""
    alpaca = ("input",) if question == "instruction" else ()
    return FieldMap(
        instruction=question,
        input="" if instances else _given_or_first(settings.input, alpaca, counts),
        response="" if instances else _given_or_first(settings.response, _ANSWERS.get(question, _ANY_ANSWER), counts),
        system=system,
        instances=instances,
        tests="test" if counts.get("test") and counts.get("entry_point") else "",
        context="context" if any(_is_chat(row.get("context")) for row in rows) else "",
        language=settings.language,
    )


def _is_chat(value: object) -> bool:
    """Whether it looks like turns; other data sets keep documents under the same name."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return any(isinstance(item, dict) and "role" in item for item in items)


def _check_names(settings: SeedSettings, fields: Sequence[str], name: str) -> None:
    if settings.messages and settings.instruction:
        raise UsageError(
            "Both an instruction's field and a chat's field are named.",
            fix="Give either --instruction-field or --messages-field.",
        )
    for part in ("instruction", "input", "response", "system", "messages"):
        given = getattr(settings, part)
        if given and given not in fields:
            raise UsageError(
                f"The field {given!r}, given for the {part}, is not in {name}.", fix=f"Its rows have {_listed(fields)}."
            )


def _given_or_first(given: str | None, names: Sequence[str], counts: Mapping[str, int]) -> str:
    return given if given is not None else next((field for field in names if field in counts), "")


def _listed(fields: Iterable[str]) -> str:
    names = [f"`{field[:40]}`" for field in fields]
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") or "no fields"


def pairs_of(row: Row, fields: FieldMap) -> list[Pair]:
    """The seeds of a row: one, or one for each user turn of a chat.

    Raises:
        BadRow: the row is empty, or a field is missing or of the wrong type.
    """
    system = _text(row, fields.system)
    if fields.messages:
        own, found = user_turns(turns_of(_unpacked(row.get(fields.messages)), fields.messages))
        system = "\n\n".join(dict.fromkeys(text for text in (system, own) if text.strip()))
        return [
            (Instruction(text, system, context, fields.language or language_of(text)), answer)
            for text, context, answer in found
        ]
    if row.get(fields.instruction) is None:
        raise BadRow(f"no field `{fields.instruction}`", empty=True)
    text = _text(row, fields.instruction)
    if not text.strip():
        raise BadRow(f"field `{fields.instruction}` is empty", empty=True)
    answer = _first_instance(row, fields)[1] if fields.instances else _answer(row, fields)
    extra = input_of(row, fields)
    # Told before the input is joined, which may well be a text in another language to translate.
    language = fields.language or language_of(text)
    if extra:
        text = f"{text.rstrip()}\n\n{extra}"
    earlier = tuple(turns_of(row[fields.context], fields.context)) if row.get(fields.context) else ()
    return [(Instruction(text, system, earlier, language), answer if answer.strip() else None)]


def input_of(row: Row, fields: FieldMap) -> str:
    """What a row's single instruction works on; empty where there is nothing, or a word for that.

    Raises:
        BadRow: it is not text.
    """
    if fields.messages:
        return ""
    extra = _first_instance(row, fields)[0] if fields.instances else _text(row, fields.input)
    return extra if extra.strip().lower() not in _NO_INPUT else ""


def tests_of(row: Row, fields: FieldMap) -> SeedTests | None:
    """What tests an answer to a row's single instruction; None where there is nothing, or it is not text.

    An answer may go on from the instruction's code, as in HumanEval.
    """
    if not fields.tests:
        return tests_in(row)
    tests, entry, prompt = row.get(fields.tests), row.get("entry_point"), row.get(fields.instruction)
    if not isinstance(tests, str) or not isinstance(entry, str) or not tests.strip():
        return None
    return SeedTests(tests, entry, prompt if isinstance(prompt, str) else "")


def tests_in(row: Row) -> SeedTests | None:
    """The tests that a recipe left in a row of ours; None where there are none."""
    came = row.get("provenance")
    found = cast("Row", came).get("tests") if isinstance(came, Mapping) else None
    if not isinstance(found, Mapping):
        return None
    text, entry, prompt = (cast("Row", found).get(name) for name in ("text", "entry_point", "prompt"))
    if not isinstance(text, str) or not isinstance(entry, str) or not isinstance(prompt, str) or not text.strip():
        return None
    return SeedTests(text, entry, prompt)


def _text(row: Row, field: str) -> str:
    value = row.get(field) if field else None
    if value is None or _is_no_number(value):
        return ""
    if not isinstance(value, str):
        raise BadRow(f"field `{field}` is {described(value)}, not text")
    return readable(value, f"field `{field}`")


def _answer(row: Row, fields: FieldMap) -> str:
    """The response; a bare number is one too."""
    value = row.get(fields.response) if fields.response else None
    return str(value) if type(value) in (int, float) and not _is_no_number(value) else _text(row, fields.response)


def _is_no_number(value: object) -> bool:
    """NaN and the infinite, which JSON does not have: lenient writers say with them that there is nothing."""
    return isinstance(value, float) and not math.isfinite(value)


def _first_instance(row: Row, fields: FieldMap) -> tuple[str, str]:
    value = _unpacked(row.get(fields.instances))
    if not value:
        return "", ""
    first = cast("list[object]", value)[0] if isinstance(value, list) else None
    if not isinstance(first, dict):
        raise BadRow(f"field `{fields.instances}` is not a list of objects")
    instance = cast("dict[str, object]", first)
    return _text(instance, "input"), _text(instance, "output")


def _unpacked(value: object) -> object:
    """A list, also where a table could only hold it as JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
