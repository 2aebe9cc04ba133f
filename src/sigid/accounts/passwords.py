"""Passwords at rest: argon2id (RFC 9106) at a cost that a sign-in can bear and a guesser can't.

The bytes are exactly those that were typed: nothing is trimmed, folded, normalised or cut. Hashing has threads of its
own, as many at once as there are cores, and a short queue before them; when that is full the next one is told so at
once, instead of everybody waiting for ever. Whoever has no account costs as much as whoever has one: `burn`.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, NamedTuple, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from sigid.kernel.errors import SigidError, Unavailable

MAX_LENGTH: Final = 256
_hasher: Final = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)

# A stored hash tells its own cost. Ours never cost more than this, and no other's is computed.
_MOST: Final = argon2.Parameters(
    argon2.Type.ID, version=19, salt_len=64, hash_len=64, time_cost=10, memory_cost=262_144, parallelism=4
)
_WAITING_FOR_EACH_THREAD: Final = 32  # at some 25 ms each: under a second

_T = TypeVar("_T")


class PasswordBusy(Unavailable):
    """More passwords are waiting to be hashed than will be done in good time. The same request may succeed later."""

    def __init__(self) -> None:
        super().__init__("password_hashing_busy", retry_after=1)


class PasswordUnusable(SigidError):
    """A text that cannot be a password: none, too long, or without bytes of its own (half a surrogate)."""


class Verified(NamedTuple):
    """Whether it was the password, and whether its hash should now be made anew with today's parameters."""

    ok: bool
    needs_rehash: bool


class _Threads:
    """Runs what costs a core: so many at once, so many waiting, and no more."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self.resize(at_once, waiting)

    def resize(self, at_once: int, waiting: int) -> None:
        """For the start, before anything runs."""
        self._executor = ThreadPoolExecutor(at_once, thread_name_prefix="password")
        self._places = threading.BoundedSemaphore(at_once + waiting)

    async def run(self, work: Callable[..., _T], *arguments: object) -> _T:
        if not self._places.acquire(blocking=False):
            raise PasswordBusy
        job: Future[_T] = self._executor.submit(work, *arguments)
        # By the job itself and not by who waits for it: a client that hangs up frees no core that is still at work.
        places = self._places
        job.add_done_callback(lambda _: places.release())
        return await asyncio.wrap_future(job)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_threads: Final = _Threads(_cores(), _cores() * _WAITING_FOR_EACH_THREAD)


def share_cores(processes: int) -> None:
    """Called at the start where several processes serve: together they hash as many at once as there are cores."""
    at_once = max(1, _cores() // processes)
    _threads.resize(at_once, at_once * _WAITING_FOR_EACH_THREAD)


async def hash_password(password: str) -> str:
    """The hash to store. Raises PasswordUnusable, PasswordBusy."""
    secret = _exact_bytes(password)
    if secret is None:
        raise PasswordUnusable("a password has 1 to 256 characters")
    return await _threads.run(_hasher.hash, secret)


async def verify_password(password: str, stored: str) -> Verified:
    """Compare with a stored hash; what can't be compared costs the same and is not it. Raises PasswordBusy."""
    secret = _exact_bytes(password)
    if secret is None or not _is_ours(stored):
        await burn()
        return Verified(ok=False, needs_rehash=False)
    ok = await _threads.run(_matches, stored, secret)
    return Verified(ok, needs_rehash=ok and _hasher.check_needs_rehash(stored))


async def burn() -> None:
    """Take as long as a verification, where there is nothing to verify. Raises PasswordBusy."""
    await _threads.run(_hasher.hash, b"nobody's password")


def _exact_bytes(password: str) -> bytes | None:
    if not 0 < len(password) <= MAX_LENGTH:
        return None
    try:
        return password.encode()
    except UnicodeEncodeError:
        return None


def _is_ours(stored: str) -> bool:
    try:
        found = argon2.extract_parameters(stored)
    except InvalidHashError:
        return False
    return (
        found.type is _MOST.type
        and found.version == _MOST.version
        and found.time_cost <= _MOST.time_cost
        and found.memory_cost <= _MOST.memory_cost
        and found.parallelism <= _MOST.parallelism
        and found.salt_len <= _MOST.salt_len
        and 16 <= found.hash_len <= _MOST.hash_len
    )


def _matches(stored: str, secret: bytes) -> bool:
    try:
        return _hasher.verify(stored, secret)
    except (VerificationError, InvalidHashError):
        return False
