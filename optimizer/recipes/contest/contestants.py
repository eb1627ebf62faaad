"""Who meets in a comparison: a person's word read as a method, a prompt of their own, or a file of finished rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ....agents.contract import FREE_TEXT, INSTRUCTION_PLACE
from ....agents.gateway.errors import UsageError
from ....agents.method import WHOLE, Method, Origin
from ....agents.method_file import RUN_METHOD, load_method
from ....prompts import method_names
from ...dataset.language import language_of

__all__ = ["FINISHED", "Entrant", "method_object", "method_of", "part_word", "read_entrants", "without_clauses"]

FINISHED = "finished"
"""The control of what stands for a file of finished rows: it is never rendered."""

_ROWS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".pq")
_MOST_BYTES = 65_536
_NAMED = re.compile(r"(\w[\w .-]{0,39})=(.+)", re.DOTALL)
_WHOLE_HEAD = re.compile(rf"\ufeff?\s*---\n(?:.+\n)*control: {WHOLE}\n")
_LIST = re.compile(r"\s{0,3}(?:\(?\d{1,2}\s*[.):、．](?!\d)|[-*•]\s)")
Kind = Literal["method", "prompt", "rows"]


@dataclass(frozen=True, slots=True)
class Entrant:
    """One contestant, as it was named.

    Args:
        label: its name, unique in the comparison and fit for a file's name.
        kind: a method of ours, a person's whole prompt, or finished rows.
        source: what was said.
        method: what evolves; of finished rows only a stand-in.
        folder: the run that it comes out of, or empty.
    """

    label: str
    kind: Kind
    source: str
    method: Method
    folder: str = ""

    @property
    def fixed(self) -> bool:
        """Whether its texts are the same whatever the model of the evolver."""
        return self.kind == "rows" or self.method.control == "identity"


def read_entrants(words: Sequence[str], language: str, *, ablate: bool = False) -> tuple[Entrant, ...]:
    """Read every contestant, in order.

    Args:
        words: names of shipped methods; paths of method files, run folders, text files with `{instruction}`, files of
            rows; each may begin with `NAME=`.
        language: of shipped methods.
        ablate: the one contestant is followed by itself without each of its clauses.

    Raises:
        UsageError: one cannot be read, two are the same, or there are fewer than two.
    """
    read = [_read(word, language) for word in words]
    if ablate:
        read = without_clauses(read)
    if len(read) < 2:
        raise UsageError(
            "A comparison needs two contestants." if read else "No contestants were named.",
            fix="Name at least two: methods, run folders, prompts with {instruction}, or files of finished rows.",
        )
    named = _with_labels(read)
    _refuse_twins(named)
    return tuple(named)


def without_clauses(read: Sequence[Entrant]) -> list[Entrant]:
    """A method and, for each of its clauses, the method without it.

    Raises:
        UsageError: not exactly one method of clauses.
    """
    if len(read) != 1 or read[0].kind != "method" or read[0].method.control == "identity":
        raise UsageError("Only a method of clauses can be taken apart.", fix="Name one method, its file or its run.")
    whole = read[0]
    if whole.method.control == WHOLE:
        raise UsageError(
            f"{whole.source} is one free text, without clauses that could be taken out.",
            fix="Put its advice into a file as numbered lines, or hold it against others with `autoevol compare`.",
        )
    method = whole.method
    parts: dict[tuple[str, ...], Entrant] = {}  # of two clauses that say the same one is left out
    for number in range(1, len(method.clauses) + 1):
        rest = method.clauses[: number - 1] + method.clauses[number:]
        less = Method(rest, f"without clause {number}", method.language, parent=method.id, control=method.control)
        parts.setdefault(rest, replace(whole, label=f"without-{number}", method=less))
    return [whole, *parts.values()]


def part_word(word: str) -> tuple[str, str]:
    """`NAME=PATH` in its parts; the name is empty where none is given, or where the whole is itself a path."""
    found = _NAMED.fullmatch(word)
    return ("", word) if found is None or Path(word).exists() else (found[1].strip(), found[2])


def method_object(method: Method) -> dict[str, Any]:
    """A method as JSON holds it, letter by letter (a method file holds each clause on one line)."""
    return {
        "clauses": list(method.clauses), "name": method.name, "language": method.language, "parent": method.parent,
        "why": method.why, "control": method.control, "origins": [asdict(origin) for origin in method.origins],
    }  # fmt: skip


def method_of(value: Mapping[str, Any]) -> Method:
    """The method that `method_object` wrote."""
    came: list[dict[str, Any]] = [{**each, "cases": tuple(each["cases"])} for each in value["origins"]]
    origins = tuple(Origin(**each) for each in came)
    plain: dict[str, Any] = {**value, "clauses": tuple(value["clauses"]), "origins": origins}
    return Method(**plain)


# ---------------------------------------------------------------- one of them


def _read(word: str, language: str) -> Entrant:
    try:
        return _read_word(word, language)
    except (OSError, ValueError) as error:  # a name that no file can have
        raise UsageError(f"There is no contestant {word[:60]!r}: {error}.", fix="Check the name.") from error


def _read_word(word: str, language: str) -> Entrant:
    name, place = part_word(word)
    path = Path(place)
    if not place.strip():
        raise UsageError("A contestant has no name.", fix="Name a method, a run's folder or a file.")
    if place in method_names():
        return Entrant(name or place, "method", place, load_method(place, language))
    if path.is_dir():
        if not (path / RUN_METHOD).is_file():
            raise UsageError(
                f"{place} has no {RUN_METHOD}: it is not the folder of a run that found or applied a method.",
                fix="Name such a run, or a file.",
            )
        whole = path.resolve()
        return Entrant(name or whole.name, "method", place, load_method(place, language), str(whole))
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "") in _ROWS:
        if not path.is_file():
            raise UsageError(f"There is no file {place}.", fix="Check the path.")
        stand_in = Method((f"finished rows of {path.name}",), name=path.name, control=FINISHED)
        return Entrant(name or _stem(path), "rows", place, stand_in)
    return _read_text(name, place, language)


def _read_text(name: str, place: str, language: str) -> Entrant:
    """A text file: a prompt where it says `{instruction}` and is no method of free text, else a method."""
    path = Path(place)
    text = _text_of(path) if path.is_file() else None
    if text is not None and INSTRUCTION_PLACE in text and not _WHOLE_HEAD.match(text):
        told = text.replace("\r\n", "\n").removeprefix("\ufeff").strip()
        method = Method((told,), name=path.name, language=language_of(told), control=FREE_TEXT)
        return Entrant(name or _stem(path), "prompt", place, method)
    if text is not None and not _looks_like_method(text):
        raise UsageError(
            f"{place} is neither a prompt, for it lacks {INSTRUCTION_PLACE}, nor a method.",
            fix=f"Write {INSTRUCTION_PLACE} where the instruction goes; or number its lines, one advice in each.",
        )
    return Entrant(name or _stem(path), "method", place, load_method(place, language), _folder_of(path))


def _looks_like_method(text: str) -> bool:
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
    return bool(lines) and (lines[0].strip() == "---" or any(_LIST.match(line) for line in lines))


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", fix="Check its permissions.") from error
    if len(data) > _MOST_BYTES:
        raise UsageError(
            f"{path} is too large to be a method or a prompt.", fix="Rows of data need a suffix such as .jsonl."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", fix="Save it as UTF-8.") from error


def _folder_of(path: Path) -> str:
    """The run that a method file lies in, if any."""
    return next((str(each) for each in path.resolve().parents if (each / "settings.json").is_file()), "")


def _stem(path: Path) -> str:
    """A file's name without its suffixes; of `method.md` that of the folder it lies in."""
    stem = path.name.removesuffix(".gz").rpartition(".")[0] or path.name
    return path.resolve().parent.name if path.name == RUN_METHOD else stem


def _with_labels(read: Sequence[Entrant]) -> list[Entrant]:
    """Names fit for files, each once: a second `x` is `x-2`."""
    taken: set[str] = set()
    named: list[Entrant] = []
    for entrant in read:
        plain = re.sub(r"[^\w.-]+", "-", entrant.label).strip("-.")[:40] or "contestant"
        label = next(each for each in (plain, *(f"{plain}-{n}" for n in range(2, 10_000))) if each.lower() not in taken)
        taken.add(label.lower())
        named.append(replace(entrant, label=label))
    return named


def _refuse_twins(named: Sequence[Entrant]) -> None:
    for index, entrant in enumerate(named):
        for other in named[:index]:
            if entrant.kind != "rows" and entrant.method.id == other.method.id:
                raise UsageError(
                    f"'{other.label}' and '{entrant.label}' are the same {entrant.kind} ({entrant.method.id}).",
                    fix="Name each once; to measure chance, draw one method more often with --run-seeds.",
                )
            if entrant.kind == other.kind == "rows" and Path(entrant.source).samefile(other.source):
                raise UsageError(
                    f"'{other.label}' and '{entrant.label}' are the same file.", fix="Name each file once."
                )
