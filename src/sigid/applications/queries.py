"""The statements of applications."""

from typing import Final

from sqlalchemy import delete, insert, or_, select, update

from sigid import tenants
from sigid.applications.tables import application, browser_origin, client
from sigid.kernel.database import NOW, Time, param, statement, upsert

_a, _t = application.c, tenants.standing.c
_MINE = _a.tenant_id == param("tenant_id", _a.tenant_id)
_THIS = (_MINE, _a.id == param("id", _a.id))
_BY_CLIENT_ID = (_MINE, _a.client_id == param("client_id", _a.client_id))
_NOT_PARSED = ("tenant_id", "response_types", "last_used_at")
_COLUMNS = [column for column in _a if column.name not in _NOT_PARSED]
_FIXED = ("tenant_id", "id", "client_id", "type", "registered", "created_at", "version", "last_used_at")

CLAIM_CLIENT_ID: Final = upsert(
    "client.claim",
    lambda insert_: (
        insert_(client)
        .values(key=param("key", client.c.key), tenant_id=param("tenant_id", client.c.tenant_id))
        .on_conflict_do_nothing()
    ),
)
RELEASE_CLIENT_ID: Final = statement(
    "client.release",
    delete(client).where(
        client.c.key == param("key", client.c.key), client.c.tenant_id == param("tenant_id", client.c.tenant_id)
    ),
)
OWNER: Final = statement("client.owner", select(client.c.tenant_id).where(client.c.key == param("key", client.c.key)))

CLAIM_ORIGIN: Final = upsert(
    "browser_origin.claim",
    lambda insert_: (
        insert_(browser_origin)
        .values(key=param("key", browser_origin.c.key), tenant_id=param("tenant_id", browser_origin.c.tenant_id))
        .on_conflict_do_nothing()
    ),
)
ORIGIN_KNOWN: Final = statement(
    "browser_origin.known",
    select(browser_origin.c.tenant_id).where(browser_origin.c.key == param("key", browser_origin.c.key)).limit(1),
)

ADD: Final = statement(
    "application.add", insert(application).values({column.name: param(column.name, column) for column in _a})
)
# What decides about a request: everything else is of this version, and kept in memory.
DECIDE: Final = statement(
    "application.decide",
    select(
        _a.id, _a.version, _a.last_used_at, _t.version.label("tenant_version"), _t.catalogue.label("tenant_catalogue")
    )
    .join_from(application, tenants.standing, _t.id == _a.tenant_id)
    .where(*_BY_CLIENT_ID),
)
BY_CLIENT_ID: Final = statement("application.by_client_id", select(*_COLUMNS).where(*_BY_CLIENT_ID))
BY_ID: Final = statement("application.by_id", select(*_COLUMNS).where(*_THIS))
PAGE: Final = statement(
    "application.page", select(*_COLUMNS).where(_MINE, _a.id > param("after", _a.id)).order_by(_a.id).limit(200)
)
BY_NAME: Final = statement(
    "application.by_name", select(*_COLUMNS).where(_MINE, _a.name == param("name", _a.name)).order_by(_a.id).limit(200)
)
UPDATE: Final = statement(
    "application.update",
    update(application)
    .where(*_THIS, _a.version == param("expected", _a.version))
    .values({column.name: param(column.name, column) for column in _a if column.name not in _FIXED})
    .values(version=_a.version + 1),
)
DELETE: Final = statement("application.delete", delete(application).where(*_THIS))
USED: Final = statement(
    "application.used",
    update(application)
    .where(*_THIS, or_(_a.last_used_at.is_(None), _a.last_used_at < param("before", type_=Time())))
    .values(last_used_at=NOW),
)
