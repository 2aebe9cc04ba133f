"""PostgreSQL clusters that belong to the tests: on a socket only, in a folder that goes with them.

One cluster serves the whole run (`Postgresql.shared`), with `fsync` off. Tests that stop, kill or fill a database make
their own, durable where they ask what survives.
"""

import json
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psutil

from tests.harness import run

_SUPERUSER = "sigid"


@cache
def binaries() -> Path | None:
    """The folder of `initdb`, or None where no PostgreSQL server is installed."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    found = str(newest[-1]) if newest else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("neither 'postgres' nor 'nobody' exists")


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL server. `folder` holds its data and its socket."""

    folder: Path

    @classmethod
    def start(cls, folder: Path, *, durable: bool = False, settings: dict[str, str] | None = None) -> Self:
        """Make a cluster in `folder` (made by this call) and start it."""
        folder.mkdir(mode=0o755)
        if (account := _account()) is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        cluster = cls(folder)
        cluster._command(
            "initdb", "-D", str(cluster.data), "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )
        all_settings = {
            "listen_addresses": "''",
            "unix_socket_directories": f"'{folder}'",
            "max_connections": "300",
            "shared_buffers": "64MB",
            "dynamic_shared_memory_type": "mmap",  # within the folder, so that a killed one leaves nothing elsewhere
            "log_line_prefix": "'%m [%p] '",
            "timezone": "'UTC'",
        }
        if not durable:
            all_settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        with (cluster.data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {value}\n" for name, value in (all_settings | (settings or {})).items())
        cluster.restart()
        return cluster

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def restart(self) -> None:
        """Start the server again after `stop` or `kill9`."""
        self._command("pg_ctl", "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "-t", "120", "start")

    def stop(self, mode: str = "fast") -> None:
        self._command("pg_ctl", "-D", str(self.data), "-w", "-t", "120", "-m", mode, "stop")

    def kill9(self) -> None:
        """As a machine that loses power, as far as a process can tell: every process of the cluster at once."""
        postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().splitlines()[0]))
        for process in (postmaster, *postmaster.children(recursive=True)):
            process.kill()
        psutil.wait_procs([postmaster])

    def url(self, database: str) -> str:
        return f"postgresql://{_SUPERUSER}@/{database}?host={quote(str(self.folder))}"

    def sql(self, statement: str, database: str = "postgres") -> list[str]:
        """Run a statement as superuser; the rows as psql prints them, columns parted by `|`."""
        arguments = (
            "-h",
            str(self.folder),
            "-U",
            _SUPERUSER,
            "-d",
            database,
            "-XqtA",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            statement,
        )
        return self._command("psql", *arguments).splitlines()

    def create(self, database: str, template: str | None = None) -> str:
        """A new database, as a copy of `template` where one is named; answers its address."""
        copy = f' TEMPLATE "{template}"' if template else ""
        self.sql(f'CREATE DATABASE "{database}"{copy}')
        return self.url(database)

    def drop(self, database: str) -> None:
        self.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _command(self, name: str, *arguments: str) -> str:
        where = binaries()
        assert where is not None, "PostgreSQL is not installed"
        account = _account()
        ended = subprocess.run(
            [where / name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            check=False,
            user=account and account.pw_uid,
            group=account and account.pw_gid,
            extra_groups=[] if account else None,
        )
        if ended.returncode != 0:
            raise RuntimeError(f"{name} {' '.join(arguments)}: {ended.stdout}")
        return ended.stdout


@dataclass
class Postgresql:
    """The run's shared cluster, as one worker sees it."""

    cluster: Cluster
    _names: list[str] = field(default_factory=list)

    @classmethod
    def shared(cls) -> Self:
        """The run's cluster; the first worker that asks starts it."""
        with run.only_one("postgresql"):
            note = run.folder() / "postgresql.json"
            if not note.exists():
                cluster = Cluster.start(run.folder() / "postgresql")
                note.write_text(json.dumps(str(cluster.folder)))
        return cls(Cluster(Path(json.loads(note.read_text()))))

    def new_database(self, template: str | None = None) -> tuple[str, str]:
        """A fresh database: its name and its address."""
        name = f"test_{os.getpid()}_{len(self._names)}"
        self._names.append(name)
        with run.only_one("postgresql-create"):  # a template cannot be copied by two at once
            return name, self.cluster.create(name, template)


def stop_all(folder: Path) -> None:
    """End every cluster below a run's folder."""
    for pid_file in folder.glob("**/data/postmaster.pid"):
        postmaster = int(pid_file.read_text().splitlines()[0])
        command = Path(f"/proc/{postmaster}/cmdline")
        if command.exists() and str(pid_file.parent).encode() in command.read_bytes():
            Cluster(pid_file.parent.parent).stop("immediate")
