"""`authorization_code`: who may redeem what, and what a second use ends; on both databases."""

import asyncio
import base64
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sigid import consent, roles
from sigid.kernel import clock
from sigid.kernel.database import change
from sigid.tokens import grants, identity
from tests.harness.storage import ISSUER
from tests.oauth.endpoints.stage import API, CALLBACK, GUARDED_API, OTHER_API, VERIFIER, Answer, Stage
from tests.oauth.endpoints.test_token import claims_of
from tests.tokens.scene import events

Attack = Callable[[Stage, str], Awaitable[Answer]]


def send(**changes: Any) -> Attack:
    return lambda stage, code: stage.web.redeem(code, **changes)


def by(name: str, **changes: Any) -> Attack:
    return lambda stage, code: stage.clients[name].redeem(code, **changes)


async def twice(stage: Stage, code: str) -> Answer:
    await stage.web.redeem(code)
    return await stage.web.redeem(code)


async def late(stage: Stage, code: str) -> Answer:
    clock.advance(61)
    return await stage.web.redeem(code)


def as_user(status: str) -> Attack:
    async def attack(stage: Stage, code: str) -> Answer:
        await stage.user.become(status, stage.scene)
        return await stage.web.redeem(code)

    return attack


CODE = {
    "rfc6749-4.1.3 COD-09 another client": (by("mallory"), "code_not_for_this_client", True),
    "rfc6749-4.1.3 COD-09 a public client": (by("spa"), "code_not_for_this_client", True),
    "rfc6749-4.1.3 COD-09 another tenant's": (by("globex"), "code_not_for_this_client", True),
    "rfc6749-4.1.3 COD-09 another redirect_uri": (send(redirect_uri=CALLBACK + "/"), "redirect_uri_differs", False),
    "rfc6749-4.1.3 COD-09 no redirect_uri": (send(redirect_uri=None), "redirect_uri_differs", False),
    "rfc7636-4.6 COD-04 wrong verifier": (send(code_verifier="w" * 43), "code_verifier_wrong", False),
    "rfc7636-4.6 COD-04 no verifier": (send(code_verifier=None), "code_verifier_wrong", False),
    "rfc7636-4.6 COD-04 empty verifier": (send(code_verifier=""), "code_verifier_wrong", False),
    "rfc7636-4.6 COD-04 the challenge itself": (
        send(code_verifier=base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()),
        "code_verifier_wrong", False,
    ),
    "rfc6749-10.5 COD-07 used twice": (twice, "code_reused", False),
    "rfc6749-4.1.2 COD-10 too late": (late, "code_expired", False),
    "accounts.md a suspended user": (as_user("suspended"), "tenant_user_not_active", False),
    "accounts.md a removed user": (as_user("removed"), "tenant_user_not_active", False),
}  # fmt: skip


@pytest.mark.promise("3.5.authorization-code")
@pytest.mark.parametrize(("attack", "because", "lives_on"), CODE.values(), ids=CODE)
async def test_code_is_refused(stage: Stage, attack: Attack, because: str, lives_on: bool) -> None:
    code = await stage.code()
    answer = await attack(stage, code)
    assert answer.because == (400, "invalid_grant", because)
    assert answer.json["error_description"] == "The grant is not valid, or no longer.", "the same text each time"
    assert ((await stage.web.redeem(code)).status == 200) is lives_on


GARBAGE = {
    "an access token": lambda tokens: tokens["access_token"],
    "a refresh token": lambda tokens: tokens["refresh_token"],
    "a code that nobody made": lambda tokens: "sigid_ac_" + "0" * 76,
    "another form": lambda tokens: "x" * 5000,
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
async def test_what_is_no_code_is_refused(stage: Stage, text: Callable[[dict[str, str]], str]) -> None:
    tokens = await stage.tokens()
    assert (await stage.web.redeem(text(tokens))).because == (400, "invalid_grant", "code_not_for_this_client")
    assert (await stage.web.token("authorization_code")).because == (400, "invalid_request", "code_missing")


async def test_cod_05_a_verifier_without_a_challenge(stage: Stage) -> None:
    code = await stage.code(challenge=None)
    assert (await stage.web.redeem(code)).because == (400, "invalid_grant", "code_verifier_wrong")
    code = await stage.code(challenge=None)
    assert (await stage.web.redeem(code, code_verifier=None)).status == 200


async def test_cod_07_a_replay_ends_what_the_first_use_got(stage: Stage) -> None:
    code = await stage.code()
    tokens = (await stage.web.redeem(code)).json
    assert await stage.web.alive(tokens["access_token"])
    assert await stage.web.alive(tokens["refresh_token"])
    assert (await stage.web.redeem(code, code_verifier="w" * 43)).because == (400, "invalid_grant", "code_reused")
    assert not await stage.web.alive(tokens["access_token"])
    assert not await stage.web.alive(tokens["refresh_token"])
    assert (await stage.userinfo(tokens["access_token"])).because == (401, "invalid_token", "grant_ended")
    assert (await stage.web.refresh(tokens["refresh_token"])).because == (400, "invalid_grant", "grant_ended")
    assert "auth.code.replayed" in await events(stage.scene)


async def test_cod_07_a_replay_by_somebody_else_ends_nothing(stage: Stage) -> None:
    code = await stage.code()
    tokens = (await stage.web.redeem(code)).json
    assert (await stage.mallory.redeem(code)).because == (400, "invalid_grant", "code_not_for_this_client")
    assert await stage.web.alive(tokens["access_token"])


async def test_cod_08_fifty_at_once(stage: Stage) -> None:
    code = await stage.code()
    answers = await asyncio.gather(*(stage.web.redeem(code) for _ in range(50)))
    assert Counter(answer.status for answer in answers) == {200: 1, 400: 49}
    assert {answer.because for answer in answers if answer.status == 400} <= {
        (400, "invalid_grant", "code_reused"), (400, "invalid_grant", "grant_ended"),
    }  # fmt: skip
    won = next(answer.json for answer in answers if answer.status == 200)
    assert not await stage.web.alive(won["access_token"])
    assert not await stage.web.alive(won["refresh_token"])


async def test_cod_11_guesses_are_held_back_and_what_is_right_is_not(stage: Stage) -> None:
    answers = [await stage.web.redeem(f"guess-{n}") for n in range(205)]
    assert {answer.because for answer in answers[:199]} == {(400, "invalid_grant", "code_not_for_this_client")}
    assert answers[-1].because == (429, "temporarily_unavailable", "too_many_tries")
    assert int(answers[-1].http.headers["retry-after"]) > 0
    assert (await stage.web.redeem(await stage.code())).status == 200


@pytest.mark.promise("3.5.tokens")
async def test_what_a_code_gives(stage: Stage) -> None:
    answer = await stage.web.redeem(await stage.code(nonce="n-1"))
    assert answer.http.headers["cache-control"] == "no-store"
    told = answer.json
    assert told.keys() == {"access_token", "token_type", "expires_in", "scope", "id_token", "refresh_token"}
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    assert told["scope"] == "openid profile email offline_access projects:read"
    access, id_token = claims_of(told["access_token"]), claims_of(told["id_token"])
    assert (access["aud"], access["sub"], access["sub_type"]) == (API, stage.user.sub, "user")
    assert access["roles"] == ["opener"]
    assert access.keys() >= {
        "iss",
        "client_id",
        "iat",
        "exp",
        "jti",
        "scope",
        "tenant_id",
        "acr",
        "amr",
        "auth_time",
        "sid",
    }
    assert (id_token["sub"], id_token["aud"], id_token["nonce"]) == (
        stage.user.sub, stage.web.application.client_id, "n-1",
    )  # fmt: skip
    half = hashlib.sha256(told["access_token"].encode()).digest()[:16]
    assert id_token["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert id_token["sid"] == access["sid"]
    assert not id_token.keys() & {"name", "email", "email_verified"}, "scopes give claims at UserInfo, not here"
    assert (await identity.hint(told["id_token"], ISSUER)).sub == stage.user.sub


async def test_without_openid_there_is_no_id_token_and_without_offline_access_no_refresh_token(stage: Stage) -> None:
    told = await stage.tokens(scope="projects:read", offline=False)
    assert told.keys() == {"access_token", "token_type", "expires_in", "scope"}


async def test_claims_that_were_asked_for_stand_in_the_id_token(stage: Stage) -> None:
    told = await stage.tokens(claims={"id_token": ["name"]})
    assert claims_of(told["id_token"])["name"] == "Ada Lovelace"


async def test_the_first_resource_that_was_authorized_or_the_one_that_is_named(stage: Stage) -> None:
    both = {"audiences": (OTHER_API, API), "scope": "openid other:read projects:read"}
    told = await stage.tokens(**both)
    assert (claims_of(told["access_token"])["aud"], told["scope"]) == (OTHER_API, "openid other:read")
    told = (await stage.web.redeem(await stage.code(**both), resource=API)).json
    assert (claims_of(told["access_token"])["aud"], told["scope"]) == (API, "openid projects:read")


RESOURCES = {
    "COD-13 not in the authorization": (OTHER_API, "resource_not_authorized"),
    "COD-13 our own": (f"{ISSUER}/api/v1", "resource_not_authorized"),
    "rfc8707-2.2 two": ([API, API], "several_resources"),
}


@pytest.mark.promise("3.5.resource")
@pytest.mark.parametrize(("resource", "because"), RESOURCES.values(), ids=RESOURCES)
async def test_a_resource_beyond_the_authorization(stage: Stage, resource: Any, because: str) -> None:
    code = await stage.code()
    assert (await stage.web.redeem(code, resource=resource)).because == (400, "invalid_target", because)
    assert (await stage.web.redeem(code)).status == 200, "nothing was spent"


async def test_an_api_of_roles_gives_what_the_roles_hold_now(stage: Stage) -> None:
    asked = {"audiences": (GUARDED_API,), "scope": "openid offline_access vault:open vault:burn"}
    told = await stage.tokens(**asked)
    assert told["scope"] == claims_of(told["access_token"])["scope"] == "openid offline_access vault:open"
    async with change(stage.scene.caller) as tx:
        opener = await roles.by_name(tx, "opener")
        assert opener is not None
        await roles.update(tx, opener, permissions=["vault:burn"])
    refreshed = (await stage.web.refresh(told["refresh_token"])).json
    assert refreshed["scope"] == "openid offline_access vault:burn"


async def test_consent_that_was_taken_back_does_not_come_back(stage: Stage) -> None:
    """Ending the grants is the part of whoever takes consent back; a code in flight ends with them."""
    code = await stage.code()
    async with change(stage.scene.caller) as tx:
        await consent.allow(tx, stage.user.id, stage.web.application.id, ["openid"], [])
        assert await grants.end_of_user_at_application(tx, stage.user.id, stage.web.application.id, "consent_revoked")
    assert (await stage.web.redeem(code)).because == (400, "invalid_grant", "grant_ended")


async def test_a_public_client_redeems_by_its_name_alone(stage: Stage) -> None:
    code = await stage.code(stage.spa)
    assert (await stage.spa.redeem(code)).status == 200
