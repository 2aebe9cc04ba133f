"""`state` and `nonce` (RFC 6749 appendix A.5, OpenID Connect Core section 3.1.2.1).

Refuses: over-long ones, and characters that could split a header or end a line. What is accepted comes back exactly.
"""

from typing import Final

from sigid.kernel.errors import InvalidRequest

LONGEST_STATE: Final = 4096
LONGEST_NONCE: Final = 1024


def check_state(sent: str | None) -> str | None:
    """The state to send back. Raises InvalidRequest."""
    return _check(sent, LONGEST_STATE, "state")


def check_nonce(sent: str | None) -> str | None:
    """The nonce to bind the ID token to. Raises InvalidRequest."""
    return _check(sent, LONGEST_NONCE, "nonce")


def _check(sent: str | None, longest: int, name: str) -> str | None:
    if sent is None:
        return None
    if len(sent) > longest:
        raise InvalidRequest(f"{name}_too_long", f"{name} must have at most {longest} characters.")
    if any(ord(mark) < 0x20 or ord(mark) == 0x7F for mark in sent):
        raise InvalidRequest(f"{name}_control_character", f"{name} must not hold control characters.")
    return sent
