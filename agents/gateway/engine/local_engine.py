"""An embedded model at work: llama.cpp through `xllamacpp`, reached over loopback like any other endpoint.

    async with engine("smollm2-135m", 4) as running:
        ...  POST {running.base_url}/chat/completions with `Authorization: Bearer {running.key}`

At temperature 0 a call that is alone gets the same answer each time; beside others now and then another one, because
sums are grouped differently. What was answered is in the journal, so nothing depends on it.

The model lives in a process of its own (`local_server` says why), which ends with this one however this one ends.
"""

from __future__ import annotations

import importlib.util
import json
import secrets
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import anyio
from anyio import to_thread

from ..errors import ModelFileError, UsageError
from .model_files import locate

__all__ = ["LocalEngine", "check_installed", "engine"]


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """A served model.

    Args:
        base_url: address up to and without `/chat/completions`, ending in `/v1`.
        key: what the server wants as bearer token; made for this process, shown nowhere.
        model: the catalogue name, or the stem of the file's name; never a path.
        slots: calls that it works on at once; more wait in its queue.
        context: tokens of prompt and answer together that one call may have.
    """

    base_url: str
    key: str = field(repr=False)
    model: str
    slots: int
    context: int


@asynccontextmanager
async def engine(name_or_path: str, slots: int = 4, *, context: int = 4096) -> AsyncGenerator[LocalEngine]:
    """Load a model and serve it until the block ends. Several may run at once; the event loop is never blocked.

    Args:
        name_or_path: a name of the catalogue, or the path of a GGUF file.
        slots: calls worked on at once. They share the processor: four give 1.2 to 1.8 times the tokens of one.
        context: tokens of prompt and answer together that one call may have; a longer prompt is answered with 400.

    Raises:
        UsageError: the extra `local` is not installed, or a number is not positive.
        ModelFileError: there is no such model here, or llama.cpp cannot load its file.
    """
    if slots < 1 or context < 1:
        raise UsageError(f"An engine needs at least one slot and one token of context, not {slots} and {context}.")
    check_installed()
    path = await to_thread.run_sync(locate, name_or_path)
    model = path.stem
    key = secrets.token_urlsafe(24)
    process = await to_thread.run_sync(_start, path, model, slots, context)
    try:
        address = await to_thread.run_sync(_wait_until_loaded, process, key, path, abandon_on_cancel=True)
        yield LocalEngine(f"{address}/v1", key, model, slots, context)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_stop, process)


def check_installed() -> None:
    """Refuse before anything is fetched or made where the engine is missing.

    Raises:
        UsageError: the extra `local` is not installed.
    """
    if importlib.util.find_spec("xllamacpp") is None:
        raise UsageError("The embedded model's engine is not installed.", fix="Run: pip install 'autoevol[local]'")


def _start(path: Path, model: str, slots: int, context: int) -> subprocess.Popen[str]:
    # A session of its own: Ctrl-C is for us, who then stop it. -P: no file of the current folder is imported.
    return subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-P", "-m", f"{__package__}.local_server", str(path), model, str(slots), str(context)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def _wait_until_loaded(process: subprocess.Popen[str], key: str, path: Path) -> str:
    """The address of the server, once it answers.

    Raises:
        ModelFileError: the file cannot be loaded.
    """
    assert process.stdin is not None  # noqa: S101  both are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(f"{key}\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except OSError:
        line = ""
    if not line:
        raise ModelFileError(
            f"The engine stopped while it loaded {path.name} (exit status {process.wait()}).",
            fix="The usual cause is too little memory: use fewer slots or a smaller model.",
        )
    said: dict[str, str] = json.loads(line)
    if "address" not in said:
        raise ModelFileError(
            f"The model file {path} cannot be loaded: {said['problem']}.",
            fix="Use a complete GGUF file of a text model; where memory is short, fewer slots or a smaller one.",
        )
    return said["address"]


def _stop(process: subprocess.Popen[str]) -> None:
    """End the process at once: it holds nothing that could be lost, and an ordinary end waits for calls under way."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # the key, where the process ended before it could be read
                pipe.close()
