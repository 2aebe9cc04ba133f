"""The statements of tenants."""

from typing import Final

from sqlalchemy import insert, select, update

from sigid.kernel.database import param, statement, upsert
from sigid.tenants.tables import slug, tenant

_t = tenant.c
_COLUMNS = (
    _t.id, _t.slug, _t.name, _t.status, _t.project, _t.environment, _t.settings, _t.branding, _t.version,
    _t.catalogue, _t.created_at,
)  # fmt: skip
_THIS = _t.id == param("id", _t.id)
_AT_VERSION = _t.version == param("expected", _t.version)

ADD: Final = statement("tenant.add", insert(tenant).values({column.name: param(column.name, column) for column in _t}))
CLAIM_SLUG: Final = upsert(
    "slug.claim",
    lambda insert: (
        insert(slug)
        .values(key=param("key", slug.c.key), tenant_id=param("owner", slug.c.tenant_id))
        .on_conflict_do_nothing()
    ),
)
BY_ID: Final = statement("tenant.by_id", select(*_COLUMNS).where(_THIS))
BY_SLUG: Final = statement(
    "tenant.by_slug",
    select(*_COLUMNS).join_from(slug, tenant, _t.id == slug.c.tenant_id).where(slug.c.key == param("key", slug.c.key)),
)
ALL: Final = statement("tenant.all", select(*_COLUMNS).where(_t.id > param("after", _t.id)).order_by(_t.id).limit(200))
UPDATE: Final = statement(
    "tenant.update",
    update(tenant)
    .where(_THIS, _AT_VERSION)
    .values(
        name=param("name", _t.name),
        status=param("status", _t.status),
        settings=param("settings", _t.settings),
        branding=param("branding", _t.branding),
        version=_t.version + 1,
    ),
)
CATALOGUE_CHANGED: Final = statement(
    "tenant.catalogue_changed", update(tenant).where(_THIS).values(catalogue=_t.catalogue + 1)
)
