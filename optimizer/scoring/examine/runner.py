"""The sandbox as an agent of the team: a program goes in, what it did comes out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ....agents.gateway.errors import UsageError
from ....agents.messages import ProgramTask, Ran
from ..sandbox import run_program

__all__ = ["Runner"]


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs, each once in a run: what a program did may hang on the clock, so it is put on record.

    Args:
        recall: what is on record for a name, or None.
        record: puts it there, durably.
        note: tells the person, once, why nothing is run.
        stop: where this machine cannot shut a program in, end the run; else leave the check out.
    """

    recall: Callable[[str], Any]
    record: Callable[[str, Any], None]
    note: Callable[[str], None]
    stop: bool = False

    @property
    def role(self) -> str:
        """The role that it plays."""
        return "sandbox"

    async def __call__(self, task: ProgramTask) -> Ran:
        """Run one program in the sandbox, or tell what it did before.

        Raises:
            UsageError: this machine cannot shut a program in, and `stop` is set.
        """
        point = f"ran/{hashlib.sha256(task.program.encode('utf-8', 'surrogatepass')).hexdigest()[:24]}"
        known = self.recall(point)
        if known is None:
            self.record(point, await self._run(task.program))
            # Two tasks may have run the same program side by side: the first result counts for both.
            known = self.recall(point)
        return Ran(
            id=f"{task.id}/reply", parent=task.id, ok=bool(known["ok"]), detail=str(known["detail"]),
            skipped=bool(known.get("skipped")),
        )  # fmt: skip

    async def _run(self, program: str) -> dict[str, Any]:
        if self.recall("sandbox") is not None:
            return {"ok": False, "detail": "not run", "skipped": True}
        try:
            result = await run_program(program)
        except UsageError as error:
            if self.stop:
                raise
            self.note(f"{error} The check code-fails is left out.")
            self.record("sandbox", "none")
            return {"ok": False, "detail": "not run", "skipped": True}
        return {"ok": result.ok, "detail": result.detail}
