"""Making, finding and changing tenants."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from sigid.kernel import callers, ids
from sigid.kernel.callers import Actor, Caller, Origin
from sigid.kernel.database import Change, Look, Row, Use
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import digest
from sigid.tenants import queries
from sigid.tenants.settings import TenantSettings, checked

Status = Literal["active", "suspended", "deleted"]
Environment = Literal["production", "staging", "development"]
ENVIRONMENTS: Final = ("production", "staging", "development")

# The tenant of the installation itself: owns the first-party clients and what belongs to no other tenant.
INSTALLATION: Final = TenantId("ten_" + "0" * ids.SUFFIX_LENGTH)
INSTALLATION_SLUG: Final = "sigid"

_SLUG: Final = re.compile(r"[a-z](?:[a-z0-9]|-(?=[a-z0-9])){1,62}")
_RESERVED: Final = frozenset({
    "account", "admin", "api", "auth", "dashboard", "dev", "docs", "login", "mcp", "oauth", "signin", "signup",
    "sigid", "static", "support", "t", "well-known", "www",
})  # fmt: skip
_LONGEST_NAME: Final = 100


class InvalidTenant(Refused):
    """A tenant that cannot be made so; `pointer` names the field."""

    def __init__(self, pointer: str, reason: str, rule: str) -> None:
        super().__init__("invalid_tenant", reason, rule, status=422)
        self.pointer = pointer


class SlugTaken(Refused):
    """Another tenant has this slug, or had it once."""

    def __init__(self) -> None:
        super().__init__("slug_taken", "slug_taken", "Another tenant has this slug.", status=409)


class Stale(Refused):
    """It was changed by somebody else meanwhile (If-Match)."""

    def __init__(self) -> None:
        super().__init__("etag_mismatch", "version_stale", "It was changed meanwhile. Read it again.", status=412)


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as it was at `version`. `catalogue` counts the changes of its APIs."""

    id: TenantId
    slug: str
    name: str
    status: Status
    project: str
    environment: Environment
    settings: TenantSettings
    stored_settings: Mapping[str, Any]
    branding: Mapping[str, Any]
    version: int
    catalogue: int
    created_at: datetime

    @property
    def active(self) -> bool:
        """Neither suspended nor deleted."""
        return self.status == "active"

    @property
    def is_installation(self) -> bool:
        """It is the installation's own tenant, where people sign in without joining."""
        return self.id == INSTALLATION


def founding(actor: Actor, origin: Origin) -> Caller:
    """A caller in a tenant that does not exist yet: its unit makes it, with `create`, and what belongs in it."""
    return callers.in_tenant(TenantId(ids.new_id("ten")), actor, origin)


async def create(
    tx: Change,
    *,
    slug: str,
    name: str,
    environment: Environment = "production",
    project: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Tenant:
    """Make the tenant of this unit (`founding`). Raises InvalidTenant, InvalidSettings, SlugTaken."""
    if _SLUG.fullmatch(slug) is None:
        raise InvalidTenant(
            "/slug", "slug_malformed", "A slug has 2 to 63 small letters, digits and single hyphens; a letter first."
        )
    if slug in _RESERVED:
        raise SlugTaken
    _check_name(name)
    if environment not in ENVIRONMENTS:
        raise InvalidTenant("/environment", "environment_unknown", f"Must be one of {', '.join(ENVIRONMENTS)}.")
    return await _make(
        tx,
        slug=slug,
        name=name,
        environment=environment,
        project=project or ids.new_id("prj"),
        settings=checked(settings or {}),
    )


async def create_installation(tx: Use) -> Tenant:
    """Make the installation's own tenant, or leave it as it is; part of `migrate`, in a unit of that tenant."""
    known = await by_id(tx, INSTALLATION)
    if known is not None:
        return known
    return await _make(
        tx,
        slug=INSTALLATION_SLUG,
        name="SigID",
        environment="production",
        project=ids.new_id("prj"),
        settings={"sign_up": "invited"},
    )


async def _make(tx: Use, *, slug: str, name: str, environment: str, project: str, settings: dict[str, Any]) -> Tenant:
    if await tx.run(queries.CLAIM_SLUG, key=digest(slug), owner=tx.tenant_id) == 0:
        raise SlugTaken
    values: dict[str, Any] = {
        "id": tx.tenant_id,
        "slug": slug,
        "name": name,
        "status": "active",
        "project": project,
        "environment": environment,
        "settings": settings,
        "branding": {},
        "version": 1,
        "catalogue": 1,
        "created_at": tx.now,
    }
    await tx.run(queries.ADD, **values)
    tx.record(Event("tenant.created", "tenant", tx.tenant_id, changes={"name": name, "slug": slug}))
    return _parse(values)


async def by_id(tx: Look, tenant_id: str) -> Tenant | None:
    """The tenant, whatever its status."""
    row = await tx.one(queries.BY_ID, id=tenant_id)
    return from_row(row) if row else None


async def by_slug(tx: Look, slug: str) -> Tenant | None:
    """The tenant with this slug, whatever its status."""
    row = await tx.one(queries.BY_SLUG, key=digest(slug))
    return from_row(row) if row else None


async def own(tx: Look) -> Tenant:
    """The unit's own tenant."""
    found = await by_id(tx, tx.tenant_id)
    if found is None:
        raise Refused("not_found", "tenant_gone", status=404)
    return found


async def every(tx: Look, after: str = "") -> list[Tenant]:
    """Up to 200 tenants in the order of their ids, for operators and the worker."""
    return [from_row(row) for row in await tx.all(queries.ALL, after=after)]


async def update(
    tx: Change,
    tenant: Tenant,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    branding: Mapping[str, Any] | None = None,
) -> Tenant:
    """Change what is given; settings and branding are replaced as a whole. Raises Stale."""
    if name is not None:
        _check_name(name)
    new = replace(
        tenant,
        name=tenant.name if name is None else name,
        stored_settings=tenant.stored_settings if settings is None else checked(settings),
        branding=tenant.branding if branding is None else branding,
    )
    changed = [what for what in ("name", "stored_settings", "branding") if getattr(new, what) != getattr(tenant, what)]
    changes = {
        what.removeprefix("stored_"): {"before": getattr(tenant, what), "after": getattr(new, what)} for what in changed
    }
    return await _store(tx, new, Event("tenant.updated", "tenant", tenant.id, changes=changes))


async def suspend(tx: Change, tenant: Tenant, reason: str | None = None) -> Tenant:
    """Stop everything of the tenant with the next request."""
    return await _store(
        tx, replace(tenant, status="suspended"), Event("tenant.suspended", "tenant", tenant.id, reason=reason)
    )


async def reactivate(tx: Change, tenant: Tenant) -> Tenant:
    """Let a suspended tenant go on."""
    return await _store(tx, replace(tenant, status="active"), Event("tenant.reactivated", "tenant", tenant.id))


async def catalogue_changed(tx: Use) -> None:
    """The tenant's APIs are others now: whoever keeps them in memory reads them again."""
    await tx.run(queries.CATALOGUE_CHANGED, id=tx.tenant_id)


async def _store(tx: Change, new: Tenant, event: Event) -> Tenant:
    stored = await tx.run(
        queries.UPDATE,
        id=new.id,
        expected=new.version,
        name=new.name,
        status=new.status,
        settings=new.stored_settings,
        branding=new.branding,
    )
    if stored == 0:
        raise Stale
    tx.record(event)
    return replace(new, version=new.version + 1, settings=TenantSettings.read(new.stored_settings))


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidTenant("/name", "name_malformed", f"A name has 1 to {_LONGEST_NAME} printable characters.")


# Parsed once for each version: what is read with every request is only the version.
_parsed: OrderedDict[tuple[str, int, int], Tenant] = OrderedDict()
_MOST_PARSED: Final = 20_000


def from_row(row: Row) -> Tenant:
    """The tenant of a row, parsed at most once for each version."""
    return recall(row.id, row.version, row.catalogue) or remember(_parse(row._asdict()))


def recall(tenant_id: str, version: int, catalogue: int) -> Tenant | None:
    """The tenant at this version, if this process has seen it."""
    return _parsed.get((tenant_id, version, catalogue))


def remember(tenant: Tenant) -> Tenant:
    """Keep it for `recall`."""
    _parsed[tenant.id, tenant.version, tenant.catalogue] = tenant
    if len(_parsed) > _MOST_PARSED:
        _parsed.popitem(last=False)
    return tenant


def _parse(values: dict[str, Any]) -> Tenant:
    return Tenant(**{
        **values, "settings": TenantSettings.read(values["settings"]), "stored_settings": values["settings"]
    })  # fmt: skip
