"""A written page as a browser would build it, for tests that read it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

from autoevol.optimizer.pages.report import write_report

__all__ = ["Page", "Shape", "page_of", "words_of"]

Shape = list[tuple[str, tuple[tuple[str, str], ...]]]
"""Elements in their order, each with its attributes by name."""

# In an address of the table of items.
_CLASS = re.compile(r"(?<=^#matrix/)[a-z0-9-]+/all/[\w.~%-]*$", re.ASCII)
# Elements without an end; those of SVG close themselves.
_VOID = {"meta", "line", "circle", "path", "polyline"}
# Elements that end a word.
_CELLS = {"td", "th", "li", "dt", "dd", "p", "b", "a", "summary", "caption", "h1", "h2", "h3", "h4"}


class Page(HTMLParser):
    """What a browser would build: elements with their attributes, and the text between them.

    Args:
        html: the page. What was left open stands in `open`, ends without a beginning in `unbalanced`; the text of
            the style and of each script stands apart from the words.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.words = ""
        self.style = ""
        self.scripts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins; one without an end is over at once."""
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """An element ends, and with a cell its last word."""
        self.words += " " * (tag in _CELLS)
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        """Text: of the style, of a script, or words."""
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.open and self.open[-1] == "script":
            self.scripts.append(data)
        else:
            self.words += data

    def values(self, name: str) -> list[str]:
        """All values of an attribute."""
        return [attributes[name] for _, attributes in self.elements if name in attributes]

    @property
    def shape(self) -> Shape:
        """The elements and everything in their attributes, but for the name of a class at the end of an address: it is
        letters, digits and percent signs alone."""
        return [
            (tag, tuple(sorted((name, _CLASS.sub("", value or "")) for name, value in attributes.items())))
            for tag, attributes in self.elements
        ]

    @property
    def told(self) -> str:
        """The words with single spaces between them."""
        return " ".join(self.words.split())


def page_of(folder: Path) -> Page:
    """The report of this run, written now."""
    return Page(write_report(folder).read_text(encoding="utf-8"))


def words_of(folder: Path) -> str:
    """What the report of this run says, with single spaces between its words."""
    return page_of(folder).told
