"""What needs no row: the scopes of OpenID Connect, and the control-plane API that every tenant has."""

from types import MappingProxyType
from typing import Final

# OpenID Connect Core section 5.4, and offline access (section 11).
OPENID_SCOPES: Final = frozenset({"openid", "profile", "email", "offline_access"})

SHORT_NAME: Final = "sigid"
_SCOPES: Final = MappingProxyType(
    {
        "tenants:read": "See the tenant and its settings",
        "tenants:write": "Change the tenant and its settings",
        "applications:read": "See applications",
        "applications:write": "Make and change applications",
        "apis:read": "See APIs and their scopes",
        "apis:write": "Make and change APIs and their scopes",
        "users:read": "See users",
        "users:write": "Invite, change and remove users",
        "roles:read": "See roles",
        "roles:write": "Make and change roles",
        "audit:read": "Read the audit log",
        "audit:write": "Export and prune the audit log",
    }
)


def builtin(issuer: str) -> tuple[str, MappingProxyType[str, str]]:
    """The audience and the scopes of the control-plane API."""
    return f"{issuer}/api/v1", _SCOPES
