"""How a person comes to a tenant: by their own sign-up, or by going on after they saw what it gets of their profile."""

from sigid.accounts import people
from sigid.kernel.database import Change, Look
from sigid.kernel.email_addresses import EmailAddress
from sigid.members import members
from sigid.members.members import TenantUser
from sigid.tenants import TenantSettings


async def may_join(tx: Look, settings: TenantSettings, email_lookup: str) -> bool:
    """A person who proved this address may become a user: the tenant is open to it, or a user waits for them."""
    return _admits(settings, email_lookup, await members.find_waiting(tx, email_lookup))


def _admits(settings: TenantSettings, email_lookup: str, made: TenantUser | None) -> bool:
    """`made`: the user that the tenant made for this address. One that it removed again keeps the door shut."""
    if made is not None:
        return made.waits
    if settings.sign_up == "domains":
        return email_lookup.rpartition("@")[2] in settings.sign_up_domains
    return settings.sign_up == "open"


async def arrive(tx: Change, settings: TenantSettings, email: EmailAddress, name: str) -> TenantUser | None:
    """Make the unit's account, which proved this address, a user of the unit's tenant; None where it is not admitted.

    A suspended or removed user stays out; one who was invited again comes back as who they were.
    """
    user = await members.of_account(tx, tx.account_id)
    if user is not None and not user.waits:
        return user if user.active else None
    waiting = user or await members.find_waiting(tx, email.lookup)
    if not _admits(settings, email.lookup, waiting):
        return None
    arrived = await members.activate(tx, waiting, account_id=tx.account_id, name=name) if waiting is not None else None
    if arrived is None:
        arrived = await members.join_once(tx, account_id=tx.account_id, email=email.display, name=name)
    if arrived is None or not arrived.active:
        return None
    await people.add_membership(tx, arrived.id)
    return arrived
