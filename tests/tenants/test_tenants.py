"""Tenants, their settings, roles and APIs; on both databases."""

import asyncio
from typing import Any

import pytest

from sigid import apis, roles, tenants
from sigid.kernel import callers
from sigid.kernel.callers import SYSTEM, Origin
from sigid.kernel.database import change, look, use
from sigid.kernel.errors import Refused
from sigid.tenants import INSTALLATION, InvalidSettings, Tenant
from tests.harness.storage import ISSUER
from tests.tokens.scene import Scene, events, make_scene


async def create(slug: str, **more: Any) -> Tenant:
    async with change(tenants.founding(SYSTEM, Origin.process())) as tx:
        return await tenants.create(tx, **({"slug": slug, "name": "Name"} | more))


async def reason(work: Any) -> str:
    try:
        await work
    except Refused as refused:
        return refused.reason
    return "done"


async def test_a_tenant_is_found_by_id_and_slug(storage: None) -> None:
    made = await create("acme", settings={"sign_up": "invited"})
    async with look(callers.anyone(Origin.process())) as tx:
        assert await tenants.by_id(tx, made.id) == await tenants.by_slug(tx, "acme") == made
        assert await tenants.by_slug(tx, "other") is None
    assert made.settings.sign_up == "invited"
    assert made.active


async def test_a_slug_is_claimed_once_by_fifty(storage: None) -> None:
    answers = await asyncio.gather(*[reason(create("acme")) for _ in range(50)])
    assert answers.count("done") == 1
    assert answers.count("slug_taken") == 49


@pytest.mark.parametrize(
    "slug", ["", "a", "A", "acme_1", "-acme", "acme-", "ac--me", "1acme", "ä", "a" * 64, "a b", "a\n"]
)
async def test_a_slug_is_refused(storage: None, slug: str) -> None:
    assert await reason(create(slug)) == "slug_malformed"


@pytest.mark.parametrize("slug", ["sigid", "api", "oauth"])
async def test_a_slug_that_is_ours_is_taken(storage: None, slug: str) -> None:
    assert await reason(create(slug)) == "slug_taken"


@pytest.mark.parametrize(
    ("more", "because"),
    [({"name": ""}, "name_malformed"), ({"name": "a" * 101}, "name_malformed"),
     ({"environment": "test"}, "environment_unknown")],
)  # fmt: skip
async def test_a_tenant_is_refused(storage: None, more: dict[str, Any], because: str) -> None:
    assert await reason(create("acme", **more)) == because


async def test_the_installation_is_made_once(storage: None) -> None:
    installation = callers.in_tenant(INSTALLATION, SYSTEM, Origin.process())
    async with change(installation) as tx:
        made = await tenants.create_installation(tx)
    assert made.is_installation
    async with use(installation) as tx:  # a change would have to record an event
        assert (await tenants.create_installation(tx)).id == INSTALLATION
    async with look(installation) as tx:
        assert (await tenants.own(tx)).slug == "sigid"


SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"colour": "red"}, "/colour"),
    "sign_up": ({"sign_up": "closed"}, "/sign_up"),
    "domains": ({"sign_up_domains": ["Example.com"]}, "/sign_up_domains/0"),
    "no domain": ({"sign_up_domains": ["localhost"]}, "/sign_up_domains/0"),
    "method": ({"methods": {"fax": True}}, "/methods/fax"),
    "no method": ({"methods": {"password": False}}, "/methods"),
    "lifetime": ({"lifetimes": {"tea": 3}}, "/lifetimes/tea"),
    "too short": ({"lifetimes": {"access_token": 59}}, "/lifetimes/access_token"),
    "too long": ({"lifetimes": {"authorization_code": 61}}, "/lifetimes/authorization_code"),
    "a text": ({"lifetimes": {"id_token": "60"}}, "/lifetimes/id_token"),
    "true": ({"session_idle_hours": True}, "/session_idle_hours"),
    "a link": ({"policy_uri": "javascript:x"}, "/policy_uri"),
    "http": ({"tos_uri": "http://a.example"}, "/tos_uri"),
}


@pytest.mark.parametrize(("settings", "pointer"), SETTINGS.values(), ids=SETTINGS)
async def test_a_setting_is_refused(storage: None, settings: dict[str, Any], pointer: str) -> None:
    with pytest.raises(InvalidSettings) as refused:
        await create("acme", settings=settings)
    assert refused.value.pointer == pointer
    async with look(callers.anyone(Origin.process())) as tx:
        assert await tenants.by_slug(tx, "acme") is None


async def test_settings_are_read_as_they_were_set(scene: Scene) -> None:
    async with change(scene.caller) as tx:
        changed = await tenants.update(
            tx, scene.tenant, settings={"lifetimes": {"access_token": 120}, "methods": {"password": True}}
        )
    assert changed.settings.lifetimes.access_token.total_seconds() == 120
    assert changed.settings.lifetimes.id_token.total_seconds() == 600
    assert changed.settings.methods == {"password"}
    async with look(scene.caller) as tx:
        assert (await tenants.own(tx)).settings == changed.settings


async def test_of_fifty_changes_of_one_version_one_wins(scene: Scene) -> None:
    async def rename(number: int) -> None:
        async with change(scene.caller) as tx:
            await tenants.update(tx, scene.tenant, name=f"name {number}")

    answers = await asyncio.gather(*[reason(rename(number)) for number in range(50)])
    assert answers.count("done") == 1
    assert answers.count("version_stale") == 49


async def test_roles(scene: Scene) -> None:
    async with change(scene.caller) as tx:
        member = await roles.create(tx, name="member", permissions=["projects:read"])
    async with change(scene.caller) as tx:
        editor = await roles.create(tx, name="editor", permissions=["projects:write", "projects:read"])
    async with look(scene.caller) as tx:
        found = await roles.by_ids(tx, [member.id, editor.id, "role_unknown"])
        assert await roles.by_name(tx, "member") == member
    assert roles.permissions_of(found) == {"projects:read", "projects:write"}
    async with look((await make_scene("other")).caller) as tx:
        assert await roles.by_id(tx, member.id) is None
        assert await roles.by_ids(tx, [member.id]) == []

    async def again() -> None:
        async with change(scene.caller) as tx:
            await roles.create(tx, name="member")

    assert await reason(again()) == "role_name_taken"
    async with change(scene.caller) as tx:
        changed = await roles.update(tx, member, permissions=[])
    assert changed.version == 2

    async def stale() -> None:
        async with change(scene.caller) as tx:
            await roles.update(tx, member, name="x")

    assert await reason(stale()) == "version_stale"
    async with change(scene.caller) as tx:
        assert await roles.delete(tx, editor)


async def catalogue(scene: Scene) -> apis.Catalogue:
    async with look(scene.caller) as tx:
        return await apis.catalogue(tx, await tenants.own(tx), ISSUER)


async def test_an_api_is_in_the_catalogue_until_it_is_not(scene: Scene) -> None:
    assert list((await catalogue(scene)).by_audience) == [f"{ISSUER}/api/v1"]
    async with change(scene.caller) as tx:
        api = await apis.create(
            tx, issuer=ISSUER, audience="https://api.example.com", name="Projects",
            scopes={"projects:read": "See your projects"},
        )  # fmt: skip
    known = await catalogue(scene)
    assert known.find("https://api.example.com") == api
    assert known.find(apis.SIGID) == apis.ours(ISSUER)
    assert known.describe("projects:read", ["https://api.example.com"]) == "See your projects"
    assert known.describe("projects:read", []) is None
    assert known.describe("openid", []) == "Sign you in"
    assert known.unknown_scopes(["openid", "projects:read", "users:read"], ["https://api.example.com"]) == [
        "users:read"
    ]
    async with change(scene.caller) as tx:
        api = await apis.update(tx, api, scopes={"projects:delete": "Delete your projects"})
    assert (await catalogue(scene)).describe("projects:read", ["https://api.example.com"]) is None
    async with change(scene.caller) as tx:
        assert await apis.delete(tx, api)
    assert (await catalogue(scene)).find("https://api.example.com") is None
    other = await make_scene("other")
    assert list((await catalogue(other)).by_audience) == [f"{ISSUER}/api/v1"]
    assert [name for name in await events(scene) if name.startswith("api.")] == [
        "api.created", "api.updated", "api.deleted"
    ]  # fmt: skip


API: dict[str, tuple[dict[str, Any], str]] = {
    "relative": ({"audience": "/api"}, "audience_malformed"),
    "a fragment": ({"audience": "https://a.example#x"}, "audience_malformed"),
    "a blank": ({"audience": "https://a.example/a b"}, "audience_malformed"),
    "a broken address": ({"audience": "https://[::1"}, "audience_malformed"),
    "sigid itself": ({"audience": "sigid"}, "audience_malformed"),
    "ours": ({"audience": f"{ISSUER}/api/v1"}, "audience_taken"),
    "the issuer": ({"audience": ISSUER}, "audience_taken"),
    "the issuer in capitals": ({"audience": "HTTP://LOCALHOST:8484/x"}, "audience_taken"),
    "access": ({"access": "administrators"}, "access_unknown"),
    "algorithm": ({"signing_alg": "none"}, "alg_unknown"),
    "lifetime": ({"token_lifetime": 10}, "lifetime_out_of_bounds"),
    "a scope of OpenID": ({"scopes": {"openid": "x"}}, "scope_reserved"),
    "a scope with a blank": ({"scopes": {"a b": "x"}}, "scope_malformed"),
    "a scope without a text": ({"scopes": {"a": " "}}, "description_malformed"),
    "a name": ({"name": ""}, "name_malformed"),
}


@pytest.mark.parametrize(("settings", "because"), API.values(), ids=API)
async def test_an_api_is_refused(scene: Scene, settings: dict[str, Any], because: str) -> None:
    async def create_api() -> None:
        good = {"issuer": ISSUER, "audience": "https://a.example", "name": "A", "scopes": {"a": "Do a"}}
        async with change(scene.caller) as tx:
            await apis.create(tx, **(good | settings))

    assert await reason(create_api()) == because
    assert len((await catalogue(scene)).by_audience) == 1


async def test_an_audience_is_one_apis_own(scene: Scene) -> None:
    async def create_api() -> None:
        async with change(scene.caller) as tx:
            await apis.create(tx, issuer=ISSUER, audience="https://a.example", name="A", scopes={})

    answers = await asyncio.gather(*[reason(create_api()) for _ in range(20)])
    assert answers.count("done") == 1
    assert answers.count("audience_taken") == 19
