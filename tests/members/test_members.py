"""Tenant users: the statuses and what leads from one to another, joining, and what a tenant never sees."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from sigid import members
from sigid.accounts import people
from sigid.kernel import callers, ids
from sigid.kernel.database import Conflict, change, look, param, statement
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Refused
from sigid.kernel.ids import AccountId
from sigid.members import TenantUser
from sigid.tenants import TenantSettings
from tests.accounts.house import ADA, House

pytestmark = pytest.mark.promise("3.3.statuses")

OPEN = TenantSettings()
INVITED = replace(OPEN, sign_up="invited")
DOMAINS = replace(OPEN, sign_up="domains", sign_up_domains=("example.com",))
OTHER_DOMAINS = replace(OPEN, sign_up="domains", sign_up_domains=("example.org", "le.com", "sub.example.com"))

_STANDING = statement(
    "test.standing",
    select(members.standing.c.id, members.standing.c.status, members.standing.c.sub).where(
        members.standing.c.tenant_id == param("tenant_id", members.standing.c.tenant_id)
    ),
)


async def arrive(
    house: House, account_id: AccountId, settings: TenantSettings = OPEN, email: EmailAddress = ADA, name: str = "Ada"
) -> TenantUser | None:
    async with change(house.caller.with_account(account_id)) as tx:
        user = await members.arrive(tx, settings, email, name)
        tx.record(members.members.Event("auth.login.success", "session", None))  # who is there already changes nothing
    return user


async def make(house: House, *, invite: bool, email: EmailAddress = ADA) -> TenantUser:
    async with change(house.caller) as tx:
        return members.preprovision(
            tx, email=email.display, name="As the tenant wrote", role_ids=["role_1"], invite=invite
        )


async def set_status(house: House, user_id: str, status: str) -> TenantUser:
    async with change(house.caller) as tx:
        user = await members.find(tx, user_id)
        assert user is not None
        await members.set_status(tx, user, status, "said why")
    async with look(house.caller) as tx:
        found = await members.find(tx, user_id)
    assert found is not None
    return found


@pytest.mark.promise("3.3.join")
async def test_one_account_in_two_tenants_has_two_subjects(house: House):
    account_id, other = await house.person(), await house.another("other")
    one, two = await arrive(house, account_id), await arrive(other, account_id)
    assert one is not None
    assert two is not None
    assert one.sub != two.sub
    assert one.id != two.id
    for user in (one, two):
        assert user.sub.startswith("sub_")
        assert (user.status, user.email, user.email_verified, user.name) == ("active", ADA.display, True, "Ada")
    async with look(callers.as_account(account_id, house.origin)) as tx:
        assert set(await people.memberships(tx)) == {(house.tenant.id, one.id), (other.tenant.id, two.id)}
    assert await arrive(house, account_id) == one, "once"
    async with look(other.caller) as tx:
        assert await members.find(tx, one.id) is None


async def test_fifty_tabs_join_as_one_user(house: House):
    account_id = await house.person()
    users = await asyncio.gather(*(arrive(house, account_id) for _ in range(50)))
    assert len({user.id for user in users if user is not None}) == 1
    assert None not in users
    joined = sum(n for entry, n in (await house.log()).items() if "tenant_user.joined" in entry)
    assert joined == 2, "one entry and its event"


async def test_fifty_tabs_claim_one_invitation(house: House):
    account_id, waiting = await house.person(), await make(house, invite=True)
    users = await asyncio.gather(*(arrive(house, account_id, INVITED) for _ in range(50)))
    assert {user.id if user is not None else None for user in users} == {waiting.id}


@pytest.mark.parametrize("invite", [True, False], ids=["invited", "preprovisioned"])
@pytest.mark.parametrize(
    "settings", [OPEN, INVITED, DOMAINS, OTHER_DOMAINS], ids=["open", "invited", "domain", "other"]
)
async def test_who_was_made_beforehand_becomes_active_with_the_same_sub(
    house: House, settings: TenantSettings, *, invite: bool
):
    waiting = await make(house, invite=invite)
    assert waiting.status == ("invited" if invite else "preprovisioned")
    assert (waiting.account_id, waiting.email_verified) == (None, False)
    user = await arrive(house, await house.person(), settings)
    assert user is not None
    assert (user.id, user.sub, user.role_ids) == (waiting.id, waiting.sub, ("role_1",))
    assert (user.status, user.email_verified, user.name) == ("active", True, "As the tenant wrote")


ADMITTED = {
    "open": (OPEN, True),
    "invited": (INVITED, False),
    "her domain": (DOMAINS, True),
    "domains that only end like hers": (OTHER_DOMAINS, False),
}


@pytest.mark.parametrize(("settings", "admitted"), ADMITTED.values(), ids=ADMITTED)
async def test_who_is_admitted(house: House, settings: TenantSettings, *, admitted: bool):
    account_id = await house.person()
    async with look(house.caller) as tx:
        assert await members.may_join(tx, settings, ADA.lookup) is admitted
    assert (await arrive(house, account_id, settings) is not None) is admitted


async def test_an_invitation_is_for_its_own_address(house: House):
    await make(house, invite=True, email=EmailAddress.parse("bob@example.com"))
    assert await arrive(house, await house.person(), INVITED) is None


async def test_an_invitation_tells_nothing_of_an_account(house: House):
    """TEN-10: what a tenant makes for an address is the same whether somebody has it."""
    account_id = await house.person()
    made = [await make(house, invite=True, email=EmailAddress.parse(f"{name}@example.com")) for name in ("ada", "bob")]
    shown = [replace(user, id="", sub="", email="", created_at=house.tenant.created_at) for user in made]
    assert shown[0] == shown[1]
    assert account_id not in str(await house.log())


async def test_one_user_of_an_address_waits(house: House):
    await make(house, invite=True)
    with pytest.raises(Conflict):
        await make(house, invite=False)


@pytest.mark.parametrize("status", ["suspended", "removed"])
async def test_who_is_out_stays_out_even_of_an_open_tenant(house: House, status: str):
    account_id = await house.person()
    user = await arrive(house, account_id)
    assert user is not None
    assert (await set_status(house, user.id, status)).status == status
    assert await arrive(house, account_id) is None


async def test_a_removed_invitation_keeps_the_door_shut(house: House):
    waiting = await make(house, invite=True)
    await set_status(house, waiting.id, "removed")
    async with look(house.caller) as tx:
        assert not await members.may_join(tx, OPEN, ADA.lookup)
    account_id = await house.person()
    assert await arrive(house, account_id) is None
    await set_status(house, waiting.id, "invited")
    user = await arrive(house, account_id, INVITED)
    assert user is not None
    assert user.sub == waiting.sub


async def test_who_is_invited_again_comes_back_with_the_old_sub(house: House):
    account_id = await house.person()
    before = await arrive(house, account_id)
    assert before is not None
    await set_status(house, before.id, "removed")
    again = await set_status(house, before.id, "invited")
    assert again.status == "invited"
    after = await arrive(house, account_id, INVITED)
    assert after is not None
    assert (after.id, after.sub, after.status) == (before.id, before.sub, "active")


async def test_another_account_does_not_take_an_invited_users_place(house: House):
    before = await arrive(house, await house.person())
    assert before is not None
    await set_status(house, before.id, "removed")
    await set_status(house, before.id, "invited")
    other = await house.person(EmailAddress.parse("bob@example.com"))
    assert await arrive(house, other, INVITED, EmailAddress.parse("bob@example.com")) is None
    async with change(house.caller.with_account(other)) as tx:
        user = await members.find(tx, before.id)
        assert user is not None
        assert await members.activate(tx, user, account_id=other, name="Bob") is None
        tx.record(members.members.Event("auth.login.failure", "session", None))


LEADS = {
    "invited": {"removed"},
    "preprovisioned": {"removed"},
    "active": {"suspended", "removed"},
    "suspended": {"active", "removed"},
    "removed": {"invited"},
}
CASES = [(before, after) for before in LEADS for after in ("active", "suspended", "removed", "invited")]


async def at_status(house: House, status: str) -> TenantUser:
    if status in ("invited", "preprovisioned"):
        return await make(house, invite=status == "invited")
    user = await arrive(house, await house.person())
    assert user is not None
    return user if status == "active" else await set_status(house, user.id, status)


@pytest.mark.parametrize(("before", "after"), CASES, ids=[f"{before} to {after}" for before, after in CASES])
async def test_what_a_tenant_may_do_with_a_status(house: House, before: str, after: str):
    user = await at_status(house, before)
    assert user.status == before
    told = await house.log()
    if after in LEADS[before]:
        changed = await set_status(house, user.id, after)
        assert (changed.status, changed.sub, changed.version) == (after, user.sub, user.version + 1)
        return
    with pytest.raises(Refused) as refused:
        await set_status(house, user.id, after)
    assert (refused.value.reason, refused.value.status) == ("status_not_reachable", 409)
    assert await house.log() == told, "nothing happened"


async def test_fifty_at_once_change_a_status_once(house: House):
    user = await at_status(house, "active")

    async def suspend() -> str:
        try:
            async with change(house.caller) as tx:
                await members.set_status(tx, user, "suspended")
        except Refused as refused:
            return refused.reason
        return "suspended"

    reasons = await asyncio.gather(*(suspend() for _ in range(50)))
    assert sorted(reasons) == ["status_changed_meanwhile"] * 49 + ["suspended"]


async def test_statuses_are_joined_by_others(house: House):
    user = await at_status(house, "suspended")
    async with look(house.caller) as tx:
        assert [tuple(row) for row in await tx.all(_STANDING)] == [(user.id, "suspended", user.sub)]


async def test_a_tenants_log_never_names_an_account(house: House):
    account_id = await house.person()
    user = await arrive(house, account_id)
    assert user is not None
    for status in ("suspended", "active", "removed", "invited"):
        await set_status(house, user.id, status)
    log = str(await house.log())
    assert user.id in log
    assert account_id not in log
    assert ids.suffix(account_id) not in log
