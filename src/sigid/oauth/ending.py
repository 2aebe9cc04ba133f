"""What ends with a session of the account: its part in each tenant that knew it, and with it the tokens there."""

from collections.abc import Iterable

from sigid.accounts.sessions import Ended
from sigid.kernel import callers
from sigid.kernel.callers import SYSTEM, Origin
from sigid.kernel.database import change
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.tokens import sessions as tenant_sessions


async def sessions_ended(ended: Iterable[Ended], because: str, origin: Origin) -> None:
    """End them in each tenant. The account's own session has ended before, so nobody signs in by it meanwhile."""
    for one in ended:
        for tenant_id, sid in one.tenants:
            async with change(callers.in_tenant(TenantId(tenant_id), SYSTEM, origin)) as tx:
                await tenant_sessions.end(tx, sid, because)
                tx.record(Event("session.ended", "session", sid, reason=because))
