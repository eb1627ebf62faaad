"""The selector `diverse`: k-center over vectors of rows, with how well the choice covers all and how diverse it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from anyio import to_thread
from pydantic import JsonValue

from ..dataset.draws import generator
from ..record.curating.diverse import DiverseSettings
from ..record.run import Run
from .choice import Choice, Why
from .k_center import Centres, k_center, radius_of
from .naming import purpose
from .rows import Rows
from .vectors import RowVectors, vectors_of
from .vendi import vendi_score

__all__ = ["diverse"]


async def diverse(run: Run, part: DiverseSettings, place: str, rows: Rows) -> Choice:
    """Keep the rows that cover all. The same for any order of the rows; a larger budget keeps all of a smaller one."""
    found = await vectors_of(run, part, place, rows)
    count = part.budget(len(rows))
    every = range(len(found.index))
    start = generator(run.settings.run_seed, purpose(part, place, "start")).sample(every, min(part.start, len(every)))
    centres = await to_thread.run_sync(partial(k_center, found.matrix, start, count))
    drawn = generator(run.settings.run_seed, purpose(part, place, "drawn")).sample(every, len(centres.order))
    figures = await to_thread.run_sync(partial(_figures, found, centres, drawn))
    order = found.rows(centres.order)
    kept = set(order)
    why = {
        int(index): Why("not-selected", "chosen rows lie near it") for index in found.index if int(index) not in kept
    }
    begun = len(centres.order) - len(centres.radius)
    notes = {index: {"radius": round(radius, 5)} for index, radius in zip(order[begun:], centres.radius, strict=True)}
    line = (
        f"No row lies farther than {centres.left:.3f} from a chosen one (from as many drawn rows:"
        f" {figures['drawn_left']:.3f}); Vendi score {figures['vendi']} (all rows {figures['vendi_all']}, drawn rows"
        f" {figures['vendi_drawn']}); by {found.label}"
    )
    return Choice(order, {**found.missing, **why}, notes, figures, (*found.lines, line), vectors=found)


def _figures(found: RowVectors, centres: Centres, drawn: Sequence[int]) -> dict[str, JsonValue]:
    """The coverage curve and the Vendi scores, with those of as many drawn rows, so that there is a measure."""
    return {
        **found.figures,
        "radius": [round(radius, 5) for radius in centres.radius], "left": round(centres.left, 5),
        "drawn_left": round(radius_of(found.matrix, drawn), 5),
        "vendi": round(vendi_score(found.matrix, centres.order), 2),
        "vendi_all": round(vendi_score(found.matrix), 2),
        "vendi_drawn": round(vendi_score(found.matrix, drawn), 2),
    }  # fmt: skip
