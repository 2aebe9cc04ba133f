"""Acme as the plans want it: applications that may go without PKCE, and one for each way to authenticate."""

from typing import Any

import pytest

from tests.conformance.relying_party import RelyingParty
from tests.harness import Person, Server, acme
from tests.harness.bootstrap import CALLBACK

GOODBYE = "http://localhost:3000/goodbye"


def _application(name: str, **changes: Any) -> dict[str, Any]:
    """Confidential, with `openid`: such a one may go without PKCE (RFC 9700 section 2.1.1)."""
    return {
        "name": name,
        "type": "web",
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [GOODBYE],
        "scopes": ["openid", "profile", "email", "offline_access"],
        "require_pkce": False,
    } | changes


@pytest.fixture
def relying_party(server: Server, person: Person) -> RelyingParty:
    applications = [
        _application("web"),
        _application("second"),
        _application("post", token_endpoint_auth_method="client_secret_post"),
    ]
    tenant = server.bootstrap(acme(applications=applications))
    return RelyingParty(server, tenant, person, tenant.application("web"))
