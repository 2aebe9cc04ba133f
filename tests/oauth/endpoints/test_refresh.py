"""`refresh_token` at the endpoint: whose it is, what it renews and what it never does; on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sigid import applications, tenants
from sigid.kernel import clock
from sigid.kernel.database import change, use
from sigid.tokens import grants, sessions
from tests.oauth.endpoints.stage import API, OTHER_API, Stage
from tests.oauth.endpoints.test_token import claims_of
from tests.tokens.scene import events

DAY = 86_400


@pytest.mark.promise("3.5.refresh")
async def test_a_refresh_rotates_and_renews(stage: Stage) -> None:
    first = await stage.tokens(nonce="n-1")
    clock.advance(30)
    second = (await stage.web.refresh(first["refresh_token"])).json
    assert second.keys() == first.keys()
    assert second["refresh_token"] != first["refresh_token"]
    before, after = claims_of(first["id_token"]), claims_of(second["id_token"])
    for name in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid"):
        assert after[name] == before[name], name
    assert "nonce" not in after
    assert after["iat"] > before["iat"]
    assert (await stage.userinfo(second["access_token"])).status == 200


REFUSALS = {
    "REF-03 another client": ("mallory", {}, (400, "invalid_grant", "refresh_token_not_for_this_client")),
    "REF-03 a public client": ("spa", {}, (400, "invalid_grant", "refresh_token_not_for_this_client")),
    "REF-03 another tenant's": ("globex", {}, (400, "invalid_grant", "refresh_token_unknown")),
    "REF-05 wider": ("web", {"scope": "openid other:read"}, (400, "invalid_scope", "scope_wider_than_grant")),
    "REF-06 another resource": ("web", {"resource": OTHER_API}, (400, "invalid_target", "resource_not_authorized")),
}


@pytest.mark.parametrize(("who", "form", "because"), REFUSALS.values(), ids=REFUSALS)
async def test_a_refresh_is_refused_and_the_family_lives(
    stage: Stage, who: str, form: dict[str, Any], because: tuple[int, str, str]
) -> None:
    token = (await stage.tokens())["refresh_token"]
    assert (await stage.clients[who].refresh(token, **form)).because == because
    assert (await stage.web.refresh(token)).status == 200


async def test_ref_04_without_the_secret(stage: Stage) -> None:
    token = (await stage.tokens())["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": stage.web.application.client_id}
    answer = await stage.ask("POST", "/oauth/token", form=form)
    assert answer.because == (401, "invalid_client", "client_authentication_missing")


async def test_ref_05_narrower_for_this_once(stage: Stage) -> None:
    first = await stage.tokens()
    narrow = (await stage.web.refresh(first["refresh_token"], scope="projects:read")).json
    assert narrow["scope"] == "projects:read"
    assert "id_token" not in narrow
    again = (await stage.web.refresh(narrow["refresh_token"])).json
    assert again["scope"] == first["scope"]


GARBAGE = {
    "REF-11 an access token": "access_token",
    "REF-11 an ID token": "id_token",
}


@pytest.mark.parametrize("name", GARBAGE.values(), ids=GARBAGE)
async def test_another_token_is_no_refresh_token(stage: Stage, name: str) -> None:
    tokens = await stage.tokens()
    assert (await stage.web.refresh(tokens[name])).because == (400, "invalid_grant", "refresh_token_unknown")
    code = await stage.code()
    assert (await stage.web.refresh(code)).because == (400, "invalid_grant", "refresh_token_unknown")
    assert (await stage.web.token("refresh_token")).because == (400, "invalid_request", "refresh_token_missing")


async def suspended(stage: Stage) -> None:
    await stage.user.become("suspended", stage.scene)


async def removed(stage: Stage) -> None:
    await stage.user.become("removed", stage.scene)


async def consent_revoked(stage: Stage) -> None:
    async with use(stage.scene.caller) as tx:
        await grants.end_of_user_at_application(tx, stage.user.id, stage.web.application.id, "consent_revoked")


async def signed_out_everywhere(stage: Stage) -> None:
    async with use(stage.scene.caller) as tx:
        await sessions.end(tx, stage.user.sid, "signed_out")
        await grants.end_of_session(tx, stage.user.sid, "signed_out_everywhere")


async def application_suspended(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        await applications.suspend(tx, stage.web.application)


async def tenant_suspended(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        await tenants.suspend(tx, await tenants.own(tx))


async def long_after(stage: Stage) -> None:
    clock.advance(31 * DAY)


ENDINGS: dict[str, tuple[Callable[[Stage], Awaitable[None]], tuple[int, str, str]]] = {
    "REF-07 user suspended": (suspended, (400, "invalid_grant", "tenant_user_not_active")),
    "REF-07 user removed": (removed, (400, "invalid_grant", "tenant_user_not_active")),
    "REF-07 consent taken back": (consent_revoked, (400, "invalid_grant", "grant_ended")),
    "REF-07 signed out everywhere": (signed_out_everywhere, (400, "invalid_grant", "grant_ended")),
    "REF-07 application suspended": (application_suspended, (401, "invalid_client", "client_not_active")),
    "REF-07 tenant suspended": (tenant_suspended, (401, "invalid_client", "client_not_active")),
    "accounts.md idle for 31 days": (long_after, (400, "invalid_grant", "refresh_token_expired")),
}


@pytest.mark.parametrize(("ending", "because"), ENDINGS.values(), ids=ENDINGS)
async def test_what_ends_is_felt_at_the_next_refresh(
    stage: Stage, ending: Callable[[Stage], Awaitable[None]], because: tuple[int, str, str]
) -> None:
    token = (await stage.tokens())["refresh_token"]
    await ending(stage)
    assert (await stage.web.refresh(token)).because == because


async def test_ref_10_rotating_does_not_outlive_the_family(stage: Stage) -> None:
    token = (await stage.tokens())["refresh_token"]
    for _ in range(3):
        clock.advance(29 * DAY)
        token = (await stage.web.refresh(token)).json["refresh_token"]
    clock.advance(4 * DAY)
    assert (await stage.web.refresh(token)).because == (400, "invalid_grant", "grant_expired")


async def test_ref_01_a_spent_token_after_the_window_ends_the_family(stage: Stage) -> None:
    first = await stage.tokens()
    second = (await stage.web.refresh(first["refresh_token"])).json
    clock.advance(11)
    refused = await stage.web.refresh(first["refresh_token"])
    assert refused.because == (400, "invalid_grant", "refresh_token_reused")
    assert not await stage.web.alive(second["access_token"])
    assert (await stage.web.refresh(second["refresh_token"])).because == (400, "invalid_grant", "grant_ended")
    assert "auth.refresh_token.reuse_detected" in await events(stage.scene)


async def test_ref_02_fifty_at_once_are_one_family(stage: Stage) -> None:
    token = (await stage.tokens())["refresh_token"]
    answers = await asyncio.gather(*(stage.web.refresh(token) for _ in range(50)))
    assert {answer.status for answer in answers} == {200}
    successors = {answer.json["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert (await stage.web.refresh(successors.pop())).status == 200


async def test_ref_14_within_the_window_after_its_successor_was_used(stage: Stage) -> None:
    first = (await stage.tokens())["refresh_token"]
    second = (await stage.web.refresh(first)).json["refresh_token"]
    third = (await stage.web.refresh(second)).json["refresh_token"]
    answers = await asyncio.gather(*(stage.web.refresh(first) for _ in range(50)))
    assert {answer.because for answer in answers} == {(400, "invalid_grant", "refresh_token_successor_used")}
    assert (await stage.web.refresh(third)).status == 200, "the family is alive"


async def test_a_refresh_after_sign_out_names_no_session(stage: Stage) -> None:
    """`offline_access` outlives the session; its access tokens no longer name it."""
    tokens = await stage.tokens()
    async with use(stage.scene.caller) as tx:
        await sessions.end(tx, stage.user.sid, "signed_out")
    assert (await stage.userinfo(tokens["access_token"])).because == (401, "invalid_token", "session_ended")
    renewed = (await stage.web.refresh(tokens["refresh_token"])).json
    claims = claims_of(renewed["access_token"])
    assert "sid" not in claims
    assert claims["aud"] == API
    assert (await stage.userinfo(renewed["access_token"])).status == 200
