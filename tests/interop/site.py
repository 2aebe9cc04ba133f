"""A small site on a loopback origin of its own: what an application or another issuer would be."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    parameters: dict[str, str]  # of the query and of a posted form


@dataclass(frozen=True)
class Given:
    """What is answered."""

    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "text/html; charset=utf-8"


@contextmanager
def serving(answer: Callable[[Asked], Given]) -> Iterator[str]:
    """Serve on a free port of localhost; yields the origin."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            sent = parts.query + "&" + self.rfile.read(length).decode()
            given = answer(Asked(self.command, parts.path, dict(parse_qsl(sent, keep_blank_values=True))))
            body = given.body.encode()
            self.send_response(given.status)
            for name, value in {
                "Content-Type": given.media_type,
                "Content-Length": str(len(body)),
                **given.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the server looks for this name

        def log_message(self, *_: object) -> None:
            """Nothing: tests look at what was asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
