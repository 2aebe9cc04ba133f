"""The guarded client against real servers that misbehave: WHK-01 to WHK-05, WHK-12, CMD-03, CMD-04, PAR-11."""

import asyncio
import gzip
import socket
from collections.abc import Coroutine, Sequence
from pathlib import Path

import pytest

from sigid.kernel.http import REASONS, AddressRefused, FetchFailed, GuardedClient
from sigid.kernel.http.lookup import system_lookup
from tests.kernel.servers import Answer, Authority, answers, says, serving


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def client():
    return GuardedClient(loopback=True)


class Names:
    """A name server that answers differently each time, and remembers how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


async def refused(coroutine: Coroutine[object, object, object], because: str):
    with pytest.raises((AddressRefused, FetchFailed)) as error:
        await asyncio.wait_for(coroutine, 30)
    assert error.value.reason == because
    assert because in REASONS
    return error.value


async def test_an_answer_is_read(client: GuardedClient):
    async with serving(answers(b'{"a": 1}', more="X-A: 1\r\nx-a: 2\r\n")) as stranger:
        url = f"http://127.0.0.1:{stranger.port}/a%2Fb?c=%0d"
        answer = await client.fetch("POST", url, headers={"X-SigID-Event": "test"}, body=b"hello")
    assert (answer.status, answer.body, answer.headers["x-a"]) == (200, b'{"a": 1}', "1, 2")
    head = stranger.requests[0].decode()
    assert head.startswith("POST /a%2Fb?c=%0d HTTP/1.1\r\n")
    assert "X-SigID-Event: test\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert "Content-Length: 5\r\n" in head
    assert f"Host: 127.0.0.1:{stranger.port}\r\n" in head


async def test_json_is_read(client: GuardedClient):
    async with serving(answers(b'{"a": [1, null]}', type_="application/jwk-set+json; charset=utf-8")) as stranger:
        assert await client.fetch_json(f"http://localhost:{stranger.port}/") == {"a": [1, None]}


async def test_production_does_not_reach_this_machine():
    async with serving(answers()) as stranger:
        await refused(GuardedClient().fetch("GET", f"https://127.0.0.1:{stranger.port}/"), "address_not_public")
        await refused(GuardedClient().fetch("GET", f"https://localhost:{stranger.port}/"), "address_not_public")
    assert stranger.requests == []


RECORDS = {
    "WHK-01 private": ["10.0.0.1"],
    "WHK-01 loopback": ["127.0.0.1"],
    "WHK-01 metadata": ["169.254.169.254"],
    "WHK-02 one of several is private": ["93.184.215.14", "10.0.0.1"],
    "WHK-02 the IPv6 one is private": ["93.184.215.14", "fd00::1"],
    "CMD-04 mapped": ["::ffff:10.0.0.1"],
    "CMD-04 NAT64": ["64:ff9b::a00:1"],
    "CMD-04 6to4": ["2002:a00:1::1"],
    "CMD-04 link-local with a zone": ["fe80::1%eth0"],
    "CMD-04 no address at all": ["10.0.0"],
}


@pytest.mark.parametrize("records", RECORDS.values(), ids=RECORDS)
async def test_a_name_with_a_private_record_is_refused(records: Sequence[str]):
    names = Names(records)
    await refused(GuardedClient(lookup=names).fetch("GET", "https://hooks.example.com/"), "address_not_public")
    assert names.asked == ["hooks.example.com"]


async def test_development_reaches_loopback_by_name_and_nothing_else_private():
    names = Names(["127.0.0.1", "10.0.0.1"])
    client = GuardedClient(loopback=True, lookup=names)
    await refused(client.fetch("GET", "https://hooks.example.com/"), "address_not_public")


async def test_a_localhost_that_resolves_elsewhere_is_refused():
    client = GuardedClient(loopback=True, lookup=Names(["93.184.215.14"]))
    await refused(client.fetch("GET", "http://localhost:8000/"), "address_not_public")


async def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(authority: Authority):
    """WHK-02: the second answer of the name server would lead to the server that must not be reached."""
    async with (
        serving(answers(b'"checked"'), host="127.0.0.1", tls=authority.server("rebind.example.com")) as checked,
        serving(answers(b'"rebound"'), host="127.0.0.2") as rebound,
    ):
        names = Names(["127.0.0.1"], ["127.0.0.2"])
        client = GuardedClient(loopback=True, ca_file=str(authority.file), lookup=names)
        assert await client.fetch_json(f"https://rebind.example.com:{checked.port}/") == "checked"
    assert names.asked == ["rebind.example.com"]
    assert f"Host: rebind.example.com:{checked.port}".encode() in checked.requests[0]
    assert rebound.requests == []


async def test_each_request_resolves_and_judges_anew(authority: Authority):
    """WHK-02, TTL 0: what passed the first time is refused the next time."""
    async with serving(answers(), tls=authority.server("rebind.example.com")) as stranger:
        names = Names(["127.0.0.1"], ["10.0.0.1"])
        client = GuardedClient(loopback=True, ca_file=str(authority.file), lookup=names)
        url = f"https://rebind.example.com:{stranger.port}/"
        assert (await client.fetch("GET", url)).status == 200
        await refused(client.fetch("GET", url), "address_not_public")


async def test_a_socket_is_made_for_judged_addresses_only():
    from ipaddress import ip_address

    from sigid.kernel.http.client import _Sockets

    make = _Sockets((ip_address("127.0.0.1"),))
    make((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 443))).close()
    with pytest.raises(OSError, match="judged"):
        make((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.2", 443)))


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_a_redirect_is_not_followed(client: GuardedClient, status: str):
    """WHK-03, CMD-03."""
    async with serving(answers()) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere.port}/\r\n"
        async with serving(answers(b"", status=status, more=location)) as stranger:
            url = f"http://127.0.0.1:{stranger.port}/"
            assert (await client.fetch("POST", url, body=b"x")).status == int(status[:3])
            await refused(client.fetch_json(url), "fetch_status")
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", ["201 Created", "204 No Content", "206 Partial Content", "404 Not Found", "500 No"])
async def test_a_document_must_be_there(client: GuardedClient, status: str):
    async with serving(answers(b"" if status.startswith("204") else b"{}", status=status)) as stranger:
        await refused(client.fetch_json(f"http://127.0.0.1:{stranger.port}/"), "fetch_status")


async def endless_body(writer: asyncio.StreamWriter):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
        await writer.drain()


async def endless_headers(writer: asyncio.StreamWriter):
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Header: value\r\n" * 100)
        await writer.drain()


async def one_long_header(writer: asyncio.StreamWriter):
    writer.write(b"HTTP/1.1 200 OK\r\nX-Header: ")
    while True:
        writer.write(b"a" * 4096)
        await writer.drain()


async def continues(writer: asyncio.StreamWriter):
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()


async def drips(writer: asyncio.StreamWriter):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)  # its slowness is what is tested


async def silent(writer: asyncio.StreamWriter):
    await asyncio.Event().wait()


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b" " * 50_000_000)
ANSWERS = {
    "WHK-05 endless body": (endless_body, "fetch_too_large"),
    "WHK-05 declared too large": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10737418240\r\n\r\n"),
        "fetch_too_large",
    ),
    "CMD-03 a byte over the limit": (answers(b'"' + b"a" * 65_535 + b'"'), "fetch_too_large"),
    "WHK-05 endless headers": (endless_headers, "fetch_malformed"),
    "WHK-05 one long header": (one_long_header, "fetch_malformed"),
    "WHK-05 100 Continue storm": (continues, "fetch_timed_out"),
    "WHK-05 slow drip": (drips, "fetch_timed_out"),
    "WHK-05 silence": (silent, "fetch_timed_out"),
    "CMD-03 gzip bomb": (answers(BOMB, more="Content-Encoding: gzip\r\n"), "fetch_encoded"),
    "CMD-03 brotli": (answers(b"x", more="Content-Encoding: br\r\n"), "fetch_encoded"),
    "CMD-03 two encodings": (answers(b"x", more="Content-Encoding: identity, gzip\r\n"), "fetch_encoded"),
    "CMD-03 gzip as transfer encoding": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        "fetch_json_malformed",
    ),
    "CMD-03 text/html": (answers(b"{}", type_="text/html"), "fetch_media_type"),
    "CMD-03 no media type": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), "fetch_media_type"),
    "CMD-03 nearly JSON": (answers(b"{}", type_="application/jsonp"), "fetch_media_type"),
    "CMD-03 text with +json": (answers(b"{}", type_="text/x+json"), "fetch_media_type"),
    "cut short": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{}"),
        "fetch_cut_short",
    ),
    "cut short in a chunk": (says(CHUNKED + b"5\r\n{"), "fetch_cut_short"),
    "no answer": (says(b""), "fetch_cut_short"),
    "no HTTP": (says(b"220 mail.example.com ESMTP\r\n"), "fetch_malformed"),
    "two lengths": (
        says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        "fetch_malformed",
    ),
    "chunk size in words": (says(CHUNKED + b"two\r\n{}\r\n0\r\n\r\n"), "fetch_malformed"),
    "JSON with a member twice": (answers(b'{"a": 1, "a": 2}'), "fetch_json_malformed"),
    "JSON with NaN": (answers(b'{"a": NaN}'), "fetch_json_malformed"),
    "no JSON": (answers(b"<html>"), "fetch_json_malformed"),
    "empty": (answers(b""), "fetch_json_malformed"),
}


@pytest.mark.parametrize(("answer", "because"), ANSWERS.values(), ids=ANSWERS)
async def test_an_answer_that_is_no_use_is_refused(client: GuardedClient, answer: Answer, because: str):
    async with serving(answer) as stranger:
        within = 0.5 if because == "fetch_timed_out" else 20
        await refused(client.fetch_json(f"http://127.0.0.1:{stranger.port}/", timeout=within), because)


async def test_one_deadline_covers_the_look_up_too():
    async def slow(host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return ()

    client = GuardedClient(lookup=slow)
    await refused(client.fetch("GET", "https://example.com/", timeout=0.05), "fetch_timed_out")


async def test_a_long_answer_can_be_cut_instead(client: GuardedClient):
    """WHK-05: of a receiver's answer the first kilobyte is kept."""
    async with serving(endless_body) as stranger:
        answer = await client.fetch("GET", f"http://127.0.0.1:{stranger.port}/", max_bytes=1024, cut=True)
    assert answer.body == b" " * 1024
    async with serving(answers(BOMB, more="Content-Encoding: gzip\r\n")) as stranger:
        answer = await client.fetch("GET", f"http://127.0.0.1:{stranger.port}/", max_bytes=1024, cut=True)
    assert (answer.status, answer.body) == (200, b"")


async def test_nobody_listens(client: GuardedClient):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        await refused(client.fetch("GET", f"http://127.0.0.1:{port}/"), "fetch_unreachable")


async def test_an_unknown_name():
    await refused(GuardedClient(lookup=Names([])).fetch("GET", "https://example.com/"), "fetch_name_unknown")
    await refused(system_lookup("no..name"), "fetch_name_unknown")  # without asking anybody


async def test_the_system_knows_localhost():
    assert set(await system_lookup("localhost")) <= {"127.0.0.1", "::1"}


class TestTls:
    """WHK-05: TLS is verified, for the name in the URL."""

    async def test_a_certificate_of_a_known_authority_for_the_name(self, authority: Authority):
        client = GuardedClient(loopback=True, ca_file=str(authority.file))
        async with serving(answers(b"1"), tls=authority.server("localhost", "127.0.0.1")) as stranger:
            assert await client.fetch_json(f"https://localhost:{stranger.port}/") == 1
            assert await client.fetch_json(f"https://127.0.0.1:{stranger.port}/") == 1

    async def test_an_unknown_authority(self, authority: Authority, client: GuardedClient):
        async with serving(answers(), tls=authority.server("localhost")) as stranger:
            await refused(client.fetch("GET", f"https://localhost:{stranger.port}/"), "fetch_tls_failed")
        assert stranger.requests == []

    async def test_another_name(self, authority: Authority):
        client = GuardedClient(loopback=True, ca_file=str(authority.file), lookup=Names(["127.0.0.1"]))
        async with serving(answers(), tls=authority.server("other.example.com")) as stranger:
            await refused(client.fetch("GET", f"https://hooks.example.com:{stranger.port}/"), "fetch_tls_failed")
        assert stranger.requests == []

    async def test_no_tls_at_all(self, client: GuardedClient):
        async with serving(says(b"220 mail.example.com ESMTP\r\n"), speaks_first=True) as stranger:
            await refused(client.fetch("GET", f"https://localhost:{stranger.port}/"), "fetch_tls_failed")

    async def test_insecure_is_for_this_machine_alone(self, authority: Authority):
        client = GuardedClient(loopback=True, insecure=True)
        async with serving(answers(b"1"), tls=authority.server("other.example.com")) as stranger:
            assert await client.fetch_json(f"https://localhost:{stranger.port}/") == 1
        assert client._tls.check_hostname
        assert not client._tls_at_home.check_hostname
        alone = GuardedClient(insecure=True)
        assert alone._tls_at_home is alone._tls


async def test_environment_is_not_honoured(client: GuardedClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """WHK-12: neither a proxy nor a stored credential."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with serving(answers(b'"proxy"')) as proxy, serving(answers(b'"direct"')) as stranger:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert await client.fetch_json(f"http://127.0.0.1:{stranger.port}/") == "direct"
    assert proxy.requests == []
    assert b"authorization" not in stranger.requests[0].lower()


async def test_nothing_is_kept_between_requests(client: GuardedClient):
    async with serving(answers(more="Set-Cookie: a=b; Path=/\r\n")) as stranger:
        for _ in range(2):
            await client.fetch("GET", f"http://127.0.0.1:{stranger.port}/")
    assert len(stranger.requests) == 2  # a connection each: this server reads one request a connection
    assert b"cookie" not in stranger.requests[1].lower()


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-A", "b\r\nX-C: d"), ("X-A", "b\0"), ("X-A\r\nX-B", "c"), ("", "c"), ("Host", "other"), ("cookie", "a=b"),
     ("Transfer-Encoding", "chunked"), ("content-length", "0"), ("Accept-Encoding", "gzip")],
)  # fmt: skip
async def test_headers_do_not_change_the_framing(client: GuardedClient, name: str, value: str):
    async with serving(answers()) as stranger:
        with pytest.raises(RuntimeError, match="header"):
            await client.fetch("GET", f"http://127.0.0.1:{stranger.port}/", headers={name: value})
    assert stranger.requests == []


async def test_a_slow_receiver_delays_nobody(client: GuardedClient):
    """WHK-06."""
    async with serving(silent) as slow, serving(answers(b"1")) as quick:
        waiting = asyncio.create_task(client.fetch("GET", f"http://127.0.0.1:{slow.port}/", timeout=60))
        got = await asyncio.gather(*(client.fetch_json(f"http://127.0.0.1:{quick.port}/") for _ in range(100)))
        assert got == [1] * 100
        assert not waiting.done()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
