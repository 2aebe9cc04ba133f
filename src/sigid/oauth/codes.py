"""Authorization codes (RFC 6749 sections 4.1.2 and 10.5): bound to client, redirect URI and challenge, 60 s, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update

from sigid.kernel.database import NOW, Look, Use, append, param, statement
from sigid.kernel.secrets import Handle
from sigid.oauth.tables import authorization_code

PREFIX: Final = "sigid_ac"

_c = authorization_code.c
_MINE = (_c.tenant_id == param("tenant_id", _c.tenant_id), _c.digest == param("digest", _c.digest))
_APPEND = append(authorization_code)
_FIND = statement(
    "authorization_code.find",
    select(
        _c.digest, _c.grant_id, _c.application_id, _c.redirect_uri, _c.code_challenge, _c.nonce, _c.scope,
        _c.expires_at, _c.spent_at, _c.dead_because,
    ).where(*_MINE),
)  # fmt: skip
_SPEND = statement(
    "authorization_code.spend",
    update(authorization_code)
    .where(*_MINE, _c.spent_at.is_(None), _c.dead_because.is_(None), _c.expires_at > NOW)
    .values(spent_at=NOW),
)
_END = statement(
    "authorization_code.end",
    update(authorization_code)
    .where(*_MINE, _c.spent_at.is_(None), _c.dead_because.is_(None))
    .values(dead_because=param("because", _c.dead_because)),
)


@dataclass(frozen=True, slots=True)
class Code:
    digest: bytes
    grant_id: str
    application_id: str
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    scope: str
    expires_at: datetime
    spent_at: datetime | None
    dead_because: str | None


def issue(
    tx: Use, *, grant_id: str, application_id: str, redirect_uri: str, code_challenge: str | None, nonce: str | None,
    scope: str, lifetime: timedelta,
) -> Handle:  # fmt: skip
    """Make a code for a grant that this unit makes too."""
    handle = Handle.generate(PREFIX, tx.tenant_id)
    tx.append(
        _APPEND,
        digest=handle.digest,
        grant_id=grant_id,
        application_id=application_id,
        redirect_uri=redirect_uri,
        code_challenge=code_challenge,
        nonce=nonce,
        scope=scope,
        created_at=tx.now,
        expires_at=tx.now + lifetime,
        spent_at=None,
        dead_because=None,
    )
    return handle


async def find(tx: Look, text: str | None) -> Code | None:
    """The code that the text is, spent or not; None for another kind of text, another tenant's, or an unknown one."""
    handle = Handle.parse(PREFIX, text or "")
    if handle is None or handle.owner("ten") != tx.tenant_id:
        return None
    row = await tx.one(_FIND, digest=handle.digest)
    return Code(*row) if row else None


async def spend(tx: Use, code: Code) -> bool:
    """Use it up. True for exactly one caller, however many try at once."""
    return await tx.run(_SPEND, digest=code.digest) == 1


async def end(tx: Use, code: Code, because: str) -> None:
    """Its own client used it wrongly: it is dead, and that stays."""
    await tx.run(_END, digest=code.digest, because=because)
