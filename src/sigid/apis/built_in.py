"""What every tenant has without making it: OpenID's scopes, and our own API at `{issuer}/api/v1`."""

from collections.abc import Mapping
from typing import Final

# The word that may stand for our own API's audience in a bootstrap file, an application, or a request to the API.
SIGID: Final = "sigid"

OPENID_DESCRIPTIONS: Final[Mapping[str, str]] = {
    "openid": "Sign you in",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay signed in while you are away",
}
OPENID_SCOPES: Final = frozenset(OPENID_DESCRIPTIONS)

SIGID_SCOPES: Final[Mapping[str, str]] = {
    "tenants:read": "See the tenant and its settings",
    "tenants:write": "Change the tenant and its settings",
    "applications:read": "See the applications",
    "applications:write": "Make, change and suspend applications and their secrets",
    "apis:read": "See the APIs and their scopes",
    "apis:write": "Make and change APIs and their scopes",
    "users:read": "See the users",
    "users:write": "Invite, change, suspend and remove users",
    "roles:read": "See the roles",
    "roles:write": "Make, change and delete roles",
    "administrators:read": "See the administrators",
    "administrators:write": "Add, change and remove administrators",
    "audit:read": "Read and export the audit log",
    "audit:write": "Change how long the audit log is kept",
}


def audience(issuer: str) -> str:
    """Our own API's audience."""
    return f"{issuer}/api/v1"
