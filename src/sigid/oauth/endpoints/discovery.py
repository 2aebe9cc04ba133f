"""Metadata of the authorization server (RFC 8414, OpenID Connect Discovery 1.0): what works, and only that."""

from functools import lru_cache
from typing import Any, Final

import orjson

from sigid.kernel.web import JSON, NOSNIFF, Request, Response

SCOPES: Final = ("openid", "profile", "email", "offline_access")
CLAIMS: Final = (
    "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "tenant_id",
    "name", "email", "email_verified", "updated_at", "locale",
)  # fmt: skip
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials")
RESPONSE_MODES: Final = ("query", "fragment", "form_post")
AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
ASSERTION_ALGORITHMS: Final = ("ES256", "ES384", "EdDSA", "PS256", "RS256")
ID_TOKEN_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
PROMPTS: Final = ("none", "login", "consent", "select_account", "create")
LOCALES: Final = ("en", "de")
ACRS: Final = ("urn:sigid:acr:1fa",)


def metadata(issuer: str) -> dict[str, Any]:
    """All members, for both documents: RFC 8414 section 2 allows the OpenID ones in its own."""
    confidential = AUTH_METHODS[:3]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "registration_endpoint": f"{issuer}/oauth/register",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "end_session_endpoint": f"{issuer}/oauth/end-session",
        "scopes_supported": SCOPES,
        "response_types_supported": ("code",),
        "response_modes_supported": RESPONSE_MODES,
        "grant_types_supported": GRANT_TYPES,
        "acr_values_supported": ACRS,
        "subject_types_supported": ("pairwise",),
        "id_token_signing_alg_values_supported": ID_TOKEN_ALGORITHMS,
        "userinfo_signing_alg_values_supported": ID_TOKEN_ALGORITHMS,
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": ASSERTION_ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": ASSERTION_ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": ASSERTION_ALGORITHMS,
        "display_values_supported": ("page", "popup"),
        "claim_types_supported": ("normal",),
        "claims_supported": CLAIMS,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "code_challenge_methods_supported": ("S256",),
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": PROMPTS,
        "ui_locales_supported": LOCALES,
    }


@lru_cache(maxsize=64)
def _rendered(issuer: str) -> bytes:
    return orjson.dumps(metadata(issuer))


async def openid(request: Request) -> Response:
    """OpenID Connect Discovery 1.0 section 4."""
    return Response(200, _rendered(request.issuer), [JSON, NOSNIFF, (b"cache-control", b"public, max-age=300")])


async def oauth(request: Request) -> Response:
    """RFC 8414 section 3."""
    return await openid(request)
