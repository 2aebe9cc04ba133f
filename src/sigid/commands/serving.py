"""`sigid serve` and `sigid worker`: the processes that run until they are told to stop.

Granian serves the application in as many processes as are set. On SIGTERM no new connection is taken, what has begun is
answered, and after ten seconds what still hangs is ended. A port that is taken is found before anything starts.
"""

import asyncio
import signal
import socket
from typing import Final

import typer
from granian.constants import HTTPModes, Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from sigid import jobs, worker
from sigid.commands import checks
from sigid.kernel import logs, metrics, startup
from sigid.kernel.errors import SettingsError
from sigid.kernel.settings import Settings, load_settings

commands = typer.Typer()

_SECONDS_TO_END: Final = 10
_HEADER_SECONDS: Final = 15
_LARGEST_HEADERS: Final = 64 * 1024


@commands.command()
def serve() -> None:
    """Serve SigID, and do the worker's work beside it unless SIGID_WORKER is off."""
    settings = load_settings()
    checks.refuse_unready(settings)
    run(settings)


@commands.command(name="worker")
def run_worker() -> None:
    """Do the worker's work alone, for servers whose SIGID_WORKER is off."""
    settings = load_settings()
    checks.refuse_unready(settings)
    logs.configure(development=settings.development)
    asyncio.run(_work(settings))


def run(settings: Settings) -> None:
    """Serve until told to stop. What `sigid dev` ends in, too."""
    _refuse_taken_port(settings)
    if settings.processes > 1:
        metrics.share_between_processes(settings.data_dir)
    logs.configure(development=settings.development)
    log = logs.get("sigid.serve")
    if not settings.development and settings.smtp_url is None:
        log.warning("SIGID_SMTP_URL is not set: no mail is sent, and pages say so")
    log.info("serving", issuer=settings.issuer, host=settings.host, port=settings.port, processes=settings.processes)
    try:
        _server(settings).serve()
    except OSError as error:
        raise SettingsError(f"SIGID_TLS_CERT or SIGID_TLS_KEY cannot be used: {error}") from None


def _server(settings: Settings) -> MPServer:
    return MPServer(
        "sigid.app:create_app",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.processes,
        loop=Loops.uvloop,
        http=HTTPModes.auto,
        websockets=False,
        backlog=2048,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000, max_buffer_size=_LARGEST_HEADERS),
        http2_settings=HTTP2Settings(max_headers_size=_LARGEST_HEADERS),
        ssl_cert=settings.tls_cert,
        ssl_key=settings.tls_key,
        ssl_protocol_min=SSLProtocols.tls12,  # Granian's own minimum shuts clients out that are still secure
        log_level=LogLevels.warning,
        log_dictconfig=logs.configuration(pretty=logs.is_pretty()),
        respawn_failed_workers=True,
        workers_kill_timeout=_SECONDS_TO_END,
    )


def _refuse_taken_port(settings: Settings) -> None:
    """Granian shares its port between processes, so it would share it with a stranger's too: look first."""
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise SettingsError(f"SIGID_HOST is no address of this machine: {settings.host}") from None
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            raise SettingsError(
                f"SIGID_PORT {settings.port} on {settings.host} cannot be used ({error.strerror}): "
                "end what listens there, or set SIGID_PORT"
            ) from None


async def _work(settings: Settings) -> None:
    async with startup.running(settings):
        work = worker.Worker(jobs.all_of(settings))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.stop)
        await work.run()
