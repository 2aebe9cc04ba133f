"""Passwords at rest: PWD-04, and the cost of a sign-in."""

import asyncio
import threading

import argon2
import pytest

from sigid.accounts import passwords
from sigid.accounts.passwords import (
    PasswordBusy,
    PasswordUnusable,
    Verified,
    _Threads,
    burn,
    hash_password,
    share_cores,
    verify_password,
)

RIGHT = Verified(ok=True, needs_rehash=False)
WRONG = Verified(ok=False, needs_rehash=False)


async def test_a_password_and_its_hash():
    stored = await hash_password("correct-horse-battery-staple")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await verify_password("correct-horse-battery-staple", stored) == RIGHT
    assert await verify_password("correct-horse-battery-stapl", stored) == WRONG
    assert await hash_password("correct-horse-battery-staple") != stored


EXACT = {
    "PWD-04 NUL inside": ("before\0after", "before\0other"),
    "PWD-04 NUL at the end": ("before\0", "before"),
    "PWD-04 73 bytes, other tail": ("a" * 72 + "b", "a" * 72 + "c"),
    "PWD-04 256 characters, other tail": ("a" * 255 + "b", "a" * 255 + "c"),
    "PWD-04 emoji": ("\U0001f600" * 8, "\U0001f601" * 8),
    "PWD-04 256 characters of four bytes": ("\U0001f600" * 256, "\U0001f600" * 255),
    "PWD-04 leading blanks": ("  password", "password"),
    "PWD-04 trailing blank": ("password ", "password"),
    "PWD-04 other Unicode form": ("J\u00fcrgens-Wort", "Ju\u0308rgens-Wort"),
    "PWD-04 compatibility form": ("\ufb01nal-answer", "final-answer"),
    "PWD-04 case": ("PassWord", "password"),
    "PWD-04 line ends": ("pass\r\nword", "pass\nword"),
}


@pytest.mark.parametrize(("password", "other"), EXACT.values(), ids=EXACT)
async def test_a_password_is_what_was_typed(password: str, other: str):
    stored = await hash_password(password)
    assert await verify_password(password, stored) == RIGHT
    assert await verify_password(other, stored) == WRONG


@pytest.mark.parametrize(
    "password", ["", "a" * 257, "a" * 4096, "a" * 1_048_576, "pass\ud800word"], ids=lambda text: str(len(text))
)
async def test_what_cannot_be_a_password(password: str):
    with pytest.raises(PasswordUnusable):
        await hash_password(password)
    assert await verify_password(password, await hash_password("a" * 256)) == WRONG


async def test_a_hash_of_other_parameters_is_made_anew():
    older = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("password")
    assert await verify_password("password", older) == Verified(ok=True, needs_rehash=True)
    assert await verify_password("passwort", older) == WRONG


ENDING = "O8lzATUDbKSjZMgCp582hg$bMKAxZku+VCw1FEDKVLYBLQGBPBoJ0/BbyoUQN2L7Tk"
STORED = {
    "nothing": "",
    "no hash": "password",
    "another kind": "$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
    "argon2i": argon2.PasswordHasher(1, 8192, 1, type=argon2.Type.I).hash("password"),
    "much memory": f"$argon2id$v=19$m=4194304,t=2,p=1${ENDING}",
    "much time": f"$argon2id$v=19$m=19456,t=99999,p=1${ENDING}",
    "a short result": argon2.PasswordHasher(1, 8192, 1, hash_len=4).hash("password"),
    "cut": "$argon2id$v=19$m=19456,t=2,p=1$O8lzATUDbKSjZMgCp582hg$",
    "broken": "$argon2id$v=19$m=19456,t=2,p=1$O8lzATUDbKSjZMgCp582hg$!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!",
}


@pytest.mark.parametrize("stored", STORED.values(), ids=STORED)
async def test_a_stored_hash_that_is_none_of_ours_is_nobodys_password(stored: str):
    assert await verify_password("password", stored) == WRONG


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was given to the threads."""
    given: list[str] = []
    run = passwords._threads.run

    async def counting(work: object, *arguments: object) -> object:
        given.append(getattr(work, "__name__", ""))
        return await run(work, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(passwords._threads, "run", counting)
    return given


@pytest.mark.parametrize(
    ("password", "stored"),
    [("a" * 257, "$argon2id$"), ("\ud800", "$argon2id$"), ("password", "none"), ("password", "")],
)
async def test_what_cannot_be_compared_costs_as_much(counted: list[str], password: str, stored: str):
    """PWD-02: a hash is computed, whatever is wrong."""
    await verify_password(password, stored)
    await burn()
    assert counted == ["hash", "hash"]


async def test_so_many_at_once_so_many_waiting_and_no_more():
    threads = _Threads(2, 3)
    go = threading.Event()
    lock = threading.Lock()
    running = most = 0

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go.wait(60)
        with lock:
            running -= 1

    jobs = [asyncio.create_task(threads.run(work)) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(PasswordBusy) as error:
        await threads.run(work)
    assert error.value.reason == "password_hashing_busy"
    jobs[0].cancel()  # its client hung up, its thread is still at work: no place is free
    jobs[4].cancel()  # it was waiting: its place is free again
    await asyncio.gather(jobs[0], jobs[4], return_exceptions=True)
    jobs.append(asyncio.create_task(threads.run(work)))
    await asyncio.sleep(0)
    with pytest.raises(PasswordBusy):
        await threads.run(work)
    go.set()
    await asyncio.gather(*jobs, return_exceptions=True)
    assert most <= 2
    await threads.run(lambda: None)


async def test_a_burst_is_served_or_told_to_come_back():
    """Thrice what fits: the rest is refused at once, and afterwards there is room again."""
    places = passwords._cores() * (1 + passwords._WAITING_FOR_EACH_THREAD)
    answers = await asyncio.gather(*(burn() for _ in range(3 * places)), return_exceptions=True)
    assert {type(answer) for answer in answers} <= {type(None), PasswordBusy}
    assert answers.count(None) >= places
    await burn()


async def test_processes_share_the_cores(monkeypatch: pytest.MonkeyPatch):
    threads = _Threads(1, 1)
    monkeypatch.setattr(passwords, "_threads", threads)
    monkeypatch.setattr(passwords, "_cores", lambda: 8)
    share_cores(4)
    assert threads._executor._max_workers == 2
    share_cores(16)
    assert threads._executor._max_workers == 1
