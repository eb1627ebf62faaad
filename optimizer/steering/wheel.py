"""The running process's side of the wheel: it takes wishes out of the inbox and puts each on record before it acts.

Two ways, because of law 2. What changes only *when* calls go (pause, continue, stop, caps) is taken up between items.
What changes the course (note, pin, ban, edit) is taken up at the named points of the course alone (`at`): its event
names the point, and a replay takes it from the event at the same point. When a point was passed that is on record too,
so that a wish which comes while a resumed run goes over old ground waits for the first point that is new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...agents.gateway.endpoints import Budget
from ...agents.gateway.errors import SessionStopped, StoppedByPerson, UsageError
from ...agents.method import Method
from ...agents.method_file import parse_method
from ..record.changes import asked_changes, in_force, put_on_record
from ..record.events import EventLog
from ..record.pricing import unpriced
from ..record.settings import Settings
from .inbox import Inbox
from .wishes import Wish

__all__ = ["EVENT", "Controls", "Wheel"]

EVENT = "steer"
"""The kind of the event of an intervention."""

_LAPSED = "the session that it was meant for had ended"


class Controls(Protocol):
    """What the wheel does to the calls; the gateway has it."""

    @property
    def paused(self) -> bool:
        """Whether nothing new is sent."""
        ...

    def pause(self) -> None:
        """Send nothing new."""
        ...

    def go_on(self) -> None:
        """Send again."""
        ...

    def stop(self, error: SessionStopped) -> None:
        """Send nothing more; what is out comes in."""
        ...

    def hold_to(self, budget: Budget) -> None:
        """Other caps from now on."""
        ...


class Wheel:
    """The interventions of one run.

    Args:
        settings: in force.
        events: of the run.
        say: takes a line for the person.
        inbox: where wishes come from; None for a replay, which only reads what is on record.
        controls: the calls.
        on_change: gets the settings after the caps have changed.

    Attributes:
        notes: what the analyst must take into account, oldest first.
        pinned: methods that take part in every further race, by id.
        banned: ids of methods that are neither raced nor accepted.
        settings: in force now.
    """

    def __init__(
        self, settings: Settings, events: EventLog, say: Callable[[str], None], inbox: Inbox | None = None,
        controls: Controls | None = None, on_change: Callable[[Settings], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.notes: list[str] = []
        self.pinned: dict[str, Method] = {}
        self.banned: set[str] = set()
        self._entering: list[Method] = []
        self._events, self._say = events, say
        self._inbox, self._controls, self._on_change = inbox, controls, on_change
        past = [event for event in events.past if event["kind"] == EVENT]
        self._known = {str(event["id"]) for event in past}
        self._recorded = [event for event in past if "point" in event and "refused" not in event]
        self._stopping = self._loop = False
        if inbox is not None:
            self._lapse(inbox)

    @property
    def paused(self) -> bool:
        """Whether a person has paused the run."""
        return self._controls is not None and self._controls.paused

    def look(self) -> bool:
        """Take up what is done at once; between any two items.

        Returns:
            Whether there was anything.
        """
        wishes = [wish for wish in self._waiting() if wish.at_once]
        for wish in wishes:
            self._at_once(wish)
        return bool(wishes)

    def at(self, point: str, step: int | None = None, incumbent: Method | None = None) -> None:
        """A named point of the course: take up what is on record for it, or what lies in the inbox.

        Args:
            point: a name that is the same in every replay.
            step: of the loop, from 0; None outside.
            incumbent: the method in force, which cannot be banned.

        Raises:
            StoppedByPerson: the person asked to stop here.
            StorageError: an event cannot be written.
        """
        for event in [event for event in self._recorded if event["point"] == point]:
            self._steer(event)
        self._loop = step is not None
        if self._inbox is None or self._events.decided(f"{point}/passed"):
            return
        self.look()
        if self._stopping and (step is None or point.endswith("/begin")):
            self._stopping = False
            raise _stopped()
        for wish in self._waiting():
            if not wish.at_once and (wish.step is None or step is None or wish.step <= step + 1):
                self._put(wish, self._refusal(wish, step, incumbent), point=point)
        self._events.put(f"{point}/passed", value=True)

    def entering(self) -> list[Method]:
        """The methods that a person wrote, for the race that begins; each enters once."""
        methods, self._entering = self._entering, []
        return methods

    # ------------------------------------------------------------ the inbox

    def _waiting(self) -> list[Wish]:
        """What lies in the inbox and is not on record yet."""
        if self._inbox is None:
            return []
        for name in self._inbox.set_aside():
            self._say(f"{name} in the inbox is no wish; it was set aside.")
        wishes = self._inbox.waiting()
        for wish in wishes:
            if wish.id in self._known:  # a process took it up and died before the file was gone
                self._inbox.done(wish.id)
        return [wish for wish in wishes if wish.id not in self._known]

    def _lapse(self, inbox: Inbox) -> None:
        """To pause or stop a session that has ended says nothing about this one."""
        for wish in self._waiting():
            if wish.at_once and wish.wish != "budget":
                self._write(wish, refused=_LAPSED)
                inbox.done(wish.id)

    def _write(self, wish: Wish, **more: Any) -> None:
        fields = wish.as_fields()
        said = fields.pop("at", None)
        self._events.append(EVENT, **fields, **({"said": said} if said else {}), **more)
        self._known.add(wish.id)

    def _put(self, wish: Wish, refused: str, **more: Any) -> None:
        """A wish on record, with its effect where it is not refused; then out of the inbox."""
        if refused:
            self._write(wish, **more, refused=refused)
            self._say(f"The wish to {wish.wish} is refused: {refused}.")
        else:
            self._write(wish, **more)
            self._steer(wish.as_fields(), aloud=True)
        if self._inbox is not None:
            self._inbox.done(wish.id)

    # ------------------------------------------------------------ at once

    def _at_once(self, wish: Wish) -> None:
        if wish.wish == "budget":
            self._put(wish, self._rebudget(wish))
            return
        self._put(wish, "")
        controls = self._controls
        if controls is None:
            return
        if wish.wish == "continue":
            self._stopping = False
            controls.go_on()
        elif wish.leave or (wish.wish == "stop" and (wish.now or not self._loop)):
            controls.stop(_stopped())
        elif wish.wish == "stop":
            self._stopping = True
            controls.go_on()
        else:
            controls.pause()

    def _rebudget(self, wish: Wish) -> str:
        """Other caps: on record as a changed setting, then in force. What is wrong with them, or nothing."""
        caps = {name: "none" if cap is None else int(cap) if name in {"calls", "tokens"} else cap
                for name, cap in wish.caps.items()}  # fmt: skip
        try:
            changes = asked_changes(self.settings, {"budget": caps})
            settings = in_force(self.settings, changes)
        except UsageError as error:
            return error.problem.rstrip(".")
        missing = unpriced(settings)
        if settings.budget.usd is not None and missing:
            return f"a cap in USD needs the price of {', '.join(missing)}"
        put_on_record(changes, self._events, self._say)
        self.settings = settings
        if self._controls is not None:
            self._controls.hold_to(settings.budget)
        self._on_change(settings)
        return ""

    # ------------------------------------------------------------ the course

    def _refusal(self, wish: Wish, step: int | None, incumbent: Method | None) -> str:
        """Why a wish about the course cannot be met at this point; empty where it can."""
        if step is None:
            return "the search is over, and nothing that is left heeds it"
        if wish.wish == "ban" and incumbent is not None and wish.candidate == incumbent.id:
            return "it is the method in force, which leaves only when another is better"
        if wish.wish in {"pin", "edit"}:
            try:
                parse_method(wish.method, "of the wish")
            except UsageError as error:
                return error.problem.rstrip(".")
        return ""

    def _steer(self, event: Mapping[str, Any], *, aloud: bool = False) -> None:
        """The effect of an intervention that is on record."""
        line = ""
        match event["wish"]:
            case "note":
                self.notes.append(str(event["text"]))
                line = "From the next analysis on the analyst is told the note."
            case "pin":
                method = parse_method(str(event["method"]), "of the wish")
                self.pinned[method.id] = method
                self.banned.discard(method.id)
                line = f"The method {method.id} takes part in every further race."
            case "ban":
                self.banned.add(str(event["candidate"]))
                self.pinned.pop(str(event["candidate"]), None)
                line = f"The method {event['candidate']} is neither raced nor accepted any more."
            case "edit":
                method = parse_method(str(event["method"]), "of the wish")
                self._entering.append(method)
                self.banned.discard(method.id)
                line = f"The method {method.id} of a person enters the next race."
            case "pause":
                line = "Paused by a person: nothing new is sent until they continue."
            case "continue":
                line = "A person let it go on."
            case "stop":
                line = "A person asked it to stop."
            case _:
                pass
        if aloud and line:
            self._say(line)


def _stopped() -> StoppedByPerson:
    return StoppedByPerson("A person asked it to stop.", fix="")
