"""A PostgreSQL cluster of the benchmark's own, with PostgreSQL's default settings: fsync and synchronous commit on."""

import os
import shutil
import subprocess
from pathlib import Path

from bench.problems import BenchError
from bench.processes import free_port

SUPERUSER = "postgres"


def _programs() -> Path:
    """Where `initdb` is: on the path, or where Debian puts it."""
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "pg_ctl").exists():
            return folder
    raise BenchError("PostgreSQL's initdb was not found: install postgresql, or measure with --only sqlite")


class Cluster:
    """Started when made; `url` makes a database and names it."""

    def __init__(self, folder: Path) -> None:
        self._programs = _programs()
        self._data = folder / "postgresql"
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self._data, SUPERUSER)
        self._run(
            "initdb", "--pgdata", str(self._data), "--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"
        )
        self.port = free_port()
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._data}"
        log = str(self._data / "log")
        self._run("pg_ctl", "--pgdata", str(self._data), "--log", log, "--options", options, "--wait", "start")

    @property
    def pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().splitlines()[0])

    def url(self, database: str) -> str:
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", SUPERUSER, database)
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def version(self) -> str:
        return self._run("postgres", "--version").split()[-1]

    def stop(self) -> None:
        self._run("pg_ctl", "--pgdata", str(self._data), "--mode", "fast", "--wait", "stop")

    def _run(self, program: str, *arguments: str) -> str:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", SUPERUSER, "--", *command]
        # Output goes to a file: the server that pg_ctl starts would keep a pipe open for ever.
        output = self._data.parent / f"{program}.out"
        with output.open("wb") as sink:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, check=False, cwd="/")
        said = output.read_text(errors="replace")
        if done.returncode != 0:
            raise BenchError(f"{program} failed: {said.strip()}")
        return said
