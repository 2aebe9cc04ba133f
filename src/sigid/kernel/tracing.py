"""Traces (OpenTelemetry), only where `OTEL_EXPORTER_OTLP_ENDPOINT` is set: else nothing of it is even imported.

A span tells method, route, status and our request id; never a query, a header or a body. A caller's trace is continued
by its `traceparent` (W3C Trace Context) alone.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"


@dataclass(frozen=True, slots=True)
class RequestSpan:
    """What is told of one request, once it is answered."""

    method: str
    route: str
    status: int
    request_id: str
    seconds: float
    traceparent: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Tracing:
    """Where spans go; `close` sends what is still waiting."""

    record: Callable[[RequestSpan], None]
    close: Callable[[], None]


def configured() -> Tracing | None:
    """Tracing as the environment asks for it, by OpenTelemetry's own variables; None where it does not."""
    if not os.environ.get(_VARIABLE):
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    return exporting_to(BatchSpanProcessor(OTLPSpanExporter()))


def exporting_to(processor: Any) -> Tracing:
    """Tracing through a span processor of OpenTelemetry's."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    name = os.environ.get("OTEL_SERVICE_NAME", "sigid")
    provider = TracerProvider(resource=Resource.create({"service.name": name}), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("sigid")
    propagator = TraceContextTextMapPropagator()

    def record(span: RequestSpan) -> None:
        carrier = {"traceparent": span.traceparent} if span.traceparent else {}
        end = time.time_ns()
        started = tracer.start_span(
            f"{span.method} {span.route}",
            context=propagator.extract(carrier),
            kind=SpanKind.SERVER,
            start_time=end - int(span.seconds * 1e9),
            attributes={
                "http.request.method": span.method,
                "http.route": span.route,
                "http.response.status_code": span.status,
                "sigid.request_id": span.request_id,
                **({"sigid.reason": span.reason} if span.reason else {}),
            },
        )
        if span.status >= 500:
            started.set_status(Status(StatusCode.ERROR))
        started.end(end)

    return Tracing(record, provider.shutdown)
