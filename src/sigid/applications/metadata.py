"""The rules that hold for an application whoever says it: bootstrap, an administrator, or the client by registering.

They are applied to the whole result of every creation and every change, so that nothing forbidden is reached in two
steps (CVE-2026-18573, CVE-2026-15572). The first broken one is told, with the field it is about.
"""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import orjson

from sigid.applications import key_sets, redirect_uris
from sigid.applications.application import (
    AUTH_METHODS,
    GRANT_TYPES,
    RESPONSE_ALGORITHMS,
    SECRET_METHODS,
    TYPES,
    Application,
)
from sigid.applications.failures import InvalidMetadata, InvalidRedirectUri
from sigid.kernel.http import AddressRefused
from sigid.kernel.http.targets import parse as judge_address
from sigid.kernel.settings import is_loopback_host

_SCOPE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,200}")  # RFC 6749 section 3.3
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._~:/-]{1,200}")
_LONGEST_NAME: Final = 100
_MOST_SCOPES: Final = 500
_MOST_AUDIENCES: Final = 100
_LARGEST_REST: Final = 16 * 1024
_LONGEST_AGE: Final = 10 * 365 * 86400


def checked(application: Application) -> Application:
    """The application, if every rule holds. Raises InvalidMetadata, InvalidRedirectUri."""
    for rule in _RULES:
        rule(application)
    return application


def _type(application: Application) -> None:
    if application.type not in TYPES:
        raise InvalidMetadata("/type", "type_unknown", f"type must be one of {', '.join(TYPES)}.")


def _names(application: Application) -> None:
    name = application.name
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidMetadata("/name", "name_malformed", f"A name has 1 to {_LONGEST_NAME} printable characters.")
    if _CLIENT_ID.fullmatch(application.client_id) is None:
        raise InvalidMetadata(
            "/client_id", "client_id_malformed", "A client_id has 1 to 200 letters, digits, and ._~:/- characters."
        )


def _method(application: Application) -> None:
    method = application.token_endpoint_auth_method
    if method not in AUTH_METHODS:
        raise InvalidMetadata(
            "/token_endpoint_auth_method", "auth_method_unknown", f"Must be one of {', '.join(AUTH_METHODS)}."
        )
    if application.type == "service" and method == "none":
        raise InvalidMetadata(
            "/token_endpoint_auth_method", "service_without_authentication", "A service authenticates."
        )
    if application.type in ("spa", "native") and method in SECRET_METHODS:
        raise InvalidMetadata(
            "/token_endpoint_auth_method", "secret_in_public_client", "This type of application cannot keep a secret."
        )


def _keys(application: Application) -> None:
    if application.jwks is not None and application.jwks_uri is not None:
        raise InvalidMetadata("/jwks_uri", "jwks_twice", "jwks and jwks_uri are not given together.")
    keyed = application.jwks is not None or application.jwks_uri is not None
    if application.token_endpoint_auth_method == "private_key_jwt" and not keyed:  # noqa: S105 (a method's name)
        raise InvalidMetadata("/jwks", "keys_missing", "private_key_jwt needs jwks or jwks_uri.")
    if application.token_endpoint_auth_signing_alg not in (None, *key_sets.ALGORITHMS):
        raise InvalidMetadata(
            "/token_endpoint_auth_signing_alg", "auth_alg_unknown", f"Must be one of {', '.join(key_sets.ALGORITHMS)}."
        )
    if application.jwks is not None:
        if len(orjson.dumps(application.jwks)) > key_sets.LARGEST:
            raise InvalidMetadata("/jwks", "jwks_too_large", "The key set is too large.")
        try:
            key_sets.parse(application.jwks)
        except key_sets.InvalidKeySet as invalid:
            rule = "jwks holds public RSA, P-256, P-384 or Ed25519 keys, and no private one."
            raise InvalidMetadata("/jwks", invalid.reason, rule) from None


def _grants(application: Application) -> None:
    grants = application.grant_types
    for place, grant in enumerate(grants):
        if grant not in GRANT_TYPES:
            raise InvalidMetadata(
                f"/grant_types/{place}", "grant_type_unknown", f"Must be one of {', '.join(GRANT_TYPES)}."
            )
    if "client_credentials" in grants and application.public:
        raise InvalidMetadata("/grant_types", "client_credentials_public", "client_credentials needs authentication.")
    if application.type == "service" and "authorization_code" in grants:
        raise InvalidMetadata("/grant_types", "service_with_people", "A service signs nobody in.")
    if "refresh_token" in grants and "authorization_code" not in grants:
        raise InvalidMetadata("/grant_types", "refresh_without_code", "refresh_token needs authorization_code.")
    if not application.require_pkce and application.public:
        raise InvalidMetadata("/require_pkce", "pkce_public", "A public client uses PKCE.")


def _uris(application: Application) -> None:
    redirect_uris.check(application.redirect_uris, application.type)
    redirect_uris.check(application.post_logout_redirect_uris, application.type, "post_logout_redirect_uris")
    redirect_uris.check_origins(application.origins or ())
    if "authorization_code" in application.grant_types and not application.redirect_uris:
        raise InvalidRedirectUri("/redirect_uris", "redirect_uri_missing", "At least one redirect URI is needed.")


def _scopes(application: Application) -> None:
    if len(application.scopes) > _MOST_SCOPES or len(application.audiences) > _MOST_AUDIENCES:
        raise InvalidMetadata("/scopes", "too_many", "There are too many scopes or audiences.")
    for place, scope in enumerate(application.scopes):
        if _SCOPE.fullmatch(scope) is None:
            raise InvalidMetadata(f"/scopes/{place}", "scope_malformed", "A scope has printable ASCII without blanks.")


def _algorithms(application: Application) -> None:
    rule = f"Must be one of {', '.join(RESPONSE_ALGORITHMS)}."
    if application.id_token_signed_response_alg not in RESPONSE_ALGORITHMS:
        raise InvalidMetadata("/id_token_signed_response_alg", "response_alg_unknown", rule)
    if application.userinfo_signed_response_alg not in (None, *RESPONSE_ALGORITHMS):
        raise InvalidMetadata("/userinfo_signed_response_alg", "response_alg_unknown", rule)


def _consent(application: Application) -> None:
    if application.consent not in ("ask", "implicit"):
        raise InvalidMetadata("/consent", "consent_unknown", "consent must be ask or implicit.")
    if application.consent == "implicit" and application.registered:
        raise InvalidMetadata("/consent", "consent_implicit_registered", "Only an administrator spares the question.")
    if application.profile is not None:
        raise InvalidMetadata("/profile", "profile_unknown", "There is no such profile.")
    age = application.default_max_age
    if age is not None and not 0 <= age <= _LONGEST_AGE:
        raise InvalidMetadata("/default_max_age", "max_age_malformed", "default_max_age is a number of seconds.")
    if len(orjson.dumps(application.metadata or {})) > _LARGEST_REST:
        raise InvalidMetadata("", "metadata_too_large", "There is too much metadata.")


def _links(application: Application) -> None:
    for name in ("jwks_uri", "logo_uri", "backchannel_logout_uri"):  # we go there ourselves
        uri = getattr(application, name)
        try:
            if uri is not None:
                judge_address(uri, loopback=True)  # each fetch decides anew, and only in development for loopback
        except AddressRefused as refused:
            raise InvalidMetadata(f"/{name}", refused.reason, f"{name} must be a public https address.") from None
    for name in ("client_uri", "policy_uri", "tos_uri"):  # a person may go there
        uri = getattr(application, name)
        if uri is not None and not _is_link(uri):
            raise InvalidMetadata(f"/{name}", "link_malformed", f"{name} must be an https address.")
    uri = application.initiate_login_uri
    if uri is not None and not (_is_link(uri) and uri.startswith("https://")):
        raise InvalidMetadata("/initiate_login_uri", "link_malformed", "initiate_login_uri must be an https address.")


def _is_link(uri: str) -> bool:
    """https, or http to this machine; never with user information."""
    if (
        len(uri) > redirect_uris.LONGEST_URI
        or not uri.isascii()
        or not uri.isprintable()
        or set(uri) & set(' "<>\\^`{|}')
    ):
        return False
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    local = parts.scheme == "http" and is_loopback_host(parts.hostname)
    return (parts.scheme == "https" or local) and bool(parts.hostname) and "@" not in parts.netloc


_RULES: Final[tuple[Callable[[Application], None], ...]] = (
    _type, _names, _method, _keys, _grants, _uris, _scopes, _algorithms, _consent, _links,
)  # fmt: skip
