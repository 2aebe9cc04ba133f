"""Which passwords are taken: PWD-05."""

import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from sigid.accounts import breached_passwords
from sigid.accounts.breached_passwords import LIST, PREFIX_LENGTH, RangeLookup, is_listed
from sigid.accounts.password_rules import MIN_LENGTH_ALONE, Personal, Weakness, judge
from sigid.kernel.errors import Unavailable
from sigid.kernel.http import GuardedClient
from tests.kernel.servers import Answer, Stranger, answers, says, serving

ADA = Personal(
    email="ada.byron@bletchley.example", name="Ada Lovelace", tenant="Acme Widgets", tenant_slug="acme-widgets"
)

REFUSED = {
    "PWD-05 7 characters": ("kZ9#qv!", Weakness.TOO_SHORT),
    "PWD-05 none": ("", Weakness.TOO_SHORT),
    "PWD-04 257 characters": ("kZ9#qv!L" * 32 + "a", Weakness.TOO_LONG),
    "PWD-04 1 MiB": ("a" * 1_048_576, Weakness.TOO_LONG),
    "PWD-04 half a surrogate": ("kZ9#qv!Lw2\ud800", Weakness.MALFORMED),
    "PWD-05 common": ("password", Weakness.BREACHED),
    "PWD-05 common, numbers": ("password123", Weakness.BREACHED),
    "PWD-05 common, upper case": ("PASSWORD123", Weakness.BREACHED),
    "PWD-05 common, hard to guess otherwise": ("1qaz2wsx3edc", Weakness.BREACHED),
    "PWD-05 one letter": ("a" * 40, Weakness.TOO_WEAK),
    "PWD-05 one letter, at full length": ("a" * 256, Weakness.TOO_WEAK),
    "PWD-05 a common one, repeated": ("password" * 32, Weakness.TOO_WEAK),
    "PWD-05 a row of keys": ("zxcvbnm,./zxcvbnm", Weakness.TOO_WEAK),
    "PWD-05 a season": ("Summer2026!", Weakness.TOO_WEAK),
    "PWD-05 a date": ("31.12.1999", Weakness.TOO_WEAK),
    "PWD-05 her address": ("ada.byron@bletchley.example", Weakness.CONTAINS_PERSONAL),
    "PWD-05 her address in upper case": ("ADA.BYRON@BLETCHLEY.EXAMPLE", Weakness.CONTAINS_PERSONAL),
    "PWD-05 before the @": ("ada.byron1815", Weakness.CONTAINS_PERSONAL),
    "PWD-05 before the @, without dot": ("adabyron#2026", Weakness.CONTAINS_PERSONAL),
    "PWD-05 her domain": ("bletchley!2026", Weakness.CONTAINS_PERSONAL),
    "PWD-05 her name": ("Ada Lovelace", Weakness.CONTAINS_PERSONAL),
    "PWD-05 her name joined": ("AdaLovelace1815", Weakness.CONTAINS_PERSONAL),
    "PWD-05 her last name twice": ("lovelace-lovelace-lovelace", Weakness.CONTAINS_PERSONAL),
    "PWD-05 the tenant": ("acme-widgets", Weakness.CONTAINS_PERSONAL),
    "PWD-05 the tenant and a year": ("AcmeWidgets#2026", Weakness.CONTAINS_PERSONAL),
    "PWD-05 the tenant and the usual": ("acme-password-2026", Weakness.CONTAINS_PERSONAL),
}


@pytest.mark.parametrize(("password", "because"), REFUSED.values(), ids=REFUSED)
async def test_refused(password: str, because: Weakness):
    assert await judge(password, ADA) is because


@pytest.mark.parametrize(
    "password",
    [
        "correct-horse-battery-staple",
        "kZ9#qv!Lw",
        "  kZ9#qv!Lw  ",
        "adventurous lemur tango",
        "pferdedünger-im-märz",
        "我家的猫喜欢吃西瓜和葡萄",
        "\U0001f600\U0001f680\U0001f40d\U0001f355\U0001f984\U0001f3b8\U0001f33b\U0001f9ca\U0001f511\U0001f30d",
        "a" * 200 + "kZ9#qv!Lw2pXr7",  # a strong end makes a strong whole
        "kZ9#qv!Lw2pXr7" + "a" * 242,
        "ada lovelace wrote the first program",  # her name, and enough besides
    ],
)
async def test_taken(password: str):
    assert await judge(password, ADA) is None


async def test_fifteen_characters_where_it_is_the_only_factor():
    assert await judge("kZ9#qv!Lw2pXr7", ADA, minimum=MIN_LENGTH_ALONE) is Weakness.TOO_SHORT
    assert await judge("kZ9#qv!Lw2pXr7+", ADA, minimum=MIN_LENGTH_ALONE) is None


async def test_nothing_is_known_of_the_person():
    assert await judge("adabyron#2026-lemur", Personal()) is None


async def test_a_name_without_end_is_bounded():
    endless = Personal(name=" ".join(f"name{number}" for number in range(100_000)), tenant="\ud800" * 300)
    assert len(endless.words()) <= 40
    assert await judge("correct-horse-battery-staple", endless) is None


def test_personal_does_not_print():
    assert "Lovelace" not in repr(ADA)


class TestShippedList:
    def test_it_is_sorted_and_as_large_as_it_says(self):
        data = LIST.read_bytes()
        entries = [data[place : place + PREFIX_LENGTH] for place in range(0, len(data), PREFIX_LENGTH)]
        assert len(entries) == 300_000
        assert entries == sorted(set(entries))
        assert len(data) <= 1.5 * 1024 * 1024

    def test_it_is_the_one_that_is_documented(self):
        told = LIST.with_suffix(".md").read_text()
        assert hashlib.sha256(LIST.read_bytes()).hexdigest() in told

    @pytest.mark.parametrize("password", ["password", "12345678", "iloveyou", "trustno1", "Football", "1qaz2wsx"])
    def test_what_everybody_knows_is_on_it(self, password: str):
        assert is_listed(password)

    def test_what_nobody_knows_is_not(self):
        assert not is_listed("correct-horse-battery-staple")
        assert not any(is_listed(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(1000))

    def test_both_ends_are_found(self):
        data = LIST.read_bytes()
        for end in (data[:PREFIX_LENGTH], data[-PREFIX_LENGTH:]):
            assert breached_passwords._has(end)
        assert not breached_passwords._has(b"\0" * PREFIX_LENGTH)
        assert not breached_passwords._has(b"\xff" * PREFIX_LENGTH)


KNOWN = "adventurous lemur tango"
DIGEST = hashlib.sha1(KNOWN.encode()).hexdigest().upper()
OTHER = "0" * 35


def known(count: str = "42") -> Answer:
    return answers(f"{OTHER}:1\r\n{DIGEST[5:]}:{count}".encode(), type_="text/plain; charset=utf-8")


@asynccontextmanager
async def asking(answer: Answer, *, fail_open: bool = True) -> AsyncIterator[tuple[RangeLookup, Stranger]]:
    async with serving(answer) as stranger:
        client = GuardedClient(loopback=True)
        yield RangeLookup(client, f"http://127.0.0.1:{stranger.port}/range/", fail_open=fail_open), stranger


class TestRangeLookup:
    async def test_a_password_that_the_service_knows(self):
        async with asking(known()) as (lookup, stranger):
            assert await judge(KNOWN, ADA, lookup=lookup) is Weakness.BREACHED
        head = stranger.requests[0].decode()
        assert head.startswith(f"GET /range/{DIGEST[:5]} HTTP/1.1\r\n")
        assert "Add-Padding: true\r\n" in head
        assert DIGEST[5:] not in head

    async def test_a_password_that_it_does_not_know(self):
        async with asking(answers(f"{OTHER}:1".encode(), type_="text/plain")) as (lookup, _):
            assert await judge(KNOWN, ADA, lookup=lookup) is None

    async def test_padding_is_no_breach(self):
        async with asking(known(count="0")) as (lookup, _):
            assert await judge(KNOWN, ADA, lookup=lookup) is None

    async def test_a_weak_password_is_not_sent_at_all(self):
        async with asking(known()) as (lookup, stranger):
            assert await judge("password", ADA, lookup=lookup) is Weakness.BREACHED
            assert await judge("Summer2026!", ADA, lookup=lookup) is Weakness.TOO_WEAK
        assert stranger.requests == []

    FAILURES = {  # noqa: RUF012  (a table of cases)
        "500": (answers(b"", status="500 No", type_="text/plain"), "fetch_status"),
        "a page": (answers(b"<html>", type_="text/html"), "fetch_media_type"),
        "words": (answers(b"hello", type_="text/plain"), "fetch_malformed"),
        "nothing": (answers(b"", type_="text/plain"), "fetch_malformed"),
        "no answer": (says(b""), "fetch_cut_short"),
        "too much": (answers(b"a" * 300_000, type_="text/plain"), "fetch_too_large"),
    }

    @pytest.mark.parametrize(("answer", "because"), FAILURES.values(), ids=FAILURES)
    async def test_a_service_that_fails(self, answer: Answer, because: str, caplog: pytest.LogCaptureFixture):
        with caplog.at_level(logging.WARNING):
            async with asking(answer) as (lookup, _):
                assert await judge(KNOWN, ADA, lookup=lookup) is None
        assert because in caplog.text
        assert KNOWN not in caplog.text
        async with asking(answer, fail_open=False) as (lookup, _):
            with pytest.raises(Unavailable) as error:
                await judge(KNOWN, ADA, lookup=lookup)
        assert error.value.reason == "breach_lookup_failed"
