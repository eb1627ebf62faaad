"""The process of an embedded model: llama.cpp behind its OpenAI-compatible server on loopback.

Not for people: `local_engine` starts it as `python -m`, one process a model, for three reasons that the binding leaves
no way around. Loading holds the interpreter lock for its whole length, so that in the caller's process nothing would
move; stopping waits for ever while a call is under way; and two servers in one process share a log level and a stop
switch.

It reads the key from its standard input (never an argument, never the environment), writes one JSON line
`{"address": …}` or `{"problem": …}`, and lives until that input closes: which the system does when the caller ends, in
whatever way it ends.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
import tempfile
import time
from typing import IO, Any

__all__ = ["main"]

_ERRORS_ONLY = 1
# Prompts of finished calls that may be kept in memory for the next one that starts alike. llama.cpp's own 8 GiB is
# more than a small machine has.
_PROMPT_CACHE_MIB = 512
# `0.00.032.944 E srv  load_model: what happened`
_LOGGED = re.compile(r"^\S+ E (?:\S+ +)?\S+: (?P<text>\S.*)$", re.MULTILINE)


def main() -> None:
    """Serve `path alias slots context`, as given on the command line, until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _wait_politely()
    key = sys.stdin.readline().strip()
    _die_with_caller()
    answers, errors = _silence()
    path, alias, slots, context = sys.argv[1:]
    try:
        server = _serve(path, alias, slots=int(slots), context=int(context), key=key)
    except (RuntimeError, OverflowError) as error:
        _tell(answers, problem=_first_error(errors) or str(error))
    else:
        _forget(errors)
        _tell(answers, address=str(server.listening_address))
        sys.stdin.read()
    # Not an ordinary exit: that would run llama.cpp's destructors, which wait for calls under way.
    os._exit(0)


def _serve(path: str, alias: str, *, slots: int, context: int, key: str) -> Any:
    # By name: it ships no types, and only the extra `local` brings it.
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = path
    params.model_alias = {alias}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = _ERRORS_ONLY
    params.warmup = False
    params.fit_params = False
    params.n_parallel = slots
    params.n_ctx = slots * context
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = _cores()
        threads.poll = 0
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    return xllamacpp.Server(params)


def _wait_politely() -> None:
    """Let threads that wait for each other sleep soon. Read when the library is loaded.

    By default they spin on and on, and where another program or a second model wants the same cores, all of them stall:
    measured on 2 cores, two models took 10.6 s where they now take 6.0 s, and beside a busy test run one model fell
    from 80 to 6 tokens/s. Not spinning at all would cost a small model that is alone 40 % of its speed; this, a tenth.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "300")


def _cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _silence() -> tuple[IO[str], IO[bytes]]:
    """Give llama.cpp streams of its own, so that nothing of it reaches a person's terminal.

    Returns:
        where our one line goes, and the file that llama.cpp's error messages go to (it has no name on disk).
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    errors = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  open as long as the process
    for descriptor in (1, 2):
        os.dup2(errors.fileno(), descriptor)
    return answers, errors


def _forget(errors: IO[bytes]) -> None:
    """Once the model serves, what llama.cpp says of single calls (which may quote them) goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    errors.close()


def _tell(answers: IO[str], **what: str) -> None:
    with answers:
        answers.write(json.dumps(what) + "\n")


def _first_error(errors: IO[bytes]) -> str:
    """What llama.cpp says first; what follows are consequences. Its log has a thread of its own, hence the wait."""
    for _ in range(20):
        errors.seek(0)
        found = _LOGGED.search(errors.read().decode("utf-8", "replace"))
        if found:
            return found["text"]
        time.sleep(0.01)
    return ""


def _die_with_caller() -> None:
    """Ask the system for a deadly signal when standard input closes: while a model loads, no line of ours would run."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415  not on Windows

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


if __name__ == "__main__":
    main()
