"""Administrators come and go; the last owner stays."""

import asyncio

import pytest

from sigid import administrators, tenants
from sigid.administrators import Administrator
from sigid.kernel import ids
from sigid.kernel.callers import SYSTEM, in_tenant
from sigid.kernel.database import change, look
from sigid.kernel.errors import Refused
from tests.administrators.conftest import House


async def _added(house: House, *roles: str) -> list[Administrator]:
    made = []
    for role in roles:
        async with change(house.caller) as tx:
            made.append(await administrators.add(tx, ids.new_id("acct"), role))
    return made


@pytest.mark.parametrize("act", ["remove", "suspend", "change_role"])
async def test_the_last_owner_stays(house: House, act: str):
    owner, admin = await _added(house, "owner", "admin")

    async def go(who: str) -> None:
        async with change(house.caller) as tx:
            if act == "change_role":
                await administrators.change_role(tx, who, "auditor")
            else:
                await getattr(administrators, act)(tx, who)

    with pytest.raises(Refused) as refused:
        await go(owner.id)
    assert refused.value.reason == "last_owner"
    await go(admin.id)
    async with look(house.caller) as tx:
        assert await administrators.by_id(tx, owner.id) == owner


@pytest.mark.parametrize("act", [administrators.remove, administrators.suspend])
async def test_of_two_owners_who_end_each_other_at_once_one_stays(house: House, act):
    owners = await _added(house, "owner", "owner")

    async def go(who: Administrator) -> None:
        async with change(house.caller) as tx:
            await act(tx, who.id)

    ended = await asyncio.gather(*[go(owner) for owner in owners], return_exceptions=True)
    refused = [error for error in ended if isinstance(error, Refused)]
    assert [error.reason for error in refused] == ["last_owner"]
    async with look(house.caller) as tx:
        assert await administrators.has_owner(tx)


async def test_who_comes_back_keeps_the_id(house: House):
    _, admin = await _added(house, "owner", "admin")
    async with change(house.caller) as tx:
        await administrators.remove(tx, admin.id)
    async with look(house.caller) as tx:
        assert [one.role for one in await administrators.all_of(tx)] == ["owner"]
    async with change(house.caller) as tx:
        again = await administrators.add(tx, admin.account_id, "auditor")
    assert (again.id, again.role, again.active) == (admin.id, "auditor", True)


REFUSED = {
    "administrator twice": (lambda tx, a: administrators.add(tx, a.account_id, "admin"), "administrator_already"),
    "no such role": (lambda tx, _: administrators.add(tx, "acct_x", "king"), "administrator_role_unknown"),
    "change to no such role": (
        lambda tx, a: administrators.change_role(tx, a.id, "king"),
        "administrator_role_unknown",
    ),
    "remove nobody": (lambda tx, _: administrators.remove(tx, "adm_x"), "administrator_unknown"),
    "suspend nobody": (lambda tx, _: administrators.suspend(tx, "adm_x"), "administrator_unknown"),
}


@pytest.mark.parametrize(("act", "because"), REFUSED.values(), ids=REFUSED)
async def test_what_is_refused(house: House, act, because: str):
    [owner] = await _added(house, "owner")
    with pytest.raises(Refused) as refused:
        async with change(house.caller) as tx:
            await act(tx, owner)
    assert refused.value.reason == because


async def test_another_tenants_administrators_do_not_exist(house: House):
    [owner] = await _added(house, "owner")
    async with change(tenants.founding(SYSTEM, house.origin)) as tx:
        other = await tenants.create(tx, slug="other", name="Other")
    async with look(in_tenant(other.id, SYSTEM, house.origin)) as tx:
        assert await administrators.by_id(tx, owner.id) is None
        assert await administrators.by_account(tx, owner.account_id) is None
        assert await administrators.all_of(tx) == []
