"""The simulated provider on a real socket: its forms, limits, faults, counts, and changes while it runs."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.simulated.provider.running import Running, serve
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from tests.raw_client import RawClient, RawReply, chat

BROKEN = (ConnectionError, asyncio.IncompleteReadError)


@asynccontextmanager
async def provider(**knobs: Any) -> AsyncGenerator[tuple[Running, RawClient]]:
    """A provider, and a client of it."""
    async with serve(ProviderSettings(**knobs)) as running:
        client = RawClient(running.base_url)
        try:
            yield running, client
        finally:
            client.close()


async def until(holds: Callable[[], bool]) -> None:
    """Let provider and clients, which share the loop, go on until something holds."""
    while not holds():  # noqa: ASYNC110  there is no event to wait for
        await asyncio.sleep(0)


async def answered(client: RawClient, text: str = "hello") -> RawReply:
    """Ask until there is an answer."""
    while True:
        try:
            reply = await client.chat(text)
        except BROKEN:
            await asyncio.sleep(0)
        else:
            if reply.status == 200:
                return reply


# ---------------------------------------------------------------- HTTP


async def test_a_connection_serves_call_after_call() -> None:
    """And says which model served, why the answer ended, and what it took."""
    async with provider() as (running, client):
        first, again = await client.chat("hello"), await client.chat("hello")

        assert first == again
        assert ("sim", "fp_sim") == (first.json["model"], first.json["system_fingerprint"])
        assert "stop" == first.json["choices"][0]["finish_reason"]
        assert first.json["usage"]["completion_tokens"] == len(first.text) // 4
        assert {"bodies": 1, "answers": 1} == running.stats()["repeated"]


async def test_bodies_come_in_pieces_and_chunks() -> None:
    """However a client frames them."""
    body = json.dumps(chat("hello")).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
    chunks = b"%x\r\n%b\r\n%x;x=1\r\n%b\r\n0\r\n\r\n" % (10, body[:10], len(body) - 10, body[10:])
    framed = head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    plain = head + b"CONTENT-LENGTH: %d\r\n\r\n" % len(body) + body
    async with provider() as (_, client):
        answers = [
            await client.send(*(data[at : at + size] for at in range(0, len(data), size)))
            for data in (framed, plain)
            for size in (7, 100_000)
        ]

        assert [200] * 4 == [answer.status for answer in answers]
        assert 1 == len({answer.body for answer in answers})


async def test_calls_sent_at_once_are_answered_in_turn() -> None:
    """On one connection."""
    bodies = [json.dumps(chat(text)).encode() for text in ("one", "two")]
    sent = [
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies
    ]
    async with provider() as (running, client):
        first = await client.send(b"".join(sent))
        assert client.reader is not None
        second = await client.read(client.reader)

        assert [(await client.chat("one")).text, (await client.chat("two")).text] == [first.text, second.text]
        assert 4 == running.stats()["received"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST /v1/x HTTP/1.1\r\nA: " + b"x" * 70_000, 431),
        (b"GET /v1/nothing HTTP/1.1\r\n\r\n", 404),
        (b"GET /v1/chat/completions HTTP/1.1\r\n\r\n", 405),
        (b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", 400),
    ],
)
async def test_what_is_no_call_gets_a_status(sent: bytes, status: int) -> None:
    """And the provider goes on."""
    async with provider() as (_, client):
        assert status == (await client.send(sent)).status
        client.close()
        assert 200 == (await client.chat("hello")).status


async def test_a_client_that_asks_to_send_is_told_to() -> None:
    """`Expect: 100-continue`."""
    body = json.dumps(chat("hello")).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    async with provider() as (_, client):
        assert 100 == (await client.send(head)).status
        assert 200 == (await client.send(body)).status


# ---------------------------------------------------------------- forms


async def test_given_text_is_scored_in_three_ways() -> None:
    """`echo` with `logprobs`, vLLM's `prompt_logprobs`, SGLang's `/generate`: the same numbers."""
    text = "How high does the ladder reach?"
    async with provider() as (_, client):
        echo = (await client.post("/v1/completions", {"model": "m", "prompt": text, "echo": True, "logprobs": 1,
                                                      "max_tokens": 0})).json["choices"][0]  # fmt: skip
        vllm = (await client.post("/v1/completions", {"model": "m", "prompt": text, "prompt_logprobs": 0,
                                                      "max_tokens": 1})).json["choices"][0]  # fmt: skip
        sglang = (await client.post("/generate", {"model": "m", "text": text, "return_logprob": True,
                                                  "logprob_start_len": 0,
                                                  "sampling_params": {"max_new_tokens": 0}})).json  # fmt: skip

    scores = echo["logprobs"]["token_logprobs"]
    assert text == echo["text"] == "".join(echo["logprobs"]["tokens"])
    assert all(text.startswith(token, at) for token, at in
               zip(echo["logprobs"]["tokens"], echo["logprobs"]["text_offset"], strict=True))  # fmt: skip
    assert scores == [row and next(iter(row.values()))["logprob"] for row in vllm["prompt_logprobs"]]
    assert scores == [row[0] for row in sglang["meta_info"]["input_token_logprobs"]]
    assert scores[0] is None
    assert all(score < 0 for score in scores[1:])


async def test_a_list_of_prompts_gets_a_choice_each() -> None:
    """In their order, `n` of each."""
    async with provider() as (_, client):
        reply = await client.post("/v1/completions", {"model": "m", "prompt": ["a ", "b "], "n": 2, "echo": True})

        assert ["a ", "a ", "b ", "b "] == [choice["text"][:2] for choice in reply.json["choices"]]


async def test_embeddings_of_like_texts_are_alike() -> None:
    """Vectors of length 1, as numbers or packed."""
    texts = ["the red ladder", "the red ladder stands", "prices of oil fell"]
    async with provider() as (_, client):
        plain = (await client.post("/v1/embeddings", {"model": "m", "input": texts, "dimensions": 32})).json["data"]
        packed = (await client.post("/v1/embeddings", {"model": "m", "input": texts[0], "dimensions": 32,
                                                       "encoding_format": "base64"})).json["data"]  # fmt: skip

    one, like, other = (row["embedding"] for row in plain)
    assert (
        sum(a * b for a, b in zip(one, like, strict=True)) > 0.5 > sum(a * b for a, b in zip(one, other, strict=True))
    )
    assert pytest.approx(1.0, abs=1e-5) == sum(a * a for a in one)
    assert pytest.approx(one, abs=1e-6) == struct.unpack("<32f", base64.b64decode(packed[0]["embedding"]))


async def test_anthropic_is_spoken_on_its_path() -> None:
    """Answers, usage with cached tokens where the prompt is marked, and errors have its form."""
    system = [{"type": "text", "text": "Be brief. " * 20, "cache_control": {"type": "ephemeral"}}]
    turns = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
    async with provider(cached=0.5) as (_, client):
        marked = (
            await client.post("/v1/messages", {"model": "c", "max_tokens": 30, "system": system, "messages": turns})
        ).json
        plain = (await client.post("/v1/messages", {"model": "c", "max_tokens": 5, "messages": turns})).json
        wrong = await client.post("/v1/messages", {"model": "c", "messages": turns})

    assert marked["usage"]["cache_read_input_tokens"] > 20
    assert (0, "max_tokens", 5) == (
        plain["usage"]["cache_read_input_tokens"], plain["stop_reason"], plain["usage"]["output_tokens"])  # fmt: skip
    assert marked["content"][0]["text"].startswith(plain["content"][0]["text"][:10])
    assert (400, "error", "invalid_request_error") == (wrong.status, wrong.json["type"], wrong.json["error"]["type"])


# ---------------------------------------------------------------- limits


async def test_over_the_limit_is_429_with_the_time_to_wait() -> None:
    """Counted apart from what was let in."""
    async with provider(rpm=60, limiter="sliding", headers="openai") as (running, client):
        statuses = [(await client.chat(str(number))).status for number in range(60)]
        refused = await client.chat("one more")

        assert [200] * 60 == statuses
        assert (429, "rate_limit_exceeded") == (refused.status, refused.json["error"]["code"])
        assert 50 < int(refused.headers["retry-after"]) <= 60
        assert "0" == refused.headers["x-ratelimit-remaining-requests"]
        stats = running.stats()
        assert (60, {"429": 1}, {"requests": 1}) == (stats["accepted"], stats["rejected"], stats["over_limit"])
        assert [60, 1] == [sum(row[part] for row in stats["seconds"]) for part in (1, 2)]


async def test_too_many_in_flight_are_refused() -> None:
    """A stalled call takes its place until its client gives up."""
    async with provider(concurrency=1, faults="stall=1") as (running, client):
        other = RawClient(running.base_url)
        waiting = asyncio.ensure_future(client.chat("stalled"))
        await until(lambda: running.stats()["in_flight"] == 1)

        assert 429 == (await other.chat("refused")).status
        waiting.cancel()
        client.close()
        await until(lambda: running.stats()["in_flight"] == 0)
        running.control(faults="")
        assert 200 == (await other.chat("let in")).status
        assert (1, {"stall": 1}, 1) == tuple(running.stats()[name] for name in ("given_up", "faults", "peak"))
        other.close()


async def test_tokens_are_limited_by_what_is_reserved() -> None:
    """`max_tokens` counts until the answer is there."""
    async with provider(tpm=1000, burst_s=60) as (_, client):
        assert 200 == (await client.chat("hello", max_tokens=900)).status
        assert 200 == (await client.chat("hello", max_tokens=900)).status
        assert 429 == (await client.chat("hello", max_tokens=999)).status


async def test_workers_queue_and_never_refuse() -> None:
    """The more are waiting, the longer the last one waits; nobody is refused."""
    async with provider(workers=1, service="0.02") as (running, _):
        others = [RawClient(running.base_url) for _ in range(4)]
        done: list[int] = []

        async def ask(number: int) -> None:
            assert 200 == (await others[number].chat(str(number))).status
            done.append(number)

        async with asyncio.TaskGroup() as tasks:
            for number in range(4):
                tasks.create_task(ask(number))
                await until(lambda: running.stats()["received"] == number + 1)  # noqa: B023  ends in this turn

        assert [0, 1, 2, 3] == done
        assert {} == running.stats()["rejected"]
        for other in others:
            other.close()


# ---------------------------------------------------------------- faults


@pytest.mark.parametrize(("kind", "status", "code"), [
    ("429", 429, "rate_limit_exceeded"), ("500", 500, "server_error"), ("502", 502, None),
    ("503", 503, "server_is_overloaded"), ("529", 529, "overloaded_error"), ("poison", 500, "server_error"),
])  # fmt: skip
async def test_faults_with_a_status(kind: str, status: int, code: str | None) -> None:
    """Each has the status and the code that providers send."""
    async with provider(faults=f"{kind}=1", fault_retry_after_s=30) as (running, client):
        reply = await client.chat("hello")

        assert (status, code) == (reply.status, reply.json["error"]["code"])
        assert ("30" if kind in {"429", "503", "529"} else None) == reply.headers.get("retry-after")
        assert {kind: 1} == running.stats()["faults"]
        assert 0 == running.stats()["answered"] == running.stats()["in_flight"]


@pytest.mark.parametrize("kind", ["reset", "half"])
async def test_faults_that_break_the_connection(kind: str) -> None:
    """Before an answer, or within it."""
    async with provider(faults=f"{kind}=1") as (running, client):
        with pytest.raises(BROKEN):
            await client.chat("hello")

        assert (0, 0, {kind: 1}) == tuple(running.stats()[name] for name in ("answered", "in_flight", "faults"))


@pytest.mark.parametrize(
    ("kind", "finish"), [("empty", "stop"), ("truncated", "length"), ("filtered", "content_filter")]
)
async def test_faults_of_the_answer(kind: str, finish: str) -> None:
    """They are answers, and counted as such."""
    async with provider(faults=f"{kind}=1") as (running, client):
        reply = await client.chat("hello")

        assert finish == reply.json["choices"][0]["finish_reason"]
        assert (kind == "truncated") == bool(reply.text)
        assert 1 == running.stats()["answered"]


async def test_faults_under_status_200() -> None:
    """A body that is no completion; an error in place of one."""
    async with provider(faults="bad-json=1") as (running, client):
        bodies = [(await client.chat(str(number))).body for number in range(20)]
        running.control(faults="error-200=1")
        error = await client.chat("hello")

        assert len({body[:9] for body in bodies}) >= 3
        assert (200, 502) == (error.status, error.json["error"]["code"])
        assert 0 == running.stats()["answered"]


async def test_faults_leave_the_answer_as_it_is() -> None:
    """What is asked again after a fault gets the answer that it would have got without."""
    async with provider() as (_, client), provider(faults="500=0.4,reset=0.2", seed=5) as (_, unlucky):
        for number in range(20):
            assert (await client.chat(str(number))).body == (await answered(unlucky, str(number))).body


async def test_an_empty_account_stays_empty() -> None:
    """From the call that the settings name."""
    async with provider(quota_after=2, quota_code="credit_balance_exhausted") as (running, client):
        statuses = [(await client.chat(str(number))).status for number in range(4)]
        error = (await client.chat("x")).json["error"]

        assert [200, 200, 429, 429] == statuses
        assert ("insufficient_quota", "credit_balance_exhausted") == (error["type"], error["code"])
        assert 2 == running.stats()["accepted"]


async def test_parameters_models_keys_and_paths_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """400 with the parameter's name, 404 for model and path, 401 without the key."""
    monkeypatch.setenv("SIM_KEY", "secret")
    knobs = {"refuse": "max_tokens,temperature", "models": "sim,b", "key_env": "SIM_KEY", "absent": "embeddings"}
    async with provider(**knobs) as (running, client):
        key = "Authorization: Bearer secret\r\n"
        path = "/v1/chat/completions"
        refused = await client.post(path, chat("hello", max_tokens=5), key)
        unknown = await client.post(path, {**chat("hello"), "model": "c"}, key)

        assert (400, "unsupported_parameter", "max_tokens") == (
            refused.status, refused.json["error"]["code"], refused.json["error"]["param"])  # fmt: skip
        assert (404, "model_not_found") == (unknown.status, unknown.json["error"]["code"])
        assert 401 == (await client.chat("hello")).status
        assert 404 == (await client.post("/v1/embeddings", {"model": "b", "input": "x"}, key)).status
        assert 200 == (await client.post(path, chat("hello", max_completion_tokens=5), key)).status
        running.control(refuse="")
        assert 200 == (await client.post("/v1/messages", chat("x", max_tokens=5), "X-Api-Key: secret\r\n")).status
        assert ["sim", "b"] == [row["id"] for row in (await client.get("/v1/models")).json["data"]]
        assert {"400": 1, "401": 1, "404": 2} == running.stats()["rejected"]


async def test_ignored_parameters_do_nothing() -> None:
    """As with servers that take what they do not know."""
    async with provider(ignore="n,response_format") as (_, client):
        reply = await client.chat("hello", n=3, response_format={"type": "json_object"})

        assert 1 == len(reply.json["choices"])
        assert reply.text.startswith("Worked out")


async def test_the_served_model_changes_at_a_call() -> None:
    """Its name and fingerprint, not its answers."""
    async with provider(served_model="a,b@2", fingerprint="f1,f2@3") as (_, client):
        replies = [await client.chat("hello") for _ in range(4)]

        assert [("a", "f1"), ("a", "f1"), ("b", "f1"), ("b", "f2")] == [
            (reply.json["model"], reply.json["system_fingerprint"]) for reply in replies
        ]
        assert 1 == len({reply.text for reply in replies})


# ---------------------------------------------------------------- changes while it runs


async def test_knobs_change_while_it_runs() -> None:
    """By a request; a wrong one is refused and changes nothing."""
    async with provider() as (running, client):
        changed = await client.post("/control", {"bad_status": 503, "rpm": "600"})

        assert (200, 600) == (changed.status, changed.json["rpm"])
        assert 503 == (await client.chat("hello")).status
        assert 400 == (await client.post("/control", {"bad_status": 200})).status
        assert 400 == (await client.post("/control", [1])).status
        assert 503 == (await client.chat("hello")).status
        with pytest.raises(UsageError):
            running.control(schedule="1:rpm=2")


async def test_reset_forgets_counts_and_charges_but_no_knob() -> None:
    """So that the next measurement starts from nothing."""
    async with provider(rpm=1, limiter="sliding") as (running, client):
        await client.chat("hello")
        assert 429 == (await client.chat("hello")).status
        assert 200 == (await client.post("/reset", {})).status

        assert (0, 0, []) == tuple(running.stats()[name] for name in ("received", "accepted", "seconds"))
        assert 200 == (await client.chat("hello")).status
        assert {"bodies": 0, "answers": 0} == (await client.get("/stats")).json["repeated"]


async def test_a_schedule_begins_with_the_first_call() -> None:
    """Its changes come by themselves."""
    async with provider(schedule="0:bad_status=502,0.01:bad_status=none") as (_, client):
        assert 200 == (await client.get("/stats")).status
        statuses = set[int]()
        while statuses < {200, 502}:
            statuses.add((await client.chat("hello")).status)

        assert {200, 502} == statuses


@pytest.mark.parametrize("kind", ["503", "refuse"])
async def test_an_outage_comes_and_goes(kind: str) -> None:
    """Calls are answered 503, or no connection is to be had; then all is as before, at the same address."""
    async with provider(outage_kind=kind) as (running, client):
        assert 200 == (await client.chat("hello")).status
        running.control(outage=0.05)
        if kind == "503":
            assert 503 == (await client.chat("hello")).status
        else:
            with pytest.raises(BROKEN):
                await client.chat("hello")
            with pytest.raises(ConnectionRefusedError):
                await client.chat("hello")
        await answered(client)

        assert 1 == running.stats()["repeated"]["bodies"]


async def test_an_outage_that_refuses_ends_by_reset() -> None:
    """And calls that it cut are counted as given up."""
    async with provider(outage_kind="refuse", faults="stall=1") as (running, client):
        waiting = asyncio.ensure_future(client.chat("stalled"))
        await until(lambda: running.stats()["in_flight"] == 1)
        running.control(outage=3600)
        with pytest.raises(BROKEN):
            await waiting
        assert (0, 1) == (running.stats()["in_flight"], running.stats()["given_up"])

        running.control(faults="")
        running.reset()
        await answered(client)


async def test_the_head_may_come_before_the_body() -> None:
    """A slow body keeps its client waiting between the two."""
    async with provider(first_byte_s=0.001, latency="0.05") as (running, client):
        reply = await client.chat("hello")

        assert 200 == reply.status
        assert (1, 0) == (running.stats()["answered"], running.stats()["in_flight"])


async def test_the_log_has_a_line_for_each_call(tmp_path: Path) -> None:
    """When it came, whether it was let in, when it was done, what it took."""
    log = tmp_path / "calls.jsonl"
    async with provider(log=log, quota_after=1) as (running, client):
        await client.chat("hello")
        await client.chat("hello")
        running.stats()
        rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    assert [(200, True, ""), (429, False, "insufficient_quota")] == [
        (row["status"], row["accepted"], row["why"]) for row in rows
    ]
    assert rows[0]["tokens_out"] > 0
    assert rows[0]["arrived"] <= rows[0]["done"] <= rows[1]["done"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write on")
async def test_a_full_disk_ends_the_log_and_not_the_provider() -> None:
    """And the statistics say so."""
    async with provider(log="/dev/full") as (running, client):
        assert 200 == (await client.chat("hello")).status
        assert "No space left on device" == running.stats()["log_problem"]
        assert 200 == (await client.chat("hello")).status


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "example.com", ""])
async def test_it_serves_this_machine_only(host: str) -> None:
    """Nothing else can reach it."""
    with pytest.raises(UsageError, match=r"127\.0\.0\.1 only"):
        async with serve(ProviderSettings(), host=host):
            raise AssertionError("it served")


async def test_a_taken_port_and_a_bad_log_are_said(tmp_path: Path) -> None:
    """In one sentence each."""
    async with provider() as (running, _):
        port = int(running.base_url.split(":")[2].split("/")[0])
        with pytest.raises(UsageError, match=f"Port {port}"):
            async with serve(ProviderSettings(), port=port):
                raise AssertionError("it served")
    with pytest.raises(UsageError, match="cannot be written"):
        async with serve(ProviderSettings(log=tmp_path / "no" / "file")):
            raise AssertionError("it served")
