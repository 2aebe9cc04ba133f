"""The processes that run until they are told to stop, and what becomes of what they had begun."""

import json
import re
import signal
import socket
import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.commands.processes import sigid, terminated, tree
from tests.conftest import MakeServer
from tests.harness import Server, Tenant, acme
from tests.harness.server import wait_for


def _unsealed(server: Server, tenant: Tenant) -> int:
    report = json.loads(server.command("audit", "verify", "--tenant", tenant.slug, "--json"))
    assert report["ok"], report
    return int(report["unsealed"])


def _sealed(server: Server, tenant: Tenant) -> None:
    wait_for("all to be sealed", lambda: (_unsealed(server, tenant) == 0) or None)


@pytest.mark.promise("3.2.shutdown")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_has_begun_is_answered(make_server: MakeServer, tmp_path: Path, number: signal.Signals):
    server = make_server()
    with sigid("serve", env=server.env, output=tmp_path / "log") as process:
        wait_for("the server", lambda: _answers(server))
        with socket.create_connection(("127.0.0.1", server.port)) as begun:
            body = b"grant_type=client_credentials"
            head = f"POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
            begun.sendall(head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body[:5])
            httpx.get(f"{server.issuer}/readyz")  # by now the first one has begun, too
            processes = tree(process)
            process.send_signal(number)
            wait_for("the port to close", lambda: not _listens(server.port) or None)
            begun.sendall(body[5:])
            begun.settimeout(30)
            assert begun.recv(4096).startswith(b"HTTP/1.1 401 ")
        assert process.wait(60) == 0
        assert not [one for one in processes if one.is_running()]


def _answers(server: Server) -> bool | None:
    try:
        return httpx.get(f"{server.issuer}/readyz").status_code == 200 or None
    except httpx.TransportError:
        return None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_whoever_does_the_workers_work_may_die(make_server: MakeServer, database: str, tmp_path: Path):
    """Each process of the server is killed in turn: another takes over, and the server comes back by itself."""
    server = make_server({"WORKERS": "1" if database == "sqlite" else "2"})
    with sigid("serve", env=server.env, output=tmp_path / "log") as process:
        wait_for("the server", lambda: _answers(server))
        tenant = server.bootstrap(acme())
        _sealed(server, tenant)
        for worker in tree(process)[1:]:
            worker.kill()
            worker.wait(60)
            server.command("setup-link", "--tenant", tenant.slug)
            _sealed(server, tenant)
        wait_for("the server", lambda: _answers(server))
        assert terminated(process) == 0


def test_a_worker_of_its_own(make_server: MakeServer, tmp_path: Path):
    """SIGID_WORKER=off: the server seals nothing, `sigid worker` does, and ends when it is told to."""
    server = make_server({"WORKER": "off"}).start()
    tenant = server.bootstrap(acme())
    assert _unsealed(server, tenant) > 0
    with sigid("worker", env=server.env, output=tmp_path / "log") as process:
        _sealed(server, tenant)
        assert terminated(process) == 0
    server.command("setup-link", "--tenant", tenant.slug)
    assert _unsealed(server, tenant) == 1
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("database", ["sqlite"])
def test_make_dev_is_ready_and_tells_secrets_once(make_server: MakeServer, tmp_path: Path):
    """3.1: the first start makes everything and says what next; the second finds it again and tells no secret."""
    server = make_server(migrated=False)
    env = {name: value for name, value in server.env.items() if name != "SIGID_ENV"}
    first, second = tmp_path / "first", tmp_path / "second"
    with sigid("dev", env=env, output=first) as process:
        wait_for("the server", lambda: _answers(server))
        said = first.read_text()
        [link] = re.findall(r"^Setup link: (\S+)$", said, re.MULTILINE)
        [token] = re.findall(r"^Initial access token: (\S+)$", said, re.MULTILINE)
        [client_id] = re.findall(r"^Client: client_id (\S+), token_endpoint_auth_method none", said, re.MULTILINE)
        assert link.startswith(f"{server.issuer}/setup?link=sigid_sl_")
        assert token.startswith("sigid_iat_")
        assert f"make -C examples/quickstart-python TOKEN={token}" in said
        query = {"client_id": client_id, "response_type": "code", "redirect_uri": "http://localhost:3000/callback"}
        pkce = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
        page = httpx.get(
            f"{server.issuer}/oauth/authorize", params=query | pkce | {"scope": "openid"}, follow_redirects=True
        )
        assert page.status_code == 200
        assert 'data-testid="signin-form"' in page.text
        assert terminated(process) == 0
    with sigid("dev", env=env, output=second) as process:
        wait_for("the server", lambda: _answers(server))
        said = second.read_text()
        assert "sigid_" not in said
        assert "Setup link" not in said
        assert "Initial access token" not in said
        assert f"Client: client_id {client_id}" in said
        assert terminated(process, signal.SIGINT) == 0
    with sqlite3.connect(server.data / "sigid.db") as connection:
        assert connection.execute("SELECT count(*) FROM tenant").fetchone() == (2,)


def test_the_version(make_server: MakeServer):
    server = make_server()
    assert re.fullmatch(r"sigid \d+\.\d+\.\d+\n", server.commands.run("--version", env={}).good().stdout)
