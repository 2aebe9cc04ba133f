"""The plan for RP-Initiated Logout 1.0."""

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.conformance import checks
from tests.conformance.conftest import GOODBYE
from tests.conformance.plan import Module, Plan
from tests.conformance.relying_party import Login, RelyingParty
from tests.harness import Arrival, Page
from tests.harness.person import arrived, shown

PLANS = ("oidcc-rp-initiated-logout-certification",)

plan = Plan()


@plan.module("oidcc-rp-initiated-logout-discovery-endpoint-verification", "RP-Initiated Logout 2.1")
def discovery(rp: RelyingParty) -> None:
    """The metadata name the `end_session_endpoint`"""
    assert rp.metadata["end_session_endpoint"] == f"{rp.server.issuer}/oauth/end-session"


@plan.module("oidcc-rp-initiated-logout", "RP-Initiated Logout 2, 3")
def logout(rp: RelyingParty) -> None:
    """Hint, registered address and `state`: a redirect with only `state`, and the session has ended"""
    login = rp.sign_in()
    at = _log_out(rp, id_token_hint=_hint(login), post_logout_redirect_uri=GOODBYE, state="s t&te")
    assert arrived(at).url.partition("?")[0] == GOODBYE
    assert arrived(at).parameters == {"state": "s t&te"}
    _ended(rp)
    assert rp.application.userinfo(login.tokens["access_token"]).status_code == 401


@plan.module("oidcc-rp-initiated-logout-bad-id-token-hint", "RP-Initiated Logout 2")
def bad_hint(rp: RelyingParty) -> None:
    """A hint that a foreign key signed: the person is asked, no redirect"""
    login = rp.sign_in()
    foreign = jwt.encode({"alg": "RS256", "typ": "JWT"}, login.claims, RSAKey.generate_key(2048))
    _person_is_asked(rp, id_token_hint=foreign, post_logout_redirect_uri=GOODBYE, state="s")


@plan.module("oidcc-rp-initiated-logout-modified-id-token-hint", "RP-Initiated Logout 2")
def modified_hint(rp: RelyingParty) -> None:
    """The hint with `alg` none in place of its signature: the person is asked, no redirect"""
    login = rp.sign_in()
    _person_is_asked(rp, id_token_hint=checks.unsigned(login.claims), post_logout_redirect_uri=GOODBYE, state="s")


@plan.module("oidcc-rp-initiated-logout-bad-post-logout-redirect-uri", "RP-Initiated Logout 2")
def bad_uri(rp: RelyingParty) -> None:
    """An address that is not registered: an error page, no redirect, and the session lives"""
    _address_is_refused(rp, f"{GOODBYE}/elsewhere")


@plan.module("oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri", "RP-Initiated Logout 2")
def query_added(rp: RelyingParty) -> None:
    """The registered address with a query added: an error page, no redirect, and the session lives"""
    _address_is_refused(rp, f"{GOODBYE}?foo=bar")


@plan.module("oidcc-rp-initiated-logout-no-id-token-hint", "RP-Initiated Logout 2")
def no_hint(rp: RelyingParty) -> None:
    """An address without a hint: the person is asked, no redirect"""
    rp.sign_in()
    _person_is_asked(rp, post_logout_redirect_uri=GOODBYE, state="s")


@plan.module("oidcc-rp-initiated-logout-no-params", "RP-Initiated Logout 2")
def no_parameters(rp: RelyingParty) -> None:
    """Nothing sent: the person is asked, and signed out"""
    rp.sign_in()
    _person_is_asked(rp)


@plan.module("oidcc-rp-initiated-logout-no-post-logout-redirect-uri", "RP-Initiated Logout 2")
def no_uri(rp: RelyingParty) -> None:
    """A hint and no address: the page says that the person is signed out, and they are"""
    login = rp.sign_in()
    page = shown(_log_out(rp, id_token_hint=_hint(login), state="s"))
    assert page.has("signed-out"), page.summary()
    _ended(rp)


@plan.module("oidcc-rp-initiated-logout-no-state", "RP-Initiated Logout 2")
def no_state(rp: RelyingParty) -> None:
    """Hint and registered address without `state`: a redirect without one, and the session has ended"""
    login = rp.sign_in()
    at = _log_out(rp, id_token_hint=_hint(login), post_logout_redirect_uri=GOODBYE)
    assert arrived(at).url == GOODBYE
    _ended(rp)


@plan.module("oidcc-rp-initiated-logout-only-state", "RP-Initiated Logout 2")
def only_state(rp: RelyingParty) -> None:
    """Only `state`: the person is asked, and signed out"""
    rp.sign_in()
    _person_is_asked(rp, state="s")


def _hint(login: Login) -> str:
    return str(login.tokens["id_token"])


def _log_out(rp: RelyingParty, **parameters: str) -> Page | Arrival:
    endpoint = rp.metadata["end_session_endpoint"]
    return rp.person.open(str(rp.application.http.build_request("GET", endpoint, params=parameters).url))


def _person_is_asked(rp: RelyingParty, **parameters: str) -> None:
    """They say yes, stay here, and are signed out; before that they were not."""
    page = shown(_log_out(rp, **parameters))
    rp.sign_in_silently(prompt="none")
    done = shown(page.form("signout-form").submit())
    assert done.has("signed-out"), done.summary()
    _ended(rp)


def _address_is_refused(rp: RelyingParty, uri: str) -> None:
    login = rp.sign_in()
    rp.error_page(_log_out(rp, id_token_hint=_hint(login), post_logout_redirect_uri=uri, state="s"))
    rp.sign_in_silently(prompt="none")


def _ended(rp: RelyingParty) -> None:
    sent, at = rp.ask(prompt="none")
    rp.refused(sent, at, "login_required")


@pytest.mark.promise("3.proof.conformance", "3.5.end-session")
@pytest.mark.parametrize(**plan.rows)
def test_module(module: Module, relying_party: RelyingParty):
    module(relying_party)
