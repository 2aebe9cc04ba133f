"""The pages by keyboard alone, and without JavaScript."""

import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import PASSWORD

FOCUS = """() => {
  const e = document.activeElement, style = getComputedStyle(e)
  return {
    name: e.getAttribute("name"), value: e.getAttribute("value"), type: e.type, text: e.innerText,
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  }
}"""


def tab_to(tab: Page, **wanted: str) -> None:
    """Press Tab until the focus is there; at every stop it must be seen where it is."""
    for _ in range(30):
        tab.keyboard.press("Tab")
        focus = tab.evaluate(FOCUS)
        assert focus["seen"], f"nobody sees the focus at {focus}"
        if all(focus[name] == value for name, value in wanted.items()):
            return
    raise AssertionError(f"no way to {wanted} by the keyboard")


@pytest.mark.promise("3.4.accessible")
def test_by_keyboard_alone(app, visitor):
    asked = app.authorization()
    visitor.open(asked.url)
    tab, keyboard = visitor.tab, visitor.tab.keyboard

    # The first stop leads past everything that is not the form.
    keyboard.press("Tab")
    assert tab.evaluate("() => document.activeElement.getAttribute('href')") == "#main"
    keyboard.press("Enter")

    tab_to(tab, name="email")
    keyboard.type(app.tenant.email)
    tab_to(tab, name="password")
    keyboard.type("not-the-password")
    keyboard.press("Enter")  # Enter in a field presses the primary button
    expect(visitor.alert()).to_be_visible()
    tab_to(tab, name="password")
    keyboard.type(app.tenant.password)
    tab_to(tab, type="submit")
    keyboard.press("Space")

    expect(visitor.hook("consent-form")).to_be_visible()
    tab_to(tab, name="decision", value="allow")
    keyboard.press("Enter")
    tab.wait_for_url(f"{app.elsewhere}/welcome")
    assert app.redeem(asked)["access_token"]


@pytest.mark.promise("3.4.no-javascript")
def test_without_javascript(app, new_visitor):
    """Sign-up, sign-in, a posted answer, reset and sign-out: each works with pages and forms alone."""
    visitor = new_visitor(java_script_enabled=False)
    email = f"mira-{secrets.token_hex(4)}@example.com"
    asked = app.authorization(response_mode="form_post")
    visitor.open(asked.url)
    visitor.sign_up(email)
    visitor.type_code(email)
    visitor.decide("allow")
    visitor.tab.get_by_role("main").get_by_role("button").click()  # the answer waits for a person to send it on
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")
    assert app.redeem(asked)["access_token"]

    visitor.open(f"{app.tenant.issuer}/oauth/end-session")
    visitor.submit("signout-form")
    expect(visitor.hook("signed-out")).to_be_visible()

    asked = app.authorization()
    visitor.open(asked.url)
    visitor.hook("recover-link").click()
    before = len(visitor.server.inbox(email))
    visitor.submit("recover-form", email=email)
    visitor.open(visitor.server.mail(email, after=before)["links"][0])
    visitor.submit("reset-form", password=PASSWORD + "-2")
    expect(visitor.hook("signin-form")).to_be_visible()
    visitor.open(app.authorization().url)
    visitor.sign_in(email, PASSWORD + "-2")
    visitor.tab.wait_for_url(f"{app.elsewhere}/welcome")
