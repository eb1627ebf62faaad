"""A method as a file that a person reads and edits: a little front matter, then numbered clauses.

    ---
    name: maths, second candidate
    language: en
    parent: 1f0c2a9b7d3e
    why: answers were given away
    id: 77aa0b1c2d3e
    origin 1 5d41402a: {"method": "1f0c2a9b7d3e"}
    ---
    1. Find the quantities and what is asked.
    2. ...

A file without front matter, a plain list, is a method too. A value that is not plain is written as a JSON string. After
`control: whole` the rest of the file is one free text, the method as it stands. Where clauses come from is in lines of
their own (agents/origins.py).
"""

from __future__ import annotations

import difflib
import json
from dataclasses import replace
from pathlib import Path

from ..prompts import LANGUAGES, PromptError, method_names, method_text
from .clauses import breaches, whole_breaches
from .contract import written
from .gateway.errors import UsageError
from .method import WHOLE, Method, Origin
from .origins import ORIGIN_KEY, origin_lines, origin_words, read_origins
from .reading import clause_lines, neat, one_line, several_lines

__all__ = ["RUN_METHOD", "diff_methods", "diff_with_reasons", "dump_method", "load_method", "parse_method", "why_lines"]

RUN_METHOD = "method.md"  # the best method in the folder of a run
_KEYS = ("name", "language", "control", "parent", "why", "id")
_MOST_BYTES = 65_536  # far above any method; a device or a data set is not read into memory
_CONTROLS = ("", "identity", "just-longer", "evol-instruct", "simpler", WHOLE)


def dump_method(method: Method) -> str:
    """A method as the text of its file; `parse_method` gives the same method back.

    White space inside a clause is kept as single spaces, as everywhere else; a free text keeps its lines.
    """
    values = {key: str(getattr(method, key)) for key in _KEYS}
    head = [f"{key}: {_written(value)}" for key, value in values.items() if value]
    clauses = (several_lines(written(method)),) if method.control == WHOLE else neat(method.clauses)
    head += origin_lines(clauses, method.origins)
    return "\n".join(["---", *head, "---", "", written(replace(method, clauses=clauses)), ""])


def parse_method(text: str, origin: str, language: str = "en") -> Method:
    """Read the text of a method file.

    Args:
        text: front matter and clauses, or clauses alone.
        origin: what the text is called in errors: a path or name.
        language: the language where the front matter names none.

    Returns:
        The method. Where the front matter gives an `id` that the clauses no longer have, a person edited them: the
        stated id becomes the parent, and clauses that were not rewritten keep their origins.

    Raises:
        UsageError: the front matter is not understood, or the clauses break the contract.
    """
    head, origins, body = _parts(text.lstrip("\ufeff").replace("\r\n", "\n"), origin)
    clauses = _clauses(body, head.get("control", ""), origin)
    method = Method(
        clauses,
        name=head.get("name", "" if head else Path(origin).name.split(".")[0]),
        language=head.get("language", language),
        parent=head.get("parent", ""),
        why=head.get("why", ""),
        control=head.get("control", ""),
    )
    method = replace(method, origins=read_origins(origins, clauses, method.id, origin))
    stated = head.get("id", method.id)
    return method if stated == method.id else replace(method, parent=stated)


def _clauses(body: str, control: str, origin: str) -> tuple[str, ...]:
    if control == WHOLE:
        clauses: tuple[str, ...] = (several_lines(body),)
        wrong = whole_breaches(clauses[0])
        fix = "Write one text that says how to rewrite; tags and output form are ours."
    else:
        clauses = clause_lines(body)
        wrong = breaches(clauses)
        fix = "Write 1 to 8 numbered lines, each one short advice for rewriting; tags and output form are ours."
    if wrong:
        raise UsageError(f"The method {origin} breaks the contract: {'; '.join(wrong)}.", fix=fix)
    return clauses


def load_method(name_or_path: str, language: str = "en") -> Method:
    """A starting method by its name, or a method from a file or from the folder of a run.

    Args:
        name_or_path: `general`, `chat`, `maths`, `code`, `identity`, `just-longer`; or a path. A path that exists
            under a shipped name must be written with a slash.
        language: of a shipped method (English where it does not exist in that language), and of a file that names none.

    Raises:
        UsageError: no such method or file, not UTF-8 text, or it breaks the contract.
    """
    try:
        text = method_text(name_or_path, language) or method_text(name_or_path, LANGUAGES[0])
    except PromptError as error:
        raise UsageError(str(error), fix="Install AutoEvol again.") from error
    if text is not None:
        return parse_method(text, name_or_path, language)
    path = Path(name_or_path)
    try:
        file = path / RUN_METHOD if path.is_dir() else path
        with file.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise UsageError(f"{file} is too large to be a method.", fix="A method file has 1 to 8 short lines.")
        return parse_method(data.decode("utf-8"), str(file), language)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no method {name_or_path!r}.",
            fix=f"Give one of {', '.join(method_names())}, or the path of a method file or of a finished run.",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"The method {name_or_path} is not UTF-8 text.", fix="Save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"The method {name_or_path!r} cannot be read: {error}.", fix="Give a readable file."
        ) from error


def diff_methods(old: Method, new: Method) -> str:
    """The clauses of two methods against each other: `  ` kept, `- ` gone, `+ ` new, `~ ` changed (old → new).

    Where one of them is a free text, both are compared line by line as they are written.
    """
    lines: list[str] = []
    before_all, after_all = old.clauses, new.clauses
    if WHOLE in {old.control, new.control}:
        before_all, after_all = (tuple(filter(str.strip, written(one).split("\n"))) for one in (old, new))
    matcher = difflib.SequenceMatcher(a=before_all, b=after_all, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        gone, come = before_all[old_from:old_to], after_all[new_from:new_to]
        if kind == "equal":
            lines += [f"  {clause}" for clause in gone]
            continue
        changed = min(len(gone), len(come)) if kind == "replace" else 0
        for before, after in zip(gone[:changed], come[:changed], strict=True):
            lines += [f"~ {before}", f"  → {after}"]
        lines += [f"- {clause}" for clause in gone[changed:]]
        lines += [f"+ {clause}" for clause in come[changed:]]
    return "\n".join(lines)


def diff_with_reasons(old: Method, new: Method) -> str:
    """The same, and below each new or changed clause why it came in, where the new method knows."""
    reasons = {c: origin_words(o) for c, o in zip(new.clauses, new.origins, strict=False) if o.step}
    lines: list[str] = []
    for line in diff_methods(old, new).split("\n"):
        lines.append(line)
        come = line[2:] if line.startswith("+ ") else line[4:] if line.startswith("  → ") else ""
        if come in reasons:
            lines.append(f"      {one_line(reasons[come])}")
    return "\n".join(lines)


def why_lines(method: Method) -> list[str]:
    """Each clause of a method with where it comes from below it."""
    unknown = "where it comes from was not kept" if method.parent else origin_words(Origin())
    words = [origin_words(origin) for origin in method.origins] or [unknown] * len(method.clauses)
    if method.control == WHOLE:
        return [*written(method).split("\n"), *(f"   {one_line(why)}" for why in words)]
    lines: list[str] = []
    for number, (clause, why) in enumerate(zip(method.clauses, words, strict=False), 1):
        lines += [f"{number}. {one_line(clause)}", f"   {one_line(why)}"]
    return lines


def _parts(text: str, origin: str) -> tuple[dict[str, str], list[tuple[str, str]], str]:
    """Front matter, the origins in it, and body."""
    if not text.lstrip().startswith("---\n"):
        return {}, [], text
    head, closed, body = text.lstrip()[3:].partition("\n---")
    if not closed or body.partition("\n")[0].strip("- "):
        raise UsageError(
            f"The front matter of the method {origin} is not closed.", fix="End it with a line of three dashes."
        )
    values: dict[str, str] = {}
    origins: list[tuple[str, str]] = []
    for line in filter(str.strip, head.split("\n")):
        key, colon, value = line.partition(":")
        sign = ORIGIN_KEY.fullmatch(key.strip())
        if sign is not None:
            origins.append((sign[1], value))
            continue
        if not colon or key.strip() not in _KEYS:
            raise UsageError(
                f"The method {origin} breaks the contract: its front matter has an unknown line {line[:60]!r}.",
                fix=f"Known are {', '.join(_KEYS)}, each as `key: value`.",
            )
        values[key.strip()] = _meant(value.strip(), origin)
    if values.get("control", "") not in _CONTROLS:
        raise UsageError(
            f"The method {origin} names an unknown control {values['control']!r}.",
            fix=f"Known are {', '.join(filter(None, _CONTROLS))}; leave the line out of every other method.",
        )
    return values, origins, body.partition("\n")[2]


def _written(value: str) -> str:
    plain = value == value.strip() and not value.startswith('"') and value.isprintable()
    return value if plain else json.dumps(value)


def _meant(value: str, origin: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        meant: object = json.loads(value)
    except json.JSONDecodeError:
        meant = None
    if not isinstance(meant, str):
        raise UsageError(
            f"The front matter of the method {origin} has an open quote: {value[:60]}.", fix="Close the double quote."
        )
    return meant
