"""What an application is: an OAuth client of one tenant.

The names are those of RFC 7591 section 2 and OpenID Connect Dynamic Registration 1.0 section 2 where those have one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from sigid.applications.redirect_uris import origin_of
from sigid.applications.secrets import StoredSecret
from sigid.kernel.database import Row

TYPES: Final = ("web", "spa", "native", "service")
SECRET_METHODS: Final = frozenset({"client_secret_basic", "client_secret_post"})
AUTH_METHODS: Final = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
GRANT_TYPES: Final = ("authorization_code", "refresh_token", "client_credentials")
RESPONSE_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")


@dataclass(frozen=True)
class Application:
    """An application as it was at `version`; everything in it is parsed once and kept for as long."""

    id: str
    client_id: str
    name: str
    type: str
    status: str
    version: int
    created_at: datetime
    registered: bool = False
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    origins: tuple[str, ...] | None = None
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ()
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 (a method's name)
    token_endpoint_auth_signing_alg: str | None = None
    jwks: Mapping[str, Any] | None = None
    jwks_uri: str | None = None
    require_pkce: bool = True
    id_token_signed_response_alg: str = "RS256"  # noqa: S105 (an algorithm's name)
    userinfo_signed_response_alg: str | None = None
    default_max_age: int | None = None
    require_auth_time: bool = False
    consent: str = "ask"
    profile: str | None = None
    secrets: tuple[StoredSecret, ...] = ()
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    initiate_login_uri: str | None = None
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    registration_token_digest: bytes | None = None
    metadata: Mapping[str, Any] | None = None  # the rest of a registration: kept and answered, not used

    @property
    def active(self) -> bool:
        """It is not suspended."""
        return self.status == "active"

    @property
    def public(self) -> bool:
        """It cannot prove who it is (RFC 6749 section 2.1)."""
        return self.token_endpoint_auth_method == "none"  # noqa: S105 (a method's name)

    @property
    def native(self) -> bool:
        """It runs on the person's own device."""
        return self.type == "native"

    @property
    def response_types(self) -> tuple[str, ...]:
        """What it may ask the authorization endpoint for."""
        return ("code",) if "authorization_code" in self.grant_types else ()

    def may_use(self, grant_type: str) -> bool:
        """The grant type is one that it registered."""
        return grant_type in self.grant_types

    @cached_property
    def browser_origins(self) -> frozenset[str]:
        """The origins whose scripts may read our answers to this client."""
        if self.origins is not None:
            return frozenset(self.origins)
        if not self.public:
            return frozenset()
        return frozenset(origin for uri in self.redirect_uris if (origin := origin_of(uri)) is not None)


_LISTS: Final = ("redirect_uris", "post_logout_redirect_uris", "origins", "scopes", "audiences", "grant_types")


def from_row(row: Row) -> Application:
    """The application of a row with all columns."""
    values = row._asdict()
    for name in _LISTS:
        values[name] = None if values[name] is None else tuple(values[name])
    values["secrets"] = tuple(StoredSecret.from_json(secret) for secret in values["secrets"])
    return Application(**values)


def columns(application: Application) -> dict[str, Any]:
    """The application as its row holds it."""
    values = {field.name: getattr(application, field.name) for field in fields(application)}
    for name in _LISTS:
        values[name] = None if values[name] is None else list(values[name])
    values["secrets"] = [secret.as_json() for secret in application.secrets]
    values["metadata"] = application.metadata or {}
    return values
