"""Making the tokens of a person's grant: the same for a code and for a refresh (RFC 6749 section 5.1).

What a user may do at an API with `access: roles` is what their roles hold at this moment; the rest is left out, and
`scope` says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sigid import apis, members, roles
from sigid.apis import OPENID_SCOPES, Api
from sigid.kernel.database import Look, Use
from sigid.kernel.errors import InvalidGrant, InvalidTarget
from sigid.members import TenantUser
from sigid.oauth.client_authentication import Client
from sigid.oauth.rules import resource
from sigid.tokens import Grant, access, identity


@dataclass(frozen=True, slots=True)
class Target:
    """Whom the next access token is for, and what it allows there."""

    audience: str
    api: Api | None
    scopes: tuple[str, ...]
    roles: tuple[str, ...]
    user: TenantUser


async def target(
    tx: Look, client: Client, issuer: str, grant: Grant, scopes: Sequence[str], sent: Sequence[str]
) -> Target:
    """The audience of the next token, of those that were authorized. Raises InvalidTarget, InvalidGrant."""
    if len(sent) > 1:
        raise InvalidTarget("several_resources", "A token is for one resource: name one.")
    if sent and sent[0] not in grant.audiences:
        raise InvalidTarget("resource_not_authorized")
    catalogue = await apis.catalogue(tx, client.tenant, issuer)
    audience = sent[0] if sent else (grant.audiences[0] if grant.audiences else None)
    user = await members.find(tx, grant.tenant_user_id) if grant.tenant_user_id else None
    if user is None or not user.active:
        raise InvalidGrant("tenant_user_not_active")
    held = await roles.by_ids(tx, user.role_ids) if user.role_ids else []
    api = catalogue.find(audience) if audience is not None else None
    meant = resource.scopes_at(audience, scopes, catalogue.by_audience)
    names = tuple(sorted(role.name for role in held))
    return Target(audience or issuer, api, permitted(meant, api, roles.permissions_of(held)), names, user)


def permitted(scopes: Iterable[str], api: Api | None, permissions: frozenset[str]) -> tuple[str, ...]:
    """Of these scopes, what the API's `access` leaves a user."""
    if api is None or api.access == "consent":
        return tuple(scopes)
    own = permissions if api.access == "roles" else frozenset[str]()
    return tuple(scope for scope in scopes if scope in OPENID_SCOPES or scope in own)


def issue(
    tx: Use, client: Client, issuer: str, grant: Grant, to: Target, *, sid: str | None, nonce: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Mint the access token and, for `openid`, the ID token."""
    lifetimes = client.tenant.settings.lifetimes
    life = to.api.token_lifetime if to.api is not None and to.api.token_lifetime else lifetimes.access_token
    minted = access.mint(
        tx, issuer=issuer, alg=to.api.signing_alg if to.api is not None else "ES256", audience=to.audience,
        client_id=client.application.client_id, application_id=client.application.id, sub=grant.sub,
        sub_type=grant.sub_type, scope=to.scopes, life=life, grant_id=grant.id, tenant_user_id=grant.tenant_user_id,
        sid=sid, auth_time=grant.auth_time, acr=grant.acr, amr=grant.amr, roles=to.roles,
    )  # fmt: skip
    answer: dict[str, Any] = {
        "access_token": minted.text,
        "token_type": "Bearer",
        "expires_in": minted.expires_in,
        "scope": " ".join(to.scopes),
    }
    if "openid" in to.scopes:
        answer["id_token"] = identity.mint(
            issuer=issuer, alg=client.application.id_token_signed_response_alg, client_id=client.application.client_id,
            tenant_id=client.tenant.id, sub=grant.sub, now=tx.now, life=lifetimes.id_token, auth_time=grant.auth_time,
            nonce=nonce, acr=grant.acr, amr=grant.amr, sid=sid or grant.sid, access_token=minted.text,
            claims=profile(to.user, asked=grant.claims.get("id_token", ())),
        )  # fmt: skip
    return answer


_BY_SCOPE: Mapping[str, tuple[str, ...]] = {"profile": ("name", "updated_at"), "email": ("email", "email_verified")}


def profile(user: TenantUser, *, scopes: Iterable[str] = (), asked: Iterable[str] = ()) -> dict[str, Any]:
    """What this tenant knows of the person, as far as scopes and the `claims` parameter ask (OIDC Core section 5.4)."""
    wanted = {name for scope in scopes for name in _BY_SCOPE.get(scope, ())} | set(asked)
    known = {
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified if user.email else None,
        "updated_at": int(user.created_at.timestamp()),
    }
    return {name: value for name, value in known.items() if name in wanted and value is not None}
