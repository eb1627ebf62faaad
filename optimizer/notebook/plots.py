"""Charts and cells as a notebook shows them: SVG and HTML with their own ground, for light and dark alike.

A cell has its own colours for both and follows the notebook's theme where that says what it is, else the system's; so
its text can be read whatever stands around it. Every text of a run is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from ..pages.numbers import clipped, shown
from ..pages.plot import Drawing
from ..pages.story import Story
from ..record.folder import write_atomically

__all__ = ["Plot", "cell"]

_LONGEST = 1200  # characters of a sentence in a cell
_LIGHT = "--paper:#fcfbf8;--ink:#22262b;--soft:#5b626b;--rule:#dfdad0;--link:#1f5a92;--good:#1f6e45;--bad:#a5341f"
_DARK = "--paper:#15181c;--ink:#e4e2dc;--soft:#a2a8b0;--rule:#363c44;--link:#8ebbe8;--good:#7fcb9d;--bad:#f09a86"
_DARK_PLACES = ('[data-jp-theme-light="false"]', ".vscode-dark", ".vscode-high-contrast", "html[theme=dark]")
_LIGHT_PLACES = ('[data-jp-theme-light="true"]', ".vscode-light", "html[theme=light]")
_STYLE = Markup(  # noqa: S704  ours alone
    f".autoevol{{{_LIGHT};color-scheme:light}}"
    f"@media (prefers-color-scheme:dark){{.autoevol{{{_DARK};color-scheme:dark}}}}"
    + "".join(f"{place} .autoevol{{{_LIGHT};color-scheme:light}}" for place in _LIGHT_PLACES)
    + "".join(f"{place} .autoevol{{{_DARK};color-scheme:dark}}" for place in _DARK_PLACES)
    + "div.autoevol{background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif;padding:.8em 1.1em;"
    "border:1px solid var(--rule);border-radius:6px;max-width:52em;overflow-wrap:anywhere}"
    ".autoevol h3{margin:.1em 0 .5em;font-size:1.2em;color:inherit}.autoevol h3.good{color:var(--good)}"
    ".autoevol h3.bad{color:var(--bad)}.autoevol p{margin:.35em 0;color:inherit}"
    ".autoevol p.soft{color:var(--soft);font-size:.87em}"
    "svg.autoevol,.autoevol svg{background:var(--paper);font:13px system-ui,sans-serif;max-width:100%;height:auto}"
    ".autoevol text{fill:var(--soft)}.autoevol .k-grid{stroke:var(--rule)}.autoevol .k-zero{stroke:var(--soft)}"
    ".autoevol .k-incumbent{fill:none;stroke:var(--ink);stroke-width:2;stroke-linejoin:round}"
    ".autoevol .interval{stroke:var(--soft);opacity:.7}.autoevol .k-bar{fill:var(--link)}"
    ".autoevol .raced .mark{fill:var(--paper);stroke:var(--link);stroke-width:2}"
    ".autoevol .accepted .mark{fill:var(--good);stroke:var(--good);stroke-width:2}"
    ".autoevol .left .mark,.autoevol .worse .mark{fill:none;stroke:var(--bad);stroke-width:2}"
)


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart that a notebook draws.

    Args:
        title: what it shows, in a sentence.
        drawing: None where there is nothing to draw; then a notebook shows `nothing`.
        nothing: says why.
    """

    title: str
    drawing: Drawing | None
    nothing: str

    @property
    def svg(self) -> str:
        """The chart as an SVG file; empty where there is none."""
        return "" if self.drawing is None else str(_svg(self.drawing, self.title, styled=True))

    def save(self, path: str | Path) -> Path:
        """Write the chart as an SVG file, or nothing but its ground where there is nothing to draw.

        Raises:
            StorageError: it cannot be written.
        """
        empty = Drawing(Markup(""), 40)
        write_atomically(Path(path), str(_svg(self.drawing or empty, self.title, styled=True)))
        return Path(path)

    def _repr_svg_(self) -> str | None:
        return self.svg or None

    def _repr_html_(self) -> str:
        return str(_box(self.figure()))

    def figure(self) -> Markup:
        """The chart with its title, for a cell."""
        if self.drawing is None:
            return Markup('<p class="soft">{}</p>').format(_said(self.nothing))
        return _svg(self.drawing, self.title, styled=False) + Markup('<p class="soft">{}</p>').format(_said(self.title))


def cell(kicker: str, story: Story, plot: Plot, notes: Sequence[str]) -> str:
    """A run as a notebook shows it: its story over its chart.

    Args:
        kicker: the line above the headline.
        notes: lines below the chart.
    """
    head = Markup('<p class="soft">{}</p><h3 class="{}">{}</h3>').format(
        _said(kicker), story.tone, _said(story.headline)
    )
    told = Markup("").join(Markup("<p>{}</p>").format(_said(sentence)) for sentence in story.sentences)
    below = Markup("").join(Markup('<p class="soft">{}</p>').format(_said(note)) for note in notes)
    return str(_box(head + told + plot.figure() + below))


def _box(inside: Markup) -> Markup:
    return Markup('<div class="autoevol"><style>{}</style>{}</div>').format(_STYLE, inside)


def _svg(drawing: Drawing, title: str, *, styled: bool) -> Markup:
    style = Markup("<style>{}</style>").format(_STYLE) if styled else Markup("")
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="autoevol" role="img" aria-label="{}" width="{}" height="{}" '
        'viewBox="0 0 {} {}">{}<rect width="100%" height="100%" style="fill:var(--paper)"/>{}</svg>'
    ).format(_said(title), drawing.width, drawing.height, drawing.width, drawing.height, style, drawing.svg)


def _said(text: str) -> str:
    head, rest = clipped(text, _LONGEST)
    return shown(head) + (f" … and {rest:,} more characters" if rest else "")
