"""Authlib's Starlette client and its OAuth 2 session: a web application in Python."""

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from authlib.integrations.base_client import MismatchingStateError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.starlette_client import OAuth, OAuthError
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from joserfc.jwk import RSAKey
from starlette.requests import Request

from tests.harness import Person, Server, Tenant
from tests.harness.bootstrap import AUDIENCE
from tests.harness.person import arrived, shown
from tests.interop.clients import CALLBACK, SCOPE, SIGNED_OUT, tenant_of, web

pytestmark = pytest.mark.promise("3.proof.authlib")


class ShortLivedPrivateKeyJWT(PrivateKeyJWT):
    """Authlib's own lets an assertion live for an hour; SigID takes ten minutes at most."""

    def sign(self, auth: Any, token_endpoint: str) -> str:
        claims = {"exp": int(time.time()) + 300}
        return str(private_key_jwt_sign(auth.client_secret, auth.client_id, token_endpoint, self.alg, claims))


class Site:
    """An application on Authlib as one browser sees it: requests come with the browser's session."""

    def __init__(self, server: Server, tenant: Tenant, key: RSAKey | None = None) -> None:
        self.client = tenant.application("web")
        self.session: dict[str, Any] = {}
        method = self.client.method
        self.authlib = OAuth().register(
            "sigid",
            server_metadata_url=f"{server.issuer}/.well-known/openid-configuration",
            client_id=self.client.client_id,
            client_secret=key or self.client.client_secret,
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": method,
                "revocation_endpoint_auth_method": method,
            },
            authorize_params={"resource": AUDIENCE},
            client_auth_methods=[ShortLivedPrivateKeyJWT(f"{server.issuer}/oauth/token")] if key else None,
        )

    def request(self, url: str) -> Request:
        parts = urlsplit(url)
        return Request(
            {
                "type": "http",
                "method": "GET",
                "path": parts.path,
                "query_string": parts.query.encode(),
                "headers": [],
                "session": self.session,
            }
        )

    async def login(self, **parameters: str) -> str:
        away = await self.authlib.authorize_redirect(self.request("/login"), CALLBACK, **parameters)
        return away.headers["Location"]

    async def callback(self, url: str) -> dict[str, Any]:
        token: dict[str, Any] = await self.authlib.authorize_access_token(self.request(url))
        return token

    async def other_session(self) -> AsyncOAuth2Client:
        """Authlib's plain OAuth 2 client, with what discovery said."""
        metadata = await self.authlib.load_server_metadata()
        return AsyncOAuth2Client(self.client.client_id, self.client.client_secret, **metadata)


@pytest.fixture
def scene(real_time_server):
    tenant = tenant_of(real_time_server, web())
    with Person(real_time_server) as person:
        yield Site(real_time_server, tenant), tenant, person


async def test_authlib(scene):
    site, tenant, person = scene
    metadata = await site.authlib.load_server_metadata()

    # Discovery and PKCE; the person signs in and says yes.
    at = person.sign_in(person.open(await site.login()), tenant.email, tenant.password)
    token = await site.callback(arrived(person.consent(at)).url)
    assert token["userinfo"]["sub"] == tenant.user()["sub"]
    assert token["userinfo"]["tenant_id"] == tenant.id

    # UserInfo.
    user = await site.authlib.userinfo(token=token)
    assert (user["sub"], user["email"], user["name"]) == (tenant.user()["sub"], tenant.email, "Ada Lovelace")

    # Introspection, by the application and by the API.
    robot = tenant.application("robot")
    async with await site.other_session() as session:
        found = await session.introspect_token(
            metadata["introspection_endpoint"], token["access_token"], "access_token"
        )
        assert (found.json()["active"], found.json()["aud"]) == (True, AUDIENCE)
        async with AsyncOAuth2Client(robot.client_id, robot.client_secret) as api:
            seen = await api.introspect_token(metadata["introspection_endpoint"], token["access_token"], "access_token")
            assert seen.json()["sub"] == tenant.user()["sub"]

        # Refresh: Authlib does it by itself when the token has expired.
        session.token = token | {"expires_at": 1}
        assert (await session.get(metadata["userinfo_endpoint"])).json()["email"] == tenant.email
        assert session.token["access_token"] != token["access_token"]
        assert session.token["refresh_token"] != token["refresh_token"]

        # Revocation.
        refreshed = dict(session.token)
        gone = await session.revoke_token(metadata["revocation_endpoint"], refreshed["refresh_token"], "refresh_token")
        assert (gone.status_code, gone.content) == (200, b"")
        dead = await session.introspect_token(
            metadata["introspection_endpoint"], refreshed["access_token"], "access_token"
        )
        assert dead.json() == {"active": False}
        with pytest.raises(OAuthError) as refused:
            await session.refresh_token(metadata["token_endpoint"], refreshed["refresh_token"])
        assert refused.value.error == "invalid_grant"

    # The session is still there: no page, and the same person. Then logout, and it is not.
    again = await site.callback(arrived(person.open(await site.login(prompt="none"))).url)
    assert again["userinfo"]["sub"] == tenant.user()["sub"]
    away = await site.authlib.logout_redirect(site.request("/logout"), SIGNED_OUT, again["id_token"])
    back = arrived(person.open(away.headers["Location"]))
    assert back.url.startswith(SIGNED_OUT + "?")
    assert (await site.authlib.validate_logout_response(site.request(back.url)))[
        "post_logout_redirect_uri"
    ] == SIGNED_OUT
    with pytest.raises(OAuthError) as refused:
        await site.callback(arrived(person.open(await site.login(prompt="none"))).url)
    assert refused.value.error == "login_required"


async def test_the_person_says_no(scene):
    site, tenant, person = scene
    at = person.sign_in(person.open(await site.login()), tenant.email, tenant.password)
    with pytest.raises(OAuthError) as refused:
        await site.callback(arrived(person.consent(at, "deny")).url)
    assert refused.value.error == "access_denied"


async def test_an_answer_for_another_browser(scene):
    site, tenant, person = scene
    arrival = person.arrive(person.sign_in(person.open(await site.login()), tenant.email, tenant.password))
    site.session.clear()
    with pytest.raises(MismatchingStateError):
        await site.callback(arrival.url)


async def test_an_address_that_is_not_registered(scene):
    site, _, person = scene
    away = await site.authlib.authorize_redirect(site.request("/login"), "http://localhost:3000/elsewhere")
    page = shown(person.open(away.headers["Location"]))
    assert page.status == 400
    assert page.error
    assert page.hook("request-id").text == page.response.headers["X-Request-Id"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"])
async def test_each_way_that_a_client_authenticates(real_time_server, method):
    key = RSAKey.generate_key(2048, {"kid": "one", "alg": "RS256", "use": "sig"})
    changes: dict[str, Any] = {"token_endpoint_auth_method": method}
    if method == "private_key_jwt":
        changes["jwks"] = {"keys": [key.as_dict(private=False)]}
    tenant = tenant_of(real_time_server, web(**changes))
    with Person(real_time_server) as person:
        site = Site(real_time_server, tenant, key if method == "private_key_jwt" else None)
        arrival = person.arrive(person.sign_in(person.open(await site.login()), tenant.email, tenant.password))
        token = await site.callback(arrival.url)
    assert token["userinfo"]["sub"] == tenant.user()["sub"]
    refreshed = await site.authlib.fetch_access_token(
        grant_type="refresh_token", refresh_token=token["refresh_token"], scope=None
    )
    assert refreshed["refresh_token"] != token["refresh_token"]
