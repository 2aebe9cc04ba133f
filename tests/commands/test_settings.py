"""A bad setting ends the start with one line that names it; nothing insecure starts by accident."""

import socket
from pathlib import Path

import pytest

from tests.conftest import MakeServer
from tests.harness import Server

KEY = "MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXY="

REFUSED = {
    "port that is none": ({"PORT": "http"}, "SIGID_PORT"),
    "port out of range": ({"PORT": "70000"}, "SIGID_PORT"),
    "environment": ({"ENV": "test"}, "SIGID_ENV"),
    "development on a public issuer": ({"ISSUER": "https://id.example.com"}, "SIGID_ENV"),
    "no root key in production": ({"ENV": "production"}, "SIGID_ROOT_KEY"),
    "root key too short": ({"ROOT_KEY": "c2hvcnQ="}, "SIGID_ROOT_KEY"),
    "root key that is none": ({"ROOT_KEY": "A" * 43 + "="}, "SIGID_ROOT_KEY"),
    "root key file missing": ({"ROOT_KEY_FILE": "/nonexistent/key"}, "SIGID_ROOT_KEY_FILE"),
    "http on a public issuer": (
        {"ENV": "production", "ROOT_KEY": KEY, "ISSUER": "http://id.example.com"},
        "SIGID_ISSUER",
    ),
    "issuer with a path": ({"ISSUER": "http://localhost:8484/id"}, "SIGID_ISSUER"),
    "no rate limits on a public issuer": (
        {"ENV": "production", "ROOT_KEY": KEY, "ISSUER": "https://id.example.com", "RATE_LIMITS": "off"},
        "SIGID_RATE_LIMITS",
    ),
    "loopback fetches in production": ({"ENV": "production", "ROOT_KEY": KEY, "FETCH_LOOPBACK": "on"}, "SIGID_FETCH_"),
    "two processes on SQLite": ({"WORKERS": "2"}, "SIGID_WORKERS"),
    "database of another kind": ({"DATABASE_URL": "mysql://localhost/x"}, "SIGID_DATABASE_URL"),
    "database out of reach": (
        {"DATABASE_URL": "postgresql://nobody@/none?host=/nonexistent", "WORKERS": "1"},
        "SIGID_DATABASE_URL",
    ),
    "certificate without key": ({"TLS_CERT": "/nonexistent/cert.pem"}, "SIGID_TLS_KEY"),
    "certificate that is not there": (
        {"TLS_CERT": "/nonexistent/cert.pem", "TLS_KEY": "/nonexistent/key.pem", "ISSUER": "https://localhost:8484"},
        "SIGID_TLS_CERT",
    ),
    "host of another machine": ({"HOST": "192.0.2.1"}, "SIGID_PORT"),
    "host that is none": ({"HOST": "no such host"}, "SIGID_HOST"),
    "switch": ({"WORKER": "maybe"}, "SIGID_WORKER"),
}


@pytest.mark.promise("3.2.settings")
@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(("settings", "named"), REFUSED.values(), ids=REFUSED)
def test_the_start_is_refused(make_server: MakeServer, settings: dict[str, str], named: str):
    server = make_server(settings)
    ended = server.commands.run("serve", env=server.env)
    assert (ended.code, ended.stdout) == (2, "")
    *before, last = ended.stderr.splitlines()
    assert last.startswith(f"sigid: {named}")
    assert all(line.startswith("{") for line in before)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_taken_port_is_named(make_server: MakeServer):
    server = make_server()
    with socket.create_server(("127.0.0.1", server.port)):
        ended = server.commands.run("serve", env=server.env)
    assert ended.code == 2
    assert ended.stderr.startswith(f"sigid: SIGID_PORT {server.port} on 127.0.0.1 cannot be used")
    assert ended.stderr.count("\n") == 1


def test_a_second_server_does_not_share_the_port(server: Server):
    ended = server.commands.run("serve", env=server.env)
    assert (ended.code, ended.stderr.split(" ")[1]) == (2, "SIGID_PORT")


@pytest.mark.parametrize("command", ["serve", "worker", "keys rotate", "setup-link --tenant acme", "keys rotate-root"])
def test_a_database_without_tables_is_told(make_server: MakeServer, command: str):
    server = make_server(migrated=False)
    ended = server.commands.run(*command.split(), env=server.env)
    told = "sigid: SIGID_DATABASE_URL names a database without tables: run `sigid migrate` first\n"
    assert (ended.code, ended.stderr) == (2, told)


@pytest.mark.parametrize("database", ["sqlite"])
def test_settings_from_a_file(make_server: MakeServer, tmp_path: Path):
    server = make_server()
    file = tmp_path / "sigid.toml"
    file.write_text('rate_limits = "perhaps"\n')
    ended = server.commands.run("doctor", env=server.env | {"SIGID_CONFIG": str(file)})
    assert (ended.code, ended.stderr) == (2, "sigid: SIGID_RATE_LIMITS must be on or off\n")
    ended = server.commands.run("doctor", env=server.env | {"SIGID_CONFIG": str(file), "SIGID_RATE_LIMITS": "on"})
    assert ended.code == 0


@pytest.mark.parametrize("database", ["sqlite"])
def test_secrets_of_settings_are_not_repeated(make_server: MakeServer):
    server = make_server({"ROOT_KEY": "hunter2", "SMTP_URL": "smtp://ada:hunter2@mail.example.com:99999"})
    ended = server.commands.run("serve", env=server.env)
    assert ended.code == 2
    assert "hunter2" not in ended.stderr
