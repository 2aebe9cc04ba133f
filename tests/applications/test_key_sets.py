"""The keys that a client may register."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sigid.applications.key_sets import InvalidKeySet, parse
from sigid.kernel import jws
from sigid.tokens.schedule import public_jwk

EC = public_jwk("ES256", "ec", ec.generate_private_key(ec.SECP256R1()))
ED = public_jwk("EdDSA", "ed", ed25519.Ed25519PrivateKey.generate())
RSA = {**public_jwk("RS256", "rsa", rsa.generate_private_key(65537, 2048))}


def small_rsa() -> dict[str, Any]:
    return {"kty": "RSA", "n": jws.encode(b"\xff" * 128).decode(), "e": "AQAB"}


REFUSED = {
    "no object": ([], "jwks_malformed"),
    "no keys": ({"keys": {}}, "jwks_malformed"),
    "no key in it": ({"keys": []}, "jwks_without_usable_key"),
    "a key for encryption only": ({"keys": [EC | {"use": "enc"}]}, "jwks_without_usable_key"),
    "too many": ({"keys": [EC] * 21}, "jwks_too_many_keys"),
    "a kid twice": ({"keys": [EC, ED | {"kid": "ec"}]}, "jwks_kid_twice"),
    "a private EC key": ({"keys": [EC | {"d": "x"}]}, "jwks_private_key"),
    "a private RSA prime": ({"keys": [RSA | {"p": "x"}]}, "jwks_private_key"),
    "a symmetric key": ({"keys": [{"kty": "oct", "k": "x"}]}, "jwks_private_key"),
    "a symmetric key without k": ({"keys": [{"kty": "oct"}]}, "jwks_private_key"),
    "DPO-13 RSA of 16 384 bits": (
        {"keys": [{"kty": "RSA", "n": jws.encode(b"\xff" * 2048).decode(), "e": "AQAB"}]}, "jwks_key_size"
    ),
    "RSA of 1024 bits": ({"keys": [small_rsa()]}, "jwks_key_size"),
    "RSA with a huge exponent": ({"keys": [RSA | {"e": RSA["n"]}]}, "jwks_key_size"),
    "RSA with an exponent of 1": ({"keys": [RSA | {"e": "AQ"}]}, "jwks_malformed"),
    "a point off the curve": ({"keys": [EC | {"y": EC["x"]}]}, "jwks_malformed"),
    "a short coordinate": ({"keys": [EC | {"x": "AQ"}]}, "jwks_malformed"),
    "a coordinate that is a number": ({"keys": [EC | {"x": 1}]}, "jwks_malformed"),
    "a missing coordinate": ({"keys": [{"kty": "EC", "crv": "P-256"}]}, "jwks_malformed"),
    "TOK-12 Ed25519 of small order": (
        {"keys": [ED | {"x": jws.encode(b"\x01" + bytes(31)).decode()}]}, "jwks_key_weak"
    ),
    "TOK-12 Ed25519 zero, with the sign bit": (
        {"keys": [ED | {"x": jws.encode(bytes(31) + b"\x80").decode()}]}, "jwks_key_weak"
    ),
    "Ed25519 of 31 bytes": ({"keys": [ED | {"x": jws.encode(b"a" * 31).decode()}]}, "jwks_malformed"),
    "a kid that is a number": ({"keys": [EC | {"kid": 1}]}, "jwks_malformed"),
    "a curve that is a list": ({"keys": [EC | {"crv": ["P-256"]}]}, "jwks_malformed"),
    "alg of another kind": ({"keys": [EC | {"alg": "RS256"}]}, "jwks_without_usable_key"),
    "alg HS256": ({"keys": [RSA | {"alg": "HS256"}]}, "jwks_without_usable_key"),
}  # fmt: skip


@pytest.mark.parametrize(("document", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(document: object, reason: str) -> None:
    with pytest.raises(InvalidKeySet) as refused:
        parse(document)
    assert refused.value.reason == reason


def test_the_key_says_its_algorithms() -> None:
    unnamed = {name: value for name, value in RSA.items() if name != "alg"}
    keys = parse({"keys": [EC, ED, unnamed, {"kty": "OKP", "crv": "X25519", "x": "AA"}, {"kty": "future"}]}).keys
    assert [key.algorithms for key in keys] == [("ES256",), ("EdDSA",), ("PS256", "RS256")]


def test_a_kid_picks_one_and_no_kid_picks_every_key_of_the_algorithm() -> None:
    keys = parse({"keys": [EC, RSA]})
    assert [key.kid for key in keys.candidates("ec", "ES256")] == ["ec"]
    assert keys.candidates("rsa", "ES256") == []
    assert keys.candidates("rsa", "PS256") == []
    assert [key.kid for key in keys.candidates(None, "RS256")] == ["rsa"]
    for alg in ("none", "HS256", "ES384", ""):
        assert keys.candidates(None, alg) == []
