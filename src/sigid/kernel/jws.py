"""Signed JSON in its compact form (RFC 7515), read in one way only, and the signature algorithms that we use (RFC 7518,
RFC 8037).

What two libraries could read differently is refused before any signature is looked at: padding or other alphabets in
base64url, a last character with bits that mean nothing, duplicate members, more or fewer than three parts. A header is
only *what the sender says*: the algorithm that verifies is the key's; `jwk`, `jku`, `x5c` and `x5u` are never followed.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from sigid.kernel import strict_json
from sigid.kernel.errors import SigidError

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

LARGEST: Final = 16 * 1024
LARGEST_HEADER: Final = 4 * 1024

_SHA256: Final = hashes.SHA256()
_ES256: Final = ec.ECDSA(_SHA256)
_ES384: Final = ec.ECDSA(hashes.SHA384())
_PKCS1: Final = padding.PKCS1v15()
_PSS: Final = padding.PSS(padding.MGF1(_SHA256), 32)  # RFC 7518 section 3.5: the salt is as long as the hash


class Malformed(SigidError):
    """Not a JWS that we read; `reason` is private."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Jws:
    """What was sent, taken apart and not yet believed."""

    header: Mapping[str, Any]
    payload: bytes
    signed: bytes
    signature: bytes

    def claims(self) -> dict[str, Any]:
        """The payload as a JSON object. Raises Malformed."""
        try:
            claims = strict_json.loads(self.payload)
        except strict_json.JsonMalformed:
            raise Malformed("jws_payload_malformed") from None
        if not isinstance(claims, dict):
            raise Malformed("jws_payload_malformed")
        return claims


def encode(data: bytes) -> bytes:
    """base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def decode(text: str) -> bytes:
    """The one byte string that `text` is the base64url of. Raises Malformed."""
    try:
        raw = text.encode("ascii")
        data = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise Malformed("jws_base64_malformed") from None
    if encode(data) != raw:  # padding, or a last character whose spare bits are set
        raise Malformed("jws_base64_malformed")
    return data


def parse(text: str, largest: int = LARGEST) -> Jws:
    """Take a compact JWS apart. Sizes are judged before anything is decoded. Raises Malformed."""
    if len(text) > largest:
        raise Malformed("jws_too_large")
    parts = text.split(".")
    if len(parts) != 3:
        raise Malformed("jws_not_three_parts")
    encoded_header, encoded_payload, encoded_signature = parts
    if len(encoded_header) > LARGEST_HEADER:
        raise Malformed("jws_too_large")
    try:
        header = strict_json.loads(decode(encoded_header), max_depth=4)
    except strict_json.JsonMalformed:
        raise Malformed("jws_header_malformed") from None
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise Malformed("jws_header_malformed")
    if "crit" in header or "b64" in header or "zip" in header or "enc" in header:
        raise Malformed("jws_header_critical")  # we understand none of these, so we must refuse (section 4.1.11)
    return Jws(
        header, decode(encoded_payload), f"{encoded_header}.{encoded_payload}".encode(), decode(encoded_signature)
    )


def verify(alg: str, key: PublicKey, signed: bytes, signature: bytes) -> bool:
    """The signature is `key`'s, by the algorithm `alg` that the caller took from what it knows of the key."""
    check = _VERIFY.get(alg)
    if check is None:
        return False
    try:
        return check(key, signed, signature)
    except (InvalidSignature, ValueError):
        return False


def sign(alg: str, key: PrivateKey, data: bytes) -> bytes:
    """A signature as it stands in a JWS."""
    return _SIGN[alg](key, data)


def _ecdsa_verify(key: object, signed: bytes, signature: bytes, curve: str, half: int) -> bool:
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != curve or len(signature) != 2 * half:
        return False
    r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
    if r == 0 or s == 0:
        return False
    key.verify(encode_dss_signature(r, s), signed, _ES256 if half == 32 else _ES384)
    return True


def _rsa_verify(key: object, signed: bytes, signature: bytes, scheme: padding.PSS | padding.PKCS1v15) -> bool:
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    key.verify(signature, signed, scheme, _SHA256)
    return True


def _eddsa_verify(key: object, signed: bytes, signature: bytes) -> bool:
    if not isinstance(key, ed25519.Ed25519PublicKey) or len(signature) != 64:
        return False
    key.verify(signature, signed)
    return True


def _es256_sign(key: Any, data: bytes) -> bytes:  # the table below pairs keys and algorithms
    r, s = decode_dss_signature(key.sign(data, _ES256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


_VERIFY: Final[Mapping[str, Callable[[PublicKey, bytes, bytes], bool]]] = {
    "ES256": lambda key, signed, signature: _ecdsa_verify(key, signed, signature, "secp256r1", 32),
    "ES384": lambda key, signed, signature: _ecdsa_verify(key, signed, signature, "secp384r1", 48),
    "EdDSA": _eddsa_verify,
    "RS256": lambda key, signed, signature: _rsa_verify(key, signed, signature, _PKCS1),
    "PS256": lambda key, signed, signature: _rsa_verify(key, signed, signature, _PSS),
}
_SIGN: Final[Mapping[str, Callable[[Any, bytes], bytes]]] = {
    "ES256": _es256_sign,
    "EdDSA": lambda key, data: key.sign(data),
    "RS256": lambda key, data: key.sign(data, _PKCS1, _SHA256),
    "PS256": lambda key, data: key.sign(data, _PSS, _SHA256),
}
