"""Answers, pages, forms and sign-out: what must stand in them, and who may not send them (RFC 9207, RFC 9700)."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.attacks.scene import Scene
from tests.harness import Person
from tests.harness.bootstrap import CALLBACK
from tests.harness.person import shown

pytestmark = pytest.mark.promise("3.proof.attacks")

FOREIGN_HOST = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
def test_iss_01_every_answer_says_who_gave_it(scene: Scene, mode: str) -> None:
    told = scene.get(f"{scene.server.issuer}/.well-known/openid-configuration").json()
    _, arrival = scene.callback(response_mode=mode)
    assert (arrival.mode, arrival.parameters["iss"]) == (mode, told["issuer"])
    wrong = scene.person.arrive(scene.person.open(scene.web.authorization(response_mode=mode, scope="nonsense").url))
    assert (wrong.mode, wrong.error, wrong.parameters["iss"]) == (mode, "invalid_scope", told["issuer"])


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])
@pytest.mark.parametrize("header", FOREIGN_HOST)
def test_iss_02_metadata_is_not_built_from_the_host(scene: Scene, path: str, header: str) -> None:
    own = scene.get(scene.server.issuer + path)
    answer = scene.web.http.get(scene.server.issuer + path, headers={header: FOREIGN_HOST[header]})
    assert "evil.example" not in answer.text
    assert answer.json() == own.json()


@pytest.mark.parametrize("header", FOREIGN_HOST)
def test_htp_03_no_page_or_redirect_is_built_from_the_host(scene: Scene, header: str) -> None:
    url = scene.web.authorization().url
    answer = scene.web.http.get(url, headers={header: FOREIGN_HOST[header]}, follow_redirects=False)
    assert answer.status_code in (302, 303)
    assert "evil.example" not in str(answer.headers)
    page = scene.web.http.get(f"{scene.server.issuer}/recover", headers={header: FOREIGN_HOST[header]})
    assert "evil.example" not in page.text


def test_iss_03_a_password_is_never_posted_on(fresh: Scene) -> None:
    _, at = fresh.person.authorize(fresh.web)
    arrival = fresh.person.arrive(fresh.person.sign_in(at, fresh.tenant.email, fresh.tenant.password))
    assert arrival.response.status_code in (302, 303)


PAGES = ["/oauth/authorize?client_id=x", "/recover", "/oauth/end-session", "/nowhere"]


@pytest.mark.parametrize("path", PAGES)
def test_ses_05_no_page_in_a_frame(scene: Scene, path: str) -> None:
    answer = scene.web.http.get(scene.server.issuer + path, headers={"Accept": "text/html"})
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("path", PAGES)
def test_iss_04_nothing_leaks_by_referer_or_to_a_third_party(scene: Scene, path: str) -> None:
    answer = scene.web.http.get(scene.server.issuer + path, headers={"Accept": "text/html"})
    assert answer.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_iss_05_nothing_personal_is_cached(scene: Scene) -> None:
    authorization, arrival = scene.callback()
    got = scene.web.redeem(authorization, arrival)
    for answer in (arrival.response, got, scene.web.userinfo(got.json()["access_token"]), scene.web.introspect("x")):
        assert answer.headers["Cache-Control"] == "no-store"


def test_iss_06_a_finished_sign_in_gives_no_second_code(fresh: Scene) -> None:
    _, at = fresh.person.authorize(fresh.web)
    url = shown(at).url
    fresh.person.arrive(fresh.person.sign_in(at, fresh.tenant.email, fresh.tenant.password))
    again = shown(fresh.person.open(url))
    assert again.error == "interaction_finished"
    assert fresh.server.reason(again.response) == "interaction_finished"


def test_iss_07_a_form_belongs_to_its_own_sign_in(fresh: Scene) -> None:
    first = shown(fresh.person.authorize(fresh.web)[1]).form("signin-form")
    second = shown(fresh.person.authorize(fresh.mallory)[1]).form("signin-form")
    typed = {"email": fresh.tenant.email, "password": fresh.tenant.password}
    crossed = first.fields | {"csrf": second.fields["csrf"]} | typed
    answer = fresh.person.browser.post(httpx.URL(first.page.url).join(first.element.attributes["action"]), data=crossed)
    fresh.page_refused(answer, "form_refused", "form_token_wrong", 403)


FORMS: dict[str, tuple[dict[str, Any], dict[str, str], int, str]] = {
    "SES-03 no token": ({"csrf": ""}, {}, 403, "form_token_wrong"),
    "SES-03 an invented token": ({"csrf": "A" * 88}, {}, 403, "form_token_wrong"),
    "SES-03 from another origin": ({}, {"Origin": "https://evil.example"}, 403, "form_from_another_origin"),
    "SES-03 from the origin null": ({}, {"Origin": "null"}, 403, "form_from_another_origin"),
    "SES-03 from another site": ({}, {"Sec-Fetch-Site": "cross-site"}, 403, "form_from_another_site"),
    "SES-03 as plain text": ({}, {"Content-Type": "text/plain"}, 415, "not_a_form"),
}


@pytest.mark.parametrize(("fields", "headers", "status", "because"), FORMS.values(), ids=FORMS)
@pytest.mark.promise("3.4.csrf")
def test_a_form_that_is_not_ours(
    fresh: Scene, fields: dict[str, Any], headers: dict[str, str], status: int, because: str
) -> None:
    form = shown(fresh.person.authorize(fresh.web)[1]).form("signin-form")
    typed = {"email": fresh.tenant.email, "password": fresh.tenant.password}
    url = httpx.URL(form.page.url).join(form.element.attributes["action"])
    answer = fresh.person.browser.post(url, data=form.fields | typed | fields, headers=headers)
    assert answer.status_code == status
    assert fresh.server.reason(answer) == because
    assert "sigid_session" not in answer.headers.get("Set-Cookie", "")


def test_ses_03_another_browsers_token_is_worth_nothing(fresh: Scene) -> None:
    form = shown(fresh.person.authorize(fresh.web)[1]).form("signin-form")
    url = httpx.URL(form.page.url).join(form.element.attributes["action"])
    with Person(fresh.server) as other:
        other.authorize(fresh.web)  # it has a cookie of its own
        answer = other.browser.post(url, data=form.fields | {"email": fresh.tenant.email, "password": "x"})
    fresh.page_refused(answer, "form_refused", "form_token_wrong", 403)


def test_ses_01_a_sign_in_makes_its_own_session(fresh: Scene) -> None:
    planted = "planted-by-a-neighbour"
    fresh.person.browser.cookies.set("sigid_session", planted, domain="localhost.local", path="/")
    _, at = fresh.person.authorize(fresh.web)
    fresh.person.arrive(fresh.person.sign_in(at, fresh.tenant.email, fresh.tenant.password))
    values = [cookie.value for cookie in fresh.person.browser.cookies.jar if cookie.name == "sigid_session"]
    assert planted not in values


@pytest.mark.parametrize("name", ["sigid_session", "sigid_browser"])
def test_a_cookie_that_came_twice_is_refused(fresh: Scene, name: str) -> None:
    """A neighbour on the same host may have planted one of them."""
    answer = fresh.web.http.get(fresh.web.authorization().url, headers={"Cookie": f"{name}=a; {name}=b"})
    fresh.page_refused(answer, "cookies_doubled", "cookie_repeated")


LOGOUTS: dict[str, tuple[Callable[[Scene, str], dict[str, str]], str]] = {
    "LOG-01 an unregistered address": (
        lambda _, hint: {"id_token_hint": hint, "post_logout_redirect_uri": "https://evil.example/"},
        "post_logout_redirect_uri_not_registered",
    ),
    "LOG-01 the callback, which is not for this": (
        lambda _, hint: {"id_token_hint": hint, "post_logout_redirect_uri": CALLBACK},
        "post_logout_redirect_uri_not_registered",
    ),
}


@pytest.mark.parametrize(("attack", "because"), LOGOUTS.values(), ids=LOGOUTS)
@pytest.mark.promise("3.5.end-session")
def test_sign_out_leads_nowhere_else(
    scene: Scene, attack: Callable[[Scene, str], dict[str, str]], because: str
) -> None:
    hint = scene.tokens()["id_token"]
    answer = scene.web.http.get(f"{scene.server.issuer}/oauth/end-session", params=attack(scene, hint))
    scene.page_refused(answer, "redirect_uri_unknown", because)


ASKS: dict[str, Callable[[Scene, dict[str, Any]], dict[str, str]]] = {
    "LOG-02 a hint with a broken signature": lambda _, got: {"id_token_hint": got["id_token"][:-40] + "A" * 40},
    "LOG-02 an access token as hint": lambda _, got: {"id_token_hint": got["access_token"]},
    "LOG-03 no hint, from a foreign page": lambda *_: {},
    "LOG-04 another client than the hint's": lambda s, got: {
        "id_token_hint": got["id_token"], "client_id": s.mallory.client_id
    },
}  # fmt: skip


@pytest.mark.parametrize("attack", ASKS.values(), ids=ASKS)
def test_sign_out_asks_first(scene: Scene, attack: Callable[[Scene, dict[str, Any]], dict[str, str]]) -> None:
    got = scene.tokens()
    answer = scene.person.browser.get(
        f"{scene.server.issuer}/oauth/end-session",
        params={**attack(scene, got), "post_logout_redirect_uri": "https://evil.example/"},
    )
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert "evil.example" not in answer.text
    assert scene.active(got["access_token"]), "the session goes on until the person says so"


@pytest.mark.parametrize("override", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_htp_04_a_method_is_what_it_is(scene: Scene, override: str) -> None:
    answer = scene.web.http.get(f"{scene.server.issuer}/oauth/token?_method=POST", headers={override: "POST"})
    assert answer.status_code == 405
