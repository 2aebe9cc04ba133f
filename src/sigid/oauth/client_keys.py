"""The keys that clients sign with: registered ones, and those at a `jwks_uri`, fetched by the guarded client and kept.

A key set that was fetched is kept for some minutes; a `kid` that is not in it, or a signature that none of its keys
made, has it fetched once more, but not again within seconds: nobody makes us knock on a door for each request.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sigid.applications import Application, ClientKey, InvalidKeySet, KeySet, key_sets
from sigid.kernel import clock, jws
from sigid.kernel.database import assert_outside
from sigid.kernel.http import AddressRefused, FetchFailed, GuardedClient
from sigid.kernel.jws import Jws

KEPT_SECONDS: Final = 300
AGAIN_AFTER_SECONDS: Final = 10
_MOST: Final = 2_000
_NONE: Final = KeySet(())


class Fetcher(Protocol):
    """The part of the guarded client that is needed here."""

    def fetch_json(self, url: str, max_bytes: int) -> Awaitable[Any]: ...


@dataclass(slots=True)
class _Fetched:
    keys: KeySet
    at: float


class ClientKeys:
    """One process's memory of clients' keys."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._registered: OrderedDict[tuple[str, int], KeySet] = OrderedDict()
        self._fetched: OrderedDict[str, _Fetched] = OrderedDict()
        self._turns: dict[str, asyncio.Lock] = {}

    async def verify(self, application: Application, signed: Jws) -> bool:
        """One of the application's keys made this signature, by an algorithm of that key's own."""
        if application.jwks_uri is None:
            return _made_by(self._own(application), application, signed)
        keys = await self._at(application.jwks_uri, KEPT_SECONDS)
        if _made_by(keys, application, signed):
            return True
        anew = await self._at(application.jwks_uri, AGAIN_AFTER_SECONDS)
        return anew is not keys and _made_by(anew, application, signed)

    def _own(self, application: Application) -> KeySet:
        key = (application.id, application.version)
        known = self._registered.get(key)
        if known is None:
            try:
                known = key_sets.parse(application.jwks)
            except InvalidKeySet:
                known = _NONE
            self._registered[key] = known
            if len(self._registered) > _MOST:
                self._registered.popitem(last=False)
        return known

    async def _at(self, uri: str, longest: float) -> KeySet:
        """The key set at an address, at most `longest` seconds old. Whoever comes while it is fetched waits for it."""
        known = self._fetched.get(uri)
        if known is not None and clock.timestamp() - known.at < longest:
            return known.keys
        assert_outside("fetching keys")
        lock = self._turns.setdefault(uri, asyncio.Lock())
        try:
            async with lock:
                known = self._fetched.get(uri)
                if known is None or clock.timestamp() - known.at >= longest:
                    known = self._fetched[uri] = _Fetched(await self._fetch(uri), clock.timestamp())
                    if len(self._fetched) > _MOST:
                        self._fetched.popitem(last=False)
                return known.keys
        finally:
            if not lock.locked():
                self._turns.pop(uri, None)

    async def _fetch(self, uri: str) -> KeySet:
        """What is there now; nothing where it cannot be had, and that is remembered for a while too."""
        try:
            return key_sets.parse(await self._fetcher.fetch_json(uri, max_bytes=key_sets.LARGEST))
        except (AddressRefused, FetchFailed, InvalidKeySet):
            return _NONE


def _made_by(keys: KeySet, application: Application, signed: Jws) -> bool:
    alg, kid = signed.header["alg"], signed.header.get("kid")
    if application.token_endpoint_auth_signing_alg not in (None, alg) or not isinstance(kid, str | None):
        return False
    candidates: list[ClientKey] = keys.candidates(kid, alg)
    return any(jws.verify(alg, candidate.key, signed.signed, signed.signature) for candidate in candidates)


_keys: ClientKeys | None = None


def install(fetcher: Fetcher) -> None:
    """Let this process fetch key sets by `fetcher`."""
    global _keys
    _keys = ClientKeys(fetcher)


def client_keys() -> ClientKeys:
    """This process's memory of clients' keys."""
    global _keys
    if _keys is None:
        _keys = ClientKeys(GuardedClient())
    return _keys
