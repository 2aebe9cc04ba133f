"""Grants: what a person has authorized an application to, from the code to the last refresh, as one family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update

from sigid.kernel import ids
from sigid.kernel.database import NOW, Look, Row, Use, append, param, statement
from sigid.kernel.events import Event
from sigid.tokens import liveness
from sigid.tokens.tables import grant

_g = grant.c
_MINE = _g.tenant_id == param("tenant_id", _g.tenant_id)
_ALIVE = _g.ended_at.is_(None)
_ENDING = {"ended_at": NOW, "ended_because": param("because", _g.ended_because)}

COLUMNS: Final = (
    _g.id.label("grant_id"), _g.application_id, _g.tenant_user_id, _g.sub, _g.sub_type, _g.sid, _g.scope,
    _g.audiences, _g.claims, _g.auth_time, _g.acr, _g.amr, _g.offline, _g.expires_at.label("grant_expires_at"),
    _g.ended_at.label("grant_ended_at"),
)  # fmt: skip
_APPEND = append(grant)
_FIND = statement(
    "authorization_grant.find",
    select(*COLUMNS, *liveness.COLUMNS)
    .select_from(liveness.joined(grant, grant, application_id=_g.application_id, user_id=_g.tenant_user_id, sid=_g.sid))
    .where(_MINE, _g.id == param("id", _g.id)),
)
_END = statement(
    "authorization_grant.end", update(grant).where(_MINE, _ALIVE, _g.id == param("id", _g.id)).values(_ENDING)
)
_END_OF_USER = statement(
    "authorization_grant.end_of_user",
    update(grant)
    .where(_MINE, _ALIVE, _g.tenant_user_id == param("tenant_user_id", _g.tenant_user_id))
    .values(_ENDING)
    .returning(_g.id),
)
_END_OF_USER_AT = statement(
    "authorization_grant.end_of_user_at_application",
    update(grant)
    .where(
        _MINE,
        _ALIVE,
        _g.tenant_user_id == param("tenant_user_id", _g.tenant_user_id),
        _g.application_id == param("application_id", _g.application_id),
    )
    .values(_ENDING)
    .returning(_g.id),
)
_END_OF_APPLICATION = statement(
    "authorization_grant.end_of_application",
    update(grant)
    .where(_MINE, _ALIVE, _g.application_id == param("application_id", _g.application_id))
    .values(_ENDING)
    .returning(_g.id),
)
_END_OF_SESSION = statement(
    "authorization_grant.end_of_session",
    update(grant).where(_MINE, _ALIVE, _g.sid == param("sid", _g.sid)).values(_ENDING).returning(_g.id),
)
_OF_USER = statement(
    "authorization_grant.of_user",
    select(_g.id, _g.application_id, _g.scope, _g.audiences, _g.created_at, _g.expires_at)
    .where(_MINE, _ALIVE, _g.tenant_user_id == param("tenant_user_id", _g.tenant_user_id), _g.expires_at > NOW)
    .order_by(_g.id.desc())
    .limit(200),
)


@dataclass(frozen=True, slots=True)
class Grant:
    """One authorization. `claims`: what was asked for beside scopes, and allowed."""

    id: str
    application_id: str
    tenant_user_id: str | None
    sub: str
    sub_type: str
    sid: str | None
    scope: str
    audiences: tuple[str, ...]
    claims: Mapping[str, Any]
    auth_time: datetime | None
    acr: str | None
    amr: tuple[str, ...]
    offline: bool
    expires_at: datetime

    @property
    def scopes(self) -> tuple[str, ...]:
        """What was authorized."""
        return tuple(self.scope.split())


@dataclass(frozen=True, slots=True)
class GrantStanding:
    """A grant, and why it is dead now (a private reason); None while it lives.

    `sid`: the session that its next tokens belong to; None once that has ended and the grant outlives it.
    """

    grant: Grant
    dead_because: str | None
    sid: str | None


def create(
    tx: Use,
    *,
    application_id: str,
    tenant_user_id: str | None,
    sub: str,
    scope: str,
    audiences: Sequence[str],
    claims: Mapping[str, Any],
    auth_time: datetime | None,
    acr: str | None,
    amr: Sequence[str],
    sid: str | None,
    offline: bool,
    life: timedelta,
    sub_type: str = "user",
) -> Grant:
    """Begin a family. Nothing of it outlives `life`. The row is written as the unit ends."""
    made = Grant(
        ids.new_id("grt"), application_id, tenant_user_id, sub, sub_type, sid, scope, tuple(audiences), claims,
        auth_time, acr, tuple(amr), offline, tx.now + life,
    )  # fmt: skip
    tx.append(
        _APPEND,
        id=made.id,
        application_id=application_id,
        tenant_user_id=tenant_user_id,
        sub=sub,
        sub_type=sub_type,
        sid=sid,
        scope=scope,
        audiences=list(audiences),
        claims=dict(claims),
        auth_time=auth_time,
        acr=acr,
        amr=list(amr),
        offline=offline,
        created_at=tx.now,
        expires_at=made.expires_at,
        ended_at=None,
        ended_because=None,
    )
    return made


async def find(tx: Look, grant_id: str) -> GrantStanding | None:
    """The grant with everything that decides whether it lives."""
    row = await tx.one(_FIND, id=grant_id)
    return None if row is None else standing_of(row, tx.now)


async def of_user(tx: Look, tenant_user_id: str) -> list[Row]:
    """A user's living grants, newest first: id, application_id, scope, audiences, created_at, expires_at."""
    return await tx.all(_OF_USER, tenant_user_id=tenant_user_id)


async def end(tx: Use, grant_id: str, because: str) -> bool:
    """End a family: its codes, refresh tokens and access tokens are dead. False: it had ended before."""
    if await tx.run(_END, id=grant_id, because=because) == 0:
        return False
    tx.record(Event("grant.ended", "grant", grant_id, reason=because))
    return True


async def end_of_user(tx: Use, tenant_user_id: str, because: str) -> int:
    """End everything that a user has authorized."""
    return _told(tx, await tx.all(_END_OF_USER, tenant_user_id=tenant_user_id, because=because), because)


async def end_of_user_at_application(tx: Use, tenant_user_id: str, application_id: str, because: str) -> int:
    """End what a user has authorized one application to (consent taken back)."""
    rows = await tx.all(_END_OF_USER_AT, tenant_user_id=tenant_user_id, application_id=application_id, because=because)
    return _told(tx, rows, because)


async def end_of_application(tx: Use, application_id: str, because: str) -> int:
    """End everything that anybody has authorized an application to."""
    return _told(tx, await tx.all(_END_OF_APPLICATION, application_id=application_id, because=because), because)


async def end_of_session(tx: Use, sid: str, because: str) -> int:
    """End everything that was authorized in a session, what was to outlive it too (sign out everywhere)."""
    return _told(tx, await tx.all(_END_OF_SESSION, sid=sid, because=because), because)


def standing_of(row: Row, now: datetime) -> GrantStanding:
    """The grant of a row that has `COLUMNS` and those of `liveness`."""
    grant_ = Grant(
        row.grant_id, row.application_id, row.tenant_user_id, row.sub, row.sub_type, row.sid, row.scope,
        tuple(row.audiences), row.claims, row.auth_time, row.acr, tuple(row.amr), row.offline, row.grant_expires_at,
    )  # fmt: skip
    return GrantStanding(grant_, _dead_because(row, now), liveness.session_of(row))


def _dead_because(row: Row, now: datetime) -> str | None:
    if row.grant_ended_at is not None:
        return "grant_ended"
    if row.grant_expires_at <= now:
        return "grant_expired"
    if row.sid is not None and not row.offline and liveness.session_of(row) is None:
        return "session_ended"
    return liveness.refusal(row)


def _told(tx: Use, rows: list[Row], because: str) -> int:
    for row in rows:
        tx.record(Event("grant.ended", "grant", row.id, reason=because))
    return len(rows)
