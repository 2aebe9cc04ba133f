"""What goes wrong for people: a wrong password, too many of them, a link that is too old; and the way back in."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.application import application
from tests.browser.visitor import PASSWORD

pytestmark = pytest.mark.promise("3.proof.browser")


def test_a_wrong_password(app, visitor):
    visitor.open(app.authorization().url)
    visitor.sign_in(app.tenant.email, "not-the-password")
    expect(visitor.alert()).to_be_visible()
    expect(visitor.tab).to_have_title(re.compile("^Error:"))
    # The address is kept, the password never.
    expect(visitor.hook("signin-form").locator("[name=email]")).to_have_value(app.tenant.email)
    expect(visitor.hook("signin-form").locator("[name=password]")).to_have_value("")
    wrong = visitor.alert().inner_text()

    # It says the same where there is no account.
    visitor.sign_in("nobody-at-all@example.com", "not-the-password")
    expect(visitor.alert()).to_have_text(wrong)

    visitor.sign_in(app.tenant.email, app.tenant.password)
    visitor.decide("allow")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")


@pytest.mark.promise("3.3.throttling")
def test_a_throttled_account(make_server, new_visitor):
    """After five failures the next try waits, whoever makes it; a code by mail lets the person through at once."""
    server = make_server().start()
    with application(server) as app:
        visitor = new_visitor(server)
        visitor.open(app.authorization().url)
        for _ in range(5):
            visitor.sign_in(app.tenant.email, "not-the-password")
            expect(visitor.alert()).to_be_visible()
        with visitor.tab.expect_response(lambda answer: answer.request.method == "POST") as answer:
            visitor.sign_in(app.tenant.email, app.tenant.password)
        assert answer.value.status == 429
        assert int(answer.value.headers["retry-after"]) > 0
        expect(visitor.alert()).to_contain_text("Too many tries")

        visitor.press("signin-form", "method", "email_code")
        visitor.type_code(app.tenant.email)
        visitor.decide("allow")
        visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")


@pytest.mark.promise("3.3.reset")
def test_reset_ends_every_session(app, new_visitor):
    elsewhere, here = new_visitor(), new_visitor()
    asked = app.authorization()
    elsewhere.open(asked.url)
    elsewhere.sign_in(app.tenant.email, app.tenant.password)
    elsewhere.decide("allow")
    elsewhere.tab.wait_for_url(f"{app.elsewhere}/welcome")
    tokens = app.redeem(asked)

    here.open(app.authorization().url)
    here.hook("recover-link").click()
    here.submit("recover-form", email=app.tenant.email)
    link = here.server.mail(app.tenant.email)["links"][0]
    here.open(link)
    here.submit("reset-form", password="short")
    expect(here.hook("reset-form").locator("[name=password]")).to_have_attribute("aria-invalid", "true")
    here.submit("reset-form", password=PASSWORD)
    expect(here.hook("signin-form")).to_be_visible()

    # The other browser is signed out, and its tokens are dead.
    assert app.client.userinfo(tokens["access_token"]).status_code == 401
    elsewhere.open(app.authorization().url)
    elsewhere.sign_in(app.tenant.email, app.tenant.password)
    expect(elsewhere.alert()).to_be_visible()
    elsewhere.sign_in(app.tenant.email, PASSWORD)
    elsewhere.tab.wait_for_url(f"{app.elsewhere}/welcome")

    # The link works once.
    here.open(link)
    expect(here.hook("error-page")).to_be_visible()


def test_an_expired_link(make_server, new_visitor):
    server = make_server().start()
    with application(server) as app:
        visitor = new_visitor(server)
        visitor.open(app.authorization().url)
        visitor.hook("recover-link").click()
        visitor.submit("recover-form", email=app.tenant.email)
        link = server.mail(app.tenant.email)["links"][0]
        server.advance(20 * 60 + 1)
        visitor.open(link)
        expect(visitor.hook("error-page")).to_be_visible()
        assert visitor.hook("request-id").inner_text()


def test_a_code_ends_after_five_wrong_ones(app, visitor):
    visitor.open(app.authorization().url)
    visitor.fill("signin-form", email=app.tenant.email)
    visitor.press("signin-form", "method", "email_code")
    expect(visitor.hook("verify-form")).to_be_visible()
    code = visitor.server.mail(app.tenant.email)["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        visitor.submit("verify-form", code=wrong)
        expect(visitor.alert()).to_be_visible()
    visitor.submit("verify-form", code=code)
    expect(visitor.alert()).to_be_visible()
    expect(visitor.hook("verify-form")).to_be_visible()


def test_an_expired_code(make_server, new_visitor):
    server = make_server().start()
    with application(server) as app:
        visitor = new_visitor(server)
        visitor.open(app.authorization().url)
        visitor.fill("signin-form", email=app.tenant.email)
        visitor.press("signin-form", "method", "email_code")
        expect(visitor.hook("verify-form")).to_be_visible()
        code = server.mail(app.tenant.email)["code"]
        server.advance(10 * 60 + 1)
        visitor.submit("verify-form", code=code)
        expect(visitor.alert()).to_be_visible()
