"""How the endpoints of the settings become lanes: accounts with their limits, and what reaches each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from pathlib import Path

from .accounts import Account
from .clock import Clock
from .endpoints import Endpoint
from .engine.local_engine import engine
from .engine.packaged_embedder import PackagedEmbedder
from .engine.scorer import LocalScorer
from .keys import Key, find_key
from .pacing.leases import SharedAccount, account_id, accounts_folder
from .simulated.scripted import ScriptedModel, read_script
from .wire.callers import make_caller
from .wire.chat import Caller
from .wire.quirks import Quirks
from .wire.transport import HttpTransport

__all__ = ["accounts_of", "connect", "in_flight_at_most"]

_SLOTS = 4


def in_flight_at_most(endpoint: Endpoint) -> int | None:
    """Calls in flight at once: as said; else the slots of an engine, 1 for a script (its lines have an order). None is
    unbounded: they follow from the rate and from how long a call takes.
    """
    if endpoint.concurrency is not None:
        return endpoint.concurrency
    if endpoint.script is not None:
        return 1
    if endpoint.packaged is not None:
        return 1  # a batch keeps all cores busy
    return _SLOTS if endpoint.local is not None else None


def accounts_of(name: str, endpoint: Endpoint, clock: Clock, notice: Callable[[str], None]) -> list[Account]:
    """One account for the endpoint itself and one for each replica."""
    each = [endpoint]
    for replica in endpoint.replicas:
        own = {field: value for field, value in replica if value is not None}
        if "key_env" in own or "key_file" in own:
            own = {"key_env": None, "key_file": None, **own}
        each.append(endpoint.model_copy(update=own))
    names = [name] if len(each) == 1 else [f"{name}/{number}" for number in range(1, len(each) + 1)]
    return [
        Account(called, settings, in_flight_at_most(settings), clock, notice)
        for called, settings in zip(names, each, strict=True)
    ]


async def connect(account: Account, used: Iterable[str], quirks: Quirks, stack: AsyncExitStack) -> Caller:
    """Make ready what an account needs; the stack closes it.

    Args:
        account: an account; it is shown the replies.
        used: marks of the calls that the endpoint answered in earlier sessions.
        quirks: what its models are known to refuse, the same for all its accounts.
        stack: takes what must be closed.

    Raises:
        UsageError: no key, no address, no script.
        ModelFileError: an embedded model cannot be had.
    """
    name, endpoint = account.name, account.endpoint
    scorer = embedder = None
    if endpoint.script is not None:
        return ScriptedModel(read_script(Path(endpoint.script)), used=used, name=endpoint.script)
    if endpoint.packaged is not None:
        return PackagedEmbedder(endpoint.packaged)
    if endpoint.local is not None:
        running = await stack.enter_async_context(engine(endpoint.local, in_flight_at_most(endpoint) or _SLOTS))
        key = Key(running.key) if running.key else None
        address, shown = running.base_url, f"local {running.model}"
        # Both start nothing before the first text.
        scorer = LocalScorer(endpoint.local, running.context)
        stack.push_async_callback(scorer.aclose)
        embedder = LocalScorer(endpoint.local, running.context, "vectors")
        stack.push_async_callback(embedder.aclose)
    else:
        key, address, shown = find_key(name, endpoint), endpoint.base_url or "", ""
        if endpoint.share_limits:
            shared = SharedAccount(accounts_folder(), account_id(address, key), account.notice)
            stack.callback(shared.close)
            account.share(shared)
    transport = HttpTransport(name, endpoint, address, key)
    stack.push_async_callback(transport.aclose)
    caller = make_caller(name, endpoint, transport, account.on_reply, shown, quirks, scorer)
    caller.embedder = embedder
    return caller
