"""The token endpoint (RFC 6749 section 3.2)."""

from datetime import timedelta
from typing import Any

from sigid.kernel import metrics
from sigid.kernel.errors import InvalidGrant, InvalidRequest, OAuthError
from sigid.kernel.web import Form, Request, Response, json_response
from sigid.oauth.client_authentication import Client, authenticate
from sigid.oauth.grants import authorization_code, client_credentials, refresh_token

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


async def answer(request: Request) -> Response:
    """POST only, parameters in the body only, each once."""
    if request.scope["query_string"]:
        raise InvalidRequest("parameters_in_query", "Parameters belong in the body.")
    form = (await request.form()).refuse_repeated()
    grant_type = form.get("grant_type")
    if grant_type is None:
        raise InvalidRequest("grant_type_missing", "grant_type is required.")
    client = await authenticate(request, form)
    if grant_type not in GRANT_TYPES:
        raise OAuthError("unsupported_grant_type", "grant_type_unknown", "This grant type is not offered.")
    if not client.application.may_use(grant_type):
        raise OAuthError("unauthorized_client", "grant_type_not_given", "This client may not use this grant type.")
    made = await _redeem(grant_type, client, form, request)
    if isinstance(made, OAuthError):  # committed with its mark; now it is told
        raise made
    metrics.token_issued(grant_type)
    return json_response(made)


async def _redeem(grant_type: str, client: Client, form: Form, request: Request) -> dict[str, Any] | InvalidGrant:
    if grant_type == "client_credentials":
        return await client_credentials.redeem(client, form, request.issuer)
    if grant_type == "authorization_code":
        return await authorization_code.redeem(client, form, request.issuer)
    window = timedelta(seconds=request.settings.refresh_reuse_seconds)
    return await refresh_token.redeem(client, form, request.issuer, window)
