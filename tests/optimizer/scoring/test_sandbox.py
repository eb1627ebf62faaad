"""Untrusted programs in real processes: what they may do, and what they cannot."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import time
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.scoring import sandbox
from autoevol.optimizer.scoring.sandbox import Isolation, Limits, RunResult, isolation, run_program, running
from autoevol.optimizer.scoring.sandbox.filters import build_filter
from autoevol.optimizer.scoring.sandbox.probe import read_probe

QUICK = Limits(cpu_seconds=1, seconds=5.0, memory=128 << 20, disk=1 << 20)


@pytest.fixture
async def shut_in() -> None:
    """Skip where the kernel cannot shut a program in; there the default is to refuse, which is tested apart."""
    if (await isolation()).missing:
        pytest.skip(f"not enforced on this machine: {(await isolation()).missing}")


@pytest.mark.parametrize(
    "program",
    [
        "",
        "def f(x):\n    return x + 1\nassert f(1) == 2",
        "print('x' * 1_000_000)",
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\nasyncio.run(f())",
        "import threading\none = threading.Thread(target=print)\none.start()\none.join()",
        "with open('notes', 'w') as file:\n    file.write('x')\nassert open('notes').read() == 'x'",
        "import json, re, math, decimal, zoneinfo, tempfile, random\nzoneinfo.ZoneInfo('Asia/Shanghai')",
        "import dataclasses, pickle\n@dataclasses.dataclass\nclass A:\n    x: int\npickle.loads(pickle.dumps(A(1)))",
        "if __name__ == '__main__':\n    input()",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()",
    ],
)
async def test_honest_programs_pass(program: str, shut_in: None) -> None:
    """What a solution needs is there: the standard library, threads, files of its own; a main part is not run."""
    assert RunResult(True, "passed") == await run_program(program, QUICK)


# Threads that take hardly any memory: what counts them is not a limit of memory.
SMALL_THREADS = """
import threading
threading.stack_size(32768)
lock = threading.Lock()
lock.acquire()
while True:
    threading.Thread(target=lock.acquire, daemon=True).start()
"""


@pytest.mark.parametrize(
    ("program", "detail"),
    [
        ("def f(x):\n    return x\nassert f(1) == 2", "AssertionError (line 3: assert f(1) == 2)"),
        ("1 / 0", "ZeroDivisionError: division by zero (line 1: 1 / 0)"),
        ("def f(:", "SyntaxError: invalid syntax (line 1)"),
        ("f()", "NameError: name 'f' is not defined (line 1: f())"),
        ("raise ValueError('two\\nlines')", "ValueError: two lines (line 1: raise ValueError('two\\nlines'))"),
        ("import sys\nsys.exit(0)", "left before its end (exit status 0)"),
        ("import os\nos._exit(0)", "left before its end (exit status 0)"),
        ("import ctypes\nctypes.string_at(0)", f"killed by signal {int(signal.SIGSEGV)}"),
        ("while True:\n    pass", "time limit"),
        ("held = []\nwhile True:\n    held.append(bytearray(1_000_000))", "memory limit"),
        ("import os\nwhile True:\n    os.fork()", "too many processes"),
        ("import subprocess\nsubprocess.run(['/bin/true'])", "too many processes"),
        (SMALL_THREADS, "too many processes"),
        ("print('done ' + '0' * 32)\nimport os\nos._exit(0)", "left before its end (exit status 0)"),
        (
            "class E(Exception):\n    def __str__(self):\n        import os; os._exit(0)\nraise E",
            "left before its end (exit status 0)",
        ),
    ],
)
async def test_a_failure_is_told_in_one_line(program: str, detail: str, shut_in: None) -> None:
    """The last line of the error and where it was raised, or the limit that was met."""
    assert RunResult(False, detail) == await run_program(program, QUICK)


@pytest.mark.parametrize(
    "program",
    [
        "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)",
        "import socket\nsocket.socket(socket.AF_UNIX)",
        "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\na.sendto(b'x', '/dev/log')",
        "import os\nos.kill(os.getppid() or -1, 9)",
        "import os\nos.kill(0, 9)",
        "import os\nos.setsid()",
        "import pathlib\npathlib.Path('/etc/hostname').read_text()",
        "import os\nopen(f'/proc/{os.getppid()}/environ').read()",
        "open('/proc/self/environ').read()",
        "import os\nfor i in range(100):\n    os.open('/dev/null', os.O_RDONLY)",
        "for i in range(100):\n    open(f'part{i}', 'wb').write(bytes(500_000))",
        "with open('big', 'wb') as file:\n    while True:\n        file.write(bytes(500_000))",
        "import os\nos.chmod('/', 0o777)",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "import os\nos.memfd_create('x')",
        "import fcntl, os\nfcntl.fcntl(0, fcntl.F_SETOWN, 1)",
    ],
)
async def test_reaching_out_is_refused(program: str, shut_in: None) -> None:
    """An operating system error, and no more than that."""
    result = await run_program(program, QUICK)
    assert (False, True) == (result.ok, "Error" in result.detail), result


async def test_files_of_the_person_stay_as_they_are(tmp_path: Path, shut_in: None) -> None:
    """Neither written, moved, emptied nor deleted."""
    kept = tmp_path / "kept"
    kept.write_text("mine", encoding="utf-8")
    for action in ("os.unlink(p)", "os.rename(p, p + '2')", "open(p, 'w')", "os.truncate(p, 0)", "shutil.rmtree(d)"):
        program = f"import os, shutil\np, d = {str(kept)!r}, {str(tmp_path)!r}\n{action}"
        assert not (await run_program(program, QUICK)).ok
    assert "mine" == kept.read_text(encoding="utf-8")
    assert ["kept"] == _names(tmp_path)


WAYS_OUT = {
    "write through a link": "os.symlink(path, 'l1'); open('l1', 'w')",
    "read through a link": "os.symlink(path, 'l2'); open('l2').read()",
    "list through a link": "os.symlink(os.path.dirname(path), 'l3'); os.listdir('l3')",
    "link to it": "os.link(path, 'l4')",
    "move over it": "open('mine', 'w').close(); os.rename('mine', path)",
    "the folder above": "open('../escaped', 'w')",
    "a temporary file elsewhere": "open('/tmp/escaped', 'w')",
    "shared memory": "open('/dev/shm/escaped', 'w')",
    "shared memory of Python": "__import__('multiprocessing.shared_memory').shared_memory.SharedMemory('e', True, 9)",
    "a semaphore": "__import__('multiprocessing').Semaphore(1)",
    "the real home": f"open({pwd.getpwuid(os.getuid()).pw_dir + '/.profile'!r}, 'a')",
    "the list of users": "open('/etc/passwd').read()",
    "the root folder": "os.listdir('/')",
    "our own source": "open(sys._getframe(1).f_code.co_filename).read()",
    "the environment of another": "open('/proc/1/environ', 'rb').read()",
    "memory of its own as a file": "open('/proc/self/mem', 'rb')",
    "a terminal": "open('/dev/tty')",
    "the library of Python": "open(os.__file__, 'a')",
    "a device": "os.mknod('device', 0o60600, os.makedev(8, 0))",
    "rights for everyone": "open('s', 'w').close(); os.chmod('s', 0o4777)",
    "a program": "os.execv('/bin/true', ['true'])",
    "a name in the network": "socket.create_connection(('127.0.0.1', 22), 1)",
    "routes": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "a listener": "socket.create_server(('127.0.0.1', 0))",
    "everyone's end": "os.kill(-1, 9)",
    "its group's end": "os.killpg(0, 9)",
    "a handle of its parent": "os.pidfd_open(os.getppid() or 1)",
    "more time": "resource.setrlimit(resource.RLIMIT_CPU, (100, 100))",
    "a better place in the queue": "os.nice(-5)",
    "another clock": "time.clock_settime(time.CLOCK_REALTIME, 0)",
    "a packet filter": "1 / (libc.syscall(321, 0, 0, 0) + 1)",
    "a ring of orders": "1 / (libc.syscall(425, 1, 0) + 1)",
    "a name space": "1 / (libc.unshare(0x10000000) + 1)",
    "a mount": "1 / (libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) + 1)",
    "a child by another number": "1 / (libc.syscall(0x40000000 + 57) + 1)",
    "a larger file than may be": "open('big', 'wb').truncate(1 << 40)",
    "more files than may be": "[open(f'f{n}', 'w').close() for n in range(5000)]",
}


async def test_no_way_out_is_open(tmp_path: Path, shut_in: None) -> None:
    """Files through links, home, devices, the network, others' processes, the kernel's doors: each one is tried."""
    kept = tmp_path / "kept"
    kept.write_text("mine", encoding="utf-8")
    program = (
        "import ctypes, os, resource, socket, sys, time\nlibc, open_ways = ctypes.CDLL(None), []\n"
        f"path, ways = {str(kept)!r}, {WAYS_OUT!r}\n"
        "for name, code in ways.items():\n    try:\n        exec(code)\n    except Exception:\n        continue\n"
        "    open_ways.append(name)\nraise ValueError(open_ways)"
    )
    result = await run_program(program, QUICK)

    assert result.detail.startswith("ValueError: []"), result.detail
    assert ("mine", ["kept"]) == (kept.read_text(encoding="utf-8"), _names(tmp_path))


async def test_home_is_the_empty_folder(tmp_path: Path, shut_in: None) -> None:
    """What a program writes in its home is gone with it."""
    program = (
        "import os\nassert os.path.expanduser('~') == os.getcwd()\nopen(os.path.expanduser('~/x'), 'w').write('x')"
    )

    assert RunResult(True, "passed") == await run_program(program, QUICK)


def test_folders_of_runs_that_were_killed_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old and empty ones; one of today, and one that holds anything, stay."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for name, age in (("old", 9_000), ("new", 0), ("full", 9_000)):
        folder = tmp_path / f"autoevol-run-{name}"
        folder.mkdir()
        if name == "full":
            (folder / "x").touch()
        then = time.time() - age
        os.utime(folder, (then, then))
    running._sweep()  # pyright: ignore[reportPrivateUsage]

    assert {"autoevol-run-new", "autoevol-run-full"} == {*_names(tmp_path)}


async def test_nothing_of_our_environment_comes_along(monkeypatch: pytest.MonkeyPatch, shut_in: None) -> None:
    """Keys are in the environment of the parent only."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    result = await run_program("import os\nraise ValueError(sorted(os.environ))", QUICK)
    assert "KEY" not in result.detail
    assert "PYTHONHASHSEED" in result.detail


# Says that it is done on every open file, with whatever text of the secret's length it finds in memory.
SAYS_DONE = """
import gc, os, sys
found = {"0" * 32}
frame = sys._getframe()
while frame:
    found |= {one for one in [*frame.f_locals.values(), *frame.f_globals.values()] if isinstance(one, str)}
    frame = frame.f_back
found |= {one for held in gc.get_objects() for one in gc.get_referents(held) if isinstance(one, str) and len(one) == 32}
for fd in range(3, 64):
    for one in found:
        try:
            os.write(fd, b"done " + one.encode() + b"\\n")
        except (OSError, UnicodeError):
            pass
os._exit(0)
"""


@pytest.mark.parametrize(
    "program",
    [
        SAYS_DONE,
        "import os\nos.closerange(3, 64)",
        "import builtins, os\nos.write = os._exit = builtins.exec = lambda *a: None\nassert False",
        "import atexit, os\natexit.register(os._exit, 0)\nraise SystemExit",
        "import sys\nsys.excepthook = lambda *a: sys.exit(0)\nassert False",
    ],
)
async def test_a_pass_cannot_be_printed_or_guessed(program: str, shut_in: None) -> None:
    """Only who runs to the end has the secret."""
    assert not (await run_program(program, QUICK)).ok


TALKS = """
import os
import pwd
while True:
    for fd in range(64):
        try:
            os.write(fd, bytes(65536))
        except OSError:
            pass
"""


async def test_ten_gigabytes_of_words_do_no_harm(shut_in: None) -> None:
    """What is printed goes nowhere, what is said to us is cut."""
    result = await run_program(TALKS, QUICK)
    assert not result.ok
    assert len(result.detail) < 1000


async def test_one_that_sleeps_and_hears_no_signal_is_ended(shut_in: None) -> None:
    """Wall time ends what uses no CPU time."""
    program = (
        "import signal, time\nfor n in (1, 2, 3, 13, 14, 15):\n    signal.signal(n, signal.SIG_IGN)\ntime.sleep(99)"
    )
    assert RunResult(False, "time limit") == await run_program(program, Limits(seconds=0.4))


async def test_nothing_is_left_of_a_run(shut_in: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process, no file; also where the run is called off."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sessions: set[int] = set()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_program, "open('x', 'w').write('x')\nimport time\ntime.sleep(99)", Limits(seconds=50))
        while len(_sessions()) < 2:  # noqa: ASYNC110  the one that waits and the one that sleeps
            await anyio.sleep(0.02)
        sessions = set(_sessions())
        tasks.cancel_scope.cancel()
    while sessions & set(_sessions()):  # noqa: ASYNC110  the kernel clears away the last one when it has time
        await anyio.sleep(0.02)
    await run_program("open('x', 'w').write('x')", QUICK)
    assert [] == _names(tmp_path)


def _sessions() -> list[int]:
    """Session of each process that is an inside of the sandbox."""
    found: list[int] = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if b"sandbox/child.py" in (path / "cmdline").read_bytes():
                found.append(int((path / "stat").read_text().rpartition(")")[2].split()[3]))
    return found


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_many_side_by_side(shut_in: None) -> None:
    """Every one has its own result, no more run at a time than there are cores."""
    results: dict[int, RunResult] = {}

    async def one(number: int) -> None:
        results[number] = await run_program(f"assert {number} % 2 == 0", QUICK)

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(one, number)
    assert [number % 2 == 0 for number in range(20)] == [results[number].ok for number in range(20)]


async def test_where_nothing_holds_the_default_is_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence on what is missing; without strictness it runs."""
    monkeypatch.setattr(running, "_FOUND", [Isolation(processes=True, signals=True, writes=True, memory=True)])
    with pytest.raises(UsageError, match="nothing keeps a program from reaching the network"):
        await run_program("")
    assert (await run_program("", strict=False)).ok


async def test_odd_texts_are_programs_like_any_other(shut_in: None) -> None:
    """Too long, zero bytes, lone surrogates, deep nesting."""
    assert RunResult(False, "the program is too long") == await run_program("#" * 2_000_000)
    for program in ("\0", "x = '\ud800'", "(" * 5000 + ")" * 5000, "x = " + "-" * 100_000 + "1"):
        assert not (await run_program(program, QUICK)).ok or program.startswith("x = '")


def test_a_filter_is_whole_instructions_and_differs_by_rights() -> None:
    """Eight bytes an instruction, at most 4,096 of them; read only is the longer list; unknown machines have none."""
    for machine in ("x86_64", "aarch64"):
        writing, reading = (build_filter(machine, may_write=may) for may in (True, False))
        assert writing is not None
        assert reading is not None
        assert (0, 0) == (len(writing) % 8, len(reading) % 8)
        assert len(writing) < len(reading) < 4096 * 8
    assert None is build_filter("riscv64", may_write=True)


def test_the_probe_is_read_from_its_last_line_only() -> None:
    """What failed before its end held nothing."""
    assert frozenset({"network", "reads"}) == read_probe("RuntimeError: held: network reads (line 4: raise)")
    assert frozenset() == read_probe("time limit")
    assert "isolation" in sandbox.__all__
