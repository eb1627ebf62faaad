"""From a page's values to one self-contained HTML file: it loads nothing, and runs no script but our own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ..scoring.labelled import DOMAINS, FLAWS
from . import numbers

__all__ = ["render"]

_LONGEST = 4000  # characters of one text; the files have the rest
_HERE = Path(__file__).parent


def render(template: str, page: object, *, scripts: Sequence[str] = (), served: bool = False) -> str:
    """Fill a template of this folder with a page, in the style of all pages.

    Texts of models and seeds are escaped, and the page's policy lets in our style and scripts and nothing else.

    Args:
        template: a file of this folder.
        page: what the template shows.
        scripts: files of this folder that run in the page, in order.
        served: whether `autoevol ui` serves the page: then it may speak with the server that it came from.
    """
    style = _ours("report.css")
    codes = [_ours(name) for name in scripts]
    policy = f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'"
    if codes:
        allowed = " ".join(f"'sha256-{_digest(code)}'" for code in codes)
        # No text can become markup by way of a script either: the browser refuses such a call.
        policy += f"; script-src {allowed}; require-trusted-types-for 'script'; trusted-types 'none'"
    policy += "; connect-src 'self'" if served else ""
    return (
        _environment()
        .get_template(template)
        .render(
            page=page,
            style=style,
            digest=_digest(style),
            policy=Markup(policy),  # noqa: S704  made of our own words and digests
            codes=codes,
            served=served,
        )
    )


@cache
def _environment() -> Environment:
    """The templates of this folder, each compiled once a process."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_final,
    )
    environment.globals.update(FLAWS=FLAWS, DOMAINS=DOMAINS)  # pyright: ignore[reportArgumentType]
    for name in ("count", "p_value", "score", "signed", "stage_name", "clipped"):
        environment.filters[name] = getattr(numbers, name)
    return environment


def _ours(name: str) -> Markup:
    """A style or script of this folder. It is ours, not data; the policy lets in exactly this text."""
    return Markup((_HERE / name).read_text(encoding="utf-8"))  # noqa: S704


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _final(value: object) -> object:
    """Every text on its way into the page, so that none is forgotten; what is markup of ours stays as it is."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    head, rest = numbers.clipped(value, _LONGEST)
    return numbers.shown(head) + (f" … and {rest:,} more characters" if rest else "")
