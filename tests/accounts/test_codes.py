"""One-time codes and the sign-in that they belong to: PWD-13, one browser, one hour, finished once."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from sigid.accounts import interactions
from sigid.accounts.interactions import MOST_TRIES, Tried
from sigid.accounts.sign_in import WrongCode
from sigid.kernel import clock, ids
from sigid.kernel.database import look, use
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Throttled
from sigid.kernel.secrets import digest
from tests.accounts.house import ADA, CODE_LIFE, Browser, House, other_code

pytestmark = pytest.mark.promise("3.3.sign-in-code")

NOBODY = EmailAddress.parse("nobody@example.com")


async def outcome(browser: Browser, code: str) -> str:
    try:
        made = await browser.type_code(code)
    except WrongCode as wrong:
        return wrong.reason
    return "signed in" if made is not None else "not admitted"


async def test_a_code_signs_in_once(house: House):
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    assert await outcome(browser, f" {code[:3]} {code[3:]} ") == "signed in", "as people copy it"
    assert await outcome(browser, code) == "code_spent"


async def test_pwd_13_right_fifty_at_once_signs_one_in(house: House):
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    outcomes = Counter(await asyncio.gather(*(outcome(browser, code) for _ in range(50))))
    assert outcomes == {"signed in": 1, "code_spent": 49}


async def test_pwd_13_wrong_fifty_at_once_ends_the_code(house: House):
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    outcomes = Counter(await asyncio.gather(*(outcome(browser, other_code(code)) for _ in range(50))))
    assert outcomes == {"code_wrong": MOST_TRIES, "code_tries_used_up": 50 - MOST_TRIES}
    assert await outcome(browser, code) == "code_tries_used_up"


async def test_pwd_13_five_tries_then_it_is_dead(house: House):
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    for _ in range(MOST_TRIES - 1):
        assert await outcome(browser, other_code(code)) == "code_wrong"
    assert await outcome(browser, code) == "signed in"
    await browser.begin()
    code = await browser.ask_code(ADA)
    for _ in range(MOST_TRIES):
        assert await outcome(browser, other_code(code)) == "code_wrong"
    assert await outcome(browser, code) == "code_tries_used_up"


async def test_pwd_13_an_older_code_dies_with_a_newer_one(house: House):
    await house.person()
    browser = await house.browser()
    old = await browser.ask_code(ADA)
    new = await browser.ask_code(ADA)
    if old != new:  # one time in a million
        assert await outcome(browser, old) == "code_wrong"
    assert await outcome(browser, new) == "signed in"


async def test_pwd_13_a_code_of_another_purpose(house: House):
    """A code that proves a sign-up does not sign in where a later one was asked for, nor the other way round."""
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    found = await browser.found()
    for purpose in ("signup", "recovery", ""):
        async with use(browser.caller) as tx:
            elsewhere = replace(found, code_purpose=purpose)
            tried = await interactions.try_code(tx, elsewhere, code)
            assert (tried.right, tried.why) == (False, "code_wrong")
    assert await outcome(browser, code) == "signed in"


async def test_pwd_13_a_code_of_another_sign_in(house: House):
    await house.person()
    one, two = await house.browser(), await house.browser()
    code = await one.ask_code(ADA)
    if code != await two.ask_code(ADA):
        assert await outcome(two, code) == "code_wrong"
    assert await outcome(one, code) == "signed in"


async def test_pwd_13_many_codes_do_not_give_many_tries(house: House):
    """The mails are limited, so that a guesser's tries per hour are a few dozen of a million."""
    await house.person()
    guesses = 0
    for n in range(100):
        browser = await house.browser(f"198.51.{n}.1")
        try:
            code = await browser.ask_code(ADA)
        except Throttled:
            continue
        for _ in range(10):
            await outcome(browser, other_code(code))
            guesses += 1
    assert guesses == 5 * 10


@pytest.mark.parametrize(
    ("late", "because"), [(CODE_LIFE, "code_expired"), (timedelta(hours=1), "interaction_expired")]
)
async def test_a_code_lapses(house: House, late: timedelta, because: str):
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    clock.advance(int(late.total_seconds()))
    assert await outcome(browser, code) == because


async def test_a_code_for_an_address_without_account_signs_nobody_in(house: House):
    browser = await house.browser()
    assert await outcome(browser, await browser.ask_code(NOBODY)) == "not admitted"
    assert await browser.sessions() == []


async def test_a_code_for_a_locked_account_signs_nobody_in(house: House):
    account_id = await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    await house.lock(account_id)
    assert await outcome(browser, code) == "not admitted"
    assert await browser.sessions() == []


@pytest.mark.parametrize("junk", ["", " ", "-", "12345", "1234567", "१२३४५६", "abcdef", "\0" * 6, "0" * 10_000])
async def test_what_is_no_code(house: House, junk: str):
    await house.person()
    browser = await house.browser()
    await browser.ask_code(ADA)
    assert await outcome(browser, junk) == "code_wrong"


async def test_a_code_before_any_was_asked_for(house: House):
    await house.person()
    browser = await house.browser()
    async with use(browser.caller) as tx:
        assert await interactions.try_code(tx, await browser.found(), "123456") == Tried(right=False, why="code_none")


async def test_no_code_is_stored(house: House):
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    async with look(browser.caller) as tx:
        row = await tx.one(interactions._FIND, id=browser.interaction)
    assert code not in str(row)
    unkeyed = {digest(text) for text in (code, f"{browser.interaction}\0signin\0{code}")}
    assert row.code_digest not in unkeyed, "six digits are found by trying them all, unless the digest has a key"


async def test_a_sign_in_under_way_is_one_browsers(house: House):
    browser, other = await house.browser(), await house.browser()
    assert (await browser.found()).alive
    async with look(other.caller) as tx:
        assert await interactions.find(tx, browser.interaction, other.digest) is None
        assert await interactions.find(tx, browser.interaction, None) is None
        assert await interactions.find(tx, ids.new_id("int"), browser.digest) is None
        assert await interactions.find(tx, "int_'; drop table interaction", browser.digest) is None


async def test_a_sign_in_under_way_is_one_tenants(house: House):
    browser = await house.browser()
    elsewhere = await (await house.another("other")).browser()
    async with look(elsewhere.caller) as tx:
        assert await interactions.find(tx, browser.interaction, browser.digest) is None


async def test_it_ends_in_an_hour(house: House):
    browser = await house.browser()
    clock.advance(3600)
    found = await browser.found()
    assert not found.alive
    assert not found.finished
    async with use(browser.caller) as tx:
        await interactions.note(tx, found, step="late")
        assert not await interactions.finish(tx, found)
    assert (await browser.found()).state == {}


async def test_it_is_finished_once_by_one_of_fifty(house: House):
    browser = await house.browser()
    found = await browser.found()

    async def finish() -> bool:
        async with use(browser.caller) as tx:
            return await interactions.finish(tx, found)

    assert sum(await asyncio.gather(*(finish() for _ in range(50)))) == 1
    found = await browser.found()
    assert (found.finished, found.alive) == (True, False)


async def test_what_is_finished_takes_no_code(house: House):
    await house.person()
    browser = await house.browser()
    code = await browser.ask_code(ADA)
    async with use(browser.caller) as tx:
        assert await interactions.finish(tx, await browser.found())
    assert await outcome(browser, code) == "interaction_expired"
