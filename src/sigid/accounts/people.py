"""Accounts and their addresses: found by address, made when an address is proved, taken over from whoever never did.

An unverified address proves nothing. There is one only where an operator made it (`sigid bootstrap`); proving it drops
whatever was set before by somebody who had not (Sudhodanan and Paverd, USENIX Security 2022).
"""

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import delete, select, update

from sigid.accounts import sessions
from sigid.accounts.activity import Own
from sigid.accounts.sessions import Ended
from sigid.accounts.tables import account, address, address_owner, membership, password
from sigid.kernel import callers, ids
from sigid.kernel.callers import Origin
from sigid.kernel.database import NOW, Change, Look, Use, append, look, param, statement, upsert, use
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId

LONGEST_NAME: Final = 200
NOBODY: Final = AccountId("acct_" + "0" * ids.SUFFIX_LENGTH)  # looked up where there is no account: no less work

_a, _m, _p, _o, _x = account.c, address.c, password.c, address_owner.c, membership.c
_INSERT_ACCOUNT = upsert(
    "account.insert", lambda insert: insert(account).values({column.name: param(column.name, column) for column in _a})
)
_ADD_ADDRESS = append(address)
_CLAIM_ADDRESS = append(address_owner)
_OWNER = statement("address_owner.find", select(_o.account_id).where(_o.key == param("key", _o.key)))
_SETTLED_OWNER = statement(
    "address_owner.settled", select(_o.account_id).where(_o.key == param("key", _o.key)).with_for_update(read=True)
)
_CREDENTIALS = statement(
    "account.credentials",
    select(_a.account_id, _a.status, _a.name, _m.text.label("email"), _m.verified_at, _p.hash)
    .join_from(account, address, _m.account_id == _a.account_id)
    .outerjoin(password, _p.account_id == _a.account_id)
    .where(_a.account_id == param("account_id", _a.account_id), _m.lookup == param("lookup", _m.lookup)),
)
_VERIFY = statement(
    "address.verify",
    update(address)
    .where(
        _m.account_id == param("account_id", _m.account_id),
        _m.lookup == param("lookup", _m.lookup),
        _m.verified_at.is_(None),
    )
    .values(verified_at=NOW),
)
_DROP_PASSWORD = statement("password.drop", delete(password).where(_p.account_id == param("account_id", _p.account_id)))
_SET_PASSWORD = upsert(
    "password.set",
    lambda insert: (
        made := insert(password).values(
            account_id=param("account_id", _p.account_id), hash=param("hash", _p.hash), set_at=NOW
        )
    ).on_conflict_do_update(
        index_elements=[_p.account_id], set_={"hash": made.excluded.hash, "set_at": made.excluded.set_at}
    ),
)
_REHASH = statement(
    "password.rehash",
    update(password)
    .where(_p.account_id == param("account_id", _p.account_id), _p.hash == param("before", _p.hash))
    .values(hash=param("hash", _p.hash)),
)
_SET_STATUS = statement(
    "account.set_status",
    update(account)
    .where(_a.account_id == param("account_id", _a.account_id), _a.status != param("status", _a.status))
    .values(status=param("status", _a.status), version=_a.version + 1),
)
_HOLD_ACTIVE = statement(
    "account.hold_active",
    select(_a.account_id)
    .where(_a.account_id == param("account_id", _a.account_id), _a.status == "active")
    .with_for_update(read=True),
)
_HOLD_PASSWORD = statement(
    "password.hold",
    select(_p.account_id)
    .where(_p.account_id == param("account_id", _p.account_id), _p.hash == param("hash", _p.hash))
    .with_for_update(read=True),
)
_MEMBERSHIPS = statement(
    "membership.all",
    select(_x.tenant_id, _x.tenant_user_id).where(_x.account_id == param("account_id", _x.account_id)),
)
_ADD_MEMBERSHIP = upsert(
    "membership.add",
    lambda insert: (
        insert(membership).values({column.name: param(column.name, column) for column in _x}).on_conflict_do_nothing()
    ),
)


@dataclass(frozen=True, slots=True)
class Known:
    """An account as a sign-in needs it."""

    account_id: AccountId
    status: str
    name: str
    email: str
    verified: bool
    password_hash: str | None = field(repr=False)

    @property
    def active(self) -> bool:
        return self.status == "active"


async def owner_of(email: EmailAddress, origin: Origin) -> AccountId | None:
    """Whose address it is."""
    async with look(callers.anyone(origin)) as tx:
        row = await tx.one(_OWNER, key=email.key)
    return AccountId(row.account_id) if row is not None else None


async def settle(email: EmailAddress, origin: Origin) -> None:
    """After a Conflict over an address: wait until whoever claimed it is done, so that `find` finds them."""
    async with use(callers.anyone(origin)) as tx:
        await tx.one(_SETTLED_OWNER, key=email.key)


async def find(email: EmailAddress, origin: Origin) -> Known | None:
    """The account with this address, and its credentials."""
    account_id = await owner_of(email, origin)
    async with look(callers.as_account(account_id or NOBODY, origin)) as tx:
        return await credentials(tx, email)


async def credentials(tx: Look, email: EmailAddress) -> Known | None:
    """The same, for the unit's account."""
    row = await tx.one(_CREDENTIALS, lookup=email.lookup)
    if row is None:
        return None
    return Known(row.account_id, row.status, row.name or "", row.email, row.verified_at is not None, row.hash)


def new_account_id() -> AccountId:
    return AccountId(ids.new_id("acct"))


async def create(
    tx: Change, email: EmailAddress, *, name: str, password_hash: str | None, verified: bool, locale: str | None = None
) -> None:
    """Make the unit's account. A Conflict as the unit ends: the address has an owner."""
    tx.append(_CLAIM_ADDRESS, key=email.key, account_id=tx.account_id)
    await tx.run(
        _INSERT_ACCOUNT, status="active", name=name[:LONGEST_NAME], locale=locale, created_at=tx.now, version=1
    )
    tx.append(
        _ADD_ADDRESS,
        id=ids.new_id("addr"),
        text=email.display,
        lookup=email.lookup,
        verified_at=tx.now if verified else None,
        is_primary=True,
        created_at=tx.now,
    )
    if password_hash is not None:
        await tx.run(_SET_PASSWORD, hash=password_hash)
    tx.record(Own(Event("account.created", "account", tx.account_id)))


async def hold(tx: Change, password_hash: str | None) -> bool:
    """The unit's account is active, and this still its password, and both stay so until the unit ends.

    A password is verified before the unit; a reset meanwhile must not be survived by a session that begins after it.
    """
    if await tx.one(_HOLD_ACTIVE) is None:
        return False
    return password_hash is None or await tx.one(_HOLD_PASSWORD, hash=password_hash) is not None


async def verify_address(tx: Change, email: EmailAddress) -> bool:
    """The person proved the address. What was set before by somebody who had not is dropped. False: it was verified."""
    if await tx.run(_VERIFY, lookup=email.lookup) == 0:
        return False
    await tx.run(_DROP_PASSWORD)
    return True


async def set_password(tx: Change, password_hash: str) -> None:
    await tx.run(_SET_PASSWORD, hash=password_hash)


async def rehash(tx: Use, before: str, password_hash: str) -> None:
    """Keep the same password under today's parameters, unless it was changed meanwhile."""
    await tx.run(_REHASH, before=before, hash=password_hash)


async def add_membership(tx: Change, tenant_user_id: str) -> None:
    """The account's own note that the unit's tenant knows it."""
    await tx.run(_ADD_MEMBERSHIP, tenant_user_id=tenant_user_id, created_at=tx.now)


async def memberships(tx: Look) -> list[tuple[str, str]]:
    """The tenants that know this person, and the id of their user there."""
    return [(row.tenant_id, row.tenant_user_id) for row in await tx.all(_MEMBERSHIPS)]


async def lock(tx: Change, reason: str) -> list[Ended]:
    """Nobody signs in to it, and its sessions end; whoever calls ends them, and what was granted, in their tenants.

    Raises Refused where it was locked before.
    """
    if await tx.run(_SET_STATUS, status="locked") == 0:
        raise Refused("conflict", "account_locked_already", "The account is locked already.", status=409)
    tx.record(Own(Event("account.locked", "account", tx.account_id, reason=reason)))
    return await sessions.end_all(tx, "account_locked")
