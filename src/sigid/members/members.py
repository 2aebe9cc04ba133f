"""Tenant users: made by joining or beforehand, and moved between statuses.

invited, preprovisioned → active or removed      active ⇄ suspended      any → removed      removed → invited
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select, update

from sigid.kernel import ids
from sigid.kernel.database import NOW, Change, Look, append, param, statement, upsert
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.members.tables import tenant_user

_FROM: Final = {
    "active": ("invited", "preprovisioned", "suspended"),
    "suspended": ("active",),
    "removed": ("invited", "preprovisioned", "active", "suspended"),
    "invited": ("removed",),
}
_EVENT: Final = {
    "suspended": "tenant_user.suspended",
    "removed": "tenant_user.removed",
    "invited": "tenant_user.invited",
    "active": "tenant_user.reactivated",
}

_u = tenant_user.c
_COLUMNS = (
    _u.id,
    _u.account_id,
    _u.sub,
    _u.email,
    _u.email_verified,
    _u.name,
    _u.status,
    _u.role_ids,
    _u.created_at,
    _u.version,
)
_TENANT = _u.tenant_id == param("tenant_id", _u.tenant_id)
_APPEND = append(tenant_user)
_PARAMETERS: Final = {"account_id": "of_account"}  # a tenant's unit need not know the account
_ADD_ONCE = upsert(
    "tenant_user.add_once",
    lambda insert: (
        insert(tenant_user)
        .values({column.name: param(_PARAMETERS.get(column.name, column.name), column) for column in _u})
        .on_conflict_do_nothing()
    ),
)
_OF_ACCOUNT = statement(
    "tenant_user.of_account", select(*_COLUMNS).where(_TENANT, _u.account_id == param("of_account", _u.account_id))
)
_FIND = statement("tenant_user.find", select(*_COLUMNS).where(_TENANT, _u.id == param("id", _u.id)))
_WAITING = statement(
    "tenant_user.waiting",
    select(*_COLUMNS).where(
        _TENANT,
        _u.email_lookup == param("email_lookup", _u.email_lookup),
        _u.account_id.is_(None),
    ),
)
_CLAIM = statement(
    "tenant_user.claim",
    update(tenant_user)
    .where(
        _TENANT,
        _u.id == param("id", _u.id),
        or_(_u.account_id.is_(None), _u.account_id == param("of_account", _u.account_id)),
        or_(_u.status == "invited", _u.status == "preprovisioned"),
    )
    .values(
        account_id=param("of_account", _u.account_id),
        status="active",
        email_verified=True,
        name=param("name", _u.name),
        joined_at=NOW,
        status_changed_at=NOW,
        version=_u.version + 1,
    ),
)
_SET_STATUS = statement(
    "tenant_user.set_status",
    update(tenant_user)
    .where(_TENANT, _u.id == param("id", _u.id), _u.status == param("before", _u.status))
    .values(status=param("status", _u.status), status_changed_at=NOW, version=_u.version + 1),
)


@dataclass(frozen=True, slots=True)
class TenantUser:
    """What the tenant may see, and whose it is, which it may not."""

    id: str
    account_id: str | None
    sub: str
    email: str | None
    email_verified: bool
    name: str | None
    status: str
    role_ids: tuple[str, ...]
    created_at: datetime
    version: int

    @property
    def active(self) -> bool:
        return self.status == "active"

    @property
    def waits(self) -> bool:
        """Made by the tenant before the person came."""
        return self.status in ("invited", "preprovisioned")


def _from_row(row: Any) -> TenantUser:
    return TenantUser(
        row.id,
        row.account_id,
        row.sub,
        row.email,
        row.email_verified,
        row.name,
        row.status,
        tuple(row.role_ids),
        row.created_at,
        row.version,
    )


async def of_account(tx: Look, account_id: str) -> TenantUser | None:
    """The account's user in this tenant."""
    row = await tx.one(_OF_ACCOUNT, of_account=account_id)
    return _from_row(row) if row else None


async def find(tx: Look, tenant_user_id: str) -> TenantUser | None:
    row = await tx.one(_FIND, id=tenant_user_id)
    return _from_row(row) if row else None


async def find_waiting(tx: Look, email_lookup: str) -> TenantUser | None:
    """The user that waits for whoever proves this address."""
    row = await tx.one(_WAITING, email_lookup=email_lookup)
    return _from_row(row) if row else None


def _new(
    tx: Change,
    status: str,
    *,
    account_id: str | None,
    email: str,
    verified: bool,
    name: str | None,
    role_ids: Sequence[str],
) -> tuple[TenantUser, dict[str, Any]]:
    """A tenant user, and its row."""
    made = TenantUser(
        ids.new_id("tu"), account_id, ids.new_subject(), email, verified, name, status, tuple(role_ids), tx.now, 1
    )
    return made, {
        "id": made.id,
        "sub": made.sub,
        "email": email,
        "email_lookup": EmailAddress.parse(email).lookup,
        "email_verified": verified,
        "name": name,
        "status": status,
        "role_ids": list(role_ids),
        "metadata": {},
        "created_at": tx.now,
        "joined_at": tx.now if status == "active" else None,
        "status_changed_at": tx.now,
        "version": 1,
    }


def join(
    tx: Change, *, account_id: str, email: str, verified: bool, name: str | None, role_ids: Sequence[str] = ()
) -> TenantUser:
    """The person joins: a new tenant user, active, with a subject of its own."""
    made, row = _new(tx, "active", account_id=account_id, email=email, verified=verified, name=name, role_ids=role_ids)
    tx.append(_APPEND, account_id=account_id, **row)
    tx.record(Event("tenant_user.joined", "user", made.id, data={"sub": made.sub}))
    return made


async def join_once(tx: Change, *, account_id: str, email: str, name: str | None) -> TenantUser | None:
    """The person joins, by an address that they proved; who they are here already, where another tab was quicker."""
    made, row = _new(tx, "active", account_id=account_id, email=email, verified=True, name=name, role_ids=())
    if await tx.run(_ADD_ONCE, of_account=account_id, **row) == 0:
        return await of_account(tx, account_id)
    tx.record(Event("tenant_user.joined", "user", made.id, data={"sub": made.sub}))
    return made


def preprovision(tx: Change, *, email: str, name: str | None, role_ids: Sequence[str] = (), invite: bool) -> TenantUser:
    """Make a user that waits for the person. It tells nothing of any account and gives no way in."""
    status = "invited" if invite else "preprovisioned"
    made, row = _new(tx, status, account_id=None, email=email, verified=False, name=name, role_ids=role_ids)
    tx.append(_APPEND, account_id=None, **row)
    tx.record(Event(f"tenant_user.{status}", "user", made.id, data={"sub": made.sub}))
    return made


async def activate(tx: Change, waiting: TenantUser, *, account_id: str, name: str | None) -> TenantUser | None:
    """The person who proved the address takes the user that waited, or was invited again: with the `sub` that it had.

    None: somebody else did, or it was removed.
    """
    if await tx.run(_CLAIM, id=waiting.id, of_account=account_id, name=waiting.name or name) == 0:
        return None
    tx.record(Event("tenant_user.activated", "user", waiting.id, data={"sub": waiting.sub}))
    return await find(tx, waiting.id)


async def set_status(tx: Change, user: TenantUser, status: str, reason: str | None = None) -> None:
    """Suspend, reactivate, remove, or invite again. Raises Refused where the status does not lead there."""
    if user.status not in _FROM[status] or (status == "active" and user.status != "suspended"):
        raise Refused("conflict", "status_not_reachable", "The user's status does not allow this.", status=409)
    if await tx.run(_SET_STATUS, id=user.id, before=user.status, status=status) == 0:
        raise Refused("conflict", "status_changed_meanwhile", "The user was changed meanwhile.", status=409)
    tx.record(
        Event(
            _EVENT[status], "user", user.id, changes={"status": {"before": user.status, "after": status}}, reason=reason
        )
    )
