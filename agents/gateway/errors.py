"""Every error that AutoEvol raises on purpose, drawn as a tree.

    AutoEvolError                    one sentence on what is wrong, one on what to do
    ├── UsageError                   the person must change the command, a file or a setting (exit code 2)
    ├── SessionStopped               the session cannot go on now; all that was finished is kept, `resume` continues
    │   ├── AccessDenied             401, 403: the key is missing, wrong or not allowed
    │   ├── UnknownModel             404: the endpoint does not know the model or the address
    │   ├── QuotaSpent               the account has no money or quota left
    │   ├── BudgetReached            a cap of the run's own budget
    │   ├── EndpointDown             nothing answers any more, and waiting did not help
    │   └── StoppedByPerson          somebody said so from outside (`autoevol steer`)
    ├── StorageError                 the run folder, journal or cache cannot be read or written
    │   └── RunInUse                 another process is at work on the run
    ├── ModelFileError               an embedded model cannot be fetched, or is not the file it should be
    ├── ScriptExhausted              a scripted model was asked more often than it has answers
    └── NotRecorded                  a replay met a call that its journal does not hold

An item that fails is never an exception: it is a `NoAnswer` or a `Failed`, and becomes a row with its reason.
"""

from __future__ import annotations

__all__ = [
    "AccessDenied",
    "AutoEvolError",
    "BudgetReached",
    "EndpointDown",
    "ModelFileError",
    "NotRecorded",
    "QuotaSpent",
    "RunInUse",
    "ScriptExhausted",
    "SessionStopped",
    "StoppedByPerson",
    "StorageError",
    "UnknownModel",
    "UsageError",
]


class AutoEvolError(Exception):
    """The root: `problem` says what is wrong, `fix` what the person should do. Exit code 1."""

    exit_code = 1

    def __init__(self, problem: str, *, fix: str = "") -> None:
        super().__init__(f"{problem} {fix}".strip())
        self.problem = problem
        self.fix = fix


class UsageError(AutoEvolError):
    """The command, a file or a setting must be changed by the person. Exit code 2."""

    exit_code = 2


class SessionStopped(AutoEvolError):
    """The session cannot go on now. What was finished is kept and `autoevol resume` continues."""


class AccessDenied(SessionStopped):
    """The endpoint refused the key (401) or the permission (403)."""


class UnknownModel(SessionStopped):
    """The endpoint does not know this model or address (404)."""


class QuotaSpent(SessionStopped):
    """The account behind an endpoint has no money or quota left."""


class BudgetReached(SessionStopped):
    """The next call could pass a cap of the run's budget, so it was not sent."""


class EndpointDown(SessionStopped):
    """An endpoint did not answer for as long as the settings allow to wait."""


class StoppedByPerson(SessionStopped):
    """Somebody stopped the session from outside, by `autoevol steer` or the page."""


class StorageError(AutoEvolError):
    """A file of the run, the journal or the cache cannot be read or written."""


class RunInUse(StorageError):
    """Another process is at work on the run."""


class ModelFileError(AutoEvolError):
    """An embedded model cannot be fetched, or its file is not what its checksum says."""


class ScriptExhausted(AutoEvolError):
    """A scripted model was asked more often than it has answers."""


class NotRecorded(AutoEvolError):
    """A replay met a call that is not in its journal."""
