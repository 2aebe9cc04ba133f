"""From a client id to its application and tenant, for each request anew.

The directory tells the tenant; one read then answers everything that decides (standing of application and tenant, live
secrets) together with the versions. What carries a version is parsed once and kept; nothing that decides is.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import select

from sigid import tenants
from sigid.applications.applications import Application, from_row
from sigid.applications.tables import application, client_owner, origin_owner
from sigid.kernel import callers
from sigid.kernel.callers import Actor, Caller, Origin
from sigid.kernel.database import Look, look, param, statement
from sigid.kernel.ids import TenantId
from sigid.tenants import Tenant

_KEPT: Final = 20_000
_LONGEST_CLIENT_ID: Final = 500

_a, _t = application.c, tenants.standing
_OWNER = statement(
    "client_owner.find", select(client_owner.c.tenant_id).where(client_owner.c.key == param("key", client_owner.c.key))
)
_DECIDE = statement(
    "application.decide",
    select(
        _a.id, _a.status, _a.version, _a.secrets, _a.registration_token_digest, _a.last_used_at,
        _t.status.label("tenant_status"), _t.version.label("tenant_version"),
    )
    .join_from(application, _t.id.table, _t.id == _a.tenant_id)
    .where(_a.tenant_id == param("tenant_id", _a.tenant_id), _a.client_id == param("client_id", _a.client_id)),
)  # fmt: skip
_BY_CLIENT_ID = statement(
    "application.by_client_id",
    select(*_a).where(
        _a.tenant_id == param("tenant_id", _a.tenant_id), _a.client_id == param("client_id", _a.client_id)
    ),
)
_BY_ID = statement(
    "application.by_id",
    select(*_a).where(_a.tenant_id == param("tenant_id", _a.tenant_id), _a.id == param("id", _a.id)),
)
_ORIGIN = statement(
    "origin_owner.find", select(origin_owner.c.tenant_id).where(origin_owner.c.key == param("key", origin_owner.c.key))
)


@dataclass(frozen=True, slots=True)
class Found:
    """An application with all that decides about it, as of this request."""

    application: Application
    tenant: Tenant
    status: str
    secrets: list[dict[str, Any]]
    registration_token_digest: bytes | None
    last_used_at: datetime | None

    @property
    def active(self) -> bool:
        return self.status == "active" and self.tenant.status == "active"

    def caller(self, origin: Origin) -> Caller:
        """The application itself, in its tenant."""
        actor = Actor("service", self.application.client_id)
        return callers.in_tenant(TenantId(self.application.tenant_id), actor, origin)


class _Kept(OrderedDict[Any, Any]):
    """The most recently used of something that carries a version, or never changes."""

    def keep(self, key: Any, value: Any) -> None:
        self[key] = value
        if len(self) > _KEPT:
            self.popitem(last=False)


_owners: _Kept = _Kept()
_applications: _Kept = _Kept()
_tenants: _Kept = _Kept()


async def find(client_id: str, origin: Origin) -> Found | None:
    """The application that a client id names, suspended or not; None where there is none."""
    if not 1 <= len(client_id) <= _LONGEST_CLIENT_ID:
        return None
    known = _owners.get(client_id)
    tenant_id = known or await _owner(client_id, origin)
    if tenant_id is None:
        return None
    found = await _in_tenant(TenantId(tenant_id), client_id, origin)
    if found is None and known is not None:  # released since, and perhaps another tenant's now
        _owners.pop(client_id, None)
        return await find(client_id, origin)
    return found


async def _owner(client_id: str, origin: Origin) -> str | None:
    async with look(callers.anyone(origin)) as tx:
        row = await tx.one(_OWNER, key=sha256(client_id.encode()).digest())
    if row is not None:
        _owners.keep(client_id, row.tenant_id)
        return str(row.tenant_id)
    return None


async def _in_tenant(tenant_id: TenantId, client_id: str, origin: Origin) -> Found | None:
    async with look(callers.in_tenant(tenant_id, callers.ANONYMOUS, origin)) as tx:
        row = await tx.one(_DECIDE, client_id=client_id)
        if row is None:
            return None
        made = _applications.get(row.id)
        if made is None or made.version != row.version:
            full = await tx.one(_BY_CLIENT_ID, client_id=client_id)
            if full is None:
                return None
            made = from_row(full)
            _applications.keep(made.id, made)
        tenant = await _tenant(tx, tenant_id, row.tenant_version)
    if tenant is None:
        return None
    return Found(made, tenant, row.status, row.secrets, row.registration_token_digest, row.last_used_at)


async def _tenant(tx: Look, tenant_id: TenantId, version: int) -> Tenant | None:
    """The tenant as of `version`; every change of its status raises the version too."""
    known: Tenant | None = _tenants.get(tenant_id)
    if known is None or known.version != version:
        known = await tenants.by_id(tx, tenant_id)
        if known is not None:
            _tenants.keep(tenant_id, known)
    return known


async def by_id(tx: Look, application_id: str) -> Application | None:
    row = await tx.one(_BY_ID, id=application_id)
    return from_row(row) if row else None


async def origin_is_registered(origin: str, request: Origin) -> bool:
    """Some application has this origin: enough for a preflight, which names no client."""
    if len(origin) > _LONGEST_CLIENT_ID:
        return False
    async with look(callers.anyone(request)) as tx:
        return await tx.one(_ORIGIN, key=sha256(origin.encode()).digest()) is not None
