"""Throttles: tries counted in fixed windows in the database, so that they survive a restart and hold on every process.

A try is counted before it is judged, in the one statement that also says whether it is let through, so that a burst
gets no more tries than a queue; what was right is forgiven afterwards. After its free tries a counter holds the next
one back, longer each time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from sqlalchemy import BigInteger, Column, case, delete, or_, select, update

from sigid.kernel import callers
from sigid.kernel.callers import Caller
from sigid.kernel.database import NOW, Time, Use, directory_table, look, param, statement, upsert, use
from sigid.kernel.errors import Throttled

throttle = directory_table(
    "throttle",
    Column("window_start", Time, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("open_at", Time, nullable=False),
    Column("lapses_at", Time, nullable=False),
)

WINDOW: Final = timedelta(minutes=15)
_HOLDS: Final = tuple(timedelta(seconds=n) for n in (30, 60, 120, 300, 900))

_t = throttle.c
_LAPSED = _t.lapses_at <= NOW
_NEXT = case((_LAPSED, 1), else_=_t.failures + 1)
_FREE = param("free", _t.failures)
# Open means open well before now: a unit that began a moment earlier on another process must not find it shut.
_OPEN = param("open", _t.open_at)
_LONG_AGO: Final = timedelta(hours=1)
_COUNT = upsert(
    "throttle.count",
    lambda insert: (
        insert(throttle)
        .values(
            key=param("key", _t.key),
            window_start=NOW,
            failures=1,
            open_at=_OPEN,
            lapses_at=param("lapses_at", _t.lapses_at),
        )
        .on_conflict_do_update(
            index_elements=[_t.key],
            set_={
                "failures": _NEXT,
                "window_start": case((_LAPSED, NOW), else_=_t.window_start),
                "lapses_at": case(
                    (_LAPSED, param("lapses_at", _t.lapses_at)),
                    (_NEXT >= _FREE, param("lapses_at", _t.lapses_at)),
                    else_=_t.lapses_at,
                ),
                "open_at": case(
                    (_NEXT < _FREE, _OPEN),
                    *((_FREE + n == _NEXT, param(f"hold_{n}", _t.open_at)) for n in range(len(_HOLDS) - 1)),
                    else_=param(f"hold_{len(_HOLDS) - 1}", _t.open_at),
                ),
            },
            where=or_(_t.open_at <= NOW, _LAPSED),
        )
        .returning(_t.failures)
    ),
)
_OPEN_AT = statement("throttle.open_at", select(_t.open_at).where(_t.key == param("key", _t.key)))
_FORGIVE = statement(
    "throttle.forgive",
    update(throttle)
    .where(_t.key == param("key", _t.key), _t.failures > 0)
    .values(failures=_t.failures - 1, open_at=_OPEN),
)
_CLEAR = statement("throttle.clear", delete(throttle).where(_t.key == param("key", _t.key)))
_PURGE = statement("throttle.purge", delete(throttle).where(_t.lapses_at <= NOW, _t.open_at <= NOW))

_on = True


def switch(*, on: bool) -> None:
    """`SIGID_RATE_LIMITS`."""
    global _on
    _on = on


@dataclass(frozen=True, slots=True)
class Counter:
    """What is counted, by a key that says nothing, and how many tries are free in a window."""

    key: bytes
    free: int

    @classmethod
    def of(cls, free: int, *parts: str) -> "Counter":
        return cls(sha256("\0".join(parts).encode()).digest(), free)


@dataclass(slots=True)
class _Queue:
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    length: int = 0


_queues: dict[bytes, _Queue] = {}


def network(address: str | None) -> str:
    """The network that a client's address stands for: /24, or /64 of IPv6."""
    if address is None:
        return "none"
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:  # a socket of both families names IPv4 so
        parsed = parsed.ipv4_mapped
    return str(ip_network((parsed.packed, 24 if parsed.version == 4 else 64), strict=False))


async def count(caller: Caller, counters: Iterable[Counter]) -> bool:
    """Count a try with each counter; True where one of them now holds the next try back.

    Raises Throttled, and counts nothing, where one holds this try back.
    """
    if not _on:
        return False
    everybody = callers.anyone(caller.origin)
    held: Counter | None = None
    holds_next = False
    try:
        async with use(everybody) as tx:
            for counter in sorted(counters, key=lambda item: item.key):
                holds = {f"hold_{n}": tx.now + hold for n, hold in enumerate(_HOLDS)}
                counted = await tx.one(
                    _COUNT,
                    key=counter.key,
                    free=counter.free,
                    open=tx.now - _LONG_AGO,
                    lapses_at=tx.now + WINDOW,
                    **holds,
                )
                if counted is None:
                    held = counter
                    raise Throttled("too_many_tries", 1)  # noqa: TRY301  (so that the unit undoes what it counted)
                holds_next = holds_next or counted.failures >= counter.free
    except Throttled:
        assert held is not None  # noqa: S101  (set where it was raised)
        raise Throttled("too_many_tries", await _seconds_left(everybody, held)) from None
    return holds_next


async def forgive(caller: Caller, counters: Iterable[Counter]) -> None:
    """The try was right: it does not count."""
    if _on:
        async with use(callers.anyone(caller.origin)) as tx:
            await forgive_in(tx, counters)


async def forgive_in(tx: Use, counters: Iterable[Counter]) -> None:
    """The same, in the unit of what the right try led to."""
    if _on:
        for counter in sorted(counters, key=lambda item: item.key):
            await tx.run(_FORGIVE, key=counter.key, open=tx.now - _LONG_AGO)


async def clear_in(tx: Use, counter: Counter) -> None:
    """The person proved who they are: nothing that was counted before counts."""
    if _on:
        await tx.run(_CLEAR, key=counter.key)


@asynccontextmanager
async def turn(counter: Counter) -> AsyncIterator[None]:
    """Two tries of one counter at a time, on this process.

    Since a try is counted before it is judged, right ones that come all at once would else hold each other back.
    """
    queue = _queues.setdefault(counter.key, _Queue())
    queue.length += 1
    try:
        async with queue.places:
            yield
    finally:
        queue.length -= 1
        if queue.length == 0:
            del _queues[counter.key]


async def _seconds_left(caller: Caller, counter: Counter) -> int:
    async with look(caller) as tx:
        row = await tx.one(_OPEN_AT, key=counter.key)
        opens: datetime = row.open_at if row is not None else tx.now
        return max(1, int((opens - tx.now).total_seconds()) + 1)


async def purge() -> int:
    """Forget counters whose window is over; the worker's part."""
    async with use(callers.across(callers.SYSTEM)) as tx:
        return await tx.run(_PURGE)


async def refuse_held(caller: Caller, counter: Counter) -> None:
    """Count nothing, only ask. Raises Throttled where the counter holds tries back now."""
    if not _on:
        return
    async with look(callers.anyone(caller.origin)) as tx:
        row = await tx.one(_OPEN_AT, key=counter.key)
        if row is not None and row.open_at > tx.now:
            raise Throttled("too_many_tries", max(1, int((row.open_at - tx.now).total_seconds()) + 1))
