"""Who is measured: an async function from the number of a prompt to its outcome, None where only the reply matters."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp

from autoevol.agents.gateway.collector import spared_collector
from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.gateway import Gateway, Parts, open_gateway
from autoevol.agents.gateway.outcomes import Outcome
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.agents.gateway.simulated.provider.draws import distribution, share
from autoevol.agents.gateway.simulated.scripted import ScriptedModel
from autoevol.agents.gateway.wire.callers import make_caller
from autoevol.agents.gateway.wire.chat import body_of
from autoevol.agents.gateway.wire.transport import HttpTransport

from .jobs import Job

__all__ = ["Ask", "asker", "opened", "request"]

Ask = Callable[[int], Awaitable[Outcome | None]]
_MODEL = "m"
_AGENTS = tuple(f"agent{number}" for number in range(16))
_WORDS = "the river carries the morning light past quiet stones and under old bridges toward the harbour "
# Money is counted and capped, as in a real run.
_BUDGET = Budget(calls=10**9, usd=10**6)


def request(job: Job, number: int) -> Request:
    """The request to a prompt, by its number."""
    wanted = max(1, round(distribution(job.prompt_tokens).at(share(number, 7)))) * 4
    text = f"Prompt {number}. "
    if wanted > len(text):
        text += (_WORDS * (wanted // len(_WORDS) + 1))[: wanted - len(text)]
    return Request(
        "default", _MODEL, (Turn("user", text),), _decoding(job.max_tokens),
        role=_AGENTS[number % job.shares], place=f"{number:09}", stage="bench",
    )  # fmt: skip


@functools.cache
def _decoding(max_tokens: int) -> Decoding:
    return Decoding(max_tokens)


@asynccontextmanager
async def opened(job: Job, notice: Callable[[str], None]) -> AsyncGenerator[Gateway]:
    """The gateway of a run, with everything on, in a process that is set up as `optimizer/session.py` sets one up."""
    settings = {"base_url": job.base_url, "prices": {_MODEL: {"input": 1.0, "output": 4.0}}, **job.endpoint}
    endpoint = Endpoint.model_validate(settings)
    answer = _WORDS * 20
    parts = Parts(callers={"default": ScriptedModel(lambda _: answer)}) if job.who == "scripted" else None
    async with open_gateway({"default": endpoint}, job.folder, _BUDGET, on_notice=notice, parts=parts) as gateway:
        with spared_collector():
            yield gateway


@asynccontextmanager
async def asker(job: Job, notice: Callable[[str], None]) -> AsyncGenerator[Ask]:
    """Whoever the job names."""
    match job.who:
        case "gateway" | "scripted":
            async with opened(job, notice) as gateway:
                yield lambda number: gateway.ask(request(job, number))
        case "bare":
            async with _bare(job) as ask:
                yield ask
        case "transport" | "wire":
            transport = HttpTransport("default", Endpoint(base_url=job.base_url), job.base_url, None)
            try:
                yield _wired(job, transport)
            finally:
                await transport.aclose()


def _wired(job: Job, transport: HttpTransport) -> Ask:
    caller = make_caller("wire", Endpoint(base_url=job.base_url), transport)
    body = b'{"model":"m","messages":[{"role":"user","content":"%s"}],"max_tokens":%d}'

    async def call(number: int) -> Outcome | None:
        return await caller.call(request(job, number), f"{number:064x}")

    async def post(number: int) -> None:
        await transport.post("chat/completions", body % (request(job, number).turns[0].text.encode(), job.max_tokens))

    return call if job.who == "wire" else post


@asynccontextmanager
async def _bare(job: Job) -> AsyncGenerator[Ask]:
    """What anybody would write: one session, JSON out, JSON in. It retries nothing and keeps nothing."""
    url = f"{job.base_url}/chat/completions"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(number: int) -> None:
            async with session.post(url, json=body_of(request(job, number))) as reply:
                reply.raise_for_status()
                body = await reply.json()
                if not body["choices"][0]["message"]["content"]:
                    raise RuntimeError("the provider answered with nothing")

        yield ask
