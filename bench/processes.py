"""A server under measurement, as a process tree: its start, its processor time, its memory, its end."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from bench.problems import BenchError

START_PATIENCE = 60.0
STOP_PATIENCE = 15.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def tree(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def processor_seconds(pid: int) -> float:
    """User and system time of a process and all that it started, those that have ended among them."""
    total = 0.0
    for process in tree(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def resident_mib(pid: int) -> list[float]:
    """Resident memory of each process of the tree, the largest first."""
    sizes = []
    for process in tree(pid):
        try:
            sizes.append(process.memory_info().rss / 2**20)
        except psutil.NoSuchProcess:
            continue
    return sorted(sizes, reverse=True)


class ServerProcess:
    """A server that was started and has answered once."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path, ready_url: str) -> None:
        self.log = log
        started = time.monotonic()
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=output, process_group=0
            )
        try:
            self.first_answer_seconds = self._wait_for_answer(ready_url, started)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def _wait_for_answer(self, url: str, started: float) -> float:
        with httpx.Client(timeout=5, trust_env=False) as client:
            while time.monotonic() - started < START_PATIENCE:
                if self._process.poll() is not None:
                    raise BenchError(f"the server ended at once:\n{self.last_words()}")
                try:
                    if client.get(url).status_code == httpx.codes.OK:
                        return time.monotonic() - started
                except httpx.TransportError:
                    pass
                time.sleep(0.01)
        raise BenchError(f"no answer at {url} within {START_PATIENCE:.0f} s:\n{self.last_words()}")

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def stop(self) -> None:
        """End it as an operator does; what is left of its process group after a while is killed."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
