"""Sessions as one tenant sees them: the `sid` in its tokens, pairwise as `sub` is.

The account's session lives elsewhere and knows its `sid` in each tenant; when it ends, or this part of it does,
the access tokens that name it are dead.
"""

from sqlalchemy import update

from sigid.kernel import ids
from sigid.kernel.database import NOW, Use, append, param, statement
from sigid.tokens.tables import tenant_session

_s = tenant_session.c
_MINE = _s.tenant_id == param("tenant_id", _s.tenant_id)
_ENDING = {"ended_at": NOW, "ended_because": param("because", _s.ended_because)}
_APPEND = append(tenant_session)
_END = statement(
    "tenant_session.end",
    update(tenant_session).where(_MINE, _s.id == param("id", _s.id), _s.ended_at.is_(None)).values(_ENDING),
)
_END_OF_USER = statement(
    "tenant_session.end_of_user",
    update(tenant_session)
    .where(_MINE, _s.tenant_user_id == param("tenant_user_id", _s.tenant_user_id), _s.ended_at.is_(None))
    .values(_ENDING)
    .returning(_s.id),
)


def begin(tx: Use, tenant_user_id: str) -> str:
    """A new `sid`. The row is written as the unit ends."""
    sid = ids.new_id("sid")
    tx.append(_APPEND, id=sid, tenant_user_id=tenant_user_id, started_at=tx.now, ended_at=None, ended_because=None)
    return sid


async def end(tx: Use, sid: str, because: str) -> bool:
    """End it, and with it the access tokens that name it. False: it had ended before."""
    return await tx.run(_END, id=sid, because=because) == 1


async def end_of_user(tx: Use, tenant_user_id: str, because: str) -> list[str]:
    """End all sessions of a user in this tenant; their `sid`s."""
    return [row.id for row in await tx.all(_END_OF_USER, tenant_user_id=tenant_user_id, because=because)]
