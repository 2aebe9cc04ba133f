"""A walk through every hosted page of a running server, in one language; it stops at each, to be looked at."""

import re
import secrets
from collections.abc import Iterator

from playwright.sync_api import expect

from tests.browser.application import Application
from tests.browser.visitor import PASSWORD, Visitor


def every_page(
    app: Application, newcomer: Application, visitor: Visitor, stranger: Visitor
) -> Iterator[tuple[str, Visitor]]:
    """(name, where it is shown). `newcomer`'s tenant does not know Ada; `stranger` has a browser of their own."""
    yield from _signing_in(app, visitor)
    yield from _recovering(app, stranger)
    yield from _signing_up(app, stranger)
    yield from _deciding(app, newcomer, visitor)
    yield from _ending(app, visitor)
    yield from _alone(app, stranger)


def _signing_in(app: Application, at: Visitor) -> Iterator[tuple[str, Visitor]]:
    at.open(app.authorization().url)
    expect(at.hook("signin-form")).to_be_visible()
    yield "signin", at
    at.sign_in(app.tenant.email, "not-the-password")
    expect(at.alert()).to_be_visible()
    yield "signin-wrong", at
    at.sign_in(app.tenant.email, app.tenant.password)
    expect(at.hook("consent-form")).to_be_visible()
    yield "consent", at
    at.decide("allow")
    at.tab.wait_for_url(f"{app.elsewhere}/welcome")


def _recovering(app: Application, at: Visitor) -> Iterator[tuple[str, Visitor]]:
    at.open(app.authorization().url)
    at.hook("recover-link").click()
    expect(at.hook("recover-form")).to_be_visible()
    yield "recover", at
    before = len(at.server.inbox(app.tenant.email))
    at.submit("recover-form", email=app.tenant.email)
    expect(at.hook("recover-sent")).to_be_visible()
    yield "recover-sent", at
    at.open(at.server.mail(app.tenant.email, after=before)["links"][0])
    expect(at.hook("reset-form")).to_be_visible()
    yield "reset", at
    at.submit("reset-form", password="password1")
    expect(at.hook("reset-form").locator("[aria-invalid=true]")).to_be_visible()
    yield "reset-weak", at


def _signing_up(app: Application, at: Visitor) -> Iterator[tuple[str, Visitor]]:
    email = f"mira-{secrets.token_hex(4)}@example.com"
    at.open(app.authorization(prompt="create").url)
    expect(at.hook("signup-form")).to_be_visible()
    yield "signup", at
    at.submit("signup-form", name="Mira Okafor", email=email, password="password1")
    expect(at.hook("signup-form").locator("[aria-invalid=true]")).to_be_visible()
    yield "signup-weak", at
    at.submit("signup-form", password=PASSWORD)
    expect(at.hook("verify-form")).to_be_visible()
    yield "verify", at
    code = at.server.mail(email)["code"]
    at.submit("verify-form", code=f"{(int(code) + 1) % 1_000_000:06}")
    expect(at.alert()).to_be_visible()
    yield "verify-wrong", at


def _deciding(app: Application, newcomer: Application, at: Visitor) -> Iterator[tuple[str, Visitor]]:
    at.open(newcomer.authorization().url)
    expect(at.hook("join-form")).to_be_visible()
    yield "join", at
    email = f"mira-{secrets.token_hex(4)}@example.com"
    at.open(app.authorization(prompt="create").url)
    at.submit("signup-form", name="Mira Okafor", email=email, password=PASSWORD)
    at.type_code(email)
    at.decide("allow")
    at.tab.wait_for_url(f"{app.elsewhere}/welcome")
    at.open(app.authorization(prompt="select_account").url)
    expect(at.hook("account-chooser")).to_be_visible()
    yield "accounts", at


def _ending(app: Application, at: Visitor) -> Iterator[tuple[str, Visitor]]:
    at.tab.route(re.compile(r"/submit\b.*\.js"), lambda route: route.abort())  # so that the page stays
    at.open(app.authorization(response_mode="form_post").url)
    expect(at.tab.locator("form[method=post]")).to_be_visible()
    yield "form-post", at
    at.tab.unroute_all()
    at.open(f"{app.tenant.issuer}/oauth/end-session")
    expect(at.hook("signout-form")).to_be_visible()
    yield "signout", at
    at.submit("signout-form")
    expect(at.hook("signed-out")).to_be_visible()
    yield "signed-out", at


def _alone(app: Application, at: Visitor) -> Iterator[tuple[str, Visitor]]:
    at.open(app.authorization(redirect_uri=f"{app.origin}/elsewhere").url)
    expect(at.hook("error-page")).to_be_visible()
    yield "error", at
    at.open(at.server.command("setup-link", "--tenant", app.tenant.slug).strip())
    expect(at.hook("setup-form")).to_be_visible()
    yield "setup", at
    at.submit("setup-form", email=f"owner-{secrets.token_hex(4)}@example.com", name="Owner", password=PASSWORD)
    expect(at.hook("setup-done")).to_be_visible()
    yield "setup-done", at
    at.open(f"{app.tenant.issuer}/dev/inbox?to={app.tenant.email}")
    expect(at.hook("inbox")).to_be_visible()
    yield "inbox", at
