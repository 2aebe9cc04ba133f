"""A client application as plainly as OAuth allows: it builds authorization requests and calls the token endpoint.

It checks nothing of what comes back; tests do. Clients that nobody here wrote are in `tests/interop`.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx

from tests.harness.pages import Arrival


@cache
def _http() -> httpx.Client:
    """One for all: making a client costs more than a request. Certificates of test servers are their own."""
    return httpx.Client(timeout=60, verify=False)


def challenge_of(verifier: str) -> str:
    """RFC 7636 section 4.2, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass(frozen=True)
class Authorization:
    """An authorization request that an application made, and what it keeps of it."""

    url: str
    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True)
class Application:
    """A registered client with its credentials."""

    issuer: str
    id: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    method: str
    http: httpx.Client = field(default_factory=_http, repr=False, compare=False)

    def authorization(self, **parameters: str | list[str] | None) -> Authorization:
        """An authorization request: sensible by default, changed by keyword; None leaves a parameter out."""
        verifier, state, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        query: dict[str, str | list[str] | None] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        query |= parameters
        sent = {name: value for name, value in query.items() if value is not None}
        url = f"{self.issuer}/oauth/authorize?{urlencode(sent, doseq=True)}"
        return Authorization(
            url, str(sent.get("state", "")), str(sent.get("nonce", "")), verifier, str(sent.get("redirect_uri", ""))
        )

    def post(self, path: str, form: dict[str, Any], **options: Any) -> httpx.Response:
        """POST a form to an endpoint with the application's own client authentication (RFC 6749 section 2.3.1)."""
        headers = dict(options.pop("headers", {}))
        if self.method == "client_secret_basic":
            pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret or '')}"
            headers.setdefault("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
        else:
            form = {"client_id": self.client_id} | form
        if self.method == "client_secret_post":
            form = {"client_secret": self.client_secret} | form
        return self.http.post(f"{self.issuer}{path}", data=form, headers=headers, **options)

    def token(self, grant_type: str, **form: Any) -> httpx.Response:
        return self.post("/oauth/token", {"grant_type": grant_type} | form)

    def redeem(self, authorization: Authorization, arrival: Arrival, **changes: Any) -> httpx.Response:
        """Exchange the code that arrived (RFC 6749 section 4.1.3, RFC 7636 section 4.5)."""
        form = {
            "code": arrival.parameters["code"],
            "redirect_uri": authorization.redirect_uri,
            "code_verifier": authorization.verifier,
        } | changes
        return self.token("authorization_code", **{name: value for name, value in form.items() if value is not None})

    def refresh(self, refresh_token: str, **form: Any) -> httpx.Response:
        return self.token("refresh_token", refresh_token=refresh_token, **form)

    def client_credentials(self, **form: Any) -> httpx.Response:
        return self.token("client_credentials", **form)

    def introspect(self, token: str, **form: Any) -> httpx.Response:
        return self.post("/oauth/introspect", {"token": token} | form)

    def revoke(self, token: str, **form: Any) -> httpx.Response:
        return self.post("/oauth/revoke", {"token": token} | form)

    def userinfo(self, access_token: str) -> httpx.Response:
        return self.http.get(f"{self.issuer}/userinfo", headers={"Authorization": f"Bearer {access_token}"})
