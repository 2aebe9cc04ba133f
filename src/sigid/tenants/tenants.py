"""Making tenants, finding them, and changing their standing."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import select, update

from sigid.kernel import ids
from sigid.kernel.database import Change, Conflict, Look, append, param, statement
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.tenants.settings import Branding, TenantSettings
from sigid.tenants.tables import slug_owner, tenant

INSTALLATION: Final = TenantId("ten_" + "0" * ids.SUFFIX_LENGTH)
INSTALLATION_SLUG: Final = "sigid"
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
ENVIRONMENTS: Final = ("production", "staging", "development")
STATUSES: Final = ("active", "suspended", "deleted")

_t = tenant.c
_APPEND = append(tenant)
_CLAIM_SLUG = append(slug_owner)
_BY_ID = statement("tenant.by_id", select(*_t).where(_t.id == param("id", _t.id)))
_LOCK = statement("tenant.lock", select(*_t).where(_t.id == param("id", _t.id)).with_for_update())
_OWNER_OF_SLUG = statement(
    "slug_owner.find", select(slug_owner.c.tenant_id).where(slug_owner.c.key == param("key", slug_owner.c.key))
)
_SET_STATUS = statement(
    "tenant.set_status",
    update(tenant)
    .where(_t.id == param("id", _t.id), _t.status != param("status", _t.status))
    .values(status=param("status", _t.status), version=_t.version + 1),
)
_SET_SETTINGS = statement(
    "tenant.set_settings",
    update(tenant)
    .where(_t.id == param("id", _t.id))
    .values(
        name=param("name", _t.name),
        settings=param("settings", _t.settings),
        branding=param("branding", _t.branding),
        version=_t.version + 1,
    ),
)


@dataclass(frozen=True, slots=True)
class Tenant:
    id: TenantId
    slug: str
    name: str
    status: str
    project: str | None
    environment: str
    settings: TenantSettings
    branding: Branding
    version: int
    created_at: datetime

    @property
    def active(self) -> bool:
        return self.status == "active"


def is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None and "--" not in text


def _from_row(row: Any) -> Tenant:
    return Tenant(
        id=row.id, slug=row.slug, name=row.name, status=row.status, project=row.project, environment=row.environment,
        settings=TenantSettings.from_json(row.settings), branding=Branding(**row.branding), version=row.version,
        created_at=row.created_at,
    )  # fmt: skip


async def create(
    tx: Change,
    tenant_id: TenantId,
    *,
    slug: str,
    name: str,
    environment: str = "production",
    project: str | None = None,
    settings: TenantSettings | None = None,
) -> Tenant:
    """Make a tenant. `tx` records in the new tenant's own log. Raises Refused when the slug is taken or malformed."""
    if not is_slug(slug):
        raise Refused(
            "validation_failed", "slug_malformed",
            "slug must be 1 to 63 lower-case letters, digits and single hyphens.", status=422,
        )  # fmt: skip
    if not 1 <= len(name) <= 200 or environment not in ENVIRONMENTS:
        raise Refused("validation_failed", "tenant_malformed", "name or environment is not allowed.", status=422)
    made = Tenant(
        tenant_id, slug, name, "active", project or slug, environment, settings or TenantSettings(), Branding(), 1, tx.now
    )
    if await tx.one(_OWNER_OF_SLUG, key=_key(slug)) is not None:
        raise Refused("conflict", "slug_taken", "This slug is taken.", status=409)
    tx.append(_CLAIM_SLUG, key=_key(slug), tenant_id=tenant_id)
    tx.append(
        _APPEND,
        **{**asdict(made), "settings": made.settings.to_json(), "branding": asdict(made.branding)},
    )
    tx.record(Event("tenant.created", "tenant", tenant_id, data={"slug": slug, "name": name}))
    return made


async def ensure_installation(tx: Change) -> bool:
    """Make the installation's own tenant where there is none. False: it was there."""
    if await tx.one(_BY_ID, id=INSTALLATION) is not None:
        return False
    try:
        await create(tx, INSTALLATION, slug=INSTALLATION_SLUG, name="SigID")
    except Conflict:
        return False
    return True


async def by_id(tx: Look, tenant_id: str) -> Tenant | None:
    row = await tx.one(_BY_ID, id=tenant_id)
    return _from_row(row) if row else None


async def by_slug(tx: Look, slug: str) -> Tenant | None:
    if not is_slug(slug):
        return None
    owner = await tx.one(_OWNER_OF_SLUG, key=_key(slug))
    return await by_id(tx, owner.tenant_id) if owner else None


async def set_status(tx: Change, tenant_id: str, status: str, reason: str | None = None) -> bool:
    """Suspend, reactivate or delete. Every process refuses (or serves) from its next request on."""
    if status not in STATUSES:
        raise ValueError(status)
    if await tx.run(_SET_STATUS, id=tenant_id, status=status) == 0:
        return False
    name = {"active": "tenant.reactivated", "suspended": "tenant.suspended", "deleted": "tenant.updated"}[status]
    tx.record(Event(name, "tenant", tenant_id, changes={"status": {"after": status}}, reason=reason))
    return True


async def update_settings(
    tx: Change, tenant_id: str, *, name: str | None = None, settings: TenantSettings | None = None,
    branding: Branding | None = None,
) -> Tenant:  # fmt: skip
    """Change what is given. Raises Refused for an unknown tenant."""
    row = await tx.one(_LOCK, id=tenant_id)
    if row is None:
        raise Refused("not_found", "tenant_unknown", status=404)
    before = _from_row(row)
    after_settings, after_branding = settings or before.settings, branding or before.branding
    await tx.run(
        _SET_SETTINGS, id=tenant_id, name=name or before.name, settings=after_settings.to_json(),
        branding=asdict(after_branding),
    )  # fmt: skip
    tx.record(
        Event(
            "tenant.updated", "tenant", tenant_id,
            changes={"settings": {"before": before.settings.to_json(), "after": after_settings.to_json()}},
        )  # fmt: skip
    )
    found = await by_id(tx, tenant_id)
    assert found is not None  # noqa: S101  (its row is locked by this unit)
    return found


def _key(slug: str) -> bytes:
    return sha256(slug.encode()).digest()


