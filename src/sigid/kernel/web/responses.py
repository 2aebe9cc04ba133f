"""Answers, as bytes and headers, and the cookies that go with them."""

from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import orjson

Header = tuple[bytes, bytes]

NO_STORE: Final[Header] = (b"cache-control", b"no-store")
NOSNIFF: Final[Header] = (b"x-content-type-options", b"nosniff")
NO_FRAMES: Final[Header] = (b"x-frame-options", b"DENY")
NOTHING_LOADS: Final[Header] = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
NO_REFERRER: Final[Header] = (b"referrer-policy", b"no-referrer")
JSON: Final[Header] = (b"content-type", b"application/json")
HTML: Final[Header] = (b"content-type", b"text/html; charset=utf-8")
PLAIN: Final[Header] = (b"content-type", b"text/plain; charset=utf-8")


@dataclass(slots=True)
class Response:
    """`reason` is the private reason of a refusal: logged, never sent."""

    status: int = 200
    body: bytes = b""
    headers: list[Header] = field(default_factory=list)
    code: str | None = None
    reason: str | None = None

    def with_header(self, name: str, value: str) -> "Response":
        self.headers.append((name.lower().encode(), value.encode("latin-1")))
        return self

    def set_cookie(self, cookie: "Cookie") -> "Response":
        self.headers.append((b"set-cookie", cookie.render().encode()))
        return self


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of our own: `__Host-` and `Secure` with an https issuer, a plain name on loopback http.

    `max_age` None ends it with the browser, 0 deletes it now.
    """

    name: str
    value: str
    secure: bool
    max_age: int | None = None
    same_site: str = "Lax"

    def render(self) -> str:
        life = "" if self.max_age is None else f"; Max-Age={self.max_age}"
        secure = "; Secure" if self.secure else ""
        name = cookie_name(self.name, self.secure)
        return f"{name}={self.value}; Path=/; HttpOnly; SameSite={self.same_site}{life}{secure}"


def cookie_name(name: str, secure: bool) -> str:
    return f"__Host-{name}" if secure else name


def json_response(value: Any, status: int = 200, *, store: bool = False) -> Response:
    headers = [JSON, NOSNIFF] if store else [JSON, NO_STORE, NOSNIFF]
    return Response(status, orjson.dumps(value), headers)


def redirect(location: str, *, status: int = 303) -> Response:
    """303: the browser follows by GET, so that what was posted here is posted nowhere else (RFC 9700 section 4.12)."""
    return Response(status, b"", [(b"location", location.encode("ascii")), NO_STORE, NO_REFERRER])


def with_query(url: str, parameters: dict[str, str]) -> str:
    """`url`, which has no fragment, with the parameters added to its query; the rest stays as it is, character by
    character (RFC 6749 section 3.1.2): taken apart and put together, `app:///cb` would become another address.
    """
    between = "?" if "?" not in url else "" if url.endswith(("?", "&")) else "&"
    return f"{url}{between}{urlencode(parameters)}"


def with_fragment(url: str, parameters: dict[str, str]) -> str:
    return f"{url}#{urlencode(parameters)}"
