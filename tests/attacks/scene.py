"""Whom attacks are tried on: Ada and her application, a neighbour in the same tenant, and one in another tenant."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, TypeVar

import httpx

from tests.harness import Application, Arrival, Page, Person, Server, Tenant, acme
from tests.harness.application import Authorization
from tests.harness.bootstrap import AUDIENCE, CALLBACK

T = TypeVar("T")

OFFLINE = "openid profile email offline_access projects:read"
ACTIVE_SCOPES = ["openid", "profile", "email", "offline_access", "projects:read"]
NATIVE_CALLBACK = "http://127.0.0.1/cb"
AT_ONCE = 50


@dataclass
class Scene:
    server: Server
    tenant: Tenant
    stranger: Tenant
    person: Person

    @property
    def web(self) -> Application:
        return self.tenant.application("web")

    @property
    def mallory(self) -> Application:
        """Another client of the same tenant."""
        return self.tenant.application("mallory")

    @property
    def foreign(self) -> Application:
        """A client of another tenant."""
        return self.stranger.application("web")

    @property
    def spa(self) -> Application:
        return self.tenant.application("spa")

    def get(self, url: str) -> httpx.Response:
        """As a client that knows nobody: no cookies, no redirect followed."""
        self.web.http.cookies.clear()
        return self.web.http.get(url, follow_redirects=False)

    def asked(self, application: Application | None = None, **parameters: Any) -> httpx.Response:
        """The very answer to an authorization request."""
        return self.get((application or self.web).authorization(**parameters).url)

    def callback(self, application: Application | None = None, **parameters: str) -> tuple[Authorization, Arrival]:
        """A code for Ada, who signs in where she has to."""
        authorization, at = self.person.authorize(
            application or self.web, **({"scope": OFFLINE, "prompt": ""} | parameters)
        )
        if isinstance(at, Page) and at.has("signin-form"):
            at = self.person.sign_in(at, self.tenant.email, self.tenant.password)
        return authorization, self.person.arrive(at)

    def tokens(self, application: Application | None = None, **parameters: str) -> dict[str, Any]:
        application = application or self.web
        answer = application.redeem(*self.callback(application, **parameters))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def active(self, token: str, application: Application | None = None) -> bool:
        """What introspection says of it."""
        return bool((application or self.web).introspect(token).json()["active"])

    def refused(self, answer: httpx.Response, error: str, because: str, status: int = 400) -> None:
        """The refusal on the wire, and its private reason in our log."""
        assert (answer.status_code, answer.json().get("error")) == (status, error), answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        assert because not in answer.text
        assert self.server.reason(answer) == because

    def page_refused(self, answer: httpx.Response, error: str, because: str, status: int = 400) -> None:
        """Our own page with the request id, and nothing sent elsewhere."""
        assert answer.status_code == status, answer.text
        assert "Location" not in answer.headers
        page = Page(str(answer.url), answer, _nowhere)
        assert page.error == error
        assert answer.headers["X-Request-Id"] in page.text
        assert self.server.reason(answer) == because

    def sent_back(self, answer: httpx.Response, error: str, because: str) -> Arrival:
        """The refusal as the application gets it, by redirect and with `iss`."""
        assert answer.status_code in (302, 303), answer.text
        arrival = Arrival.of(answer.headers["Location"], answer)
        assert arrival.url.startswith(CALLBACK)
        assert (arrival.error, arrival.parameters["iss"]) == (error, self.server.issuer)
        assert "code" not in arrival.parameters
        assert "access_token" not in arrival.url
        assert self.server.reason(answer) == because
        return arrival


def make(server: Server) -> Scene:
    document = acme()
    one = {"scopes": ACTIVE_SCOPES, "audiences": [AUDIENCE], "consent": "implicit"}
    document["applications"][0]["consent"] = "implicit"
    document["applications"] += [
        {"name": "mallory", "type": "web", "redirect_uris": [CALLBACK], **one},
        {"name": "spa", "type": "spa", "redirect_uris": [CALLBACK], **one},
        {"name": "two", "type": "web", "redirect_uris": [CALLBACK, "https://two.example/cb"], **one},
        {"name": "native", "type": "native", "redirect_uris": [NATIVE_CALLBACK], **one},
        {"name": "lax", "type": "web", "redirect_uris": [CALLBACK], "require_pkce": False, **one},
    ]
    return Scene(server, server.bootstrap(document), server.bootstrap(acme()), Person(server))


def at_once(work: Callable[[int], T], times: int = AT_ONCE) -> list[T]:
    """All of them together: each waits until every one is ready."""
    ready = Barrier(times)

    def one(number: int) -> T:
        ready.wait()
        return work(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def _nowhere(*_: object) -> Page:
    raise AssertionError("an error page leads nowhere")
