"""What a selector goes by must stand in some row: where a run begins with one, it is asked before there is a folder."""

from __future__ import annotations

from collections.abc import Sequence

from ...agents.gateway.errors import UsageError
from ..dataset.whole import WholeSource
from ..record.curating.dedup import DedupSettings
from ..record.curating.deita import DeitaSettings
from ..record.curating.facility import FacilitySettings
from ..record.curating.hybrid import HybridSettings
from ..record.curating.lima import LimaSettings
from ..record.curating.magpie_filter import MagpieFilterSettings
from ..record.curating.panel import PanelSettings
from ..record.curating.quotas import QuotasSettings
from ..record.making.part import PartSettings
from .deita import refuse_unscored
from .facility import first_stage
from .magpie_filter import refuse_missing
from .paths import refuse_unsaid
from .rows import Rows

__all__ = ["refuse_lacking"]


def refuse_lacking(part: PartSettings, source: WholeSource) -> None:
    """Refuse rows none of which has what the selector goes by. One pass for each member, ended where all is found.

    Args:
        part: the first part of a run.
        source: its rows.

    Raises:
        UsageError: no row has it.
    """
    rows = Rows(source, 1)  # no more is asked of their number than that there are any
    if not isinstance(part, PanelSettings):
        _refuse(part, rows)
        return
    for name, member in part.members.items():
        try:
            _refuse(member, rows)
        except UsageError as error:
            raise UsageError(f"The member {name} of the panel cannot choose: {error.problem}", fix=error.fix) from error


def _refuse(part: PartSettings, rows: Rows) -> None:
    if isinstance(part, MagpieFilterSettings):
        refuse_missing(part, rows)
    elif isinstance(part, DeitaSettings):
        refuse_unscored(part.scores, rows)
    elif isinstance(part, FacilitySettings):
        first_stage(part, rows)
    else:
        values, figures = _wanted(part)
        refuse_unsaid(rows, str(getattr(part, "recipe")), values, figures)  # noqa: B009  each part has its own


def _wanted(part: PartSettings) -> tuple[Sequence[str], Sequence[str]]:
    """Paths at which a word or a number must stand, and those at which a number must."""
    match part:
        case DedupSettings():
            return (), part.paths()
        case HybridSettings():
            return (), tuple(part.by)
        case LimaSettings():
            return (part.topic,), (part.prefer,)
        case QuotasSettings():
            return [path for path in part.by if path not in part.levels], (*part.levels, part.prefer)
        case _:
            return (), ()
