"""The worker: what is to be done without anybody asking for it.

Jobs run side by side, each in a loop of its own: one that fails is logged, tried again, and holds no other up. Every
job may run in several workers at once; whoever claims a row does it. `sigid serve` runs them in one of its processes
(the one that holds a lock file, which the system takes back from a process that dies), `sigid worker` in its own.
"""

import asyncio
import fcntl
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sigid.kernel import logs, metrics
from sigid.kernel.errors import Unavailable

_log = logs.get("sigid.worker")
_JITTER: Final = 0.2
_LOCK_RETRY: Final = 2.0
_PATIENCE: Final = 5.0  # seconds that a job gets to come to its end when the process stops


@dataclass(frozen=True, slots=True)
class Job:
    """`every`: seconds from the end of one run to the start of the next, give or take a fifth."""

    name: str
    every: float
    run: Callable[[], Awaitable[object]]


class Worker:
    """Runs jobs until it is told to stop; a run that has begun comes to its end."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Begin nothing more."""
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`. What does not end within its patience is cancelled; its transaction is undone."""
        loops = [asyncio.ensure_future(self._loop(job)) for job in self._jobs]
        try:
            await self._stopping.wait()
            await asyncio.wait(loops, timeout=_PATIENCE)
        finally:
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    async def run_when_first(self, lock_file: Path) -> None:
        """Run once the lock is ours. When its holder ends, however it ends, one of those who wait goes on."""
        descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not self._stopping.is_set():
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    await self._pause(_LOCK_RETRY)
                else:
                    await self.run()
        finally:
            os.close(descriptor)

    async def _loop(self, job: Job) -> None:
        while not self._stopping.is_set():
            await _once(job)
            await self._pause(job.every)

    async def _pause(self, seconds: float) -> None:
        """Wait, or until we are to stop; never all of us in step."""
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311
        except TimeoutError:
            return


async def _once(job: Job) -> None:
    try:
        await job.run()
    except Unavailable as error:
        metrics.job(job.name, "failed")
        _log.warning("job failed", job=job.name, reason=error.reason)
    except Exception:  # whatever it was, the job is tried again and the others go on
        metrics.job(job.name, "failed")
        _log.exception("job failed", job=job.name)
    else:
        metrics.job(job.name, "done")


@asynccontextmanager
async def beside(jobs: Sequence[Job], data_dir: Path) -> AsyncIterator[None]:
    """Run the jobs beside what this process does, in one process of all that share the data folder."""
    worker = Worker(jobs)
    task = asyncio.ensure_future(worker.run_when_first(data_dir / "worker.lock"))
    try:
        yield
    finally:
        worker.stop()
        await task
