"""Tenants: the boundary of everything else. A tenant has a durable slug, settings within bounds, and branding.

`create` makes one in a unit of `founding`; `by_id`, `by_slug` and `own` find one. `standing` is the table that others
join to see, in the read that decides, whether a tenant is active; `recall` gives the parsed tenant of the version that
such a read found.
"""

from sigid.tenants.settings import LIFETIMES, InvalidSettings, Lifetimes, TenantSettings
from sigid.tenants.tables import tenant as standing
from sigid.tenants.tenants import (
    INSTALLATION,
    INSTALLATION_SLUG,
    InvalidTenant,
    SlugTaken,
    Stale,
    Tenant,
    by_id,
    by_slug,
    catalogue_changed,
    create,
    create_installation,
    every,
    founding,
    own,
    reactivate,
    recall,
    suspend,
    update,
)

__all__ = [
    "INSTALLATION",
    "INSTALLATION_SLUG",
    "LIFETIMES",
    "InvalidSettings",
    "InvalidTenant",
    "Lifetimes",
    "SlugTaken",
    "Stale",
    "Tenant",
    "TenantSettings",
    "by_id",
    "by_slug",
    "catalogue_changed",
    "create",
    "create_installation",
    "every",
    "founding",
    "own",
    "reactivate",
    "recall",
    "standing",
    "suspend",
    "update",
]
