"""Applications: made by type, judged as a whole, found with each request anew; on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from sigid import applications
from sigid.applications import Application, InvalidMetadata, InvalidRedirectUri, Made, initial_access
from sigid.kernel import clock
from sigid.kernel.callers import Origin
from sigid.kernel.database import change, look, use
from sigid.kernel.errors import InvalidToken, Refused
from sigid.kernel.secrets import Handle, Secret
from tests.tokens.scene import Scene, events, make_scene

CALLBACK = ("https://app.example/cb",)
ORIGIN = Origin("req_test", "203.0.113.7")


async def made(scene: Scene, **settings: Any) -> Made:
    async with change(scene.caller) as tx:
        return await applications.create(tx, **({"type": "web", "name": "x", "redirect_uris": CALLBACK} | settings))


async def test_defaults_are_those_of_the_type(scene: Scene) -> None:
    found = {kind: await made(scene, type=kind) for kind in ("web", "spa", "native")}
    found["service"] = await made(scene, type="service", redirect_uris=())
    methods = {kind: each.application.token_endpoint_auth_method for kind, each in found.items()}
    assert methods == {
        "web": "client_secret_basic", "spa": "none", "native": "none", "service": "client_secret_basic"
    }  # fmt: skip
    assert found["web"].application.grant_types == ("authorization_code", "refresh_token")
    assert found["service"].application.grant_types == ("client_credentials",)
    assert found["service"].application.response_types == ()
    assert {kind: each.secret is not None for kind, each in found.items()} == {
        "web": True, "spa": False, "native": False, "service": True
    }  # fmt: skip
    for each in found.values():
        assert each.application.require_pkce
        assert each.application.consent == "ask"
        assert each.application.id_token_signed_response_alg == "RS256"


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "type": ({"type": "desktop"}, "type_unknown", "/type"),
    "name empty": ({"name": " "}, "name_malformed", "/name"),
    "DCR-09 name of 10 KiB": ({"name": "a" * 10_240}, "name_malformed", "/name"),
    "DCR-09 name from right to left": ({"name": "a\u202eb"}, "name_malformed", "/name"),
    "client_id": ({"client_id": "a b"}, "client_id_malformed", "/client_id"),
    "method": (
        {"token_endpoint_auth_method": "client_secret_jwt"}, "auth_method_unknown", "/token_endpoint_auth_method"
    ),
    "public service": (
        {"type": "service", "token_endpoint_auth_method": "none"},
        "service_without_authentication", "/token_endpoint_auth_method",
    ),
    "secret in a browser": (
        {"type": "spa", "token_endpoint_auth_method": "client_secret_post"},
        "secret_in_public_client", "/token_endpoint_auth_method",
    ),
    "keys missing": ({"token_endpoint_auth_method": "private_key_jwt"}, "keys_missing", "/jwks"),
    "keys twice": ({"jwks": {"keys": []}, "jwks_uri": "https://a.example/k"}, "jwks_twice", "/jwks_uri"),
    "private key": ({"jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, "jwks_private_key", "/jwks"),
    "grant type": ({"grant_types": ("authorization_code", "implicit")}, "grant_type_unknown", "/grant_types/1"),
    "password grant": ({"grant_types": ("password",)}, "grant_type_unknown", "/grant_types/0"),
    "public client_credentials": (
        {"type": "spa", "grant_types": ("client_credentials",)}, "client_credentials_public", "/grant_types"
    ),
    "service with people": (
        {"type": "service", "grant_types": ("authorization_code",)}, "service_with_people", "/grant_types"
    ),
    "refresh alone": ({"grant_types": ("refresh_token",)}, "refresh_without_code", "/grant_types"),
    "no PKCE in public": ({"type": "spa", "require_pkce": False}, "pkce_public", "/require_pkce"),
    "no redirect URI": ({"redirect_uris": ()}, "redirect_uri_missing", "/redirect_uris"),
    "post-logout URI": (
        {"post_logout_redirect_uris": ("https://*.a.example",)}, "redirect_uri_wildcard", "/post_logout_redirect_uris/0"
    ),
    "origin": ({"origins": ("*",)}, "origin_malformed", "/origins/0"),
    "scope": ({"scopes": ("a b",)}, "scope_malformed", "/scopes/0"),
    "ID token none": (
        {"id_token_signed_response_alg": "none"}, "response_alg_unknown", "/id_token_signed_response_alg"
    ),
    "UserInfo HS256": (
        {"userinfo_signed_response_alg": "HS256"}, "response_alg_unknown", "/userinfo_signed_response_alg"
    ),
    "consent": ({"consent": "never"}, "consent_unknown", "/consent"),
    "implicit consent by registration": (
        {"consent": "implicit", "registered": True}, "consent_implicit_registered", "/consent"
    ),
    "profile": ({"profile": "fapi"}, "profile_unknown", "/profile"),
    "DCR-07 logo at home": ({"logo_uri": "https://10.0.0.1/logo.png"}, "address_not_public", "/logo_uri"),
    "DCR-07 keys at the metadata address": (
        {"jwks_uri": "https://169.254.169.254/k"}, "address_not_public", "/jwks_uri"
    ),
    "DCR-07 keys over http": ({"jwks_uri": "http://a.example/k"}, "url_scheme_refused", "/jwks_uri"),
    "DCR-07 logout at javascript": (
        {"backchannel_logout_uri": "javascript:alert(1)"}, "url_scheme_refused", "/backchannel_logout_uri"
    ),
    "DCR-07 policy at javascript": ({"policy_uri": "javascript:alert(1)"}, "link_malformed", "/policy_uri"),
    "initiate_login_uri over http": (
        {"initiate_login_uri": "http://localhost/x"}, "link_malformed", "/initiate_login_uri"
    ),
    "metadata": ({"metadata": {"a": "b" * 20_000}}, "metadata_too_large", ""),
    "DCR-03 a setting that is none": ({"first_party": True}, "metadata_unknown", "/first_party"),
    "DCR-03 status": ({"status": "active"}, "metadata_unknown", "/status"),
    "DCR-03 secrets": ({"secrets": ()}, "metadata_unknown", "/secrets"),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "reason", "pointer"), REFUSED.values(), ids=REFUSED)
async def test_refused(scene: Scene, settings: dict[str, Any], reason: str, pointer: str) -> None:
    with pytest.raises(InvalidMetadata) as refused:
        await made(scene, **settings)
    assert (refused.value.reason, refused.value.pointer) == (reason, pointer)
    expected = "invalid_redirect_uri" if isinstance(refused.value, InvalidRedirectUri) else "invalid_client_metadata"
    assert refused.value.code == expected
    async with look(scene.caller) as tx:
        assert len(await applications.page(tx)) == 2


async def test_dcr_04_the_rules_hold_for_the_result_of_a_change(scene: Scene) -> None:
    service = (await made(scene, type="service", redirect_uris=())).application

    async def changed(**settings: Any) -> Application:
        async with change(scene.caller) as tx:
            return await applications.update(tx, service, **settings)

    for settings, reason in [
        ({"token_endpoint_auth_method": "none"}, "service_without_authentication"),
        ({"redirect_uris": ("http://a.example/cb",)}, "redirect_uri_http"),
        ({"client_id": "other"}, "metadata_unknown"),
        ({"registered": False}, "metadata_unknown"),
    ]:
        with pytest.raises(InvalidMetadata, match=reason):
            await changed(**settings)
    assert (await changed(name="new")).version == 2


async def test_two_changes_of_one_version_and_one_wins(scene: Scene) -> None:
    async def renamed(name: str) -> str:
        try:
            async with change(scene.caller) as tx:
                await applications.update(tx, scene.web, name=name)
        except Refused as refused:
            return refused.code
        return "changed"

    answers = await asyncio.gather(*[renamed(f"name {number}") for number in range(50)])
    assert answers.count("changed") == 1
    assert answers.count("etag_mismatch") == 49


async def test_a_client_id_is_taken_once_across_tenants(scene: Scene) -> None:
    other = await make_scene("other")

    async def claim(where: Scene) -> str:
        try:
            await made(where, client_id="chosen")
        except Refused as refused:
            return refused.reason
        return "claimed"

    answers = await asyncio.gather(*[claim(where) for where in [scene, other] * 25])
    assert answers.count("claimed") == 1
    assert answers.count("client_id_taken") == 49
    found = await applications.find("chosen", ORIGIN)
    assert found is not None
    assert found.application.client_id == "chosen"


async def test_what_is_found_is_what_was_made(scene: Scene) -> None:
    each = await made(
        scene, origins=("https://app.example",), scopes=("openid",), audiences=("sigid",), default_max_age=60,
        logo_uri="https://app.example/logo.png", metadata={"contacts": ["ada@example.com"]}, require_pkce=False,
    )  # fmt: skip
    found = await applications.find(each.application.client_id, ORIGIN)
    assert found is not None
    assert found.application == each.application
    assert found.tenant.id == scene.tenant.id
    assert (await applications.find("nobody", ORIGIN)) is None
    async with look((await make_scene("other")).caller) as tx:
        assert await applications.by_id(tx, each.application.id) is None
        assert await applications.by_client_id(tx, each.application.client_id) is None


async def test_a_change_is_seen_with_the_next_request(scene: Scene) -> None:
    assert (await applications.find(scene.web.client_id, ORIGIN)) is not None
    async with change(scene.caller) as tx:
        await applications.update(tx, scene.web, name="renamed")
    found = await applications.find(scene.web.client_id, ORIGIN)
    assert found is not None
    assert found.application.name == "renamed"


async def test_a_fourth_live_secret_is_refused_and_a_lapsed_one_makes_room(scene: Scene) -> None:
    application = scene.robot
    for grace in (None, timedelta(minutes=1)):
        async with change(scene.caller) as tx:
            application, _, _ = await applications.add_secret(tx, application, grace)
    with pytest.raises(Refused, match="too_many_secrets"):
        async with change(scene.caller) as tx:
            await applications.add_secret(tx, application)
    clock.advance(61)
    async with change(scene.caller) as tx:
        application, _, _ = await applications.add_secret(tx, application)
    assert len(application.secrets) == 2
    assert (await events(scene)).count("application.secret_rotated") == 3


async def test_aud_06_the_database_holds_no_secret(scene: Scene) -> None:
    each = await made(scene, client_secret=Secret("chosen-by-somebody"))
    assert "chosen-by-somebody" not in repr(each)
    found = await applications.find(each.application.client_id, ORIGIN)
    assert found is not None
    assert "chosen-by-somebody" not in str([secret.as_json() for secret in found.application.secrets])
    assert applications.secrets.match(found.application.secrets, "chosen-by-somebody", clock.now())
    assert not applications.secrets.match(found.application.secrets, "chosen-by-somebody ", clock.now())
    assert not applications.secrets.match((), "chosen-by-somebody", clock.now())


async def test_origins_are_those_of_the_redirect_uris_where_there_is_no_authentication(scene: Scene) -> None:
    uris = ("https://spa.example/cb", "http://localhost:3000/cb", "https://spa.example/other")
    assert (await made(scene, type="spa", redirect_uris=uris)).application.browser_origins == {
        "https://spa.example", "http://localhost:3000"
    }  # fmt: skip
    assert (await made(scene)).application.browser_origins == frozenset()
    assert (await made(scene, type="spa", redirect_uris=uris, origins=())).application.browser_origins == frozenset()
    assert await applications.origin_is_registered("https://spa.example", ORIGIN)
    assert not await applications.origin_is_registered("https://evil.example", ORIGIN)
    assert not await applications.origin_is_registered("null", ORIGIN)


async def test_when_it_was_last_used_is_kept_once_an_hour(scene: Scene) -> None:
    async def used() -> object:
        found = await applications.find(scene.robot.client_id, ORIGIN)
        assert found is not None
        async with use(scene.caller) as tx:
            await applications.note_use(tx, found)
        again = await applications.find(scene.robot.client_id, ORIGIN)
        assert again is not None
        return again.last_used_at

    first = await used()
    assert first is not None
    clock.advance(1800)
    assert await used() == first
    clock.advance(1801)
    assert await used() != first


async def token(scene: Scene, uses: int, life: timedelta = timedelta(hours=24)) -> Handle:
    async with change(scene.caller) as tx:
        return await initial_access.create(tx, uses=uses, life=life)


async def spent(scene: Scene, handle: Handle) -> str:
    try:
        async with change(scene.caller) as tx:
            await initial_access.spend(tx, handle)
            await applications.create(tx, type="web", name="registered", redirect_uris=CALLBACK, registered=True)
    except InvalidToken as refused:
        return refused.reason
    return "registered"


async def test_dcr_02_fifty_registrations_with_a_token_of_three_uses_make_three(scene: Scene) -> None:
    handle = await token(scene, 3)
    answers = await asyncio.gather(*[spent(scene, handle) for _ in range(50)])
    assert answers.count("registered") == 3
    assert answers.count("initial_access_spent") == 47


async def test_dcr_01_a_token_is_refused_by_its_reason(scene: Scene) -> None:
    expired = await token(scene, 1)
    clock.advance(86_401)
    assert await spent(scene, expired) == "initial_access_expired"
    revoked = await token(scene, 1)
    async with look(scene.caller) as tx:
        found = await initial_access.find(tx, revoked)
    assert found is not None
    async with change(scene.caller) as tx:
        assert await initial_access.revoke(tx, found.id)
    assert await spent(scene, revoked) == "initial_access_revoked"
    assert await spent(scene, Handle.generate(initial_access.PREFIX, scene.tenant.id)) == "initial_access_unknown"
    other = await make_scene("other")
    assert await spent(scene, await token(other, 1)) == "initial_access_unknown"
    assert initial_access.parse("sigid_iat_x") is None
    assert initial_access.tenant_of(revoked) == scene.tenant.id


@pytest.mark.parametrize(("uses", "life"), [(0, 1), (10_001, 1), (1, 91), (1, 0)])
async def test_an_initial_access_token_stands_within_bounds(scene: Scene, uses: int, life: int) -> None:
    with pytest.raises(Refused, match="initial_access_out_of_bounds"):
        await token(scene, uses, timedelta(days=life))
