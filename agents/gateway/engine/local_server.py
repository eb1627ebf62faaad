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
import signal
import sys
from typing import IO, Any

from .manners import cores, die_with_caller, first_error, forget, silence, wait_politely

__all__ = ["main"]

_ERRORS_ONLY = 1
# Prompts of finished calls that may be kept in memory for the next one that starts alike. llama.cpp's own 8 GiB is
# more than a small machine has.
_PROMPT_CACHE_MIB = 512


def main() -> None:
    """Serve `path alias slots context`, as given on the command line, until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wait_politely()
    key = sys.stdin.readline().strip()
    die_with_caller()
    answers, errors = silence()
    path, alias, slots, context = sys.argv[1:]
    try:
        server = _serve(path, alias, slots=int(slots), context=int(context), key=key)
    except (RuntimeError, OverflowError) as error:
        _tell(answers, problem=first_error(errors) or str(error))
    else:
        forget(errors)
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
        threads.n_threads = cores()
        threads.poll = 0
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    return xllamacpp.Server(params)


def _tell(answers: IO[str], **what: str) -> None:
    with answers:
        answers.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    main()
