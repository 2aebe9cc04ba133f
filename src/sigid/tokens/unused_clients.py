"""Clients that registered themselves and that nobody has used for long: deleted, never one with a live grant.

The worker finds their tenants by a plain read across all of them, then decides and deletes inside each.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, exists, func, select

from sigid import applications
from sigid.kernel import callers
from sigid.kernel.callers import SYSTEM, Caller, Origin
from sigid.kernel.database import NOW, Time, change, look, param, statement
from sigid.kernel.ids import TenantId
from sigid.tokens.tables import grant

KEPT: Final = timedelta(days=90)
_TENANTS: Final = 200
_BATCH: Final = 100

_a, _g = applications.standing.c, grant.c
_USED_AT: Final = func.coalesce(_a.last_used_at, _a.created_at, type_=Time())
_UNUSED: Final[ColumnElement[bool]] = and_(
    _a.registered.is_(True),
    param("before", type_=Time()) > _USED_AT,
    ~exists().where(
        _g.tenant_id == _a.tenant_id, _g.application_id == _a.id, _g.ended_at.is_(None), _g.expires_at > NOW
    ),
)
_DUE_OWNERS = statement("unused_client.due_owners", select(_a.tenant_id).where(_UNUSED).distinct().limit(_TENANTS))
_UNUSED_HERE = statement(
    "unused_client.hold",
    select(_a.id).where(_a.tenant_id == param("tenant_id", _a.tenant_id), _UNUSED).limit(_BATCH).with_for_update(),
)


async def delete_unused() -> int:
    """Delete them; how many there were."""
    async with look(callers.across(SYSTEM)) as tx:
        before = tx.now - KEPT
        rows = await tx.all(_DUE_OWNERS, before=before)
    caller_of = (callers.in_tenant(TenantId(row.tenant_id), SYSTEM, Origin.process()) for row in rows)
    return sum([await _delete_in(caller, before) for caller in caller_of])


async def _delete_in(caller: Caller, before: datetime) -> int:
    count = 0
    async with change(caller) as tx:
        for row in await tx.all(_UNUSED_HERE, before=before):
            found = await applications.by_id(tx, row.id)
            if found is not None and await applications.delete(tx, found):
                count += 1
    return count
