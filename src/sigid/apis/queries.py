"""The statements of APIs."""

from typing import Final

from sqlalchemy import delete, insert, select, update

from sigid.apis.tables import api
from sigid.kernel.database import param, statement

_a = api.c
_COLUMNS = (
    _a.id, _a.audience, _a.name, _a.scopes, _a.access, _a.signing_alg, _a.token_lifetime, _a.status, _a.version,
    _a.created_at,
)  # fmt: skip
_MINE = _a.tenant_id == param("tenant_id", _a.tenant_id)
_THIS = (_MINE, _a.id == param("id", _a.id))

ADD: Final = statement("api.add", insert(api).values({column.name: param(column.name, column) for column in _a}))
BY_ID: Final = statement("api.by_id", select(*_COLUMNS).where(*_THIS))
ALL: Final = statement("api.all", select(*_COLUMNS).where(_MINE).order_by(_a.id).limit(1000))
UPDATE: Final = statement(
    "api.update",
    update(api)
    .where(*_THIS, _a.version == param("expected", _a.version))
    .values(
        name=param("name", _a.name),
        scopes=param("scopes", _a.scopes),
        access=param("access", _a.access),
        signing_alg=param("signing_alg", _a.signing_alg),
        token_lifetime=param("token_lifetime", _a.token_lifetime),
        status=param("status", _a.status),
        version=_a.version + 1,
    ),
)
DELETE: Final = statement("api.delete", delete(api).where(*_THIS))
