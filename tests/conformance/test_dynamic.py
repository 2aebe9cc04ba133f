"""`oidcc-dynamic-certification` (code) and the registration of a third party's login: clients that register themselves.

A registered client always uses PKCE here, which the published plan does not send: a difference that is wanted.
"""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from joserfc import jwt

from tests.conformance import checks
from tests.conformance.plan import Module, Plan
from tests.conformance.relying_party import RelyingParty
from tests.harness import Application
from tests.harness.bootstrap import CALLBACK

PLANS = ("oidcc-dynamic-certification", "oidcc-3rdparty-init-login-certification")

plan = Plan()


@plan.module("oidcc-server", "Core 3.1")
def server(rp: RelyingParty) -> None:
    """The code flow of a client that registered itself"""
    _registered(rp).sign_in(pkce=True)


@plan.module("oidcc-idtoken-rs256", "Core 2")
def idtoken_rs256(rp: RelyingParty) -> None:
    """RS256 was registered: the ID token is signed by it"""
    _registered(rp, id_token_signed_response_alg="RS256").sign_in(pkce=True)


@plan.module("oidcc-userinfo-rs256", "Core 5.3.2")
def userinfo_rs256(rp: RelyingParty) -> None:
    """RS256 was registered: UserInfo is a JWT signed by it, with `iss` and `aud`"""
    client = _registered(rp, userinfo_signed_response_alg="RS256")
    sent, at = client.ask(pkce=True)
    tokens = checks.token_answer(client.redeem(sent, client.with_password(at)))
    subject = client.read_id_token(tokens, nonce=sent.nonce)["sub"]
    answer = client.application.userinfo(tokens["access_token"])
    assert answer.headers["Content-Type"] == "application/jwt"
    claims = jwt.decode(answer.text, client.keys, algorithms=["RS256"]).claims
    expected = (rp.server.issuer, client.application.client_id, subject)
    assert (claims["iss"], claims["aud"], claims["sub"]) == expected


@plan.module("oidcc-idtoken-unsigned", "Core 2")
def idtoken_unsigned(rp: RelyingParty) -> None:
    """`none` is not advertised, which is when the module is skipped; registering it is refused"""
    assert "none" not in rp.metadata["id_token_signing_alg_values_supported"]
    _not_registered(rp, "invalid_client_metadata", id_token_signed_response_alg="none")


@plan.module("oidcc-ensure-redirect-uri-in-authorization-request", "Core 3.1.2.1")
def redirect_uri_missing(rp: RelyingParty) -> None:
    """Two addresses registered, none sent: an error page"""
    client = _registered(rp, redirect_uris=[CALLBACK, f"{CALLBACK}/2"])
    client.error_page(client.ask(pkce=True, redirect_uri=None)[1])


@plan.module("oidcc-redirect-uri-query-OK", "Core 3.1.2.1")
def query_sent_alike(rp: RelyingParty) -> None:
    """Registered with a query, sent alike: success, with the query kept"""
    client = _registered(rp, redirect_uris=[f"{CALLBACK}?foo=bar"])
    sent, at = client.ask(pkce=True)
    arrival = client.with_password(at)
    assert arrival.parameters.pop("foo") == "bar"
    client.finish(sent, arrival)


@plan.module("oidcc-redirect-uri-query-mismatch", "Core 3.1.2.1")
def query_differs(rp: RelyingParty) -> None:
    """Registered with a query, sent with another: an error page"""
    client = _registered(rp, redirect_uris=[f"{CALLBACK}?foo=bar"])
    client.error_page(client.ask(pkce=True, redirect_uri=f"{CALLBACK}?foo=baz")[1])


@plan.module("oidcc-redirect-uri-query-added", "Core 3.1.2.1")
def query_added(rp: RelyingParty) -> None:
    """Registered without a query, sent with one: an error page"""
    client = _registered(rp)
    client.error_page(client.ask(pkce=True, redirect_uri=f"{CALLBACK}?foo=bar")[1])


@plan.module("oidcc-redirect-uri-regfrag", "Registration 2, 3.3")
def redirect_uri_with_fragment(rp: RelyingParty) -> None:
    """An address with a fragment cannot be registered"""
    _not_registered(rp, "invalid_redirect_uri", redirect_uris=[f"{CALLBACK}#foobar"])


@plan.module("oidcc-refresh-token", "RFC 6749 6; Core 12.2")
def refresh_token(rp: RelyingParty) -> None:
    """Refreshing by a client that registered itself; another client cannot"""
    client, other = _registered(rp), _registered(rp)
    login = client.sign_in(pkce=True, scope="openid offline_access", prompt="consent")
    checks.endpoint_error(other.application.refresh(login.tokens["refresh_token"]), "invalid_grant", "invalid_client")
    fresh = checks.token_answer(client.application.refresh(login.tokens["refresh_token"]))
    claims = client.read_id_token(fresh)
    assert [claims[n] for n in ("iss", "sub", "aud", "auth_time")] == [
        login.claims[n] for n in ("iss", "sub", "aud", "auth_time")
    ]


@plan.module("3rd_party-init-login", "Registration 2; Core 4")
def initiate_login(rp: RelyingParty) -> None:
    """An https `initiate_login_uri` is echoed"""
    _registered(rp, initiate_login_uri="https://client.example/login")


@plan.module("3rd_party-init-login-nohttps", "Registration 3.3")
def initiate_login_http(rp: RelyingParty) -> None:
    """An http `initiate_login_uri` cannot be registered"""
    _not_registered(rp, "invalid_client_metadata", initiate_login_uri="http://client.example/login")


def _register(rp: RelyingParty, **metadata: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {rp.tenant.initial_access_token}"}
    return httpx.post(rp.metadata["registration_endpoint"], json=metadata, headers=headers)


def _registered(rp: RelyingParty, **metadata: Any) -> RelyingParty:
    sent = {"redirect_uris": [CALLBACK], "response_types": ["code"]} | metadata
    sent |= {"grant_types": ["authorization_code", "refresh_token"]}
    answer = _register(rp, **sent)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    told = answer.json()
    assert {name: told[name] for name in sent} == sent
    assert {"client_id", "registration_client_uri", "registration_access_token"} <= told.keys()
    client = Application(
        rp.server.issuer, "", told["client_id"], told["client_secret"], told["redirect_uris"][0],
        told["token_endpoint_auth_method"],
    )  # fmt: skip
    return replace(rp, application=client)


def _not_registered(rp: RelyingParty, error: str, **metadata: Any) -> None:
    answer = _register(rp, **{"redirect_uris": [CALLBACK]} | metadata)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.promise("3.proof.conformance", "3.5.registration")
@pytest.mark.parametrize(**plan.rows)
def test_module(module: Module, relying_party: RelyingParty):
    module(relying_party)
