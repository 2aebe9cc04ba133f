"""From a connection to an endpoint and back: routing, limits, CORS, refusals, headers, one log line.

Endpoints are rows (`Endpoint`); `sigid.app` is the list of them. What differs between endpoints is data in the row;
discovery, CORS and the isolation tests are read from it.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import unquote

from sigid.kernel.errors import OAuthError, Refused, Unavailable
from sigid.kernel.settings import Settings
from sigid.kernel.web.requests import Receive, Request, Scope, Send
from sigid.kernel.web.responses import NO_FRAMES, NO_REFERRER, NO_STORE, NOSNIFF, NOTHING_LOADS, Response, json_response

Handler = Callable[[Request], Awaitable[Response]]
Answers = Literal["oauth", "page", "plain"]
Cors = Literal["none", "open", "origins"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row: where, how, who may ask from a browser's script, and by which standard.

    `answers`: how a refusal is told. `cors`: `open` to every origin (public documents), `origins` to the origins that a
    client registered, never with credentials. `development`: exists in development only.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    answers: Answers = "oauth"
    cors: Cors = "none"
    standard: str = ""
    development: bool = False


class Observer(Protocol):
    """Hears of every answer: the access log, the metrics, the traces."""

    def answered(self, request: Request, endpoint: Endpoint | None, response: Response, seconds: float) -> None: ...

    def failed(self, request: Request, error: BaseException) -> None: ...


class Surfaces(Protocol):
    """What the dispatcher asks of the layers above: a page for a refusal, and which origins are registered."""

    def error_page(self, request: Request, refusal: Refused) -> Response: ...

    async def origin_is_registered(self, request: Request, origin: str) -> bool: ...


_ALLOW_HEADERS = (b"access-control-allow-headers", b"authorization, content-type, dpop")
_TEMPLATE = re.compile(r"\{(\w+)\}")
_LARGEST_PATH = 2048


class Dispatcher:
    """The ASGI application over the rows."""

    def __init__(
        self, endpoints: Sequence[Endpoint], settings: Settings, surfaces: Surfaces, observer: Observer
    ) -> None:
        self._settings = settings
        self._surfaces = surfaces
        self._observer = observer
        self.endpoints = [row for row in endpoints if settings.development or not row.development]
        self._exact: dict[str, list[Endpoint]] = {}
        self._templates: list[tuple[re.Pattern[str], Endpoint]] = []
        for row in self.endpoints:
            if "{" in row.path:
                pattern = _TEMPLATE.sub(r"(?P<\1>[^/]+)", re.escape(row.path).replace(r"\{", "{").replace(r"\}", "}"))
                self._templates.append((re.compile(pattern), row))
            else:
                self._exact.setdefault(row.path, []).append(row)
        self._hsts = settings.issuer.startswith("https://")
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        raw_path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        request = Request(scope, receive, self._settings, raw_path, self._settings.issuer)
        endpoint: Endpoint | None = None
        self.in_flight += 1
        try:
            try:
                endpoint = self._route(request)
                response = await self._answer(request, endpoint)
            except Exception as error:  # whatever it was, the client gets an answer without details
                response = self._refusal(request, endpoint, error)
            self._finish(request, response)
            await _send(send, response, head=scope["method"] == "HEAD")
            self._observer.answered(request, endpoint, response, time.perf_counter() - started)
        finally:
            self.in_flight -= 1

    def _route(self, request: Request) -> Endpoint:
        rows = self._exact.get(request.path)
        if rows is None:
            if len(request.path) > _LARGEST_PATH:
                raise Refused("not_found", "path_too_long", status=404)
            rows = []
            for pattern, row in self._templates:
                found = pattern.fullmatch(request.path)
                if found is not None:
                    request.params = {name: unquote(value) for name, value in found.groupdict().items()}
                    rows.append(row)
            if not rows:
                raise Refused("not_found", "no_such_path", "There is nothing at this address.", status=404)
        method = "GET" if request.method == "HEAD" else request.method
        for row in rows:
            if method in row.methods:
                return row
        if method == "OPTIONS" and rows[0].cors != "none":
            return rows[0]
        allowed = sorted({m for row in rows for m in row.methods} | ({"OPTIONS"} if rows[0].cors != "none" else set()))
        refusal = OAuthError if rows[0].answers == "oauth" else Refused
        raise refusal(
            "invalid_request" if rows[0].answers == "oauth" else "method_not_allowed",
            "method_not_allowed",
            "This method is not one of this address.",
            status=405,
            headers={"Allow": ", ".join(allowed)},
        )

    async def _answer(self, request: Request, endpoint: Endpoint) -> Response:
        if endpoint.cors == "none":
            return await endpoint.handler(request)
        origin = request.header("origin")
        allowed = origin is not None and (
            endpoint.cors == "open" or await self._surfaces.origin_is_registered(request, origin)
        )
        if request.method == "OPTIONS":
            response = Response(204)
            if allowed:
                methods = ", ".join(endpoint.methods).encode()
                response.headers += [(b"access-control-allow-methods", methods), _ALLOW_HEADERS]
                response.headers.append((b"access-control-max-age", b"600"))
        else:
            try:
                response = await endpoint.handler(request)
            except Exception as error:  # a browser's script may read refusals too
                response = self._refusal(request, endpoint, error)
        if endpoint.cors == "open":
            response.headers.append((b"access-control-allow-origin", b"*"))
        elif allowed and origin is not None and self._may_read(request, response):
            response.headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        if endpoint.cors == "origins":
            response.headers.append((b"vary", b"origin"))
        return response

    @staticmethod
    def _may_read(request: Request, response: Response) -> bool:
        """A preflight asks if any client has the origin; the answer itself is for the client whose origin it is."""
        if request.method == "OPTIONS":
            return True
        origins = getattr(request, "client_origins", None)
        return origins is None or request.header("origin") in origins

    def _refusal(self, request: Request, endpoint: Endpoint | None, error: Exception) -> Response:
        if isinstance(error, Unavailable):
            refused = Refused(
                "temporarily_unavailable", error.reason, "SigID can't do this now. Try again in a moment.",
                status=503, headers={"Retry-After": str(error.retry_after)},
            )  # fmt: skip
        elif isinstance(error, Refused):
            refused = error
        else:
            self._observer.failed(request, error)
            refused = Refused("server_error", "unexpected", "Something went wrong on our side.", status=500)
        page = endpoint.answers == "page" if endpoint is not None else _wants_page(request)
        if page:
            response = self._surfaces.error_page(request, refused)
        else:
            told = {"error": refused.code, "error_description": refused.description or refused.code, **refused.members}
            response = json_response({**told, "request_id": request.origin.request_id}, refused.status)
        response.code, response.reason = refused.code, refused.reason
        for name, value in refused.headers.items():
            response.with_header(name, value)
        return response

    def _finish(self, request: Request, response: Response) -> None:
        names = {name for name, _ in response.headers}
        for header in (NOSNIFF, NO_FRAMES, NOTHING_LOADS, NO_REFERRER, NO_STORE):
            if header[0] not in names:
                response.headers.append(header)
        if self._hsts:
            response.headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        response.headers.append((b"x-request-id", request.origin.request_id.encode()))

    async def drained(self) -> None:
        """Wait until what has begun is answered."""
        while self.in_flight:
            await asyncio.sleep(0.02)


def _wants_page(request: Request) -> bool:
    return "text/html" in ",".join(request.headers("accept"))


async def _send(send: Send, response: Response, *, head: bool) -> None:
    headers = response.headers
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
