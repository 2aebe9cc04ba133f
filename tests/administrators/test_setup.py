"""The one-time link: it works once, for seven days, and gives nobody another's account."""

import asyncio
from datetime import timedelta

import pytest

from sigid import administrators
from sigid.accounts import people
from sigid.administrators import operators, setup, setup_links
from sigid.kernel import clock
from sigid.kernel.database import change, look
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import PageError, Refused
from sigid.kernel.secrets import Handle
from tests.administrators.conftest import PASSWORD, House

GOOD = "Vier-grüne-Elche-tanzen"


async def _link(house: House, *, makes_operator: bool = False) -> Handle:
    async with change(house.caller) as tx:
        handle = await setup_links.create(tx, makes_operator=makes_operator)
    found = setup_links.parse(handle.reveal())
    assert found is not None
    assert found.owner("ten") == house.tenant.id
    return found


async def _claim(house: House, handle: Handle, email: str = "ada@example.com", password: str = GOOD) -> setup.Owner:
    return await setup.claim(
        house.tenant, handle, email=EmailAddress.parse(email), name="Ada", password=password, origin=house.origin
    )


async def test_it_makes_owner_and_operator(house: House):
    assert not await operators.are_there_any()
    owner = await _claim(house, await _link(house, makes_operator=True))
    async with look(house.caller) as tx:
        made = await administrators.by_id(tx, owner.administrator_id)
    assert made is not None
    assert (made.role, made.active, made.account_id) == ("owner", True, owner.account_id)
    assert owner.operator_id is not None
    assert owner.operator_id.startswith("opr_")
    assert await operators.are_there_any()


async def test_the_address_is_not_proved_by_it(house: House):
    owner = await _claim(house, await _link(house))
    known = await people.find(EmailAddress.parse("ada@example.com"), house.origin)
    assert known is not None
    assert (known.account_id, known.verified) == (owner.account_id, False)
    assert owner.operator_id is None


async def test_it_works_once(house: House):
    handle = await _link(house)
    await _claim(house, handle)
    with pytest.raises(PageError) as refused:
        await _claim(house, handle, "bob@example.com")
    assert refused.value.reason == "setup_link_dead"
    assert await people.find(EmailAddress.parse("bob@example.com"), house.origin) is None


async def test_of_many_at_once_one_wins(house: House):
    handle = await _link(house)
    people_ = [f"person{n}@example.com" for n in range(5)]
    ended = await asyncio.gather(*[_claim(house, handle, email) for email in people_], return_exceptions=True)
    won = [one for one in ended if isinstance(one, setup.Owner)]
    assert len(won) == 1
    async with look(house.caller) as tx:
        assert [one.id for one in await administrators.all_of(tx)] == [won[0].administrator_id]


async def test_it_lives_seven_days(house: House):
    handle = await _link(house)
    clock.advance(int(timedelta(days=7, seconds=1).total_seconds()))
    async with look(house.caller) as tx:
        assert await setup_links.find(tx, handle) is None
        assert not await setup_links.is_there_one(tx)
    with pytest.raises(PageError) as refused:
        await _claim(house, handle)
    assert refused.value.reason == "setup_link_dead"


async def test_a_new_link_ends_the_one_before(house: House):
    first, second = await _link(house), await _link(house)
    with pytest.raises(PageError):
        await _claim(house, first)
    await _claim(house, second)


@pytest.mark.parametrize("text", [None, "", "sigid_sl_", "sigid_rt_" + "0" * 76, "x" * 10_000])
def test_what_is_no_link(text: str | None):
    assert setup_links.parse(text) is None


async def test_an_existing_account_needs_its_password(house: House):
    account_id = await house.person("ada@example.com")
    handle = await _link(house)
    with pytest.raises(setup.NotTheirs) as refused:
        await _claim(house, handle, password=GOOD)
    assert refused.value.reason == "password_wrong"
    owner = await _claim(house, handle, password=PASSWORD)
    assert owner.account_id == account_id


async def test_an_account_without_password_is_nobody_elses(house: House):
    await house.person("ada@example.com", password=None)
    with pytest.raises(setup.NotTheirs) as refused:
        await _claim(house, await _link(house))
    assert refused.value.reason == "account_without_password"


async def test_guessing_is_held_back(house: House):
    await house.person("ada@example.com")
    handle = await _link(house)
    reasons = []
    for _ in range(7):
        with pytest.raises(Refused) as refused:
            await _claim(house, handle, password="not-her-password-at-all")
        reasons.append(refused.value.reason)
    assert reasons[:5] == ["password_wrong"] * 5
    assert reasons[-1] == "too_many_tries"


async def test_a_weak_password_is_refused_and_does_not_use_the_link_up(house: House):
    handle = await _link(house)
    for _ in range(7):
        with pytest.raises(setup.PasswordTooWeak) as refused:
            await _claim(house, handle, password="password123")
        assert refused.value.reason == "password_breached"
    await _claim(house, handle)


async def test_an_administrator_becomes_owner(house: House):
    account_id = await house.person("ada@example.com")
    async with change(house.caller) as tx:
        before = await administrators.add(tx, account_id, "support")
    owner = await _claim(house, await _link(house), password=PASSWORD)
    assert owner.administrator_id == before.id
    async with look(house.caller) as tx:
        assert await administrators.has_owner(tx)


def test_the_link_stands_in_the_query_alone():
    handle = Handle.generate("sigid_sl", "ten_" + "0" * 26)
    url = setup_links.url("https://id.example.com", handle)
    assert url == f"https://id.example.com/setup?link={handle.reveal()}"
