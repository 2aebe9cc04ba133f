"""The Content-Security-Policy of pages (CSP Level 3): nothing but our own files, nothing inline, in nobody's frame.

`form-action` is what differs. Chromium applies it to every hop after a form, also to the application's own next
redirect, so a page whose form may end at an application allows https as such.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

SELF: Final = "'self'"

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action {form_action}"
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]{0,63}")  # RFC 3986 section 3.1
_NEVER: Final = frozenset(
    {"about", "blob", "data", "file", "filesystem", "javascript", "vbscript", "view-source", "ws", "wss"}
)


def policy(form_action: str = SELF) -> str:
    """The policy of a page whose forms may go to `form_action`, which comes from `form_action_for`."""
    return _POLICY.format(form_action=form_action)


def form_action_for(redirect_uri: str | None) -> str:
    """Where the forms of a page may end when the sign-in under way returns to `redirect_uri`; None: nowhere else."""
    if redirect_uri is None:
        return SELF
    scheme, _, _ = redirect_uri.partition(":")
    scheme = scheme.lower()
    if scheme == "https":
        return f"{SELF} https:"
    if scheme == "http":
        return f"{SELF} https: http:" if _is_loopback(redirect_uri) else SELF
    if not is_custom_scheme(scheme):
        return SELF
    return f"{SELF} https: {scheme}:"


def is_custom_scheme(scheme: str) -> bool:
    """A native application's own scheme (RFC 8252 section 7.1), and none that a browser gives a meaning to."""
    return bool(_SCHEME.fullmatch(scheme)) and scheme not in _NEVER and scheme not in {"http", "https"}


def _is_loopback(uri: str) -> bool:
    try:
        host = urlsplit(uri).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
