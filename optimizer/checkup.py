"""One examination of one model: how it is reached, and the questions in our own output forms."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from itertools import islice

from ..agents.contract import EVOLVED_SCHEMA, OutputForm, read_evolved, render_evolve
from ..agents.gateway.doctor.examining import Reach, Trial, examine
from ..agents.gateway.doctor.findings import Findings
from ..agents.gateway.endpoints import Endpoint
from ..agents.gateway.engine.local_engine import engine
from ..agents.gateway.engine.scorer import LocalScorer
from ..agents.gateway.errors import UsageError
from ..agents.gateway.keys import Key, find_key
from ..agents.gateway.requests import Decoding
from ..agents.gateway.wire.transport import HttpTransport
from ..agents.messages import Instruction
from ..agents.method_file import load_method
from .dataset.source import open_seeds
from .demo.job import seeds_file
from .record.settings import SeedSettings, Settings

__all__ = ["check_up"]

_SEEDS = 2
_MOST_TOKENS = 600
# Nothing secret is asked, and the same questions each time make findings comparable.
_SIGN = "d0c70d0c"
_SLOTS = 1


async def check_up(settings: Settings, name: str, model: str, calls: int) -> Findings:
    """Examine one model of one endpoint.

    Args:
        settings: of a run.
        name: of the endpoint in them.
        model: its name there.
        calls: at most.

    Raises:
        UsageError: the endpoint is a script, or lacks its key.
        SessionStopped: the endpoint does not answer, refuses the key, or does not know the model.
        ModelFileError: an embedded model cannot be had.
    """
    endpoint = settings.endpoints[name]
    if endpoint.script is not None or endpoint.packaged is not None:
        what = "a script, which can do nothing but answer" if endpoint.script else "packaged, and gives embeddings only"
        raise UsageError(f"The endpoint '{name}' is {what}.", fix="Name another with --endpoint.")
    async with AsyncExitStack() as stack:
        return await examine(name, endpoint, model, await _reached(name, endpoint, stack), _trials(), calls)


async def _reached(name: str, endpoint: Endpoint, stack: AsyncExitStack) -> Reach:
    if endpoint.local is None:
        transport = HttpTransport(name, endpoint, endpoint.base_url or "", find_key(name, endpoint))
        stack.push_async_callback(transport.aclose)
        return Reach(transport)
    running = await stack.enter_async_context(engine(endpoint.local, _SLOTS))
    scorer = LocalScorer(endpoint.local, running.context)
    stack.push_async_callback(scorer.aclose)
    transport = HttpTransport(name, endpoint, running.base_url, Key(running.key) if running.key else None)
    stack.push_async_callback(transport.aclose)
    return Reach(transport, scorer, f"local {running.model}")


def _trials() -> list[Trial]:
    """Seeds of ours, to be evolved by the method that runs start from, in both output forms."""
    method = load_method("general", "en")
    seeds = islice(open_seeds(SeedSettings(source=str(seeds_file()), language="en")), _SEEDS)
    instructions = [seed.instruction for seed in seeds]
    forms: tuple[OutputForm, ...] = ("tags", "json")

    def keeps(form: OutputForm, instruction: Instruction, answer: str) -> bool:
        return read_evolved(answer, method, instruction, _SIGN, form) is not None

    return [
        Trial(
            form,
            render_evolve(method, instruction, _SIGN, form),
            Decoding(_MOST_TOKENS, json_schema=EVOLVED_SCHEMA if form == "json" else None),
            partial(keeps, form, instruction),
        )
        for form in forms
        for instruction in instructions
    ]
