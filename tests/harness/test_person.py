"""The harness does what a browser does; otherwise the tests that stand on it show nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs

import pytest

from tests.harness import Arrival, Page, Person, Server
from tests.harness.person import arrived, shown

SIGN_IN = """<!doctype html><html lang="de"><title>x</title><script>ignored()</script>
<h1>Sign <em>in</em></h1><p role="alert"></p>
<form method="post" action="/signin?next=1" data-testid="signin-form">
<input type="hidden" name="csrf" value="a&amp;b">
<input name="email" value="typed@before"><input type="password" name="password">
<input type="checkbox" name="remember" checked><input type="checkbox" name="spam">
<select name="lang"><option value="en">E<option value="de" selected>D</select>
<textarea name="note">hello</textarea>
<button name="method" value="password">Go</button><button name="method" value="email_code">Code</button></form>
<div data-testid="elsewhere"><a href="/elsewhere">there</a></div></html>"""
POSTED = """<form method="post" action="http://localhost:3000/callback" data-testid="answer">
<input type="hidden" name="code" value="abc"><input type="hidden" name="state" value="&quot;&gt;"></form>"""


class Site(BaseHTTPRequestHandler):
    """Sets a cookie, wants it back, and tells what was posted."""

    seen: list[dict[str, Any]]

    def do_GET(self) -> None:
        if self.path == "/start":
            self.answer(303, "", Location="/signin", **{"Set-Cookie": "interaction=1; HttpOnly; SameSite=Lax; Path=/"})
        elif self.path == "/signin":
            self.answer(200, SIGN_IN)
        elif self.path == "/away":
            self.answer(302, "", Location="http://localhost:3000/callback?code=xyz&state=s%20s&iss=http%3A%2F%2Fi")
        elif self.path == "/away-fragment":
            self.answer(302, "", Location="http://localhost:3000/callback#error=access_denied")
        elif self.path == "/posted":
            self.answer(200, POSTED)
        elif self.path == "/round":
            self.answer(302, "", Location="/round")
        elif self.path == "/repost":
            self.answer(307, "", Location="/signin")
        else:
            self.answer(404, '<html><div data-testid="error-page" data-error="not_found">gone</div></html>')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        told = {"form": parse_qs(body, keep_blank_values=True), "headers": dict(self.headers), "path": self.path}
        self.seen.append(told)
        self.answer(303, "", Location="/away")

    def answer(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[type[Site]]:
    handler: Any = type("ThisSite", (Site,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        handler.issuer = f"http://localhost:{server.server_port}"
        yield handler
        server.shutdown()


@pytest.fixture
def visitor(site: Any) -> Iterator[Person]:
    with Person(cast("Server", SimpleNamespace(issuer=site.issuer))) as person:
        yield person


def test_a_form_is_sent_as_a_browser_sends_it(site: Any, visitor: Person) -> None:
    page = visitor.page("/start")
    arrival = arrived(page.form("signin-form").submit(email="ada@example.com", password="öß "))
    [told] = site.seen
    assert told["form"] == {
        "csrf": ["a&b"], "email": ["ada@example.com"], "password": ["öß "], "remember": ["on"], "lang": ["de"],
        "note": ["hello"], "method": ["password"],
    }  # fmt: skip
    assert told["path"] == "/signin?next=1"
    assert told["headers"]["Cookie"] == "interaction=1"
    assert told["headers"]["Origin"] == site.issuer
    assert arrival.parameters == {"code": "xyz", "state": "s s", "iss": "http://i"}


def test_another_button(site: Any, visitor: Person) -> None:
    visitor.page("/signin").form("signin-form").press("method", "email_code", email="ada@example.com")
    assert site.seen[0]["form"]["method"] == ["email_code"]


def test_what_is_not_there_cannot_be_used(visitor: Person) -> None:
    page = visitor.page("/signin")
    with pytest.raises(AssertionError, match="the form has no \\['code'\\]"):
        page.form("signin-form").submit(code="1")
    with pytest.raises(AssertionError, match="no 'consent-form' here"):
        page.form("consent-form")
    with pytest.raises(AssertionError, match="no button decision=allow"):
        page.form("signin-form").press("decision", "allow")


def test_what_a_page_says(visitor: Person) -> None:
    page = visitor.page("/signin")
    assert (page.h1, page.lang, page.alert) == ("Sign in", "de", None)
    assert "ignored" not in page.text
    gone = shown(page.follow("elsewhere"))
    assert (gone.status, gone.error) == (404, "not_found")


def test_arrivals(visitor: Person) -> None:
    fragment = arrived(visitor.open("/away-fragment"))
    assert (fragment.mode, fragment.error) == ("fragment", "access_denied")
    posted = visitor.arrive(visitor.open("/posted"))
    assert (posted.mode, posted.parameters) == ("form_post", {"code": "abc", "state": '">'})
    assert isinstance(visitor.page("/posted").form("answer").submit(), Arrival)


def test_redirects_that_no_browser_should_follow(visitor: Person) -> None:
    with pytest.raises(AssertionError, match="without end"):
        visitor.open("/round")
    with pytest.raises(AssertionError, match="307"):
        visitor.open("/repost")
    assert isinstance(visitor.open("/signin"), Page)
