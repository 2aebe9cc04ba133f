"""Compact JWS: one reading only, and no signature but the key's own."""

import base64
import contextlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from sigid.kernel import jws

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def compact(header: bytes = b'{"alg":"ES256"}', payload: bytes = b"{}", signature: bytes = b"x") -> str:
    return ".".join(jws.encode(part).decode() for part in (header, payload, signature))


MALFORMED = {
    "TOK-01 two parts": ("a.b", "jws_not_three_parts"),
    "CLI-16 five parts, a JWE": ("a.b.c.d.e", "jws_not_three_parts"),
    "CLI-16 compressed": (compact(b'{"alg":"ES256","zip":"DEF"}'), "jws_header_critical"),
    "CLI-16 encrypted": (compact(b'{"alg":"RSA1_5","enc":"A128GCM"}'), "jws_header_critical"),
    "TOK-10 crit": (compact(b'{"alg":"ES256","crit":[]}'), "jws_header_critical"),
    "TOK-10 b64": (compact(b'{"alg":"ES256","b64":false}'), "jws_header_critical"),
    "TOK-11 padding": (compact(payload=b"{} ") + "=", "jws_base64_malformed"),
    "TOK-11 a blank": (compact() + " ", "jws_base64_malformed"),
    "TOK-11 a line break": (compact() + "\n", "jws_base64_malformed"),
    "TOK-11 standard alphabet": (
        compact(signature=b"\xfb\xff").replace("-", "+").replace("_", "/"),
        "jws_base64_malformed",
    ),
    "TOK-11 last character": (compact()[:-1] + "B", "jws_base64_malformed"),
    "TOK-13 1 MiB": ("a" * (1 << 20), "jws_too_large"),
    "CLI-17 header of 256 KiB": (f"{'a' * (256 * 1024)}.b.c", "jws_too_large"),
    "CLI-15 a member twice": (compact(b'{"alg":"ES256","alg":"none"}'), "jws_header_malformed"),
    "header no object": (compact(b"[]"), "jws_header_malformed"),
    "header without alg": (compact(b"{}"), "jws_header_malformed"),
    "header alg a list": (compact(b'{"alg":["ES256"]}'), "jws_header_malformed"),
    "header not UTF-8": (compact(b'{"alg":"\xff"}'), "jws_header_malformed"),
    "header nested": (compact(b'{"alg":"x","a":' + b"[" * 200 + b"]" * 200 + b"}"), "jws_header_malformed"),
    "no ASCII": ("é.b.c", "jws_base64_malformed"),
    "empty": ("..", "jws_header_malformed"),
}


@pytest.mark.parametrize(("text", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_malformed(text: str, reason: str) -> None:
    with pytest.raises(jws.Malformed) as malformed:
        jws.parse(text, largest=300_000)
    assert malformed.value.reason == reason


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b'{"a":1,"a":2}', b'{"exp":NaN}', b'{"exp":1e999}', b"\xff"])
def test_a_payload_that_two_parsers_read_differently_is_refused(payload: bytes) -> None:
    with pytest.raises(jws.Malformed, match="jws_payload_malformed"):
        jws.parse(compact(payload=payload)).claims()


@given(st.binary(max_size=200))
def test_base64url_has_one_reading(data: bytes) -> None:
    text = jws.encode(data).decode()
    assert jws.decode(text) == data
    assert text == base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.text(alphabet="ABCwxyz019-_+/=. \n", max_size=12))
def test_what_is_decoded_encodes_to_the_same_text(text: str) -> None:
    with contextlib.suppress(jws.Malformed):
        assert jws.encode(jws.decode(text)).decode() == text


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda data: compact(payload=data)))
def test_parsing_never_stumbles(text: str) -> None:
    with contextlib.suppress(jws.Malformed):
        jws.parse(text).claims()


@given(
    st.dictionaries(st.text(max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=8), max_size=5)
)
def test_what_was_written_is_read(claims: dict[str, object]) -> None:
    assert jws.parse(compact(payload=json.dumps(claims).encode())).claims() == claims


ES256 = ec.generate_private_key(ec.SECP256R1())
ES384 = ec.generate_private_key(ec.SECP384R1())
ED = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
DATA = b"header.payload"


def test_every_algorithm_verifies_its_own_signature_and_no_other_does() -> None:
    keys = {"ES256": ES256, "EdDSA": ED, "RS256": RSA, "PS256": RSA}
    for alg, key in keys.items():
        signature = jws.sign(alg, key, DATA)
        assert jws.verify(alg, key.public_key(), DATA, signature)
        assert not jws.verify(alg, key.public_key(), DATA + b"x", signature)
        for other in ("none", "None", "", "HS256", "ES384", "ES512", *(keys.keys() - {alg})):
            assert not jws.verify(other, key.public_key(), DATA, signature)
        for stranger in (ES384.public_key(), ED.public_key(), ES256.public_key(), RSA.public_key()):
            assert jws.verify(alg, stranger, DATA, signature) == (stranger == key.public_key())


def test_tok_12_zeros_der_and_half_signatures_are_no_signature() -> None:
    signature = jws.sign("ES256", ES256, DATA)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    public = ES256.public_key()
    for wrong in (
        bytes(64),
        b"",
        signature[:63],
        signature + b"\0",
        encode_dss_signature(r, s),
        signature[:32] + bytes(32),
    ):
        assert not jws.verify("ES256", public, DATA, wrong)
    for number in (P256_ORDER, P256_ORDER + 1, (1 << 256) - 1):
        assert not jws.verify("ES256", public, DATA, number.to_bytes(32, "big") + signature[32:])


def test_key_05_two_signatures_of_the_same_never_share_a_nonce() -> None:
    signatures = {jws.sign("ES256", ES256, DATA)[:32] for _ in range(50)}
    assert len(signatures) == 50
