"""Token revocation (RFC 7009)."""

from sigid.kernel.database import use
from sigid.kernel.errors import InvalidRequest, InvalidToken
from sigid.kernel.web import NO_STORE, Request, Response
from sigid.oauth.client_authentication import authenticate
from sigid.tokens import AccessToken, access, grants, refresh


async def answer(request: Request) -> Response:
    """Section 2.1: first the client's credentials, then if the token was issued to it."""
    if request.scope["query_string"]:
        raise InvalidRequest("parameters_in_query", "Parameters belong in the body.")
    form = (await request.form()).refuse_repeated()
    client = await authenticate(request, form)
    token = form.get("token")
    if token is None:
        raise InvalidRequest("token_missing", "token is required.")
    known = await _verified(token, request.issuer)
    async with use(client.caller) as tx:
        found = await refresh.find(tx, token)
        if found is not None and found.grant.application_id == client.application.id:
            await grants.end(tx, found.grant.id, because="revoked_by_client")  # its access tokens too
        if known is not None and known.claims.get("tenant_id") == client.tenant.id:
            status = await access.status(tx, known.jti)
            if status is not None and status.application_id == client.application.id:
                await access.revoke(tx, known.jti)
    return Response(200, b"", [NO_STORE])  # section 2.2: also for an invalid token, or a stranger's


async def _verified(text: str, issuer: str) -> AccessToken | None:
    try:
        return await access.verify(text, issuer)
    except InvalidToken:
        return None
