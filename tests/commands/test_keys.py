"""KEY-02, AUD-07: keys rotated by command while a server runs, and the root key while none loses anything."""

import base64
import os

import httpx
import pytest

from tests.conftest import MakeServer
from tests.harness import Server, Tenant, acme
from tests.harness.server import wait_for


def _kids(server: Server) -> list[str]:
    return [key["kid"] for key in httpx.get(f"{server.address}/.well-known/jwks.json").json()["keys"]]


def _signed_by(tenant: Tenant) -> str:
    """The `kid` of a fresh token."""
    import json

    robot = tenant.application("robot")
    token = robot.post("/oauth/token", {"grant_type": "client_credentials"}).json()["access_token"]
    header = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"])


def test_a_running_server_signs_with_the_next_key(make_server: MakeServer):
    server = make_server().start()
    tenant = server.bootstrap(acme())
    before, published = _signed_by(tenant), _kids(server)
    promoted = server.command("keys", "rotate").splitlines()[1:]
    assert len(promoted) == 4
    assert before not in promoted
    assert set(promoted) < set(published)  # a client that keeps the JWK set has it already
    wait_for("a token by the promoted key", lambda: (_signed_by(tenant) in promoted) or None, patience=20)
    assert before in _kids(server)  # what it signed verifies
    assert server.command("keys", "rotate") == "They were rotated a moment ago.\n"


@pytest.mark.promise("3.2.root-key")
def test_the_root_key_is_rotated(make_server: MakeServer):
    server = make_server()
    old = (server.data / "root.key").read_text().strip()
    new = base64.b64encode(os.urandom(32)).decode()
    server.start()
    tenant = server.bootstrap(acme())
    before = _signed_by(tenant)
    server.stop()

    server.settings |= {"ROOT_KEY": new, "ROOT_KEY_PREVIOUS": old}
    server.start()
    assert _signed_by(tenant) == before
    told = server.command("keys", "rotate-root")  # while it runs
    assert "signing_key.private_sealed: 8" in told.splitlines()
    server.stop()

    del server.settings["ROOT_KEY_PREVIOUS"]
    server.start()
    assert _signed_by(tenant) == before
    server.stop()
    server.settings["ROOT_KEY"] = old
    ended = server.commands.run("doctor", env=server.env)
    assert "wrong  signing keys: sealed under a root key that is not set" in ended.stdout
