"""A new password by link or by change: PWD-06 and PWD-10."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import delete

from sigid.accounts import devices, passwords, people, recovery, sessions
from sigid.accounts.recovery import Link, LinkDead
from sigid.accounts.sessions import Ended
from sigid.accounts.tables import address
from sigid.kernel import callers, clock
from sigid.kernel.database import change, look, param, statement
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId
from sigid.kernel.secrets import Handle
from tests.accounts.house import ADA, PASSWORD, House

pytestmark = pytest.mark.promise("3.3.reset")

LIFE = timedelta(minutes=20)
NEW = "a-new-password-of-hers-4711"

_GIVE_UP = statement(
    "test.give_address_up",
    delete(address).where(address.c.account_id == param("account_id", address.c.account_id)),
)


async def asked(house: House) -> Handle:
    known = await people.find(ADA, house.origin)
    assert known is not None
    async with change(house.caller.with_account(known.account_id)) as tx:
        return await recovery.request(tx, known, LIFE)


async def use_link(house: House, link: Link, hashed: str) -> list[Ended]:
    async with change(callers.in_tenant(house.tenant.id, callers.ANONYMOUS, house.origin, link.account_id)) as tx:
        return await recovery.set_by_link(tx, link, hashed)


async def outcome(house: House, handle: Handle, hashed: str) -> str:
    try:
        await use_link(house, await recovery.find(handle.reveal(), house.origin), hashed)
    except LinkDead as dead:
        assert (dead.code, dead.status) == ("link_invalid", 400)  # noqa: PT017  (both outcomes are answers here)
        return dead.reason
    return "set"


async def test_a_link_sets_a_password_once(house: House):
    await house.person()
    hashed, handle = await passwords.hash_password(NEW), await asked(house)
    link = await recovery.find(handle.reveal(), house.origin)
    assert (link.email, link.tenant_id) == (ADA.display, house.tenant.id)
    assert link == await recovery.find(handle.reveal(), house.origin), "looking uses nothing up"
    assert await outcome(house, handle, hashed) == "set"
    assert await outcome(house, handle, hashed) == "reset_link_used"
    assert await (await house.browser()).why(ADA, PASSWORD) == "password_wrong"
    await (await house.browser()).sign_in(ADA, NEW)


async def test_pwd_06_fifty_at_once(house: House):
    await house.person()
    hashed, handle = await passwords.hash_password(NEW), await asked(house)
    outcomes = Counter(await asyncio.gather(*(outcome(house, handle, hashed) for _ in range(50))))
    assert outcomes == {"set": 1, "reset_link_used": 49}


async def test_pwd_06_after_a_newer_one(house: House):
    await house.person()
    hashed = await passwords.hash_password(NEW)
    old, new = await asked(house), await asked(house)
    assert await outcome(house, old, hashed) == "reset_link_used"
    assert await outcome(house, new, hashed) == "set"


async def test_pwd_06_asked_for_fifty_times_at_once(house: House):
    """Whichever of them is used, no other is left."""
    await house.person()
    hashed = await passwords.hash_password(NEW)
    handles = await asyncio.gather(*(asked(house) for _ in range(50)))
    outcomes = Counter([await outcome(house, handle, hashed) for handle in handles])
    assert outcomes == {"set": 1, "reset_link_used": 49}


async def test_pwd_06_after_its_time(house: House):
    await house.person()
    hashed, handle = await passwords.hash_password(NEW), await asked(house)
    link = await recovery.find(handle.reveal(), house.origin)
    clock.advance(int(LIFE.total_seconds()))
    assert await outcome(house, handle, hashed) == "reset_link_expired"
    with pytest.raises(LinkDead):
        await use_link(house, link, hashed)


async def test_pwd_06_after_the_address_was_given_up(house: House):
    account_id = await house.person()
    hashed, handle = await passwords.hash_password(NEW), await asked(house)
    async with change(callers.as_account(account_id, house.origin)) as tx:
        await tx.run(_GIVE_UP)
        tx.record(Event("address.changed", "address", None))
    assert await outcome(house, handle, hashed) == "reset_link_unknown"


async def test_pwd_06_of_a_locked_account(house: House):
    account_id = await house.person()
    hashed, handle = await passwords.hash_password(NEW), await asked(house)
    await house.lock(account_id)
    assert await outcome(house, handle, hashed) == "reset_link_unknown"


JUNK = [None, "", "sigid_pr_", "sigid_pr_" + "0" * 76, "x" * 100_000, "sigid_pr_\0", "é" * 85]


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
async def test_what_is_no_link(house: House, junk: str | None):
    with pytest.raises(LinkDead) as dead:
        await recovery.find(junk, house.origin)
    assert dead.value.reason == "reset_link_malformed"


@pytest.mark.parametrize("owner", ["hers", "nobody's"])
async def test_an_invented_link(house: House, owner: str):
    account_id = await house.person()
    invented = Handle.generate(recovery.PREFIX, account_id if owner == "hers" else people.new_account_id())
    with pytest.raises(LinkDead) as dead:
        await recovery.find(invented.reveal(), house.origin)
    assert dead.value.reason == "reset_link_unknown"


async def test_a_handle_of_another_kind_is_no_link(house: House):
    await house.person()
    made = await (await house.browser()).sign_in()
    with pytest.raises(LinkDead) as dead:
        await recovery.find(made.handle.reveal(), house.origin)
    assert dead.value.reason == "reset_link_malformed"


async def test_a_link_that_is_made_tells_the_tenant_nothing(house: House):
    account_id = await house.person()
    before = await house.log()
    await asked(house)
    assert await house.log() == before
    assert "recovery.requested" in await house.own_log(account_id)


async def settled(house: House) -> tuple[AccountId, list[str], list[str]]:
    """Ada in three browsers, known at two tenants."""
    account_id = await house.person()
    browsers = [await house.browser() for _ in range(3)]
    made = [await browser.sign_in() for browser in browsers]
    async with change(browsers[0].caller.with_account(account_id)) as tx:
        assert await sessions.known_at(tx, made[0].session_id, "sid_1") == "sid_1"
        tx.record(Event("auth.login.success", "session", None))
    return account_id, [one.session_id for one in made], [browser.device or "" for browser in browsers]


async def test_pwd_10_a_reset_ends_every_session_and_known_browser(house: House):
    account_id, ids, known = await settled(house)
    hashed, handle = await passwords.hash_password(NEW), await asked(house)
    before = await house.log()
    ended = await use_link(house, await recovery.find(handle.reveal(), house.origin), hashed)
    assert {one.session_id for one in ended} == set(ids)
    assert [one.tenants for one in ended if one.tenants] == [((house.tenant.id, "sid_1"),)], "who calls ends it there"
    async with look(callers.as_account(account_id, house.origin)) as tx:
        assert [await devices.known(tx, device) for device in known] == [None, None, None]
    assert await house.log() == before, "no tenant hears of it, not even the one where it was asked for"
    own = Counter(await house.own_log(account_id))
    assert (own["authenticator.changed"], own["session.ended"]) == (1, 3)


async def test_pwd_10_a_change_ends_every_other_session(house: House):
    account_id, ids, _ = await settled(house)
    hashed = await passwords.hash_password(NEW)
    async with change(callers.as_account(account_id, house.origin)) as tx:
        ended = await recovery.change_password(tx, hashed, ids[1])
    assert {one.session_id for one in ended} == {ids[0], ids[2]}
    assert await (await house.browser()).why(ADA, PASSWORD) == "password_wrong"
