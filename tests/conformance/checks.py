"""What every success, and every error, is checked for, whichever module it happened in."""

import base64
import hashlib
import json
import math
import re
from collections import Counter
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tests.harness import Arrival
from tests.harness.application import Authorization

_TOKEN = re.compile(r"[\x20-\x7e]+")  # RFC 6749 appendix A.12, A.17
_DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")  # appendix A.8
_ENDPOINT_ERRORS = {
    "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
    "invalid_scope", "invalid_target",
}  # fmt: skip
_AUTHORIZATION_ERRORS = {
    "invalid_request", "unauthorized_client", "access_denied", "unsupported_response_type", "invalid_scope",
    "server_error", "temporarily_unavailable", "interaction_required", "login_required", "account_selection_required",
    "consent_required", "invalid_request_uri", "invalid_request_object", "request_not_supported",
    "request_uri_not_supported", "registration_not_supported",
}  # fmt: skip
_ID_TOKEN_CLAIMS = {
    "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "tenant_id",
}  # fmt: skip
_STANDARD_TEXTS = (
    "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
    "website", "email", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
)  # fmt: skip
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def bits(secret: str) -> float:
    """Shannon's entropy of its characters, for all of them: what the published suite measures."""
    counted = Counter(secret).values()
    return -sum(n * math.log2(n / len(secret)) for n in counted)


def jwks(response: httpx.Response) -> KeySet:
    """RFC 7517 sections 1.1, 4.5; OpenID Connect Core section 10.1."""
    assert response.status_code == 200
    assert response.headers["Content-Type"].partition(";")[0] in ("application/jwk-set+json", "application/json")
    listed: list[dict[str, Any]] = response.json()["keys"]
    kids = [key["kid"] for key in listed]
    assert len(set(kids)) == len(kids)
    for key in listed:
        assert key["kty"] in ("RSA", "EC", "OKP")  # nothing symmetric
        assert not _PRIVATE & key.keys()
        if key["kty"] == "RSA":
            assert len(_decoded(key["n"])) * 8 >= 2048
        if key["kty"] == "EC":
            assert key["crv"] in ("P-256", "P-384", "P-521")
    return KeySet.import_key_set(response.json())


def authorization_answer(arrival: Arrival, sent: Authorization, issuer: str, mode: str) -> None:
    """RFC 9207 section 2; RFC 6749 sections 4.1.2, 10.10."""
    _delivery(arrival, sent, issuer, mode)
    assert arrival.parameters.keys() == {"code", "iss"} | ({"state"} if sent.state else set())
    assert bits(arrival.code) >= 128


def authorization_error(arrival: Arrival, sent: Authorization, issuer: str, mode: str) -> str:
    """OpenID Connect Core section 3.1.2.6; the error's code."""
    _delivery(arrival, sent, issuer, mode)
    assert arrival.parameters.keys() <= {"error", "error_description", "error_uri", "iss", "state"}
    assert arrival.error in _AUTHORIZATION_ERRORS
    _description(arrival.parameters)
    return str(arrival.error)


def _delivery(arrival: Arrival, sent: Authorization, issuer: str, mode: str) -> None:
    assert arrival.mode == mode
    assert "#" not in arrival.url
    assert arrival.url.partition("?")[0] == sent.redirect_uri.partition("?")[0]
    if mode == "form_post":
        assert arrival.url == sent.redirect_uri  # nothing in the URL (Form Post section 2)
        assert arrival.response.headers["Cache-Control"] == "no-store"
    if sent.state:
        assert arrival.parameters["state"] == sent.state
    assert arrival.parameters["iss"] == issuer


def token_answer(response: httpx.Response) -> dict[str, Any]:
    """RFC 6749 section 5.1, appendices A.12 and A.17."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    assert "no-store" in response.headers["Cache-Control"]
    told: dict[str, Any] = response.json()
    assert told["token_type"] == "Bearer"
    assert type(told["expires_in"]) is int
    assert told["expires_in"] > 0
    for name in ("access_token", "refresh_token"):
        if name in told:
            assert _TOKEN.fullmatch(told[name])
            assert bits(told[name]) >= 128
    return told


def id_token(
    text: str, keys: KeySet, *, issuer: str, client_id: str, now: float, nonce: str = "", alg: str = "RS256",
    access_token: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """OpenID Connect Core sections 2, 3.1.3.7, 5.4."""
    header = jws.extract_compact(text.encode()).headers()
    assert header["alg"] == alg
    assert header["kid"]
    claims: dict[str, Any] = jwt.decode(text, keys, algorithms=[alg]).claims
    assert claims["iss"] == issuer
    assert claims["aud"] in (client_id, [client_id])
    assert isinstance(claims["sub"], str)
    assert 0 < len(claims["sub"]) <= 255
    assert claims["iat"] <= now + 1
    assert claims["exp"] > now
    assert claims.get("nonce", "") == nonce
    assert ("nonce" in claims) == bool(nonce)
    if "auth_time" in claims:
        assert claims["auth_time"] <= claims["iat"]
    assert claims.keys() <= _ID_TOKEN_CLAIMS
    if access_token is not None and "at_hash" in claims:
        assert claims["at_hash"] == _half_hash(alg, access_token)
    return claims


def userinfo(response: httpx.Response, subject: str) -> dict[str, Any]:
    """OpenID Connect Core sections 5.1, 5.3.2."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    told: dict[str, Any] = response.json()
    assert told["sub"] == subject
    for name in _STANDARD_TEXTS:
        assert isinstance(told.get(name, ""), str)
    for name in ("email_verified", "phone_number_verified"):
        assert isinstance(told.get(name, True), bool)
    assert type(told.get("updated_at", 0)) is int
    assert isinstance(told.get("address", {}), dict)
    return told


def endpoint_error(response: httpx.Response, *expected: str) -> str:
    """RFC 6749 section 5.2; the error's code."""
    told = response.json()
    assert told["error"] in _ENDPOINT_ERRORS
    assert told["error"] in expected, response.text
    assert response.status_code == (401 if told["error"] == "invalid_client" else 400)
    assert response.headers["Content-Type"].partition(";")[0] == "application/json"
    _description(told)
    return str(told["error"])


def unsigned(claims: dict[str, Any]) -> str:
    """A JWT with `alg` none."""
    parts = ({"alg": "none"}, claims)
    return "".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() + "." for part in parts)


def _description(told: dict[str, Any]) -> None:
    for name in ("error_description", "error_uri"):
        assert _DESCRIPTION.fullmatch(told.get(name, ""))


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _half_hash(alg: str, text: str) -> str:
    size = "512" if alg == "EdDSA" else alg[-3:]
    hashed = hashlib.new(f"sha{size}", text.encode()).digest()
    return base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()
