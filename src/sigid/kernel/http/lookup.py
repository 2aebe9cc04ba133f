"""The system's name resolution, so that a slow name server of a stranger holds up nobody else.

`getaddrinfo` cannot be cancelled. Each look-up has a thread of its own that dies with the process: it takes no place in
the event loop's executor, which the rest of the product uses, and no shutdown waits for it.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from sigid.kernel.http.failures import FetchFailed

Lookup = Callable[[str], Awaitable[Sequence[str]]]

_AT_ONCE: Final = threading.BoundedSemaphore(128)


async def system_lookup(host: str) -> Sequence[str]:
    """All addresses of a name, as text. Raises FetchFailed."""
    if not _AT_ONCE.acquire(blocking=False):
        raise FetchFailed("fetch_busy")
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Sequence[str]] = loop.create_future()

    def settle(addresses: Sequence[str]) -> None:
        if not answer.done():
            answer.set_result(addresses)

    def look() -> None:
        try:
            addresses = _addresses(host)
        finally:
            _AT_ONCE.release()
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(settle, addresses)

    try:
        threading.Thread(target=look, name="lookup", daemon=True).start()
    except RuntimeError:
        _AT_ONCE.release()
        raise FetchFailed("fetch_busy") from None
    addresses = await answer
    if not addresses:
        raise FetchFailed("fetch_name_unknown")
    return addresses


def _addresses(host: str) -> Sequence[str]:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(row[4][0]) for row in rows))
