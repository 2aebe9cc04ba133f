"""Grants, access tokens and ID tokens: made, verified, and dead as soon as what they depend on is."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest

from sigid import applications, tenants
from sigid.kernel import clock, jws
from sigid.kernel.database import change, look, use
from sigid.kernel.errors import InvalidToken
from sigid.tokens import access, grants, identity, keys, schedule, sessions
from tests.harness.storage import ISSUER
from tests.tokens.scene import Scene, User, make_scene


def mint(tx: Any, scene: Scene, user: User | None = None, grant_id: str | None = None, **changes: Any) -> access.Minted:
    client = scene.web if user else scene.robot
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "alg": "ES256",
        "audience": "https://api.example",
        "client_id": client.client_id,
        "application_id": client.id,
        "sub": user.sub if user else client.client_id,
        "sub_type": "user" if user else "service",
        "scope": ("projects:read",),
        "life": timedelta(minutes=10),
        "tenant_user_id": user.id if user else None,
        "sid": user.sid if user else None,
        "grant_id": grant_id,
    }
    return access.mint(tx, **(values | changes))


async def test_a_service_token_says_what_rfc_9068_asks(scene: Scene) -> None:
    async with use(scene.caller) as tx:
        minted = mint(tx, scene)
    head, body, _ = minted.text.split(".")
    assert json.loads(jws.decode(head)).keys() == {"alg", "typ", "kid"}
    assert json.loads(jws.decode(head))["typ"] == "at+jwt"
    claims = json.loads(jws.decode(body))
    assert claims.keys() == {
        "iss", "sub", "aud", "client_id", "iat", "exp", "jti", "scope", "tenant_id", "sub_type",
    }  # fmt: skip
    assert claims["sub"] == claims["client_id"] == scene.robot.client_id
    assert claims["tenant_id"] == scene.tenant.id
    assert claims["exp"] - claims["iat"] == minted.expires_in == 600
    token = await access.verify(minted.text, ISSUER)
    assert token.scopes == ("projects:read",)
    async with look(scene.caller) as tx:
        status = await access.status(tx, token.jti)
    assert status is not None
    assert status.dead_because is None
    assert status.client_id == scene.robot.client_id


@pytest.mark.parametrize("alg", schedule.ALGORITHMS)
async def test_an_access_token_is_signed_as_the_api_wants(scene: Scene, alg: str) -> None:
    async with use(scene.caller) as tx:
        minted = mint(tx, scene, alg=alg)
    assert (await access.verify(minted.text, ISSUER)).claims["jti"] == minted.jti


async def _suspend_application(scene: Scene, user: User, grant_id: str) -> None:
    async with change(scene.caller) as tx:
        await applications.suspend(tx, scene.web)


async def _delete_application(scene: Scene, user: User, grant_id: str) -> None:
    async with change(scene.caller) as tx:
        await applications.delete(tx, scene.web)


async def _suspend_tenant(scene: Scene, user: User, grant_id: str) -> None:
    async with change(scene.caller) as tx:
        await tenants.suspend(tx, await tenants.own(tx))


async def _suspend_user(scene: Scene, user: User, grant_id: str) -> None:
    await user.become("suspended", scene)


async def _end_session(scene: Scene, user: User, grant_id: str) -> None:
    async with use(scene.caller) as tx:
        assert await sessions.end(tx, user.sid, because="signed_out")


async def _end_grant(scene: Scene, user: User, grant_id: str) -> None:
    async with use(scene.caller) as tx:
        assert await grants.end(tx, grant_id, because="consent_revoked")


async def _end_grants_of_user(scene: Scene, user: User, grant_id: str) -> None:
    async with use(scene.caller) as tx:
        assert await grants.end_of_user(tx, user.id, because="test") == 1


async def _end_grants_of_application(scene: Scene, user: User, grant_id: str) -> None:
    async with use(scene.caller) as tx:
        assert await grants.end_of_application(tx, scene.web.id, because="test") == 1


async def _revoke_key(scene: Scene, user: User, grant_id: str) -> None:
    await schedule.revoke(keys.ring().signer("ES256", clock.timestamp()).id)


async def _wait(scene: Scene, user: User, grant_id: str) -> None:
    clock.advance(601)


ENDINGS: dict[str, tuple[Callable[[Scene, User, str], Awaitable[None]], str | None]] = {
    "the application is suspended": (_suspend_application, "application_not_active"),
    "the application is deleted": (_delete_application, None),
    "the tenant is suspended": (_suspend_tenant, "tenant_not_active"),
    "the user is suspended": (_suspend_user, "tenant_user_not_active"),
    "the session ends": (_end_session, "session_ended"),
    "the grant ends": (_end_grant, "grant_ended"),
    "the user's grants end": (_end_grants_of_user, "grant_ended"),
    "the application's grants end": (_end_grants_of_application, "grant_ended"),
    "KEY-03 its key is revoked": (_revoke_key, "signing_key_revoked"),
    "its time passes": (_wait, "token_expired"),
}


@pytest.mark.parametrize(("ending", "because"), ENDINGS.values(), ids=ENDINGS)
async def test_a_token_is_dead_at_once_when(
    scene: Scene, user: User, ending: Callable[[Scene, User, str], Awaitable[None]], because: str | None
) -> None:
    async with use(scene.caller) as tx:
        grant = user.grant(tx, scene)
        minted = mint(tx, scene, user, grant.id)
    async with look(scene.caller) as tx:
        before = await access.status(tx, minted.jti)
    assert before is not None
    assert before.dead_because is None
    await ending(scene, user, grant.id)
    async with look(scene.caller) as tx:
        after = await access.status(tx, minted.jti)
    assert (after.dead_because if after else None) == because
    assert because is not None or after is None


async def test_revoking_an_access_token_ends_only_that_one(scene: Scene, user: User) -> None:
    async with use(scene.caller) as tx:
        grant = user.grant(tx, scene)
        first, second = mint(tx, scene, user, grant.id), mint(tx, scene, user, grant.id)
    async with use(scene.caller) as tx:
        assert await access.revoke(tx, first.jti)
    async with use(scene.caller) as tx:
        assert not await access.revoke(tx, first.jti)
    async with look(scene.caller) as tx:
        statuses = [await access.status(tx, minted.jti) for minted in (first, second)]
    assert [status and status.dead_because for status in statuses] == ["token_revoked", None]


async def test_another_tenant_knows_nothing_of_a_token(scene: Scene) -> None:
    other = await make_scene("other")
    async with use(scene.caller) as tx:
        minted = mint(tx, scene)
    async with use(other.caller) as tx:
        assert await access.status(tx, minted.jti) is None
        assert not await access.revoke(tx, minted.jti)


async def test_a_unit_that_fails_leaves_no_record(scene: Scene) -> None:
    minted = []

    async def fail() -> None:
        async with use(scene.caller) as tx:
            minted.append(mint(tx, scene))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with look(scene.caller) as tx:
        assert await access.status(tx, minted[0].jti) is None


def _forged(scene: Scene, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token by our own key, with what is named changed; None leaves a claim out."""
    key = keys.ring().signer("ES256", clock.timestamp())
    now = int(clock.timestamp())
    good = {
        "iss": ISSUER, "sub": "x", "aud": "a", "client_id": "x", "iat": now, "exp": now + 60, "jti": "tok_1",
        "scope": "", "tenant_id": scene.tenant.id, "sub_type": "service",
    }  # fmt: skip
    body = {name: value for name, value in (good | claims).items() if value is not None}
    head = {"alg": "ES256", "typ": "at+jwt", "kid": key.id} | (header or {})
    signed = jws.encode(orjson.dumps(head)) + b"." + jws.encode(orjson.dumps(body))
    return (signed + b"." + jws.encode(jws.sign("ES256", key.private, signed))).decode()


FORGERIES: dict[str, tuple[dict[str, Any], str]] = {
    "TOK-01 alg none": ({"header": {"alg": "none"}}, "token_signature_wrong"),
    "TOK-02 alg HS256": ({"header": {"alg": "HS256"}}, "token_signature_wrong"),
    "TOK-03 jwk": ({"header": {"jwk": {"kty": "EC"}}}, "token_typ_wrong"),
    "TOK-03 jku": ({"header": {"jku": "https://evil.example"}}, "token_typ_wrong"),
    "TOK-03 x5u": ({"header": {"x5u": "https://evil.example"}}, "token_typ_wrong"),
    "TOK-04 ES384": ({"header": {"alg": "ES384"}}, "token_signature_wrong"),
    "TOK-05 unknown kid": ({"header": {"kid": "key_1"}}, "token_key_unknown"),
    "TOK-05 kid is a number": ({"header": {"kid": 1}}, "token_key_unknown"),
    "TOK-06 an ID token": ({"header": {"typ": "JWT"}}, "token_typ_wrong"),
    "TOK-06 typ in another case": ({"header": {"typ": "AT+JWT"}}, "token_typ_wrong"),
    "TOK-08 iss an array": ({"iss": [ISSUER]}, "token_of_another_issuer"),
    "TOK-08 iss with a slash": ({"iss": ISSUER + "/"}, "token_of_another_issuer"),
    "TOK-09 no exp": ({"exp": None}, "token_expired"),
    "TOK-09 exp a text": ({"exp": "9999999999"}, "token_expired"),
    "TOK-09 exp true": ({"exp": True}, "token_expired"),
    "TOK-09 exp a fraction": ({"exp": 9999999999.5}, "token_expired"),
    "TOK-09 exp past": ({"exp": 1}, "token_expired"),
    "TOK-09 iat ahead": ({"iat": 1 << 40}, "token_of_the_future"),
    "TOK-07 aud an array": ({"aud": ["a"]}, "token_claims_malformed"),
    "TOK-10 crit": ({"header": {"crit": ["exp"]}}, "jws_header_critical"),
    "TOK-10 crit empty": ({"header": {"crit": []}}, "jws_header_critical"),
    "TOK-10 b64": ({"header": {"b64": False}}, "jws_header_critical"),
}


@pytest.mark.parametrize(("forgery", "because"), FORGERIES.values(), ids=FORGERIES)
async def test_a_token_is_refused(scene: Scene, forgery: dict[str, Any], because: str) -> None:
    await access.verify(_forged(scene), ISSUER)
    with pytest.raises(InvalidToken) as refused:
        await access.verify(_forged(scene, **forgery), ISSUER)
    assert refused.value.reason == because


async def test_a_token_without_tenant_opens_no_tenants_door(scene: Scene) -> None:
    token = await access.verify(_forged(scene, tenant_id=None), ISSUER)
    with pytest.raises(InvalidToken, match="token_without_tenant"):
        _ = token.tenant_id


async def test_an_id_token_is_a_hint_even_when_expired_and_no_access_token(scene: Scene, user: User) -> None:
    token = identity.mint(
        issuer=ISSUER, alg="RS256", client_id=scene.web.client_id, tenant_id=scene.tenant.id, sub=user.sub,
        now=clock.now(), life=timedelta(minutes=10), auth_time=clock.now(), nonce="n", sid=user.sid,
        access_token="at", claims={"name": "Ada", "sub": "somebody else"},
    )  # fmt: skip
    claims = json.loads(jws.decode(token.split(".")[1]))
    assert claims["sub"] == user.sub
    assert claims["nonce"] == "n"
    assert claims["name"] == "Ada"
    clock.advance(3600)
    hint = await identity.hint(token, ISSUER)
    assert (hint.sub, hint.client_id, hint.sid) == (user.sub, scene.web.client_id, user.sid)
    with pytest.raises(InvalidToken, match="token_typ_wrong"):
        await access.verify(token, ISSUER)
    async with use(scene.caller) as tx:
        minted = mint(tx, scene)
    with pytest.raises(InvalidToken, match="token_typ_wrong"):
        await identity.hint(minted.text, ISSUER)
