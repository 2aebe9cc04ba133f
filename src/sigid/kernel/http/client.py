"""The guarded client: one request, one connection, nothing kept between two of them.

Each request has a session of its own, so no cookie, connection or resolved name of one tenant's URL can serve another.
The order is: judge the URL, resolve once, judge every record, connect to one of the judged addresses (with TLS for the
name), send, read within the limits. One deadline covers all of it.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from sigid.kernel import strict_json
from sigid.kernel.http.addresses import Address, is_loopback, is_public, parsed
from sigid.kernel.http.failures import AddressRefused, FetchFailed
from sigid.kernel.http.lookup import Lookup, system_lookup
from sigid.kernel.http.targets import Target, parse

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

JSON_TYPES: Final = ("application/json", "+json")
_MAX_RECORDS: Final = 32
_MAX_HEADERS: Final = 64
_MAX_HEADER_BYTES: Final = 8190
_OURS: Final = frozenset({
    "accept", "accept-encoding", "connection", "content-length", "cookie", "expect", "host", "proxy-authorization",
    "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: any status (a redirect is an answer too), header names in lower case, the body as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class GuardedClient:
    """The client for every URL that somebody typed.

    `loopback`, `ca_file` and `insecure` are for development: this machine may be reached, by http too, and its
    certificates may be of an authority of its own or of none. What they allow never holds for an address elsewhere.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        ca_file: str | None = None,
        insecure: bool = False,
        lookup: Lookup = system_lookup,
    ) -> None:
        self._loopback = loopback
        self._lookup = lookup
        self._tls = _tls()
        self._tls_at_home = _tls(ca_file=ca_file, insecure=insecure) if loopback else self._tls

    def check(self, url: str) -> Target:
        """Judge a URL when it is entered, without resolving its name. Raises AddressRefused."""
        return parse(url, loopback=self._loopback)

    async def resolve(self, target: Target) -> tuple[Address, ...]:
        """All addresses of a target, each of them one that we open. Raises AddressRefused, FetchFailed."""
        if target.address is not None:
            return (target.address,)
        addresses = tuple(parsed(text) for text in await self._lookup(target.host))
        if not addresses:
            raise FetchFailed("fetch_name_unknown")
        if len(addresses) > _MAX_RECORDS:
            raise FetchFailed("fetch_malformed")
        return tuple(self._judged(address, target) for address in addresses)

    async def fetch(
        self,
        method: Method,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = 65_536,
        timeout: float = 10,  # noqa: ASYNC109  (it covers everything, from the look-up to the last byte)
        accept_types: Sequence[str] = (),
        cut: bool = False,
    ) -> Fetched:
        """Send one request and read its answer.

        A body over `max_bytes` fails, or is cut there with `cut` (a receiver's answer that is only kept to be shown).
        With `accept_types` an answer of status 2xx must be of one of them: `application/json`, or `+json` for all that
        end so. Raises AddressRefused, FetchFailed.
        """
        target = self.check(url)
        sent = {**_checked(headers or {}), "Accept": _accept(accept_types), "Accept-Encoding": "identity"}
        try:
            async with (
                asyncio.timeout(timeout),
                self._session(target, await self.resolve(target)) as session,
                session.request(method, target.url, headers=sent, data=body, allow_redirects=False) as response,
            ):
                if accept_types and response.ok:
                    _require_media_type(response, accept_types)
                content = await _read(response, max_bytes, cut=cut)
                return Fetched(response.status, _joined(response), content)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise _failure(error) from error

    async def fetch_json(
        self,
        url: str,
        max_bytes: int = 65_536,
        *,
        timeout: float = 10,  # noqa: ASYNC109  (as above)
        accept_types: Sequence[str] = JSON_TYPES,
    ) -> object:
        """GET a document that must be there (200) and be strict JSON. Raises AddressRefused, FetchFailed."""
        answer = await self.fetch("GET", url, max_bytes=max_bytes, timeout=timeout, accept_types=accept_types)
        if answer.status != 200:
            raise FetchFailed("fetch_status")
        try:
            return strict_json.loads(answer.body)
        except strict_json.JsonMalformed as error:
            raise FetchFailed("fetch_json_malformed") from error

    def _judged(self, address: Address | None, target: Target) -> Address:
        """One record. A name that says loopback must be it, and http goes nowhere else (`parse` saw to that)."""
        if address is not None and self._loopback and is_loopback(address):
            return address
        if address is None or target.local or not is_public(address):
            raise AddressRefused("address_not_public")
        return address

    @asynccontextmanager
    async def _session(self, target: Target, addresses: tuple[Address, ...]) -> AsyncIterator[aiohttp.ClientSession]:
        at_home = all(is_loopback(address) for address in addresses)
        connector = aiohttp.TCPConnector(
            resolver=_Resolved(addresses),
            socket_factory=_Sockets(addresses),
            ssl=self._tls_at_home if at_home else self._tls,
            use_dns_cache=False,
            force_close=True,
        )
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "SigID"},
            timeout=aiohttp.ClientTimeout(total=None),  # `fetch` has the one deadline
            trust_env=False,  # neither proxies of the environment nor a .netrc
            auto_decompress=False,
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
            max_headers=_MAX_HEADERS,
        ) as session:
            yield session


class _Resolved(AbstractResolver):
    """Answers aiohttp's question for addresses with those that were judged: no second look-up can differ."""

    def __init__(self, addresses: tuple[Address, ...]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


class _Sockets:
    """The last gate: a socket is made for a judged address and for no other, however aiohttp came to it."""

    def __init__(self, addresses: tuple[Address, ...]) -> None:
        self._addresses = frozenset(addresses)

    def __call__(
        self, info: tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, Any]
    ) -> socket.socket:
        family, kind, protocol, _, where = info
        if parsed(where[0]) not in self._addresses:
            raise OSError("not an address that was judged")
        return socket.socket(family, kind, protocol)


def _tls(*, ca_file: str | None = None, insecure: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context()  # TLS 1.2 and later, name and chain verified
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers come from our own code; one that would change the framing or the route is a mistake in it."""
    for name, value in headers.items():
        if name.lower() in _OURS or not name.isascii() or not name.replace("-", "").isalnum():
            raise RuntimeError("a header that the client itself decides, or none")
        if not value.isprintable() or not value.isascii():
            raise RuntimeError("a header's value must be printable ASCII")
    return headers


def _accept(types: Sequence[str]) -> str:
    return ", ".join(type_ for type_ in types if not type_.startswith("+")) or "*/*"


def _require_media_type(response: aiohttp.ClientResponse, types: Sequence[str]) -> None:
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    main = media_type.partition("/")[0]
    for type_ in types:
        if media_type == type_ or (type_.startswith("+") and main == "application" and media_type.endswith(type_)):
            return
    raise FetchFailed("fetch_media_type")


async def _read(response: aiohttp.ClientResponse, max_bytes: int, *, cut: bool) -> bytes:
    """The body as sent. Nothing is unpacked, so nothing can unpack to more than its limit."""
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("identity", ""):
        if cut:
            return b""
        raise FetchFailed("fetch_encoded")
    if not cut and response.content_length is not None and response.content_length > max_bytes:
        raise FetchFailed("fetch_too_large")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > max_bytes:
            if not cut:
                raise FetchFailed("fetch_too_large")
            return bytes(body[:max_bytes])
    return bytes(body)


def _joined(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    """One value for a name; repeated ones joined (RFC 9110 section 5.3)."""
    joined: dict[str, str] = {}
    for name, value in response.headers.items():
        name = name.lower()  # noqa: PLW2901  (the same name)
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _failure(error: Exception) -> FetchFailed:
    """The reason for what aiohttp raised, the narrowest first."""
    match error:
        case TimeoutError():
            return FetchFailed("fetch_timed_out")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return FetchFailed("fetch_tls_failed")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | ConnectionResetError():
            return FetchFailed("fetch_cut_short")
        case aiohttp.ClientConnectorError():
            return FetchFailed("fetch_unreachable")
        case OSError():
            return FetchFailed("fetch_cut_short")
        case _:
            return FetchFailed("fetch_malformed")
