"""What a tenant sees of its people: tenant users, their statuses, and how they join."""

from sigid.members.tables import tenant_user as standing

__all__ = ["standing"]
