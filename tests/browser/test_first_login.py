"""From an application to its welcome page and out again, in a real browser.

The application's callback redirects to another origin at once, which `form-action` must let through: Chromium applies
it to every hop after a form.
"""

import secrets

import pytest
from playwright.sync_api import expect

from tests.browser.application import application
from tests.browser.visitor import PASSWORD

pytestmark = pytest.mark.promise("3.proof.browser")


@pytest.mark.promise("3.3.sign-up", "3.5.end-session")
def test_sign_up_to_logout(app, visitor):
    email = f"mira-{secrets.token_hex(4)}@example.com"
    asked = app.authorization()
    visitor.open(asked.url)
    visitor.sign_up(email)
    visitor.type_code(email)
    expect(visitor.tab.get_by_role("heading", level=1)).to_contain_text("Halden Invoices")
    visitor.decide("allow")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")

    tokens = app.redeem(asked)
    user = app.client.userinfo(tokens["access_token"]).json()
    assert (user["email"], user["email_verified"], user["name"]) == (email, True, "Mira Okafor")

    # Known now: an answer without a page.
    asked = app.authorization(prompt="none")
    visitor.open(asked.url)
    assert visitor.tab.url == f"{app.elsewhere}/welcome"
    tokens = app.redeem(asked)

    visitor.open(app.logout(tokens["id_token"], "bye"))
    assert visitor.tab.url == f"{app.origin}/signed-out?state=bye"
    assert app.client.userinfo(tokens["access_token"]).status_code == 401

    # Signed out: the password is asked for, and is the one that was chosen; consent is not asked again.
    asked = app.authorization()
    visitor.open(asked.url)
    visitor.sign_in(email, PASSWORD)
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")
    assert app.redeem(asked)["id_token"]


def test_no_reaches_the_application(app, visitor):
    visitor.open(app.authorization().url)
    visitor.sign_in(app.tenant.email, app.tenant.password)
    visitor.decide("deny")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")
    assert app.answers[-1].parameters["error"] == "access_denied"
    assert "code" not in app.answers[-1].parameters


@pytest.mark.promise("3.5.response-mode")
def test_an_answer_that_is_posted(app, visitor):
    asked = app.authorization(response_mode="form_post")
    visitor.open(asked.url)
    visitor.sign_in(app.tenant.email, app.tenant.password)
    visitor.decide("allow")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")
    assert app.answers[-1].method == "POST"
    assert app.redeem(asked)["access_token"]


@pytest.mark.promise("3.3.sign-in-code")
def test_a_code_by_mail(app, visitor):
    asked = app.authorization()
    visitor.open(asked.url)
    visitor.fill("signin-form", email=app.tenant.email)
    visitor.press("signin-form", "method", "email_code")
    visitor.type_code(app.tenant.email)
    visitor.decide("allow")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")
    assert app.redeem(asked)["access_token"]


@pytest.mark.promise("3.3.switcher", "3.5.prompt")
def test_two_accounts_side_by_side(app, visitor):
    """A second person signs in beside the first; the switcher goes back to the first."""
    visitor.open(app.authorization().url)
    visitor.sign_in(app.tenant.email, app.tenant.password)
    visitor.decide("allow")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")

    email = f"mira-{secrets.token_hex(4)}@example.com"
    visitor.open(app.authorization(prompt="create").url)
    visitor.submit("signup-form", name="Mira Okafor", email=email, password=PASSWORD)
    visitor.type_code(email)
    visitor.decide("allow")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")

    asked = app.authorization(prompt="select_account")
    visitor.open(asked.url)
    expect(visitor.hook("account-chooser").get_by_role("button")).to_have_count(2)
    visitor.hook("account-chooser").get_by_role("button", name=app.tenant.email).click()
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")
    assert app.client.userinfo(app.redeem(asked)["access_token"]).json()["email"] == app.tenant.email


@pytest.mark.promise("3.3.join")
def test_joining_a_second_tenant(app, visitor, real_time_server):
    """One account, two tenants: she sees what the second gets, joins, and is somebody else there."""
    with application(real_time_server, users=[]) as second:
        asked = second.authorization()
        visitor.open(asked.url)
        visitor.sign_in(app.tenant.email, app.tenant.password)
        expect(visitor.hook("join-form")).to_contain_text(app.tenant.email)
        visitor.decide("allow", "join-form")
        visitor.decide("allow")
        visitor.tab.wait_for_url(f"{second.elsewhere}/welcome")
        user = second.client.userinfo(second.redeem(asked)["access_token"]).json()
    assert user["email"] == app.tenant.email
    assert user["sub"] != app.tenant.user()["sub"]


@pytest.mark.promise("3.4.error-pages")
def test_a_wrong_address_never_redirects(app, visitor):
    visitor.open(app.authorization(redirect_uri=f"{app.elsewhere}/callback").url)
    assert visitor.hook("error-page").get_attribute("data-error")
    assert visitor.hook("request-id").inner_text().startswith("req_")
    assert visitor.tab.url.startswith(app.tenant.issuer)
