"""`sigid doctor` looks at everything, says what is wrong, and its exit code says if anything is."""

import socket

import pytest

from tests.conftest import MakeServer

KEY = "MTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3BxcnN0dXY="


def test_all_is_well(make_server: MakeServer):
    server = make_server()
    ended = server.commands.run("doctor", env=server.env).good()
    lines = ended.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["ok"] * 5
    assert [line.split(":")[0].split(None, 1)[1] for line in lines] == [
        "settings", "database", "mail", "signing keys", "clock",
    ]  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"])
def test_production_without_mail(make_server: MakeServer):
    server = make_server()
    key = (server.data / "root.key").read_text().strip()
    ended = server.commands.run("doctor", env=server.env | {"SIGID_ENV": "production", "SIGID_ROOT_KEY": key})
    assert ended.code == 1
    [wrong] = [line for line in ended.stdout.splitlines() if line.startswith("wrong")]
    assert wrong.split(None, 2)[1:] == ["mail:", "SIGID_SMTP_URL is not set: no mail can be sent"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_mail_server_that_answers_or_not(make_server: MakeServer):
    server = make_server()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        url = {"SIGID_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        assert server.commands.run("doctor", env=server.env | url).code == 0
    ended = server.commands.run("doctor", env=server.env | url)
    assert ended.code == 1
    assert f"SIGID_SMTP_URL names a server that does not answer: 127.0.0.1:{port}" in ended.stdout


@pytest.mark.parametrize("database", ["sqlite"])
def test_another_root_key_than_the_one_that_sealed(make_server: MakeServer):
    server = make_server({"ROOT_KEY": KEY})
    ended = server.commands.run("doctor", env=server.env)
    assert ended.code == 1
    assert "wrong  signing keys: sealed under a root key that is not set" in ended.stdout


def test_a_database_that_was_not_migrated(make_server: MakeServer):
    server = make_server(migrated=False)
    ended = server.commands.run("doctor", env=server.env)
    assert ended.code == 1
    assert "wrong  database: SIGID_DATABASE_URL names a database without tables" in ended.stdout
