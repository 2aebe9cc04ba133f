"""The token endpoint: what it takes, and `client_credentials`; each refusal by its private reason."""

import base64
import json
from typing import Any

import pytest

from sigid import apis, applications, tenants
from sigid.kernel.database import change, look
from tests.harness.storage import ISSUER
from tests.oauth.endpoints.stage import API, OTHER_API, SPA_ORIGIN, Stage

FORM = "application/x-www-form-urlencoded"


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


REQUESTS = {
    "rfc6749-3.2 parameters in the query": (
        "/oauth/token?grant_type=client_credentials", FORM, "grant_type=client_credentials",
        (400, "invalid_request", "parameters_in_query"),
    ),
    "COD-14 json": ("/oauth/token", "application/json", "{}", (415, "invalid_request", "not_a_form")),
    "COD-14 multipart": (
        "/oauth/token", "multipart/form-data; boundary=x", "--x--", (415, "invalid_request", "not_a_form")
    ),
    "COD-14 no media type": ("/oauth/token", None, "grant_type=x", (415, "invalid_request", "not_a_form")),
    "COD-12 grant_type twice": (
        "/oauth/token", FORM, "grant_type=authorization_code&grant_type=authorization_code",
        (400, "invalid_request", "parameter_repeated"),
    ),
    "COD-06 verifier twice": (
        "/oauth/token", FORM, "grant_type=authorization_code&code_verifier=a&code_verifier=a",
        (400, "invalid_request", "parameter_repeated"),
    ),
    "rfc6749-2.3 nobody": (
        "/oauth/token", FORM, "grant_type=client_credentials",
        (401, "invalid_client", "client_authentication_missing"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "media_type", "body", "because"), REQUESTS.values(), ids=REQUESTS)
async def test_a_request_is_a_form_and_nothing_else(
    stage: Stage, path: str, media_type: str | None, body: str, because: tuple[int, str, str]
) -> None:
    headers = {"Content-Type": media_type} if media_type else {}
    assert (await stage.ask("POST", path, content=body, headers=headers)).because == because


async def test_get_is_refused_with_what_is_allowed(stage: Stage) -> None:
    answer = await stage.ask("GET", "/oauth/token")
    assert answer.because == (405, "invalid_request", "method_not_allowed")
    assert answer.http.headers["allow"] == "OPTIONS, POST"


GRANT_TYPES = {
    "COD-12 missing": ("", (400, "unsupported_grant_type", "grant_type_missing")),
    "COD-12 another case": ("Authorization_Code", (400, "unsupported_grant_type", "grant_type_unknown")),
    "COD-12 password": ("password", (400, "unsupported_grant_type", "grant_type_unknown")),
    "COD-12 implicit": ("implicit", (400, "unsupported_grant_type", "grant_type_unknown")),
    "COD-12 not registered": ("authorization_code", (400, "unauthorized_client", "grant_type_not_given")),
    "COD-12 refresh not registered": ("refresh_token", (400, "unauthorized_client", "grant_type_not_given")),
}


@pytest.mark.parametrize(("grant_type", "because"), GRANT_TYPES.values(), ids=GRANT_TYPES)
async def test_a_grant_type_is_offered_and_registered(
    stage: Stage, grant_type: str, because: tuple[int, str, str]
) -> None:
    assert (await stage.robot.token(grant_type)).because == because


@pytest.mark.promise("3.5.client-credentials")
async def test_a_service_gets_a_token_for_its_api(stage: Stage) -> None:
    answer = await stage.robot.token("client_credentials")
    assert answer.status == 200
    assert answer.http.headers["cache-control"] == "no-store"
    told = answer.json
    assert told.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 600, "projects:read")
    claims = claims_of(told["access_token"])
    client_id = stage.robot.application.client_id
    assert (claims["aud"], claims["sub"], claims["client_id"]) == (API, client_id, client_id)
    assert (claims["iss"], claims["sub_type"], claims["tenant_id"]) == (ISSUER, "service", stage.scene.tenant.id)
    assert await stage.robot.alive(told["access_token"])


AUDIENCES = {
    "the one whose scopes are asked for": ("many", {"scope": "other:read"}, OTHER_API, "other:read"),
    "the resource that is named": ("many", {"resource": API}, API, "projects:read"),
    "what is asked and is not there is left out": (
        "many", {"resource": API, "scope": "projects:read other:read"}, API, "projects:read"
    ),
    "our own by its short name": ("automation", {}, f"{ISSUER}/api/v1", "users:read"),
    "our own by its address": ("automation", {"resource": f"{ISSUER}/api/v1"}, f"{ISSUER}/api/v1", "users:read"),
    "identity is for people": ("web", {"scope": "openid profile projects:read"}, API, "projects:read"),
    "nothing of any API is for the issuer": ("web", {"scope": "openid"}, ISSUER, ""),
}  # fmt: skip


@pytest.mark.parametrize(("who", "form", "audience", "scope"), AUDIENCES.values(), ids=AUDIENCES)
async def test_a_token_is_for_one_audience(
    stage: Stage, who: str, form: dict[str, Any], audience: str, scope: str
) -> None:
    told = (await stage.clients[who].token("client_credentials", **form)).json
    claims = claims_of(told["access_token"])
    assert (claims["aud"], claims["scope"], told["scope"]) == (audience, scope, scope)


TARGETS = {
    "rfc6749-3.3 unknown scope": ("robot", {"scope": "projects:burn"}, (400, "invalid_scope", "scope_not_allowed")),
    "rfc6749-3.3 not its own": ("robot", {"scope": "projects:delete"}, (400, "invalid_scope", "scope_not_allowed")),
    "rfc6749-3.3 malformed": ("robot", {"scope": 'projects:"read'}, (400, "invalid_scope", "scope_malformed")),
    "rfc8707-2 unknown": ("robot", {"resource": "https://x.example"}, (400, "invalid_target", "resource_unknown")),
    "rfc8707-2 not its own": ("robot", {"resource": OTHER_API}, (400, "invalid_target", "resource_not_allowed")),
    "rfc8707-2 fragment": ("robot", {"resource": f"{API}#x"}, (400, "invalid_target", "resource_malformed")),
    "rfc8707-2 two": ("many", {"resource": [API, OTHER_API]}, (400, "invalid_target", "several_resources")),
    "several audiences": ("many", {}, (400, "invalid_target", "audience_ambiguous")),
}


@pytest.mark.parametrize(("who", "form", "because"), TARGETS.values(), ids=TARGETS)
async def test_a_service_gets_nothing_beyond_its_own(
    stage: Stage, who: str, form: dict[str, Any], because: tuple[int, str, str]
) -> None:
    assert (await stage.clients[who].token("client_credentials", **form)).because == because


async def test_suspended_means_with_the_next_request(stage: Stage) -> None:
    token = (await stage.robot.token("client_credentials")).json["access_token"]
    async with change(stage.scene.caller) as tx:
        await applications.suspend(tx, stage.robot.application)
    refused = await stage.robot.token("client_credentials")
    assert refused.because == (401, "invalid_client", "client_not_active")
    assert refused.http.headers["www-authenticate"].startswith("Basic")
    assert not await stage.web.alive(token)


async def test_a_suspended_tenant_stops_its_services(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        await tenants.suspend(tx, await tenants.own(tx))
    refused = await stage.robot.token("client_credentials")
    assert refused.because == (401, "invalid_client", "client_not_active")


async def test_a_deleted_api_is_nobodys_audience(stage: Stage) -> None:
    async with change(stage.scene.caller) as tx:
        api = (await apis.catalogue(tx, await tenants.own(tx), ISSUER)).find(API)
        assert api is not None
        await apis.delete(tx, api)
    told = (await stage.robot.token("client_credentials")).json
    assert (claims_of(told["access_token"])["aud"], told["scope"]) == (ISSUER, "")


async def test_the_time_of_last_use_is_kept(stage: Stage) -> None:
    await stage.robot.token("client_credentials")
    async with look(stage.scene.caller) as tx:
        found = await applications.by_client_id(tx, stage.robot.application.client_id)
    assert found is not None
    assert found.last_used_at is not None


async def test_cod_15_only_its_own_origins_may_read(stage: Stage) -> None:
    async def allowed(client: Any, origin: str) -> str | None:
        answer = await client.post("/oauth/token", {"grant_type": "refresh_token"}, {"Origin": origin})
        assert "access-control-allow-credentials" not in answer.http.headers
        assert answer.http.headers["vary"] == "origin"
        found: str | None = answer.http.headers.get("access-control-allow-origin")
        return found

    assert await allowed(stage.spa, SPA_ORIGIN) == SPA_ORIGIN
    assert await allowed(stage.spa, "https://evil.example") is None
    assert await allowed(stage.mallory, SPA_ORIGIN) is None, "another client's origin"
    preflight = await stage.ask("OPTIONS", "/oauth/token", headers={"Origin": SPA_ORIGIN})
    assert (preflight.status, preflight.http.headers["access-control-allow-origin"]) == (204, SPA_ORIGIN)
    stranger = await stage.ask("OPTIONS", "/oauth/token", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.http.headers
