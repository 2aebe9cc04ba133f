"""Revocation (RFC 7009): what ends, what lives on, and that nobody learns anything; on both databases."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.oauth.endpoints.stage import SPA_ORIGIN, Answer, Stage
from tests.tokens.scene import events


def done(answer: Answer) -> bool:
    headers = answer.http.headers
    return (answer.status, answer.http.content) == (200, b"") and "content-type" not in headers


@pytest.mark.promise("3.5.revoke")
async def test_int_07_a_refresh_token_takes_its_family_along(stage: Stage) -> None:
    first = await stage.tokens()
    second = (await stage.web.refresh(first["refresh_token"])).json
    assert done(await stage.web.revoke(second["refresh_token"]))
    for token in (first["access_token"], second["access_token"], second["refresh_token"]):
        assert not await stage.web.alive(token)
    assert (await stage.web.refresh(second["refresh_token"])).because == (400, "invalid_grant", "grant_ended")
    assert "grant.ended" in await events(stage.scene)


async def test_int_07_a_spent_refresh_token_too(stage: Stage) -> None:
    first = await stage.tokens()
    second = (await stage.web.refresh(first["refresh_token"])).json
    assert done(await stage.web.revoke(first["refresh_token"]))
    assert not await stage.web.alive(second["access_token"])


async def test_int_07_an_access_token_ends_alone(stage: Stage) -> None:
    first = await stage.tokens()
    second = (await stage.web.refresh(first["refresh_token"])).json
    assert done(await stage.web.revoke(first["access_token"]))
    assert not await stage.web.alive(first["access_token"])
    assert await stage.web.alive(second["access_token"])
    assert (await stage.userinfo(first["access_token"])).because == (401, "invalid_token", "token_revoked")
    assert (await stage.web.refresh(second["refresh_token"])).status == 200
    assert "token.revoked" in await events(stage.scene)


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
async def test_what_has_ended_may_be_revoked_again(stage: Stage, name: str) -> None:
    token = (await stage.tokens())[name]
    assert done(await stage.web.revoke(token))
    assert done(await stage.web.revoke(token))


@pytest.mark.parametrize("who", ["mallory", "spa", "robot", "globex"])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
async def test_int_06_a_strangers_revocation_changes_nothing(stage: Stage, who: str, name: str) -> None:
    tokens = await stage.tokens()
    assert done(await stage.clients[who].revoke(tokens[name]))
    assert await stage.web.alive(tokens[name])


GARBAGE: dict[str, Callable[[dict[str, Any]], str]] = {
    "garbage": lambda _: "garbage",
    "an ID token": lambda tokens: tokens["id_token"],
    "large": lambda _: "a" * 60_000,
    "altered": lambda tokens: tokens["access_token"][:-8] + "AAAAAAAA",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
async def test_rfc7009_2_2_an_invalid_token_is_no_error(stage: Stage, text: Callable[[dict[str, Any]], str]) -> None:
    tokens = await stage.tokens()
    assert done(await stage.web.revoke(text(tokens)))
    assert await stage.web.alive(tokens["access_token"])


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "unheard_of"])
async def test_a_hint_changes_nothing(stage: Stage, hint: str) -> None:
    tokens = await stage.tokens()
    assert done(await stage.web.revoke(tokens["access_token"], token_type_hint=hint))
    assert not await stage.web.alive(tokens["access_token"])


async def test_a_public_client_revokes_its_own(stage: Stage) -> None:
    tokens = await stage.tokens(stage.spa)
    answer = await stage.spa.post("/oauth/revoke", {"token": tokens["refresh_token"]}, {"Origin": SPA_ORIGIN})
    assert done(answer)
    assert answer.http.headers["access-control-allow-origin"] == SPA_ORIGIN
    assert not await stage.robot.alive(tokens["access_token"])


async def test_int_06_who_cannot_prove_who_it_is_changes_nothing(stage: Stage) -> None:
    tokens = await stage.tokens()
    form = {"token": tokens["refresh_token"], "client_id": stage.web.application.client_id}
    refused = await stage.ask("POST", "/oauth/revoke", form=form)
    assert refused.because == (401, "invalid_client", "client_authentication_missing")
    refused = await stage.ask("POST", "/oauth/revoke", form=form | {"client_secret": "wrong"})
    assert refused.because == (401, "invalid_client", "client_secret_wrong")
    assert await stage.web.alive(tokens["access_token"])


async def test_what_is_missing_is_named(stage: Stage) -> None:
    assert (await stage.web.post("/oauth/revoke", {})).because == (400, "invalid_request", "token_missing")
    in_query = await stage.web.post("/oauth/revoke?token=x", {"token": "x"})
    assert in_query.because == (400, "invalid_request", "parameters_in_query")
    as_json = await stage.ask("POST", "/oauth/revoke", content="{}", headers={"Content-Type": "application/json"})
    assert as_json.because == (415, "invalid_request", "not_a_form")
