"""Throttling without locking people out: PWD-03, and who is let through all the same."""

import asyncio
from collections import Counter

import pytest

from sigid.accounts import passwords, throttling
from sigid.accounts.passwords import PasswordBusy
from sigid.accounts.sign_in import SignedIn
from sigid.kernel import callers, clock, throttles
from sigid.kernel.callers import Origin
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Throttled
from tests.accounts.house import ADA, PASSWORD, WRONG, House

pytestmark = pytest.mark.promise("3.3.throttling")

BOB = EmailAddress.parse("bob@example.com")
NOBODY = EmailAddress.parse("nobody@example.com")


@pytest.mark.parametrize("email", [ADA, NOBODY], ids=["known", "unknown"])
async def test_after_five_failures_the_next_tries_wait_longer_each_time(house: House, email: EmailAddress):
    await house.person()
    browser = await house.browser()
    for _ in range(5):
        assert await browser.why(email, WRONG) in ("password_wrong", "account_unknown")
    waits = []
    for _ in range(4):
        with pytest.raises(Throttled) as held:
            await browser.type(email, PASSWORD)
        waits.append(held.value.retry_after)
        clock.advance(held.value.retry_after)
        assert await browser.why(email, WRONG) in ("password_wrong", "account_unknown")
    assert waits == sorted(waits)
    assert waits[0] < waits[-1]


async def test_pwd_03_a_burst_of_a_hundred_gets_no_more_tries_than_a_queue(house: House):
    await house.person()
    browser = await house.browser()
    reasons = Counter(await asyncio.gather(*(browser.why(ADA, f"{WRONG}-{n}") for n in range(100))))
    assert reasons == {"password_wrong": throttling.FREE_TRIES, "too_many_tries": 100 - throttling.FREE_TRIES}


async def test_pwd_03_one_account_from_many_networks(house: House):
    await house.person()
    browsers = [await house.browser(f"198.51.{n}.1") for n in range(50)]
    reasons = Counter([await browser.why(ADA, WRONG) for browser in browsers])
    assert reasons["password_wrong"] == throttling.FREE_BY_ACCOUNT


async def test_pwd_03_one_password_for_many_accounts_from_one_network(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttling, "FREE_BY_NETWORK", 10)
    tried = [
        await (await house.browser(f"198.51.100.{n}")).why(EmailAddress.parse(f"p{n}@example.com"), WRONG)
        for n in range(20)
    ]
    assert tried == ["account_unknown"] * 10 + ["too_many_tries"] * 10


async def test_pwd_03_so_many_failures_at_one_tenant(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttling, "FREE_BY_TENANT", 10)
    tried = [
        await (await house.browser(f"198.51.{n}.1")).why(EmailAddress.parse(f"p{n}@example.com"), WRONG)
        for n in range(20)
    ]
    assert tried == ["account_unknown"] * 10 + ["too_many_tries"] * 10
    other = await house.another("other")
    assert await (await other.browser("198.51.99.1")).why(NOBODY, WRONG) == "account_unknown"


@pytest.mark.parametrize("limit", ["FREE_TRIES", "FREE_BY_ACCOUNT", "FREE_BY_NETWORK", "FREE_BY_TENANT"])
async def test_strangers_never_lock_a_person_out_of_their_own_browser(
    house: House, monkeypatch: pytest.MonkeyPatch, limit: str
):
    await house.person()
    own = await house.browser()
    await own.sign_in()
    monkeypatch.setattr(throttling, limit, 3)
    stranger = await house.browser()  # in the same network
    while await stranger.why(ADA, WRONG) != "too_many_tries":
        pass
    assert await stranger.why(ADA, PASSWORD) == "too_many_tries"
    await own.begin()
    own.cookie = ""
    await own.sign_in()


async def test_the_browser_of_several_people_is_known_to_each_of_them(house: House):
    await house.person()
    await house.person(BOB)
    shared = await house.browser()
    await shared.sign_in(ADA)
    await (await shared.begin()).sign_in(BOB)
    stranger = await house.browser()
    for email in (ADA, BOB):
        while await stranger.why(email, WRONG) != "too_many_tries":
            pass
        await (await shared.begin()).sign_in(email)


async def test_a_known_browser_has_a_limit_of_its_own(house: House):
    await house.person()
    own = await house.browser()
    await own.sign_in()
    tried = [await own.why(ADA, WRONG) for _ in range(7)]
    assert tried == ["password_wrong"] * 5 + ["too_many_tries"] * 2


@pytest.mark.parametrize("invented", ["", "sigid_kd_x", "sigid_kd_" + "0" * 76, "of another"])
async def test_an_invented_device_is_nobodys(house: House, invented: str):
    await house.person()
    await house.person(BOB)
    if invented == "of another":
        other = await house.browser()
        await other.sign_in(BOB)
        invented = other.device or ""
    stranger = await house.browser()
    stranger.device = invented
    for _ in range(5):
        assert await stranger.why(ADA, WRONG) == "password_wrong"
    stranger.device = None
    assert await stranger.why(ADA, PASSWORD) == "too_many_tries"


async def test_a_code_by_mail_lets_a_strange_browser_through_at_once(house: House):
    await house.person()
    stranger = await house.browser()
    while await stranger.why(ADA, WRONG) != "too_many_tries":
        pass
    assert await stranger.type_code(await stranger.ask_code(ADA)) is not None


async def test_right_ones_all_at_once_do_not_hold_each_other_back(house: House):
    await house.person()
    browsers = [await house.browser() for _ in range(30)]
    made = await asyncio.gather(*(browser.type(ADA, PASSWORD) for browser in browsers))
    assert all(isinstance(one, SignedIn) for one in made)
    assert throttles._queues == {}


async def test_right_ones_are_forgiven(house: House):
    await house.person()
    for _ in range(2 * throttling.FREE_TRIES):
        await (await house.browser()).sign_in()


async def test_a_busy_server_counts_no_failure(house: House, monkeypatch: pytest.MonkeyPatch):
    await house.person()
    browser = await house.browser()

    async def busy(password: str, stored: str) -> passwords.Verified:
        raise PasswordBusy

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "verify_password", busy)
        for _ in range(10):
            with pytest.raises(PasswordBusy):
                await browser.type(ADA, PASSWORD)
    await browser.sign_in()


async def test_the_windows_end(house: House):
    await house.person()
    browser = await house.browser()
    while await browser.why(ADA, WRONG) != "too_many_tries":
        pass
    clock.advance(int(throttles.WINDOW.total_seconds()) + 60)
    await browser.begin()
    await browser.sign_in()
    assert await throttles.purge() > 0


async def test_what_is_held_back_writes_nothing(house: House):
    """Else a flood would fill the tenant's log."""
    await house.person()
    browser = await house.browser()
    while await browser.why(ADA, WRONG) != "too_many_tries":
        pass
    before = await house.log()
    assert sum(n for entry, n in before.items() if "auth.login.throttled" in entry) == 2, "an entry and its event"
    for _ in range(5):
        assert await browser.why(ADA, WRONG) == "too_many_tries"
    assert await house.log() == before


async def test_rate_limits_off_switches_lock_outs_off_too(house: House):
    await house.person()
    browser = await house.browser()
    throttles.switch(on=False)
    try:
        for _ in range(30):
            assert await browser.why(ADA, WRONG) == "password_wrong"
        await browser.sign_in()
    finally:
        throttles.switch(on=True)


@pytest.mark.parametrize("email", [ADA, NOBODY], ids=["known", "unknown"])
async def test_mails_to_one_address_are_limited(house: House, email: EmailAddress):
    await house.person()
    for n in range(throttling.FREE_MAILS):
        await (await house.browser(f"198.51.{n}.1")).ask_code(email)
    with pytest.raises(Throttled) as held:
        await (await house.browser("198.51.99.1")).ask_code(email)
    assert held.value.reason == "too_many_tries"


async def test_mails_from_one_network_are_limited(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(throttling, "FREE_BY_NETWORK", 5)
    for n in range(5):
        await (await house.browser()).ask_code(EmailAddress.parse(f"p{n}@example.com"))
    with pytest.raises(Throttled):
        await (await house.browser()).ask_code(NOBODY)


async def test_codes_that_come_back_are_no_nuisance(house: House):
    await house.person()
    for _ in range(3 * throttling.FREE_MAILS):
        browser = await house.browser()
        assert await browser.type_code(await browser.ask_code(ADA)) is not None


async def test_a_known_browser_gets_its_mails_whatever_strangers_ask_for(house: House):
    await house.person()
    own = await house.browser()
    await own.sign_in()
    stranger = await house.browser()
    for _ in range(throttling.FREE_MAILS):
        await stranger.ask_code(ADA)
    with pytest.raises(Throttled):
        await stranger.ask_code(ADA)
    assert await (await own.begin()).type_code(await own.ask_code(ADA)) is not None


NETWORKS = {
    "192.0.2.77": "192.0.2.0/24",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "::ffff:192.0.2.77": "192.0.2.0/24",
    None: "none",
}


@pytest.mark.parametrize(("address", "network"), NETWORKS.items())
def test_networks(address: str | None, network: str):
    assert throttles.network(address) == network


async def test_counters_hold_for_every_process(house: House):
    """They are rows, not memory: what one process counted, another reads."""
    counter = throttles.Counter.of(2, "a test")
    caller = callers.anyone(Origin.process())
    counted = await asyncio.gather(*(throttles.count(caller, [counter]) for _ in range(50)), return_exceptions=True)
    assert sorted(str(one) for one in counted if isinstance(one, bool)) == ["False", "True"]
    assert sum(isinstance(one, Throttled) for one in counted) == 48
    with pytest.raises(Throttled):
        await throttles.refuse_held(caller, counter)
