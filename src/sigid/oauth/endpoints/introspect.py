"""Token introspection (RFC 7662): for authenticated confidential clients, about tokens that are their business."""

from typing import Any, Final

from sigid.kernel.database import Look, look
from sigid.kernel.errors import InvalidClient, InvalidRequest, InvalidToken
from sigid.kernel.web import Request, Response, json_response
from sigid.oauth.client_authentication import Client, authenticate
from sigid.tokens import access, refresh

_INACTIVE: Final = {"active": False}
_LARGEST_TOKEN: Final = 8 * 1024


async def answer(request: Request) -> Response:
    """Section 2. What is not this client's business looks like what is dead: `{"active": false}`."""
    if request.scope["query_string"]:
        raise InvalidRequest("parameters_in_query", "Parameters belong in the body.")
    form = (await request.form()).refuse_repeated()
    client = await authenticate(request, form)
    if client.application.public:
        raise InvalidClient("introspection_by_public_client")
    token = form.get("token")
    if token is None:
        raise InvalidRequest("token_missing", "token is required.")
    if len(token) > _LARGEST_TOKEN:
        return json_response(_INACTIVE)
    async with look(client.caller) as tx:
        told = await _refresh_token(tx, client, token, request.issuer) or await _access_token(
            tx, client, token, request.issuer
        )
    return json_response(told or _INACTIVE)


async def _access_token(tx: Look, client: Client, text: str, issuer: str) -> dict[str, Any] | None:
    try:
        token = await access.verify(text, issuer)
    except InvalidToken:
        return None
    if token.claims.get("tenant_id") != client.tenant.id:
        return None
    status = await access.status(tx, token.jti)
    if status is None or status.dead_because is not None or not _concerns(client, status, issuer):
        return None
    return {"active": True, "token_type": "Bearer", **token.claims}


def _concerns(client: Client, status: access.Status, issuer: str) -> bool:
    """It was issued to this client, or is for an API that this service is."""
    if status.application_id == client.application.id:
        return True
    if client.application.type != "service":
        return False
    own = [f"{issuer}/api/v1" if audience == "sigid" else audience for audience in client.application.audiences]
    return status.audience in own


async def _refresh_token(tx: Look, client: Client, text: str, issuer: str) -> dict[str, Any] | None:
    found = await refresh.find(tx, text)
    if found is None or found.grant.application_id != client.application.id or found.dead_because(tx.now) is not None:
        return None
    return {
        "active": True,
        "iss": issuer,
        "client_id": client.application.client_id,
        "scope": found.grant.scope,
        "sub": found.grant.sub,
        "exp": int(found.expires_at.timestamp()),
        "tenant_id": client.tenant.id,
    }
