"""The files that pages load: read once at the start, known by name, with addresses that change when a file does.

Only what lies in `static/` when the process starts can be served, so there is no path to climb out of.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file, ready to be answered."""

    body: bytes
    media_type: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """All static files by their path under `/static/`."""
    return dict(_read(resources.files("sigid.pages").joinpath("static")))


def asset_url(name: str) -> str:
    """The address of a static file. What is behind it never changes, so it may be cached for ever."""
    return f"/static/{name}?v={assets()[name].digest}"


def _read(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/")
        elif (suffix := "." + entry.name.rpartition(".")[2]) in _MEDIA_TYPES:
            body = entry.read_bytes()
            yield prefix + entry.name, Asset(body, _MEDIA_TYPES[suffix], hashlib.sha256(body).hexdigest()[:16])
