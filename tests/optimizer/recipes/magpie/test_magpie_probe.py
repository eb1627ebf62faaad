"""The probe: only a server that is shown to take prompts as they are is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.session import create_run
from tests.model_server import model_server
from tests.optimizer.recipes.magpie.talker import PATHS, Talker, made, rows, settings_of


@pytest.mark.parametrize(
    ("talker", "words"),
    [
        (Talker(bos=1), "a token of its own"),
        (Talker(renders=True), "was read as 15"),
        (Talker(counts=False), "does not say how many tokens"),
    ],
)
async def test_a_server_that_changes_prompts_is_refused(tmp_path: Path, talker: Talker, words: str) -> None:
    """A BOS that the template has not, a rendered template, or no count of tokens at all."""
    with model_server(talker, PATHS) as server, pytest.raises(UsageError, match=words):
        await made(tmp_path, server.base_url, {"count": 2})


async def test_a_server_that_hides_its_template_in_the_count_is_refused(tmp_path: Path) -> None:
    """A text that counts does not go on counting inside of a chat."""
    hidden = Talker(renders=True)
    hidden.bos = -14
    with model_server(hidden, PATHS) as server, pytest.raises(UsageError, match="went on with 'Sure!"):
        await made(tmp_path, server.base_url, {"count": 2})


@pytest.mark.parametrize(("bos", "begins"), [(1, "<|start_header_id|>"), (0, "<|begin_of_text|>")])
async def test_there_is_one_bos_and_not_two(tmp_path: Path, bos: int, begins: str) -> None:
    """Where the server adds it, the template's own is left out."""
    with model_server(Talker(bos=bos), PATHS) as server:
        _, place = await made(tmp_path, server.base_url, {"count": 3}, model="Meta-Llama-3-8B-Instruct")
        asked = [body["prompt"] for body in server.bodies if body["max_tokens"] > 12]

    assert rows(place)
    assert all(prompt.startswith(begins) for prompt in asked)


async def test_without_a_probe_every_row_says_so(tmp_path: Path) -> None:
    """Whoever trusts a server is taken at their word."""
    with model_server(Talker(bos=1), PATHS) as server:
        _, place = await made(tmp_path, server.base_url, {"count": 3, "probe": "off"})

    assert {"off"} == {row["provenance"]["probe"] for row in rows(place)}


async def test_an_endpoint_for_chats_only_is_refused_with_the_reason(tmp_path: Path) -> None:
    """By its wire and by the doctor's finding before anything is spent, by its missing path at the first call."""
    wire = {"default": {"base_url": "http://127.0.0.1:9/v1", "wire": "anthropic"}}
    found = {"default": {"base_url": "http://127.0.0.1:9/v1", "abilities": {"m": {"completions": False}}}}
    for endpoints in (wire, found):
        settings = settings_of("", {"count": 2}, model="m", endpoints=endpoints)
        with pytest.raises(UsageError, match="takes chats only") as error:
            create_run(settings, tmp_path / "runs")
        assert "user-simulator" in error.value.fix
    with model_server(Talker(), ("/chat/completions",)) as server, pytest.raises(UsageError, match="takes chats only"):
        await made(tmp_path, server.base_url, {"count": 2})
