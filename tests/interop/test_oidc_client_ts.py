"""oidc-client-ts inside headless Chromium: a single-page application on an origin of its own."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.harness import Tenant
from tests.harness.bootstrap import AUDIENCE
from tests.interop.clients import SCOPE, tenant_of
from tests.interop.conversation import node_modules
from tests.interop.site import Asked, Given, serving

pytestmark = pytest.mark.promise("3.proof.oidc-client-ts")

SPA = Path(__file__).parent / "spa"


class Spa:
    """The application in one tab: its own code is what the tests say to oidc-client-ts."""

    def __init__(self, tab: Page, origin: str, tenant: Tenant) -> None:
        self.tab, self.origin, self.tenant = tab, origin, tenant

    def open(self, path: str = "/") -> None:
        self.tab.goto(f"{self.origin}{path}")
        self.ready()

    def ready(self) -> None:
        """On a page of the application: its manager, as it would be made at every load."""
        settings = {
            "authority": self.tenant.issuer,
            "client_id": self.tenant.application("spa").client_id,
            "redirect_uri": f"{self.origin}/callback",
            "silent_redirect_uri": f"{self.origin}/silent",
            "popup_redirect_uri": f"{self.origin}/silent",
            "post_logout_redirect_uri": f"{self.origin}/signed-out",
            "scope": SCOPE,
            "resource": AUDIENCE,
            "loadUserInfo": True,
            "automaticSilentRenew": False,
            "validateSubOnSilentRenew": True,
        }
        self.tab.evaluate("s => { window.manager = new oidc.UserManager(s) }", settings)

    def does(self, what: str, *given: object) -> Any:
        """Call the manager; a refusal is answered as {error}."""
        return self.tab.evaluate(
            "([what, given]) => manager[what](...given).then(r => JSON.parse(JSON.stringify(r ?? null)), "
            "e => ({ error: e.error ?? e.name, message: e.message }))",
            [what, list(given)],
        )

    def leaves(self, what: str, *given: object) -> None:
        """Call the manager where that takes the browser to a page of SigID."""
        with self.tab.expect_navigation(url=lambda url: not url.startswith(self.origin)):
            self.starts(what, *given)

    def starts(self, what: str, *given: object) -> None:
        """Call the manager, and do not wait."""
        self.tab.evaluate("([what, given]) => { manager[what](...given) }", [what, list(given)])

    def arrives(self, path: str) -> None:
        self.tab.wait_for_url(lambda url: url.startswith(f"{self.origin}{path}"))
        self.ready()


@pytest.fixture
def spa(real_time_server, chromium):
    scripts = (node_modules() / "oidc-client-ts" / "dist" / "browser" / "oidc-client-ts.min.js").read_text()

    def answer(asked: Asked) -> Given:
        if asked.path == "/oidc-client-ts.js":
            return Given(scripts, media_type="text/javascript")
        return Given((SPA / ("silent.html" if asked.path == "/silent" else "index.html")).read_text())

    with serving(answer) as origin:
        application = {
            "name": "spa",
            "type": "spa",
            "redirect_uris": [f"{origin}/callback", f"{origin}/silent"],
            "post_logout_redirect_uris": [f"{origin}/signed-out"],
            "scopes": SCOPE.split(),
            "audiences": [AUDIENCE],
        }
        tab = chromium.new_page()
        yield Spa(tab, origin, tenant_of(real_time_server, application))
        tab.context.close()


def sign_in(tab: Page, tenant: Tenant) -> None:
    tab.fill("[name=email]", tenant.email)
    tab.fill("[name=password]", tenant.password)
    tab.click("[data-testid=signin-form] button[type=submit] >> nth=0")


def decide(tab: Page, decision: str) -> None:
    tab.click(f"[data-testid=consent-form] [name=decision][value={decision}]")


def test_oidc_client_ts(spa):
    tab, tenant = spa.tab, spa.tenant
    robot = tenant.application("robot")

    def alive(token: str) -> bool:
        return bool(robot.introspect(token).json()["active"])

    # Nobody is signed in: an answer without a page, in a frame.
    spa.open()
    assert spa.does("signinSilent")["error"] == "login_required"

    # Discovery, PKCE, UserInfo: the person signs in and says yes.
    spa.leaves("signinRedirect", {"state": "where I was"})
    sign_in(tab, tenant)
    decide(tab, "allow")
    spa.arrives("/callback")
    user = spa.does("signinRedirectCallback")
    assert user["profile"]["sub"] == tenant.user()["sub"]
    assert user["profile"]["email"] == tenant.email
    assert user["state"] == "where I was"
    assert alive(user["access_token"])

    # Refresh.
    spa.open()
    renewed = spa.does("signinSilent")
    assert renewed["profile"]["sub"] == tenant.user()["sub"]
    assert renewed["access_token"] != user["access_token"]
    assert renewed["refresh_token"] != user["refresh_token"]

    # UserInfo across origins, with the new token and with none.
    def userinfo(token: str) -> Any:
        return tab.evaluate(
            "([url, token]) => fetch(url, {headers: {Authorization: `Bearer ${token}`}})"
            ".then(async r => [r.status, await r.json().catch(() => null)])",
            [f"{tenant.issuer}/userinfo", token],
        )

    assert userinfo(renewed["access_token"]) == [200, {**userinfo(renewed["access_token"])[1], "email": tenant.email}]
    assert userinfo("nonsense")[0] == 401

    # Revocation.
    assert "error" not in (spa.does("revokeTokens", ["access_token", "refresh_token"]) or {})
    assert not alive(renewed["access_token"])

    # The session is still there: a new sign-in without a page, in a frame and in a window.
    spa.does("removeUser")
    silent = spa.does("signinSilent")
    assert silent["profile"]["sub"] == tenant.user()["sub"]
    popup = spa.does("signinPopup")
    assert popup["profile"]["sub"] == tenant.user()["sub"]

    # Logout, and nobody is signed in.
    spa.starts("signoutRedirect", {"state": "bye"})
    spa.arrives("/signed-out")
    assert spa.does("signoutRedirectCallback")["userState"] == "bye"
    assert not alive(popup["access_token"])
    spa.open()
    assert spa.does("signinSilent")["error"] == "login_required"


def test_the_person_says_no(spa):
    spa.open()
    spa.leaves("signinRedirect")
    sign_in(spa.tab, spa.tenant)
    decide(spa.tab, "deny")
    spa.arrives("/callback")
    assert spa.does("signinRedirectCallback")["error"] == "access_denied"


def test_an_address_that_is_not_registered(spa):
    spa.open()
    spa.leaves("signinRedirect", {"redirect_uri": f"{spa.origin}/elsewhere"})
    assert spa.tab.get_by_test_id("error-page").get_attribute("data-error")
    assert spa.tab.get_by_test_id("request-id").inner_text()


def test_another_origin_is_told_nothing(spa):
    """CORS: an origin that no application registered cannot read what the token endpoint answers."""
    read = """url => fetch(url, {method: "POST", body: new URLSearchParams({grant_type: "refresh_token"})})
        .then(r => r.status, () => "not told")"""
    spa.open()
    assert spa.tab.evaluate(read, f"{spa.tenant.issuer}/oauth/token") in (400, 401)
    with serving(lambda _: Given("<title>Elsewhere</title>")) as elsewhere:
        spa.tab.goto(elsewhere)
        assert spa.tab.evaluate(read, f"{spa.tenant.issuer}/oauth/token") == "not told"
