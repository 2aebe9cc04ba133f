"""Making APIs and finding them by audience."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import select

from sigid.apis.builtin import OPENID_SCOPES, builtin
from sigid.apis.tables import api
from sigid.kernel import ids
from sigid.kernel.database import Change, Look, append, param, statement
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event

# RFC 6749 section 3.3: scope-token, without what would break a header or a list.
SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")
MOST_SCOPES: Final = 500
ALGORITHMS: Final = ("ES256", "EdDSA", "RS256", "PS256")

_a = api.c
_APPEND = append(api)
_ALL = statement(
    "api.all", select(*_a).where(_a.tenant_id == param("tenant_id", _a.tenant_id)).order_by(_a.id).limit(1000)
)
_BY_AUDIENCE = statement(
    "api.by_audience",
    select(*_a).where(
        _a.tenant_id == param("tenant_id", _a.tenant_id), _a.audience == param("audience", _a.audience)
    ),
)


@dataclass(frozen=True, slots=True)
class Api:
    """`access`: `consent` (any active user, as the person allows) or `roles` (what the user's roles hold).

    `token_lifetime` in seconds; None takes the tenant's.
    """

    id: str
    audience: str
    name: str
    scopes: Mapping[str, str]
    access: str
    signing_alg: str
    token_lifetime: int | None


def is_audience(text: str) -> bool:
    """An absolute URI without a fragment (RFC 8707 section 2)."""
    if not text.isascii() or not text.isprintable() or len(text) > 500 or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and not parts.fragment and "#" not in text and bool(parts.netloc or parts.path)


async def create(
    tx: Change, *, audience: str, name: str, scopes: Mapping[str, str], access: str = "consent",
    signing_alg: str = "ES256", token_lifetime: int | None = None,
) -> Api:  # fmt: skip
    """Make an API. Raises Refused for what is malformed; a taken audience is a Conflict when the unit ends."""
    if not is_audience(audience):
        raise _malformed("audience_malformed", "audience must be an absolute URI without a fragment.")
    if access not in ("consent", "roles") or signing_alg not in ALGORITHMS or not 1 <= len(name) <= 200:
        raise _malformed("api_malformed", "name, access or signing_alg is not allowed.")
    if len(scopes) > MOST_SCOPES or any(SCOPE.fullmatch(scope) is None for scope in scopes):
        raise _malformed("scope_malformed", "A scope must be 1 to 128 printable characters without spaces or quotes.")
    if OPENID_SCOPES & scopes.keys():
        raise _malformed("scope_reserved", "openid, profile, email and offline_access are not an API's scopes.")
    if any(not 1 <= len(description) <= 200 for description in scopes.values()):
        raise _malformed("scope_without_description", "Every scope needs a description of 1 to 200 characters.")
    if token_lifetime is not None and not 60 <= token_lifetime <= 3600:
        raise _malformed("lifetime_out_of_bounds", "token_lifetime must be between 60 and 3600 seconds.")
    made = Api(ids.new_id("api"), audience, name, dict(scopes), access, signing_alg, token_lifetime)
    tx.append(
        _APPEND, id=made.id, audience=audience, name=name, scopes=dict(scopes), access=access, signing_alg=signing_alg,
        token_lifetime=token_lifetime, version=1, created_at=tx.now,
    )  # fmt: skip
    tx.record(Event("api.created", "api", made.id, data={"audience": audience, "name": name}))
    return made


def _malformed(reason: str, description: str) -> Refused:
    return Refused("validation_failed", reason, description, status=422)


def _from_row(row: Any) -> Api:
    return Api(row.id, row.audience, row.name, row.scopes, row.access, row.signing_alg, row.token_lifetime)


def _builtin(issuer: str) -> Api:
    audience, scopes = builtin(issuer)
    # People hold none of its scopes by consent: administrators get theirs by their role, services by registration.
    return Api("api_builtin", audience, "SigID", scopes, "roles", "ES256", None)


async def by_audience(tx: Look, issuer: str, audience: str) -> Api | None:
    """The tenant's API with this audience, the built-in one too."""
    own = _builtin(issuer)
    if audience == own.audience:
        return own
    row = await tx.one(_BY_AUDIENCE, audience=audience)
    return _from_row(row) if row else None


async def all_of(tx: Look, issuer: str) -> dict[str, Api]:
    """Every API of the tenant by audience, the built-in one too."""
    found = {row.audience: _from_row(row) for row in await tx.all(_ALL)}
    own = _builtin(issuer)
    return {own.audience: own, **found}
