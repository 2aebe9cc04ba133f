"""Where a request goes: a URL that somebody typed, taken apart and judged before anything is resolved (CWE-918).

Refused are other schemes than https, user information, fragments, ports of other services, host names of one label,
IP addresses in any but their usual form and those that are not public. Two parsers read the URL (the standard library's
here, yarl for aiohttp); where they differ there is no request.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import SplitResult, urlsplit

from yarl import URL

from sigid.kernel.http.addresses import Address, is_loopback, is_public, parsed
from sigid.kernel.http.failures import AddressRefused

MAX_URL_LENGTH: Final = 2048
_CHARACTERS: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")  # RFC 3986 section 2
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_NUMBER_LIKE: Final = re.compile(r"\d+|0x[0-9a-f]*")  # WHATWG URL: a host that ends in a number is an IPv4 address

# A webhook receiver may listen on 443 or on a port above 1023, except where another service is at home: requests that
# an attacker words must not be readable as commands to a database, a queue, a mail server or a cluster's control plane.
SERVICE_PORTS: Final = frozenset({
    1080, 1099, 1194, 1433, 1434, 1521, 1723, 1883, 2049, 2181, 2222, 2375, 2376, 2377, 2379, 2380, 2483, 2484, 2525,
    2947, 3128, 3260, 3268, 3269, 3306, 3389, 3659, 4045, 4190, 4222, 4369, 4444, 4505, 4506, 5000, 5037, 5060, 5061,
    5222, 5269, 5353, 5355, 5432, 5433, 5555, 5601, 5671, 5672, 5683, 5900, 5938, 5984, 5985, 5986, 6000, 6379, 6380,
    6432, 6443, 6514, 6566, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 7000, 7001, 7077,
    7199, 7473, 7474, 7687, 8086, 8088, 8125, 8200, 8300, 8301, 8302, 8500, 8529, 8600, 8883, 9000, 9001, 9042, 9092,
    9093, 9100, 9160, 9200, 9300, 9418, 10080, 10250, 10255, 10256, 11211, 15672, 16379, 26257, 26379, 27017, 27018,
    27019, 28015, 28017,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that passed; its name, if it has one, is still to be resolved and checked."""

    url: URL
    scheme: Literal["http", "https"]
    host: str
    port: int
    address: Address | None  # where the host is an address itself
    local: bool  # its host says loopback, so only loopback will do


def parse(text: str, *, loopback: bool = False) -> Target:
    """Judge a URL by itself; `loopback` also lets http and https to this machine pass. Raises AddressRefused."""
    if len(text) > MAX_URL_LENGTH:
        raise AddressRefused("url_too_long")
    if not _CHARACTERS.fullmatch(text):
        raise AddressRefused("url_malformed")
    parts = _split(text)
    if parts.scheme not in ("https", "http"):
        raise AddressRefused("url_scheme_refused")
    if "@" in parts.netloc:
        raise AddressRefused("url_user_information")
    if "#" in text:
        raise AddressRefused("url_fragment")
    host, address, local = _host(parts, loopback=loopback)
    if parts.scheme == "http" and not local:
        raise AddressRefused("url_scheme_refused")
    port = _port(parts, local=local)
    scheme: Literal["http", "https"] = "http" if parts.scheme == "http" else "https"
    return Target(_same_to_yarl(parts, scheme, host, port), scheme, host, port, address, local)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        raise AddressRefused("url_malformed") from None
    if not parts.hostname or parts.netloc.endswith(":"):
        raise AddressRefused("url_malformed" if parts.scheme in ("http", "https") else "url_scheme_refused")
    return parts


def _host(parts: SplitResult, *, loopback: bool) -> tuple[str, Address | None, bool]:
    """The host in lower case, the address that it is, and whether it is this machine by its very name."""
    host = (parts.hostname or "").lower()
    address = parsed(host)
    bracketed = parts.netloc.startswith("[")
    if address is not None:
        if bracketed != (address.version == 6) or (bracketed and "%" in host):
            raise AddressRefused("url_host_refused")
        local = loopback and is_loopback(address)
        if not local and not is_public(address):
            raise AddressRefused("address_not_public")
        return host, address, local
    name_is_local = host == "localhost" or host.endswith(".localhost")  # RFC 6761 section 6.3
    if name_is_local and not loopback:
        raise AddressRefused("address_not_public")
    if bracketed or not _is_name(host) or not ("." in host or name_is_local):
        raise AddressRefused("url_host_refused")
    return host, None, name_is_local


def _is_name(host: str) -> bool:
    return len(host) <= 253 and bool(_NAME.fullmatch(host)) and not _NUMBER_LIKE.fullmatch(host.rpartition(".")[2])


def _port(parts: SplitResult, *, local: bool) -> int:
    port = parts.port if parts.port is not None else 443 if parts.scheme == "https" else 80
    if port == 443 or (local and port == 80):
        return port
    if port < 1024 or port in SERVICE_PORTS:
        raise AddressRefused("url_port_refused")
    return port


def _same_to_yarl(parts: SplitResult, scheme: str, host: str, port: int) -> URL:
    """The URL as aiohttp will read it: every byte of path and query as it was typed."""
    authority = f"[{host}]" if ":" in host else host
    query = f"?{parts.query}" if parts.query else ""
    url = URL(f"{scheme}://{authority}:{port}{parts.path or '/'}{query}", encoded=True)
    if (url.scheme, url.raw_host, url.port, url.user, url.raw_fragment) != (scheme, host, port, None, ""):
        raise AddressRefused("url_malformed")
    return url
