"""`refresh_token` (RFC 6749 section 6, RFC 9700 section 4.14.2): rotating, with a window for lost answers."""

from datetime import timedelta
from typing import Any

from sigid import applications
from sigid.kernel.database import use
from sigid.kernel.errors import InvalidGrant, InvalidRequest
from sigid.kernel.web import Form
from sigid.oauth.client_authentication import Client
from sigid.oauth.grants import issuing
from sigid.oauth.rules import scope
from sigid.tokens import refresh


async def redeem(client: Client, form: Form, issuer: str, window: timedelta) -> dict[str, Any] | InvalidGrant:
    """The successor with a fresh access token. A family that a stolen token ended stays ended: that is returned."""
    if form.get("refresh_token") is None:
        raise InvalidRequest("refresh_token_missing", "refresh_token is required.")
    async with use(client.caller) as tx:
        found = await refresh.find(tx, form.get("refresh_token"))
        if found is None:
            raise InvalidGrant("refresh_token_unknown")
        if found.grant.application_id != client.application.id:  # its family lives on
            raise InvalidGrant("refresh_token_not_for_this_client")
        if found.standing.dead_because is not None:
            raise InvalidGrant(found.standing.dead_because)
        scopes = scope.narrowed(form.get("scope"), found.grant.scopes)
        to = await issuing.target(tx, client, issuer, found.grant, scopes, form.all("resource"))
        rotated = await refresh.rotate(
            tx, found, application_id=client.application.id, window=window,
            idle=client.tenant.settings.lifetimes.refresh_token_idle,
        )  # fmt: skip
        if isinstance(rotated, InvalidGrant):
            return rotated
        answer = issuing.issue(tx, client, issuer, rotated.grant, to, sid=rotated.sid)
        answer["refresh_token"] = rotated.successor.reveal()
        await applications.note_use(tx, client.found)
        return answer
