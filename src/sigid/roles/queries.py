"""The statements of roles."""

from typing import Final

from sqlalchemy import delete, insert, select, update

from sigid.kernel.database import any_of, param, statement
from sigid.roles.tables import role

_r = role.c
_COLUMNS = (_r.id, _r.name, _r.description, _r.permissions, _r.version, _r.created_at)
_MINE = _r.tenant_id == param("tenant_id", _r.tenant_id)
_THIS = (_MINE, _r.id == param("id", _r.id))

ADD: Final = statement("role.add", insert(role).values({column.name: param(column.name, column) for column in _r}))
BY_ID: Final = statement("role.by_id", select(*_COLUMNS).where(*_THIS))
BY_NAME: Final = statement("role.by_name", select(*_COLUMNS).where(_MINE, _r.name == param("name", _r.name)))
BY_IDS: Final = statement("role.by_ids", select(*_COLUMNS).where(_MINE, any_of(_r.id, "ids")))
PAGE: Final = statement(
    "role.page", select(*_COLUMNS).where(_MINE, _r.id > param("after", _r.id)).order_by(_r.id).limit(200)
)
UPDATE: Final = statement(
    "role.update",
    update(role)
    .where(*_THIS, _r.version == param("expected", _r.version))
    .values(
        name=param("name", _r.name),
        description=param("description", _r.description),
        permissions=param("permissions", _r.permissions),
        version=_r.version + 1,
    ),
)
DELETE: Final = statement("role.delete", delete(role).where(*_THIS))
