"""The endpoints in the test's own process, on a database of its own: the real rows, asked over ASGI.

A person's code is made below HTTP, as the authorization flow makes it; how one gets there by the pages is tested in
`tests/flows`. Each answer carries the private reason of its refusal.
"""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from sqlalchemy import update

from sigid import apis, app, applications, members, roles
from sigid.applications import Application
from sigid.kernel import throttles
from sigid.kernel.database import change, param, statement, use
from sigid.kernel.errors import Refused
from sigid.kernel.settings import load_settings
from sigid.kernel.web import Dispatcher, Endpoint, Request, Response
from sigid.oauth import codes
from tests.harness import run
from tests.harness.storage import ISSUER
from tests.tokens.scene import Scene, User, make_scene

CALLBACK = "https://app.example/cb"
API, OTHER_API, GUARDED_API = "https://api.example", "https://other.example", "https://guarded.example"
SPA_ORIGIN = "https://spa.example"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SCOPES = (
    "openid",
    "profile",
    "email",
    "offline_access",
    "projects:read",
    "projects:delete",
    "other:read",
    "vault:open",
)


class _Heard:
    """The reasons of the answers, by request id."""

    def __init__(self) -> None:
        self.reasons: dict[str, str | None] = {}
        self.errors: list[BaseException] = []

    def answered(self, request: Request, endpoint: Endpoint | None, response: Response, seconds: float) -> None:
        self.reasons[request.origin.request_id] = response.reason

    def failed(self, request: Request, error: BaseException) -> None:
        self.errors.append(error)


class _NoPages:
    def error_page(self, request: Request, refusal: Refused) -> Response:
        return Response(refusal.status, code=refusal.code, reason=refusal.reason)

    async def origin_is_registered(self, request: Request, origin: str) -> bool:
        return await applications.origin_is_registered(origin, request.origin)


@dataclass(frozen=True)
class Answer:
    """What came back, and why it was refused."""

    http: httpx.Response
    reason: str | None

    @property
    def status(self) -> int:
        return self.http.status_code

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.json()
        return found

    @property
    def because(self) -> tuple[int, str, str | None]:
        """Status, public code and private reason of a refusal."""
        return self.status, self.json.get("error", ""), self.reason


@dataclass(frozen=True)
class Client:
    """An application that calls the endpoints, by its own way of authenticating."""

    stage: "Stage"
    application: Application
    secret: str | None

    async def post(self, path: str, form: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
        sent, told = dict(form), dict(headers or {})
        if self.secret is None:
            sent = {"client_id": self.application.client_id} | sent
        elif self.application.token_endpoint_auth_method == "client_secret_post":
            sent = {"client_id": self.application.client_id, "client_secret": self.secret} | sent
        else:
            pair = f"{quote_plus(self.application.client_id)}:{quote_plus(self.secret)}"
            told = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"} | told
        return await self.stage.ask("POST", path, form=sent, headers=told)

    async def token(self, grant_type: str, **form: Any) -> Answer:
        return await self.post("/oauth/token", {"grant_type": grant_type} | form)

    async def redeem(self, code: str, **changes: Any) -> Answer:
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER} | changes
        return await self.token(
            "authorization_code", **{name: value for name, value in form.items() if value is not None}
        )

    async def refresh(self, refresh_token: str, **form: Any) -> Answer:
        return await self.token("refresh_token", refresh_token=refresh_token, **form)

    async def introspect(self, token: str, **form: Any) -> Answer:
        return await self.post("/oauth/introspect", {"token": token} | form)

    async def revoke(self, token: str, **form: Any) -> Answer:
        return await self.post("/oauth/revoke", {"token": token} | form)

    async def alive(self, token: str) -> bool:
        answer = await self.introspect(token)
        assert answer.status == 200, answer.json
        return bool(answer.json["active"])


@dataclass(frozen=True)
class Stage:
    """Acme with its applications and a signed-in user; and a second tenant beside it."""

    scene: Scene
    user: User
    asgi: httpx.AsyncClient
    heard: _Heard
    clients: dict[str, Client] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Client:
        return self.__dict__["clients"][name]  # type: ignore[no-any-return]

    async def ask(
        self, method: str, path: str, *, form: dict[str, Any] | None = None, headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Answer:  # fmt: skip
        told = dict(headers or {})
        if form is not None:
            told.setdefault("Content-Type", "application/x-www-form-urlencoded")
            options["content"] = urlencode(form, doseq=True)
        response = await self.asgi.request(method, path, headers=told, **options)
        assert not self.heard.errors, self.heard.errors
        return Answer(response, self.heard.reasons[response.headers["x-request-id"]])

    async def userinfo(self, token: str, **headers: str) -> Answer:
        return await self.ask("GET", "/userinfo", headers={"Authorization": f"Bearer {token}"} | headers)

    async def code(self, client: Client | None = None, **changes: Any) -> str:
        """An authorization code, as the end of a sign-in makes it; `challenge`, `nonce` and the grant's own values."""
        asked = client or self.web
        challenge = changes.pop("challenge", CHALLENGE)
        nonce = changes.pop("nonce", None)
        values = {"scope": "openid profile email offline_access projects:read", "audiences": (API,)} | changes
        async with use(self.scene.caller) as tx:
            grant = self.user.grant(tx, self.scene, application_id=asked.application.id, **values)
            return codes.issue(
                tx, grant_id=grant.id, application_id=asked.application.id, redirect_uri=CALLBACK,
                code_challenge=challenge, nonce=nonce, scope=grant.scope, lifetime=timedelta(seconds=60),
            ).reveal()  # fmt: skip

    async def tokens(self, client: Client | None = None, **changes: Any) -> dict[str, Any]:
        answer = await (client or self.web).redeem(await self.code(client, **changes))
        assert answer.status == 200, answer.because
        return answer.json


async def _client(stage: Stage, scene: Scene, name: str, **settings: Any) -> None:
    async with change(scene.caller) as tx:
        made = await applications.create(tx, name=name, **settings)
    stage.clients[name] = Client(stage, made.application, made.secret.reveal() if made.secret else None)


_u = members.standing.c
_PROFILE = statement(
    "tests.give_profile",
    update(members.standing)
    .where(_u.tenant_id == param("tenant_id", _u.tenant_id), _u.id == param("id", _u.id))
    .values(
        name=param("name", _u.name), email=param("email", _u.email), role_ids=param("role_ids", _u.role_ids),
    ),
)  # fmt: skip


async def become_ada(stage: Stage, *role_ids: str) -> None:
    async with use(stage.scene.caller) as tx:
        await tx.run(_PROFILE, id=stage.user.id, name="Ada Lovelace", email="ada@example.com", role_ids=list(role_ids))


def settings_of(**overrides: Any) -> Any:
    return load_settings(env="development", data_dir=run.new_folder("stage"), issuer=ISSUER, **overrides)


@pytest.fixture
async def stage(scene: Scene, user: User) -> AsyncIterator[Stage]:
    throttles.switch(on=True)
    heard = _Heard()
    dispatcher = Dispatcher(app.ENDPOINTS, settings_of(), _NoPages(), heard)
    transport = httpx.ASGITransport(app=dispatcher, client=("203.0.113.9", 4711))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as asgi:
        stage = Stage(scene, user, asgi, heard)
        async with change(scene.caller) as tx:
            for audience, scopes, access in (
                (API, {"projects:read": "See", "projects:delete": "Delete"}, "consent"),
                (OTHER_API, {"other:read": "See"}, "consent"),
                (GUARDED_API, {"vault:open": "Open", "vault:burn": "Burn"}, "roles"),
            ):
                await apis.create(tx, issuer=ISSUER, audience=audience, name=audience[8:], scopes=scopes, access=access)
            opener = await roles.create(tx, name="opener", permissions=["vault:open"])
        await become_ada(stage, opener.id)
        people: dict[str, Any] = {
            "scopes": SCOPES,
            "audiences": (API, OTHER_API, GUARDED_API),
            "redirect_uris": (CALLBACK,),
        }
        both = ("authorization_code", "refresh_token", "client_credentials")
        await _client(stage, scene, "web", type="web", grant_types=both, **people)
        await _client(stage, scene, "mallory", type="web", **people)
        await _client(stage, scene, "spa", type="spa", **(people | {"redirect_uris": (CALLBACK, f"{SPA_ORIGIN}/cb")}))
        await _client(stage, scene, "robot", type="service", scopes=("projects:read",), audiences=(API,))
        await _client(stage, scene, "stranger", type="service", scopes=("other:read",), audiences=(OTHER_API,))
        await _client(stage, scene, "automation", type="service", scopes=("users:read",), audiences=("sigid",))
        await _client(
            stage, scene, "many", type="service", scopes=("projects:read", "other:read"), audiences=(API, OTHER_API)
        )
        globex = await make_scene("globex")
        await _client(stage, globex, "globex", type="web", **(people | {"audiences": ()}))
        yield stage


__all__ = ["API", "CALLBACK", "VERIFIER", "Answer", "Client", "Stage", "stage"]
