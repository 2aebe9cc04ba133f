"""A tenant's administrators: added, given another role, suspended, removed; the last owner stays.

An administrator is an account with a role in the tenant, known there by an `adm_` id, and no user of the tenant.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select, update

from sigid.administrators.tables import administrator
from sigid.kernel import ids
from sigid.kernel.database import NOW, Change, Look, Row, param, statement
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event

OWNER: Final = "owner"
ROLES: Final = (OWNER, "admin", "developer", "support", "billing", "auditor")

_a = administrator.c
_tenant = _a.tenant_id == param("tenant_id", _a.tenant_id)
_this = _a.id == param("id", _a.id)
_columns = (_a.id, _a.account_id, _a.role, _a.status)

_ADD = statement(
    "administrator.add",
    insert(administrator).values(
        tenant_id=param("tenant_id", _a.tenant_id),
        id=param("id", _a.id),
        account_id=param("of_account", _a.account_id),
        role=param("role", _a.role),
        status="active",
        created_at=NOW,
    ),
)
_BY_ID = statement("administrator.by_id", select(*_columns).where(_tenant, _this))
_BY_ACCOUNT = statement(
    "administrator.by_account",
    select(*_columns).where(_tenant, _a.account_id == param("of_account", _a.account_id)),
)
_ALL = statement("administrator.all", select(*_columns).where(_tenant, _a.status != "removed").order_by(_a.id))
_OWNERS = statement(
    "administrator.owners",
    select(_a.id).where(_tenant, _a.role == OWNER, _a.status == "active").order_by(_a.id).limit(2),
)
# Whoever takes an owner away locks all of them first, in one order: of two at once, the second sees what the first did.
_LOCK_OWNERS = statement(
    "administrator.lock_owners",
    select(_a.id).where(_tenant, _a.role == OWNER, _a.status == "active").order_by(_a.id).with_for_update(),
)
_LOCK = statement("administrator.lock", select(*_columns).where(_tenant, _this).with_for_update())
_SET = statement(
    "administrator.set",
    update(administrator).where(_tenant, _this).values(role=param("role", _a.role), status=param("status", _a.status)),
)


@dataclass(frozen=True, slots=True)
class Administrator:
    """`account_id` is for access checks only: no answer, event or log of a tenant has it."""

    id: str
    account_id: str
    role: str
    status: str

    @property
    def active(self) -> bool:
        """Only then may they do anything."""
        return self.status == "active"


async def add(tx: Change, account_id: str, role: str) -> Administrator:
    """Make an account administrator of the unit's tenant; one who was removed comes back with the `adm_` id of before.

    Raises Refused for an unknown role, and for one who is administrator already.
    """
    _check(role)
    row = await tx.one(_BY_ACCOUNT, of_account=account_id)
    before = await tx.one(_LOCK, id=row.id) if row is not None else None
    if before is not None and before.status != "removed":
        raise Refused("conflict", "administrator_already", "This person is an administrator already.", status=409)
    if before is not None:
        made = Administrator(before.id, account_id, role, "active")
        await tx.run(_SET, id=made.id, role=role, status="active")
    else:
        made = Administrator(ids.new_id("adm"), account_id, role, "active")
        await tx.run(_ADD, id=made.id, of_account=account_id, role=role)
    tx.record(Event("administrator.added", "administrator", made.id, changes={"role": {"after": role}}))
    return made


async def change_role(tx: Change, administrator_id: str, role: str) -> Administrator:
    """Give an administrator another role. Raises Refused when they are unknown, or the last owner."""
    _check(role)
    before = await _locked(tx, administrator_id, keeps_ownership=role == OWNER)
    await tx.run(_SET, id=before.id, role=role, status=before.status)
    changes = {"role": {"before": before.role, "after": role}}
    tx.record(Event("administrator.updated", "administrator", before.id, changes=changes))
    return Administrator(before.id, before.account_id, role, before.status)


async def suspend(tx: Change, administrator_id: str, reason: str | None = None) -> Administrator:
    """Hold an administrator back. Raises Refused when they are unknown, or the last owner."""
    return await _set_status(tx, administrator_id, "suspended", "administrator.updated", reason)


async def reactivate(tx: Change, administrator_id: str) -> Administrator:
    """Let a suspended administrator back."""
    return await _set_status(tx, administrator_id, "active", "administrator.updated", None)


async def remove(tx: Change, administrator_id: str, reason: str | None = None) -> Administrator:
    """End somebody's administration. Raises Refused when they are unknown, or the last owner."""
    return await _set_status(tx, administrator_id, "removed", "administrator.removed", reason)


async def _set_status(tx: Change, administrator_id: str, status: str, event: str, reason: str | None) -> Administrator:
    before = await _locked(tx, administrator_id, keeps_ownership=status == "active")
    await tx.run(_SET, id=before.id, role=before.role, status=status)
    changes = {"status": {"before": before.status, "after": status}}
    tx.record(Event(event, "administrator", before.id, changes=changes, reason=reason))
    return Administrator(before.id, before.account_id, before.role, status)


async def _locked(tx: Change, administrator_id: str, *, keeps_ownership: bool) -> Row:
    """The row, locked; where an owner goes, so that another one stays."""
    owners = [] if keeps_ownership else [row.id for row in await tx.all(_LOCK_OWNERS)]
    row = await tx.one(_LOCK, id=administrator_id)
    if row is None or row.status == "removed":
        raise Refused("not_found", "administrator_unknown", "There is no such administrator.", status=404)
    if owners == [administrator_id]:
        raise Refused("last_owner", "last_owner", "A tenant keeps its last owner.", status=409)
    return row


def _check(role: str) -> None:
    if role not in ROLES:
        raise Refused("validation_failed", "administrator_role_unknown", f"role must be one of {ROLES}.", status=422)


async def by_id(tx: Look, administrator_id: str) -> Administrator | None:
    """The administrator, whatever their status."""
    row = await tx.one(_BY_ID, id=administrator_id)
    return Administrator(*row) if row is not None else None


async def by_account(tx: Look, account_id: str) -> Administrator | None:
    """What an account is in the unit's tenant, whatever the status."""
    row = await tx.one(_BY_ACCOUNT, of_account=account_id)
    return Administrator(*row) if row is not None else None


async def all_of(tx: Look) -> list[Administrator]:
    """The tenant's administrators, but those removed."""
    return [Administrator(*row) for row in await tx.all(_ALL)]


async def has_owner(tx: Look) -> bool:
    """Somebody owns the tenant."""
    return bool(await tx.all(_OWNERS))
