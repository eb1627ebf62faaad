"""How the chat with one model is written out as text: its family's template, what the server adds itself, its stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...record.making.magpie import MagpieSettings
from ...record.making.magpie_values import FamilySettings
from .templates import opened

__all__ = ["Chat", "chat_of", "cut_at"]

_ROLE_WORDS = ("assistant", "Assistant")


@dataclass(frozen=True, slots=True)
class Chat:
    """A template as it is sent.

    Args:
        name: of the family, or `server`.
        family: its parts.
        bos: what is written before all; empty where the server adds it.
        sent: stops that go out with an instruction.
        cut: all stops of an instruction; those that were not sent are cut here.
        answer_sent, answer_cut: the same of an answer.
        reminder: the system text of later turns of the user.
    """

    name: str
    family: FamilySettings
    bos: str
    sent: tuple[str, ...]
    cut: tuple[str, ...]
    answer_sent: tuple[str, ...]
    answer_cut: tuple[str, ...]
    reminder: str = ""

    def without_bos(self) -> Chat:
        """The same for a server that puts the BOS in front itself."""
        return replace(self, bos="")

    def before_user(self, system: str, turns: Sequence[tuple[str, str]] = ()) -> str:
        """The text up to where the user speaks next (arXiv 2406.08464, section 2; for later turns its code).

        Args:
            system: the system text; empty for none.
            turns: instructions and their answers so far.
        """
        told = "".join(f"{asked}{self.family.assistant}{answer}{self.family.again}" for asked, answer in turns)
        return f"{self.bos}{opened(self.family, system)}{told}"

    def before_assistant(self, system: str, turns: Sequence[tuple[str, str]], instruction: str) -> str:
        """The text up to where the assistant answers."""
        return f"{self.before_user(system, turns)}{instruction}{self.family.assistant}"


def chat_of(name: str, family: FamilySettings, part: MagpieSettings, reminder: str) -> Chat:
    """The chat of a family with the stops that these settings want; what matters most goes first."""
    more = ("\n",) if part.stop_at_newline else ()
    words = _ROLE_WORDS if part.stop_at_role else ()
    # An end of turn, a line end, then what else the family has: of a short list the first ones do the work.
    wanted = (*family.stops[:1], *more, *family.stops[1:], *words)
    return Chat(
        name, family, family.bos, wanted[: part.stops], wanted, family.stops[: part.stops], family.stops, reminder
    )


def cut_at(text: str, stops: Sequence[str]) -> str:
    """The text before the first of the stops; where it begins with line ends, one among them is looked for after."""
    head = len(text) - len(text.lstrip("\n"))
    places = [text.find(stop, head if stop == "\n" else 0) for stop in stops]
    ends = [place for place in places if place >= 0]
    return text[: min(ends)] if ends else text
