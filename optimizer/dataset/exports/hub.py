"""An export to the Hugging Face Hub, where a person asked for just that."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....agents.gateway.errors import StorageError, UsageError
from ..raw import missing_extra

__all__ = ["check_push", "push"]


def check_push(name: str) -> None:
    """Find out before anything is written whether a push can be tried.

    Raises:
        UsageError: `huggingface_hub` or a token is missing, or `name` is not OWNER/NAME.
    """
    hub = _hub()
    owner, _, rest = name.partition("/")
    if not owner or not rest or "/" in rest:
        raise UsageError(f"{name!r} names no data set of the Hub.", fix="Write --push-to OWNER/NAME.")
    if not hub.get_token():
        raise UsageError(
            "There is no token for the Hugging Face Hub.", fix="Set HF_TOKEN, or log in with `hf auth login`."
        )


def push(files: Sequence[Path], name: str, *, public: bool = False) -> str:
    """Put these files into a data set of the Hub as one commit; it is made where it is not there, private unless told.

    One that is there stays as it is. Unless `public` is said, nothing is put where all can see it.

    Returns:
        The address of the commit.

    Raises:
        UsageError: as `check_push`; the Hub refuses the token or the name; the data set is public, which was not
            said.
        StorageError: the Hub cannot be reached, or fails.
    """
    check_push(name)
    hub, errors = _hub(), importlib.import_module("huggingface_hub.errors")
    api: Any = hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT"), library_name="autoevol")
    try:
        api.create_repo(name, repo_type="dataset", private=not public, exist_ok=True)
        # Of one that is there this changes nothing, whatever was asked for.
        if not public and not api.repo_info(name, repo_type="dataset").private:
            raise UsageError(
                f"The data set {name} is on the Hub already, and public. Nothing was sent.",
                fix="Say --public where all may see the data, or name another one with --push-to.",
            )
        done = api.create_commit(
            name, repo_type="dataset", commit_message="Data from AutoEvol",
            operations=[hub.CommitOperationAdd(path_in_repo=path.name, path_or_fileobj=path) for path in files],
        )  # fmt: skip
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status in {401, 403}:
            raise UsageError(
                f"The Hub refuses to take {name} ({status}).", fix="Give a token that may write to it (HF_TOKEN)."
            ) from None
        raise StorageError(f"The Hub did not take {name} ({status}).", fix=_AGAIN) from None
    except ValueError as error:
        raise UsageError(f"The Hub's client does not take {name!r}: {error}.", fix="Give another OWNER/NAME.") from None
    except errors.HfHubHTTPError.__bases__ as error:  # what its client raises where nothing answers
        raise StorageError(f"The Hub cannot be reached ({type(error).__name__}).", fix=_AGAIN) from None
    return str(done.commit_url)


_AGAIN = "The export is on disk; try again, or upload the folder by other means."


def _hub() -> Any:
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError as error:
        raise missing_extra("A push to the Hub", "hub") from error
