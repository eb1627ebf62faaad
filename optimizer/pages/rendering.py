"""From a page's values to one self-contained HTML file; nothing in it loads or runs anything."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from . import numbers

__all__ = ["render"]

_LONGEST = 4000  # characters of one text; the files have the rest
_HERE = Path(__file__).parent


def render(template: str, page: object) -> str:
    """Fill a template of this folder with a page, in the style of all pages.

    Texts of models and seeds are escaped, and the page's policy lets in our style and nothing else.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_final,
    )
    for name in ("count", "p_value", "score", "signed", "stage_name", "clipped"):
        environment.filters[name] = getattr(numbers, name)
    style = (_HERE / "report.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # The style is ours, not data; the policy lets in exactly this text.
    return environment.get_template(template).render(page=page, style=Markup(style), digest=digest)  # noqa: S704


def _final(value: object) -> object:
    """Every text on its way into the page, so that none is forgotten; what is markup of ours stays as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    head, rest = numbers.clipped(value, _LONGEST)
    return numbers.shown(head) + (f" … and {rest:,} more characters" if rest else "")
