"""The client that the modules act as, with the person at its side: it checks whatever comes back."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import httpx
from joserfc.jwk import KeySet

from tests.conformance import checks
from tests.harness import Application, Arrival, Page, Person, Server, Tenant
from tests.harness.application import Authorization
from tests.harness.person import shown

_ASKS = ("signin-form", "signup-form", "account-chooser", "join-form", "consent-form")


@dataclass(frozen=True)
class Login:
    """A sign-in that was finished and found right."""

    sent: Authorization
    arrival: Arrival
    tokens: dict[str, Any]
    claims: dict[str, Any]  # of the ID token
    userinfo: dict[str, Any]


@dataclass(frozen=True)
class RelyingParty:
    server: Server
    tenant: Tenant
    person: Person
    application: Application
    mode: str = "query"  # how answers are to arrive
    alg: str = "RS256"

    @cached_property
    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.server.issuer}/.well-known/openid-configuration").json()
        return found

    @property
    def keys(self) -> KeySet:
        """The published keys, as they are now."""
        return checks.jwks(httpx.get(self.metadata["jwks_uri"]))

    @property
    def now(self) -> float:
        """The server's clock, which tests move."""
        answer = httpx.post(f"{self.server.address}/dev/clock", json={"advance_seconds": 0})
        return datetime.fromisoformat(answer.json()["now"]).timestamp()

    def another(self, name: str, **changes: Any) -> "RelyingParty":
        return replace(self, application=self.tenant.application(name), **changes)

    # Asking

    def request(self, *, pkce: bool = False, **parameters: Any) -> Authorization:
        """Without PKCE, unless the module is about it; by the response mode of the plan."""
        usual: dict[str, Any] = {"response_mode": "form_post" if self.mode == "form_post" else None}
        if not pkce:
            usual |= {"code_challenge": None, "code_challenge_method": None}
        return self.application.authorization(**usual | parameters)

    def ask(self, **parameters: Any) -> tuple[Authorization, Page | Arrival]:
        sent = self.request(**parameters)
        return sent, self.person.open(sent.url)

    def ask_by_post(self) -> tuple[Authorization, Page | Arrival]:
        """The request as a form of another site's page: a browser sends no `SameSite=Lax` cookies with it."""
        sent = self.request()
        endpoint, _, query = sent.url.partition("?")
        headers = {"Origin": "https://client.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        answer = httpx.post(endpoint, data=dict(parse_qsl(query)), headers=headers)
        assert answer.status_code in (302, 303), answer.text
        return sent, self.person.open(answer.headers["Location"])

    def sign_in(self, **parameters: Any) -> Login:
        """The whole way, by password."""
        sent, at = self.ask(**parameters)
        return self.finish(sent, self.with_password(at))

    def sign_in_silently(self, **parameters: Any) -> Login:
        """Somebody is signed in: no page may come up."""
        sent, at = self.ask(**parameters)
        return self.finish(sent, self.at_once(at))

    def with_password(self, at: Page | Arrival) -> Arrival:
        """Type the password, then say yes to everything that is asked."""
        at = self.person.sign_in(at, self.tenant.email, self.tenant.password)
        if isinstance(at, Page) and at.has("consent-form"):
            at = self.consent(at)
        return self.person.arrive(at)

    def consent(self, page: Page) -> Page | Arrival:
        form = page.form("consent-form")
        offers = form.element.all(lambda e: e.attributes.get("value") == "offline_access")
        return form.press("decision", "allow", **({"scope": "offline_access"} if offers else {}))

    def at_once(self, at: Page | Arrival) -> Arrival:
        """The application was answered without a question."""
        if isinstance(at, Page):
            assert not any(at.has(hook) for hook in _ASKS), f"a page came up: {at.summary()}"
        return self.person.arrive(at)

    # Being answered

    def finish(self, sent: Authorization, arrival: Arrival) -> Login:
        """Redeem the code and check everything that the plan checks of a success."""
        checks.authorization_answer(arrival, sent, self.server.issuer, self.mode)
        tokens = checks.token_answer(self.redeem(sent, arrival))
        claims = self.read_id_token(tokens, nonce=sent.nonce)
        answer = self.application.userinfo(tokens["access_token"])
        return Login(sent, arrival, tokens, claims, checks.userinfo(answer, claims["sub"]))

    def redeem(self, sent: Authorization, arrival: Arrival) -> httpx.Response:
        verifier = sent.verifier if "code_challenge=" in sent.url else None
        return self.application.redeem(sent, arrival, code_verifier=verifier)

    def read_id_token(self, tokens: dict[str, Any], *, nonce: str = "") -> dict[str, Any]:
        return checks.id_token(
            tokens["id_token"], self.keys, issuer=self.server.issuer, client_id=self.application.client_id,
            now=self.now, nonce=nonce, alg=self.alg, access_token=tokens["access_token"],
        )  # fmt: skip

    def refused(self, sent: Authorization, at: Page | Arrival, *expected: str) -> None:
        """The application is told one of these errors, at once."""
        assert checks.authorization_error(self.at_once(at), sent, self.server.issuer, self.mode) in expected

    def error_page(self, at: Page | Arrival) -> Page:
        """Nobody is sent anywhere: the person is told."""
        page = shown(at)
        assert page.error, page.summary()
        assert page.status == 400
        return page
