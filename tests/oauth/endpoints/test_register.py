"""Registration where it meets its limits: policies of tokens, quotas, processes that race; on both databases.

What a client may say and is told is in `tests/oauth/test_registration.py`.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from sigid import applications, tenants
from sigid.applications import initial_access
from sigid.kernel import clock, idempotency
from sigid.kernel.callers import Caller
from sigid.kernel.database import change, look, param, statement, use
from sigid.kernel.idempotency import Key
from sigid.kernel.web import Response
from sigid.oauth.endpoints import register
from sigid.tokens import unused_clients
from tests.oauth.endpoints.stage import API, CALLBACK, OTHER_API, Answer, Client, Stage
from tests.tokens.scene import events

DAY = 86_400
_a = applications.standing.c
LONG_UNUSED = statement(
    "tests.long_unused",
    update(applications.standing)
    .where(_a.tenant_id == param("tenant_id", _a.tenant_id), _a.id == param("id", _a.id))
    .values(last_used_at=None),
)


async def token(stage: Stage, uses: int = 1, **policy: Any) -> str:
    async with change(stage.scene.caller) as tx:
        return (await initial_access.create(tx, uses=uses, life=timedelta(hours=1), policy=policy)).reveal()


async def registered(stage: Stage, by: str, key: str | None = None, **metadata: Any) -> Answer:
    headers = {"Authorization": f"Bearer {by}", "Content-Type": "application/json"}
    headers |= {"Idempotency-Key": key} if key is not None else {}
    content = json.dumps({"redirect_uris": [CALLBACK]} | metadata)
    return await stage.ask("POST", "/oauth/register", content=content, headers=headers)


async def put(stage: Stage, client: dict[str, Any], **metadata: Any) -> Answer:
    headers = {"Authorization": f"Bearer {client['registration_access_token']}", "Content-Type": "application/json"}
    body = {"client_id": client["client_id"], "redirect_uris": [CALLBACK]} | metadata
    return await stage.ask("PUT", f"/oauth/register/{client['client_id']}", content=json.dumps(body), headers=headers)


BEYOND = {
    "grant_types": {"grant_types": ["authorization_code", "client_credentials"]},
    "types": {"type": "native", "redirect_uris": ["com.example.app:/cb"]},
}


@pytest.mark.promise("3.5.registration")
@pytest.mark.parametrize("metadata", BEYOND.values(), ids=BEYOND)
async def test_dcr_03_a_token_may_allow_less(stage: Stage, metadata: dict[str, Any]) -> None:
    strict = await token(stage, grant_types=["authorization_code", "refresh_token"], types=["web", "spa"])
    refused = await registered(stage, strict, **metadata)
    assert refused.because == (400, "invalid_client_metadata", "registration_beyond_policy")
    assert (await registered(stage, strict)).status == 201, "nothing was spent"


@pytest.mark.promise("3.5.registration-management")
async def test_dcr_04_what_a_token_did_not_allow_no_change_reaches(stage: Stage) -> None:
    strict = await token(stage, grant_types=["authorization_code"], scopes=["openid", "projects:read"])
    asked = {"scope": "openid email projects:read projects:delete", "grant_types": ["authorization_code"]}
    client = (await registered(stage, strict, **asked)).json
    assert client["scope"] == "openid projects:read"
    assert not client.keys() & {"initial_access_policy", "policy"}
    wider = await put(stage, client, grant_types=["authorization_code", "refresh_token"])
    assert wider.because == (400, "invalid_client_metadata", "registration_beyond_policy")
    again = await put(stage, client, **asked)
    assert (again.status, again.json["scope"]) == (200, "openid projects:read")
    assert (await put(stage, again.json, **asked)).json["scope"] == "openid projects:read"


async def test_audiences_follow_from_the_scopes(stage: Stage) -> None:
    client = (await registered(stage, await token(stage), scope="openid projects:read other:read")).json
    async with change(stage.scene.caller) as tx:
        found = await applications.by_client_id(tx, client["client_id"])
    assert found is not None
    assert set(found.application.audiences) == {API, OTHER_API}
    assert (found.application.registered, found.application.consent, found.application.require_pkce) == (
        True, "ask", True,
    )  # fmt: skip


async def test_dcr_02_another_process_spent_the_token_for_the_same_key(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked for an answer before there was one, and came to the token after it was spent."""
    single = await token(stage)
    first = await registered(stage, single, key="one")
    assert first.status == 201
    looks = 0
    real = idempotency._first_answer

    async def too_early(caller: Caller, key: Key) -> Response | None:
        nonlocal looks
        looks += 1
        return None if looks == 1 else await real(caller, key)

    monkeypatch.setattr(idempotency, "_first_answer", too_early)
    again = await registered(stage, single, key="one")
    assert (again.status, again.http.content) == (201, first.http.content)
    assert again.http.headers["idempotent-replayed"] == "true"
    assert looks == 2


async def test_dcr_10_a_token_registers_no_end_of_clients(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "_FREE_REGISTRATIONS", 3)
    many = await token(stage, uses=10)
    answers = [await registered(stage, many) for _ in range(4)]
    assert [answer.status for answer in answers] == [201, 201, 201, 429]
    assert answers[-1].because == (429, "temporarily_unavailable", "too_many_tries")
    assert (await registered(stage, await token(stage))).status == 201, "another token has its own"


async def test_dcr_10_failures_are_counted_by_network(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "_FREE_FAILURES", 2)
    answers = [await registered(stage, "nonsense") for _ in range(3)]
    assert [answer.status for answer in answers] == [401, 401, 429]
    assert (await registered(stage, await token(stage))).status == 201, "a good token is never kept waiting"


async def test_dcr_01_a_revoked_token_and_a_suspended_tenant(stage: Stage) -> None:
    revoked, good = await token(stage), await token(stage)
    async with change(stage.scene.caller) as tx:
        handle = initial_access.parse(revoked)
        assert handle is not None
        found = await initial_access.find(tx, handle)
        assert found is not None
        assert await initial_access.revoke(tx, found.id)
    assert (await registered(stage, revoked)).because == (401, "invalid_token", "initial_access_revoked")
    client = (await registered(stage, await token(stage))).json
    async with change(stage.scene.caller) as tx:
        await tenants.suspend(tx, await tenants.own(tx))
    assert (await registered(stage, good)).because == (401, "invalid_token", "tenant_not_active")
    assert (await put(stage, client)).because == (401, "invalid_token", "client_not_active")


async def test_a_suspended_client_does_not_manage_itself(stage: Stage) -> None:
    client = (await registered(stage, await token(stage))).json
    async with change(stage.scene.caller) as tx:
        found = await applications.by_client_id(tx, client["client_id"])
        assert found is not None
        await applications.suspend(tx, found.application)
    assert (await put(stage, client)).because == (401, "invalid_token", "client_not_active")


async def test_a_client_strengthens_its_authentication(stage: Stage) -> None:
    client = (await registered(stage, await token(stage))).json
    key = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}  # RFC 8037 appendix A.2
    better = await put(stage, client, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [key]})
    assert (better.status, better.json["token_endpoint_auth_method"]) == (200, "private_key_jwt")
    back = await put(stage, better.json, token_endpoint_auth_method="client_secret_basic")
    assert back.because == (400, "invalid_client_metadata", "auth_method_weakened")


async def test_dcr_10_clients_that_nobody_uses_are_deleted(stage: Stage) -> None:
    many = await token(stage, uses=3)
    asked = {"grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none"}
    unused, used, granted = [(await registered(stage, many, **asked)).json["client_id"] for _ in range(3)]
    clock.advance(60 * DAY)
    clients = {}
    async with look(stage.scene.caller) as tx:
        for client_id in (used, granted):
            found = await applications.by_client_id(tx, client_id)
            assert found is not None
            clients[client_id] = Client(stage, found.application, None)
    assert (await clients[used].redeem(await stage.code(clients[used], offline=False))).status == 200
    await stage.tokens(clients[granted])
    async with use(stage.scene.caller) as tx:
        assert await tx.run(LONG_UNUSED, id=clients[granted].application.id) == 1
    clock.advance(31 * DAY)
    assert await unused_clients.delete_unused() == 1
    assert await unused_clients.delete_unused() == 0
    async with look(stage.scene.caller) as tx:
        left = {client_id: await applications.by_client_id(tx, client_id) for client_id in (unused, used, granted)}
        administrators = await applications.by_client_id(tx, stage.robot.application.client_id)
    assert [client_id for client_id, found in left.items() if found is None] == [unused]
    assert administrators is not None, "what an administrator made stays"
    refused = await stage.ask("POST", "/oauth/token", form={"grant_type": "refresh_token", "client_id": unused})
    assert refused.because == (401, "invalid_client", "client_unknown")
    assert "application.deleted" in await events(stage.scene)
