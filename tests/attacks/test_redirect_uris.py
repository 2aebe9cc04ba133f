"""Authorization requests that must not be answered, or not so (RFC 9700 sections 2.1 and 4.1; RFC 6749 4.1.2.1)."""

from typing import Any

import pytest

from tests.attacks.scene import NATIVE_CALLBACK, Scene
from tests.harness.bootstrap import CALLBACK
from tests.harness.person import shown

pytestmark = pytest.mark.promise("3.proof.attacks", "3.4.error-pages")

EVIL = "https://evil.example/cb"

# What is sent in place of the registered http://localhost:3000/callback.
NOT_REGISTERED = {
    "RED-01 dots in the path": f"{CALLBACK}/../evil",
    "RED-02 a segment more": f"{CALLBACK}/more",
    "RED-02 a query": f"{CALLBACK}?x=1",
    "RED-02 an empty query": f"{CALLBACK}?",
    "RED-02 a slash": f"{CALLBACK}/",
    "RED-02 a dot": f"{CALLBACK}.",
    "RED-03 scheme and host in capitals": CALLBACK.replace("http://localhost", "HTTP://LOCALHOST"),
    "RED-03 path in capitals": CALLBACK.replace("callback", "CALLBACK"),
    "RED-04 dots encoded": f"{CALLBACK}%2e%2e/",
    "RED-04 a slash encoded": f"{CALLBACK}%2f",
    "RED-04 encoded twice": f"{CALLBACK}%252e%252e",
    "RED-04 an allowed character encoded": CALLBACK.replace("callback", "c%61llback"),
    "RED-05 the host as user name": "http://localhost:3000@evil.example/callback",
    "RED-05 with a password": "http://localhost:pw@evil.example/callback",
    "RED-06 a query that leads on": f"{CALLBACK}?next={EVIL}",
    "RED-07 another port for a web client": CALLBACK.replace("3000", "4000"),
    "RED-07 127.0.0.1 for localhost": CALLBACK.replace("localhost", "127.0.0.1"),
    "RED-12 javascript": "javascript:alert(1)",
    "RED-12 data": "data:text/html,x",
    "RED-12 vbscript": "vbscript:x",
    "RED-12 file": "file:///etc/passwd",
    "RED-12 blob": "blob:http://localhost:3000/x",
    "somewhere else": EVIL,
    "a fragment": f"{CALLBACK}#x",
    "a null byte": f"{CALLBACK}\0",
    "a line break": f"{CALLBACK}\r\nLocation: {EVIL}",
}


@pytest.mark.parametrize("uri", NOT_REGISTERED.values(), ids=NOT_REGISTERED)
def test_an_address_that_is_not_registered_gets_a_page(scene: Scene, uri: str) -> None:
    scene.page_refused(scene.asked(redirect_uri=uri), "redirect_uri_unknown", "redirect_uri_not_registered")


# Which application asks, what it sends, and which page and reason it gets.
PAGES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "RED-07 localhost for a native client's 127.0.0.1": (
        "native", {"redirect_uri": "http://localhost:5000/cb"}, "redirect_uri_unknown", "redirect_uri_not_registered"
    ),
    "RED-07 another path at a native client's port": (
        "native", {"redirect_uri": "http://127.0.0.1:5000/evil"}, "redirect_uri_unknown", "redirect_uri_not_registered"
    ),
    "RED-08 with a scope that is wrong too": (
        "web", {"redirect_uri": EVIL, "scope": "tenants:write"}, "redirect_uri_unknown", "redirect_uri_not_registered"
    ),
    "RED-08 with every other parameter wrong": (
        "web", {"redirect_uri": EVIL, "response_type": "token", "prompt": "none login", "code_challenge": None},
        "redirect_uri_unknown", "redirect_uri_not_registered",
    ),
    "RED-09 none of two": ("two", {"redirect_uri": None}, "redirect_uri_missing", "redirect_uri_missing"),
    "RED-10 the good one first": (
        "web", {"redirect_uri": [CALLBACK, EVIL]}, "redirect_uri_unknown", "parameter_repeated"
    ),
    "RED-10 the bad one first": (
        "web", {"redirect_uri": [EVIL, CALLBACK]}, "redirect_uri_unknown", "parameter_repeated"
    ),
    "RED-11 an unknown client": ("web", {"client_id": "app_unknown"}, "redirect_uri_unknown", "client_unknown"),
    "no client": ("web", {"client_id": None}, "redirect_uri_unknown", "client_id_missing"),
}  # fmt: skip


@pytest.mark.parametrize(("asks", "parameters", "error", "because"), PAGES.values(), ids=PAGES)
def test_nothing_is_sent_to_an_address_that_is_not_proved(
    scene: Scene, asks: str, parameters: dict[str, Any], error: str, because: str
) -> None:
    scene.page_refused(scene.asked(scene.tenant.application(asks), **parameters), error, because)


def test_red_07_a_native_client_may_listen_on_any_port(scene: Scene) -> None:
    native = scene.tenant.application("native")
    answer = scene.asked(native, redirect_uri=NATIVE_CALLBACK.replace("127.0.0.1", "127.0.0.1:51234"))
    assert answer.status_code in (302, 303)
    assert answer.headers["Location"].startswith("/signin")


# What is answered by redirect to the proved address, as an error.
SENT_BACK: dict[str, tuple[dict[str, Any], str, str]] = {
    "RED-15 token": ({"response_type": "token"}, "unsupported_response_type", "response_type_not_code"),
    "RED-15 id_token": ({"response_type": "id_token"}, "unsupported_response_type", "response_type_not_code"),
    "RED-15 code id_token": ({"response_type": "code id_token"}, "unsupported_response_type", "response_type_not_code"),
    "RED-15 code token": ({"response_type": "code token"}, "unsupported_response_type", "response_type_not_code"),
    "RED-15 none": ({"response_type": "none"}, "unsupported_response_type", "response_type_not_code"),
    "RED-16 web_message": ({"response_mode": "web_message"}, "invalid_request", "response_mode_unknown"),
    "RED-16 jwt": ({"response_mode": "jwt"}, "invalid_request", "response_mode_unknown"),
    "RED-16 unknown": ({"response_mode": "pigeon"}, "invalid_request", "response_mode_unknown"),
    "RED-18 CR LF": ({"state": "a\r\nSet-Cookie: x=1"}, "invalid_request", "state_control_character"),
    "RED-18 NUL": ({"state": "a\0b"}, "invalid_request", "state_control_character"),
    "RED-18 8 KiB": ({"state": "a" * 8192}, "invalid_request", "state_too_long"),
    "RED-19 unknown": ({"scope": "openid nonsense"}, "invalid_scope", "scope_not_allowed"),
    "RED-19 quoted": ({"scope": 'openid "x"'}, "invalid_scope", "scope_malformed"),
    "RED-19 a control character": ({"scope": "openid\tx"}, "invalid_scope", "scope_malformed"),
    "RED-19 too many": ({"scope": " ".join(f"s{n}" for n in range(1500))}, "invalid_scope", "scope_too_many"),
    "RED-20 one that the application may not have": (
        {"scope": "openid tenants:write"}, "invalid_scope", "scope_not_allowed"
    ),
    "RED-20 one of the API that was not given": (
        {"scope": "openid projects:delete"}, "invalid_scope", "scope_not_allowed"
    ),
    "RED-21 unregistered": ({"resource": "https://other.example"}, "invalid_target", "resource_unknown"),
    "RED-21 relative": ({"resource": "/api"}, "invalid_target", "resource_malformed"),
    "RED-21 with a fragment": ({"resource": "https://api.example.com#x"}, "invalid_target", "resource_malformed"),
    "RED-22 none login": ({"prompt": "none login"}, "invalid_request", "prompt_none_with_others"),
    "RED-22 none consent": ({"prompt": "none consent"}, "invalid_request", "prompt_none_with_others"),
    "RED-23 none, with no cookie in the frame": ({"prompt": "none"}, "login_required", "prompt_none_without_session"),
    "RED-25 not JSON": ({"claims": "{"}, "invalid_request", "claims_not_json"),
    "RED-25 large": ({"claims": '{"x":"' + "a" * 9000 + '"}'}, "invalid_request", "claims_too_large"),
    "RED-25 deep": (
        {"claims": '{"x":' * 200 + "1" + "}" * 200}, "invalid_request", "claims_not_json"
    ),
    "COD-01 no challenge": (
        {"code_challenge": None, "code_challenge_method": None}, "invalid_request", "code_challenge_missing"
    ),
    "COD-01 a method alone": ({"code_challenge": None}, "invalid_request", "code_challenge_missing"),
    "COD-02 plain": ({"code_challenge_method": "plain"}, "invalid_request", "code_challenge_method_not_s256"),
    "COD-02 absent": ({"code_challenge_method": None}, "invalid_request", "code_challenge_method_not_s256"),
    "COD-02 S512": ({"code_challenge_method": "S512"}, "invalid_request", "code_challenge_method_not_s256"),
    "COD-02 s256": ({"code_challenge_method": "s256"}, "invalid_request", "code_challenge_method_not_s256"),
    "COD-03 42 characters": ({"code_challenge": "A" * 42}, "invalid_request", "code_challenge_malformed"),
    "COD-03 129 characters": ({"code_challenge": "A" * 129}, "invalid_request", "code_challenge_malformed"),
    "COD-03 padding": ({"code_challenge": "A" * 43 + "="}, "invalid_request", "code_challenge_malformed"),
    "COD-03 a plus": ({"code_challenge": "A" * 42 + "+"}, "invalid_request", "code_challenge_malformed"),
    "COD-03 not of 32 bytes": ({"code_challenge": "A" * 42 + "B"}, "invalid_request", "code_challenge_malformed"),
    "a request object, which is not offered": (
        {"request": "a.b.c"}, "request_not_supported", "request_not_supported"
    ),
    "a scope twice as a parameter": ({"scope": ["openid", "email"]}, "invalid_request", "parameter_repeated"),
}  # fmt: skip


@pytest.mark.parametrize(("parameters", "error", "because"), SENT_BACK.values(), ids=SENT_BACK)
def test_what_is_wrong_with_the_rest_goes_back_as_an_error(
    scene: Scene, parameters: dict[str, Any], error: str, because: str
) -> None:
    arrival = scene.sent_back(scene.asked(**parameters), error, because)
    assert "\r" not in arrival.url
    assert "\n" not in arrival.url


def test_cod_01_a_public_client_has_no_way_around_pkce(scene: Scene) -> None:
    answer = scene.asked(scene.spa, code_challenge=None, code_challenge_method=None)
    scene.sent_back(answer, "invalid_request", "code_challenge_missing")


def test_red_18_a_state_that_is_not_utf_8_is_a_page(scene: Scene) -> None:
    answer = scene.get(scene.web.authorization(state=None).url + "&state=%ff%fe")
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert scene.server.reason(answer) == "not_utf8"


def test_red_21_an_api_of_another_tenant_is_unknown(scene: Scene) -> None:
    answer = scene.asked(resource=f"{scene.server.issuer}/t/{scene.stranger.id}")
    scene.sent_back(answer, "invalid_target", "resource_unknown")


STATES = {
    "RED-17 markup": '"><script>alert(1)</script>',
    "RED-17 entities": "&quot;&#34;&amp;",
    "RED-17 other alphabets": "ё☃🙂 '\\`",
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_a_posted_answer_holds_the_state_as_it_was(scene: Scene, state: str) -> None:
    _, arrival = scene.callback(response_mode="form_post", state=state)
    assert arrival.mode == "form_post"
    assert arrival.parameters["state"] == state
    assert "<script>alert" not in arrival.response.text
    policy = arrival.response.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert arrival.response.headers["Cache-Control"] == "no-store"


HINTS = {
    "RED-26 markup as a hint": {"login_hint": '"><script>alert(1)</script>'},
    "RED-26 a template as a hint": {"login_hint": "{{7*7}}${7*7}"},
    "RED-26 a path as a language": {"ui_locales": "../../etc/passwd"},
    "RED-26 markup as a display": {"display": "<script>alert(1)</script>"},
}


@pytest.mark.parametrize("parameters", HINTS.values(), ids=HINTS)
def test_hints_are_shown_as_they_are_or_not_at_all(fresh: Scene, parameters: dict[str, str]) -> None:
    _, at = fresh.person.authorize(fresh.web, **parameters)
    page = shown(at)
    text = page.response.text
    assert page.response.status_code == 200
    assert "<script>alert" not in text
    assert page.form("signin-form").fields["email"] in ("", parameters.get("login_hint"))
    assert "root:" not in text
