"""The application that sends people here: its callback takes the answer and redirects at once, to another origin."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tests.harness import Arrival, Server, Tenant, acme
from tests.harness.application import Application as Client
from tests.harness.application import Authorization
from tests.harness.bootstrap import AUDIENCE
from tests.interop.site import Asked, Given, serving

NAME = "Halden Invoices"


@dataclass
class Application:
    """`origin` is where the callback is, `elsewhere` the origin to which it redirects."""

    origin: str
    elsewhere: str
    tenant: Tenant
    answers: list[Asked] = field(default_factory=list)

    @property
    def client(self) -> Client:
        return self.tenant.application(NAME)

    def authorization(self, **parameters: str) -> Authorization:
        scope = "openid profile email offline_access projects:read"
        return self.client.authorization(**{"scope": scope, **parameters})

    def redeem(self, authorization: Authorization) -> dict[str, Any]:
        """The tokens for the newest answer."""
        answer = self.answers[-1]
        assert answer.parameters["state"] == authorization.state
        assert answer.parameters["iss"] == self.tenant.issuer
        arrival = Arrival(f"{self.origin}/callback", answer.parameters, "query", None)
        redeemed = self.client.redeem(authorization, arrival)
        assert redeemed.status_code == 200, redeemed.text
        tokens: dict[str, Any] = redeemed.json()
        return tokens

    def logout(self, id_token: str, state: str) -> str:
        """RP-Initiated Logout."""
        uri = f"{self.origin}/signed-out"
        query = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": uri, "state": state})
        return f"{self.tenant.issuer}/oauth/end-session?{query}"


@contextmanager
def application(server: Server, **document: Any) -> Iterator[Application]:
    """An application of a new tenant, both its origins serving."""
    with serving(lambda asked: Given(_page("Welcome", asked))) as elsewhere:
        made: list[Application] = []

        def answer(asked: Asked) -> Given:
            if asked.path == "/callback":
                made[0].answers.append(asked)
                return Given(status=303, headers={"Location": f"{elsewhere}/welcome"})
            return Given(_page("Application", asked))

        with serving(answer) as origin:
            web = {
                "name": NAME,
                "type": "web",
                "redirect_uris": [f"{origin}/callback"],
                "post_logout_redirect_uris": [f"{origin}/signed-out"],
                "scopes": ["openid", "profile", "email", "offline_access", "projects:read"],
                "audiences": [AUDIENCE],
            }
            made.append(Application(origin, elsewhere, server.bootstrap(acme(applications=[web], **document))))
            yield made[0]


def _page(title: str, asked: Asked) -> str:
    return f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1><p>{asked.path}</p></html>'
