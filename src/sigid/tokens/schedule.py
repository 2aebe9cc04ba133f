"""Signing keys on a schedule: one signs, the next is published long before its turn, the last verifies until its last
token is dead. Also promoted and revoked by hand.

Each key of an algorithm has a number, and the database lets a number be taken once: however many processes find that a
key is missing, one is made. A key is made outside the unit of work that stores it, since RSA takes its time.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from sqlalchemy import insert, or_, select, update

from sigid import tenants
from sigid.kernel import callers, clock, crypto, ids, jws
from sigid.kernel.callers import SYSTEM, Actor, Caller, Origin
from sigid.kernel.database import NOW, Conflict, Row, Use, change, look, param, statement, use
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.jws import PrivateKey
from sigid.tokens.tables import SEALED_KEY, signing_key

ALGORITHMS: Final = ("ES256", "RS256", "EdDSA", "PS256")
PUBLISHED_BEFORE: Final = timedelta(hours=24)
SIGNS_FOR: Final = timedelta(days=90)
# The longest access or ID token lives an hour; another process may sign with the old key for a few seconds more.
VERIFIES_AFTER: Final = timedelta(hours=2)
_SAME_ROTATION: Final = timedelta(seconds=10)
_RSA_BITS: Final = 2048

_k = signing_key.c
_ADD = statement(
    "signing_key.add", insert(signing_key).values({column.name: param(column.name, column) for column in _k})
)
_ALL = statement(
    "signing_key.schedule",
    select(_k.id, _k.alg, _k.number, _k.publish_at, _k.sign_from, _k.sign_until, _k.verify_until, _k.revoked_at)
    .order_by(_k.alg, _k.number),
)  # fmt: skip
_EVERY_PUBLIC = statement(
    "signing_key.every_public", select(_k.public_jwk).where(_k.revoked_at.is_(None)).order_by(_k.alg, _k.number)
)
_RETIRE = statement(
    "signing_key.retire",
    update(signing_key)
    .where(
        _k.alg == param("alg", _k.alg),
        _k.number < param("number", _k.number),
        or_(_k.sign_until.is_(None), _k.sign_until > param("sign_until", _k.sign_until)),
    )
    .values(sign_until=param("sign_until", _k.sign_until), verify_until=param("verify_until", _k.verify_until)),
)
_PROMOTE = statement(
    "signing_key.promote",
    update(signing_key)
    .where(_k.id == param("id", _k.id), _k.sign_from == param("planned", _k.sign_from), _k.revoked_at.is_(None))
    .values(sign_from=NOW),
)
_REVOKE = statement(
    "signing_key.revoke",
    update(signing_key).where(_k.id == param("id", _k.id), _k.revoked_at.is_(None)).values(revoked_at=NOW),
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A key that is to be made."""

    alg: str
    number: int
    sign_from: datetime


def plan(alg: str, keys: Sequence[Row], now: datetime) -> list[Planned]:
    """What is missing of an algorithm: one that signs, and one after it. `keys` are its rows in order."""
    alive = [key for key in keys if key.revoked_at is None]
    last = keys[-1].number if keys else 0
    planned = []
    if not alive:
        planned.append(Planned(alg, last + 1, now))
        turn = now
    elif alive[-1].sign_from <= now:
        turn = alive[-1].sign_from
    else:
        return []
    planned.append(Planned(alg, last + 1 + len(planned), max(turn + SIGNS_FOR, now + PUBLISHED_BEFORE)))
    return planned


async def keep_scheduled() -> list[str]:
    """Make what is missing; part of `migrate` and of the worker's rounds. The ids of the keys that were made."""
    made = []
    rows = await every()
    for alg in ALGORITHMS:
        of_alg = [row for row in rows if row.alg == alg]
        for planned in plan(alg, of_alg, clock.now()):
            identifier = await _make(planned)
            if identifier is None:
                break  # another process is making them
            made.append(identifier)
    return made


async def every() -> list[Row]:
    """The schedule of all keys, revoked ones too, by algorithm and number."""
    async with look(_installation(SYSTEM)) as tx:
        return await tx.all(_ALL)


async def every_public() -> list[dict[str, Any]]:
    """The public halves of all keys that were not revoked, retired ones too: what signed an old checkpoint is there."""
    async with look(_installation(SYSTEM)) as tx:
        return [dict(row.public_jwk) for row in await tx.all(_EVERY_PUBLIC)]


async def rotate(actor: Actor = SYSTEM, algorithms: Iterable[str] = ALGORITHMS) -> list[str]:
    """Let the next key of each algorithm sign at once; the ids of those that now do.

    Two that rotate at the same moment do it once.
    """
    await keep_scheduled()
    promoted = []
    for alg in algorithms:
        rows = [row for row in await every() if row.alg == alg and row.revoked_at is None]
        now = clock.now()
        signing = [row for row in rows if row.sign_from <= now][-1]
        following = next((row for row in rows if row.sign_from > now), None)
        just_now = signing.number > 1 and signing.sign_from > now - _SAME_ROTATION
        if following is not None and not just_now and await _promote(following, actor):
            promoted.append(following.id)
    await keep_scheduled()
    return promoted


async def revoke(key_id: str, actor: Actor = SYSTEM, reason: str | None = None) -> None:
    """Withdraw a key in an emergency: its tokens are dead, the next one signs. Raises Refused for an unknown one."""
    async with change(_installation(actor)) as tx:
        if await tx.run(_REVOKE, id=key_id) == 0:
            raise Refused("not_found", "signing_key_unknown", status=404)
        tx.record(Event("key.revoked", "key", key_id, reason=reason))
    rows = await every()
    alg = next(row.alg for row in rows if row.id == key_id)
    alive = [row for row in rows if row.alg == alg and row.revoked_at is None]
    if alive and all(row.sign_from > clock.now() for row in alive):
        await _promote(alive[0], actor)
    await keep_scheduled()


async def _promote(key: Row, actor: Actor) -> bool:
    async with use(_installation(actor)) as tx:  # no change, where another process did it first
        if await tx.run(_PROMOTE, id=key.id, planned=key.sign_from) == 0:
            return False
        await _retire_before(tx, key.alg, key.number, tx.now)
        tx.record(Event("key.promoted", "key", key.id, changes={"alg": key.alg}))
        return True


async def _make(planned: Planned) -> str | None:
    identifier = ids.new_id("key")
    private = await asyncio.to_thread(_generate, planned.alg)
    public = public_jwk(planned.alg, identifier, private)
    sealed = crypto.vault().seal(SEALED_KEY, _serialised(private))
    try:
        async with change(_installation(SYSTEM)) as tx:
            await tx.run(
                _ADD,
                id=identifier,
                alg=planned.alg,
                number=planned.number,
                public_jwk=public,
                private_sealed=sealed,
                created_at=tx.now,
                publish_at=tx.now,
                sign_from=planned.sign_from,
                sign_until=None,
                verify_until=None,
                revoked_at=None,
            )
            await _retire_before(tx, planned.alg, planned.number, planned.sign_from)
            changes = {"alg": planned.alg, "sign_from": planned.sign_from.isoformat()}
            tx.record(Event("key.created", "key", identifier, changes=changes))
    except Conflict:
        return None
    return identifier


async def _retire_before(tx: Use, alg: str, number: int, moment: datetime) -> None:
    """Once it is known when a key's turn begins, it is known when those before it end."""
    await tx.run(_RETIRE, alg=alg, number=number, sign_until=moment, verify_until=moment + VERIFIES_AFTER)


def _installation(actor: Actor) -> Caller:
    return callers.in_tenant(tenants.INSTALLATION, actor, Origin.process())


def _generate(alg: str) -> PrivateKey:
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, _RSA_BITS)


def _serialised(private: PrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_jwk(alg: str, kid: str, private: PrivateKey) -> dict[str, Any]:
    """The public half, as the JWK set shows it (RFC 7517, RFC 7518 section 6, RFC 8037 section 2)."""
    common = {"kid": kid, "alg": alg, "use": "sig"}
    if isinstance(private, ec.EllipticCurvePrivateKey):
        point = private.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32), **common}
    if isinstance(private, ed25519.Ed25519PrivateKey):
        x = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": jws.encode(x).decode(), **common}
    numbers = private.public_key().public_numbers()
    n, e = _number(numbers.n, _RSA_BITS // 8), _number(numbers.e, 3)
    return {"kty": "RSA", "n": n, "e": e, **common}


def _number(value: int, length: int) -> str:
    return jws.encode(value.to_bytes(length, "big")).decode()
