"""The inside of the sandbox: shuts itself in, then runs one untrusted program. Started by running.py as a script.

Two processes on Linux: the first makes the name spaces and waits; the second, which is number 1 in there, gives up
every right and runs the program. What happened goes to the parent through a pipe, a line each: `done <secret>`,
`error <text>`, `limit <which>` from the second, `status <signal> <exit code> <CPU milliseconds>` from the first.
The secret is not in the memory of the program: it lies in a pipe, and is read when the program's last line was run.
A program that was written against this very file can read it, too: tests in one process with what they test
can always be deceived, which costs a wrong mark and no more.

Only the standard library is here, and no package of ours: this interpreter has no site-packages.
"""

from __future__ import annotations

import ctypes
import fcntl
import marshal
import os
import resource
import signal
import struct
import sys
import threading
import time
import traceback
import types
from typing import Any, NoReturn

_PATH_READ, _FILE_READ, _FILE_WRITE = 0b1100, 0b0100, 0b0010  # rights of Landlock: files and folders, files, writing
_LIBC = ctypes.CDLL(None, use_errno=True)
_LONGEST = 300  # characters of an error
_SECRET = 32  # bytes
_MOST_THREADS, _LOOK_S = 128, 0.02


def main() -> None:
    """Read the order, shut in, run."""
    order: dict[str, Any] = marshal.loads(_exactly(int(_exactly(8), 16)))  # noqa: S302  from our own parent
    # Where a program does not look by chance.
    channel = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 20 + os.urandom(1)[0] % 20)
    secret = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 20 + os.urandom(1)[0] % 20)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    os.close(null)
    try:
        if sys.platform == "linux":
            _shut_in_linux(order, channel)
        else:
            _limits(order)
            threading.Thread(target=_watch_memory, args=(order["memory"], channel), daemon=True).start()
    except OSError as error:
        os.write(channel, f"error the sandbox: {error}\n".encode())
        os._exit(1)
    _run(order["program"], channel, secret)


def _exactly(size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = os.read(0, size - len(parts))
        if not part:
            os._exit(1)
        parts += part
    return parts


# ---------------------------------------------------------------- the program


def _run(program: str, channel: int, secret: int) -> NoReturn:
    """Run it as a module of its own. What is used afterwards was fetched before: the program may replace anything."""
    read, write, leave, line_of = os.read, os.write, os._exit, _line
    module = types.ModuleType("program")
    sys.modules["program"] = module
    try:
        code = compile(program, "program.py", "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102  what all of this is for
    except MemoryError:
        line = b"limit memory"
    except BaseException as error:
        line = line_of(error, program)
    else:
        line = b"done "
        while len(line) < len(b"done ") + _SECRET:
            line += read(secret, _SECRET)
    write(channel, line + b"\n")
    leave(0)


def _line(error: BaseException, program: str) -> bytes:
    """What went wrong and where, on one line."""
    try:
        if isinstance(error, SystemExit):
            return f"error left before its end (exit status {str(error.code)[:20]})".encode()
        if isinstance(error, BlockingIOError) or "can't start new thread" in str(error):
            return b"limit processes"
        told = " ".join(str(error).replace("(program.py, line", "(line").split())[:_LONGEST]
        lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if _own(frame)]
        source = program.split("\n")
        places = [
            f"line {line}: {source[line - 1].strip()[:_LONGEST]}" for line in dict.fromkeys(lines[:-2:-1] + lines[:1])
        ]
        place = f" ({', from '.join(places)})" if places else ""
        return f"error {type(error).__name__}{': ' if told else ''}{told}{place}".encode("utf-8", "replace")
    except BaseException:
        return b"error an error that cannot be told"


def _own(frame: types.FrameType) -> bool:
    return frame.f_code.co_filename == "program.py"


# ---------------------------------------------------------------- limits


def _limits(order: dict[str, Any]) -> None:
    for name in ("AS", "CPU", "FSIZE", "NOFILE", "CORE", "MEMLOCK", "MSGQUEUE"):
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is not None:
            value = order["limits"].get(name, 0)
            most = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (value, value) if most == resource.RLIM_INFINITY else (min(value, most),) * 2)


def _watch_memory(most: int, channel: int) -> None:
    """Where the kernel keeps no limit of memory (macOS counts in bytes here)."""
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < most:
        time.sleep(0.02)
    os.write(channel, b"limit memory\n")
    os._exit(1)


# ---------------------------------------------------------------- Linux


def _shut_in_linux(order: dict[str, Any], channel: int) -> None:
    """Returns in the second process only, which has no rights left."""
    processes = _processes()
    own_space = _name_spaces(order)
    _die_with_parent()
    if os.getppid() != order["parent"]:
        os._exit(1)
    child = os.fork()
    if child:
        _wait(child, channel, processes)
    if processes >= 0:
        os.close(processes)
    _die_with_parent()
    _limits(order)
    _check(_LIBC.prctl(38, 1, 0, 0, 0))  # PR_SET_NO_NEW_PRIVS
    walls = _landlock(order["readable"], order["folder"] if own_space else "")
    _LIBC.capset(struct.pack("<Ii", 0x20080522, 0), bytes(24))
    if order["filters"]:
        own = struct.pack("<I", os.getpid())
        program = order["filters"][0 if own_space and walls else 1].replace(struct.pack("<I", order["own_pid"]), own)
        code = ctypes.create_string_buffer(program, len(program))
        pointer = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(code))
        _check(_LIBC.prctl(22, 2, pointer, 0, 0))  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def _check(returned: int) -> None:
    if returned < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _die_with_parent() -> None:
    _check(_LIBC.prctl(1, int(signal.SIGKILL), 0, 0, 0))  # PR_SET_PDEATHSIG


def _processes() -> int:
    """A handle of the list of processes, before it is covered; -1 where there is none."""
    try:
        return os.open("/proc", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _wait(child: int, channel: int, processes: int) -> NoReturn:
    """The first process: tell how the second ended. This line is the last one: the other cannot say it.

    Meanwhile it counts threads, which no limit of the kernel holds back where the person is root.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    ended, status, usage = os.wait4(child, os.WNOHANG)
    while not ended:
        signal.sigtimedwait([signal.SIGCHLD], _LOOK_S)
        if _threads(child, processes) > _MOST_THREADS:
            os.kill(child, signal.SIGKILL)
            os.write(channel, b"limit processes\n")
            processes = -1
        ended, status, usage = os.wait4(child, os.WNOHANG if processes >= 0 else 0)
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
    used = int(1000 * (usage.ru_utime + usage.ru_stime))
    os.write(channel, f"status {number} {code} {used}\n".encode())
    os._exit(0)


def _threads(child: int, processes: int) -> int:
    """How many threads a process has; 0 where that cannot be told."""
    try:
        place = os.open(f"{child}/stat", os.O_RDONLY, dir_fd=processes)
    except OSError:
        return 0
    try:
        return int(os.read(place, 4096).rpartition(b")")[2].split()[17])
    except (OSError, ValueError, IndexError):
        return 0
    finally:
        os.close(place)


def _name_spaces(order: dict[str, Any]) -> bool:
    """Users, mounts, processes, network, messages and host name of its own, where the kernel lets us.

    Returns:
        Whether the working folder is a small memory disk of its own now, that is gone with the process.
    """
    user, group, folder = os.getuid(), os.getgid(), order["folder"]
    if _LIBC.unshare(0x10000000 | 0x20000 | 0x20000000 | 0x40000000 | 0x8000000 | 0x4000000) != 0:
        return False
    try:
        for name, text in (("setgroups", "deny"), ("uid_map", f"65534 {user} 1"), ("gid_map", f"65534 {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  pathlib takes long to import
                file.write(text)
        _mount(None, "/", None, 0x4000 | 0x40000, None)  # recursive, private
        _mount("tmpfs", folder, "tmpfs", 2 | 4, f"size={order['disk']},nr_inodes=1000,mode=0700")  # no devices, no suid
        os.chdir(folder)
        for hidden in order["hidden"]:
            _mount("tmpfs", hidden, "tmpfs", 1 | 2 | 4 | 8, "size=4k,mode=0555")
    except OSError:
        return os.path.ismount(folder)
    return True


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind, data)]
    _check(_LIBC.mount(texts[0], texts[1], texts[2], flags, texts[3]))


def _landlock(readable: list[str], writable: str) -> bool:
    """Only these paths can be read, only that folder written. False where the kernel has no Landlock."""
    version = _LIBC.syscall(444, None, 0, 1)
    if version < 1:
        return False
    files = (1 << 13) - 1 | (1 << 13 if version >= 2 else 0) | (1 << 14 if version >= 3 else 0)
    files |= 1 << 15 if version >= 5 else 0
    network, scopes = (0b11 if version >= 4 else 0), (0b11 if version >= 6 else 0)
    fields = [files, network, scopes][: 3 if version >= 6 else 2 if version >= 4 else 1]
    ruleset = _LIBC.syscall(444, struct.pack(f"<{len(fields)}Q", *fields), 8 * len(fields), 0)
    _check(ruleset)
    for path in readable:
        _allow(ruleset, path, _PATH_READ if os.path.isdir(path) else _FILE_READ)  # noqa: PTH112
    _allow(ruleset, os.devnull, _FILE_READ | _FILE_WRITE)
    if writable:
        _allow(ruleset, writable, files & ~1)  # all but running programs
    _check(_LIBC.syscall(446, ruleset, 0))
    os.close(ruleset)
    return True


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine
    _check(_LIBC.syscall(445, ruleset, 1, struct.pack("<Qi", rights, place), 0))
    os.close(place)


if __name__ == "__main__":
    main()
