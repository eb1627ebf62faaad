"""What can be said about several selectors over the same rows."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, model_validator

from ....agents.messages import RoleName
from ..making.part import Expected
from .alone import ALONE, Alone
from .selector import SelectorSettings

__all__ = ["PanelSettings"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")  # it names a folder, and stands in dotted paths, as no number may
Member = Annotated[Alone, Field(discriminator="recipe")]


class PanelSettings(SelectorSettings):
    """Several selectors over the same rows: what they share, and the rows that enough of them chose.

    Args:
        members: the selectors by name, each with what its own [[make]] table would say: members = {diverse = {}, far =
            {recipe = "diverse", start = 100}}. One that says no `recipe` is the selector of its name.
        count: rows that each member keeps, where it keeps a number and says no `count` or `share` of its own; what its
            preset says gives way.
        votes: rows stay that so many members chose, at least: 1 is the union of what they chose.
        most: of these so many, at most: those with the most votes, then the best rank with any member, then by id.
    """

    recipe: Literal["panel"] = "panel"
    members: dict[str, Member] = Field(default_factory=dict[str, Alone])
    count: int | None = Field(default=None, ge=1)
    votes: int = Field(default=1, ge=1)
    most: int | None = Field(default=None, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _members_in_full(cls, said: Any) -> Any:
        """Each member with its selector, and with the count of the panel where it says neither count nor share."""
        given: Any = said
        members = cast("Mapping[str, Any]", said).get("members") if isinstance(said, Mapping) else None
        if not isinstance(members, Mapping):
            return given
        named = cast("Mapping[str, Any]", members)
        _refuse_one_folder(named)
        return {**given, "members": {name: _member(name, each, given.get("count")) for name, each in named.items()}}

    @model_validator(mode="after")
    def _can_vote(self) -> Self:
        if not self.members:
            raise ValueError(
                "a panel needs `members`: members = {diverse = {}, facility = {}} in a settings file, "
                "`autoevol curate diverse,facility ROWS` on the command line"
            )
        if self.votes > len(self.members):
            raise ValueError(f"`votes` is {self.votes}, and there are {len(self.members)} members")
        guarded = next((name for name, member in self.members.items() if member.guard != "off"), None)
        if guarded is not None:
            raise ValueError(f"the member {guarded} has a guard of its own: say `guard` of the panel")
        return self

    def roles(self) -> tuple[RoleName, ...]:
        """Those of its members."""
        return tuple(dict.fromkeys(role for member in self.members.values() for role in member.roles()))

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """What its members may take; vectors of the same texts are asked for once."""
        every = [(member, each) for member in self.members.values() for each in member.expected(rows, tokens)]
        texts = dict.fromkeys((getattr(member, "of", ""), each) for member, each in every if each.role == "embedder")
        yield from (each for _, each in texts)
        yield from (each for _, each in every if each.role != "embedder")

    def paths(self) -> tuple[str, ...]:
        """Those of its members."""
        return tuple(dict.fromkeys(path for member in self.members.values() for path in member.paths()))

    def makes(self, rows: int) -> int:
        """What its members leave, if they share no more than they must."""
        found = min(rows, sum(member.makes(rows) for member in self.members.values()) // self.votes)
        return found if self.most is None else min(found, self.most)


def _refuse_one_folder(names: Iterable[str]) -> None:
    """Names that are one where capital letters do not count.

    Raises:
        ValueError: two are.
    """
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(str(name).casefold(), name)
        if other != name:
            raise ValueError(f"the members {other} and {name} would share a folder where capital letters do not count")


def _member(name: str, said: Any, count: object) -> Any:
    """A member as its own settings have it; what is none is left to their own refusal.

    Raises:
        ValueError: its name, or that of its selector, cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be the name of a member: a letter (A to Z) comes first, then at most 63 letters, digits, "
            "- and _"
        )
    if name.casefold() == "panel":
        raise ValueError(f"a member cannot be called {name}, as the panel itself is")
    if isinstance(said, SelectorSettings):
        said = said.model_dump()
    if not isinstance(said, Mapping):
        raise ValueError(f"the member {name} must be a table, as in members = {{{name} = {{}}}}")
    member: dict[str, Any] = {"recipe": name, **cast("Mapping[str, Any]", said)}
    selector = str(member["recipe"])
    if selector == "panel":
        raise ValueError(f"the member {name} is a panel: a panel has none within")
    if selector not in ALONE:
        near = difflib.get_close_matches(selector, ALONE, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"the member {name} names the selector '{selector}', which there is not{hint}")
    if count is not None and "share" not in member and "count" in ALONE[selector].model_fields:
        member.setdefault("count", count)
    return member
