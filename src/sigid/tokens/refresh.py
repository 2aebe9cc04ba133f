"""Refresh tokens: each is used once and answered by its successor (OAuth 2.1 section 4.3.1, RFC 9700 section 4.14.2).

Two tabs, or a lost answer, must never sign anyone out: for a short window a spent token is answered again with the same
successor, while nobody has used that. The successor is kept for this under a key that only the spent token itself
gives (HKDF-SHA-256), so the database alone cannot tell it. After the window a spent token is a stolen one: the family
ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, exists, select, update

from sigid.kernel import crypto
from sigid.kernel.database import NOW, Look, Row, Use, append, param, statement
from sigid.kernel.errors import InvalidGrant
from sigid.kernel.events import Event
from sigid.kernel.secrets import Handle
from sigid.tokens import grants, liveness
from sigid.tokens.grants import Grant, GrantStanding
from sigid.tokens.tables import grant, refresh_token

PREFIX: Final = "sigid_rt"
_SUCCESSOR: Final = b"sigid refresh successor"

_t, _g = refresh_token.c, grant.c
_THIS = (_t.tenant_id == param("tenant_id", _t.tenant_id), _t.digest == param("digest", _t.digest))
_APPEND = append(refresh_token)
_FIND = statement(
    "refresh_token.find",
    select(
        _t.number, _t.expires_at, _t.spent_at, _t.successor_digest, _t.successor_sealed, *grants.COLUMNS,
        *liveness.COLUMNS,
    )
    .select_from(
        liveness.joined(
            refresh_token.join(grant, and_(_g.tenant_id == _t.tenant_id, _g.id == _t.grant_id)),
            refresh_token,
            application_id=_g.application_id,
            user_id=_g.tenant_user_id,
            sid=_g.sid,
        )
    )
    .where(*_THIS),
)  # fmt: skip
_SPEND = statement(
    "refresh_token.spend",
    update(refresh_token)
    .where(
        *_THIS,
        _t.spent_at.is_(None),
        _t.expires_at > NOW,
        exists().where(_g.tenant_id == _t.tenant_id, _g.id == _t.grant_id, _g.ended_at.is_(None), _g.expires_at > NOW),
    )
    .values(
        spent_at=NOW,
        successor_digest=param("successor_digest", _t.successor_digest),
        successor_sealed=param("successor_sealed", _t.successor_sealed),
    ),
)
_AS_SPENT = statement(
    "refresh_token.as_spent",
    select(_t.spent_at, _t.successor_digest, _t.successor_sealed).where(*_THIS),
)
_UNUSED = statement(
    "refresh_token.unused", select(_t.expires_at).where(*_THIS, _t.spent_at.is_(None), _t.expires_at > NOW)
)


@dataclass(frozen=True, slots=True)
class Found:
    """A refresh token, and the grant that it belongs to."""

    handle: Handle
    number: int
    expires_at: datetime
    spent_at: datetime | None
    standing: GrantStanding

    @property
    def grant(self) -> Grant:
        """What was authorized."""
        return self.standing.grant

    def dead_because(self, now: datetime) -> str | None:
        """Why it opens nothing now (a private reason); None while it does."""
        if self.spent_at is not None:
            return "refresh_token_spent"
        return "refresh_token_expired" if self.expires_at <= now else self.standing.dead_because


@dataclass(frozen=True, slots=True)
class Rotated:
    """The token to hand out, and the grant that it renews. `sid`: the session of its next tokens, if that goes on."""

    successor: Handle
    grant: Grant
    sid: str | None


def begin(tx: Use, made: Grant, idle: timedelta) -> Handle:
    """The first refresh token of a grant that is offline. The row is written as the unit ends."""
    return _add(tx, Handle.generate(PREFIX, tx.tenant_id), made, number=1, idle=idle)


async def find(tx: Look, text: str | None) -> Found | None:
    """The token that the text is, spent or not; None for another kind of text, another tenant's, or an unknown one."""
    handle = Handle.parse(PREFIX, text or "")
    if handle is None or handle.owner("ten") != tx.tenant_id:
        return None
    row = await tx.one(_FIND, digest=handle.digest)
    if row is None:
        return None
    return Found(handle, row.number, row.expires_at, row.spent_at, grants.standing_of(row, tx.now))


async def rotate(
    tx: Use, token: Found | None, *, application_id: str, window: timedelta, idle: timedelta
) -> Rotated | InvalidGrant:
    """Use a token up and answer with its successor.

    Raises InvalidGrant where nothing is to be remembered of the refusal. Where a stolen token ended its family that is
    returned, and holds only if the unit is left without an error.
    """
    if token is None:
        raise InvalidGrant("refresh_token_unknown")
    if token.grant.application_id != application_id:  # RFC 6749 section 6: bound to the client; its family lives on
        raise InvalidGrant("refresh_token_not_for_this_client")
    if token.standing.dead_because is not None:
        raise InvalidGrant(token.standing.dead_because)
    if token.spent_at is None:
        if token.expires_at <= tx.now:
            raise InvalidGrant("refresh_token_expired")
        successor = Handle.generate(PREFIX, tx.tenant_id)
        if await _spend(tx, token, successor):
            _add(tx, successor, token.grant, number=token.number + 1, idle=idle)
            return Rotated(successor, token.grant, token.standing.sid)
    return await _again(tx, token, window)


async def _spend(tx: Use, token: Found, successor: Handle) -> bool:
    """True for exactly one caller, however many try at once."""
    sealed = crypto.encrypt(_key(token.handle), successor.reveal().encode(), token.handle.digest)
    spent = await tx.run(_SPEND, digest=token.handle.digest, successor_digest=successor.digest, successor_sealed=sealed)
    return spent == 1


async def _again(tx: Use, token: Found, window: timedelta) -> Rotated | InvalidGrant:
    """A token that was spent: by the same client a moment ago, or by a thief."""
    row = await tx.one(_AS_SPENT, digest=token.handle.digest)
    if row is None or row.spent_at is None:  # not spent, and yet not to be had: its grant ended meanwhile
        raise InvalidGrant("grant_ended")
    if tx.now - row.spent_at > window:
        await grants.end(tx, token.grant.id, because="refresh_token_reused")
        told = {"application_id": token.grant.application_id}
        reuse = "auth.refresh_token.reuse_detected"
        tx.record(Event(reuse, "grant", token.grant.id, data=told, reason="refresh_token_reused", outcome="denied"))
        return InvalidGrant("refresh_token_reused")
    if await tx.one(_UNUSED, digest=row.successor_digest) is None:
        raise InvalidGrant("refresh_token_successor_used")
    return Rotated(_successor(token.handle, row), token.grant, token.standing.sid)


def _add(tx: Use, handle: Handle, made: Grant, *, number: int, idle: timedelta) -> Handle:
    tx.append(
        _APPEND,
        digest=handle.digest,
        grant_id=made.id,
        number=number,
        created_at=tx.now,
        expires_at=min(tx.now + idle, made.expires_at),
        spent_at=None,
        successor_digest=None,
        successor_sealed=None,
    )
    return handle


def _key(spent: Handle) -> bytes:
    return crypto.derive(spent.reveal().encode(), _SUCCESSOR)


def _successor(spent: Handle, row: Row) -> Handle:
    text = crypto.decrypt(_key(spent), row.successor_sealed, spent.digest).decode()
    successor = Handle.parse(PREFIX, text)
    if successor is None:
        raise crypto.Unsealable("not a refresh token")
    return successor
