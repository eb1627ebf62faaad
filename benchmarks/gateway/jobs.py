"""What a client process is told, and what it tells: plain values that go over its pipes as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Job", "Report", "Who"]

Who = Literal["gateway", "scripted", "wire", "transport", "bare"]
"""Who asks: the gateway; the gateway with a model in its own process, so that nothing is sent; the wire form of chats
without a gateway; the transport alone; a loop of aiohttp, as anybody would write it."""

How = Literal["stream", "workers", "paced", "submit"]
"""How it is asked: by `Gateway.stream`; by so many workers, each of which asks again when it is answered; so many
calls a second, whatever becomes of them; all at once, without waiting for any."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Frozen):
    """What one client does.

    Args:
        base_url: address of the provider.
        folder: of the run; a journal is made in it.
        who, how: see there.
        calls: how many prompts there are; `first` is the number of the first.
        at_once: workers, or calls in flight of what is not the gateway.
        per_second: for `paced`.
        endpoint: settings of the endpoint besides its address.
        prompt_tokens: their size, as a distribution over the prompts.
        max_tokens: bound of each answer.
        enough: leave the stream after so many outcomes.
        seconds: stop after so many.
        rows: file for the answers, in order.
        shares: names of so many agents ask, one after the other.
        profile: measure where the processor's time goes, which makes everything slower.
    """

    base_url: str
    folder: Path
    who: Who = "gateway"
    how: How = "stream"
    calls: int = Field(ge=1)
    first: int = 0
    at_once: int = 200
    per_second: float = 100.0
    endpoint: dict[str, object] = Field(default_factory=dict[str, object])
    prompt_tokens: str = "100"
    max_tokens: int = 256
    enough: int | None = None
    seconds: float | None = None
    rows: Path | None = None
    shares: int = 1
    profile: bool = False


class Report(_Frozen):
    """What came of it. Times are of the monotonic clock, which all processes of a machine share, in seconds.

    Attributes:
        began, ended: when.
        cpu_s: processor time of the process.
        outcomes: by kind: `answer`, or the reason why there was none.
        landed: when each outcome was there.
        asked: for workers and paced calls, when each was asked, in the order of `landed`.
        waits: of the same calls, what they took besides the attempt that succeeded.
        tokens: of the same calls, what they took.
        stopped: the error that ended the session, if one did.
        notices: what the person was told.
        leaving_s: seconds from leaving the stream, or giving up all calls, to the end of the gateway.
        rss_start, rss_most: resident bytes before, and at most.
        rss_waiting, rss_requests: what all waiting calls take, and what their requests take, which are the caller's.
        spent: share of the processor's time by part, where it was profiled.
    """

    began: float
    ended: float
    cpu_s: float
    outcomes: dict[str, int] = Field(default_factory=dict[str, int])
    landed: list[float] = Field(default_factory=list[float])
    asked: list[float] = Field(default_factory=list[float])
    waits: list[float] = Field(default_factory=list[float])
    tokens: list[int] = Field(default_factory=list[int])
    stopped: str = ""
    notices: list[str] = Field(default_factory=list[str])
    leaving_s: float = 0.0
    rss_start: int = 0
    rss_most: int = 0
    rss_waiting: int = 0
    rss_requests: int = 0
    spent: dict[str, float] = Field(default_factory=dict[str, float])

    @property
    def calls(self) -> int:
        """Outcomes of every kind."""
        return sum(self.outcomes.values())

    @property
    def answers(self) -> int:
        """Answers."""
        return self.outcomes.get("answer", 0)
