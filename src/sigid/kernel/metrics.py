"""Metrics in Prometheus' text format. A label is a name from a closed set (a route, a reason), never what was sent.

With one process the numbers live in it. With several, each keeps its own in small files of the data folder
(`prometheus_client`'s multi-process mode), and whichever answers `/metrics` adds them up.
"""

import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sigid.kernel.web.responses import NO_STORE, Response

if TYPE_CHECKING:
    from prometheus_client import Counter, Histogram

_FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def share_between_processes(data_dir: Path) -> None:
    """Before the processes of `sigid serve` start: where they keep their numbers. Those of dead servers go."""
    folders = data_dir / "metrics"
    for left in folders.glob("*"):
        if not _is_alive(left.name):
            shutil.rmtree(left, ignore_errors=True)
    folder = folders / str(os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ[_FOLDER_VARIABLE] = str(folder)


def _is_alive(process_id: str) -> bool:
    try:
        os.kill(int(process_id), 0)
    except PermissionError:
        return True
    except (ValueError, OSError):
        return False
    return True


class _Metrics:
    """The metrics themselves; made at first use, since `prometheus_client` chooses its mode when it is imported."""

    def __init__(self) -> None:
        from prometheus_client import (  # noqa: PLC0415
            REGISTRY,
            CollectorRegistry,
            Counter,
            Gauge,
            Histogram,
            disable_created_metrics,
        )

        disable_created_metrics()  # type: ignore[no-untyped-call]
        several = _FOLDER_VARIABLE in os.environ
        self.registry: CollectorRegistry = CollectorRegistry() if several else REGISTRY
        shared: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter("sigid_http_requests", "Requests answered.", ["route", "method", "status"], **shared)
        self.request_seconds = Histogram(
            "sigid_http_request_seconds", "Time from a request's arrival to its answer.", ["route"],
            buckets=_SECONDS, **shared,
        )  # fmt: skip
        self.refusals = Counter("sigid_refusals", "Requests refused, by private reason.", ["code", "reason"], **shared)
        self.tokens = Counter("sigid_tokens_issued", "Access tokens issued.", ["grant"], **shared)
        self.database_seconds = Histogram(
            "sigid_database_seconds", "Time that the database took.", ["operation"], buckets=_SECONDS, **shared
        )
        self.queue_depth = Gauge(
            "sigid_queue_depth", "What waits for the worker.", ["queue"], multiprocess_mode="mostrecent", **shared
        )
        self.jobs = Counter("sigid_worker_jobs", "Runs of the worker's jobs.", ["job", "outcome"], **shared)


@cache
def _metrics() -> _Metrics:
    return _Metrics()


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """A request was answered. `route` is the path of an endpoint's row, or `none`."""
    requests, times = _of_route(route, method if method in _METHODS else "other", status)
    requests.inc()
    times.observe(seconds)


@cache
def _of_route(route: str, method: str, status: int) -> "tuple[Counter, Histogram]":
    made = _metrics()
    return made.requests.labels(route, method, str(status)), made.request_seconds.labels(route)


def refused(code: str, reason: str) -> None:
    """A request was refused; both are from closed sets."""
    _metrics().refusals.labels(code, reason).inc()


def token_issued(grant: str) -> None:
    """An access token was issued by this grant type."""
    _metrics().tokens.labels(grant).inc()


def database_took(operation: str, seconds: float) -> None:
    """How long the database took: `read`, `begin` (until a transaction was to be had), `append`."""
    _database_seconds(operation).observe(seconds)


@cache
def _database_seconds(operation: str) -> "Histogram":
    return _metrics().database_seconds.labels(operation)


def queue(name: str, depth: int) -> None:
    """How much waits for the worker in one queue."""
    _metrics().queue_depth.labels(name).set(depth)


def job(name: str, outcome: str) -> None:
    """A job of the worker ended: `done` or `failed`."""
    _metrics().jobs.labels(name, outcome).inc()


def process_ended(process_id: int) -> None:
    """In several processes' mode: forget the gauges of one that is gone."""
    if _FOLDER_VARIABLE in os.environ:
        from prometheus_client import multiprocess  # noqa: PLC0415

        multiprocess.mark_process_dead(process_id)  # type: ignore[no-untyped-call]


def render() -> bytes:
    """All numbers, of every process, as Prometheus reads them."""
    from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

    made = _metrics()
    if _FOLDER_VARIABLE not in os.environ:
        return generate_latest(made.registry)
    from prometheus_client import multiprocess  # noqa: PLC0415

    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def answer() -> Response:
    """The answer of `/metrics`."""
    kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
    return Response(200, render(), [kind, NO_STORE])
