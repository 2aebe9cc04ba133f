"""The rules of an authorization request: what each refuses, by its private reason."""

import contextlib
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigid.apis import SIGID, Api, ours
from sigid.kernel.errors import InvalidRequest, OAuthError, PageError, Refused
from sigid.kernel.web import Form
from sigid.oauth.rules import (
    claims,
    pkce,
    prompt,
    redirect_uri,
    resource,
    response_mode,
    response_type,
    scope,
    state_nonce,
    unsupported,
)

CALLBACK = "https://a.example/cb"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()
ISSUER = "http://localhost:8484"


def api(audience: str, *scopes: str) -> Api:
    texts = dict.fromkeys(scopes, "A text")
    return Api("api_1", audience, "API", texts, "consent", "ES256", None, "active", 1, datetime.now(UTC))


APIS = {
    "https://one.example": api("https://one.example", "one:read", "both"),
    "https://two.example": api("https://two.example", "two:read", "both"),
    f"{ISSUER}/api/v1": ours(ISSUER),
}
ONE_AND_TWO = ("https://one.example", "https://two.example")


def deep(levels: int) -> str:
    return '{"id_token":{"a":{"v":' + "[" * levels + "]" * levels + "}}}"


REFUSED: dict[str, tuple[Callable[[], Any], str, str]] = {
    "RED-01 dot segments": (lambda: web(f"{CALLBACK}/../evil"), "redirect_uri_unknown", "redirect_uri_not_registered"),
    "RED-02 query": (lambda: web(f"{CALLBACK}?x=1"), "redirect_uri_unknown", "redirect_uri_not_registered"),
    "RED-02 slash": (lambda: web(f"{CALLBACK}/"), "redirect_uri_unknown", "redirect_uri_not_registered"),
    "RED-03 host in capitals": (
        lambda: web("HTTPS://A.EXAMPLE/cb"), "redirect_uri_unknown", "redirect_uri_not_registered"
    ),
    "RED-03 path in capitals": (
        lambda: web("https://a.example/CB"), "redirect_uri_unknown", "redirect_uri_not_registered"
    ),
    "RED-04 encoded": (lambda: web("https://a.example/%63b"), "redirect_uri_unknown", "redirect_uri_not_registered"),
    "RED-05 user information": (
        lambda: web("https://a.example@evil.example/cb"), "redirect_uri_unknown", "redirect_uri_not_registered"
    ),
    "RED-07 another port of a web client": (
        lambda: redirect_uri.check("http://localhost:4000/cb", ("http://localhost:3000/cb",), native=False),
        "redirect_uri_unknown", "redirect_uri_not_registered",
    ),
    "RED-07 another port of localhost": (
        lambda: redirect_uri.check("http://localhost:4000/cb", ("http://localhost:3000/cb",), native=True),
        "redirect_uri_unknown", "redirect_uri_not_registered",
    ),
    "RED-07 127.0.0.1 for localhost": (
        lambda: redirect_uri.check("http://127.0.0.1:3000/cb", ("http://localhost:3000/cb",), native=True),
        "redirect_uri_unknown", "redirect_uri_not_registered",
    ),
    "RED-07 loopback with user information": (
        lambda: redirect_uri.check("http://127.0.0.1:1@evil.example/cb", ("http://127.0.0.1/cb",), native=True),
        "redirect_uri_unknown", "redirect_uri_not_registered",
    ),
    "RED-07 loopback on port 0": (
        lambda: redirect_uri.check("http://127.0.0.1:0/cb", ("http://127.0.0.1/cb",), native=True),
        "redirect_uri_unknown", "redirect_uri_not_registered",
    ),
    "RED-07 loopback over https": (
        lambda: redirect_uri.check("https://127.0.0.1:8/cb", ("http://127.0.0.1/cb",), native=True),
        "redirect_uri_unknown", "redirect_uri_not_registered",
    ),
    "RED-09 none": (lambda: web(None), "redirect_uri_missing", "redirect_uri_missing"),
    **{
        f"RED-15 {kind}": (
            lambda kind=kind: response_type.check(kind), "unsupported_response_type", "response_type_not_code"
        )
        for kind in ("token", "id_token", "code id_token", "code token", "none", "CODE")
    },
    "RED-15 missing": (lambda: response_type.check(None), "invalid_request", "response_type_missing"),
    **{
        f"RED-16 {mode}": (
            lambda mode=mode: response_mode.check(mode), "invalid_request", "response_mode_unknown"
        )
        for mode in ("web_message", "jwt", "query.jwt", "Query")
    },
    "RED-18 CR LF": (
        lambda: state_nonce.check_state("a\r\nSet-Cookie: x"), "invalid_request", "state_control_character"
    ),
    "RED-18 NUL": (lambda: state_nonce.check_state("a\0"), "invalid_request", "state_control_character"),
    "RED-18 8 KiB": (lambda: state_nonce.check_state("a" * 8192), "invalid_request", "state_too_long"),
    "RED-18 nonce": (lambda: state_nonce.check_nonce("a" * 1025), "invalid_request", "nonce_too_long"),
    "RED-19 unknown": (lambda: scope.check("openid nonsense", ("openid",)), "invalid_scope", "scope_not_allowed"),
    "RED-19 quoted": (lambda: scope.check('open"id', ("openid",)), "invalid_scope", "scope_malformed"),
    "RED-19 control": (lambda: scope.check("open\tid", ("openid",)), "invalid_scope", "scope_malformed"),
    "RED-19 10 000": (
        lambda: scope.check(" ".join(map(str, range(10_000))), ("openid",)), "invalid_scope", "scope_too_many"
    ),
    "RED-20 not allowed": (lambda: scope.check("tenants:write", ("openid",)), "invalid_scope", "scope_not_allowed"),
    "REF-05 wider": (lambda: scope.narrowed("a b", ("a",)), "invalid_scope", "scope_wider_than_grant"),
    "RED-21 unregistered": (
        lambda: resource.check(["https://x.example"], APIS, ONE_AND_TWO), "invalid_target", "resource_unknown"
    ),
    "RED-21 not the application's": (
        lambda: resource.check(["https://two.example"], APIS, ("https://one.example",)),
        "invalid_target", "resource_not_allowed",
    ),
    "RED-21 relative": (lambda: resource.check(["/api"], APIS, ONE_AND_TWO), "invalid_target", "resource_malformed"),
    "RED-21 fragment": (
        lambda: resource.check(["https://one.example#x"], APIS, ONE_AND_TWO), "invalid_target", "resource_malformed"
    ),
    "scopes of two APIs": (
        lambda: resource.of_scopes(("one:read", "two:read"), APIS, ONE_AND_TWO), "invalid_target", "audience_ambiguous"
    ),
    "a scope that two APIs have": (
        lambda: resource.of_scopes(("both",), APIS, ONE_AND_TWO), "invalid_target", "audience_ambiguous"
    ),
    "RED-22 none login": (lambda: prompt.check("none login"), "invalid_request", "prompt_none_with_others"),
    "RED-22 none consent": (lambda: prompt.check("none consent"), "invalid_request", "prompt_none_with_others"),
    "prompt unknown": (lambda: prompt.check("confuse"), "invalid_request", "prompt_unknown"),
    **{
        f"max_age {age}": (lambda age=age: prompt.check_max_age(age), "invalid_request", "max_age_malformed")
        for age in ("-1", "1.5", "1e3", "9" * 10, "\N{ARABIC-INDIC DIGIT ONE}")
    },
    "RED-25 not JSON": (lambda: claims.check("{"), "invalid_request", "claims_not_json"),
    "RED-25 a member twice": (
        lambda: claims.check('{"userinfo":{},"userinfo":{}}'), "invalid_request", "claims_not_json"
    ),
    "RED-25 1 MiB": (lambda: claims.check("{" + " " * (1 << 20) + "}"), "invalid_request", "claims_too_large"),
    "RED-25 200 levels": (lambda: claims.check(deep(200)), "invalid_request", "claims_not_json"),
    "RED-25 an array": (lambda: claims.check("[]"), "invalid_request", "claims_not_an_object"),
    "RED-25 a member that is a text": (
        lambda: claims.check('{"userinfo":{"name":"x"}}'), "invalid_request", "claims_malformed"
    ),
    "RED-25 acr of numbers": (
        lambda: claims.check('{"id_token":{"acr":{"essential":true,"values":[1]}}}'),
        "invalid_request", "claims_malformed",
    ),
    "COD-01 no challenge": (
        lambda: pkce.check(None, None, demanded=True, openid=True), "invalid_request", "code_challenge_missing"
    ),
    "COD-01 no challenge, no openid": (
        lambda: pkce.check(None, None, demanded=False, openid=False), "invalid_request", "code_challenge_missing"
    ),
    **{
        f"COD-02 {method}": (
            lambda method=method: pkce.check(CHALLENGE, method, demanded=True, openid=True),
            "invalid_request", "code_challenge_method_not_s256",
        )
        for method in ("plain", None, "S512", "s256")
    },
    **{
        f"COD-03 {challenge[:8]} of {len(challenge)}": (
            lambda challenge=challenge: pkce.check(challenge, "S256", demanded=True, openid=True),
            "invalid_request", "code_challenge_malformed",
        )
        for challenge in ("a" * 42, "a" * 129, CHALLENGE + "=", "+" + CHALLENGE[1:], CHALLENGE[:-1] + "B")
    },
    **{
        f"unsupported {name}": (
            lambda name=name: unsupported.check(Form.parse(f"{name}=x".encode())),
            f"{name}_not_supported", f"{name}_not_supported",
        )
        for name in ("request", "request_uri", "registration")
    },
}  # fmt: skip


def web(sent: str | None) -> str:
    return redirect_uri.check(sent, (CALLBACK,), native=False)


@pytest.mark.parametrize(("rule", "code", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(rule: Callable[[], Any], code: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        rule()
    assert (refused.value.code, refused.value.reason) == (code, reason)
    assert isinstance(refused.value, OAuthError | PageError)


def test_red_07_a_native_application_has_any_port_of_its_loopback_address() -> None:
    for registered, sent in [
        ("http://127.0.0.1/cb", "http://127.0.0.1:53123/cb"),
        ("http://127.0.0.1:1000/cb", "http://127.0.0.1:2000/cb"),
        ("http://[::1]/cb", "http://[::1]:65535/cb"),
    ]:
        assert redirect_uri.check(sent, (registered,), native=True) == sent


@given(st.text(max_size=60), st.booleans())
def test_what_is_accepted_is_registered_but_for_the_port(sent: str, native: bool) -> None:
    registered = (CALLBACK, "http://127.0.0.1/cb")
    for candidate in (sent, CALLBACK + sent, "http://127.0.0.1" + sent, "http://127.0.0.1:8" + sent):
        try:
            accepted = redirect_uri.check(candidate, registered, native=native)
        except PageError:
            continue
        assert accepted == candidate
        if candidate not in registered:
            assert native
            port = candidate.removeprefix("http://127.0.0.1:").removesuffix("/cb")
            assert port.isascii()
            assert port.isdecimal()


def test_the_audience_is_the_one_whose_scopes_were_asked_for() -> None:
    assert resource.of_scopes(("openid", "one:read"), APIS, ONE_AND_TWO) == "https://one.example"
    assert resource.of_scopes(("both",), APIS, ("https://two.example",)) == "https://two.example"
    assert resource.of_scopes(("openid", "profile"), APIS, ONE_AND_TWO) is None
    assert resource.of_scopes(("users:read",), APIS, (SIGID,)) == f"{ISSUER}/api/v1"
    assert resource.check([f"{ISSUER}/api/v1"], APIS, (SIGID,)) == (f"{ISSUER}/api/v1",)


def test_a_verifier_fits_its_challenge_only() -> None:
    verifier = "v" * 43
    assert pkce.fits(CHALLENGE, verifier)
    assert pkce.fits(None, None)
    for challenge, sent in [
        (CHALLENGE, None), (CHALLENGE, ""), (CHALLENGE, "w" * 43), (CHALLENGE, CHALLENGE), (None, verifier),
        (CHALLENGE, "v" * 42), (CHALLENGE, "v" * 129), (CHALLENGE, "é" * 43),
    ]:  # fmt: skip
        assert not pkce.fits(challenge, sent)


def test_claims_are_narrowed_to_what_is_offered() -> None:
    asked = claims.check(
        '{"userinfo":{"name":{"essential":true},"password_hash":null},'
        '"id_token":{"acr":{"essential":true,"values":["urn:sigid:acr:mfa"]},"tenant_id":{"value":"ten_x"},'
        '"sub":{"value":"sub_x"}}}'
    )
    assert asked.userinfo == {"name"}
    assert asked.id_token == {"acr", "sub"}
    assert asked.essential_acr == {"urn:sigid:acr:mfa"}
    assert asked.sub == "sub_x"
    assert asked.personal == {"name"}


@given(st.text(max_size=300))
def test_claims_never_stumble(sent: str) -> None:
    with contextlib.suppress(InvalidRequest):
        claims.check(sent)
