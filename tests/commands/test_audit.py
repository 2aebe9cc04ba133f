"""`sigid audit verify`: exit codes and the JSON of the interface, on the database and on files."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from sigid import audit, tenants
from sigid.kernel import callers
from sigid.kernel.callers import SYSTEM, Origin
from sigid.kernel.database import change
from sigid.tokens import keys, schedule
from tests.harness import Server, Tenant
from tests.harness.commands import Commands
from tests.harness.postgresql import Postgresql
from tests.harness.server import wait_for
from tests.harness.storage import opened


def _verify(server: Server, slug: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(server.command("audit", "verify", "--tenant", slug, "--json"))
    return report


@pytest.mark.promise("3.2.audit-sealed")
def test_a_running_server_seals(server: Server, tenant: Tenant):
    report = wait_for(
        "all to be sealed", lambda: ((found := _verify(server, tenant.slug))["unsealed"] == 0 and found) or None
    )
    assert set(report) == {"ok", "tree_size", "root_hash", "unsealed", "erased", "problems"}
    assert (report["ok"], report["problems"], report["erased"]) == (True, [], 0)
    assert report["tree_size"] >= 7  # tenant, role, API, three applications, user, administrator
    before = report["tree_size"]
    server.command("setup-link", "--tenant", tenant.slug)
    wait_for("one more", lambda: (_verify(server, tenant.slug)["tree_size"] == before + 1) or None)


def test_an_unknown_tenant(server: Server):
    ended = server.commands.run("audit", "verify", "--tenant", "nobody", "--json", env=server.env)
    assert (ended.code, ended.stdout, ended.stderr) == (1, "", "sigid: there is no tenant nobody\n")


@pytest.fixture
def export(database: str, cluster: Postgresql | None, tmp_path: Path) -> Path:
    """An exported log and, beside it, the JWK set."""

    async def make() -> None:
        async with opened(database, cluster):
            await schedule.keep_scheduled()
            await keys.load()
            async with change(tenants.founding(SYSTEM, Origin.process())) as tx:
                tenant = await tenants.create(tx, slug="acme", name="Acme")
            await audit.seal_due(keys.sign)
            caller = callers.in_tenant(tenant.id, SYSTEM, Origin.process())
            lines = [line async for line in audit.export(caller, keys.sign)]
            (tmp_path / "log.jsonl").write_bytes(b"".join(lines))
            (tmp_path / "jwks.json").write_bytes(keys.jwks())

    asyncio.run(make())
    return tmp_path / "log.jsonl"


@pytest.mark.promise("3.2.audit-verify")
def test_a_file_needs_no_database(export: Path, commands: Commands):
    env: dict[str, str] = {}  # no setting at all
    jwks = str(export.parent / "jwks.json")
    ended = commands.run("audit", "verify", str(export), "--jwks", jwks, "--json", env=env).good()
    report = json.loads(ended.stdout)
    assert (report["ok"], report["tree_size"], report["problems"]) == (True, 1, [])
    unchecked = json.loads(commands.run("audit", "verify", str(export), "--json", env=env).good().stdout)
    assert unchecked == report | {"problems": ["signature_unchecked"]}
    assert commands.run("audit", "verify", str(export), env=env).good().stdout.startswith("Intact: 1 entries")

    text = export.read_text()
    export.write_text(text.replace('"success"', '"failure"'))
    ended = commands.run("audit", "verify", str(export), "--jwks", jwks, "--json", env=env)
    assert ended.code == 1
    assert json.loads(ended.stdout)["ok"] is False
    assert json.loads(ended.stdout)["problems"][0].startswith("root_differs")
    assert commands.run("audit", "verify", str(export), env=env).stdout.startswith("NOT INTACT")

    export.write_text(text)
    (export.parent / "jwks.json").write_text('{"keys": []}')
    ended = commands.run("audit", "verify", str(export), "--jwks", jwks, "--json", env=env)
    assert (ended.code, json.loads(ended.stdout)["problems"]) == (1, ["signature_key_unknown: checkpoint 1"])


UNUSABLE = {
    "nothing named": ([], 2, "name either a FILE"),
    "both named": (["{file}", "--tenant", "acme"], 2, "name either a FILE"),
    "keys without a file": (["--tenant", "acme", "--jwks", "{file}"], 2, "name either a FILE"),
    "no such file": (["/nonexistent"], 1, "sigid: /nonexistent: No such file or directory"),
    "no such keys": (["{file}", "--jwks", "/nonexistent"], 1, "sigid: /nonexistent: No such file or directory"),
    "keys that are none": (["{file}", "--jwks", "{file}"], 1, "is not JSON"),
}


@pytest.mark.parametrize(("arguments", "code", "told"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_cannot_be_verified(tmp_path: Path, commands: Commands, arguments: list[str], code: int, told: str):
    file = tmp_path / "file"
    file.write_text("{}\n{}\n")
    ended = commands.run(
        "audit", "verify", *[one.format(file=file) for one in arguments], "--json", env={"COLUMNS": "200"}
    )
    assert (ended.code, ended.stdout) == (code, "")
    assert told in ended.stderr
