"""Scopes (RFC 6749 section 3.3).

Refuses: a malformed or endless list, an unknown scope, one that the application may not ask for.
"""

import re
from collections.abc import Collection
from typing import Final

from sigid.kernel.errors import InvalidScope

MOST: Final = 100
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")


def parse(sent: str | None) -> tuple[str, ...]:
    """The scopes in the order sent, each once."""
    names = [name for name in (sent or "").split(" ") if name]
    if len(names) > MOST:
        raise InvalidScope("scope_too_many", f"At most {MOST} scopes may be asked for.")
    if any(_SCOPE.fullmatch(name) is None for name in names):
        raise InvalidScope("scope_malformed", "A scope holds characters that no scope has.")
    return tuple(dict.fromkeys(names))


def check(sent: str | None, allowed: Collection[str]) -> tuple[str, ...]:
    """What is asked for, all of which the application may ask for. Raises InvalidScope."""
    asked = parse(sent)
    if any(name not in allowed for name in asked):
        raise InvalidScope("scope_not_allowed", "A scope was asked for that this application may not ask for.")
    return asked


def narrowed(sent: str | None, granted: Collection[str]) -> tuple[str, ...]:
    """RFC 6749 section 6: a refresh may ask for less, never for more; asking for nothing is asking for all."""
    if sent is None:
        return tuple(granted)
    asked = parse(sent)
    if any(name not in granted for name in asked):
        raise InvalidScope("scope_wider_than_grant", "A scope was asked for that was not granted.")
    return asked
