"""Tokens of texts: by the student's own tokenizer, or an estimate that says it is one."""

from __future__ import annotations

import importlib
import json
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, cast

from ....agents.gateway.errors import UsageError
from ...dataset.raw import missing_extra
from .templates import Rendered

__all__ = ["Approximate", "Counted", "FileTokenizer", "TokenCounter", "open_tokenizer"]


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens of a text.

    Args:
        length: how many.
        learnt: stretches that are learnt, from and to, in tokens.
        ids: the tokens; None where they are only estimated.
        straddling: tokens that begin before an answer and end in it; they are not learnt.
    """

    length: int
    learnt: tuple[tuple[int, int], ...]
    ids: tuple[int, ...] | None = None
    straddling: int = 0


class TokenCounter(Protocol):
    """Counts the tokens of rendered rows."""

    name: str
    exact: bool

    def count(self, texts: Sequence[Rendered]) -> list[Counted]:
        """Tokens of each text, with what is learnt."""
        ...


class FileTokenizer:
    """A tokenizer of Hugging Face out of its `tokenizer.json`.

    The whole text is encoded at once, as trainers do, without special tokens of the tokenizer's own (those stand in
    the template). What is learnt follows from where tokens begin in the text.

    Raises:
        UsageError: `tokenizers` is not installed, or the file is no tokenizer.
    """

    exact = True

    def __init__(self, path: Path) -> None:
        try:
            library: Any = importlib.import_module("tokenizers")
        except ImportError as error:
            raise missing_extra("A count by a tokenizer", "pack") from error
        self.name = f"{path.parent.name}/{path.name}"
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            _keep_spaces(said)
            said["truncation"] = said["padding"] = None
            self._tokenizer: Any = library.Tokenizer.from_str(json.dumps(said))
        except Exception as error:  # the library raises nothing more particular
            raise UsageError(f"{path} is no tokenizer: {error}.", fix="Give a tokenizer.json.") from error

    def count(self, texts: Sequence[Rendered]) -> list[Counted]:
        """See `TokenCounter`."""
        encoded: list[Any] = self._tokenizer.encode_batch([each.text for each in texts], add_special_tokens=False)
        return [_counted(each, found.ids, found.offsets) for each, found in zip(texts, encoded, strict=True)]


def _keep_spaces(node: Any) -> None:
    """A tokenizer may leave white space out of the places of its tokens; here they must be exact."""
    if isinstance(node, dict):
        if "trim_offsets" in node:
            node["trim_offsets"] = False
        for each in cast("dict[str, Any]", node).values():
            _keep_spaces(each)
    elif isinstance(node, list):
        for each in cast("list[object]", node):
            _keep_spaces(each)


def _counted(text: Rendered, ids: Sequence[int], places: Sequence[tuple[int, int]]) -> Counted:
    begins = [begin for begin, _ in places]
    learnt: list[tuple[int, int]] = []
    straddling = 0
    for begin, end in text.learnt:
        first, last = bisect_left(begins, begin), bisect_left(begins, end)
        straddling += first > 0 and begins[first - 1] < begin < places[first - 1][1]
        if first < last:
            learnt.append((first, last))
    return Counted(len(ids), tuple(learnt), tuple(ids), straddling)


class Approximate:
    """An estimate for any tokenizer with byte pairs: words in pieces of six letters, figures in threes, all else alone.

    Chinese, Japanese and Korean characters count one each. Only good for planning; a pack may come out too long.
    """

    name = "approximate"
    exact = False
    _PIECES = re.compile(r"<\|\w+\|>|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]| ?[^\W\d_]{1,6}|\d{1,3}|\s+|[^\w\s]|_")

    def count(self, texts: Sequence[Rendered]) -> list[Counted]:
        """See `TokenCounter`."""
        return [self._one(each) for each in texts]

    def _one(self, text: Rendered) -> Counted:
        edges = sorted({0, len(text.text), *(place for span in text.learnt for place in span)})
        counts = {0: 0}
        for begin, end in pairwise(edges):
            counts[end] = counts[begin] + sum(1 for _ in self._PIECES.finditer(text.text, begin, end))
        learnt = [(counts[begin], counts[end]) for begin, end in text.learnt]
        return Counted(counts[len(text.text)], tuple(each for each in learnt if each[0] < each[1]))


def open_tokenizer(path: Path | None) -> TokenCounter:
    """A file `tokenizer.json`, or the folder that it is in; None gives the estimate.

    Raises:
        UsageError: there is no such file, it is no tokenizer, or the extra is missing.
    """
    if path is None:
        return Approximate()
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"There is no tokenizer {file}.", fix="Give a tokenizer.json, or the folder of a model.")
    return FileTokenizer(file)
