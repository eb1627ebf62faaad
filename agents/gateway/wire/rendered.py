"""A chat as the server's own template writes it out: llama.cpp's `/apply-template`.

Nothing is generated and no model is run. Other servers keep their template to themselves; that they do is an outcome,
so that it is asked once.
"""

from __future__ import annotations

from dataclasses import replace

from ..outcomes import Outcome
from ..requests import Request
from .failures import Failure
from .reading import estimated, opened, served, text_of, unreadable
from .transport import WireReply

__all__ = ["PATH", "body_of", "outcome_of"]

PATH = "/apply-template"
_NO_SUCH_PATH = frozenset({404, 405, 501})


def body_of(request: Request) -> dict[str, object]:
    """The body of a request; what follows the last turn is the beginning of the assistant's."""
    turns = [{"role": turn.speaker, "content": turn.text} for turn in request.turns]
    return {"model": request.model, "messages": turns, "add_generation_prompt": True}


def outcome_of(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    """Read a reply: its text is the prompt.

    Raises:
        Failure: there is no such path (`bad_request`), the status is another than 200, or no prompt came.
    """
    if reply.status in _NO_SUCH_PATH:
        raise Failure("bad_request", "the server does not tell its chat template")
    body = opened(reply, "prompt")
    text = text_of(body.get("prompt"))
    if not text:
        raise unreadable("holds no prompt")
    return replace(served(body, replica), key=key, text=text, usage=estimated(request, ""))
