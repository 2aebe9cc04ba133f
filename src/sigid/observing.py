"""What an operator sees of each answer: one line in the log, the metrics, and a span where traces are on.

A handler that learned whom a request is of leaves it on the request (`tenant_id`, `client_id`); nothing else of it is
told but method, path and outcome.
"""

import re
from typing import Final

from sigid.kernel import logs, metrics, tracing
from sigid.kernel.settings import Settings
from sigid.kernel.web import Endpoint, Request, Response

_log = logs.get("sigid.http")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")


class Observer:
    """Hears of every answer of this process."""

    def __init__(self, settings: Settings) -> None:
        logs.configure(development=settings.development)
        self._tracing = tracing.configured()

    def answered(self, request: Request, endpoint: Endpoint | None, response: Response, seconds: float) -> None:
        """A request has its answer."""
        route = endpoint.path if endpoint is not None else "none"
        request_id = request.origin.request_id
        logs.access(
            request_id=request_id,
            method=request.method,
            path=request.path,
            status=response.status,
            milliseconds=seconds * 1000,
            code=response.code,
            reason=response.reason,
            tenant=getattr(request, "tenant_id", None),
            client=getattr(request, "client_id", None),
            upstream_request_id=_well_formed(request.headers("x-request-id")),
        )
        metrics.answered(route, request.method, response.status, seconds)
        if response.code is not None and response.reason is not None:
            metrics.refused(response.code, response.reason)
        if self._tracing is not None:
            parent = request.headers("traceparent")
            self._tracing.record(
                tracing.RequestSpan(
                    method=request.method,
                    route=route,
                    status=response.status,
                    request_id=request_id,
                    seconds=seconds,
                    traceparent=parent[0] if len(parent) == 1 else None,
                    reason=response.reason,
                )
            )

    def failed(self, request: Request, error: BaseException) -> None:
        """Something that nobody expected; the client is told no more than the request id."""
        _log.error(
            "request failed", request_id=request.origin.request_id, method=request.method, path=request.path,
            exc_info=error,
        )  # fmt: skip

    def close(self) -> None:
        """Send the spans that still wait."""
        if self._tracing is not None:
            self._tracing.close()


def _well_formed(values: list[str]) -> str | None:
    """Another's request id is never adopted; a well-formed one is logged beside ours."""
    return values[0] if len(values) == 1 and _REQUEST_ID.fullmatch(values[0]) else None
