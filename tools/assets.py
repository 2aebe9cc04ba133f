"""The files of others that pages serve, fetched anew: `make assets`.

Each comes from an npm package at a pinned version, whose integrity npm's registry stated when the pin was made, so a
package that changed under its version is refused. The files are committed, with their licence beside them and their
hashes in `static/third-party.json`; a test compares. To renew one, change its version and its integrity here.
"""

import base64
import hashlib
import json
import subprocess
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

STATIC = Path(__file__).parents[1] / "src" / "sigid" / "pages" / "static"
RECORD = STATIC / "third-party.json"


@dataclass(frozen=True)
class Package:
    """An npm package and the files that we take from it: name within it → name below `static/`."""

    name: str
    version: str
    licence: str
    integrity: str
    files: dict[str, str]


PACKAGES = (
    Package(
        name="@fontsource-variable/schibsted-grotesk",
        version="5.3.0",
        licence="OFL-1.1",
        integrity="sha512-ndS6H/KICWANchlHF3q4UdZD+xrZ3Ji0rUobIuXlgvDUzDfqZDsVuXPXZb636nJZMHE9zZ9Fmwgqazm8hMB50Q==",
        files={
            "files/schibsted-grotesk-latin-wght-normal.woff2": "fonts/schibsted-grotesk-latin-wght-normal.woff2",
            "LICENSE": "fonts/schibsted-grotesk-licence.txt",
        },
    ),
)


@dataclass(frozen=True)
class Taken:
    """A file below `static/` that is not ours."""

    file: str
    sha256: str
    package: str
    version: str
    licence: str


def take(package: Package) -> list[Taken]:
    """Fetch a package, check it, and put its files in their places."""
    taken = []
    with tempfile.TemporaryDirectory() as folder, tarfile.open(_fetched(package, Path(folder))) as archive:
        for inside, place in package.files.items():
            member = archive.extractfile(f"package/{inside}")
            if member is None:
                raise SystemExit(f"{package.name} {package.version} has no {inside}")
            body = member.read()
            (STATIC / place).parent.mkdir(parents=True, exist_ok=True)
            (STATIC / place).write_bytes(body)
            taken.append(Taken(place, _sha256(body), package.name, package.version, package.licence))
    return taken


def recorded() -> list[Taken]:
    return [Taken(**entry) for entry in json.loads(RECORD.read_text())]


def changed() -> list[str]:
    """Committed files that are not what the record says."""
    return [taken.file for taken in recorded() if _sha256((STATIC / taken.file).read_bytes()) != taken.sha256]


def _fetched(package: Package, folder: Path) -> Path:
    wanted = f"{package.name}@{package.version}"
    command = ["npm", "pack", wanted, "--json", "--ignore-scripts"]
    packed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    archive = folder / str(json.loads(packed.stdout)[0]["filename"])
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package.integrity:
        raise SystemExit(f"{wanted} is not the package that was pinned: sha512-{digest}")
    return archive


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


if __name__ == "__main__":
    everything = [asdict(taken) for package in PACKAGES for taken in take(package)]
    RECORD.write_text(json.dumps(everything, indent=2) + "\n")
