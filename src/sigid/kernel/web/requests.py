"""A request as handlers see it: who sent it from where, its parameters with every limit kept, its cookies.

Nothing is built from `Host` or a forwarded header: absolute URLs come from the issuer alone, the client's address from
the socket or, behind a trusted proxy, from the right-most hop that is not one.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import cached_property
from typing import Any, Final

from sigid.kernel import ids
from sigid.kernel.callers import Origin
from sigid.kernel.errors import InvalidRequest, Refused
from sigid.kernel.settings import Network, Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

FORM: Final = "application/x-www-form-urlencoded"
LARGEST_FORM: Final = 64 * 1024
LARGEST_QUERY: Final = 16 * 1024
MOST_FIELDS: Final = 100
_MAY_REPEAT: Final = frozenset({"resource"})

_HEX: Final = {a + b: int(a + b, 16) for a in "0123456789abcdefABCDEF" for b in "0123456789abcdefABCDEF"}


class Request:
    __slots__ = ("__dict__", "_receive", "issuer", "method", "origin", "params", "path", "scope", "settings")

    def __init__(self, scope: Scope, receive: Receive, settings: Settings, path: str, issuer: str) -> None:
        self.scope = scope
        self._receive = receive
        self.settings = settings
        self.method: str = scope["method"]
        self.path = path
        self.issuer = issuer
        self.params: dict[str, str] = {}
        self.origin = Origin(
            ids.new_id("req"),
            client_address(scope, self._headers, settings.trusted_proxies),
            self.header("user-agent"),
        )

    @cached_property
    def _headers(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, value in self.scope["headers"]:
            found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        return found

    def header(self, name: str) -> str | None:
        """The header's value; None where there is none. One that stands twice is refused."""
        values = self._headers.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise InvalidRequest("header_repeated", f"The header {name} stands twice.")
        return values[0]

    def headers(self, name: str) -> list[str]:
        return self._headers.get(name, [])

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """The cookies by name; one that came twice is left out (a neighbour may have planted the other)."""
        found: dict[str, str] = {}
        twice = set()
        for line in self._headers.get("cookie", []):
            for part in line.split(";"):
                name, mark, value = part.strip().partition("=")
                if not mark:
                    continue
                if name in found:
                    twice.add(name)
                found[name] = value
        for name in twice:
            del found[name]
        return found

    @cached_property
    def repeated_cookies(self) -> frozenset[str]:
        names = [part.strip().partition("=")[0] for line in self._headers.get("cookie", []) for part in line.split(";")]
        return frozenset(name for name in names if names.count(name) > 1)

    @cached_property
    def query(self) -> "Form":
        raw: bytes = self.scope["query_string"]
        if len(raw) > LARGEST_QUERY:
            raise Refused("invalid_request", "query_too_large", "The query is too large.", status=414)
        return Form.parse(raw)

    async def body(self, largest: int) -> bytes:
        """The whole body. Larger than `largest` bytes is refused before it is read."""
        declared = self.header("content-length")
        if declared is not None and declared.isdigit() and int(declared) > largest:
            raise Refused("request_too_large", "body_too_large", "The body is too large.", status=413)
        chunks = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise InvalidRequest("client_went_away")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > largest:
                raise Refused("request_too_large", "body_too_large", "The body is too large.", status=413)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def form(self) -> "Form":
        """The body's parameters (application/x-www-form-urlencoded)."""
        kind = (self.header("content-type") or "").partition(";")
        if kind[0].strip().lower() != FORM:
            raise InvalidRequest("not_a_form", f"The body must be {FORM}.", status=415)
        if "charset" in kind[2].lower() and "utf-8" not in kind[2].lower():
            raise InvalidRequest("not_utf8", "The body must be UTF-8.", status=415)
        return Form.parse(await self.body(LARGEST_FORM))


class Form:
    """Parameters by name, each at most once (but `resource`). RFC 6749 section 3.1: an empty value is an absent one."""

    __slots__ = ("_values", "repeated")

    def __init__(self, values: dict[str, list[str]]) -> None:
        self._values = values
        self.repeated = frozenset(n for n, found in values.items() if len(found) > 1 and n not in _MAY_REPEAT)

    @classmethod
    def parse(cls, raw: bytes) -> "Form":
        values: dict[str, list[str]] = {}
        if not raw:
            return cls(values)
        parts = raw.split(b"&", MOST_FIELDS + 1)
        if len(parts) > MOST_FIELDS:
            raise InvalidRequest("too_many_parameters", "There are too many parameters.")
        for part in parts:
            if part:
                name, _, value = part.partition(b"=")
                values.setdefault(_decode(name), []).append(_decode(value))
        return cls(values)

    def refuse_repeated(self) -> "Form":
        """RFC 6749 section 3.1 and 3.2: parameters MUST NOT be included more than once."""
        if self.repeated:
            raise InvalidRequest("parameter_repeated", "A parameter stands more than once.")
        return self

    def get(self, name: str) -> str | None:
        """The parameter, or None where it is absent, empty, or stands more than once."""
        found = self._values.get(name)
        return (found[0] or None) if found is not None and len(found) == 1 else None

    def raw(self, name: str) -> str | None:
        """The parameter as sent, an empty one too."""
        found = self._values.get(name)
        return found[0] if found else None

    def all(self, name: str) -> list[str]:
        return [value for value in self._values.get(name, []) if value]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def names(self) -> Iterable[str]:
        return self._values.keys()

    def items(self) -> dict[str, list[str]]:
        return self._values


def _decode(raw: bytes) -> str:
    """Percent-decoding to UTF-8, strictly: a broken escape or an invalid byte is refused."""
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    if b"%" in raw:
        head, *rest = raw.split(b"%")
        decoded = [head]
        for part in rest:
            byte = _HEX.get(part[:2].decode("latin-1"))
            if byte is None or len(part) < 2:
                raise InvalidRequest("broken_escape", "A parameter is not percent-encoded UTF-8.")
            decoded.append(bytes([byte]) + part[2:])
        raw = b"".join(decoded)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise InvalidRequest("not_utf8", "A parameter is not percent-encoded UTF-8.") from None


def client_address(scope: Scope, headers: Mapping[str, list[str]], trusted: tuple[Network, ...]) -> str | None:
    """The address that the request came from; forwarded ones are believed from trusted proxies only."""
    client = scope.get("client")
    address: str | None = client[0] if client else None
    if address is None or not trusted or not _within(address, trusted):
        return address
    hops = [hop.strip() for line in headers.get("x-forwarded-for", []) for hop in line.split(",")]
    for hop in reversed(hops):
        try:
            ipaddress.ip_address(hop)
        except ValueError:
            return address
        address = hop
        if not _within(hop, trusted):
            break
    return address


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
