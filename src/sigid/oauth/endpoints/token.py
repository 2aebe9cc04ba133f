"""The token endpoint (RFC 6749 section 3.2)."""

from datetime import timedelta
from typing import Any, Final

from sigid.applications import GRANT_TYPES
from sigid.kernel import metrics, throttles
from sigid.kernel.errors import InvalidGrant, InvalidRequest, OAuthError
from sigid.kernel.throttles import Counter
from sigid.kernel.web import Form, Request, Response, json_response
from sigid.oauth.client_authentication import Client, authenticate
from sigid.oauth.grants import authorization_code, client_credentials, refresh_token

_GUESSED: Final = frozenset({"code_not_for_this_client", "refresh_token_unknown"})
_FREE_GUESSES: Final = 200  # of one client from one network


async def answer(request: Request) -> Response:
    """POST only, parameters in the body only, each once."""
    if request.scope["query_string"]:
        raise InvalidRequest("parameters_in_query", "Parameters belong in the body.")
    form = (await request.form()).refuse_repeated()
    client = await authenticate(request, form)
    grant_type = form.get("grant_type")
    if grant_type not in GRANT_TYPES:
        reason = "grant_type_missing" if grant_type is None else "grant_type_unknown"
        raise OAuthError("unsupported_grant_type", reason, f"grant_type must be one of {', '.join(GRANT_TYPES)}.")
    if not client.application.may_use(grant_type):
        raise OAuthError("unauthorized_client", "grant_type_not_given", "This client may not use this grant type.")
    try:
        made = await _redeem(grant_type, client, form, request)
    except InvalidGrant as refused:
        await _count_guess(client, refused, request)
        raise
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


async def _count_guess(client: Client, refused: InvalidGrant, request: Request) -> None:
    """RFC 6749 section 10.10. Held back are further guesses alone: what is right is never kept waiting for them."""
    if refused.reason in _GUESSED:
        counter = Counter.of(_FREE_GUESSES, "grants guessed", client.id, throttles.network(request.origin.ip))
        await throttles.count(client.caller, [counter])
