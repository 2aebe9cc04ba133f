"""Roles: named bundles of permissions that a tenant gives to its users.

A permission is the name of a scope. Where an API's `access` is `roles`, a user's token holds only those of its scopes
that one of the user's roles permits.
"""

from sigid.roles.roles import (
    InvalidRole,
    Role,
    RoleNameTaken,
    StaleRole,
    by_id,
    by_ids,
    by_name,
    create,
    delete,
    page,
    permissions_of,
    update,
)

__all__ = [
    "InvalidRole",
    "Role",
    "RoleNameTaken",
    "StaleRole",
    "by_id",
    "by_ids",
    "by_name",
    "create",
    "delete",
    "page",
    "permissions_of",
    "update",
]
