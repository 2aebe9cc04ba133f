"""The folder of one test run, in memory where the machine allows it, shared by the run's workers and gone at its end.

The process that the person started makes it and names it in the environment, so that every pytest-xdist worker finds
the same one. What a killed run left behind is cleared by the next.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_VARIABLE = "SIGID_TESTS_FOLDER"
_PREFIX = "sigid-tests-"


def _memory() -> Path:
    shm = Path("/dev/shm")
    return shm if os.access(shm, os.W_OK) else Path(tempfile.gettempdir())


def begin(clear: Callable[[Path], None]) -> None:
    """Make the run's folder. `clear` ends whatever a dead run left running in its own."""
    for left in _memory().glob(f"{_PREFIX}*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists() and left.stat().st_uid == os.getuid():
            clear(left)
            shutil.rmtree(left, ignore_errors=True)
    made = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=_memory())
    Path(made).chmod(0o755)  # PostgreSQL's own user must get through
    os.environ[_VARIABLE] = made


def end(clear: Callable[[Path], None]) -> None:
    made = Path(os.environ.pop(_VARIABLE))
    clear(made)
    shutil.rmtree(made, ignore_errors=True)


def folder() -> Path:
    return Path(os.environ[_VARIABLE])


def new_folder(name: str) -> Path:
    """A fresh folder for one server or one test."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder()))


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Only one worker at a time, for what they share."""
    with (folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
