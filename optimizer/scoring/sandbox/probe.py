"""A program that tries to break out of the sandbox, and tells what it could not do."""

from __future__ import annotations

__all__ = ["PROBE", "read_probe"]

PROBE = """
import errno, os, socket
held = []

def tried(name, action):
    try:
        action()
    except OSError as error:
        if error.errno != errno.ECONNREFUSED:
            held.append(name)
    except MemoryError:
        held.append(name)

def network():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.settimeout(1)
        one.connect(("127.0.0.1", 9))

def processes():
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)

def signals():
    os.kill(os.getppid() or -1, 0)

def writes():
    os.close(os.open({canary!r}, os.O_WRONLY))

def reads():
    os.close(os.open({canary!r}, os.O_RDONLY))

def memory():
    bytearray({memory})

for action in (network, processes, signals, writes, reads):
    tried(action.__name__, action)
try:
    memory()
except MemoryError:
    held.append("memory")
raise RuntimeError("held: " + " ".join(held))
"""
"""To be filled with `canary`, the path of a file outside, and `memory`, one limit's worth of bytes."""

_NAMES = frozenset({"network", "processes", "signals", "writes", "reads", "memory"})


def read_probe(detail: str) -> frozenset[str]:
    """What held, from the line with which the probe ended; nothing where it did not get that far."""
    head, found, rest = detail.partition("held: ")
    return (
        frozenset(rest.partition(" (line")[0].split()) & _NAMES if found and head == "RuntimeError: " else frozenset()
    )
