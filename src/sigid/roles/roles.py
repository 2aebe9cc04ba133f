"""Making, finding and changing roles."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sigid.kernel import ids
from sigid.kernel.database import Change, Conflict, Look, Row
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.roles import queries

_PERMISSION: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,200}")  # a scope-token of RFC 6749 section 3.3
_LONGEST_NAME: Final = 100
_LONGEST_DESCRIPTION: Final = 500
_MOST_PERMISSIONS: Final = 500


class InvalidRole(Refused):
    """A role that cannot be so; `pointer` names the field."""

    def __init__(self, pointer: str, reason: str, rule: str) -> None:
        super().__init__("invalid_role", reason, rule, status=422)
        self.pointer = pointer


class RoleNameTaken(Refused):
    """Another role of the tenant has this name."""

    def __init__(self) -> None:
        super().__init__("role_name_taken", "role_name_taken", "Another role has this name.", status=409)


class StaleRole(Refused):
    """It was changed or deleted meanwhile (If-Match)."""

    def __init__(self) -> None:
        super().__init__("etag_mismatch", "version_stale", "It was changed meanwhile. Read it again.", status=412)


@dataclass(frozen=True, slots=True)
class Role:
    """A named bundle of permissions, which are names of scopes."""

    id: str
    name: str
    description: str
    permissions: frozenset[str]
    version: int
    created_at: datetime


async def create(tx: Change, *, name: str, permissions: Iterable[str] = (), description: str = "") -> Role:
    """Make a role. Raises InvalidRole, RoleNameTaken."""
    role = Role(ids.new_id("role"), name, description, frozenset(permissions), 1, tx.now)
    _check(role)
    try:
        await tx.run(
            queries.ADD,
            id=role.id,
            name=name,
            description=description,
            permissions=sorted(role.permissions),
            version=1,
            created_at=tx.now,
        )
    except Conflict:
        raise RoleNameTaken from None
    changes = {"name": name, "permissions": sorted(role.permissions)}
    tx.record(Event("role.created", "role", role.id, changes=changes))
    return role


async def by_id(tx: Look, role_id: str) -> Role | None:
    """The role of this tenant with the id."""
    row = await tx.one(queries.BY_ID, id=role_id)
    return _from_row(row) if row else None


async def by_name(tx: Look, name: str) -> Role | None:
    """The role of this tenant with the name."""
    row = await tx.one(queries.BY_NAME, name=name)
    return _from_row(row) if row else None


async def by_ids(tx: Look, role_ids: Sequence[str]) -> list[Role]:
    """Those of the roles that exist."""
    return [_from_row(row) for row in await tx.all(queries.BY_IDS, ids=list(role_ids))] if role_ids else []


async def page(tx: Look, after: str = "") -> list[Role]:
    """Up to 200 roles in the order of their ids."""
    return [_from_row(row) for row in await tx.all(queries.PAGE, after=after)]


async def update(
    tx: Change,
    role: Role,
    *,
    name: str | None = None,
    description: str | None = None,
    permissions: Iterable[str] | None = None,
) -> Role:
    """Change what is given. Raises InvalidRole, RoleNameTaken, StaleRole."""
    new = replace(
        role,
        name=role.name if name is None else name,
        description=role.description if description is None else description,
        permissions=role.permissions if permissions is None else frozenset(permissions),
        version=role.version + 1,
    )
    _check(new)
    try:
        stored = await tx.run(
            queries.UPDATE,
            id=role.id,
            expected=role.version,
            name=new.name,
            description=new.description,
            permissions=sorted(new.permissions),
        )
    except Conflict:
        raise RoleNameTaken from None
    if stored == 0:
        raise StaleRole
    changes = {"permissions": {"before": sorted(role.permissions), "after": sorted(new.permissions)}}
    tx.record(Event("role.updated", "role", role.id, changes=changes))
    return new


async def delete(tx: Change, role: Role) -> bool:
    """Delete it; users who have it lose its permissions with their next token."""
    if await tx.run(queries.DELETE, id=role.id) == 0:
        return False
    tx.record(Event("role.deleted", "role", role.id, changes={"name": role.name}))
    return True


def permissions_of(roles: Iterable[Role]) -> frozenset[str]:
    """All that the roles allow together."""
    return frozenset().union(*(role.permissions for role in roles))


def _check(role: Role) -> None:
    if not role.name.strip() or len(role.name) > _LONGEST_NAME or not role.name.isprintable():
        raise InvalidRole("/name", "name_malformed", f"A name has 1 to {_LONGEST_NAME} printable characters.")
    if len(role.description) > _LONGEST_DESCRIPTION:
        raise InvalidRole("/description", "too_long", f"At most {_LONGEST_DESCRIPTION} characters.")
    if len(role.permissions) > _MOST_PERMISSIONS:
        raise InvalidRole("/permissions", "too_many", f"At most {_MOST_PERMISSIONS} permissions.")
    if not all(_PERMISSION.fullmatch(permission) for permission in role.permissions):
        raise InvalidRole("/permissions", "scope_malformed", "A permission is the name of a scope.")


def _from_row(row: Row) -> Role:
    return Role(row.id, row.name, row.description, frozenset(row.permissions), row.version, row.created_at)
