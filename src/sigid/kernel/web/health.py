"""What tells an operator's machinery that the process lives, serves, and how it is."""

from sigid.kernel import database, metrics
from sigid.kernel.errors import Refused
from sigid.kernel.secrets import equal
from sigid.kernel.settings import is_loopback_host
from sigid.kernel.web.requests import Request
from sigid.kernel.web.responses import PLAIN, Response


async def alive(_: Request) -> Response:
    """The process answers."""
    return Response(200, b"ok\n", [PLAIN])


async def ready(_: Request) -> Response:
    """The database answers too. Raises Unavailable (503) when it does not."""
    await database.engine().ping()
    return Response(200, b"ready\n", [PLAIN])


async def exposition(request: Request) -> Response:
    """Prometheus metrics, for whoever asks from this machine or shows the token."""
    token = request.settings.metrics_token
    shown = (request.header("authorization") or "").removeprefix("Bearer ").encode()
    if token is not None and equal(shown, token.reveal().encode()):
        return metrics.answer()
    if token is None and is_loopback_host(request.origin.ip) and not request.headers("x-forwarded-for"):
        return metrics.answer()
    raise Refused("not_found", "metrics_not_for_this_caller", "There is nothing at this address.", status=404)
