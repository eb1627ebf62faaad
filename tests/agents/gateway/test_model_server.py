"""The model server of the tests."""

from __future__ import annotations

import json
import urllib.request
from typing import Any, cast

from tests.model_server import ModelReply, model_server


def _post(base_url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{base_url}/chat/completions", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as reply:
        return cast("dict[str, Any]", json.loads(reply.read()))


def test_the_server_answers_the_same_body_alike_and_counts_it() -> None:
    """Answers are functions of the body."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}

    with model_server() as server:
        first, second = _post(server.base_url, body), _post(server.base_url, body)

    assert first == second
    assert [2] == list(server.answered.values())


def test_a_fault_comes_before_the_answer() -> None:
    """Each request takes one fault, then the callable is asked."""
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}

    with model_server(lambda _: ModelReply("answer")) as server:
        server.faults.append(ModelReply("fault"))
        texts = [_post(server.base_url, body)["choices"][0]["message"]["content"] for _ in range(2)]

    assert ["fault", "answer"] == texts
