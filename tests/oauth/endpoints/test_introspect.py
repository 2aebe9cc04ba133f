"""Introspection (RFC 7662): for whom, and how dead looks like unknown; on both databases."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sigid import applications, tenants
from sigid.kernel import clock
from sigid.kernel.database import change, use
from sigid.tokens import grants, schedule, sessions
from tests.harness.storage import ISSUER
from tests.oauth.endpoints.stage import API, OTHER_API, Answer, Stage

INACTIVE = {"active": False}


def told_nothing(answer: Answer) -> bool:
    return (answer.status, answer.json, answer.http.headers["cache-control"]) == (200, INACTIVE, "no-store")


@pytest.mark.promise("3.5.introspect")
async def test_what_is_told_of_a_users_token(stage: Stage) -> None:
    tokens = await stage.tokens()
    answer = await stage.web.introspect(tokens["access_token"])
    assert answer.http.headers["cache-control"] == "no-store"
    told = answer.json
    assert told["active"] is True
    assert (told["token_type"], told["iss"], told["aud"]) == ("Bearer", ISSUER, API)
    assert (told["sub"], told["client_id"]) == (stage.user.sub, stage.web.application.client_id)
    assert (told["scope"], told["tenant_id"]) == (tokens["scope"], stage.scene.tenant.id)
    assert told["exp"] - told["iat"] == tokens["expires_in"]
    assert not told.keys() & {"email", "name", "username"}


async def test_what_is_told_of_a_refresh_token(stage: Stage) -> None:
    tokens = await stage.tokens()
    told = (await stage.web.introspect(tokens["refresh_token"])).json
    assert (told["active"], told["sub"], told["client_id"]) == (
        True, stage.user.sub, stage.web.application.client_id,
    )  # fmt: skip
    assert "token_type" not in told, "that is an access token's"


async def test_a_service_asks_about_tokens_for_its_own_api(stage: Stage) -> None:
    tokens = await stage.tokens()
    assert await stage.robot.alive(tokens["access_token"])
    assert told_nothing(await stage.robot.introspect(tokens["refresh_token"]))
    own = (await stage.automation.token("client_credentials")).json["access_token"]
    assert await stage.automation.alive(own)
    assert told_nothing(await stage.robot.introspect(own))


async def test_int_02_another_apis_service_learns_nothing(stage: Stage) -> None:
    assert told_nothing(await stage.stranger.introspect((await stage.tokens())["access_token"]))


async def test_a_web_application_asks_about_its_own_tokens_only(stage: Stage) -> None:
    """Its `audiences` are what it may ask for, not what it is."""
    assert told_nothing(await stage.mallory.introspect((await stage.tokens())["access_token"]))


async def test_int_03_another_tenant_learns_nothing(stage: Stage) -> None:
    tokens = await stage.tokens()
    for name in ("access_token", "refresh_token", "id_token"):
        assert told_nothing(await stage.globex.introspect(tokens[name])), name


GARBAGE = {
    "INT-03 garbage": "garbage",
    "INT-03 large": "a" * 60_000,
    "INT-03 dots": "." * 2_000,
    "INT-03 not ascii": "tökén",
    "INT-03 a handle of nobody": "sigid_rt_" + "0" * 76,
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
async def test_what_is_no_token_is_inactive(stage: Stage, text: str) -> None:
    assert told_nothing(await stage.web.introspect(text))


async def test_an_id_token_and_a_code_are_inactive(stage: Stage) -> None:
    assert told_nothing(await stage.web.introspect((await stage.tokens())["id_token"]))
    assert told_nothing(await stage.web.introspect(await stage.code()))


async def test_tok_11_a_token_encoded_otherwise_is_no_token(stage: Stage) -> None:
    token = (await stage.tokens())["access_token"]
    for text in (token + "=", token + " ", token.replace(".", "=.", 1)):
        assert told_nothing(await stage.web.introspect(text))


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "unheard_of"])
async def test_int_04_a_hint_changes_nothing(stage: Stage, hint: str) -> None:
    tokens = await stage.tokens()
    for name in ("access_token", "refresh_token"):
        assert (await stage.web.introspect(tokens[name], token_type_hint=hint)).json["active"] is True


REFUSALS = {
    "INT-01 a public client": ("spa", {"token": "x"}, (401, "invalid_client", "introspection_by_public_client")),
    "rfc7662-2.1 no token": ("web", {}, (400, "invalid_request", "token_missing")),
}


@pytest.mark.parametrize(("who", "form", "because"), REFUSALS.values(), ids=REFUSALS)
async def test_introspection_is_refused(
    stage: Stage, who: str, form: dict[str, Any], because: tuple[int, str, str]
) -> None:
    assert (await stage.clients[who].post("/oauth/introspect", form)).because == because


async def test_int_01_without_or_with_a_wrong_secret(stage: Stage) -> None:
    form = {"token": "x", "client_id": stage.web.application.client_id}
    nobody = await stage.ask("POST", "/oauth/introspect", form={"token": "x"})
    assert nobody.because == (401, "invalid_client", "client_authentication_missing")
    named = await stage.ask("POST", "/oauth/introspect", form=form)
    assert named.because == (401, "invalid_client", "client_authentication_missing")
    wrong = await stage.ask("POST", "/oauth/introspect", form=form | {"client_secret": "wrong"})
    assert wrong.because == (401, "invalid_client", "client_secret_wrong")


async def test_parameters_stand_in_the_body_once(stage: Stage) -> None:
    assert (await stage.web.post("/oauth/introspect?token=x", {"token": "x"})).because == (
        400, "invalid_request", "parameters_in_query",
    )  # fmt: skip
    assert (await stage.web.post("/oauth/introspect", {"token": ["x", "x"]})).because == (
        400, "invalid_request", "parameter_repeated",
    )  # fmt: skip


async def user_suspended(stage: Stage) -> None:
    await stage.user.become("suspended", stage.scene)


async def application_suspended(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        await applications.suspend(tx, stage.web.application)


async def application_deleted(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        await applications.delete(tx, stage.web.application)


async def signed_out(stage: Stage) -> None:
    async with use(stage.scene.caller) as tx:
        await sessions.end(tx, stage.user.sid, "signed_out")


async def grant_ended(stage: Stage) -> None:
    async with use(stage.scene.caller) as tx:
        await grants.end_of_user(tx, stage.user.id, "consent_revoked")


async def key_revoked(stage: Stage) -> None:
    for key in await schedule.every_public():
        await schedule.revoke(key["kid"])


async def expired(stage: Stage) -> None:
    clock.advance(601)


ENDINGS = {
    "INT-05 user suspended": user_suspended,
    "INT-05 client suspended": application_suspended,
    "INT-05 client deleted": application_deleted,
    "INT-05 session ended": signed_out,
    "INT-05 grant ended": grant_ended,
    "INT-05 signing key revoked": key_revoked,
    "INT-05 expired": expired,
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
async def test_int_05_dead_at_once(stage: Stage, ending: Callable[[Stage], Awaitable[None]]) -> None:
    tokens = await stage.tokens()
    assert await stage.robot.alive(tokens["access_token"])
    await ending(stage)
    assert told_nothing(await stage.robot.introspect(tokens["access_token"]))
    assert (await stage.userinfo(tokens["access_token"])).status == 401


async def test_int_05_a_suspended_tenants_tokens_are_dead(stage: Stage) -> None:
    tokens = await stage.tokens()
    async with change(stage.scene.caller) as tx:
        await tenants.suspend(tx, await tenants.own(tx))
    assert (await stage.userinfo(tokens["access_token"])).because == (401, "invalid_token", "tenant_not_active")
    assert (await stage.robot.introspect(tokens["access_token"])).because == (
        401, "invalid_client", "client_not_active",
    )  # fmt: skip


async def test_two_audiences_two_services(stage: Stage) -> None:
    other = (await stage.tokens(audiences=(OTHER_API,), scope="openid other:read"))["access_token"]
    assert await stage.stranger.alive(other)
    assert told_nothing(await stage.robot.introspect(other))
