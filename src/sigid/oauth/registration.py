"""What a client says of itself when it registers, and what it is told (RFC 7591, RFC 7592, OpenID Connect Dynamic
Registration 1.0).

A registration is somebody's wish, so what it may become is decided here: scopes of the tenant's own APIs and never of
ours, nothing that only an administrator sets, nothing that we could not keep. What it leaves out has a default, what it
may not have is left out or refused, and what became of it is told. The rules that hold for every application
(`sigid.applications`) are applied to the result.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from sigid.apis import OPENID_SCOPES, Catalogue
from sigid.applications import SECRET_METHODS, TYPES, Application, InvalidMetadata, defaults
from sigid.kernel import jws, strict_json
from sigid.kernel.errors import OAuthError
from sigid.kernel.secrets import Secret
from sigid.oauth.rules import client_name, scope
from sigid.tenants import Tenant

LARGEST: Final = 64 * 1024
_DEEPEST: Final = 8
_MOST_TEXTS: Final = 100
_LONGEST_TEXT: Final = 2000
_DEFAULT_SCOPES: Final = ("openid", "profile", "email", "offline_access")
_POLICY: Final = "initial_access_policy"

_TEXTS: Final = (
    "token_endpoint_auth_signing_alg", "jwks_uri", "userinfo_signed_response_alg", "client_uri", "logo_uri",
    "policy_uri", "tos_uri", "initiate_login_uri", "backchannel_logout_uri",
)  # fmt: skip
_LISTS: Final = ("redirect_uris", "post_logout_redirect_uris")
_FLAGS: Final = ("require_auth_time", "backchannel_logout_session_required")

# Kept and told again; nothing of ours depends on it.
_KEPT_TEXTS: Final = ("software_id", "software_version", "sector_identifier_uri", "request_object_signing_alg")
_KEPT_LISTS: Final = ("contacts", "request_uris", "default_acr_values")
_IN_LANGUAGES: Final = ("client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri")  # RFC 7591 section 2.2

# What a client asks for its protection and does not get here is refused: it would rely on it.
_NOT_KEPT: Final = (
    "authorization_encrypted_response_alg", "authorization_encrypted_response_enc", "authorization_signed_response_alg",
    "id_token_encrypted_response_alg", "id_token_encrypted_response_enc", "introspection_encrypted_response_alg",
    "introspection_encrypted_response_enc", "introspection_signed_response_alg", "userinfo_encrypted_response_alg",
    "userinfo_encrypted_response_enc",
)  # fmt: skip
_NOT_KEPT_IF_TRUE: Final = (
    "dpop_bound_access_tokens", "require_pushed_authorization_requests", "require_signed_request_object",
    "tls_client_certificate_bound_access_tokens",
)  # fmt: skip

# Ours alone to say (RFC 7592 section 2.2).
_OURS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client is to be: the arguments of `applications.create` and `update`."""

    type: str
    name: str
    settings: dict[str, Any]

    @property
    def sector_identifier_uri(self) -> str | None:
        """Where the client says its redirect URIs stand."""
        uri: str | None = self.settings["metadata"].get("sector_identifier_uri")
        return uri


def parse(body: bytes) -> dict[str, Any]:
    """The members of the body, without those that are null (RFC 7592 section 2.2). Raises InvalidMetadata."""
    try:
        sent = strict_json.loads(body, max_depth=_DEEPEST)
    except strict_json.JsonMalformed:
        raise InvalidMetadata("", "registration_not_json", "The body must be one JSON object.") from None
    if not isinstance(sent, dict):
        raise InvalidMetadata("", "registration_not_json", "The body must be one JSON object.")
    return {name: value for name, value in sent.items() if value is not None}


def wanted(
    sent: Mapping[str, Any],
    tenant: Tenant,
    catalogue: Catalogue,
    policy: Mapping[str, Any],
    *,
    type_: str | None = None,
) -> Wanted:
    """What the client may be of what it wants to be. `type_`: what it is already.

    `policy` of its initial access token: the `scopes`, `grant_types` and `types` that it may not leave. Raises
    InvalidMetadata, OAuthError.
    """
    _refuse_statement(sent)
    _refuse_promises(sent)
    if sent.get("tenant") not in (None, tenant.slug, {"id": tenant.id, "slug": tenant.slug}):
        raise InvalidMetadata("/tenant", "registration_for_another_tenant", "tenant is not the one of this token.")
    kind = _type(sent, type_)
    said = defaults(kind)
    settings: dict[str, Any] = {name: _text(sent, name) for name in _TEXTS}
    settings |= {name: _texts(sent, name) for name in _LISTS}
    settings |= {name: _flag(sent, name) for name in _FLAGS}
    settings["grant_types"] = _texts(sent, "grant_types") or said["grant_types"]
    settings["token_endpoint_auth_method"] = (
        _text(sent, "token_endpoint_auth_method") or said["token_endpoint_auth_method"]
    )
    settings["id_token_signed_response_alg"] = _text(sent, "id_token_signed_response_alg") or "RS256"
    settings["origins"] = _texts(sent, "origins") if "origins" in sent else None
    settings["default_max_age"] = _number(sent, "default_max_age")
    settings["jwks"] = _object(sent, "jwks")
    _refuse_beyond(policy, "types", kind)
    _refuse_beyond(policy, "grant_types", *settings["grant_types"])
    _check_response_types(sent, settings["grant_types"])
    settings["scopes"], settings["audiences"] = _scopes(sent, settings["grant_types"], catalogue, policy)
    name = _name(sent, settings)
    client_name.check(name, (tenant.name, tenant.slug))
    settings["metadata"] = _rest(sent, kind, tenant) | ({_POLICY: dict(policy)} if policy else {})
    return Wanted(kind, name, settings)


def replaced(sent: Mapping[str, Any], before: Application, tenant: Tenant, catalogue: Catalogue) -> Wanted:
    """What a registered client may become (RFC 7592 section 2.2): everything is said anew. Raises InvalidMetadata."""
    if sent.get("client_id") != before.client_id:
        raise InvalidMetadata("/client_id", "registration_client_id_differs", "client_id must be the client's own.")
    for name in _OURS:
        if name in sent:
            raise InvalidMetadata(f"/{name}", "registration_member_ours", f"{name} is not the client's to say.")
    new = wanted(sent, tenant, catalogue, (before.metadata or {}).get(_POLICY, {}), type_=before.type)
    was, becomes = before.token_endpoint_auth_method, new.settings["token_endpoint_auth_method"]
    kept = was == becomes or (was in SECRET_METHODS and becomes in (*SECRET_METHODS, "private_key_jwt"))
    if not kept:  # nobody is to have a weaker client, or another kind of client, for knowing a registration token
        raise InvalidMetadata(
            "/token_endpoint_auth_method",
            "auth_method_weakened",
            "A client keeps its way of authenticating, or a better.",
        )
    return new


def told(
    application: Application, tenant: Tenant, issuer: str, registration_token: Secret, secret: Secret | None = None
) -> dict[str, Any]:
    """Client information response (RFC 7591 section 3.2.1, RFC 7592 section 3). A secret is told once."""
    answer: dict[str, Any] = {
        "client_id": application.client_id,
        "client_id_issued_at": int(application.created_at.timestamp()),
        "registration_client_uri": f"{issuer}/oauth/register/{quote(application.client_id, safe='')}",
        "registration_access_token": registration_token.reveal(),
        "tenant": {"id": tenant.id, "slug": tenant.slug},
        "client_name": application.name,
        "type": application.type,
        "grant_types": application.grant_types,
        "response_types": application.response_types,
        "scope": " ".join(application.scopes),
        "token_endpoint_auth_method": application.token_endpoint_auth_method,
        "id_token_signed_response_alg": application.id_token_signed_response_alg,
    }
    if secret is not None:
        answer |= {"client_secret": secret.reveal(), "client_secret_expires_at": 0}
    for name in (*_LISTS, *_TEXTS, *_FLAGS, "origins", "default_max_age", "jwks"):
        value = getattr(application, name)
        if value is not None and (value != () or name == "origins") and value is not False:
            answer[name] = value
    return {name: value for name, value in (application.metadata or {}).items() if name != _POLICY} | answer


def _refuse_statement(sent: Mapping[str, Any]) -> None:
    """RFC 7591 section 3.2.2. No issuer of software statements is trusted, so a good one is not approved."""
    if "software_statement" not in sent:
        return
    statement = sent["software_statement"]
    try:
        parsed = jws.parse(statement if isinstance(statement, str) else "")
        good = parsed.header["alg"].lower() != "none" and isinstance(parsed.claims().get("iss"), str)
    except jws.Malformed:
        good = False
    if not good:
        raise OAuthError("invalid_software_statement", "software_statement_malformed", "It is not a signed statement.")
    raise OAuthError(
        "unapproved_software_statement", "software_statement_unapproved", "Its issuer is not trusted here."
    )


def _refuse_promises(sent: Mapping[str, Any]) -> None:
    for name in (*_NOT_KEPT, *(flag for flag in _NOT_KEPT_IF_TRUE if sent.get(flag) is not False)):
        if name in sent:
            raise InvalidMetadata(f"/{name}", "registration_not_offered", f"{name} is not offered.")
    if _text(sent, "subject_type") not in (None, "pairwise"):
        raise InvalidMetadata("/subject_type", "subject_type_not_pairwise", "subject_type must be pairwise.")


def _refuse_beyond(policy: Mapping[str, Any], name: str, *values: str) -> None:
    allowed = policy.get(name)
    if allowed is not None and not set(values) <= set(allowed):
        raise InvalidMetadata(f"/{name}", "registration_beyond_policy", "The initial access token does not allow this.")


def _type(sent: Mapping[str, Any], is_already: str | None) -> str:
    """Ours has four types, OpenID's `application_type` two; method and grants tell the rest."""
    application_type, named = _text(sent, "application_type"), _text(sent, "type")
    if application_type not in (None, "web", "native"):
        raise InvalidMetadata("/application_type", "application_type_unknown", "Must be web or native.")
    if named is not None and named not in TYPES:
        raise InvalidMetadata("/type", "type_unknown", f"type must be one of {', '.join(TYPES)}.")
    kind = named or is_already
    if kind is None and application_type == "native":
        kind = "native"
    if kind is None and _texts(sent, "grant_types") == ("client_credentials",):
        kind = "service"
    if kind is None:
        kind = "spa" if sent.get("token_endpoint_auth_method") == "none" else "web"
    said_otherwise = application_type is not None and (application_type == "native") != (kind == "native")
    if said_otherwise or kind != (is_already or kind):
        raise InvalidMetadata("/application_type", "type_changed", "A client is of one type, and stays of it.")
    return kind


def _check_response_types(sent: Mapping[str, Any], grant_types: tuple[str, ...]) -> None:
    """RFC 7591 section 2.1: what is asked of both endpoints belongs together."""
    types = _texts(sent, "response_types")
    if not set(types) <= {"code"}:
        raise InvalidMetadata("/response_types", "response_type_not_code", "response_types must be code.")
    if types and "authorization_code" not in grant_types:
        raise InvalidMetadata("/response_types", "response_type_without_grant", "code needs authorization_code.")


def _scopes(
    sent: Mapping[str, Any], grant_types: tuple[str, ...], catalogue: Catalogue, policy: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the scopes asked for those that a registered client may have, and the audiences that have them."""
    apis = [api for api in catalogue.by_audience.values() if not api.is_ours]
    possible = set(OPENID_SCOPES).union(*(api.scopes for api in apis))
    possible &= set(policy.get("scopes", possible))
    asked = scope.parse(_text(sent, "scope"))
    if not asked and "authorization_code" in grant_types:
        asked = _DEFAULT_SCOPES
    given = tuple(name for name in asked if name in possible)
    return given, tuple(api.audience for api in apis if any(name in api.scopes for name in given))


def _name(sent: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Its own, or the host that it lives at."""
    name = _text(sent, "client_name")
    if name is not None:
        return name
    for uri in (settings["client_uri"], *settings["redirect_uris"]):
        try:
            host = urlsplit(uri or "").hostname
        except ValueError:
            host = None
        if host:
            return host[:100]
    return "Registered client"


def _rest(sent: Mapping[str, Any], kind: str, tenant: Tenant) -> dict[str, Any]:
    rest: dict[str, Any] = {
        "application_type": "native" if kind == "native" else "web",
        "subject_type": "pairwise",
    }
    rest |= {name: value for name in _KEPT_TEXTS if (value := _text(sent, name)) is not None}
    rest |= {name: list(values) for name in _KEPT_LISTS if (values := _texts(sent, name))}
    for name in sent:
        plain, mark, _language = name.partition("#")
        if mark and plain in _IN_LANGUAGES:
            rest[name] = _text(sent, name)
            if plain == "client_name":
                _check_printable(name, str(rest[name]))
                client_name.check(str(rest[name]), (tenant.name, tenant.slug))
    return rest


def _check_printable(name: str, value: str) -> None:
    if not value.strip() or len(value) > 100 or not value.isprintable():
        raise InvalidMetadata(f"/{name}", "name_malformed", "A name has 1 to 100 printable characters.")


def _text(sent: Mapping[str, Any], name: str) -> str | None:
    value = sent.get(name)
    if value is None:
        return None
    longest = LARGEST if name == "scope" else _LONGEST_TEXT
    if not isinstance(value, str) or len(value) > longest:
        raise InvalidMetadata(f"/{name}", "member_malformed", f"{name} must be a text of at most {longest} characters.")
    return value


def _texts(sent: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = sent.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and len(item) <= _LONGEST_TEXT for item in value):
        raise InvalidMetadata(f"/{name}", "member_malformed", f"{name} must be a list of texts.")
    if len(value) > _MOST_TEXTS:
        raise InvalidMetadata(f"/{name}", "member_too_long", f"{name} must have at most {_MOST_TEXTS} entries.")
    return tuple(value)


def _flag(sent: Mapping[str, Any], name: str) -> bool:
    value = sent.get(name, False)
    if not isinstance(value, bool):
        raise InvalidMetadata(f"/{name}", "member_malformed", f"{name} must be true or false.")
    return value


def _number(sent: Mapping[str, Any], name: str) -> int | None:
    value = sent.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 53):
        raise InvalidMetadata(f"/{name}", "member_malformed", f"{name} must be a whole number.")
    return value


def _object(sent: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = sent.get(name)
    if value is not None and not isinstance(value, dict):
        raise InvalidMetadata(f"/{name}", "member_malformed", f"{name} must be an object.")
    return value
