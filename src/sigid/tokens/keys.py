"""The signing keys in this process's memory: what signs now, what verifies, and the JWK set as bytes.

Which key signs is decided by the clock with each signature, so a key's turn begins everywhere at the same moment. The
rows are read anew every few seconds (`keep_fresh`), and at once where a token names a key that is not known here.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any, Final, TypeGuard

import orjson
from cryptography.hazmat.primitives.serialization import load_der_private_key
from sqlalchemy import or_, select

from sigid.kernel import callers, clock, crypto, jws
from sigid.kernel.callers import Origin
from sigid.kernel.database import NOW, Row, look, statement
from sigid.kernel.errors import InvalidToken, SigidError, Unavailable
from sigid.kernel.jws import PrivateKey, PublicKey
from sigid.tokens.tables import SEALED_KEY, signing_key

# A client that keeps the JWK set this long has the next key before its turn: it is published 24 hours ahead.
JWKS_MAX_AGE: Final = 900
SKEW: Final = 60
_HEADER: Final = frozenset({"alg", "typ", "kid"})
_FRESH_SECONDS: Final = 4.0
_REREAD_SECONDS: Final = 1.0

_log = logging.getLogger("sigid.keys")
_k = signing_key.c
_ALIVE = statement(
    "signing_key.alive",
    select(_k.id, _k.alg, _k.number, _k.public_jwk, _k.private_sealed, _k.publish_at, _k.sign_from, _k.verify_until)
    .where(_k.revoked_at.is_(None), or_(_k.verify_until.is_(None), _k.verify_until > NOW))
    .order_by(_k.alg, _k.number),
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that was parsed once. Times are seconds since the epoch."""

    id: str
    alg: str
    private: PrivateKey
    public: PublicKey
    jwk: Mapping[str, Any]
    publish_at: float
    sign_from: float
    verify_until: float
    _headers: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def sign(self, typ: str, claims: Mapping[str, Any]) -> str:
        """A compact JWS of the claims."""
        header = self._headers.get(typ)
        if header is None:
            header = jws.encode(orjson.dumps({"alg": self.alg, "typ": typ, "kid": self.id})) + b"."
            self._headers[typ] = header
        signed = header + jws.encode(orjson.dumps(claims))
        return (signed + b"." + jws.encode(jws.sign(self.alg, self.private, signed))).decode()


class Ring:
    """All keys that were alive when it was read; never changed, only replaced."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        self._by_id = {key.id: key for key in keys}
        self._by_alg: dict[str, list[SigningKey]] = {}
        for key in sorted(keys, key=lambda key: key.sign_from, reverse=True):
            self._by_alg.setdefault(key.alg, []).append(key)
        self._jwks: tuple[float, float, bytes] = (0.0, 0.0, b"")

    def signer(self, alg: str, at: float) -> SigningKey:
        """The key of this algorithm whose turn it is."""
        for key in self._by_alg.get(alg, ()):
            if key.sign_from <= at:
                return key
        raise Unavailable("no_signing_key")

    def verifier(self, kid: str, at: float) -> SigningKey | None:
        """The key with this `kid`, where it is published and its last token not yet dead."""
        key = self._by_id.get(kid)
        return key if key is not None and key.publish_at <= at < key.verify_until else None

    def jwks(self, at: float) -> bytes:
        """The JWK set (RFC 7517 section 5): next, current and retiring keys. Rendered once for each change."""
        since, until, rendered = self._jwks
        if not since <= at < until:
            shown = [key for key in self._by_id.values() if key.publish_at <= at < key.verify_until]
            turns = [turn for key in self._by_id.values() for turn in (key.publish_at, key.verify_until) if turn > at]
            rendered = orjson.dumps({"keys": [dict(key.jwk) for key in shown]})
            self._jwks = (at, min(turns, default=float("inf")), rendered)
        return rendered


_ring: Ring | None = None
_read_at = 0.0


async def load() -> Ring:
    """Read the keys anew; every process does so before its first token."""
    global _ring, _read_at
    async with look(callers.anyone(Origin.process())) as tx:
        rows = await tx.all(_ALIVE)
    _ring, _read_at = Ring([_from_row(row) for row in rows]), monotonic()
    return _ring


def ring() -> Ring:
    """The keys as they were read last."""
    if _ring is None:
        raise Unavailable("keys_not_loaded")
    return _ring


async def keep_fresh() -> None:
    """Read the keys every few seconds, for as long as the process serves."""
    while True:
        await asyncio.sleep(_FRESH_SECONDS)
        try:
            await load()
        except SigidError as error:
            _log.warning("signing keys not read: %s", error)


async def find(kid: str) -> SigningKey | None:
    """The key that a token names. One that is not known here is looked for in the database, once a second at most."""
    key = ring().verifier(kid, clock.timestamp())
    if key is None and monotonic() - _read_at > _REREAD_SECONDS:
        key = (await load()).verifier(kid, clock.timestamp())
    return key


async def verified(text: str, typ: str) -> dict[str, Any]:
    """The claims of a JWS that one of our keys signed, of exactly this `typ`. Raises InvalidToken.

    The algorithm is the key's. Our own tokens have three header members and no other.
    """
    try:
        parsed = jws.parse(text)
        claims = parsed.claims()
    except jws.Malformed as malformed:
        raise InvalidToken(malformed.reason) from None
    if parsed.header.keys() != _HEADER or parsed.header["typ"] != typ:
        raise InvalidToken("token_typ_wrong")
    kid = parsed.header["kid"]
    key = await find(kid) if isinstance(kid, str) else None
    if key is None:
        raise InvalidToken("token_key_unknown")
    if parsed.header["alg"] != key.alg or not jws.verify(key.alg, key.public, parsed.signed, parsed.signature):
        raise InvalidToken("token_signature_wrong")
    return claims


def is_time(value: object) -> TypeGuard[int]:
    """A NumericDate as we write it: a whole number of seconds."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53


def sign(typ: str, claims: Mapping[str, Any], alg: str = "ES256") -> str:
    """A compact JWS of the claims by the key whose turn it is."""
    return ring().signer(alg, clock.timestamp()).sign(typ, claims)


def jwks() -> bytes:
    """The JWK set as it is now."""
    return ring().jwks(clock.timestamp())


def _from_row(row: Row) -> SigningKey:
    private, public = _parsed(row.id, row.private_sealed)
    return SigningKey(
        row.id,
        row.alg,
        private,
        public,
        row.public_jwk,
        row.publish_at.timestamp(),
        row.sign_from.timestamp(),
        _seconds(row.verify_until),
    )


@lru_cache(maxsize=64)
def _parsed(_kid: str, sealed: bytes) -> tuple[PrivateKey, PublicKey]:
    private = load_der_private_key(crypto.vault().unseal(SEALED_KEY, sealed), password=None)
    if not isinstance(private, PrivateKey):
        raise TypeError("not a key that signs here")
    return private, private.public_key()


def _seconds(moment: datetime | None) -> float:
    return float("inf") if moment is None else moment.timestamp()
