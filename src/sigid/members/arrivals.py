"""How a person comes to a tenant: by their own sign-up, or by going on after they saw what it gets of their profile."""

from sigid.accounts import people
from sigid.kernel.database import Change, Look
from sigid.kernel.email_addresses import EmailAddress
from sigid.members import members
from sigid.members.members import TenantUser
from sigid.tenants import TenantSettings


async def may_join(tx: Look, settings: TenantSettings, email_lookup: str) -> bool:
    """A person who proved this address may become a user: the tenant is open to it, or a user waits for them."""
    if settings.sign_up == "open":
        return True
    if settings.sign_up == "domains" and email_lookup.rpartition("@")[2] in settings.sign_up_domains:
        return True
    waiting = await members.find_waiting(tx, email_lookup)
    return waiting is not None and waiting.waits


async def arrive(tx: Change, settings: TenantSettings, email: EmailAddress, name: str) -> TenantUser | None:
    """Make the unit's account a user of the unit's tenant; None where the tenant does not admit them."""
    user = await members.of_account(tx, tx.account_id)
    if user is not None:
        return user if user.active else None
    if not await may_join(tx, settings, email.lookup):
        return None
    waiting = await members.find_waiting(tx, email.lookup)
    user = await members.activate(tx, waiting, account_id=tx.account_id, name=name) if waiting is not None else None
    if user is None:
        user = members.join(tx, account_id=tx.account_id, email=email.display, verified=True, name=name)
    await people.add_membership(tx, user.id)
    return user
