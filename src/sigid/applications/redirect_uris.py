"""Which redirect URIs may be registered (RFC 6749 section 3.1.2, RFC 8252 section 7, RFC 9700 section 2.6).

What is registered is compared later byte for byte, so what two readers could understand differently is refused here:
fragments, user information, wildcards, dot segments, empty hosts, characters outside RFC 3986. http leads to this
machine only, and only an application on the person's own device may have a scheme of its own.
"""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from sigid.applications.failures import InvalidMetadata, InvalidRedirectUri
from sigid.kernel.settings import is_loopback_host

MOST_URIS: Final = 100
LONGEST_URI: Final = 2000

_CHARACTERS: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")  # RFC 3986 section 2
_HOST: Final = re.compile(
    r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
)

# Schemes that a browser or an operating system acts on by itself: they run, open or show something.
_REFUSED_SCHEMES: Final = frozenset({
    "about", "android-app", "blob", "chrome", "chrome-extension", "content", "data", "facetime", "file", "filesystem",
    "ftp", "ftps", "geo", "gopher", "intent", "jar", "javascript", "ldap", "ldaps", "livescript", "mailto", "mhtml",
    "mocha", "moz-extension", "news", "nntp", "resource", "search-ms", "sftp", "shell", "sip", "sips", "smb", "sms",
    "ssh", "tel", "telnet", "urn", "vbscript", "view-source", "wais", "ws", "wss", "wyciwyg",
    "x-apple.systempreferences",
})  # fmt: skip
_REFUSED_PREFIXES: Final = ("ms-", "web+")

_NO_SUCH: Final = (
    ("uri", "#", "redirect_uri_fragment", "fragment"),
    ("uri", "*", "redirect_uri_wildcard", "wildcard: it is compared as it stands"),
    ("host", "@", "redirect_uri_user_information", "user information"),
)


def check(uris: Sequence[str], application_type: str, field: str = "redirect_uris") -> None:
    """Judge all of an application's URIs. Raises InvalidRedirectUri for the first that may not be registered."""
    if len(uris) > MOST_URIS:
        raise InvalidRedirectUri(f"/{field}", "too_many_redirect_uris", f"At most {MOST_URIS} URIs.")
    if len(set(uris)) != len(uris):
        raise InvalidRedirectUri(f"/{field}", "redirect_uri_twice", "A URI stands twice.")
    for place, uri in enumerate(uris):
        refusal = _refusal(uri, application_type)
        if refusal is not None:
            raise InvalidRedirectUri(f"/{field}/{place}", *refusal)


def _refusal(uri: str, application_type: str) -> tuple[str, str] | None:
    """The private reason and the public rule; None for a URI that may be registered."""
    if len(uri) > LONGEST_URI or _CHARACTERS.fullmatch(uri) is None:
        return "redirect_uri_malformed", f"A redirect URI has at most {LONGEST_URI} characters of RFC 3986."
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "redirect_uri_malformed", "A redirect URI is an absolute URI."
    for where, mark, reason, what in _NO_SUCH:
        if mark in (uri if where == "uri" else parts.netloc):
            return reason, f"A redirect URI has no {what}."
    if parts.scheme.lower() in ("http", "https"):
        return _web_refusal(parts)
    return _scheme_refusal(parts.scheme.lower(), application_type)


def _scheme_refusal(scheme: str, application_type: str) -> tuple[str, str] | None:
    if not scheme:
        return "redirect_uri_relative", "A redirect URI is an absolute URI."
    if scheme in _REFUSED_SCHEMES or scheme.startswith(_REFUSED_PREFIXES):
        return "redirect_uri_scheme", "This scheme cannot take an answer."
    if application_type != "native":
        return "redirect_uri_custom_scheme", "Only a native application has a scheme of its own; others use https."
    return None


def _web_refusal(parts: SplitResult) -> tuple[str, str] | None:
    host = parts.hostname or ""
    if not host or parts.netloc.endswith(":"):
        return "redirect_uri_without_host", "A redirect URI names a host."
    if not parts.netloc.startswith("[") and (_HOST.fullmatch(host) is None or len(host) > 253):
        return "redirect_uri_malformed", "The host of a redirect URI is a name or an address."
    if parts.scheme.lower() == "http" and not is_loopback_host(host):
        return "redirect_uri_http", "http is for localhost only; use https."
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        return "redirect_uri_dot_segment", "A redirect URI has no dot segments."
    return None


def check_origins(origins: Sequence[str]) -> None:
    """Judge the origins whose scripts may call us (RFC 6454 section 6.2). Raises InvalidMetadata."""
    if len(origins) > MOST_URIS:
        raise InvalidMetadata("/origins", "too_many_origins", f"At most {MOST_URIS} origins.")
    for place, origin in enumerate(origins):
        if len(origin) > LONGEST_URI or origin_of(origin) != origin or _refusal(origin, "web") is not None:
            raise InvalidMetadata(
                f"/origins/{place}", "origin_malformed", "An origin is https://host, or http://localhost with a port."
            )


def origin_of(uri: str) -> str | None:
    """The origin of an http or https URI as a browser sends it; None for another URI."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in ("http", "https") or not host:
        return None
    authority = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{authority}" if port in (None, default) else f"{scheme}://{authority}:{port}"
