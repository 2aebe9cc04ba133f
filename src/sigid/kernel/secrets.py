"""Secrets that never print, and the handles that SigID gives out.

A handle is `<prefix>_<owner><random><checksum>`: the prefix says what it is (so that secret scanners find a leaked
one), the owner is the id of the tenant or account whose shard holds its row, 256 random bits make it unguessable, and
the checksum refuses garbage without a query. The database holds the SHA-256 of the whole.
"""

import hashlib
import hmac
import secrets
import zlib
from typing import Final, NoReturn, Self

from sigid.kernel import ids

_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PAIRS: Final = [a + b for a in _BASE62 for b in _BASE62]
_RANDOM_LENGTH: Final = 44  # 62 ** 44 > 2 ** 256
_CHECKSUM_LENGTH: Final = 6  # 62 ** 6 > 2 ** 32
_TAIL_LENGTH: Final = ids.SUFFIX_LENGTH + _RANDOM_LENGTH + _CHECKSUM_LENGTH


def _base62(value: int, length: int) -> str:
    pairs = []
    for _ in range(length // 2):
        value, pair = divmod(value, 3844)
        pairs.append(_PAIRS[pair])
    return "".join(pairs)


def digest(text: str) -> bytes:
    """SHA-256, as secrets are stored and looked up."""
    return hashlib.sha256(text.encode()).digest()


def equal(a: bytes, b: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(a, b)


class Secret:
    """A text that never prints: only `reveal` gives it away, so that a reader finds each place that does."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    @property
    def digest(self) -> bytes:
        return digest(self._text)

    def __repr__(self) -> str:
        return "[secret]"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "[secret]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and equal(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Handle(Secret):
    """A secret of our own making that tells whose it is."""

    __slots__ = ("owner_suffix", "prefix")

    def __init__(self, prefix: str, owner_suffix: str, text: str) -> None:
        super().__init__(text)
        self.prefix = prefix
        self.owner_suffix = owner_suffix

    @classmethod
    def generate(cls, prefix: str, owner_id: str) -> Self:
        body = f"{prefix}_{ids.suffix(owner_id)}{_base62(secrets.randbits(256), _RANDOM_LENGTH)}"
        return cls(prefix, ids.suffix(owner_id), body + _base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH))

    @classmethod
    def parse(cls, prefix: str, text: str) -> Self | None:
        """The handle that `text` is, or None: another kind, a wrong length, a wrong checksum."""
        if len(text) != len(prefix) + 1 + _TAIL_LENGTH or not text.startswith(prefix + "_") or not text.isascii():
            return None
        body, checksum = text[:-_CHECKSUM_LENGTH], text[-_CHECKSUM_LENGTH:]
        owner_suffix = body[len(prefix) + 1 :][: ids.SUFFIX_LENGTH]
        if checksum != _base62(zlib.crc32(body.encode()), _CHECKSUM_LENGTH) or not ids.is_suffix(owner_suffix):
            return None
        return cls(prefix, owner_suffix, text)

    def owner(self, prefix: str) -> str:
        """The owner's id: `owner("ten")` of a tenant's handle."""
        return f"{prefix}_{self.owner_suffix}"
