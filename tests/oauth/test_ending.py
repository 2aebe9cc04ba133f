"""What ends with a password and with a session, and where signing out leads; through a real server."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.harness import Application, Person, Server, Tenant, acme
from tests.harness.person import shown

GOODBYE = "https://app.example/bye"
OTHER = "another-long-and-unusual-passphrase"
PATH = "/oauth/end-session"


@pytest.fixture
def tenant(server: Server) -> Tenant:
    document = acme()
    document["applications"][0]["post_logout_redirect_uris"] = [GOODBYE, f"{GOODBYE}?from=sigid"]
    return server.bootstrap(document)


@pytest.fixture
def web(tenant: Tenant) -> Application:
    return tenant.application("web")


def signed_in(person: Person, tenant: Tenant, web: Application, scope: str = "openid offline_access") -> dict[str, Any]:
    authorization, arrival = person.sign_in_to(web, tenant.email, tenant.password, scope=scope)
    answer = web.redeem(authorization, arrival)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


@pytest.mark.promise("3.3.reset", "3.5.refresh")
def test_ref_08_a_new_password_ends_what_the_old_one_allowed(server, tenant, web, person):
    """Also what outlives a session, whose session may have ended long ago."""
    signed_out = signed_in(person, tenant, web)
    shown(person.page(f"{server.issuer}{PATH}").form("signout-form").submit())
    live = signed_in(person, tenant, web)
    assert web.refresh(signed_out["refresh_token"]).status_code == 200
    with Person(server) as elsewhere:
        _, at = elsewhere.authorize(web)
        before = len(server.inbox(tenant.email))
        shown(shown(at).follow("recover-link")).form("recover-form").submit(email=tenant.email)
        link = server.mail(tenant.email, after=before)["links"][0]
        assert shown(elsewhere.page(link).form("reset-form").submit(password=OTHER)).status == 200
    for tokens in (signed_out, live):
        answer = web.refresh(tokens["refresh_token"])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert server.reason(answer) == "grant_ended"
        assert web.introspect(tokens["access_token"]).json() == {"active": False}


@pytest.mark.promise("3.5.end-session")
@pytest.mark.parametrize(
    "state", ["plain", "a b&c=d#e?f", "<script>alert(1)</script>", "one\r\nSet-Cookie: a=b", "ü \u2028 漢"]
)
def test_log_05_state_comes_back_exactly_and_escaped(server, tenant, web, person, state):
    hint = signed_in(person, tenant, web)["id_token"]
    answer = person.browser.get(
        f"{server.issuer}{PATH}", params={"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE, "state": state}
    )
    assert answer.status_code == 303
    assert set(answer.headers["Location"]) <= set(map(chr, range(0x21, 0x7F)))
    there = urlsplit(answer.headers["Location"])
    assert there.geturl().startswith(f"{GOODBYE}?")
    assert parse_qs(there.query, strict_parsing=True) == {"state": [state]}
    assert "Set-Cookie: a=b" not in str(answer.headers)


def test_state_is_added_to_the_query_that_is_registered(server, tenant, web, person):
    hint = signed_in(person, tenant, web)["id_token"]
    form = {"id_token_hint": hint, "post_logout_redirect_uri": f"{GOODBYE}?from=sigid", "state": "s"}
    answer = person.browser.get(f"{server.issuer}{PATH}", params=form)
    assert answer.headers["Location"] == f"{GOODBYE}?from=sigid&state=s"


def test_state_has_its_bound(server, tenant, web, person):
    hint = signed_in(person, tenant, web)["id_token"]
    form = {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE, "state": "s" * 4097}
    answer = person.browser.get(f"{server.issuer}{PATH}", params=form)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert server.reason(answer) == "state_too_long"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example"}, {"Origin": "https://app.example"}]
)
def test_a_post_from_another_site_ends_the_session_too(server, tenant, web, person, headers):
    """Such a form brings no cookie (SameSite=Lax): it becomes a GET of our own, which does."""
    tokens = signed_in(person, tenant, web)
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": GOODBYE, "state": "s&t"}
    without_cookies = web.http.post(f"{server.issuer}{PATH}", data=form, headers=headers)
    assert without_cookies.status_code == 303
    assert without_cookies.headers["Location"].startswith(f"{PATH}?")
    assert "Set-Cookie" not in without_cookies.headers
    answer = person.browser.get(f"{server.issuer}{without_cookies.headers['Location']}")
    assert answer.headers["Location"] == f"{GOODBYE}?state=s%26t"
    assert web.introspect(tokens["access_token"]).json() == {"active": False}


def test_a_post_of_the_same_site_is_answered_at_once(server, tenant, web, person):
    tokens = signed_in(person, tenant, web)
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": GOODBYE}
    answer = person.browser.post(f"{server.issuer}{PATH}", data=form, headers={"Sec-Fetch-Site": "same-site"})
    assert answer.headers["Location"] == GOODBYE
    assert web.introspect(tokens["access_token"]).json() == {"active": False}


def test_log_02_an_expired_hint_of_ours_is_believed(server, tenant, web, person):
    hint = signed_in(person, tenant, web)["id_token"]
    server.advance(3 * 3600)
    answer = person.browser.get(
        f"{server.issuer}{PATH}", params={"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE}
    )
    assert answer.headers["Location"] == GOODBYE


def test_a_hint_of_somebody_else_asks(server, tenant, web, person):
    """The session of this browser is not the one that the hint tells of."""
    with Person(server) as other:
        hint = signed_in(other, tenant, web)["id_token"]
    tokens = signed_in(person, tenant, web)
    answer = person.browser.get(
        f"{server.issuer}{PATH}", params={"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE}
    )
    assert answer.status_code == 200
    assert 'data-testid="signout-form"' in answer.text
    assert web.introspect(tokens["access_token"]).json()["active"] is True
