"""What the foreign clients are registered as."""

from typing import Any

from tests.harness import Server, Tenant, acme
from tests.harness.bootstrap import AUDIENCE

CALLBACK = "http://localhost:3000/callback"
SIGNED_OUT = "http://localhost:3000/signed-out"
SCOPE = "openid profile email offline_access projects:read projects:delete"


def tenant_of(server: Server, *applications: dict[str, Any], **changes: Any) -> Tenant:
    """A tenant with these applications and a `service` that introspects for the API."""
    robot = {"name": "robot", "type": "service", "scopes": ["projects:read"], "audiences": [AUDIENCE]}
    return server.bootstrap(acme(applications=[robot, *applications], **changes))


def web(**changes: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "type": "web",
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [SIGNED_OUT],
        "scopes": SCOPE.split(),
        "audiences": [AUDIENCE],
    } | changes
