"""What ends with a session or a password of the account: its part in each tenant, and with it the tokens there."""

from collections.abc import Iterable

from sigid.accounts import Ended, people
from sigid.kernel import callers
from sigid.kernel.callers import SYSTEM, Origin
from sigid.kernel.database import change, look, use
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId, TenantId
from sigid.tokens import grants
from sigid.tokens import sessions as tenant_sessions


async def sessions_ended(ended: Iterable[Ended], because: str, origin: Origin) -> None:
    """End them in each tenant. The account's own session has ended before, so nobody signs in by it meanwhile."""
    for one in ended:
        for tenant_id, sid in one.tenants:
            async with change(callers.in_tenant(TenantId(tenant_id), SYSTEM, origin)) as tx:
                await tenant_sessions.end(tx, sid, because)
                tx.record(Event("session.ended", "session", sid, reason=because))


async def grants_ended(account_id: AccountId, because: str, origin: Origin) -> None:
    """End all that was ever allowed in the person's name: whoever knew the old password may have allowed it."""
    async with look(callers.as_account(account_id, origin)) as tx:
        known_at = await people.memberships(tx)
    for tenant_id, tenant_user_id in known_at:
        async with use(callers.in_tenant(TenantId(tenant_id), SYSTEM, origin)) as tx:
            await grants.end_of_user(tx, tenant_user_id, because)
