"""Initial access tokens (RFC 7591 section 3): they let clients register, choose their tenant, and count their uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select, update

from sigid.applications.tables import initial_access_token
from sigid.kernel import ids
from sigid.kernel.database import NOW, Change, Look, param, statement
from sigid.kernel.errors import InvalidToken, Refused
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import Handle

PREFIX: Final = "sigid_iat"
LONGEST_LIFE: Final = timedelta(days=90)
MOST_USES: Final = 10_000

_i = initial_access_token.c
_MINE = (_i.tenant_id == param("tenant_id", _i.tenant_id), _i.digest == param("digest", _i.digest))
_ADD = statement(
    "initial_access_token.add",
    insert(initial_access_token).values({column.name: param(column.name, column) for column in _i}),
)
_FIND = statement(
    "initial_access_token.find", select(_i.id, _i.uses_left, _i.expires_at, _i.revoked_at, _i.policy).where(*_MINE)
)
_ANY = statement(
    "initial_access_token.any", select(_i.id).where(_i.tenant_id == param("tenant_id", _i.tenant_id)).limit(1)
)
_SPEND = statement(
    "initial_access_token.spend",
    update(initial_access_token)
    .where(*_MINE, _i.uses_left > 0, _i.expires_at > NOW, _i.revoked_at.is_(None))
    .values(uses_left=_i.uses_left - 1),
)
_REVOKE = statement(
    "initial_access_token.revoke",
    update(initial_access_token)
    .where(_i.tenant_id == param("tenant_id", _i.tenant_id), _i.id == param("id", _i.id), _i.revoked_at.is_(None))
    .values(revoked_at=NOW),
)


@dataclass(frozen=True, slots=True)
class InitialAccess:
    """A token as it is now. `policy`: the settings that a registration by it may not leave."""

    id: str
    handle: Handle
    uses_left: int
    expires_at: datetime
    revoked_at: datetime | None
    policy: Mapping[str, Any]

    def refusal(self, now: datetime) -> str | None:
        """Why nobody registers by it now (a private reason); None while somebody may."""
        if self.revoked_at is not None:
            return "initial_access_revoked"
        if self.expires_at <= now:
            return "initial_access_expired"
        return "initial_access_spent" if self.uses_left < 1 else None


def parse(text: str | None) -> Handle | None:
    """The handle that the text is; `handle.owner("ten")` is the tenant where it lets clients register."""
    return Handle.parse(PREFIX, text) if text else None


def tenant_of(handle: Handle) -> TenantId:
    """The tenant where it lets clients register."""
    return TenantId(handle.owner("ten"))


async def create(tx: Change, *, uses: int, life: timedelta, policy: Mapping[str, Any] | None = None) -> Handle:
    """Make a token that lets `uses` clients register in this tenant."""
    if not 1 <= uses <= MOST_USES or not timedelta(0) < life <= LONGEST_LIFE:
        rule = f"A token has 1 to {MOST_USES} uses and lives at most {LONGEST_LIFE.days} days."
        raise Refused("invalid_initial_access_token", "initial_access_out_of_bounds", rule, status=422)
    handle = Handle.generate(PREFIX, tx.tenant_id)
    identifier = ids.new_id("iat")
    await tx.run(
        _ADD,
        id=identifier,
        digest=handle.digest,
        uses_left=uses,
        expires_at=tx.now + life,
        revoked_at=None,
        policy=dict(policy or {}),
        created_at=tx.now,
    )
    changes = {"uses": uses, "seconds": int(life.total_seconds())}
    tx.record(Event("initial_access_token.created", "initial_access_token", identifier, changes=changes))
    return handle


async def find(tx: Look, handle: Handle) -> InitialAccess | None:
    """The token, usable or not; None for an unknown one."""
    row = await tx.one(_FIND, digest=handle.digest)
    return InitialAccess(row.id, handle, row.uses_left, row.expires_at, row.revoked_at, row.policy) if row else None


async def was_one_made(tx: Look) -> bool:
    """The tenant has, or had, such a token."""
    return await tx.one(_ANY) is not None


async def spend(tx: Change, handle: Handle) -> InitialAccess:
    """Use one of its uses, in one statement. Raises InvalidToken with the private reason why it cannot be used."""
    won = await tx.run(_SPEND, digest=handle.digest) == 1
    token = await find(tx, handle)
    if token is None:
        raise InvalidToken("initial_access_unknown")
    if won:
        return token
    raise InvalidToken(token.refusal(tx.now) or "initial_access_spent")


async def revoke(tx: Change, token_id: str) -> bool:
    """Let nobody register by it any more."""
    if await tx.run(_REVOKE, id=token_id) == 0:
        return False
    tx.record(Event("initial_access_token.revoked", "initial_access_token", token_id))
    return True
