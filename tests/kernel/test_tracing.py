"""Spans tell route and outcome, and nothing that a caller sent."""

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from sigid.kernel import tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _span(**changes: object) -> tracing.RequestSpan:
    values = {"method": "POST", "route": "/oauth/token", "status": 200, "request_id": "req_1", "seconds": 0.5}
    return tracing.RequestSpan(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.promise("3.2.traces")
def test_a_span_of_a_request():
    exporter = InMemorySpanExporter()
    traces = tracing.exporting_to(SimpleSpanProcessor(exporter))
    traces.record(_span(traceparent=PARENT, reason="code_reused", status=400))
    traces.record(_span(status=500, traceparent="rubbish"))
    first, second = exporter.get_finished_spans()
    assert first.name == "POST /oauth/token"
    assert first.attributes == {
        "http.request.method": "POST", "http.route": "/oauth/token", "http.response.status_code": 400,
        "sigid.request_id": "req_1", "sigid.reason": "code_reused",
    }  # fmt: skip
    assert first.parent is not None
    assert f"{first.parent.trace_id:032x}" == PARENT.split("-")[1]
    assert first.end_time is not None
    assert first.start_time is not None
    assert first.end_time - first.start_time == 500_000_000
    assert second.parent is None
    assert second.status.status_code is StatusCode.ERROR
    traces.close()


def test_without_the_variable_there_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert tracing.configured() is None
