"""What an application may say of itself, and the rules that hold for it whoever says it.

Names are those of RFC 7591 section 2 and OpenID Connect Dynamic Registration 1.0 section 2 where those have one.
"""

import ipaddress
import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from sigid.kernel.errors import OAuthError
from sigid.kernel.settings import is_loopback_host

TYPES: Final = ("web", "spa", "native", "service")
AUTH_METHODS: Final = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials")
ID_TOKEN_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
MOST_URIS: Final = 100
LONGEST_URI: Final = 2000
LONGEST_NAME: Final = 200
MOST_KEYS: Final = 20
_DANGEROUS: Final = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "ws", "wss", "ftp", "mailto"})
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,63}")
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class InvalidRedirectUri(OAuthError):
    def __init__(self, reason: str, description: str) -> None:
        super().__init__("invalid_redirect_uri", reason, description)


class InvalidMetadata(OAuthError):
    def __init__(self, reason: str, description: str) -> None:
        super().__init__("invalid_client_metadata", reason, description)


@dataclass(frozen=True, slots=True)
class Metadata:
    """An application's settings. Lists are tuples; what was not said is empty or None."""

    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105  (a method's name)
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    require_pkce: bool = True
    id_token_signed_response_alg: str = "RS256"
    userinfo_signed_response_alg: str | None = None
    consent: str = "ask"
    profile: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    logo_uri: str | None = None
    client_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    initiate_login_uri: str | None = None
    backchannel_logout_uri: str | None = None
    contacts: tuple[str, ...] = ()
    software_id: str | None = None
    software_version: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Metadata":
        known = {item.name for item in fields(cls)}
        return cls(**{n: tuple(v) if isinstance(v, list) else v for n, v in value.items() if n in known})

    def to_json(self) -> dict[str, Any]:
        default = asdict(Metadata())
        return {name: value for name, value in asdict(self).items() if value != default[name]}


def defaults(type_: str) -> dict[str, Any]:
    """What an application of this type has unless it says otherwise."""
    public = type_ in ("spa", "native")
    grants = ("client_credentials",) if type_ == "service" else ("authorization_code", "refresh_token")
    return {"token_endpoint_auth_method": "none" if public else "client_secret_basic", "grant_types": grants}


def check(type_: str, name: str, metadata: Metadata) -> Metadata:
    """The metadata, completed. Raises InvalidRedirectUri or InvalidMetadata for the first rule that is broken."""
    if type_ not in TYPES:
        raise InvalidMetadata("type_unknown", f"type must be one of {', '.join(TYPES)}.")
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidMetadata("name_malformed", f"The name must have 1 to {LONGEST_NAME} printable characters.")
    _check_method(type_, metadata)
    _check_keys(metadata)
    _check_grants(type_, metadata)
    for uri in metadata.redirect_uris:
        check_redirect_uri(type_, uri)
    for uri in metadata.post_logout_redirect_uris:
        check_redirect_uri(type_, uri)
    if max(len(metadata.redirect_uris), len(metadata.post_logout_redirect_uris), len(metadata.origins)) > MOST_URIS:
        raise InvalidRedirectUri("too_many_uris", f"At most {MOST_URIS} URIs.")
    if "authorization_code" in metadata.grant_types and not metadata.redirect_uris:
        raise InvalidRedirectUri("redirect_uri_missing", "redirect_uris must name at least one address.")
    _check_links(metadata)
    if metadata.consent not in ("ask", "implicit"):
        raise InvalidMetadata("consent_unknown", "consent must be ask or implicit.")
    if metadata.id_token_signed_response_alg not in ID_TOKEN_ALGORITHMS:
        raise InvalidMetadata("id_token_alg_unknown", "id_token_signed_response_alg is not one that is offered.")
    if metadata.userinfo_signed_response_alg not in (None, *ID_TOKEN_ALGORITHMS):
        raise InvalidMetadata("userinfo_alg_unknown", "userinfo_signed_response_alg is not one that is offered.")
    if not metadata.require_pkce and metadata.token_endpoint_auth_method == "none":  # noqa: S105
        raise InvalidMetadata("pkce_public", "A public client must use PKCE.")
    return _with_origins(metadata)


def _check_method(type_: str, metadata: Metadata) -> None:
    method = metadata.token_endpoint_auth_method
    if method not in AUTH_METHODS:
        raise InvalidMetadata("auth_method_unknown", "token_endpoint_auth_method is not one that is offered.")
    if type_ == "service" and method == "none":
        raise InvalidMetadata("service_without_authentication", "A service must authenticate.")
    if type_ in ("spa", "native") and method in ("client_secret_basic", "client_secret_post"):
        raise InvalidMetadata("secret_in_public_client", "This type of application cannot keep a secret.")


def _check_keys(metadata: Metadata) -> None:
    if metadata.jwks is not None and metadata.jwks_uri is not None:
        raise InvalidMetadata("jwks_twice", "jwks and jwks_uri must not both be given.")
    if metadata.token_endpoint_auth_method == "private_key_jwt" and not (metadata.jwks or metadata.jwks_uri):  # noqa: S105
        raise InvalidMetadata("keys_missing", "private_key_jwt needs jwks or jwks_uri.")
    if metadata.jwks is None:
        return
    keys = metadata.jwks.get("keys") if isinstance(metadata.jwks, dict) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise InvalidMetadata("jwks_malformed", f"jwks must have a member keys with at most {MOST_KEYS} keys.")
    for key in keys:
        if _PRIVATE_MEMBERS & key.keys() or key.get("kty") not in ("RSA", "EC", "OKP"):
            raise InvalidMetadata("private_key_in_jwks", "jwks must hold public keys only.")


def _check_grants(type_: str, metadata: Metadata) -> None:
    for grant in metadata.grant_types:
        if grant not in GRANT_TYPES:
            raise InvalidMetadata("grant_type_unknown", "grant_types names one that is not offered.")
    if "client_credentials" in metadata.grant_types and metadata.token_endpoint_auth_method == "none":  # noqa: S105
        raise InvalidMetadata("client_credentials_public", "client_credentials needs an application that authenticates.")
    if type_ == "service" and "authorization_code" in metadata.grant_types:
        raise InvalidMetadata("service_with_people", "A service signs nobody in.")
    if "refresh_token" in metadata.grant_types and "authorization_code" not in metadata.grant_types:
        raise InvalidMetadata("refresh_without_code", "refresh_token needs authorization_code.")


def check_redirect_uri(type_: str, uri: str) -> None:
    """RFC 9700 sections 2.1 and 2.6, RFC 8252 sections 7 and 8. Raises InvalidRedirectUri."""
    parts = _split(uri)
    if parts is None or not parts.scheme:
        raise InvalidRedirectUri("redirect_uri_malformed", "A redirect URI must be an absolute URI.")
    if "#" in uri:
        raise InvalidRedirectUri("redirect_uri_fragment", "A redirect URI must not have a fragment.")
    if "*" in uri:
        raise InvalidRedirectUri("redirect_uri_wildcard", "A redirect URI must not have a wildcard.")
    if parts.scheme in ("http", "https"):
        if not parts.hostname:
            raise InvalidRedirectUri("redirect_uri_without_host", "A redirect URI must name a host.")
        if "@" in parts.netloc or "\\" in uri:
            raise InvalidRedirectUri("redirect_uri_user_information", "A redirect URI must not hold user information.")
        if parts.scheme == "http" and not is_loopback_host(parts.hostname):
            raise InvalidRedirectUri("redirect_uri_not_https", "Use https. Only loopback addresses may do without.")
        return
    if type_ != "native":
        raise InvalidRedirectUri("redirect_uri_scheme", "A redirect URI must be https.")
    # RFC 8252 section 7.1: a scheme of one's own domain in reverse, so that it has a dot.
    if parts.scheme in _DANGEROUS or "." not in parts.scheme or _SCHEME.fullmatch(parts.scheme) is None:
        raise InvalidRedirectUri("redirect_uri_scheme", "A custom scheme must be a domain name in reverse.")


def _split(uri: str) -> SplitResult | None:
    if not uri.isascii() or not uri.isprintable() or " " in uri or not 1 <= len(uri) <= LONGEST_URI:
        return None
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _check_links(metadata: Metadata) -> None:
    """Addresses that SigID fetches or shows: https, or loopback http where the operator allows fetching it."""
    for name in ("jwks_uri", "logo_uri", "client_uri", "policy_uri", "tos_uri", "backchannel_logout_uri"):
        uri = getattr(metadata, name)
        if uri is not None and not is_web_link(uri):
            raise InvalidMetadata("link_not_https", f"{name} must be an https address.")
    uri = metadata.initiate_login_uri
    if uri is not None and (not is_web_link(uri) or not uri.startswith("https://")):
        raise InvalidMetadata("link_not_https", "initiate_login_uri must be an https address.")
    for origin in metadata.origins:
        parts = _split(origin)
        if parts is None or not is_web_link(origin) or origin != f"{parts.scheme}://{parts.netloc}".lower():
            raise InvalidMetadata("origin_malformed", "An origin is a scheme, a host and a port, in lower case.")


def is_web_link(uri: str) -> bool:
    """https to a named public host, or http(s) to loopback (a developer's machine); never with user information."""
    parts = _split(uri)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return False
    if "#" in uri or "\\" in uri:
        return False
    if is_loopback_host(parts.hostname):
        return True
    if parts.scheme != "https":
        return False
    try:
        address = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return "." in parts.hostname and not parts.hostname.endswith((".local", ".internal", ".localhost"))
    return address.is_global


def _with_origins(metadata: Metadata) -> Metadata:
    """A public client's origins, where none are named, are those of its redirect URIs."""
    if metadata.origins or metadata.token_endpoint_auth_method != "none":  # noqa: S105
        return metadata
    found = []
    for uri in metadata.redirect_uris:
        parts = urlsplit(uri)
        if parts.scheme in ("http", "https"):
            found.append(f"{parts.scheme}://{parts.netloc}".lower())
    values = {item.name: getattr(metadata, item.name) for item in fields(metadata)}
    return Metadata(**{**values, "origins": tuple(dict.fromkeys(found))})
