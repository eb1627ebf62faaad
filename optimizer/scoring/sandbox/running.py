"""Run an untrusted Python program in a process of its own that can reach nothing.

Every program gets a fresh interpreter without site-packages, an environment without our variables, an empty folder
and a session of its own. On Linux, each where the kernel has it: name spaces (no network, no other process in sight, a
memory disk as folder), Landlock (nothing but the standard library can be read), a seccomp filter (no socket, no new
process, no signal to others) and resource limits. On macOS: `sandbox-exec`. What is truly enforced is not assumed
but tried, once a process: `isolation`.

Its verdict is believed only with a secret that it cannot know before its last line was run. CPU time decides
how long it may run, so that a busy machine does not change a result; wall time only ends what sleeps.
"""

from __future__ import annotations

import contextlib
import marshal
import math
import os
import platform
import secrets
import shutil
import signal
import sys
import sysconfig
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process
from anyio.lowlevel import RunVar

from ....agents.gateway.errors import UsageError
from .filters import OWN_PID, build_filter
from .probe import PROBE, read_probe

__all__ = ["Isolation", "Limits", "RunResult", "isolation", "run_program"]

_CHILD = Path(__file__).with_name("child.py")
_MOST_TOLD = 8_192  # bytes that a program can make us read
_MEGABYTE = 1 << 20
_PREFIX = "autoevol-run-"
_FORGOTTEN_S = 3_600  # after so long nobody is in a folder any more


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    Args:
        cpu_seconds: CPU time, rounded up to whole seconds by the kernel.
        seconds: wall time, with the start of the interpreter.
        memory: bytes of address space (of the interpreter, too: about 30 MB).
        disk: bytes of all files in its folder; also the largest single file.
        files: open files.
        program: bytes of the program's text.
    """

    cpu_seconds: float = 5.0
    seconds: float = 20.0
    memory: int = 512 * _MEGABYTE
    disk: int = 16 * _MEGABYTE
    files: int = 64
    program: int = _MEGABYTE


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended: `passed`, or the error's line, `time limit`, `memory limit`, `too many processes`, …"""

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Isolation:
    """What a program was found unable to do here.

    Args:
        network: to reach any address.
        processes: to make one.
        signals: to send one to its parent.
        writes: to change a file outside of its folder.
        reads: to read a file that is not Python's.
        memory: to use more than its limit.
    """

    network: bool = False
    processes: bool = False
    signals: bool = False
    writes: bool = False
    reads: bool = False
    memory: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """What would have to be enforced before a program may be trusted to run; reading alone, without a network, is
        not among it."""
        needed = ("network", "processes", "signals", "writes", "memory")
        return tuple(name for name in needed if not getattr(self, name))


_LIMITER: RunVar[anyio.CapacityLimiter] = RunVar("sandbox-limiter")
_FOUND: list[Isolation] = []


async def run_program(program: str, limits: Limits | None = None, *, strict: bool = True) -> RunResult:
    """Run a program to its end.

    It passes if its last line was run: a raised error, an exit or a kill before it is a failure. As many run side by
    side as there are cores, the others wait. Its module is not called `__main__`, so that a main part is not run. What
    it prints is thrown away.

    Args:
        strict: refuse to run anything where `isolation` misses something. False runs with what there is.

    Raises:
        UsageError: this machine cannot shut a program in.
    """
    if strict and (missing := (await isolation()).missing):
        raise UsageError(
            f"Code cannot be run safely on this machine: nothing keeps a program from {_without(missing)}.",
            fix="Leave out the check that runs code, or run on Linux 5.13 or later with seccomp and Landlock.",
        )
    return await _limited(program, limits or Limits())


async def isolation() -> Isolation:
    """What is enforced on this machine, found by a program that tries to break out. Tried once a process."""
    if not _FOUND:
        _FOUND.append(await _probe())
    return _FOUND[0]


async def _probe() -> Isolation:
    if os.name != "posix":
        return Isolation()
    _sweep()
    with _folder() as outside:
        canary = Path(outside, "canary")
        os.close(os.open(canary, os.O_CREAT | os.O_WRONLY, 0o600))
        limits = Limits(cpu_seconds=10, memory=256 * _MEGABYTE)
        result = await _limited(PROBE.format(canary=str(canary), memory=limits.memory), limits)
    return Isolation(**dict.fromkeys(read_probe(result.detail), True))


def _without(missing: tuple[str, ...]) -> str:
    words = {
        "network": "reaching the network", "processes": "starting processes", "signals": "ending other processes",
        "writes": "changing files", "memory": "filling the memory",
    }  # fmt: skip
    return ", ".join(words[name] for name in missing)


# ---------------------------------------------------------------- one run


async def _limited(program: str, limits: Limits) -> RunResult:
    if len(program) > limits.program:
        return RunResult(False, "the program is too long")
    limiter = _LIMITER.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(os.cpu_count() or 1)
        _LIMITER.set(limiter)
    async with limiter:
        with _folder() as folder:
            secret = secrets.token_hex(16)
            told, late = await _talk(folder, _order(program, limits, folder), secret, limits)
    return _result(told, secret, late, limits)


@contextlib.contextmanager
def _folder() -> Generator[str]:
    """A fresh empty folder that is gone afterwards, whatever was done in it."""
    path = os.path.realpath(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _sweep() -> None:
    """Remove empty folders that processes left which were killed; what holds anything is somebody else's matter."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _FORGOTTEN_S:
                path.rmdir()


def _order(program: str, limits: Limits, folder: str) -> bytes:
    """What child.py is told, with its length before it."""
    kernel = {
        "AS": limits.memory, "CPU": max(1, math.ceil(limits.cpu_seconds)), "FSIZE": limits.disk, "NOFILE": limits.files,
    }  # fmt: skip
    filters = [build_filter(platform.machine(), may_write=may) for may in (True, False)]
    order = {
        "program": program.encode("utf-8", "replace").decode(), "limits": kernel, "memory": limits.memory,
        "disk": limits.disk, "filters": filters if None not in filters else [], "own_pid": OWN_PID,
        "readable": _readable(), "hidden": _hidden(), "parent": os.getpid(), "folder": folder,
    }  # fmt: skip
    body = marshal.dumps(order)
    return f"{len(body):08x}".encode() + body


def _readable() -> list[str]:
    """Where Python and the libraries under it live. No site-packages of a virtual environment, no home."""
    own = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    own += [str(Path(sys.base_prefix, name)) for name in ("lib", "lib64")]
    system = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/usr/share/zoneinfo"]
    single = ["/etc/ld.so.cache", "/etc/localtime", "/dev/zero", "/dev/random", "/dev/urandom"]
    return list(dict.fromkeys([*own, *system, *single]))


def _hidden() -> list[str]:
    """Folders that are covered where mounts can be made, for kernels without Landlock."""
    keep = [Path(sys.base_prefix).resolve(), Path(tempfile.gettempdir()).resolve()]
    folders = [Path("/proc"), Path("/run"), Path.home().resolve()]
    return [str(one) for one in folders if one.is_dir() and not any(path.is_relative_to(one) for path in keep)]


def _command(folder: str) -> list[str]:
    # No site-packages, no folder of the user, nothing written beside sources; hash seeds by the environment.
    python = [sys.executable, "-S", "-s", "-P", "-B", "-X", "utf8", str(_CHILD)]
    if sys.platform != "darwin":
        return python
    quoted = {name: str(path).replace("\\", "\\\\").replace('"', '\\"') for name, path in (
        ("folder", folder), ("home", Path.home()), ("prefix", sys.base_prefix), ("child", _CHILD),
    )}  # fmt: skip
    return ["/usr/bin/sandbox-exec", "-p", _PROFILE.format(**quoted), *python]


# The last rule that fits counts. Nobody has tried it on every version of macOS; `isolation` does.
_PROFILE = """(version 1)(allow default)(deny network*)(deny process-fork)(deny mach-lookup)
(deny signal)(allow signal (target self))
(deny file-write*)(allow file-write* (subpath "{folder}") (literal "/dev/null"))
(deny file-read-data (subpath "{home}"))
(allow file-read-data (subpath "{prefix}") (subpath "{folder}") (literal "{child}"))"""


async def _talk(folder: str, order: bytes, secret: str, limits: Limits) -> tuple[list[str], bool]:
    """Start the child, hand it the order and the secret, and read what it says until it ends or its time is over."""
    # Texts and hashes do not depend on the person's machine; nothing of the person's environment goes along.
    environment = {"HOME": folder, "TMPDIR": folder, "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": "0", "TZ": "UTC"}
    process = await anyio.open_process(
        _command(folder), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, cwd=folder, env=environment, start_new_session=True
    )
    told = bytearray()
    try:
        with anyio.move_on_after(limits.seconds) as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_send, process, order + secret.encode())
                await _receive(process, told)
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
    return told.decode("utf-8", "replace").splitlines(), scope.cancelled_caught


async def _send(process: Process, data: bytes) -> None:
    if process.stdin is not None:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            await process.stdin.send(data)


async def _receive(process: Process, told: bytearray) -> None:
    """All lines, until the pipe is closed or too much was said."""
    if process.stdout is not None:
        async for part in process.stdout:
            told += part
            if len(told) > _MOST_TOLD:
                return


async def _end(process: Process) -> None:
    """No process outlives its run: the whole session is killed while its leader is still there to name it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.aclose()


def _result(told: list[str], secret: str, late: bool, limits: Limits) -> RunResult:
    """What the lines mean. Only the secret is proof; all else is a reason for a failure."""
    said = {word: rest for word, _, rest in (line.partition(" ") for line in reversed(told))}
    if said.get("done") == secret:
        return RunResult(True, "passed")
    if late:
        return RunResult(False, "time limit")
    if "limit" in said:
        return RunResult(False, "memory limit" if said["limit"] == "memory" else "too many processes")
    if "error" in said:
        return RunResult(False, said["error"])
    numbers = [int(word) for word in told[-1].split()[1:]] if told and told[-1].startswith("status ") else []
    number, code, used = numbers if len(numbers) == 3 else (0, 0, 0)
    # The kernel counts CPU time in ticks and tells it exactly: on a busy machine it ends a program somewhat early.
    if number in {signal.SIGKILL, signal.SIGXCPU} and used >= 250 * math.ceil(limits.cpu_seconds):
        return RunResult(False, "time limit")
    return RunResult(False, f"killed by signal {number}" if number else f"left before its end (exit status {code})")
