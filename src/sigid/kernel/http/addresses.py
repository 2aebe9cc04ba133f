"""Which IP addresses are on the public internet (IANA special-purpose address registries, RFC 6890).

The lists are ours and not `ipaddress.is_global`, whose answer changes between versions of Python. IPv6 is turned round:
only 2000::/3 is assigned for the world, so every mapped, translated, unique-local or link-local form falls outside.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Address = IPv4Address | IPv6Address

NOT_PUBLIC_IPV4: Final = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers; Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent: inside every machine there, though its number is a public one
        "169.254.0.0/16",  # link-local; most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # automatic multicast tunnelling
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
NOT_PUBLIC_IPV6: Final = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # the former 6bone
        "3fff::/20",  # documentation
    )
)
# RFC 5214: interface identifiers of ISATAP, which carry an IPv4 address; the second has the "global" bit set.
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def is_public(address: Address) -> bool:
    """Whether an outgoing connection may go there."""
    if isinstance(address, IPv4Address):
        return not any(address in block for block in NOT_PUBLIC_IPV4)
    if address.scope_id is not None or address not in _GLOBAL_UNICAST:
        return False
    if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        return False
    return not any(address in block for block in NOT_PUBLIC_IPV6)


def is_loopback(address: Address) -> bool:
    """127.0.0.0/8 and ::1, and no form that carries one of them inside."""
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def parsed(text: str) -> Address | None:
    """The address in its usual form, or None: 0x7f.1, 017700000001 and 2130706433 are none."""
    try:
        return ip_address(text)
    except ValueError:
        return None
