"""`oidcc-config-certification`: the metadata, on an installation with an https issuer as the plan demands."""

import re
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance import checks
from tests.conformance.plan import Module, Plan
from tests.harness import Server

PLANS = ("oidcc-config-certification",)
ISSUER = "https://localhost:8443"  # as seen from outside, before a proxy that ends TLS

_ENDPOINTS = {
    "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "registration_endpoint",
    "revocation_endpoint", "introspection_endpoint", "end_session_endpoint",
}  # fmt: skip
_LISTS = {
    "scopes_supported", "response_types_supported", "response_modes_supported", "grant_types_supported",
    "acr_values_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
    "userinfo_signing_alg_values_supported", "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported", "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported", "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported", "display_values_supported", "claim_types_supported",
    "claims_supported", "code_challenge_methods_supported", "prompt_values_supported", "ui_locales_supported",
}  # fmt: skip
_FLAGS = {
    "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
    "require_request_uri_registration", "authorization_response_iss_parameter_supported",
}  # fmt: skip
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")  # BCP 47, in canonical case

plan = Plan()


@plan.module("oidcc-discovery-endpoint-verification", "Discovery 3, 4; RFC 8414 2")
def discovery(server: Server) -> None:
    """The document is complete, of the right types, true to what works, with nothing unknown; the keys are sound"""
    response = httpx.get(f"{server.address}/.well-known/openid-configuration")
    assert response.status_code == 200
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    told: dict[str, Any] = response.json()
    assert told["issuer"] == ISSUER
    _shape(told)
    assert "code" in told["response_types_supported"]
    assert set(told["subject_types_supported"]) <= {"public", "pairwise"}
    assert "RS256" in told["id_token_signing_alg_values_supported"]
    assert "none" not in told["id_token_signing_alg_values_supported"]
    assert "authorization_code" in told["grant_types_supported"]
    assert "openid" in told["scopes_supported"]
    assert all(_SCOPE.fullmatch(scope) for scope in told["scopes_supported"])
    assert all(_LOCALE.fullmatch(locale) for locale in told["ui_locales_supported"])
    assert told["claims_parameter_supported"] is True
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    checks.jwks(httpx.get(told["jwks_uri"].replace(ISSUER, server.address)))


def _shape(told: dict[str, Any]) -> None:
    """Every member is known and of its type; every endpoint is https and below the issuer."""
    assert told.keys() <= {"issuer"} | _ENDPOINTS | _LISTS | _FLAGS
    assert {"claims_supported", *_FLAGS} <= told.keys()
    for name in _ENDPOINTS & told.keys():
        assert urlsplit(told[name]).scheme == "https"
        assert told[name].startswith(f"{ISSUER}/")
        assert not urlsplit(told[name]).query + urlsplit(told[name]).fragment
    for name in _LISTS & told.keys():
        assert told[name]
        assert all(isinstance(value, str) for value in told[name])
        assert len(set(told[name])) == len(told[name])
    for name in _FLAGS:
        assert isinstance(told[name], bool)


@pytest.mark.promise("3.proof.conformance", "3.5.discovery")
@pytest.mark.parametrize(**plan.rows)
def test_module(module: Module, make_server: Any):
    module(make_server({"ISSUER": ISSUER}).start())
