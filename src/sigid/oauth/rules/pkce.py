"""Proof Key for Code Exchange (RFC 7636; OAuth 2.1 sections 4.1.1 and 7.5.1; RFC 9700 section 2.1.1).

Refuses: no challenge, unless an administrator let a confidential application of OpenID Connect go without; any method
but S256, also none (which means plain); a challenge that is not the base64url of 32 bytes; and at redemption a verifier
that is missing, malformed or wrong, and one that is sent where no challenge was.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from typing import Final

from sigid.kernel.errors import InvalidRequest

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def check(challenge: str | None, method: str | None, *, demanded: bool, openid: bool) -> str | None:
    """The challenge to bind the code to. Raises InvalidRequest."""
    if challenge is None:
        if demanded or not openid:
            raise InvalidRequest("code_challenge_missing", "code_challenge is required.")
        if method is not None:
            raise InvalidRequest("code_challenge_missing", "code_challenge_method came without code_challenge.")
        return None
    if method != "S256":
        raise InvalidRequest("code_challenge_method_not_s256", "code_challenge_method must be S256.")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise InvalidRequest("code_challenge_malformed", "code_challenge must be the base64url of 32 bytes.")
    return challenge


def fits(challenge: str | None, verifier: str | None) -> bool:
    """The verifier is the challenge's (RFC 7636 section 4.6), or neither was sent."""
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    computed = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(computed, challenge.encode())
