"""The public keys of a client (RFC 7517): which may be registered, and which algorithms each may sign with.

The algorithm comes from the key, never from a message (RFC 8725 section 3.1). Private and symmetric keys are refused:
whoever sends one has given it away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from sigid.kernel import jws
from sigid.kernel.errors import SigidError
from sigid.kernel.jws import PublicKey

MOST_KEYS: Final = 20
LARGEST: Final = 64 * 1024
ALGORITHMS: Final = ("ES256", "ES384", "EdDSA", "PS256", "RS256")

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES: Final[Mapping[str, tuple[ec.EllipticCurve, int]]] = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
}
_CURVE_ALGORITHMS: Final = {"secp256r1": "ES256", "secp384r1": "ES384"}
_SMALLEST_RSA, _LARGEST_RSA = 2048, 8192
_MOST_BITS_OF_E: Final = 32

# Ed25519 points of small order, without the sign bit: anybody can make a signature that such a key verifies.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    )
)


class InvalidKeySet(SigidError):
    """A key set that is not used; `reason` is private."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A key and what it may verify."""

    kid: str | None
    algorithms: tuple[str, ...]
    key: PublicKey


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a client. Keys of other kinds and uses are passed over (RFC 7517 section 5)."""

    keys: tuple[ClientKey, ...]

    def candidates(self, kid: str | None, alg: str) -> list[ClientKey]:
        """The keys that may have signed: with this `kid`, or where no `kid` is named every key of the algorithm."""
        fitting = [key for key in self.keys if alg in key.algorithms]
        return fitting if kid is None else [key for key in fitting if key.kid == kid]


def parse(document: object) -> KeySet:
    """Read a JWK set strictly. Raises InvalidKeySet."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise InvalidKeySet("jwks_malformed")
    if len(document["keys"]) > MOST_KEYS:
        raise InvalidKeySet("jwks_too_many_keys")
    keys = [_key(jwk) for jwk in document["keys"]]
    known = [key for key in keys if key is not None]
    if not known:
        raise InvalidKeySet("jwks_without_usable_key")
    kids = [key.kid for key in known if key.kid is not None]
    if len(set(kids)) != len(kids):
        raise InvalidKeySet("jwks_kid_twice")
    return KeySet(tuple(known))


def _key(jwk: object) -> ClientKey | None:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kty"), str):
        raise InvalidKeySet("jwks_malformed")
    if _PRIVATE_MEMBERS & jwk.keys() or jwk["kty"] == "oct":
        raise InvalidKeySet("jwks_private_key")
    if jwk["kty"] not in ("RSA", "EC", "OKP") or jwk.get("use", "sig") != "sig":
        return None
    kid = jwk.get("kid")
    if kid is not None and (not isinstance(kid, str) or not 0 < len(kid) <= 255):
        raise InvalidKeySet("jwks_malformed")
    public = _public(jwk)
    if public is None:
        return None
    algorithms = _algorithms(public)
    if isinstance(jwk.get("alg"), str):
        algorithms = tuple(name for name in algorithms if name == ("EdDSA" if jwk["alg"] == "Ed25519" else jwk["alg"]))
    return ClientKey(kid, algorithms, public) if algorithms else None


def _public(jwk: Mapping[str, Any]) -> PublicKey | None:
    """The key itself (RFC 7518 section 6, RFC 8037 section 2); None for a curve that we don't use."""
    try:
        if jwk["kty"] == "RSA":
            return _rsa(_number(jwk["n"]), _number(jwk["e"]))
        if jwk["kty"] == "OKP":
            return _okp(jws.decode(jwk["x"])) if jwk["crv"] == "Ed25519" else None
        if jwk["crv"] not in _CURVES:
            return None
        curve, size = _CURVES[jwk["crv"]]
        x, y = jws.decode(jwk["x"]), jws.decode(jwk["y"])
        if len(x) != size or len(y) != size:
            raise InvalidKeySet("jwks_malformed")
        return ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve).public_key()
    except (jws.Malformed, ValueError, TypeError, KeyError, AttributeError):
        raise InvalidKeySet("jwks_malformed") from None


def _number(text: str) -> int:
    return int.from_bytes(jws.decode(text), "big")


def _rsa(n: int, e: int) -> rsa.RSAPublicKey:
    """The size is judged before the key is made: a huge exponent or modulus makes verifying slow."""
    if not _SMALLEST_RSA <= n.bit_length() <= _LARGEST_RSA or e.bit_length() > _MOST_BITS_OF_E:
        raise InvalidKeySet("jwks_key_size")
    return rsa.RSAPublicNumbers(e, n).public_key()


def _okp(x: bytes) -> ed25519.Ed25519PublicKey:
    if len(x) == 32 and x[:31] + bytes([x[31] & 0x7F]) in _SMALL_ORDER:
        raise InvalidKeySet("jwks_key_weak")
    return ed25519.Ed25519PublicKey.from_public_bytes(x)


def _algorithms(public: PublicKey) -> tuple[str, ...]:
    if isinstance(public, rsa.RSAPublicKey):
        return ("PS256", "RS256")
    if isinstance(public, ed25519.Ed25519PublicKey):
        return ("EdDSA",)
    return (_CURVE_ALGORITHMS[public.curve.name],)
