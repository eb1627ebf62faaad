"""AutoEvol's gateway: a stream of requests. The arguments are: address, prompts, calls at once, folder."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio

from autoevol.agents.gateway.collector import spared_collector
from autoevol.agents.gateway.endpoints import Budget, Endpoint, Price
from autoevol.agents.gateway.gateway import open_gateway
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request, Turn


async def _main(url: str, calls: int, at_once: int, folder: Path) -> int:
    async def prompts() -> AsyncGenerator[Request]:
        for number in range(calls):
            text = (Turn("user", f"prompt {number}"),)
            yield Request("default", "gpt-4o-mini", text, Decoding(256), place=f"{number}")

    # No limit of calls in flight where the provider's limit is to be found: that is what it is left out for.
    endpoint = Endpoint(base_url=url, concurrency=at_once or None, prices={"gpt-4o-mini": Price(input=1, output=4)})
    async with open_gateway({"default": endpoint}, folder, Budget(), on_notice=lambda _: None) as gateway:
        with spared_collector():
            return sum([isinstance(outcome, Answer) async for outcome in gateway.stream(prompts())])


if __name__ == "__main__":
    rows = anyio.run(_main, sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    sys.stdout.write("\n" + json.dumps({"rows": rows}) + "\n")
