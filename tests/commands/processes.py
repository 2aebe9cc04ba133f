"""Processes that tests of the commands start, look at and end."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.harness.commands import PROGRAM
from tests.harness.server import PATIENCE


@contextmanager
def sigid(*arguments: str, env: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`sigid …` running, what it says going to a file; its whole group is gone afterwards."""
    with output.open("ab") as said:
        process = subprocess.Popen(
            [PROGRAM, *arguments],
            env=env,
            cwd=output.parent,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)


def tree(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """The process and all that it started."""
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


def terminated(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    """End it as an operator does; answers its exit code, when every process of it is gone."""
    processes = tree(process)
    process.send_signal(number)
    code = process.wait(PATIENCE)
    _, left = psutil.wait_procs(processes, timeout=PATIENCE)
    assert not left
    return code
