"""A real `sigid serve`, with a database and a data folder of its own."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from tests.harness import run
from tests.harness.bootstrap import Tenant, Yaml, yaml_file
from tests.harness.commands import PROGRAM, Commands
from tests.harness.postgresql import Postgresql

T = TypeVar("T")

PATIENCE = 60.0  # seconds: the end of waits that normally take milliseconds, on a machine that does other things too


def wait_for(what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Look until there is something to see."""
    end = time.monotonic() + patience
    while (seen := look()) is None:
        assert time.monotonic() < end, f"waited {patience:.0f} s in vain for {what}"
        time.sleep(0.02)
    return seen


def free_port() -> int:
    """A port below those that the system gives to outgoing connections, so that it stays free until it is taken."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass
class Template:
    """A migrated database and its data folder, which each new server copies."""

    data: Path
    database: str | None


@dataclass
class Server:
    """`settings` are those of the environment, without `SIGID_`: `Server.make(kind, settings={"WORKERS": "2"})`."""

    kind: str
    folder: Path
    settings: dict[str, str]
    commands: Commands
    port: int
    real_time: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _databases: list[tuple[Postgresql, str]] = field(default_factory=list)
    _others: list["Server"] = field(default_factory=list)
    _read: int = 0
    _lines: list[dict[str, Any]] = field(default_factory=list)
    _reasons: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        kind: str,
        commands: Commands,
        postgresql: Postgresql | None = None,
        settings: Mapping[str, str] | None = None,
        *,
        real_time: bool = False,
    ) -> Self:
        """A migrated server, not yet started. `kind` is `sqlite` or `postgresql`."""
        server = cls._new(kind, commands, settings, real_time=real_time)
        template = _template(kind, commands, postgresql)
        shutil.copytree(template.data, server.data, dirs_exist_ok=True)
        if postgresql is not None and template.database is not None:
            server._take(postgresql, template.database)
        return server

    @classmethod
    def bare(
        cls,
        kind: str,
        commands: Commands,
        postgresql: Postgresql | None = None,
        settings: Mapping[str, str] | None = None,
        *,
        real_time: bool = False,
    ) -> Self:
        """A server on an empty database: nothing is migrated. On PostgreSQL, name `DATABASE_URL` or get a new one."""
        server = cls._new(kind, commands, settings, real_time=real_time)
        if kind == "postgresql" and "DATABASE_URL" not in server.settings:
            assert postgresql is not None, "a server on PostgreSQL needs a cluster"
            server._take(postgresql)
        return server

    def beside(self) -> Self:
        """Another `sigid serve` of the same installation, on a port of its own; it goes when this one does."""
        settings = self.settings | {"ISSUER": self.issuer, "DATA_DIR": str(self.data)}
        other = self._new(self.kind, self.commands, settings, real_time=self.real_time)
        self._others.append(other)
        return other

    @classmethod
    def _new(cls, kind: str, commands: Commands, settings: Mapping[str, str] | None, *, real_time: bool) -> Self:
        server = cls(kind, run.new_folder(kind), {"WORKERS": "1", **(settings or {})}, commands, free_port(), real_time)
        server.data.mkdir(exist_ok=True)
        return server

    def _take(self, postgresql: Postgresql, template: str | None = None) -> None:
        name, self.settings["DATABASE_URL"] = postgresql.new_database(template)
        self._databases.append((postgresql, name))

    # What it is

    @property
    def issuer(self) -> str:
        return self.settings.get("ISSUER", f"http://localhost:{self.port}")

    @property
    def address(self) -> str:
        """Where it listens, which is not its issuer where there is a proxy or another process of the installation."""
        return f"{'https' if 'TLS_CERT' in self.settings else 'http'}://localhost:{self.port}"

    @property
    def data(self) -> Path:
        return Path(self.settings.get("DATA_DIR", self.folder / "data"))

    @property
    def log_file(self) -> Path:
        return self.folder / "log"

    @property
    def env(self) -> dict[str, str]:
        """The whole environment of its processes: nothing of the caller's SIGID_* gets in."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        ours = {"ENV": "development", "PORT": str(self.port), "ISSUER": self.issuer, "DATA_DIR": str(self.data)}
        return inherited | {f"SIGID_{name}": value for name, value in (ours | self.settings).items()}

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is not running"
        return self._process.pid

    # Its life

    def start(self) -> Self:
        """Start and wait until it serves."""
        self.spawn()
        wait_for(f"{self.address}/readyz", self._ready)
        return self

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start and wait for nothing: for tests of starts that fail."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "serve"],
                env=self.env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        return self._process

    def _ready(self) -> bool | None:
        assert self._process is not None
        assert self._process.poll() is None, f"sigid serve ended with {self._process.returncode}:\n{self.log_text()}"
        try:
            return httpx.get(f"{self.address}/readyz", verify=False).status_code == 200 or None
        except httpx.TransportError:
            return None

    def stop(self) -> int:
        """End it as an operator does; answers its exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        return process.wait(PATIENCE)

    def kill9(self) -> None:
        """End every process of it at once, with no chance to say good-bye."""
        assert self._process is not None
        process, self._process = self._process, None
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def throw_away(self) -> None:
        """Stop it and forget its data."""
        if self._process is not None:
            self.kill9()
        for other in self._others:
            other.throw_away()
        for postgresql, name in self._databases:
            postgresql.cluster.drop(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    # Its commands and its development doors

    def command(self, *arguments: str) -> str:
        """Run `sigid …` on its database; answers what it printed."""
        return self.commands.run(*arguments, env=self.env).good().stdout

    def bootstrap(self, document: Yaml) -> Tenant:
        """Make a tenant (`sigid bootstrap`), before the server's start or while it runs."""
        with yaml_file(document) as file:
            made = json.loads(self.command("bootstrap", "--file", str(file), "--json"))
        return Tenant(self.issuer, document, made)

    def advance(self, seconds: float) -> None:
        """Move its clock forward, in every process of it."""
        assert not self.real_time, "this server keeps the real time: ask for `server`"
        answer = httpx.post(f"{self.address}/dev/clock", json={"advance_seconds": int(seconds)}, verify=False)
        assert answer.is_success, answer.text

    def inbox(self, to: str) -> list[dict[str, Any]]:
        """The mail sent to an address, newest first."""
        answer = httpx.get(f"{self.address}/dev/inbox.json", params={"to": to}, verify=False)
        assert answer.is_success, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    def mail(self, to: str, *, after: int = 0) -> dict[str, Any]:
        """The newest mail to an address, waited for; `after`: how many were there before."""
        return wait_for(f"a mail to {to}", lambda: mails[0] if len(mails := self.inbox(to)) > after else None)

    # What it says in its log

    def log_text(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def logs(self, **wanted: object) -> list[dict[str, Any]]:
        """The lines logged so far that have these members."""
        self._read_on()
        return [line for line in self._lines if all(line.get(name) == value for name, value in wanted.items())]

    def stumbles(self, after: int = 0) -> list[dict[str, Any]]:
        """Exceptions that it logged, from the `after`th line on: none is ever right on a machine that is well."""
        return [line for line in self.logs()[after:] if "exception" in line]

    def reason(self, response: httpx.Response) -> str:
        """Why it refused: the private reason, which stands in the log beside the answer's request id."""
        request_id = response.headers["X-Request-Id"]

        def look() -> str | None:
            self._read_on()
            return self._reasons.get(request_id)

        return wait_for(f"the reason of {request_id} ({response.status_code} {response.text[:200]})", look, patience=20)

    def _read_on(self) -> None:
        if not self.log_file.exists():
            return
        with self.log_file.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        lines = list(_structured(whole.splitlines()))
        self._lines += lines
        self._reasons |= {
            line["request_id"]: line["reason"] for line in lines if line.get("reason") and "request_id" in line
        }


def _structured(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if line.startswith(b"{"):
            yield json.loads(line)


def _template(kind: str, commands: Commands, postgresql: Postgresql | None) -> Template:
    """Migrate once a run; `postgresql` and `sqlite` each have one."""
    with run.only_one(f"template-{kind}"):
        note = run.folder() / f"template-{kind}.json"
        if not note.exists():
            server = Server.bare(kind, commands, postgresql)
            server.command("migrate")
            url = server.settings.get("DATABASE_URL")
            database = url and url.partition("@/")[2].partition("?")[0]
            note.write_text(json.dumps({"data": str(server.data), "database": database}))
        made = json.loads(note.read_text())
    return Template(Path(made["data"]), made["database"])
