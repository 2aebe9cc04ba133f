"""The product's table of contents: every address that SigID answers, as a row.

`create_app` makes one process's ASGI application. Discovery, CORS and the tests of isolation are read from these rows.
"""

import asyncio
from contextlib import AsyncExitStack

from sigid import jobs, observing, worker
from sigid.accounts import passwords
from sigid.kernel import http, startup, throttles
from sigid.kernel.errors import SigidError
from sigid.kernel.settings import Settings, load_settings
from sigid.kernel.web import Dispatcher, Endpoint, health
from sigid.kernel.web.requests import Receive, Scope, Send
from sigid.oauth import client_addresses, client_keys
from sigid.oauth.endpoints import discovery, introspect, jwks, register, revoke, token, userinfo
from sigid.pages import letters
from sigid.pages import routes as pages
from sigid.tokens import keys

ENDPOINTS = [
    Endpoint("/.well-known/openid-configuration", ("GET",), discovery.openid, cors="open", standard="OIDC Discovery 4"),
    Endpoint("/.well-known/oauth-authorization-server", ("GET",), discovery.oauth, cors="open", standard="RFC 8414 3"),
    Endpoint("/.well-known/jwks.json", ("GET",), jwks.answer, cors="open", standard="RFC 7517 5"),
    Endpoint("/oauth/token", ("POST",), token.answer, cors="origins", standard="RFC 6749 3.2"),
    Endpoint("/oauth/revoke", ("POST",), revoke.answer, cors="origins", standard="RFC 7009"),
    Endpoint("/oauth/introspect", ("POST",), introspect.answer, standard="RFC 7662"),
    Endpoint("/oauth/register", ("POST",), register.create, standard="RFC 7591 3"),
    Endpoint("/oauth/register/{client_id}", ("GET", "PUT", "DELETE"), register.manage, standard="RFC 7592 2"),
    Endpoint("/userinfo", ("GET", "POST"), userinfo.answer, cors="origins", standard="OIDC Core 5.3"),
    *pages.ENDPOINTS,
    Endpoint("/healthz", ("GET",), health.alive, answers="plain"),
    Endpoint("/readyz", ("GET",), health.ready, answers="plain"),
    Endpoint("/metrics", ("GET",), health.exposition, answers="plain"),
]


class Application:
    """One server process: opens what it needs before its first request, and ends when all begun is answered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._observer = observing.Observer(settings)
        self._dispatch = Dispatcher(ENDPOINTS, settings, pages.Surfaces(), self._observer)
        self._open = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: a request, or the process's beginning and end."""
        if scope["type"] == "http":
            await self._dispatch(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            if message["type"] != "lifespan.startup":
                continue
            try:
                await self._start()
            except SigidError as error:
                await self._open.aclose()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
            await send({"type": "lifespan.startup.complete"})
        await self._dispatch.drained()
        await self._open.aclose()
        self._observer.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        settings, opened = self._settings, self._open
        await opened.enter_async_context(startup.running(settings))
        throttles.switch(on=settings.rate_limits)
        passwords.share_cores(settings.processes)
        letters.install(jobs.outbox_of(settings))
        guarded = _guarded_client(settings)
        client_keys.install(guarded)
        client_addresses.install(guarded)
        await keys.load()
        refreshing = asyncio.ensure_future(keys.keep_fresh())
        opened.callback(refreshing.cancel)
        if settings.worker:
            await opened.enter_async_context(worker.beside(jobs.all_of(settings), settings.data_dir))


def _guarded_client(settings: Settings) -> http.GuardedClient:
    """The one way to an address that somebody typed."""
    insecure = settings.fetch_ca == "insecure"
    return http.GuardedClient(
        loopback=settings.fetch_loopback, ca_file=None if insecure else settings.fetch_ca, insecure=insecure
    )


def create_app() -> Application:
    """The application of this process, for the server's workers."""
    return Application(load_settings())
