"""`sigid bootstrap`: what is missing is made, what is there stays, secrets are told once, mistakes are named."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MakeServer
from tests.harness import Server, acme
from tests.harness.bootstrap import Yaml, yaml_file
from tests.harness.commands import Ended, run_program


def _run(server: Server, document: Yaml | str) -> Ended:
    if isinstance(document, str):
        file = server.folder / "bootstrap.yaml"
        file.write_text(document)
        return server.commands.run("bootstrap", "--file", str(file), "--json", env=server.env)
    with yaml_file(document) as path:
        return server.commands.run("bootstrap", "--file", str(path), "--json", env=server.env)


def _made(server: Server, document: Yaml | str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(_run(server, document).good().stdout)
    return made


EXAMPLE = """
tenant: {slug: acme, name: Acme}
users:
  - {email: ada@example.com, password: correct-horse-battery-staple, name: Ada Lovelace, roles: [member], administrator: owner, email_verified: true}
roles: {member: ["projects:read"]}     # optional; a role that users name and nothing defines is made without permissions
apis:
  - {audience: "https://api.example.com", name: Projects, scopes: {"projects:read": See your projects, "projects:delete": Delete your projects}}
applications:
  - {name: web, type: web, redirect_uris: ["http://localhost:3000/callback"], scopes: [openid, profile, email, offline_access, "projects:read"], audiences: ["https://api.example.com"]}
  - {name: robot, type: service, scopes: ["projects:read"], audiences: ["https://api.example.com"]}
  - {name: automation, type: service, scopes: ["users:read", "users:write"], audiences: [sigid]}
initial_access_token: true
"""  # noqa: E501  (the interface's own example)


@pytest.mark.promise("3.1.bootstrap")
def test_the_example_of_the_interface(make_server: MakeServer):
    server = make_server()
    made = _made(server, EXAMPLE)
    assert set(made) == {"issuer", "tenant", "setup_link", "users", "apis", "applications", "initial_access_token"}
    assert made["issuer"] == server.issuer
    assert (made["tenant"]["slug"], made["tenant"]["id"][:4]) == ("acme", "ten_")
    assert made["setup_link"] is None  # there is an owner
    [ada] = made["users"]
    assert set(ada) == {"email", "id", "sub", "administrator_id", "created"}
    assert (ada["email"], ada["created"], ada["id"][:3], ada["sub"][:4], ada["administrator_id"][:4]) == (
        "ada@example.com", True, "tu_", "sub_", "adm_",
    )  # fmt: skip
    assert [api["audience"] for api in made["apis"]] == ["https://api.example.com"]
    for application in made["applications"]:
        assert set(application) == {"name", "id", "client_id", "client_secret", "type", "created"}
        assert application["client_secret"].startswith("sigid_cs_")
        assert application["created"] is True
    assert made["initial_access_token"].startswith("sigid_iat_")

    again = _made(server, EXAMPLE)
    for part in ("users", "applications"):
        for member in made[part]:
            member["created"] = False
            if "client_secret" in member:
                member["client_secret"] = None
    assert again == made | {"initial_access_token": None}


def test_what_is_there_stays(make_server: MakeServer):
    """A file that says otherwise later changes nothing."""
    server = make_server()
    first = _made(server, EXAMPLE)
    changed = EXAMPLE.replace("correct-horse-battery-staple", "another-password-altogether").replace(
        "administrator: owner", "administrator: auditor"
    )
    changed = changed.replace("name: Acme", "name: Other").replace("callback", "elsewhere")
    again = _made(server, changed)
    assert again["users"][0]["administrator_id"] == first["users"][0]["administrator_id"]
    assert [one["created"] for one in again["applications"]] == [False, False, False]
    assert again["apis"] == first["apis"]


def test_while_the_server_runs(server: Server):
    document = acme()
    assert server.bootstrap(document).made["applications"][0]["created"] is True
    assert server.bootstrap(document).made["applications"][0]["created"] is False


def test_without_an_owner_there_is_a_setup_link_once(make_server: MakeServer):
    server = make_server()
    document = acme(users=[], initial_access_token=False)
    made = _made(server, document)
    assert made["setup_link"].startswith(f"{server.issuer}/setup?link=sigid_sl_")
    assert made["initial_access_token"] is None
    assert _made(server, document)["setup_link"] is None


def test_one_address_in_two_tenants_is_one_account_with_two_subjects(make_server: MakeServer):
    server = make_server()
    user = {"email": "ada@example.com", "password": "correct-horse-battery-staple", "email_verified": True}
    one, other = (_made(server, acme(users=[user]))["users"][0] for _ in range(2))
    assert one["created"] is other["created"] is True
    assert one["sub"] != other["sub"]
    assert one["id"] != other["id"]


def test_who_is_only_administrator_is_no_user(make_server: MakeServer):
    users = [
        {"email": "ada@example.com", "administrator": "owner"},
        {"email": "bob@example.com", "administrator": "support", "roles": []},
        {"email": "eve@example.com"},
    ]
    ada, bob, eve = _made(make_server(), acme(users=users))["users"]
    assert (ada["id"], ada["sub"], ada["administrator_id"][:4]) == (None, None, "adm_")
    assert (bob["id"][:3], bob["administrator_id"][:4]) == ("tu_", "adm_")
    assert (eve["id"][:3], eve["administrator_id"]) == ("tu_", None)


def test_chosen_credentials(make_server: MakeServer):
    server = make_server()
    chosen = {"name": "robot", "type": "service", "client_id": "robot", "client_secret": "a-secret-for-tests-only"}
    [made] = _made(server, acme(applications=[chosen]))["applications"]
    assert (made["client_id"], made["client_secret"]) == ("robot", "a-secret-for-tests-only")
    ended = _run(server, acme(applications=[chosen]))  # in another tenant
    assert (ended.code, ended.stderr) == (2, "sigid: applications[0]: This client_id is taken.\n")


def test_public_clients_get_no_secret(make_server: MakeServer):
    spa = {"name": "spa", "type": "spa", "redirect_uris": ["http://localhost:5173/"], "scopes": ["openid"]}
    [made] = _made(make_server(), acme(applications=[spa]))["applications"]
    assert made["client_secret"] is None


def test_two_at_once_make_one_of_each(make_server: MakeServer):
    server = make_server()
    document = acme()
    ended: list[Ended] = []
    with yaml_file(document) as file:

        def run() -> None:
            ended.append(run_program("bootstrap", "--file", str(file), "--json", env=server.env))

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    made = [json.loads(one.good().stdout) for one in ended]
    assert len({one["tenant"]["id"] for one in made}) == 1
    assert len({one["users"][0]["sub"] for one in made}) == 1
    assert len({one["apis"][0]["id"] for one in made}) == 1


def _user(**said: object) -> Yaml:
    return acme(users=[{"email": "ada@example.com"} | said])


def _api(**said: object) -> Yaml:
    return acme(apis=[{"audience": "https://a.example", "scopes": {}} | said])


def _application(**said: object) -> Yaml:
    return acme(applications=[{"name": "x", "type": "service"} | said])


WRONG = {
    "no tenant": ("users: []", "tenant: Field required"),
    "not a mapping": ("[]", "Input should be"),
    "not YAML": ("tenant: {slug: acme", "is not YAML (line "),
    "unknown member": (acme(tenants=[]), "tenants: Extra inputs are not permitted"),
    "slug": (acme(tenant={"slug": "Acme!", "name": "Acme"}), "tenant.slug: "),
    "slug that is ours": (acme(tenant={"slug": "oauth", "name": "Acme"}), "tenant: Another tenant has this slug."),
    "e-mail": (_user(email="ada"), "users[0].email: is not an e-mail address"),
    "e-mail twice": (acme(users=[{"email": "a@example.com"}, {"email": "A@example.com"}]), "users[1].email: "),
    "administrator's role": (_user(administrator="king"), "users[0].administrator: "),
    "verified that is a text": (_user(email_verified="no"), "users[0].email_verified: "),
    "role's permission": (acme(roles={"member": ["a b"]}), "roles.member.permissions: "),
    "audience": (_api(audience="api"), "apis[0].audience: "),
    "audience that is ours": (_api(audience="{issuer}/x"), "apis[0]: Another API has this audience."),
    "scope without text": (_api(scopes={"a": ""}), "apis[0].scopes: "),
    "type": (_application(type="website"), "applications[0].type: "),
    "redirect URI": (
        _application(type="web", redirect_uris=["https://a.example/", "http://a.example/"]),
        "applications[0].redirect_uris[1]: ",
    ),
    "application's audience": (
        _application(audiences=["https://nobody.example"]),
        "applications[0].audiences[0]: the tenant has no API with this audience",
    ),
    "application's scope": (
        _application(scopes=["projects:fly"]),
        "applications[0].scopes[0]: none of the audiences has this scope",
    ),
    "short secret": (_application(client_secret="short"), "applications[0].client_secret: "),
    "application twice": (acme(applications=[{"name": "x", "type": "service"}] * 2), "applications[1].name: "),
}


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(("document", "told"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_named_and_leaves_nothing_behind(make_server: MakeServer, document: Yaml | str, told: str):
    server = make_server()
    if isinstance(document, dict):
        document = json.loads(json.dumps(document).replace("{issuer}", server.issuer))
    ended = _run(server, document)
    assert (ended.code, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert ended.stderr.startswith("sigid: ")
    assert ended.stderr.count("\n") == 1
    ended = server.commands.run("setup-link", "--tenant", "acme", env=server.env)
    assert (ended.code, ended.stderr) == (1, "sigid: there is no tenant acme\n")
    if isinstance(document, dict):
        slug = document["tenant"]["slug"]
        assert server.commands.run("setup-link", "--tenant", slug, env=server.env).code == 1


def test_a_file_that_is_not_there(make_server: MakeServer, tmp_path: Path):
    server = make_server()
    ended = server.commands.run("bootstrap", "--file", str(tmp_path / "no.yaml"), "--json", env=server.env)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == f"sigid: {tmp_path / 'no.yaml'}: cannot be read: No such file or directory\n"
