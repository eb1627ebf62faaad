"""Charts by leather, as SVG that a page's style colours: scales, ticks and axes are the library's, marks our own.

leather (MIT) is small, draws at once and leaves nothing to be loaded or run. It has no types, so it is spoken to here
alone.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

from .numbers import shown

__all__ = ["Axis", "Drawing", "Mark", "draw", "draw_bars"]

_WIDTH = 720
_STYLE = {
    "background_color": "none",
    "margin": 0.02,
    "tick_color": "k-grid",
    "zero_color": "k-zero",
    "label_color": "k-label",
    "axis_title_color": "k-label",
    "tick_font_size": 13,
    "tick_font_char_width": 7,
    "axis_title_font_size": 13,
}
_PLACE = re.compile(r"-?\d+\.\d+")
_RADIUS = 5
_BAR = 34
_MOST_BARS = 40
_LONGEST_LABEL = 34
_UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis: its range, what it shows, and its ticks where they are not the library's choice.

    Args:
        low, high: everything that is drawn lies between them.
        name: of what it shows; may be empty.
        ticks: values, each with its label.
    """

    low: float
    high: float
    name: str
    ticks: Sequence[tuple[float, str]] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A value with its interval, drawn along one axis.

    Args:
        x, y: where.
        low, high: the interval, along `along`; None where there is none.
        along: `x` or `y`.
        kind: its class, which the style colours; a mark of kind `left` is a cross.
        words: shown when it is pointed at, and read aloud.
    """

    x: float
    y: float
    low: float | None
    high: float | None
    along: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart: the inside of an `svg` element of this size."""

    svg: Markup
    height: int
    width: int = _WIDTH


class _Marks:
    """Marks as a shape of the library: it gives the scales, this draws."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self.marks = marks

    def validate_series(self, series: object) -> bool:
        """Every series will do: the marks are those that were given."""
        return series is not None

    def legend_to_svg(self, _series: object, _palette: object) -> list[Any]:
        """The page has a legend of its own."""
        return []

    def to_svg(self, *given: Any) -> ET.Element:
        """All marks.

        Args:
            given: width, height, both scales, the series and the palette.
        """
        width, height, across, up = given[:4]
        group = ET.Element("g", {"class": "marks"})
        for mark in self.marks:
            group.append(_drawn(mark, lambda x: float(across.project(x, 0, width)),
                                lambda y: float(up.project(y, height, 0))))  # fmt: skip
        return group


def draw(marks: Sequence[Mark], line: Sequence[tuple[float, float]], x: Axis, y: Axis, height: int) -> Drawing:
    """A chart of marks over an optional line.

    Args:
        marks: in the order in which they are drawn.
        line: points of a line behind them; empty for none.
        x, y: the axes.
        height: in the units of the drawing, which is 720 wide.
    """
    leather = _leather()
    chart = leather.Chart()
    chart.add_x_scale(x.low, x.high)
    chart.add_y_scale(y.low, y.high)
    chart.add_x_axis(*_ticks(x))
    chart.add_y_axis(*_ticks(y))
    if line:
        shape = leather.Line("k-incumbent", 2)
        shape.legend_to_svg = _no_legend
        chart.add_series(leather.Series(list(line)), shape)
    chart.add_series(leather.Series([(mark.x, mark.y) for mark in marks] or [(x.low, y.low)]), _Marks(marks))
    group: ET.Element = chart.to_svg_group(_WIDTH, height)
    _restyle(group)
    return Drawing(Markup(ET.tostring(group, encoding="unicode")), height)  # noqa: S704  texts are escaped by ElementTree


def draw_bars(bars: Sequence[tuple[str, float]], axis: str) -> Drawing | None:
    """Lengths side by side, the first on top; None where there is none.

    Args:
        bars: each a name and a length of zero or more; the first forty are drawn.
        axis: what the lengths are.
    """
    if not bars:
        return None
    named: dict[str, float] = {}
    for name, value in bars[:_MOST_BARS]:
        label = _short(name)
        # The library takes equal names for one.
        named[label if label not in named else f"{label} ({len(named) + 1})"] = value
    chart = _leather().Chart()
    chart.add_x_scale(0, max(named.values()) or 1)
    chart.add_x_axis(None, _amount, axis)
    chart.add_bars([(value, label) for label, value in named.items()], fill_color="k-bar")
    height = 70 + _BAR * len(named)
    group: ET.Element = chart.to_svg_group(_WIDTH, height)
    _restyle(group)
    return Drawing(Markup(ET.tostring(group, encoding="unicode")), height)  # noqa: S704  texts are escaped by ElementTree


def _short(name: str) -> str:
    text = shown(name)
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _amount(value: Any, _place: int, _count: int) -> str:
    return next((f"{float(value) / of:g}{unit}" for of, unit in _UNITS if value >= of), f"{float(value):g}")


def _leather() -> Any:
    """The library, drawing in our style."""
    leather = importlib.import_module("leather")
    for name, value in _STYLE.items():
        setattr(leather.theme, name, value)
    return leather


def _no_legend(*_given: object) -> list[Any]:
    """The page has a legend of its own."""
    return []


def _ticks(axis: Axis) -> tuple[list[float] | None, Callable[[Any, int, int], str], str | None]:
    """Values, how they are written, and the name of the axis, as the library takes them."""
    labels = [label for _, label in axis.ticks]

    def written(value: Any, place: int, _count: int) -> str:
        return shown(labels[place]) if labels else f"{float(value):g}".replace("-", "−")

    return [value for value, _ in axis.ticks] or None, written, shown(axis.name) or None


def _drawn(mark: Mark, across: Callable[[float], float], up: Callable[[float], float]) -> ET.Element:
    group = ET.Element("g", {"class": mark.kind})
    ET.SubElement(group, "title").text = shown(mark.words)
    x, y = across(mark.x), up(mark.y)
    if mark.low is not None and mark.high is not None:
        ends = (across(mark.low), across(mark.high)) if mark.along == "x" else (up(mark.low), up(mark.high))
        places = (ends[0], y, ends[1], y) if mark.along == "x" else (x, ends[0], x, ends[1])
        named = zip(("x1", "y1", "x2", "y2"), places, strict=True)
        ET.SubElement(group, "line", {"class": "interval", **{name: f"{place:.1f}" for name, place in named}})
    if mark.kind == "left":
        ET.SubElement(group, "path", {"class": "mark", "d": f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"})
    else:
        ET.SubElement(group, "circle", {"class": "mark", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": str(_RADIUS)})
    return group


def _restyle(group: ET.Element) -> None:
    """Colours become classes, so that light and dark are the style's; places are rounded; fonts are the page's."""
    for element in group.iter():
        for name, value in list(element.attrib.items()):
            if name in {"font-family", "font-size"}:
                del element.attrib[name]
            elif value.startswith("k-"):
                del element.attrib[name]
                element.set("class", f"{element.get('class', '')} {value}".strip())
            elif name not in {"class", "fill"}:
                element.set(name, _PLACE.sub(lambda found: f"{float(found[0]):.1f}", value))
