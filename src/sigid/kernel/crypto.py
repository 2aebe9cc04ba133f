"""Secrets at rest: sealed under a root key that can be rotated.

AES-256-GCM (NIST SP 800-38D) with a random nonce, under a key derived from the root key for each purpose
(HKDF-SHA-256, RFC 5869); the purpose is bound as associated data too, so that a sealed value cannot be moved to another
column. The first byte is the format's version, the next four name the root key, so that two can be read while one is
rotated in.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sigid.kernel.errors import SigidError

HEADER = 5  # bytes: the format's version and the root key's name
_VERSION = b"\x01"
_NONCE = 12


class Unsealable(SigidError):
    """A sealed value that none of the root keys opens, or that was altered."""


def derive(key: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    """32 bytes for one use (HKDF-SHA-256)."""
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def encrypt(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], context)
    except (InvalidTag, ValueError):
        raise Unsealable("altered, or sealed under another key") from None


class Vault:
    """Seals and unseals under the root keys: the first seals, all of them unseal."""

    def __init__(self, root_keys: list[bytes]) -> None:
        self._keys = {hashlib.sha256(b"sigid root key id" + key).digest()[:4]: key for key in root_keys}
        self._current = next(iter(self._keys))
        self._derived: dict[tuple[bytes, str], bytes] = {}

    def seal(self, purpose: str, plain: bytes) -> bytes:
        key_id = self._current
        return _VERSION + key_id + encrypt(self._key(key_id, purpose), plain, purpose.encode())

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        version, key_id, rest = sealed[:1], sealed[1:5], sealed[5:]
        if version != _VERSION or key_id not in self._keys:
            raise Unsealable("sealed under a root key that is not set (SIGID_ROOT_KEY, SIGID_ROOT_KEY_PREVIOUS)")
        return decrypt(self._key(key_id, purpose), rest, purpose.encode())

    @property
    def header(self) -> bytes:
        """What a value sealed under the present root key begins with; one that does not needs rotation."""
        return _VERSION + self._current

    def key_for(self, purpose: str) -> bytes:
        """A key for something that is not stored, such as form tokens; it changes with the root key."""
        return self._key(self._current, purpose)

    def _key(self, key_id: bytes, purpose: str) -> bytes:
        known = self._derived.get((key_id, purpose))
        if known is None:
            known = self._derived[key_id, purpose] = derive(self._keys[key_id], b"sigid " + purpose.encode())
        return known


_vault: Vault | None = None


def install(vault: Vault) -> None:
    global _vault
    _vault = vault


def vault() -> Vault:
    if _vault is None:
        raise RuntimeError("no root key is set")
    return _vault
