"""Shows, before anything hangs on it, that the server takes a prompt as it is: no second BOS, no template of its own.

1. A prompt that is one token of the model must be read as one token. Two: the server puts a BOS in front (then the
   template's own is left out, and where the template has none the server does not fit). More: it renders a template, or
   takes special tokens for plain letters. Nothing told: nothing can be shown.
2. A text that counts must go on counting: a model that is put into a chat speaks as the assistant.

Whatever cannot be shown is a refusal. The calls are in the journal like all others, so that a resumed run asks no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....agents.gateway.errors import UnknownModel, UsageError
from ....agents.gateway.requests import Turn
from ....agents.messages import Failed, Reply, Task
from ....agents.prober import Read, ReadTask, Rendered, RenderTask
from ....agents.team import Journey, Team
from ...record.making.magpie_values import FamilySettings

__all__ = ["Probed", "ask_template", "probe"]

_COUNT = "One two three four five six seven eight nine ten.\nOne two three four"
_NEXT, _STOP = "five", "eight"
_OTHER = (
    "Name an endpoint for raw completions (vLLM, SGLang, llama.cpp, an embedded model), or use"
    " --with mode=user-simulator."
)


@dataclass(frozen=True, slots=True)
class Probed:
    """What was shown.

    Args:
        server_bos: whether the server puts a BOS in front of every prompt.
        stops: whether it heeds stop strings; where it does not, they are cut here.
    """

    server_bos: bool
    stops: bool


async def probe(team: Team, place: str, family: FamilySettings) -> Probed:
    """Try the server with two short prompts.

    Raises:
        UsageError: it does not continue raw text, or cannot be shown to leave prompts as they are.
    """
    replies = await _asked(
        team,
        [
            ReadTask(id=f"{place}/probe/token", stage=place, text=family.special),
            ReadTask(id=f"{place}/probe/text", stage=place, text=_COUNT, max_tokens=12, stop=(_STOP,)),
        ],
    )
    one, text = replies
    if not isinstance(one, Read) or not isinstance(text, Read):
        failed = next(reply for reply in replies if isinstance(reply, Failed))
        raise UsageError(f"The model does not go on from a raw text: {failed.detail or failed.reason}.", fix=_OTHER)
    server_bos = _bos(one.tokens, family)
    if not text.text.strip().casefold().startswith(_NEXT):
        raise UsageError(
            f"The server does not leave a prompt as it is: a text that counts went on with {text.text[:40]!r}.",
            fix=_OTHER,
        )
    return Probed(server_bos, _STOP not in text.text.casefold())


def _bos(tokens: int | None, family: FamilySettings) -> bool:
    """Whether the server puts one token of its own in front."""
    off = "Or trust it, with --with probe=off."
    if tokens is None:
        raise UsageError(
            "The server does not say how many tokens it read, so that it cannot be shown to leave prompts as they are.",
            fix="Name another endpoint. " + off,
        )
    if tokens == 1:
        return False
    if tokens == 2 and family.bos:
        return True
    if tokens == 2:
        raise UsageError(
            "The server puts a token of its own (a BOS) in front of the prompt, which this template does not have.",
            fix="Switch that off there; on vLLM with roles.generator.extra = {add_special_tokens = false}. " + off,
        )
    raise UsageError(
        f"The server does not leave a prompt as it is: one token ({family.special}) was read as {tokens}. It renders a"
        " chat template, or this family of templates is not the model's.",
        fix="Name the right family with --with template=…, or another endpoint. " + off,
    )


async def ask_template(team: Team, place: str) -> Sequence[str | None]:
    """How the server's template writes out a chat of one turn, of three, and of three with a system text; None where it
    does not tell.
    """
    first, second, third = (Turn("user", "Aone"), Turn("assistant", "Btwo"), Turn("user", "Cthree"))
    chats = ((first,), (first, second, third), (Turn("system", "Szero"), first, second, third))
    replies = await _asked(
        team,
        [RenderTask(id=f"{place}/probe/template-{n}", stage=place, turns=chat) for n, chat in enumerate(chats, 1)],
    )
    return [reply.text if isinstance(reply, Rendered) else None for reply in replies]


async def _asked(team: Team, tasks: Sequence[Task]) -> Sequence[Reply]:
    """The replies to tasks, in order.

    Raises:
        UsageError: the address has no such path.
    """
    replies: list[Reply] = []

    async def deliver(journey: Journey) -> None:
        reply = journey[1]
        assert isinstance(reply, Reply)  # noqa: S101  task, reply
        replies.append(reply)

    try:
        await team.work(tasks, lambda _: None, deliver)
    except UnknownModel as error:
        problem = "Magpie needs raw completions, and this endpoint takes chats only or does not know the model"
        raise UsageError(f"{problem}: {error.problem}", fix=_OTHER) from error
    return replies
