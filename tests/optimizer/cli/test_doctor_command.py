"""`autoevol doctor`: what it prints, keeps, refuses, and how it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from tests.model_server import ModelReply, model_server

from .conftest import Cli

KEY = "sk-proj-abcdefgh12345678"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A provider that refuses some things and announces its limits."""
    settings = ProviderSettings(refuse="temperature,max_tokens,n", rpm=60000, tpm=1e8, headers="openai")
    with start_provider(settings) as address:
        yield address


def _kept() -> list[Path]:
    return list((Path(os.environ["AUTOEVOL_STATE"]) / "doctor").glob("*"))


def test_it_tells_what_an_endpoint_can_do_and_keeps_it(cli: Cli, provider: str) -> None:
    """For a person, in lines."""
    said = cli("doctor", "--base-url", provider, "--model", "m", "--price", "1,2")

    assert (0, "") == (said.code, said.err)
    for line in (
        "JSON by a schema   yes",
        "several answers    no, each sample is a call of its own",
        "refuses            temperature: answers are drawn at the model's own temperature",
        "announced limits   60,000 requests/min, 100,000,000 tokens/min",
        "output forms       tags kept 2 of 2, json kept 2 of 2; tags is the one to take (output_form)",
    ):
        assert line in said.out
    (path,) = _kept()
    assert str(path) in said.out


def test_it_examines_every_model_in_use_for_a_program(cli: Cli, provider: str) -> None:
    """A list of objects, and nothing kept where that is not wanted."""
    said = cli("doctor", "--base-url", provider, "--model", "m", "--judge-model", "j", "--json", "--no-save")
    assert 2 == said.code

    said = cli("doctor", "--base-url", provider, "--model", "m", "--set", "roles.judge.model=j", "--json", "--no-save",
               "--calls", 3)  # fmt: skip

    assert ["m", "j"] == [found["model"] for found in json.loads(said.out)]
    assert [] == _kept()


def test_a_run_takes_over_what_was_found_out(cli: Cli, provider: str, seeds: Path) -> None:
    """Frozen with its settings; what cannot be had is refused with the reason."""
    cli("doctor", "--base-url", provider, "--model", "m")
    with start_provider(ProviderSettings(refuse="response_format")) as poor:
        assert 0 == cli("doctor", "--base-url", poor, "--model", "m").code
        words = ("--model", "m", "--budget", "9calls", "--set", "endpoints.default.output_form=json", "--no-apply",
                 "--steps", 0, "--quiet")  # fmt: skip
        refused = cli("optimize", seeds, "--base-url", poor, *words)
        cli("optimize", seeds, "--base-url", provider, *words)

    assert 2 == refused.code
    assert "output_form is json, but `autoevol doctor` found that 'm' there can be held" in refused.err
    (run,) = Path("runs").iterdir()
    abilities = json.loads((run / "settings.json").read_text())["settings"]["endpoints"]["default"]["abilities"]["m"]
    assert (True, False) == (abilities["json_schema"], abilities["n"])


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (ModelReply(f"Incorrect API key provided: {KEY}", status=401), "refuses the key"),
        (ModelReply("no model m", status=404), "does not know the model 'm' or the address"),
    ],
)
def test_an_endpoint_that_cannot_be_examined_is_one_sentence(
    cli: Cli, reply: ModelReply, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, nothing kept, and never the key."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with model_server(lambda _: reply) as server:
        said = cli("doctor", "--base-url", server.base_url, "--model", "m")

    assert (1, "", 1) == (said.code, said.out, said.err.count("\n"))
    assert words in said.err
    assert KEY not in said.err
    assert [] == _kept()


def test_no_file_holds_the_key(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even where the endpoint repeats it."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with model_server(lambda _: ModelReply(f"hello {KEY}", headers={"x-ratelimit-limit": KEY})) as server:
        said = cli("doctor", "--base-url", server.base_url, "--model", "m")

    (path,) = _kept()
    assert 0 == said.code
    assert KEY not in said.out + path.read_text()


def test_of_several_endpoints_the_others_are_examined_all_the_same(cli: Cli, provider: str) -> None:
    """The one that failed decides the exit code."""
    other = ("--set", "endpoints.other.base_url=http://127.0.0.1:9/v1", "--set", "roles.judge.endpoint=other")
    said = cli("doctor", "--base-url", provider, "--model", "m", "--calls", 4, *other)

    assert 1 == said.code
    assert "default: m at" in said.out
    assert "The endpoint 'other' (http://127.0.0.1:9/v1) is not there" in said.err


def test_what_was_paid_for_is_told_even_where_it_cannot_be_kept(
    cli: Cli, provider: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so is why."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOEVOL_STATE", str(tmp_path / "file"))

    said = cli("doctor", "--base-url", provider, "--model", "m", "--calls", 4)

    assert 1 == said.code
    assert "default: m at" in said.out
    assert "AUTOEVOL_STATE" in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "No model is named."),
        (
            ("--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--endpoint", "other"),
            "No role uses an endpoint 'other'",
        ),
        (("--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--key-env", "NO_SUCH_KEY"), "needs a key"),
        (("--set", "endpoints.default.script=answers.jsonl"), "is a script"),
    ],
)
def test_what_the_person_must_change_is_said(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2."""
    said = cli("doctor", *arguments)

    assert 2 == said.code
    assert words in said.err
