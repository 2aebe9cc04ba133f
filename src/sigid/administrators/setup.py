"""Setting up: whoever holds a one-time link becomes the tenant's owner, and on a new installation its operator.

The link says that the operator trusts its holder with the tenant; it says nothing of the address that they type. So an
address without account gets one that is not verified (the first sign-in asks for a code that goes there), and an
address with an account is only believed with that account's password. Tries are counted, as at sign-in.
"""

from dataclasses import dataclass
from typing import Final

from sigid.accounts import Known, Personal, Weakness, password_rules, passwords, people
from sigid.administrators import administrators, operators, setup_links
from sigid.kernel import throttles
from sigid.kernel.callers import ANONYMOUS, Origin, in_tenant
from sigid.kernel.database import Change, Conflict, change
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import PageError, Refused
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import Handle
from sigid.kernel.throttles import Counter
from sigid.tenants import Tenant

_FREE_TRIES: Final = 5
_FREE_BY_ACCOUNT: Final = 20


class PasswordTooWeak(Refused):
    """The password is not taken; `weakness` says why, and the page may say it."""

    def __init__(self, weakness: Weakness) -> None:
        super().__init__("password_weak", f"password_{weakness.value}", status=422)
        self.weakness = weakness


class NotTheirs(Refused):
    """The address has an account, and this is not its password."""

    def __init__(self, reason: str) -> None:
        super().__init__("wrong_password", reason, status=401)


@dataclass(frozen=True, slots=True)
class Owner:
    """Who was set up. `operator_id`: they are the installation's first operator too."""

    account_id: str
    administrator_id: str
    operator_id: str | None


async def claim(
    tenant: Tenant, handle: Handle, *, email: EmailAddress, name: str, password: str, origin: Origin
) -> Owner:
    """Use the link. Raises PageError (the link is dead), Throttled, NotTheirs, PasswordTooWeak, PasswordBusy."""
    visitor = in_tenant(TenantId(handle.owner("ten")), ANONYMOUS, origin)
    tries = [
        Counter.of(_FREE_TRIES, "setup link", handle.digest.hex()),
        Counter.of(_FREE_BY_ACCOUNT, "sign-in account", email.lookup),
    ]
    await throttles.count(visitor, tries)
    for _ in range(2):
        known = await people.find(email, origin)
        try:
            hashed = await _judge(tenant, known, email, name, password)
        except PasswordTooWeak:
            await throttles.forgive(visitor, tries)  # nothing was guessed
            raise
        account_id = known.account_id if known is not None else people.new_account_id()
        try:
            async with change(visitor.with_account(account_id)) as tx:
                link = await setup_links.spend(tx, handle)
                if known is None:
                    await people.create(tx, email, name=name, password_hash=hashed, verified=False)
                owner = await _own(tx)
                operator_id = await operators.add(tx) if link.makes_operator else None
        except Conflict:  # the address got an account a moment ago: then its password decides
            await people.settle(email, origin)
            continue
        await throttles.forgive(visitor, tries)
        return Owner(account_id, owner.id, operator_id)
    raise PageError("link_invalid", "setup_address_contended", "Try again.", status=409)


async def _judge(tenant: Tenant, known: Known | None, email: EmailAddress, name: str, password: str) -> str:
    """The password's hash: a new one that is good enough, or the account's own. Raises NotTheirs, PasswordTooWeak."""
    if known is not None:
        if known.password_hash is None or not known.active:
            await passwords.burn()
            raise NotTheirs("account_without_password" if known.active else "account_not_active")
        if not (await passwords.verify_password(password, known.password_hash)).ok:
            raise NotTheirs("password_wrong")
        return known.password_hash
    personal = Personal(email=email.display, name=name, tenant=tenant.name, tenant_slug=tenant.slug)
    weakness = await password_rules.judge(password, personal)
    if weakness is not None:
        raise PasswordTooWeak(weakness)
    return await passwords.hash_password(password)


async def _own(tx: Change) -> administrators.Administrator:
    """Make the unit's account an owner, whatever it is in the tenant already."""
    before = await administrators.by_account(tx, tx.account_id)
    if before is None or before.status == "removed":
        return await administrators.add(tx, tx.account_id, administrators.OWNER)
    if not before.active:
        before = await administrators.reactivate(tx, before.id)
    return await administrators.change_role(tx, before.id, administrators.OWNER)
