"""Making roles and reading what they permit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from sigid.kernel import ids
from sigid.kernel.database import Change, Look, any_of, append, param, statement
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.roles.tables import role

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
MOST_PERMISSIONS: Final = 500

_r = role.c
_APPEND = append(role)
_BY_NAMES = statement(
    "role.by_names",
    select(_r.id, _r.name, _r.permissions).where(
        _r.tenant_id == param("tenant_id", _r.tenant_id), any_of(_r.name, "names")
    ),
)
_BY_IDS = statement(
    "role.by_ids",
    select(_r.name, _r.permissions).where(
        _r.tenant_id == param("tenant_id", _r.tenant_id), any_of(_r.id, "ids")
    ),
)


@dataclass(frozen=True, slots=True)
class Role:
    id: str
    name: str
    permissions: frozenset[str]


async def create(tx: Change, name: str, permissions: Iterable[str], description: str | None = None) -> Role:
    """Make a role. Raises Refused for a malformed name; a taken one is a Conflict when the unit ends."""
    allowed = sorted(set(permissions))
    if _NAME.fullmatch(name) is None or len(allowed) > MOST_PERMISSIONS:
        raise Refused("validation_failed", "role_malformed", "A role's name or permissions are not allowed.", status=422)
    made = Role(ids.new_id("role"), name, frozenset(allowed))
    tx.append(
        _APPEND, id=made.id, name=name, description=description, permissions=allowed, version=1, created_at=tx.now
    )
    tx.record(Event("role.created", "role", made.id, data={"name": name, "permissions": allowed}))
    return made


async def by_names(tx: Look, names: Sequence[str]) -> dict[str, Role]:
    rows = await tx.all(_BY_NAMES, names=list(names)) if names else []
    return {row.name: Role(row.id, row.name, frozenset(row.permissions)) for row in rows}


async def names_and_permissions(tx: Look, role_ids: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The names of these roles, sorted, and everything that they permit together."""
    rows = await tx.all(_BY_IDS, ids=list(role_ids)) if role_ids else []
    return tuple(sorted(row.name for row in rows)), frozenset(p for row in rows for p in row.permissions)
