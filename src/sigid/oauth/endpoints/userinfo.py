"""UserInfo (OpenID Connect Core section 5.3): for any live token of a user that has `openid`."""

from typing import Any

from sigid import applications, members
from sigid.kernel import callers
from sigid.kernel.callers import Actor
from sigid.kernel.database import look
from sigid.kernel.errors import InvalidToken, OAuthError
from sigid.kernel.web import NO_STORE, NOSNIFF, Request, Response, json_response
from sigid.oauth.grants import issuing
from sigid.oauth.rules import bearer
from sigid.tokens import access, keys


async def answer(request: Request) -> Response:
    """What scopes and the `claims` parameter ask for: JSON, or signed for a client that registered an algorithm."""
    token = await access.verify(await bearer.of_request(request), request.issuer)
    if token.claims.get("sub_type") != "user":
        raise InvalidToken("token_not_of_a_user")
    caller = callers.in_tenant(token.tenant_id, Actor("user", str(token.claims["sub"])), request.origin)
    async with look(caller) as tx:
        status = await access.status(tx, token.jti)
        if status is None or status.dead_because is not None:
            raise InvalidToken(status.dead_because if status and status.dead_because else "token_unknown")
        if "openid" not in token.scopes:
            raise _insufficient_scope()
        user = await members.find(tx, status.tenant_user_id or "")
        found = await applications.by_client_id(tx, status.client_id)
    if user is None or found is None:
        raise InvalidToken("token_unknown")  # gone between two reads
    application = found.application
    request.tenant_id, request.client_id = token.tenant_id, application.client_id  # type: ignore[attr-defined]
    request.client_origins = application.browser_origins  # type: ignore[attr-defined]
    asked = status.grant_claims.get("userinfo", ())
    claims = {"sub": user.sub, **issuing.profile(user, scopes=token.scopes, asked=asked)}
    if application.userinfo_signed_response_alg is None:
        return json_response(claims)
    return _signed(claims, request.issuer, application)


def _signed(claims: dict[str, Any], issuer: str, application: applications.Application) -> Response:
    """Section 5.3.2: with `iss` and `aud`."""
    made = {**claims, "iss": issuer, "aud": application.client_id}
    text = keys.sign("JWT", made, application.userinfo_signed_response_alg or "RS256")
    return Response(200, text.encode(), [(b"content-type", b"application/jwt"), NO_STORE, NOSNIFF])


def _insufficient_scope() -> OAuthError:
    return OAuthError(
        "insufficient_scope", "openid_missing", "The token needs the scope openid.", status=403,
        headers={"WWW-Authenticate": 'Bearer realm="sigid", error="insufficient_scope", scope="openid"'},
    )  # fmt: skip
