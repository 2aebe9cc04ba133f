"""TypeIDs: a prefix that says what it is, and a UUIDv7 in base32 (typeid.jetify.com, spec 0.3; RFC 9562 section 5.7).

They sort by the time of their making, in text as in bytes, so that a table keyed by them grows at its end and its
partitions are ranges of time. Ids are public: nothing may be guessed from knowing one, and nothing is granted for it.
"""

import re
import secrets
from datetime import datetime
from typing import NewType

from sigid.kernel import clock

AccountId = NewType("AccountId", str)
TenantId = NewType("TenantId", str)
TenantUserId = NewType("TenantUserId", str)
ApplicationId = NewType("ApplicationId", str)
ApiId = NewType("ApiId", str)
GrantId = NewType("GrantId", str)
SessionId = NewType("SessionId", str)
Subject = NewType("Subject", str)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
SUFFIX_LENGTH = 26
_SUFFIX = re.compile(rf"[0-7][{_ALPHABET}]{{25}}")


def _encode(value: int) -> str:
    """128 bits as 26 characters, most significant first."""
    return "".join([_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10)])


def _uuid7(milliseconds: int) -> int:
    random = secrets.randbits(74)
    return (milliseconds << 80) | (0x7 << 76) | ((random >> 62) << 64) | (0b10 << 62) | (random & ((1 << 62) - 1))


def new_id(prefix: str) -> str:
    return f"{prefix}_{_encode(_uuid7(int(clock.timestamp() * 1000)))}"


def least_id(prefix: str, at: datetime) -> str:
    """The smallest id that can be made at `at`: the bound of a partition or of a range of time."""
    return f"{prefix}_{_encode(int(at.timestamp() * 1000) << 80)}"


def is_id(prefix: str, text: object) -> bool:
    if not isinstance(text, str) or len(text) != len(prefix) + 1 + SUFFIX_LENGTH:
        return False
    return text.startswith(prefix + "_") and _SUFFIX.fullmatch(text, len(prefix) + 1) is not None


def suffix(identifier: str) -> str:
    """The part of an id that is not its prefix."""
    return identifier[-SUFFIX_LENGTH:]


def is_suffix(text: str) -> bool:
    return _SUFFIX.fullmatch(text) is not None


def new_subject() -> Subject:
    """A pairwise subject: 128 random bits, telling neither time nor account (OpenID Connect Core section 8.1)."""
    return Subject("sub_" + _encode(secrets.randbits(128)))
