"""The contract: what surrounds a method and is never rewritten (design, law 5).

It renders the role, the delimiters of the data and the output's form round the clauses of a method, and reads the
answer back. Data stands between marks that derive from a secret of the run and the data itself, so that no text can
hold its own end mark (law 8). They come after the prefix, which is the same for all items of a method.

The form of the frame, clauses outside of the template and a counted failure for an unreadable answer, answers the
marker drift of the published methods (arXiv 2406.00770, appendix J).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Literal

from ..prompts import Prompts, shipped
from .gateway.requests import Turn
from .messages import Edit, Instruction
from .method import WHOLE, Method
from .reading import between_tags, json_lines, json_value, tidy
from .schemas import TEXT, schema

__all__ = ["CONTRACT_VERSION", "EVOLVED_SCHEMA", "EVOLVED_TAG", "FREE_TEXT", "INSTRUCTION_PLACE", "OutputForm",
           "evolved_tag", "mark", "numbered", "own_words", "quoted", "read_evolved", "read_text", "render_edits",
           "render_evolve", "said_before", "tag_for", "whole", "written"]  # fmt: skip

OutputForm = Literal["tags", "json"]

CONTRACT_VERSION = 2  # rises with every change of what this file renders or reads; part of a run's frozen prompts
EVOLVED_TAG = "evolved"
FREE_TEXT = "free-text"
"""The control of a method whose one clause is a person's whole prompt."""
INSTRUCTION_PLACE = "{instruction}"
"""Where such a prompt wants the instruction."""
_FIELD = "new_text"
_EDITS_SHOWN = 8  # what was tried longer ago is told by the clauses that stayed
_SEEN = 0.005  # a change of a share that rounds to nothing is not shown


# ---------------------------------------------------------------- marks and data


def mark(secret: str, *texts: str) -> str:
    """8 hex digits that none of the texts holds: HMAC-SHA256 of the texts under the run's secret (law 8).

    Raises:
        ValueError: the secret is empty, so anybody could compute the mark.
    """
    if not secret:
        raise ValueError("marks need a secret")
    body = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    for count in range(1000):
        digest = hmac.new(secret.encode(), b"%d\x1f%b" % (count, body), hashlib.sha256).hexdigest()[:8]
        if not any(digest in text for text in texts):
            return digest
    raise ValueError("the data holds every mark that was tried")  # 4,294,967,296 marks: data of gigabytes


def quoted(label: str, sign: str, text: str) -> str:
    """Data between its marks, as a model is shown it."""
    return f"<<<{label} {sign}\n{text}\n{label} {sign}>>>"


def tag_for(name: str, secret: str, *texts: str) -> str:
    """The name of the tag for an answer: `name`, or one that no text can guess where a text holds that tag."""
    if not any(re.search(rf"<\s*/?\s*{re.escape(name)}\s*>", text, re.IGNORECASE) for text in texts):
        return name
    return f"{name}-{mark(secret, name, *texts)}"


def whole(instruction: Instruction) -> str:
    """The text with what stands before it: system prompt and earlier turns, each with its speaker."""
    before = said_before(instruction)
    return f"{before}\nuser: {instruction.text}" if before else instruction.text


def said_before(instruction: Instruction) -> str:
    """System prompt and earlier turns, each with its speaker: shown so that the text is understood, never rewritten."""
    lines = [f"system: {instruction.system}"] if instruction.system else []
    return "\n".join([*lines, *(f"{turn.speaker}: {turn.text}" for turn in instruction.context)])


def numbered(clauses: Sequence[str]) -> str:
    """Clauses as numbered lines."""
    return "\n".join(f"{number}. {clause}" for number, clause in enumerate(clauses, 1))


def written(method: Method) -> str:
    """A method as models are told it: numbered clauses, or the free text that it is."""
    return "\n".join(method.clauses) if method.control == WHOLE else numbered(method.clauses)


# A plan first: a model that must name what it adds adds something (the published method writes its plan out too).
EVOLVED_SCHEMA = schema(**{"plan": TEXT, _FIELD: TEXT})


# ---------------------------------------------------------------- evolving


def evolved_tag(instruction: Instruction, secret: str) -> str:
    """The tag that the evolver's answer must stand in."""
    return tag_for(EVOLVED_TAG, secret, *_all_texts(instruction))


def render_evolve(
    method: Method,
    instruction: Instruction,
    secret: str,
    output_form: OutputForm,
    prompts: Prompts | None = None,
) -> tuple[Turn, ...]:
    """The question to the evolver: one system turn that is the same for all items of the method, one user turn.

    The contract is written in the method's language. The seed's system prompt and earlier turns are data for
    understanding; only the instruction is to be rewritten. Of a free text the words stay as they are: the instruction
    stands between our marks where it asks for it, and our output form follows.

    Raises:
        ValueError: the secret is empty.
    """
    prompts = prompts or shipped()
    language = method.language
    sign = mark(secret, *_all_texts(instruction))
    form = _form(method, evolved_tag(instruction, secret), output_form, prompts)
    data = quoted("TEXT", sign, instruction.text)
    if method.control == FREE_TEXT:
        told = prompts.get("evolver-free", language).fill()
        # Plain replacement: braces mean nothing else, and what comes in is not looked at again.
        ask = f"{''.join(method.clauses).replace(INSTRUCTION_PLACE, data).rstrip()}\n\n{form}"
    else:
        told = prompts.get(_evolver(method), language).fill(clauses=written(method))
        ask = prompts.get(f"{_evolver(method)}-ask", language).fill(data=data, form=form)
    before = said_before(instruction)
    if before:
        context = prompts.get("evolver-before", language).fill(data=quoted("BEFORE", sign, before))
        ask = f"{context}\n\n{ask}"
    return Turn("system", told), Turn("user", ask)


def _evolver(method: Method) -> str:
    """Which prompts of the evolver: a method that evolves down is asked for in other words."""
    return "evolver-down" if method.control == "simpler" else "evolver"


def _form(method: Method, tag: str, output_form: OutputForm, prompts: Prompts) -> str:
    form = prompts.get(f"{_evolver(method)}-{output_form}", method.language)
    return form.fill(tag=tag) if output_form == "tags" else form.fill()


def read_evolved(
    answer_text: str,
    method: Method,
    instruction: Instruction,
    secret: str,
    output_form: OutputForm,
    prompts: Prompts | None = None,
) -> str | None:
    """The evolved text in the answer to `render_evolve` with the same arguments; None where the form was not kept.

    Marks of ours that the model copied round the text are taken off; inside of it they make it unreadable, and so
    does an echo of the words in which the form was asked for.
    """
    tag = evolved_tag(instruction, secret)
    asked = _form(method, tag, output_form, prompts or shipped())
    return own_words(read_text(answer_text, output_form, tag), mark(secret, *_all_texts(instruction)), asked)


def own_words(text: str | None, sign: str, asked: str) -> str | None:
    """A new text without marks round it that a model copied; None where one stands inside, or it repeats `asked`."""
    frame = rf"(?:<<<)?\s*(?:TEXT\s+)?{sign}(?:\s*>>>)?"
    text = tidy(re.sub(rf"\A{frame}\s*|\s*{frame}\Z", "", text or "", flags=re.IGNORECASE))
    return None if text is None or sign in text or text in asked else text


def read_text(answer_text: str, output_form: OutputForm, tag: str = EVOLVED_TAG) -> str | None:
    """The evolved text in an answer, trimmed; None where the form was not kept. Never the whole answer.

    Args:
        answer_text: what the model wrote, without a reasoning trace.
        output_form: the last complete pair of tags counts, or the last JSON object with the field.
        tag: the tag that was asked for (`evolved_tag`).
    """
    if output_form == "tags":
        return between_tags(answer_text, tag)
    value = json_value(answer_text, _FIELD)
    return tidy(value) if isinstance(value, str) else None


def _all_texts(instruction: Instruction) -> tuple[str, ...]:
    return (instruction.text, instruction.system, *(turn.text for turn in instruction.context))


# ---------------------------------------------------------------- history


def render_edits(edits: Sequence[Edit], method: Method, secret: str, prompts: Prompts) -> str:
    """The latest tried edits and their effects as quoted data, oldest first; empty where there is none.

    Of each edit only the clauses that the method lacks are shown: it is they that were tried.
    """
    if not edits:
        return ""
    lines = json_lines(_tried(edit, method) for edit in edits[-_EDITS_SHOWN:])
    text = prompts.get("tried-edits", method.language)
    return text.fill(edits=quoted("EDITS", mark(secret, lines), lines)) + "\n\n"


def _tried(edit: Edit, method: Method) -> dict[str, object]:
    row: dict[str, object] = {
        "tried": [clause for clause in edit.clauses if clause not in method.clauses],
        "why": edit.why,
        "accepted": edit.accepted,
        "gain": None if edit.gain is None else round(edit.gain, 3),
    }
    if edit.low is not None and edit.high is not None:
        row |= {"from": round(edit.low, 2), "to": round(edit.high, 2), "items": edit.items}
    for name, kinds in (
        ("rarer", [f"{kind} {by:+.0%}" for kind, by in edit.changes if by <= -_SEEN]),
        ("more often", [f"{kind} {by:+.0%}" for kind, by in edit.changes if by >= _SEEN]),
    ):
        row |= {name: kinds} if kinds else {}
    return row
