"""`client_credentials` (RFC 6749 section 4.4): a token for the application itself; its `sub` is its `client_id`."""

from typing import Any

from sigid import apis, applications
from sigid.kernel.database import use
from sigid.kernel.errors import InvalidTarget
from sigid.kernel.web import Form
from sigid.oauth.client_authentication import Client
from sigid.oauth.rules import resource, scope
from sigid.tokens import access


async def redeem(client: Client, form: Form, issuer: str) -> dict[str, Any]:
    """Read what decides, sign, append one record: nothing else is written."""
    application = client.application
    async with use(client.caller) as tx:
        catalogue = await apis.catalogue(tx, client.tenant, issuer)
        asked = scope.check(form.get("scope"), application.scopes) or application.scopes
        audiences = resource.check(form.all("resource"), catalogue.by_audience, application.audiences)
        if len(audiences) > 1:
            raise InvalidTarget("several_resources", "A token is for one resource: name one.")
        audience = (
            audiences[0] if audiences else resource.of_scopes(asked, catalogue.by_audience, application.audiences)
        )
        api = catalogue.find(audience) if audience is not None else None
        allowed = tuple(name for name in asked if api is not None and name in api.scopes)
        lifetime = api.token_lifetime if api is not None else None
        minted = access.mint(
            tx, issuer=issuer, alg=api.signing_alg if api is not None else "ES256", audience=audience or issuer,
            client_id=application.client_id, application_id=application.id, sub=application.client_id,
            sub_type="service", scope=allowed, life=lifetime or client.tenant.settings.lifetimes.access_token,
        )  # fmt: skip
        await applications.note_use(tx, client.found)
    return {
        "access_token": minted.text,
        "token_type": "Bearer",
        "expires_in": minted.expires_in,
        "scope": " ".join(allowed),
    }
