"""A person with a browser of their own, without the browser: cookies, pages and forms, no scripts.

`open` and a form's `submit` follow redirects as a browser does and end at a `Page` of ours or at an `Arrival` at an
application. The steps of sign-up and sign-in are thin: each is what a person does on one page.
"""

from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

from tests.harness.application import Application, Authorization
from tests.harness.pages import Arrival, Page
from tests.harness.server import Server

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}


class Person:
    """Someone at a browser. `accept_language` is the browser's."""

    def __init__(self, server: Server, *, accept_language: str = "en", user_agent: str = "Person/1.0") -> None:
        self.server = server
        self.browser = httpx.Client(
            headers={"Accept": "text/html", "Accept-Language": accept_language, "User-Agent": user_agent},
            timeout=60,
            verify=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.browser.close()

    # Going places

    def open(self, url: str) -> Page | Arrival:
        """Type an address, or follow a link from elsewhere."""
        return self._go("GET", urljoin(self.server.issuer, url), {}, None)

    def page(self, url: str) -> Page:
        return shown(self.open(url))

    def _go(self, method: str, url: str, form: dict[str, str], came_from: Page | None) -> Page | Arrival:
        if not self._is_ours(url):
            assert came_from is not None, f"{url} is not the server's"
            return Arrival(url, form, "form_post" if method == "POST" else "query", came_from.response)
        headers = _NAVIGATION | {"Sec-Fetch-Site": "same-origin" if came_from else "none"}
        if came_from is not None:
            headers["Referer"] = came_from.url
        if method == "POST":
            headers["Origin"] = _origin(self.server.issuer)
            response = self.browser.post(url, data=form, headers=headers)
        else:
            response = self.browser.get(url, params=form or None, headers=headers)
        return self._follow(response, headers)

    def _follow(self, response: httpx.Response, headers: dict[str, str]) -> Page | Arrival:
        followed = {name: value for name, value in headers.items() if name != "Origin"}
        for _ in range(20):
            if response.status_code not in _REDIRECTS:
                return Page(str(response.url), response, self._go)
            assert response.status_code in (302, 303), f"{response.status_code} would post a password on"
            target = urljoin(str(response.url), response.headers["Location"])
            if not self._is_ours(target):
                return Arrival.of(target, response)
            response = self.browser.get(target, headers=followed)
        raise AssertionError(f"redirects without end, at {response.url}")

    def _is_ours(self, url: str) -> bool:
        return _origin(url) == _origin(self.server.issuer)

    # Steps

    def authorize(self, application: Application, **parameters: str) -> tuple[Authorization, Page | Arrival]:
        """Be sent here by an application."""
        authorization = application.authorization(**parameters)
        return authorization, self.open(authorization.url)

    def sign_in(self, at: Page | Arrival, email: str, password: str) -> Page | Arrival:
        """Type address and password, on one page or on two."""
        form = shown(at).form("signin-form")
        if "password" in form.fields:
            return form.submit(email=email, password=password)
        return shown(form.submit(email=email)).form("signin-form").submit(password=password)

    def sign_up(self, at: Page | Arrival, email: str, password: str, name: str) -> Page | Arrival:
        """Fill the sign-up page and type the code that the mail brings."""
        before = len(self.server.inbox(email))
        asked = shown(at).form("signup-form").submit(name=name, email=email, password=password)
        return self.verify(asked, email, before)

    def verify(self, at: Page | Arrival, email: str, mails_before: int = 0) -> Page | Arrival:
        """Type the code of the newest mail."""
        mail = self.server.mail(email, after=mails_before)
        return shown(at).form("verify-form").submit(code=mail["code"])

    def join(self, at: Page | Arrival) -> Page | Arrival:
        return shown(at).form("join-form").press("decision", "allow")

    def consent(self, at: Page | Arrival, decision: str = "allow") -> Page | Arrival:
        return shown(at).form("consent-form").press("decision", decision)

    def arrive(self, at: Page | Arrival) -> Arrival:
        """Say yes to what stands between here and the application: joining, consent, an answer that is posted."""
        while isinstance(at, Page):
            if at.has("join-form"):
                at = self.join(at)
            elif at.has("consent-form"):
                at = self.consent(at)
            elif (posted := _posted_answer(at)) is not None:
                at = posted
            else:
                raise AssertionError(f"stuck at {at.summary()}")
        return at

    def sign_in_to(
        self, application: Application, email: str, password: str, **parameters: str
    ) -> tuple[Authorization, Arrival]:
        """The whole way with a password: from the application and back to it."""
        authorization, at = self.authorize(application, **parameters)
        return authorization, self.arrive(self.sign_in(at, email, password))


def shown(at: Page | Arrival) -> Page:
    """It must be a page."""
    assert isinstance(at, Page), f"arrived at {at.url}"
    return at


def arrived(at: Page | Arrival) -> Arrival:
    """It must be the application."""
    assert isinstance(at, Arrival), f"still at {at.summary()}"
    return at


def _posted_answer(page: Page) -> Arrival | None:
    """`response_mode=form_post`: a page of ours whose one form goes to the application."""
    for form in page.root.tagged("form"):
        action = form.attributes.get("action", "")
        if urlsplit(action).netloc and _origin(action) != _origin(page.url):
            fields = {
                i.attributes["name"]: i.attributes.get("value", "")
                for i in form.tagged("input")
                if "name" in i.attributes
            }
            return Arrival(action, fields, "form_post", page.response)
    return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
