"""A key goes into one header and nowhere else."""

from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.errors import AccessDenied, UsageError
from autoevol.agents.gateway.gateway import open_gateway
from autoevol.agents.gateway.keys import Key, find_key
from autoevol.agents.gateway.outcomes import NoAnswer
from autoevol.agents.gateway.requests import Decoding, Request, Turn, provider_seed, request_key
from tests.model_server import ModelReply, model_server

REQUEST = Request("default", "m", (Turn("user", "hello"),), Decoding(20))
SECRET = "sk-veryS3cret-0123456789"


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8))
def test_a_key_does_not_show_itself(secret: str) -> None:
    """Neither printed nor formatted nor pickled; a text that holds it is blotted out."""
    key = Key(secret)

    assert secret not in f"{key!r} {key} {[key]} { ({'k': key}) }"
    assert secret not in str(vars(type(key)).keys())
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert b"a *** b" == key.redact(f"a {secret} b".encode())


def test_a_key_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """The variable first; of the file the first line."""
    (tmp_path / "key").write_text(f"{SECRET}\nanother line\n")
    endpoint = Endpoint(base_url="http://x/v1", key_env="MY_KEY", key_file=str(tmp_path / "key"))

    named, filed = find_key("default", endpoint, {"MY_KEY": " from-variable\n"}), find_key("default", endpoint, {})

    assert ("from-variable", SECRET) == (named and named.reveal(), filed and filed.reveal())
    assert None is find_key("default", Endpoint(base_url="http://x/v1"), {"MY_KEY": "x"})


def test_a_key_that_is_missing_or_no_key_is_said() -> None:
    """By the name of the variable or the file, never by its content."""
    named = Endpoint(base_url="http://x/v1", key_env="MY_KEY")

    with pytest.raises(UsageError, match="MY_KEY"):
        find_key("default", named, {})
    with pytest.raises(UsageError, match="/no/such/file"):
        find_key("default", Endpoint(base_url="http://x/v1", key_file="/no/such/file"), {})
    for wrong in ("two words", "line\nbreak", "schlüssel", "nul\x00"):
        with pytest.raises(UsageError, match="MY_KEY") as caught:
            find_key("default", named, {"MY_KEY": wrong})
        assert wrong not in str(caught.value)


async def test_a_missing_key_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    """As a usage error that names the variable."""
    endpoint = Endpoint(base_url="http://127.0.0.1:9/v1", key_env="AUTOEVOL_TEST_NO_SUCH_KEY")

    with pytest.raises(UsageError, match="AUTOEVOL_TEST_NO_SUCH_KEY"):
        async with open_gateway({"default": endpoint}, tmp_path, Budget()):
            pass


def _written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_a_key_reaches_the_provider_and_no_file_log_or_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where the provider repeats it in an error that becomes an outcome, and in one that stops the session."""
    monkeypatch.setenv("MY_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    notices: list[str] = []
    body = json.dumps({"error": {"message": f"bad request with key {SECRET}"}}).encode()
    with model_server() as server:
        endpoint = Endpoint(base_url=server.base_url, key_env="MY_KEY")
        server.faults.append(ModelReply(status=400, body=body, headers={"x-key": SECRET}))
        server.faults.append(ModelReply(status=401, body=body))
        async with open_gateway({"default": endpoint}, tmp_path, Budget(), on_notice=notices.append) as gateway:
            outcome = await gateway.ask(REQUEST)
            with pytest.raises(AccessDenied) as caught:
                await gateway.ask(Request("default", "m", (Turn("user", "again"),), Decoding(20)))

    assert isinstance(outcome, NoAnswer)
    assert "bad request with key ***" in outcome.detail
    assert "***" in str(caught.value)
    assert [f"Bearer {SECRET}"] * 2 == [headers["authorization"] for headers in server.headers]
    assert SECRET.encode() not in _written(tmp_path)
    shown = [caplog.text, *notices, str(caught.value), repr(caught.value), outcome.detail]
    assert [] == [text for text in shown if SECRET in text]


@given(st.text(), st.text(), st.integers(0, 5), st.integers(0, 5))
def test_the_key_of_a_call_is_its_content(first: str, second: str, one: int, other: int) -> None:
    """Two calls have one key exactly where text and sample are the same; role and place are not in it."""

    def made(text: str, sample: int, role: str) -> str:
        return request_key(
            Request("default", "m", (Turn("user", text),), Decoding(5), sample, role, f"by {role}", role)
        )

    assert ((first, one) == (second, other)) == (made(first, one, "judge") == made(second, other, "evolver"))


@given(st.integers(0, 10**6))
def test_the_provider_seed_is_a_function_of_the_sample(sample: int) -> None:
    """In the range that providers take."""
    assert provider_seed(sample) == provider_seed(sample)
    assert 0 <= provider_seed(sample) < 2**31
