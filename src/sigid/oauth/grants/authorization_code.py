"""`authorization_code` (RFC 6749 section 4.1.3, RFC 7636 section 4.6, OpenID Connect Core section 3.1.3)."""

from typing import Any

from sigid import applications
from sigid.kernel.database import Use, use
from sigid.kernel.errors import InvalidGrant, InvalidRequest
from sigid.kernel.events import Event
from sigid.kernel.web import Form
from sigid.oauth import codes
from sigid.oauth.client_authentication import Client
from sigid.oauth.codes import Code
from sigid.oauth.grants import issuing
from sigid.oauth.rules import pkce
from sigid.tokens import grants, refresh


async def redeem(client: Client, form: Form, issuer: str) -> dict[str, Any] | InvalidGrant:
    """Check everything, spend, then make. A refusal that must leave its mark is returned."""
    if form.get("code") is None:
        raise InvalidRequest("code_missing", "code is required.")
    async with use(client.caller) as tx:
        code = await codes.find(tx, form.get("code"))
        if code is None or code.application_id != client.application.id:  # issued to the authenticated client
            raise InvalidGrant("code_not_for_this_client")
        if code.spent_at is not None:
            return await _replayed(tx, code)
        if code.dead_because is not None or code.expires_at <= tx.now:
            raise InvalidGrant("code_dead" if code.dead_because is not None else "code_expired")
        misused = _misused(code, form)
        if misused is not None:  # by its own client: the code is dead, and that stays
            await codes.end(tx, code, misused)
            return InvalidGrant(misused)
        standing = await grants.find(tx, code.grant_id)
        if standing is None or standing.dead_because is not None:
            raise InvalidGrant(standing.dead_because or "grant_ended" if standing else "grant_ended")
        grant = standing.grant
        to = await issuing.target(tx, client, issuer, grant, grant.scopes, form.all("resource"))
        if not await codes.spend(tx, code):
            return await _replayed(tx, code)
        answer = issuing.issue(tx, client, issuer, grant, to, sid=standing.sid, nonce=code.nonce)
        if grant.offline:
            idle = client.tenant.settings.lifetimes.refresh_token_idle
            answer["refresh_token"] = refresh.begin(tx, grant, idle).reveal()
        await applications.note_use(tx, client.found)
        return answer


def _misused(code: Code, form: Form) -> str | None:
    """What does not belong to the code (a private reason); None where all of it does."""
    if code.redirect_uri != form.get("redirect_uri"):  # RFC 6749 section 4.1.3: values MUST be identical
        return "redirect_uri_differs"
    return None if pkce.fits(code.code_challenge, form.raw("code_verifier")) else "code_verifier_wrong"


async def _replayed(tx: Use, code: Code) -> InvalidGrant:
    """RFC 6749 section 4.1.2: deny, and revoke what the first use got."""
    await grants.end(tx, code.grant_id, because="code_replayed")
    tx.record(Event("auth.code.replayed", "grant", code.grant_id, reason="code_reused", outcome="denied"))
    return InvalidGrant("code_reused")
