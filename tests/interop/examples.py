"""Runs an example as a person does: one command in its folder, beside a server."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.harness import run
from tests.harness.server import PATIENCE, free_port, wait_for

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("quickstart-python", "quickstart-node")


@dataclass(frozen=True)
class Example:
    """A running example."""

    origin: str
    output: Path

    def said(self) -> str:
        return self.output.read_text()

    def delete(self, project_id: str, *authorization: str) -> httpx.Response:
        """`DELETE /projects/{id}` at its API."""
        headers = [("Authorization", value) for value in authorization]
        return httpx.delete(f"{self.origin}/api/projects/{project_id}", headers=headers)

    def projects(self, token: str) -> httpx.Response:
        return httpx.get(f"{self.origin}/api/projects", headers={"Authorization": f"Bearer {token}"})


@contextmanager
def running(name: str, issuer: str, port: int | None = None, **settings: str) -> Iterator[Example]:
    """`make -C examples/…`, until it serves; stopped as Ctrl-C does. `settings` are environment variables."""
    if name == "quickstart-node" and shutil.which("node") is None:
        pytest.skip("Node is not installed")
    folder = EXAMPLES / name
    with run.only_one(name):  # its packages are installed once
        subprocess.run(["make", "-C", folder, "setup"], check=True, capture_output=True, env=_environment())
    port = port or free_port()
    example = Example(f"http://localhost:{port}", run.new_folder(name) / "output")
    settings = {"ENV_FILE": str(example.output.with_name("env")), **settings, "PORT": str(port), "SIGID_ISSUER": issuer}
    with example.output.open("w") as output:
        process = subprocess.Popen(
            ["make", "-C", folder],
            env=_environment() | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        wait_for(f"{name} at {example.origin}", lambda: _ready(process, example))
        yield example
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _ready(process: subprocess.Popen[bytes], example: Example) -> bool | None:
    assert process.poll() is None, f"it ended with {process.returncode}:\n{example.said()}"
    try:
        return httpx.get(f"{example.origin}/", follow_redirects=False).status_code == 200 or None
    except httpx.TransportError:
        return None


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
