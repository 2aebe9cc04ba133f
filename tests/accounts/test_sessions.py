"""Sessions: digests at rest, limits by each tenant's settings, proofs that count where they are trusted."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from sigid.accounts import people, sessions
from sigid.accounts.sessions import ACR_1FA, MOST_ACCOUNTS
from sigid.accounts.tables import session
from sigid.kernel import callers, clock
from sigid.kernel.database import change, look, param, statement, use
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.secrets import Handle
from tests.accounts.house import ABSOLUTE, ADA, IDLE, House

pytestmark = pytest.mark.promise("3.3.sessions")

_ROWS = statement(
    "test.sessions", select(*session.c).where(session.c.account_id == param("account_id", session.c.account_id))
)


async def test_the_handle_is_not_stored(house: House):
    account_id = await house.person()
    made = await (await house.browser()).sign_in()
    async with look(callers.as_account(account_id, house.origin)) as tx:
        [row] = await tx.all(_ROWS)
    assert row.digest == made.handle.digest
    assert made.handle.reveal() not in str(row)
    assert made.handle.reveal() not in repr(made)


@pytest.mark.parametrize(
    ("late", "idle", "absolute", "alive"),
    [
        (timedelta(hours=23), IDLE, ABSOLUTE, True),
        (timedelta(hours=24), IDLE, ABSOLUTE, False),
        (timedelta(hours=1), timedelta(hours=1), ABSOLUTE, False),
        (timedelta(days=2), timedelta(days=90), timedelta(days=1), False),
        (timedelta(days=29), timedelta(days=90), ABSOLUTE, True),
        (timedelta(days=30), timedelta(days=90), ABSOLUTE, False),
        (timedelta(days=31), timedelta(days=90), timedelta(days=90), False),
    ],
    ids=["within", "idle", "another tenant's idle", "another tenant's absolute", "used", "absolute", "never longer"],
)
async def test_ses_08_limits(house: House, late: timedelta, idle: timedelta, absolute: timedelta, *, alive: bool):
    await house.person()
    browser = await house.browser()
    await browser.sign_in()
    clock.advance(int(late.total_seconds()))
    assert len(await browser.sessions(idle, absolute)) == alive


async def test_ses_08_the_clock_was_set_back(house: House, monkeypatch: pytest.MonkeyPatch):
    await house.person()
    browser = await house.browser()
    await browser.sign_in()
    earlier = clock.now() - timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: earlier)
    assert await browser.sessions() == []


async def test_use_is_noted_at_most_once_a_minute(house: House):
    account_id = await house.person()
    browser = await house.browser()
    await browser.sign_in()
    [first] = await browser.sessions()
    for seconds, noted in ((30, False), (60, True)):
        clock.advance(seconds)
        [live] = await browser.sessions()
        async with use(callers.as_account(account_id, house.origin)) as tx:
            await sessions.touch(tx, live)
        [live] = await browser.sessions()
        assert (live.last_used_at > first.last_used_at) is noted


async def test_several_accounts_side_by_side(house: House):
    browser = await house.browser()
    emails = [EmailAddress.parse(f"p{n}@example.com") for n in range(MOST_ACCOUNTS + 1)]
    for email in emails:
        await house.person(email)
        await (await browser.begin()).sign_in(email)
    live = await browser.sessions()
    assert [one.email for one in live] == [email.display for email in reversed(emails[1:])], "the latest first"


async def test_junk_in_the_cookie_is_nothing(house: House):
    account_id = await house.person()
    browser = await house.browser()
    made = await browser.sign_in()
    good = browser.cookie
    invented = Handle.generate(sessions.PREFIX, account_id).reveal()
    other = Handle.generate(sessions.PREFIX, people.new_account_id()).reveal()
    for cookie in ("", ".", "..." * 1000, invented, other, f".{invented}.x.{good}", f"{good}.{good}", good + "x"):
        browser.cookie = cookie
        expected = [made.session_id] if cookie != good + "x" and good in cookie else []
        assert [one.id for one in await browser.sessions()] == expected


async def test_ending_one_and_all(house: House):
    account_id = await house.person()
    browsers = [await house.browser() for _ in range(3)]
    made = [await browser.sign_in() for browser in browsers]
    async with change(callers.as_account(account_id, house.origin)) as tx:
        ended = await sessions.end(tx, made[0].session_id, "signed_out")
        again = await sessions.end(tx, made[0].session_id, "signed_out")
    assert ended is not None
    assert again is None
    assert [len(await browser.sessions()) for browser in browsers] == [0, 1, 1]
    async with change(callers.as_account(account_id, house.origin)) as tx:
        rest = await sessions.end_all(tx, "signed_out_everywhere")
    assert {one.session_id for one in rest} == {made[1].session_id, made[2].session_id}
    assert [await browser.sessions() for browser in browsers] == [[], [], []]


async def test_ses_10_another_persons_session_does_not_exist(house: House):
    await house.person()
    browser = await house.browser()
    made = await browser.sign_in()
    mallory = await house.person(EmailAddress.parse("mallory@example.com"))
    async with use(callers.as_account(mallory, house.origin)) as tx:
        assert await sessions.end(tx, made.session_id, "signed_out") is None
    assert len(await browser.sessions()) == 1


async def test_a_proof_counts_where_it_is_trusted(house: House):
    """accounts.md: a proof from tenant A's provider opens nothing in tenant B."""
    account_id = await house.person()
    async with use(callers.as_account(account_id, house.origin)) as tx:
        at = tx.now
        proofs = [
            sessions.proof("password", at - timedelta(hours=2)),
            sessions.proof("email_code", at, scope=house.tenant.id),
        ]
        _, both = sessions.start(tx, proofs, ABSOLUTE)
        _, alone = sessions.start(tx, proofs[1:], ABSOLUTE)
    [everywhere] = await sessions.load(both.reveal(), house.origin, IDLE)
    [only_here] = await sessions.load(alone.reveal(), house.origin, IDLE)
    here, there = everywhere.assurance(house.tenant.id), everywhere.assurance("ten_elsewhere")
    assert (here.acr, here.amr, here.auth_time) == (ACR_1FA, ("otp", "pwd"), at)
    assert (there.acr, there.amr, there.auth_time) == (ACR_1FA, ("pwd",), at - timedelta(hours=2))
    assert only_here.assurance(house.tenant.id).proved
    assert not only_here.assurance("ten_elsewhere").proved


async def test_one_sid_for_a_tenant_whoever_comes_first(house: House):
    account_id = await house.person()
    made = await (await house.browser()).sign_in()
    caller = house.caller.with_account(account_id)

    async def arrive(n: int) -> str:
        async with use(caller) as tx:
            return await sessions.known_at(tx, made.session_id, f"sid_{n}")

    sids = set(await asyncio.gather(*(arrive(n) for n in range(50))))
    assert len(sids) == 1
    async with look(caller) as tx:
        assert await sessions.sid_at(tx, made.session_id, house.tenant.id) == sids.pop()
    other = await house.another("other")
    async with use(other.caller.with_account(account_id)) as tx:
        assert await sessions.known_at(tx, made.session_id, "sid_other") == "sid_other"
    async with change(callers.as_account(account_id, house.origin)) as tx:
        ended = await sessions.end(tx, made.session_id, "signed_out")
    assert ended is not None
    assert {tenant for tenant, _ in ended.tenants} == {house.tenant.id, other.tenant.id}


async def test_a_locked_account_has_no_session(house: House):
    account_id = await house.person(ADA)
    browser = await house.browser()
    await browser.sign_in()
    await house.lock(account_id)
    assert await browser.sessions() == []
