"""Making, changing and finding APIs."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from sigid.apis import built_in, queries
from sigid.kernel import ids
from sigid.kernel.database import Change, Conflict, Look, Row
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.tenants import Tenant, catalogue_changed

Access = Literal["consent", "roles", "administrators"]
SIGNING_ALGORITHMS: Final = ("ES256", "EdDSA", "RS256", "PS256")

_SCOPE: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,200}")  # a scope-token of RFC 6749 section 3.3
_AUDIENCE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!$-;=?-Z_a-z~%\[\]]+")  # an absolute URI, no fragment
_LONGEST_AUDIENCE: Final = 500
_LONGEST_TEXT: Final = 200
_MOST_SCOPES: Final = 500
_LIFETIME: Final = (60, 3600)


class InvalidApi(Refused):
    """An API that cannot be so; `pointer` names the field."""

    def __init__(self, pointer: str, reason: str, rule: str) -> None:
        super().__init__("invalid_api", reason, rule, status=422)
        self.pointer = pointer


class AudienceTaken(Refused):
    """Another API of the tenant has this audience, or it is ours."""

    def __init__(self) -> None:
        super().__init__("audience_taken", "audience_taken", "Another API has this audience.", status=409)


class StaleApi(Refused):
    """It was changed or deleted meanwhile (If-Match)."""

    def __init__(self) -> None:
        super().__init__("etag_mismatch", "version_stale", "It was changed meanwhile. Read it again.", status=412)


@dataclass(frozen=True, slots=True)
class Api:
    """A resource server: what its tokens name as their audience, and its scopes with what a person reads of each.

    `access`: `consent` (any active user, as the person allows), `roles` (only what the user's roles permit), and for
    our own API `administrators` (a tenant's users get none of it).
    """

    id: str
    audience: str
    name: str
    scopes: Mapping[str, str]
    access: Access
    signing_alg: str
    token_lifetime: timedelta | None
    status: Literal["active", "suspended"]
    version: int
    created_at: datetime

    @property
    def is_ours(self) -> bool:
        """It is the built-in API of SigID itself."""
        return self.id == _OURS


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All active APIs of a tenant by audience, our own among them."""

    by_audience: Mapping[str, Api]
    issuer: str

    def find(self, audience: str) -> Api | None:
        """The API with this audience; `sigid` stands for our own."""
        return self.by_audience.get(built_in.audience(self.issuer) if audience == built_in.SIGID else audience)

    def of(self, audiences: Iterable[str]) -> list[Api]:
        """Those of the audiences that are APIs here."""
        return [api for audience in audiences if (api := self.find(audience)) is not None]

    def describe(self, scope: str, audiences: Iterable[str]) -> str | None:
        """What a person reads of a scope of one of these APIs, or of OpenID's; None for an unknown one."""
        if scope in built_in.OPENID_DESCRIPTIONS:
            return built_in.OPENID_DESCRIPTIONS[scope]
        return next((api.scopes[scope] for api in self.of(audiences) if scope in api.scopes), None)

    def unknown_scopes(self, scopes: Iterable[str], audiences: Iterable[str]) -> list[str]:
        """Those of the scopes that neither OpenID nor one of these APIs has."""
        known = set(built_in.OPENID_SCOPES).union(*(api.scopes for api in self.of(audiences)))
        return [scope for scope in scopes if scope not in known]


async def create(
    tx: Change,
    *,
    issuer: str,
    audience: str,
    name: str,
    scopes: Mapping[str, str],
    access: str = "consent",
    signing_alg: str = "ES256",
    token_lifetime: int | None = None,
) -> Api:
    """Make an API. Raises InvalidApi, AudienceTaken."""
    _check_audience(audience, issuer)
    api = _checked(
        Api(ids.new_id("api"), audience, name, dict(scopes), "consent", signing_alg, None, "active", 1, tx.now),
        access,
        token_lifetime,
    )
    try:
        await tx.run(queries.ADD, audience=audience, created_at=tx.now, **_columns(api), version=1)
    except Conflict:
        raise AudienceTaken from None
    await catalogue_changed(tx)
    tx.record(Event("api.created", "api", api.id, changes={"audience": audience, "scopes": sorted(scopes)}))
    return api


async def update(
    tx: Change,
    api: Api,
    *,
    name: str | None = None,
    scopes: Mapping[str, str] | None = None,
    access: str | None = None,
    signing_alg: str | None = None,
    token_lifetime: int | None = None,
    status: Literal["active", "suspended"] | None = None,
) -> Api:
    """Change what is given. The audience stays: tokens name it. Raises InvalidApi, StaleApi."""
    seconds = int(api.token_lifetime.total_seconds()) if api.token_lifetime else None
    new = _checked(
        replace(
            api,
            name=api.name if name is None else name,
            scopes=api.scopes if scopes is None else dict(scopes),
            signing_alg=signing_alg or api.signing_alg,
            status=status or api.status,
        ),
        access or api.access,
        seconds if token_lifetime is None else token_lifetime,
    )
    if await tx.run(queries.UPDATE, expected=api.version, **_columns(new)) == 0:
        raise StaleApi
    await catalogue_changed(tx)
    changes = {"scopes": {"before": sorted(api.scopes), "after": sorted(new.scopes)}}
    tx.record(Event("api.updated", "api", api.id, changes=changes))
    return replace(new, version=api.version + 1)


async def delete(tx: Change, api: Api) -> bool:
    """Delete it: no further token is made for its audience."""
    if await tx.run(queries.DELETE, id=api.id) == 0:
        return False
    await catalogue_changed(tx)
    tx.record(Event("api.deleted", "api", api.id, changes={"audience": api.audience}))
    return True


async def by_id(tx: Look, api_id: str) -> Api | None:
    """The API of this tenant with the id."""
    row = await tx.one(queries.BY_ID, id=api_id)
    return _from_row(row) if row else None


async def every(tx: Look) -> list[Api]:
    """All APIs that the tenant made, in the order of their ids."""
    return [_from_row(row) for row in await tx.all(queries.ALL)]


_catalogues: OrderedDict[tuple[str, int, str], Catalogue] = OrderedDict()
_MOST_CATALOGUES: Final = 10_000


async def catalogue(tx: Look, tenant: Tenant, issuer: str) -> Catalogue:
    """The tenant's APIs. Read once for each `catalogue` number of the tenant, which every change of an API raises."""
    key = (tenant.id, tenant.catalogue, issuer)
    known = _catalogues.get(key)
    if known is None:
        apis = {api.audience: api for api in await every(tx) if api.status == "active"}
        known = _catalogues[key] = Catalogue({**apis, built_in.audience(issuer): ours(issuer)}, issuer)
        if len(_catalogues) > _MOST_CATALOGUES:
            _catalogues.popitem(last=False)
    return known


_OURS: Final = "api_" + "0" * ids.SUFFIX_LENGTH


def ours(issuer: str) -> Api:
    """SigID's own API."""
    return Api(
        _OURS, built_in.audience(issuer), "SigID", built_in.SIGID_SCOPES, "administrators", "ES256", None, "active", 1,
        datetime.fromtimestamp(0, UTC),
    )  # fmt: skip


def is_audience(text: str) -> bool:
    """An absolute URI without a fragment (RFC 8707 section 2)."""
    return len(text) <= _LONGEST_AUDIENCE and _AUDIENCE.fullmatch(text) is not None


def _check_audience(audience: str, issuer: str) -> None:
    if not is_audience(audience):
        raise InvalidApi("/audience", "audience_malformed", "An audience is an absolute URI without a fragment.")
    # Nobody else's API may be named as an address of ours: its tokens would open our own doors.
    try:
        theirs = urlsplit(audience.lower())
    except ValueError:
        raise InvalidApi("/audience", "audience_malformed", "An audience is an absolute URI.") from None
    if theirs.netloc.rpartition("@")[2] == urlsplit(issuer).netloc:
        raise AudienceTaken


def _checked(api: Api, access: str, token_lifetime: int | None) -> Api:
    if not api.name.strip() or len(api.name) > _LONGEST_TEXT or not api.name.isprintable():
        raise InvalidApi("/name", "name_malformed", f"A name has 1 to {_LONGEST_TEXT} printable characters.")
    if access not in ("consent", "roles"):
        raise InvalidApi("/access", "access_unknown", "Must be consent or roles.")
    if api.signing_alg not in SIGNING_ALGORITHMS:
        raise InvalidApi("/signing_alg", "alg_unknown", f"Must be one of {', '.join(SIGNING_ALGORITHMS)}.")
    if token_lifetime is not None and not _LIFETIME[0] <= token_lifetime <= _LIFETIME[1]:
        raise InvalidApi("/token_lifetime", "lifetime_out_of_bounds", "Must be 60 to 3600 seconds.")
    if len(api.scopes) > _MOST_SCOPES:
        raise InvalidApi("/scopes", "too_many", f"At most {_MOST_SCOPES} scopes.")
    for scope, description in api.scopes.items():
        if _SCOPE.fullmatch(scope) is None:
            raise InvalidApi(
                "/scopes", "scope_malformed", "A scope has printable ASCII without blank, quote, backslash."
            )
        if scope in built_in.OPENID_SCOPES:
            raise InvalidApi("/scopes", "scope_reserved", "OpenID's own scopes belong to no API.")
        if not description.strip() or len(description) > _LONGEST_TEXT:
            raise InvalidApi("/scopes", "description_malformed", f"Each scope has a text of 1 to {_LONGEST_TEXT}.")
    lifetime = None if token_lifetime is None else timedelta(seconds=token_lifetime)
    return replace(api, access="roles" if access == "roles" else "consent", token_lifetime=lifetime)


def _columns(api: Api) -> dict[str, object]:
    return {
        "id": api.id,
        "name": api.name,
        "scopes": api.scopes,
        "access": api.access,
        "signing_alg": api.signing_alg,
        "token_lifetime": int(api.token_lifetime.total_seconds()) if api.token_lifetime else None,
        "status": api.status,
    }


def _from_row(row: Row) -> Api:
    lifetime = None if row.token_lifetime is None else timedelta(seconds=row.token_lifetime)
    return Api(**{**row._asdict(), "token_lifetime": lifetime})
