"""UserInfo (OpenID Connect Core section 5.3): which tokens open it, and what it tells; on both databases."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sigid import applications
from sigid.kernel import jws
from sigid.kernel.database import change
from sigid.kernel.errors import InvalidToken
from sigid.tokens import identity, keys
from tests.harness.storage import ISSUER
from tests.oauth.endpoints.stage import SPA_ORIGIN, Answer, Stage
from tests.oauth.endpoints.test_token import claims_of

EVERYTHING = {"sub", "name", "updated_at", "email", "email_verified"}


@pytest.mark.promise("3.5.userinfo")
async def test_claims_by_scope(stage: Stage) -> None:
    async def members(**changes: Any) -> set[str]:
        answer = await stage.userinfo((await stage.tokens(**changes))["access_token"])
        assert (answer.status, answer.http.headers["content-type"]) == (200, "application/json")
        assert answer.http.headers["cache-control"] == "no-store"
        assert answer.json["sub"] == stage.user.sub
        return set(answer.json)

    assert await members() == EVERYTHING
    assert await members(scope="openid") == {"sub"}
    assert await members(scope="openid profile") == {"sub", "name", "updated_at"}
    assert await members(scope="openid email") == {"sub", "email", "email_verified"}
    assert await members(scope="openid", claims={"userinfo": ["name"]}) == {"sub", "name"}
    assert await members(scope="openid", claims={"id_token": ["name"]}) == {"sub"}, "asked for elsewhere"
    assert await members(scope="openid", claims={"userinfo": ["account_id", "metadata", "role_ids"]}) == {"sub"}


async def test_values_are_of_their_types(stage: Stage) -> None:
    told = (await stage.userinfo((await stage.tokens())["access_token"])).json
    assert (told["name"], told["email"], told["email_verified"]) == ("Ada Lovelace", "ada@example.com", True)
    assert isinstance(told["updated_at"], int)


async def by_post(stage: Stage, token: str) -> Answer:
    return await stage.ask("POST", "/userinfo", headers={"Authorization": f"Bearer {token}"})


async def by_form(stage: Stage, token: str) -> Answer:
    return await stage.ask("POST", "/userinfo", form={"access_token": token})


async def by_scheme_in_capitals(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", "/userinfo", headers={"Authorization": f"BEARER {token}"})


@pytest.mark.parametrize("ask", [by_post, by_form, by_scheme_in_capitals])
async def test_the_ways_to_show_a_token(stage: Stage, ask: Callable[[Stage, str], Awaitable[Answer]]) -> None:
    answer = await ask(stage, (await stage.tokens())["access_token"])
    assert (answer.status, answer.json["sub"]) == (200, stage.user.sub)


async def in_query(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", f"/userinfo?access_token={token}")


async def in_query_beside(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", f"/userinfo?access_token={token}", headers={"Authorization": f"Bearer {token}"})


async def two_places(stage: Stage, token: str) -> Answer:
    bearer = {"Authorization": f"Bearer {token}"}
    return await stage.ask("POST", "/userinfo", form={"access_token": token}, headers=bearer)


async def two_headers(stage: Stage, token: str) -> Answer:
    twice = [("authorization", f"Bearer {token}")] * 2
    response = await stage.asgi.get("/userinfo", headers=twice)
    return Answer(response, stage.heard.reasons[response.headers["x-request-id"]])


async def twice_in_the_form(stage: Stage, token: str) -> Answer:
    return await stage.ask("POST", "/userinfo", form={"access_token": [token, token]})


async def form_by_get(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", "/userinfo", form={"access_token": token})


async def as_basic(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", "/userinfo", headers={"Authorization": f"Basic {token}"})


async def as_dpop(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", "/userinfo", headers={"Authorization": f"DPoP {token}"})


async def with_a_tail(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", "/userinfo", headers={"Authorization": f"Bearer {token} x"})


async def nothing(stage: Stage, token: str) -> Answer:
    return await stage.ask("GET", "/userinfo")


WAYS = {
    "TOK-14 in the query": (in_query, (400, "invalid_request", "token_in_query")),
    "TOK-14 in the query too": (in_query_beside, (400, "invalid_request", "token_in_query")),
    "TOK-15 header and form": (two_places, (400, "invalid_request", "token_in_two_places")),
    "TOK-15 two headers": (two_headers, (400, "invalid_request", "authorization_repeated")),
    "TOK-15 twice in the form": (twice_in_the_form, (400, "invalid_request", "parameter_repeated")),
    "rfc6750-2.2 a form by GET": (form_by_get, (401, "invalid_token", "token_missing")),
    "rfc6750-2.1 Basic": (as_basic, (401, "invalid_token", "token_not_bearer")),
    "rfc9449-7.1 an unbound token as DPoP": (as_dpop, (401, "invalid_token", "token_not_bearer")),
    "rfc6750-2.1 more than a token": (with_a_tail, (401, "invalid_token", "token_not_bearer")),
    "TOK-16 none": (nothing, (401, "invalid_token", "token_missing")),
}


@pytest.mark.parametrize(("ask", "because"), WAYS.values(), ids=WAYS)
async def test_other_ways_are_refused(
    stage: Stage, ask: Callable[[Stage, str], Awaitable[Answer]], because: tuple[int, str, str]
) -> None:
    answer = await ask(stage, (await stage.tokens())["access_token"])
    assert answer.because == because
    assert (answer.status == 401) is ("www-authenticate" in answer.http.headers)


async def test_who_shows_nothing_is_told_no_error_code_in_the_challenge(stage: Stage) -> None:
    answer = await stage.ask("GET", "/userinfo")
    assert answer.http.headers["www-authenticate"] == 'Bearer realm="sigid"'
    garbage = await stage.userinfo("garbage")
    assert garbage.http.headers["www-authenticate"] == 'Bearer realm="sigid", error="invalid_token"'


async def test_int_08_other_tokens(stage: Stage) -> None:
    tokens = await stage.tokens()
    for name in ("id_token", "refresh_token"):  # TOK-06
        assert (await stage.userinfo(tokens[name])).status == 401
    service = (await stage.robot.token("client_credentials")).json["access_token"]
    assert (await stage.userinfo(service)).because == (401, "invalid_token", "token_not_of_a_user")
    api_only = (await stage.tokens(scope="projects:read"))["access_token"]
    refused = await stage.userinfo(api_only)
    assert refused.because == (403, "insufficient_scope", "openid_missing")
    assert refused.http.headers["www-authenticate"] == (
        'Bearer realm="sigid", error="insufficient_scope", scope="openid"'
    )


async def test_a_refresh_without_openid_gives_a_token_that_does_not_open_it(stage: Stage) -> None:
    narrow = (await stage.web.refresh((await stage.tokens())["refresh_token"], scope="email")).json
    assert (await stage.userinfo(narrow["access_token"])).because == (403, "insufficient_scope", "openid_missing")


async def test_int_09_parameters_name_nobody_else(stage: Stage) -> None:
    token = (await stage.tokens())["access_token"]
    answer = await stage.ask(
        "GET",
        "/userinfo?sub=sub_other&user_id=tu_other&tenant_id=ten_other",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert (answer.status, answer.json["sub"]) == (200, stage.user.sub)


async def test_a_registered_algorithm_signs_the_answer(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        await applications.update(tx, stage.web.application, userinfo_signed_response_alg="RS256")
    answer = await stage.userinfo((await stage.tokens())["access_token"])
    assert (answer.status, answer.http.headers["content-type"]) == (200, "application/jwt")
    assert jws.parse(answer.http.text).header["alg"] == "RS256"
    claims = await keys.verified(answer.http.text, "JWT")
    assert set(claims) == EVERYTHING | {"iss", "aud"}
    assert (claims["iss"], claims["aud"]) == (ISSUER, stage.web.application.client_id)
    assert claims["sub"] == stage.user.sub


async def test_a_signed_answer_is_no_token_and_no_hint(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        await applications.update(tx, stage.web.application, userinfo_signed_response_alg="ES256")
    text = (await stage.userinfo((await stage.tokens())["access_token"])).http.text
    assert (await stage.userinfo(text)).because == (401, "invalid_token", "token_typ_wrong")
    with pytest.raises(InvalidToken) as refused:
        await identity.hint(text, ISSUER)
    assert refused.value.reason == "hint_claims_malformed"


async def test_only_its_clients_origins_may_read(stage: Stage) -> None:
    spas = (await stage.tokens(stage.spa))["access_token"]
    assert claims_of(spas)["client_id"] == stage.spa.application.client_id
    allowed = await stage.userinfo(spas, Origin=SPA_ORIGIN)
    assert allowed.http.headers["access-control-allow-origin"] == SPA_ORIGIN
    webs = await stage.userinfo((await stage.tokens())["access_token"], Origin=SPA_ORIGIN)
    assert "access-control-allow-origin" not in webs.http.headers
