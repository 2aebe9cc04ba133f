"""Which passwords are taken when one is set: long enough, not guessed soon, not known, not about the person.

NIST SP 800-63B section 3.1.1.2 and ASVS 6.2: no rules of composition, but a list of what is known, what the context
gives away, and an estimate of how many guesses it would take (zxcvbn, at least 3 of 4).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zxcvbn_rs_py import zxcvbn

from sigid.accounts import breached_passwords
from sigid.accounts.breached_passwords import RangeLookup
from sigid.accounts.passwords import MAX_LENGTH

MIN_LENGTH: Final = 8
MIN_LENGTH_ALONE: Final = 15  # where the password is the only factor by policy

_MIN_SCORE: Final = 3
# The estimate's time grows with the square of the length, to half a second at 100 characters made for it, and no other
# request is served meanwhile. A strong part makes a strong whole, so the two ends are looked at, at most 30 ms each.
_WINDOW: Final = 32
_MIN_WORD: Final = 3
_MAX_WORDS: Final = 40
_SEPARATORS: Final = re.compile(r"[\W_]+")


class Weakness(StrEnum):
    """Why a password is not taken; the codes are public."""

    MALFORMED = "malformed"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    BREACHED = "breached"
    CONTAINS_PERSONAL = "contains_personal"
    TOO_WEAK = "too_weak"


@dataclass(frozen=True, slots=True, repr=False)
class Personal:
    """What somebody who knows the person would try first."""

    email: str = ""
    name: str = ""
    tenant: str = ""
    tenant_slug: str = ""

    def words(self) -> tuple[str, ...]:
        """In lower case, the longest first: each value, without its separators, and its parts."""
        local_part, _, domain = self.email.rpartition("@")
        found: set[str] = set()
        for value in (self.email, local_part, domain.rpartition(".")[0], self.name, self.tenant, self.tenant_slug):
            folded = value[:MAX_LENGTH].encode(errors="ignore").decode().casefold().strip()
            parts = _SEPARATORS.split(folded)
            found.update((folded, "".join(parts), *parts))
        return tuple(sorted((word for word in found if len(word) >= _MIN_WORD), key=_longest_first)[:_MAX_WORDS])


def _longest_first(word: str) -> tuple[int, str]:
    return -len(word), word


async def judge(
    password: str, personal: Personal, *, minimum: int = MIN_LENGTH, lookup: RangeLookup | None = None
) -> Weakness | None:
    """The first thing that is wrong with a password, or None. Raises Unavailable (a `lookup` that fails closed)."""
    if len(password) > MAX_LENGTH:
        return Weakness.TOO_LONG
    if any("\ud800" <= character <= "\udfff" for character in password):
        return Weakness.MALFORMED
    if len(password) < minimum:
        return Weakness.TOO_SHORT
    if breached_passwords.is_listed(password):
        return Weakness.BREACHED
    weakness = _guessable(password, personal.words())
    if weakness is None and lookup is not None and await lookup.is_breached(password):
        return Weakness.BREACHED
    return weakness


def _guessable(password: str, words: tuple[str, ...]) -> Weakness | None:
    """A personal word in a password is no harm where the letters and digits left without it would do by themselves."""
    folded = password.casefold()
    without = _without(folded, words)
    if without != folded:
        rest = _SEPARATORS.sub("", without)
        strong = len(rest) >= MIN_LENGTH and _is_strong(rest, ())
        return None if strong else Weakness.CONTAINS_PERSONAL
    return None if _is_strong(password, words) else Weakness.TOO_WEAK


def _without(text: str, words: Iterable[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return text


def _is_strong(text: str, words: tuple[str, ...]) -> bool:
    ends = dict.fromkeys((text[:_WINDOW], text[-_WINDOW:]))
    return any(int(zxcvbn(end, list(words)).score) >= _MIN_SCORE for end in ends)
