"""Metadata of the authorization server (RFC 8414, OpenID Connect Discovery 1.0): what works, and only that."""

from functools import lru_cache
from typing import Any, Final

import orjson

from sigid.accounts import sessions
from sigid.applications import AUTH_METHODS, GRANT_TYPES, RESPONSE_ALGORITHMS, key_sets
from sigid.kernel.web import JSON, NOSNIFF, Request, Response
from sigid.oauth.rules import prompt, response_mode

SCOPES: Final = ("openid", "profile", "email", "offline_access")
CLAIMS: Final = (
    "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "tenant_id",
    "name", "email", "email_verified", "updated_at",
)  # fmt: skip
LOCALES: Final = ("en", "de")


def metadata(issuer: str) -> dict[str, Any]:
    """All members, for both documents: RFC 8414 section 2 allows the OpenID ones in its own."""
    confidential = tuple(method for method in AUTH_METHODS if method != "none")
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
        "response_modes_supported": response_mode.OFFERED,
        "grant_types_supported": GRANT_TYPES,
        "acr_values_supported": (sessions.ACR_1FA,),
        "subject_types_supported": ("pairwise",),
        "id_token_signing_alg_values_supported": RESPONSE_ALGORITHMS,
        "userinfo_signing_alg_values_supported": RESPONSE_ALGORITHMS,
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": key_sets.ALGORITHMS,
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": key_sets.ALGORITHMS,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": key_sets.ALGORITHMS,
        "display_values_supported": ("page", "popup"),
        "claim_types_supported": ("normal",),
        "claims_supported": CLAIMS,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "code_challenge_methods_supported": ("S256",),
        "authorization_response_iss_parameter_supported": True,
        "prompt_values_supported": prompt.OFFERED,
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
