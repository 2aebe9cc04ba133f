"""The product's table of contents: every address that SigID answers, as a row.

`create_app` makes one process's ASGI application. Discovery, CORS and the tests of isolation are read from these rows.
"""

from collections.abc import MutableMapping
from contextlib import AsyncExitStack
from typing import Any

from sigid import observing, worker
from sigid.kernel import startup
from sigid.kernel.errors import SigidError
from sigid.kernel.mail import SmtpTransport
from sigid.kernel.outbox import Outbox
from sigid.kernel.settings import Settings, load_settings
from sigid.kernel.web import Dispatcher, Endpoint
from sigid.kernel.web.requests import Receive, Scope, Send
from sigid.oauth.endpoints import (
    authorize,
    discovery,
    end_session,
    introspect,
    jwks,
    register,
    revoke,
    token,
    userinfo,
)
from sigid.pages import routes as pages
from sigid.surfaces import development, health
from sigid.tokens import keys

ENDPOINTS = [
    Endpoint("/.well-known/openid-configuration", ("GET",), discovery.openid, cors="open", standard="OIDC Discovery 4"),
    Endpoint("/.well-known/oauth-authorization-server", ("GET",), discovery.oauth, cors="open", standard="RFC 8414 3"),
    Endpoint("/.well-known/jwks.json", ("GET",), jwks.answer, cors="open", standard="RFC 7517 5"),
    Endpoint("/oauth/authorize", ("GET", "POST"), authorize.answer, answers="page", standard="RFC 6749 3.1"),
    Endpoint("/oauth/token", ("POST",), token.answer, cors="origins", standard="RFC 6749 3.2"),
    Endpoint("/oauth/revoke", ("POST",), revoke.answer, cors="origins", standard="RFC 7009"),
    Endpoint("/oauth/introspect", ("POST",), introspect.answer, standard="RFC 7662"),
    Endpoint("/oauth/register", ("POST",), register.create, standard="RFC 7591 3"),
    Endpoint("/oauth/register/{client_id}", ("GET", "PUT", "DELETE"), register.manage, standard="RFC 7592 2"),
    Endpoint("/oauth/end-session", ("GET", "POST"), end_session.answer, answers="page", standard="RP-Initiated Logout 2"),
    Endpoint("/userinfo", ("GET", "POST"), userinfo.answer, cors="origins", standard="OIDC Core 5.3"),
    *pages.ENDPOINTS,
    Endpoint("/healthz", ("GET",), health.alive, answers="plain"),
    Endpoint("/readyz", ("GET",), health.ready, answers="plain"),
    Endpoint("/metrics", ("GET",), health.metrics, answers="plain"),
    Endpoint("/dev/inbox", ("GET",), development.inbox_page, answers="page", development=True),
    Endpoint("/dev/inbox.json", ("GET",), development.inbox, answers="plain", development=True),
    Endpoint("/dev/clock", ("POST",), development.clock, answers="plain", development=True),
]


class Application:
    """One server process: opens what it needs before its first request, and ends when all begun is answered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._observer = observing.Observer(settings)
        self._dispatch = Dispatcher(ENDPOINTS, settings, pages.Surfaces(), self._observer)
        self._open = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._dispatch(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        message: MutableMapping[str, Any]
        while (message := await receive())["type"] != "lifespan.shutdown":
            try:
                await self._start()
                await send({"type": "lifespan.startup.complete"})
            except SigidError as error:
                await send({"type": "lifespan.startup.failed", "message": str(error)})
        await self._stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        settings = self._settings
        await self._open.enter_async_context(startup.running(settings))
