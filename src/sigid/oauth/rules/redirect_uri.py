"""The redirect URI (RFC 9700 section 2.1, RFC 6749 section 3.1.2, OpenID Connect Core section 3.1.2.1).

Refuses: none; one that is not registered, compared as a string, character by character. The one exception is the port
of a native application's loopback address 127.0.0.1 or [::1] (RFC 8252 section 7.3), never of `localhost`.
"""

import re
from collections.abc import Sequence
from typing import Final

from sigid.kernel.errors import PageError

_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?(/[^#]*)?")


def check(sent: str | None, registered: Sequence[str], *, native: bool) -> str:
    """The address to answer to. Raises PageError: nothing is ever sent to an address that is not proved."""
    if sent is None:
        raise PageError("redirect_uri_missing", "redirect_uri_missing")
    if sent in registered:
        return sent
    if native and any(_same_but_port(sent, known) for known in registered):
        return sent
    raise PageError("redirect_uri_unknown", "redirect_uri_not_registered")


def _same_but_port(sent: str, known: str) -> bool:
    a, b = _LOOPBACK.fullmatch(sent), _LOOPBACK.fullmatch(known)
    if a is None or b is None or a[1] != b[1] or (a[3] or "") != (b[3] or ""):
        return False
    return a[2] is None or 0 < int(a[2]) <= 65535
