"""A bare loop of aiohttp that retries nothing. The arguments are: address, prompts, calls at once, folder."""

from __future__ import annotations

import json
import sys

import aiohttp
import anyio


async def _main(url: str, calls: int, at_once: int) -> int:
    numbers = iter(range(calls))
    rows = 0

    async def work(session: aiohttp.ClientSession) -> None:
        nonlocal rows
        for number in numbers:
            messages = [{"role": "user", "content": f"prompt {number}"}]
            body = {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 256}
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                rows += "choices" in await reply.json()

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    async with session, anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(work, session)
    return rows


if __name__ == "__main__":
    sys.stdout.write(
        "\n" + json.dumps({"rows": anyio.run(_main, sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))}) + "\n"
    )
