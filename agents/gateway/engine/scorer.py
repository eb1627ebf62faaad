"""Log-probabilities of given texts, or their vectors, by an embedded model, in a process that the first text starts."""

from __future__ import annotations

import importlib.util
import json
import math
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, cast

import anyio
from anyio import to_thread

from ..errors import ModelFileError, UsageError
from ..outcomes import TokenScore
from ..wire.failures import Failure, one_line
from .model_files import locate

__all__ = ["LocalScorer"]


class LocalScorer:
    """The scores of one embedded model.

    Args:
        name_or_path: a name of the catalogue, or the path of a GGUF file.
        context: tokens that a text may have.
        wants: `scores`, or `vectors`.
    """

    def __init__(self, name_or_path: str, context: int = 4096, wants: Literal["scores", "vectors"] = "scores") -> None:
        self._name_or_path = name_or_path
        self._context = context
        self._wants = wants
        self._process: subprocess.Popen[str] | None = None
        # One text at a time: each keeps all cores busy.
        self._turn = anyio.Lock()

    async def scores(self, text: str) -> tuple[TokenScore, ...]:
        """The tokens of a text in order, each with its log-probability after those before it.

        Raises:
            Failure: the text is too long, or the process ended.
            UsageError: the extra `local` is not installed, or the model is of a kind that gives no scores.
            ModelFileError: there is no such model here.
        """
        return _read(await self._said(text))

    async def vector(self, text: str) -> tuple[tuple[float, ...], int]:
        """The mean of the model's last states over the tokens of a text, and their number. Raises as `scores`."""
        said = await self._said(text)
        vector = cast("list[float]", said["vector"])
        if not vector or not all(map(math.isfinite, vector)):
            raise Failure("unreadable_reply", "the embedded model gave no vector")
        return struct.unpack(f"<{len(vector)}f", struct.pack(f"<{len(vector)}f", *vector)), cast("int", said["tokens"])

    async def _said(self, text: str) -> dict[str, object]:
        async with self._turn:
            said = await self._asked(text)
        if "too_long" in said:
            problem = f"the text has {said['too_long']} tokens, and the embedded model reads {self._context} at once"
            raise Failure("context_too_long", problem)
        if "problem" in said:
            raise Failure("server_error", f"the embedded model gave no {self._wants}: {one_line(str(said['problem']))}")
        return said

    async def _asked(self, text: str) -> dict[str, object]:
        heard = False
        try:
            process = self._process or await self._started()
            said = await to_thread.run_sync(_ask, process, {"text": text}, abandon_on_cancel=True)
            heard = True
            return said
        finally:
            if not heard:
                # Also when the caller goes away: an answer that nobody waits for would be taken for the next one's.
                self._end()

    async def aclose(self) -> None:
        """End the process."""
        self._end()

    async def _started(self) -> subprocess.Popen[str]:
        if any(importlib.util.find_spec(name) is None for name in ("xllamacpp", "gguf")):
            raise UsageError(
                "What scores given texts with an embedded model is not installed.",
                fix="Run: pip install 'autoevol[local]'",
            )
        path = await to_thread.run_sync(locate, self._name_or_path)
        self._process = await to_thread.run_sync(_start, path, self._context, self._wants)
        said = await to_thread.run_sync(_line, self._process, abandon_on_cancel=True)
        if "problem" in said:
            raise ModelFileError(
                f"The model {path.name} gives no log-probabilities of given texts: {one_line(str(said['problem']))}.",
                fix="Use another model for the student, such as smollm2-135m.",
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError, ValueError):
                    pipe.close()


def _start(path: Path, context: int, wants: str) -> subprocess.Popen[str]:
    # A session of its own: Ctrl-C is for us, who then stop it. -P: no file of the current folder is imported.
    return subprocess.Popen(  # noqa: S603  our own module
        [sys.executable, "-P", "-m", f"{__package__}.scoring_server", str(path), str(context), wants],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def _ask(process: subprocess.Popen[str], question: Mapping[str, object]) -> dict[str, object]:
    assert process.stdin is not None  # noqa: S101  it is a pipe
    try:
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
    except (OSError, ValueError) as error:
        raise _ended() from error
    return _line(process)


def _line(process: subprocess.Popen[str]) -> dict[str, object]:
    assert process.stdout is not None  # noqa: S101  it is a pipe
    try:
        line = process.stdout.readline()
    except (OSError, ValueError) as error:
        raise _ended() from error
    if not line.endswith("\n"):
        raise _ended()
    return cast("dict[str, object]", json.loads(line))


def _ended() -> Failure:
    return Failure("connection", "the process that scores texts ended; the usual cause is too little memory")


def _read(said: Mapping[str, object]) -> tuple[TokenScore, ...]:
    tokens, values = cast("list[str]", said["tokens"]), cast("list[float | None]", said["logprobs"])
    if any(value is not None and not math.isfinite(value) for value in values):
        raise Failure("unreadable_reply", "the embedded model gave a log-probability that is none")
    return tuple(TokenScore(token, value) for token, value in zip(tokens, values, strict=True))
