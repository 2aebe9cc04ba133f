"""Which URLs and addresses the guarded client opens: WHK-01, WHK-04, CMD-04, DCR-07."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigid.kernel.http import AddressRefused, GuardedClient
from sigid.kernel.http.addresses import NOT_PUBLIC_IPV4, NOT_PUBLIC_IPV6, Address, is_public
from sigid.kernel.http.targets import SERVICE_PORTS, parse

NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::8.8.8.8", "::127.0.0.1", "64:ff9b::10.0.0.1",
    "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1",
    "2001:10::1", "2001:20::1",
    "2001:db8::1", "2002:a00:1::", "2002:808:808::1", "2620:4f:8000::1", "3ffe::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:a00:1",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "9.9.9.9", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.0.1.1",
          "198.17.0.1", "198.20.0.1", "223.255.255.255", "2606:4700:4700::1111", "2001:4860:4860::8888"]  # fmt: skip


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(text: str):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_passes(text: str):
    assert is_public(ip_address(text))


@given(st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(0, 2**128 - 1).map(IPv6Address))
def test_nothing_that_python_calls_special_passes(address: Address):
    special = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
    if special or address.is_reserved or address.is_unspecified:
        anycast = address in {ip_address("192.0.0.9"), ip_address("192.0.0.10")}
        assert anycast or not is_public(address)


@pytest.mark.parametrize("block", NOT_PUBLIC_IPV4 + NOT_PUBLIC_IPV6, ids=str)
def test_both_ends_of_a_block_are_inside(block: IPv4Network | IPv6Network):
    assert not is_public(block.network_address)
    assert not is_public(block.broadcast_address)


REFUSED = {
    "WHK-01 an address, IPv4": ("https://10.0.0.1/hook", "address_not_public"),
    "WHK-01 an address, IPv6": ("https://[::1]/hook", "address_not_public"),
    "WHK-01 IPv4 inside IPv6": ("https://[::ffff:10.0.0.1]/hook", "address_not_public"),
    "WHK-01 localhost": ("https://localhost/hook", "address_not_public"),
    "WHK-01 localhost below": ("https://app.localhost/hook", "address_not_public"),
    "WHK-01 upper case": ("https://LOCALHOST/hook", "address_not_public"),
    "WHK-01 decimal": ("https://2130706433/hook", "url_host_refused"),
    "WHK-01 hexadecimal": ("https://0x7f000001/hook", "url_host_refused"),
    "WHK-01 hexadecimal parts": ("https://0x7f.1/hook", "url_host_refused"),
    "WHK-01 octal parts": ("https://0177.0.0.1/hook", "url_host_refused"),
    "WHK-01 leading zeros": ("https://127.0.0.01/hook", "url_host_refused"),
    "WHK-01 short form": ("https://127.1/hook", "url_host_refused"),
    "WHK-01 number behind a name": ("https://example.0x1/hook", "url_host_refused"),
    "WHK-01 trailing dot of an address": ("https://127.0.0.1./hook", "url_host_refused"),
    "WHK-01 trailing dot of a name": ("https://localhost./hook", "url_host_refused"),
    "WHK-01 zone": ("https://[fe80::1%25eth0]/hook", "url_host_refused"),
    "WHK-01 full-width digits": ("https://\uff1127.0.0.1/hook", "url_malformed"),
    "WHK-01 a name of one label": ("https://metadata/hook", "url_host_refused"),
    "WHK-04 http": ("http://example.com/hook", "url_scheme_refused"),
    "WHK-04 gopher": ("gopher://example.com/_x", "url_scheme_refused"),
    "WHK-04 ftp": ("ftp://example.com/x", "url_scheme_refused"),
    "WHK-04 file": ("file:///etc/passwd", "url_scheme_refused"),
    "WHK-04 data": ("data:text/plain,x", "url_scheme_refused"),
    "DCR-07 javascript": ("javascript:alert(1)", "url_scheme_refused"),
    "WHK-04 no scheme": ("//example.com/hook", "url_scheme_refused"),
    "WHK-04 nothing": ("", "url_malformed"),
    "WHK-04 user": ("https://user@example.com/hook", "url_user_information"),
    "WHK-04 user and password": ("https://user:pass@example.com/hook", "url_user_information"),
    "WHK-04 empty user": ("https://@example.com/hook", "url_user_information"),
    "WHK-04 host behind a user": ("https://example.com@10.0.0.1/", "url_user_information"),
    "WHK-04 fragment": ("https://example.com/hook#x", "url_fragment"),
    "WHK-04 empty fragment": ("https://example.com/hook#", "url_fragment"),
    "WHK-04 CRLF": ("https://example.com/\r\nX: y", "url_malformed"),
    "WHK-04 tab": ("https://exam\tple.com/", "url_malformed"),
    "WHK-04 blank": ("https://example.com/a b", "url_malformed"),
    "WHK-04 leading blank": (" https://example.com/", "url_malformed"),
    "WHK-04 backslash": ("https://example.com\\@10.0.0.1/", "url_malformed"),
    "WHK-04 NUL": ("https://example.com/\0", "url_malformed"),
    "WHK-04 broken escape": ("https://example.com/%zz", "url_malformed"),
    "WHK-04 escape in the host": ("https://example%2ecom/", "url_host_refused"),
    "WHK-04 not ASCII": ("https://exämple.com/", "url_malformed"),
    "WHK-04 open bracket": ("https://[::1/", "url_malformed"),
    "WHK-04 name in brackets": ("https://[example.com]/", "url_malformed"),
    "WHK-04 no host": ("https:///hook", "url_malformed"),
    "WHK-04 empty label": ("https://example..com/", "url_host_refused"),
    "WHK-04 label too long": (f"https://{'a' * 64}.com/", "url_host_refused"),
    "WHK-04 name too long": (f"https://{'a.' * 127}com/", "url_host_refused"),
    "WHK-04 URL too long": (f"https://example.com/{'a' * 2048}", "url_too_long"),
    "WHK-04 port 22": ("https://example.com:22/", "url_port_refused"),
    "WHK-04 port 25": ("https://example.com:25/", "url_port_refused"),
    "WHK-04 port 80": ("https://example.com:80/", "url_port_refused"),
    "WHK-04 port 6379": ("https://example.com:6379/", "url_port_refused"),
    "WHK-04 port 0": ("https://example.com:0/", "url_port_refused"),
    "WHK-04 port 65536": ("https://example.com:65536/", "url_malformed"),
    "WHK-04 no port": ("https://example.com:/", "url_malformed"),
    "WHK-04 port in words": ("https://example.com:https/", "url_malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("url", "because"), REFUSED.values(), ids=REFUSED)
def test_url_is_refused(url: str, because: str):
    with pytest.raises(AddressRefused) as refused:
        GuardedClient().check(url)
    assert refused.value.reason == because


@pytest.mark.parametrize("port", sorted(SERVICE_PORTS))
def test_a_port_where_another_service_lives_is_refused(port: int):
    assert port >= 1024  # those below are refused anyway
    with pytest.raises(AddressRefused) as refused:
        parse(f"https://example.com:{port}/")
    assert refused.value.reason == "url_port_refused"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://example.com", "example.com", 443),
        ("https://Example.COM:8443/a%2Fb/../c?d=%0d%0a", "example.com", 8443),
        ("https://xn--bcher-kva.example/hook", "xn--bcher-kva.example", 443),
        ("https://1.1.1.1/", "1.1.1.1", 443),
        ("https://[2606:4700:4700::1111]:44443/", "2606:4700:4700::1111", 44443),
    ],
)
def test_url_passes(url: str, host: str, port: int):
    target = parse(url)
    assert (target.scheme, target.host, target.port, target.local) == ("https", host, port, False)


def test_path_and_query_stay_as_they_were_typed():
    assert parse("https://example.com/a%2Fb/../c?d=%0d%0a&e=").url.raw_path_qs == "/a%2Fb/../c?d=%0d%0a&e="


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "http://localhost:8080/",
        "http://127.0.0.1:80/",
        "https://[::1]:9999/",
        "http://a.localhost/",
    ],
)
def test_development_may_reach_this_machine(url: str):
    assert parse(url, loopback=True).local
    with pytest.raises(AddressRefused):
        parse(url)


@pytest.mark.parametrize(
    ("url", "because"),
    [
        ("http://example.com/", "url_scheme_refused"),
        ("https://10.0.0.1/", "address_not_public"),
        ("http://0.0.0.0/", "address_not_public"),
        ("http://[::ffff:127.0.0.1]/", "address_not_public"),
        ("http://localhost:22/", "url_port_refused"),
        ("http://localhost:6379/", "url_port_refused"),
        ("http://127.1/", "url_host_refused"),
    ],
)
def test_development_reaches_this_machine_and_nothing_else(url: str, because: str):
    with pytest.raises(AddressRefused) as refused:
        parse(url, loopback=True)
    assert refused.value.reason == because


@given(st.text(max_size=80) | st.text("htps:/[]@%.#?0127x-", max_size=60).map("https://".__add__))
def test_any_text_passes_or_is_refused(text: str):
    try:
        target = parse(text)
    except AddressRefused:
        return
    assert target.scheme == "https"
    assert target.address is None or is_public(target.address)
    assert target.url.raw_host == target.host
