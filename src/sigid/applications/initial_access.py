"""Initial access tokens (RFC 7591 section 3): they let clients register, choose their tenant, and count their uses."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from sigid.applications.tables import initial_access_token
from sigid.kernel import ids
from sigid.kernel.database import NOW, Change, Look, append, param, statement
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.secrets import Handle

PREFIX: Final = "sigid_iat"
DEFAULT_LIFE: Final = timedelta(hours=24)
LONGEST_LIFE: Final = timedelta(days=90)
MOST_USES: Final = 10_000

_i = initial_access_token.c
_MINE = (_i.tenant_id == param("tenant_id", _i.tenant_id), _i.digest == param("digest", _i.digest))
_APPEND = append(initial_access_token)
_FIND = statement("initial_access_token.find", select(_i.id, _i.scopes, _i.uses_left, _i.expires_at, _i.revoked_at).where(*_MINE))
_SPEND = statement(
    "initial_access_token.spend",
    update(initial_access_token)
    .where(*_MINE, _i.uses_left > 0, _i.expires_at > NOW, _i.revoked_at.is_(None))
    .values(uses_left=_i.uses_left - 1),
)


@dataclass(frozen=True, slots=True)
class InitialAccess:
    id: str
    digest: bytes
    scopes: tuple[str, ...] | None
    usable: bool


async def create(
    tx: Change, uses: int = 1, life: timedelta = DEFAULT_LIFE, scopes: tuple[str, ...] | None = None
) -> Handle:
    """Make a token that lets `uses` clients register in this tenant."""
    if not 1 <= uses <= MOST_USES or not timedelta(0) < life <= LONGEST_LIFE:
        raise Refused("validation_failed", "initial_access_out_of_bounds", "uses or life is out of bounds.", status=422)
    handle = Handle.generate(PREFIX, tx.tenant_id)
    identifier = ids.new_id("iat")
    tx.append(
        _APPEND, digest=handle.digest, id=identifier, uses_left=uses, scopes=list(scopes) if scopes else None,
        created_at=tx.now, expires_at=tx.now + life, revoked_at=None,
    )  # fmt: skip
    tx.record(Event("initial_access_token.created", "initial_access_token", identifier, data={"uses": uses}))
    return handle


async def find(tx: Look, handle: Handle) -> InitialAccess | None:
    """The token that the handle is, usable or not; None for an unknown one."""
    row = await tx.one(_FIND, digest=handle.digest)
    if row is None:
        return None
    usable = row.uses_left > 0 and _later(row.expires_at, tx.now) and row.revoked_at is None
    return InitialAccess(row.id, handle.digest, tuple(row.scopes) if row.scopes is not None else None, usable)


def _later(moment: datetime, than: datetime) -> bool:
    return moment > than


async def spend(tx: Change, token: InitialAccess) -> bool:
    """Use one of its uses. False: none was left, or it lapsed."""
    return await tx.run(_SPEND, digest=token.digest) == 1
