"""From a client id to its application and tenant, with each request anew.

The directory tells the tenant; one read there answers with the versions of application and tenant, and of these
versions everything is kept in memory: standing, secrets, settings. So a suspension or a rotated secret holds with the
next request on every process, and what is read for it is one row.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from sigid import tenants
from sigid.applications import queries
from sigid.applications.application import Application, from_row
from sigid.kernel import callers
from sigid.kernel.callers import ANONYMOUS, Actor, Caller, Origin
from sigid.kernel.database import Look, Row, Use, look
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import digest
from sigid.tenants import Tenant

LONGEST_CLIENT_ID: Final = 200
_MOST_DIRECTED: Final = 100_000
_MOST_PARSED: Final = 10_000
_NOTED_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Found:
    """An application and its tenant as of this request."""

    application: Application
    tenant: Tenant
    last_used_at: datetime | None

    @property
    def active(self) -> bool:
        """Neither the application nor its tenant is suspended."""
        return self.application.active and self.tenant.active

    def caller(self, origin: Origin) -> Caller:
        """The application itself, in its tenant."""
        return callers.in_tenant(self.tenant.id, Actor("service", self.application.id), origin)


Key = TypeVar("Key")
Value = TypeVar("Value")


class _Recent(Generic[Key, Value]):
    """The most recently used of what never changes, or carries a version."""

    def __init__(self, most: int) -> None:
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._most = most

    def get(self, key: Key) -> Value | None:
        value = self._kept.get(key)
        if value is not None:
            self._kept.move_to_end(key)
        return value

    def put(self, key: Key, value: Value) -> None:
        self._kept[key] = value
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, key: Key) -> None:
        self._kept.pop(key, None)


_owners: _Recent[str, TenantId] = _Recent(_MOST_DIRECTED)
_parsed: _Recent[str, Application] = _Recent(_MOST_PARSED)
_noted: _Recent[str, datetime] = _Recent(_MOST_DIRECTED)


async def find(client_id: str, origin: Origin) -> Found | None:
    """The application that a client id names, suspended or not; None where there is none."""
    if not 0 < len(client_id) <= LONGEST_CLIENT_ID:
        return None
    remembered = _owners.get(client_id)
    tenant_id = remembered or await _owner(client_id, origin)
    if tenant_id is None:
        return None
    found = await _in_tenant(tenant_id, client_id, origin)
    if found is None and remembered is not None:  # released since, and perhaps another tenant's now
        _owners.drop(client_id)
        return await find(client_id, origin)
    return found


async def _owner(client_id: str, origin: Origin) -> TenantId | None:
    async with look(callers.anyone(origin)) as tx:
        row = await tx.one(queries.OWNER, key=digest(client_id))
    if row is None:
        return None
    _owners.put(client_id, TenantId(row.tenant_id))
    return TenantId(row.tenant_id)


async def _in_tenant(tenant_id: TenantId, client_id: str, origin: Origin) -> Found | None:
    async with look(callers.in_tenant(tenant_id, ANONYMOUS, origin)) as tx:
        return await by_client_id(tx, client_id)


async def by_client_id(tx: Look, client_id: str) -> Found | None:
    """The same, for who knows the tenant."""
    row = await tx.one(queries.DECIDE, client_id=client_id)
    if row is None:
        return None
    application = _parsed.get(row.id)
    if application is None or application.version != row.version:
        application = _read(await tx.one(queries.BY_CLIENT_ID, client_id=client_id))
    tenant = tenants.recall(tx.tenant_id, row.tenant_version, row.tenant_catalogue) or await tenants.own(tx)
    return Found(application, tenant, row.last_used_at) if application is not None else None


async def by_id(tx: Look, application_id: str) -> Application | None:
    """The application of this tenant with the id."""
    return _read(await tx.one(queries.BY_ID, id=application_id))


async def by_name(tx: Look, name: str) -> list[Application]:
    """The applications of this tenant with the name."""
    return [from_row(row) for row in await tx.all(queries.BY_NAME, name=name)]


async def page(tx: Look, after: str = "") -> list[Application]:
    """Up to 200 applications in the order of their ids."""
    return [from_row(row) for row in await tx.all(queries.PAGE, after=after)]


async def origin_is_registered(browser_origin: str, origin: Origin) -> bool:
    """Some application has this origin: enough for a preflight, which names no client."""
    if not 0 < len(browser_origin) <= 2000:
        return False
    async with look(callers.anyone(origin)) as tx:
        return await tx.one(queries.ORIGIN_KNOWN, key=digest(browser_origin)) is not None


async def note_use(tx: Use, found: Found) -> None:
    """Keep when it was last used, at most once an hour."""
    application_id, before = found.application.id, tx.now - _NOTED_EVERY
    noted = max((moment for moment in (found.last_used_at, _noted.get(application_id)) if moment), default=None)
    if noted is None or noted < before:
        _noted.put(application_id, tx.now)
        await tx.run(queries.USED, id=application_id, before=before)


def _read(row: Row | None) -> Application | None:
    if row is None:
        return None
    application = from_row(row)
    _parsed.put(application.id, application)
    return application
