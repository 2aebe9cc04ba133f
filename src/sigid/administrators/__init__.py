"""Who keeps a tenant, and who keeps the installation.

Administrators are accounts with a role in a tenant, known there by an `adm_` id; they are not its users. A tenant's
first owner comes through a one-time setup link, which on a new installation also makes the first operator. The last
owner of a tenant cannot be removed, suspended or given a lesser role.

`administrators` · `operators` · `setup_links` · `setup` what the holder of a link does.
"""

from sigid.administrators import operators, setup, setup_links
from sigid.administrators.administrators import (
    OWNER,
    ROLES,
    Administrator,
    add,
    all_of,
    by_account,
    by_id,
    change_role,
    has_owner,
    reactivate,
    remove,
    suspend,
)
from sigid.administrators.setup_links import SetupLink

__all__ = [
    "OWNER",
    "ROLES",
    "Administrator",
    "SetupLink",
    "add",
    "all_of",
    "by_account",
    "by_id",
    "change_role",
    "has_owner",
    "operators",
    "reactivate",
    "remove",
    "setup",
    "setup_links",
    "suspend",
]
