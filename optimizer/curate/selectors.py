"""The selectors by name."""

from __future__ import annotations

from collections.abc import Mapping

from .deita import deita
from .diverse import diverse
from .duplicates.dedup import dedup
from .facility import facility
from .forms.verify import arithmetic_check
from .hybrid import hybrid
from .instag import instag
from .lima import lima
from .magpie_filter import magpie_filter
from .panel import panel_of
from .part import Selector
from .quotas import quotas

__all__ = ["CHOOSERS"]

_ALONE: Mapping[str, Selector] = {
    "dedup": dedup,
    "diverse": diverse,
    "facility": facility,
    "deita": deita,
    "hybrid": hybrid,
    "quotas": quotas,
    "instag": instag,
    "arithmetic-check": arithmetic_check,
    "lima": lima,
    "magpie-filter": magpie_filter,
}

CHOOSERS: Mapping[str, Selector] = {**_ALONE, "panel": panel_of(_ALONE)}
"""What each selector does; its settings are in optimizer/record/curating."""
