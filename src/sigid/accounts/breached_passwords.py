"""Passwords that everybody knows: a list that we ship, and, if wished, one that somebody else keeps.

`breached_passwords.bin` holds the first five bytes of the SHA-256 of 300 000 passwords in order; it is mapped into
memory at the first look-up and searched where it lies. A password that is not on the list is taken for one that is with
a chance of 300 000 / 2^40, about one in 3.7 million. Where it comes from: `breached_passwords.md`.
"""

import hashlib
import logging
import mmap
import re
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import Final

from sigid.kernel.errors import Unavailable
from sigid.kernel.http import AddressRefused, FetchFailed, GuardedClient

PREFIX_LENGTH: Final = 5
LIST: Final = Path(__file__).with_name("breached_passwords.bin")
PWNED_PASSWORDS: Final = "https://api.pwnedpasswords.com/range/"

_RANGE_LINE: Final = re.compile(r"([0-9A-F]{35}):(\d{1,12})")
_MAX_RANGE_BYTES: Final = 262_144  # today some 1000 lines of 40 bytes
_log = logging.getLogger("sigid.accounts")


@cache
def _prefixes() -> mmap.mmap:
    with LIST.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def prefix(password: str) -> bytes:
    """What the list holds of a password."""
    return hashlib.sha256(password.encode()).digest()[:PREFIX_LENGTH]


def is_listed(password: str) -> bool:
    """Whether the shipped list has it, as it was typed or in lower case."""
    return any(_has(prefix(spelling)) for spelling in {password, password.lower()})


def _has(wanted: bytes) -> bool:
    data = _prefixes()

    def entry(place: int) -> bytes:
        return data[place * PREFIX_LENGTH : (place + 1) * PREFIX_LENGTH]

    places = range(len(data) // PREFIX_LENGTH)
    place = bisect_left(places, wanted, key=entry)
    return place < len(places) and entry(place) == wanted


class RangeLookup:
    """Asks a service with the interface of Pwned Passwords by k-anonymity: 5 of 40 digits of the SHA-1 leave us.

    The answer is padded, so that its length tells nothing either. With `fail_open` a service that can't be asked
    hinders nobody and is told to the log; else `Unavailable` is raised.
    """

    def __init__(self, client: GuardedClient, url: str = PWNED_PASSWORDS, *, fail_open: bool = True) -> None:
        self._client = client
        self._url = url
        self._fail_open = fail_open

    async def is_breached(self, password: str) -> bool:
        """Whether the service knows the password. Raises Unavailable."""
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            lines = await self._range(digest[:5])
        except (AddressRefused, FetchFailed) as error:
            if not self._fail_open:
                raise Unavailable("breach_lookup_failed", retry_after=10) from error
            _log.warning("a password was not looked up among breached ones: %s", error.reason)
            return False
        return lines.get(digest[5:], 0) > 0  # padding has a count of 0

    async def _range(self, start: str) -> dict[str, int]:
        answer = await self._client.fetch(
            "GET",
            self._url + start,
            headers={"Add-Padding": "true"},
            max_bytes=_MAX_RANGE_BYTES,
            timeout=3,
            accept_types=("text/plain",),
        )
        if answer.status != 200:
            raise FetchFailed("fetch_status")
        found = [_RANGE_LINE.fullmatch(line) for line in answer.body.decode("ascii", "replace").split()]
        if not found or None in found:
            raise FetchFailed("fetch_malformed")
        return {match[1]: int(match[2]) for match in found if match is not None}
