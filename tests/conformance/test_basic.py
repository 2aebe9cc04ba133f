"""`oidcc-basic-certification`, and `oidcc-formpost-basic-certification`: the same with `response_mode=form_post`."""

import json
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.conformance import checks
from tests.conformance.plan import Module, Plan
from tests.conformance.relying_party import RelyingParty

PLANS = ("oidcc-basic-certification", "oidcc-formpost-basic-certification")
PROFILE = {"name", "updated_at"}
EMAIL = {"email", "email_verified"}
PROTOCOL = {"sub"}

plan = Plan()


@plan.module("oidcc-server", "Core 3.1")
def server(rp: RelyingParty) -> None:
    """The plain code flow, with every check of a success"""
    assert rp.sign_in().userinfo.keys() == PROTOCOL


@plan.module("oidcc-response-type-missing", "RFC 6749 3.1.1")
def response_type_missing(rp: RelyingParty) -> None:
    """Without `response_type` the application is told `invalid_request`"""
    sent, at = rp.ask(response_type=None)
    rp.refused(sent, at, "unsupported_response_type", "invalid_request")


@plan.module("oidcc-idtoken-signature", "Core 2")
def idtoken_signature(rp: RelyingParty) -> None:
    """No algorithm was registered: the ID token is signed by RS256"""
    rp.sign_in()  # which reads the ID token with RS256 and no other


@plan.module("oidcc-idtoken-unsigned", "Core 2")
def idtoken_unsigned(rp: RelyingParty) -> None:
    """`none` is not advertised, which is when the module is skipped; and none comes"""
    assert "none" not in rp.metadata["id_token_signing_alg_values_supported"]
    assert rp.sign_in().tokens["id_token"].rpartition(".")[2]


@plan.module("oidcc-userinfo-get", "Core 5.3.1")
def userinfo_get(rp: RelyingParty) -> None:
    """UserInfo by GET"""
    login = rp.sign_in()
    _userinfo(rp, login.claims["sub"], "GET", headers=_bearer(login.tokens["access_token"]))


@plan.module("oidcc-userinfo-post-header", "Core 5.3.1")
def userinfo_post_header(rp: RelyingParty) -> None:
    """UserInfo by POST, with the token in the header"""
    login = rp.sign_in()
    _userinfo(rp, login.claims["sub"], "POST", headers=_bearer(login.tokens["access_token"]))


@plan.module("oidcc-userinfo-post-body", "Core 5.3.1")
def userinfo_post_body(rp: RelyingParty) -> None:
    """UserInfo by POST, with the token in the form"""
    login = rp.sign_in()
    _userinfo(rp, login.claims["sub"], "POST", data={"access_token": login.tokens["access_token"]})


@plan.module("oidcc-ensure-request-without-nonce-succeeds-for-code-flow", "Core 3.1.2.1")
def without_nonce(rp: RelyingParty) -> None:
    """Without `nonce`: success, and none in the ID token"""
    assert "nonce" not in rp.sign_in(nonce=None).claims


@plan.module("oidcc-scope-profile", "Core 5.4")
def scope_profile(rp: RelyingParty) -> None:
    """`profile`: its claims at UserInfo, not in the ID token"""
    assert rp.sign_in(scope="openid profile").userinfo.keys() == PROTOCOL | PROFILE


@plan.module("oidcc-scope-email", "Core 5.4")
def scope_email(rp: RelyingParty) -> None:
    """`email`: its claims at UserInfo, not in the ID token"""
    login = rp.sign_in(scope="openid email")
    assert login.userinfo.keys() == PROTOCOL | EMAIL
    assert login.userinfo["email"] == rp.tenant.email


@plan.module("oidcc-scope-address", "Core 5.4")
def scope_address(rp: RelyingParty) -> None:
    """Not advertised, which is when the module is skipped; asking is `invalid_scope`"""
    _scope_that_is_not_offered(rp, "address")


@plan.module("oidcc-scope-phone", "Core 5.4")
def scope_phone(rp: RelyingParty) -> None:
    """Not advertised, which is when the module is skipped; asking is `invalid_scope`"""
    _scope_that_is_not_offered(rp, "phone")


@plan.module("oidcc-scope-all", "Core 5.4")
def scope_all(rp: RelyingParty) -> None:
    """All that is advertised"""
    login = rp.sign_in(scope=" ".join(rp.metadata["scopes_supported"]), prompt="consent")
    assert login.userinfo.keys() == PROTOCOL | PROFILE | EMAIL


@plan.module("oidcc-alternate-happy-flow", "RFC 6749 3.3")
def alternate_happy_flow(rp: RelyingParty) -> None:
    """Scopes and parameters in reversed order"""
    sent = rp.request(scope="email openid")
    backwards = httpx.QueryParams(list(reversed(parse_qsl(urlsplit(sent.url).query))))
    at = rp.person.open(f"/oauth/authorize?{backwards}")
    assert rp.finish(sent, rp.with_password(at)).userinfo.keys() == PROTOCOL | EMAIL


@plan.module("oidcc-display-page", "Core 15.1")
def display_page(rp: RelyingParty) -> None:
    """`display=page` is accepted"""
    rp.sign_in(display="page")


@plan.module("oidcc-display-popup", "Core 15.1")
def display_popup(rp: RelyingParty) -> None:
    """`display=popup` is accepted"""
    rp.sign_in(display="popup")


@plan.module("oidcc-prompt-login", "Core 3.1.2.1")
def prompt_login(rp: RelyingParty) -> None:
    """`prompt=login` shows the sign-in page again; `auth_time` is later"""
    first = rp.sign_in()
    rp.server.advance(5)
    second = rp.sign_in(prompt="login")
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["sub"] == first.claims["sub"]


@plan.module("oidcc-prompt-none-not-logged-in", "Core 3.1.2.6")
def prompt_none_not_logged_in(rp: RelyingParty) -> None:
    """`prompt=none` without a session is `login_required`"""
    sent, at = rp.ask(prompt="none")
    rp.refused(sent, at, "login_required")


@plan.module("oidcc-prompt-none-logged-in", "Core 3.1.2.1")
def prompt_none_logged_in(rp: RelyingParty) -> None:
    """`prompt=none` with a session: no page, the same `sub` and `auth_time`"""
    first = rp.sign_in()
    rp.server.advance(5)
    second = rp.sign_in_silently(prompt="none")
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] == first.claims["auth_time"]


@plan.module("oidcc-max-age-1", "Core 3.1.2.1")
def max_age_1(rp: RelyingParty) -> None:
    """`max_age=1` later than that: sign-in again, with a new `auth_time`"""
    first = rp.sign_in()
    rp.server.advance(5)
    second = rp.sign_in(max_age="1")
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert second.claims["auth_time"] >= second.claims["iat"] - 60


@plan.module("oidcc-max-age-10000", "Core 2")
def max_age_10000(rp: RelyingParty) -> None:
    """`max_age=15000`, then `10000`: no second sign-in, the same `auth_time` in both"""
    first = rp.sign_in(max_age="15000")
    rp.server.advance(5)
    second = rp.sign_in_silently(max_age="10000")
    assert second.claims["auth_time"] == first.claims["auth_time"]


@plan.module("oidcc-ensure-request-with-unknown-parameter-succeeds", "RFC 6749 3.1")
def unknown_parameter(rp: RelyingParty) -> None:
    """`extra=foobar` is ignored"""
    rp.sign_in(extra="foobar")


@plan.module("oidcc-id-token-hint", "Core 3.1.2.1")
def id_token_hint(rp: RelyingParty) -> None:
    """`prompt=none` with the ID token of the first login: no page, the same `sub`"""
    first = rp.sign_in()
    second = rp.sign_in_silently(prompt="none", id_token_hint=first.tokens["id_token"])
    assert second.claims["sub"] == first.claims["sub"]


@plan.module("oidcc-login-hint", "Core 3.1.2.1")
def login_hint(rp: RelyingParty) -> None:
    """A hint of the address, one's own or any other, is accepted"""
    rp.sign_in(login_hint=rp.tenant.email)
    rp.sign_in(login_hint="nobody@example.com", prompt="login")


@plan.module("oidcc-ui-locales", "Core 3.1.2.1")
def ui_locales(rp: RelyingParty) -> None:
    """Languages that are offered, and that are not, are accepted"""
    rp.sign_in(ui_locales="se de en")
    rp.sign_in(ui_locales="tlh", prompt="login")


@plan.module("oidcc-claims-locales", "Core 5.2")
def claims_locales(rp: RelyingParty) -> None:
    """Languages that are offered, and that are not, are accepted"""
    rp.sign_in(claims_locales="se tlh en")


@plan.module("oidcc-ensure-request-with-acr-values-succeeds", "Core 15.1")
def acr_values(rp: RelyingParty) -> None:
    """All that are advertised: success, and one of them is the `acr`"""
    offered = rp.metadata["acr_values_supported"]
    assert rp.sign_in(acr_values=" ".join(offered)).claims["acr"] in offered


@plan.module("oidcc-codereuse", "Core 3.1.3.2")
def codereuse(rp: RelyingParty) -> None:
    """A code used again at once is `invalid_grant`"""
    login = rp.sign_in()
    checks.endpoint_error(rp.redeem(login.sent, login.arrival), "invalid_grant")


@plan.module("oidcc-codereuse-30seconds", "RFC 6749 4.1.2")
def codereuse_30seconds(rp: RelyingParty) -> None:
    """A code used again after 30 seconds is `invalid_grant`, and the first access token dies"""
    login = rp.sign_in()
    rp.server.advance(30)
    assert rp.application.userinfo(login.tokens["access_token"]).status_code == 200
    checks.endpoint_error(rp.redeem(login.sent, login.arrival), "invalid_grant")
    assert rp.application.userinfo(login.tokens["access_token"]).status_code == 401


@plan.module("oidcc-ensure-registered-redirect-uri", "Core 3.1.2.1")
def registered_redirect_uri(rp: RelyingParty) -> None:
    """An address that is not registered: an error page, no redirect"""
    _, at = rp.ask(redirect_uri="http://localhost:3000/callback/other")
    rp.error_page(at)


@plan.module("oidcc-ensure-post-request-succeeds", "Core 3.1.2.1")
def post_request(rp: RelyingParty) -> None:
    """The request as a form that another site posts, before and after sign-in"""
    sent, at = rp.ask_by_post()
    first = rp.finish(sent, rp.with_password(at))
    sent, at = rp.ask_by_post()
    assert rp.finish(sent, rp.at_once(at)).claims["sub"] == first.claims["sub"]


@plan.module("oidcc-server-client-secret-post", "Core 9")
def server_client_secret_post(rp: RelyingParty) -> None:
    """The code flow with `client_secret_post`"""
    rp = rp.another("post")
    assert rp.application.method == "client_secret_post"
    rp.sign_in()


@plan.module("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported", "Core 6.2, 3.1.2.6")
def request_uri_unsigned(rp: RelyingParty) -> None:
    """A request object by reference is `request_uri_not_supported`, as advertised"""
    assert rp.metadata["request_uri_parameter_supported"] is False
    sent, at = rp.ask(request_uri="https://client.example/request.jwt")
    rp.refused(sent, at, "request_uri_not_supported")


@plan.module("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported", "Core 6.1, 3.1.2.6")
def unsigned_request_object(rp: RelyingParty) -> None:
    """A request object by value is `request_not_supported`, as advertised"""
    assert rp.metadata["request_parameter_supported"] is False
    sent, at = rp.ask(request=checks.unsigned({"client_id": rp.application.client_id, "scope": "openid email"}))
    rp.refused(sent, at, "request_not_supported")


@plan.module("oidcc-claims-essential", "Core 5.5.1")
def claims_essential(rp: RelyingParty) -> None:
    """`name` as an essential claim at UserInfo is returned there"""
    login = rp.sign_in(claims=json.dumps({"userinfo": {"name": {"essential": True}}}))
    assert login.userinfo.keys() == PROTOCOL | {"name"}


@plan.module("oidcc-ensure-request-object-with-redirect-uri", "Core 6.1")
def request_object_with_redirect_uri(rp: RelyingParty) -> None:
    """The address inside never counts: a wrong one outside is an error page, else `request_not_supported`"""
    inside = checks.unsigned({"client_id": rp.application.client_id, "redirect_uri": rp.application.redirect_uri})
    _, at = rp.ask(request=inside, redirect_uri="http://localhost:3000/callback/other")
    rp.error_page(at)
    inside = checks.unsigned({"redirect_uri": "http://localhost:3000/callback/other"})
    sent, at = rp.ask(request=inside)
    rp.refused(sent, at, "request_not_supported")


@plan.module("oidcc-refresh-token", "RFC 6749 6; Core 12.2")
def refresh_token(rp: RelyingParty) -> None:
    """Refreshing: a new access token, an ID token of the same login; not for another client"""
    login = rp.sign_in(scope="openid offline_access", prompt="consent")
    other = rp.another("second")
    stolen = other.sign_in(scope="openid offline_access", prompt="consent login").tokens["refresh_token"]
    told = checks.token_answer(rp.application.refresh(login.tokens["refresh_token"]))
    again = checks.token_answer(rp.application.refresh(told["refresh_token"], scope="openid"))
    for fresh in (told, again):
        assert fresh["access_token"] != login.tokens["access_token"]
        claims = rp.read_id_token(fresh)
        assert [claims[n] for n in _SAME_LOGIN] == [login.claims[n] for n in _SAME_LOGIN]
        assert claims["iat"] >= login.claims["iat"]
        checks.userinfo(rp.application.userinfo(fresh["access_token"]), login.claims["sub"])
    checks.endpoint_error(rp.application.refresh(stolen), "invalid_grant", "invalid_client")


@plan.module("oidcc-ensure-request-with-valid-pkce-succeeds", "RFC 7636 4.3")
def valid_pkce(rp: RelyingParty) -> None:
    """An S256 challenge is accepted, and its verifier demanded"""
    sent, at = rp.ask(pkce=True)
    arrival = rp.with_password(at)
    rp.finish(sent, arrival)
    sent, at = rp.ask(pkce=True)
    checks.endpoint_error(rp.application.redeem(sent, rp.at_once(at), code_verifier=None), "invalid_grant")


_SAME_LOGIN = ("iss", "sub", "aud", "auth_time")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _userinfo(rp: RelyingParty, subject: str, method: str, **options: dict[str, str]) -> None:
    checks.userinfo(httpx.request(method, rp.metadata["userinfo_endpoint"], **options), subject)  # type: ignore[arg-type]


def _scope_that_is_not_offered(rp: RelyingParty, scope: str) -> None:
    assert scope not in rp.metadata["scopes_supported"]
    sent, at = rp.ask(scope=f"openid {scope}")
    rp.refused(sent, at, "invalid_scope")


@pytest.mark.promise("3.proof.conformance", "3.5.response-mode")
@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize(**plan.rows)
def test_module(module: Module, mode: str, relying_party: RelyingParty):
    module(replace(relying_party, mode=mode))
