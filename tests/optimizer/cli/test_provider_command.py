"""`autoevol provider`: flags, the one line, and how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import AutoEvolError
from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from tests.raw_client import RawClient

from .conftest import Cli

DOCS = Path(__file__).parents[3] / "docs" / "provider.md"


def _started(*flags: str) -> tuple[subprocess.Popen[str], str]:
    """The command in a process of its own, and its line."""
    command = [sys.executable, "-c", "from autoevol.optimizer.cli import main; main()", "provider", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline()


async def _stats(base_url: str, calls: int) -> dict[str, int]:
    client = RawClient(base_url)
    for number in range(calls):
        await client.chat(str(number))
    stats = (await client.get("/v1/stats")).json
    client.close()
    return {"accepted": stats["accepted"], **stats["rejected"]}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_one_line_and_ends_at_a_signal(how: signal.Signals) -> None:
    """The line names the address; there is nothing else, and no traceback at the end."""
    process, line = _started("--rpm", "2", "--limiter", "sliding")
    address = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+/v1)\n", line)
    assert address is not None

    assert {"accepted": 2, "429": 1} == asyncio.run(_stats(address[1], 3))
    process.send_signal(how)
    out, err = process.communicate(timeout=20)

    assert ("", "", 0) == (out, err, process.returncode)


def test_a_process_of_ones_own_ends_with_the_block() -> None:
    """For measurements: it starts, serves by its settings, and is gone."""
    with start_provider(ProviderSettings(quota_after=1)) as address:
        assert {"accepted": 1, "429": 1} == asyncio.run(_stats(address, 2))

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(_stats(address, 1))


def test_it_dies_with_who_started_it() -> None:
    """Even where that one was killed: the provider shares its stderr, which ends only when both are gone."""
    program = (
        "from autoevol.agents.gateway.simulated.provider.process import start_provider\n"
        "from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings\n"
        "with start_provider(ProviderSettings()) as address:\n    print(address, flush=True)\n    input()"
    )
    command = [sys.executable, "-c", program]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        process.kill()
        process.communicate(timeout=20)

    with pytest.raises(ConnectionRefusedError):
        asyncio.run(_stats(address, 1))


def test_a_process_that_cannot_start_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With its own words on stderr."""
    with (
        pytest.raises(AutoEvolError, match="did not start"),
        start_provider(ProviderSettings(log=tmp_path / "no" / "x")),
    ):
        raise AssertionError("it started")
    assert "cannot be written" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--host", "0.0.0.0"), "does not serve on '0.0.0.0'"),
        (("--faults", "bug=1"), "The knob 'faults' is wrong"),
        (("--latency", "soon"), "The knob 'latency' is wrong"),
        (("--schedule", "30:rpm=fast"), "The knob 'schedule' is wrong"),
        (("--rpm", "0"), "The knob 'rpm' is wrong"),
        (("--rpm", "fast"), "'fast' is not a number"),
        (("--log", "no/such/folder/x"), "cannot be written"),
        (("--port", "70000"), "70000"),
    ],
)
def test_wrong_flags_are_one_sentence(cli: Cli, flags: tuple[str, ...], words: str) -> None:
    """What is wrong, and exit code 2."""
    said = cli("provider", *flags)

    assert (2, "", True, 1) == (said.code, said.out, words in said.err, said.err.count("\n"))


def test_every_knob_is_a_flag_and_documented(cli: Cli) -> None:
    """The help and docs/provider.md name each, the latter with its default."""
    text = cli("provider", "--help").out
    rows = dict(re.findall(r"^\| `--([a-z0-9-]+)` \| (.*?) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    fields = ProviderSettings.model_fields

    assert {name.replace("_", "-") for name in fields} == set(rows) - {"port", "host"}
    for name, field in fields.items():
        flag = name.replace("_", "-")
        shown = "" if field.default in {None, ""} else f"{field.default:g}" if type(field.default) is float else None
        assert f"--{flag} " in text, name
        assert (str(field.default).lower() if shown is None else shown) == rows[flag].strip("`"), name


def test_the_key_stands_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its variable is named, never the key."""
    monkeypatch.setitem(os.environ, "SIM_KEY", "secret")
    with start_provider(ProviderSettings(key_env="SIM_KEY")) as address:
        assert {"accepted": 0, "401": 1} == asyncio.run(_stats(address, 1))
