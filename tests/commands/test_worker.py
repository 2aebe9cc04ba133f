"""The worker's loop: jobs that fail hold no other up, and one process of several does the work."""

import asyncio
from pathlib import Path

import pytest

from sigid.kernel.errors import Unavailable
from sigid.worker import Job, Worker, beside


class _Runs:
    """A job that counts its runs, and perhaps fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.count = 0
        self.twice = asyncio.Event()
        self._error = error

    async def __call__(self) -> None:
        self.count += 1
        if self.count == 2:
            self.twice.set()
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize("error", [Unavailable("database_unreachable"), ZeroDivisionError()])
async def test_a_job_that_fails_is_tried_again_and_holds_no_other_up(error: Exception):
    failing, other = _Runs(error), _Runs()
    worker = Worker([Job("failing", 0.001, failing), Job("other", 0.001, other)])
    running = asyncio.ensure_future(worker.run())
    await asyncio.wait_for(asyncio.gather(failing.twice.wait(), other.twice.wait()), 60)
    worker.stop()
    await asyncio.wait_for(running, 60)


async def test_a_run_that_has_begun_comes_to_its_end():
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def job() -> None:
        begun.set()
        await may_end.wait()
        ended.set()

    worker = Worker([Job("long", 3600, job)])
    running = asyncio.ensure_future(worker.run())
    await begun.wait()
    worker.stop()
    may_end.set()
    await asyncio.wait_for(running, 60)
    assert ended.is_set()


async def test_of_those_who_share_a_data_folder_one_works(tmp_path: Path):
    first, second = _Runs(), _Runs()
    async with beside([Job("first", 0.001, first)], tmp_path):
        await asyncio.wait_for(first.twice.wait(), 60)
        async with beside([Job("second", 0.001, second)], tmp_path):
            again = first.count
            while first.count < again + 5:
                await asyncio.sleep(0)
            assert second.count == 0
    async with beside([Job("second", 0.001, second)], tmp_path):
        await asyncio.wait_for(second.twice.wait(), 60)
