"""What argon2id alone allows on this machine: the yardstick of the password sign-in."""

import os
import time
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher

MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1

_HASHER = PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
_PASSWORD = "a password of usual length"


def verifications_per_second(seconds: float) -> float:
    """On every core at once, with nothing beside it; the hashing holds no interpreter lock."""
    digest = _HASHER.hash(_PASSWORD)
    start = time.monotonic()

    def verify_until_the_end(_core: int) -> int:
        done = 0
        while time.monotonic() < start + seconds:
            _HASHER.verify(digest, _PASSWORD)
            done += 1
        return done

    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        total = sum(pool.map(verify_until_the_end, range(cores)))
    return total / (time.monotonic() - start)
