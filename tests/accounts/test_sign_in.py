"""Signing in by password: what is refused and why, what nobody can tell apart, and what cannot be raced."""

import argon2
import pytest

from sigid.accounts import passwords, people, sessions, sign_in
from sigid.accounts.sign_in import NeedsProof, WrongPassword
from sigid.kernel import callers
from sigid.kernel.database import change, look
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Refused
from tests.accounts.house import ADA, PASSWORD, WRONG, House

BOB, CAROL, DAVE, NOBODY = (EmailAddress.parse(f"{name}@example.com") for name in ("bob", "carol", "dave", "nobody"))

REFUSED = {
    "a wrong password": (ADA, WRONG, "password_wrong"),
    "an unknown address": (NOBODY, PASSWORD, "account_unknown"),
    "an account without password": (BOB, PASSWORD, "account_without_password"),
    "a locked account, the right password": (CAROL, PASSWORD, "account_not_active"),
    "a locked account, a wrong password": (CAROL, WRONG, "password_wrong"),
    "an unproved address, a wrong password": (DAVE, WRONG, "password_wrong"),
    "an empty password": (ADA, "", "password_wrong"),
}


async def settle(house: House) -> None:
    await house.person(ADA)
    await house.person(BOB, None)
    await house.lock(await house.person(CAROL))
    await house.person(DAVE, verified=False)


@pytest.mark.promise("3.3.throttling")
async def test_every_refusal_has_its_reason_and_they_look_alike(house: House):
    await settle(house)
    seen, logs = set(), []
    for email, password, because in REFUSED.values():
        browser = await house.browser()
        before = await house.log()
        with pytest.raises(WrongPassword) as refused:
            await browser.type(email, password)
        assert refused.value.reason == because
        seen.add((refused.value.code, refused.value.status, refused.value.description))
        logs.append(await house.log() - before)
        assert await browser.sessions() == []
    assert seen == {("wrong_password", 401, "")}
    assert all(log == logs[0] for log in logs), "the tenant's log tells nobody's account"


async def test_a_tenant_cannot_probe_for_accounts_by_its_own_log(house: House):
    """accounts.md: nothing that a tenant does reveals whether somebody has an account."""
    await settle(house)
    told = []
    for email in (ADA, NOBODY, BOB, CAROL, DAVE):
        at = await house.another(f"probe-{email.local_part}")
        before = await at.log()
        browser = await at.browser()
        assert await browser.why(email, WRONG) is not None
        await browser.ask_code(email)
        told.append(await at.log() - before)
    assert all(one == told[0] for one in told)
    assert "auth.login.failure" in str(told[0])


@pytest.mark.promise("3.3.sign-in-password")
async def test_the_right_password_begins_a_session_and_the_account_alone_reads_of_it(house: House):
    account_id = await house.person()
    browser = await house.browser()
    made = await browser.sign_in()
    [live] = await browser.sessions()
    assert (live.id, live.account_id, live.email) == (made.session_id, account_id, ADA.display)
    assert (await browser.found()).session_id == made.session_id
    assert await house.own_log(account_id) == ["account.created", "session.started"]
    log = str(await house.log())
    assert "auth.login.success" in log
    assert not {account_id, made.session_id, "account.created", "session.started"} & set(log.split("'"))


@pytest.mark.promise("3.3.sessions")
async def test_ses_01_signing_in_again_is_the_same_session_under_a_new_handle(house: House):
    await house.person()
    browser = await house.browser()
    first = await browser.sign_in()
    old = browser.cookie
    await browser.begin()
    second = await browser.sign_in()
    assert second.session_id == first.session_id
    assert second.handle != first.handle
    assert await sessions.load(old, browser.caller.origin, sessions.timedelta(hours=1)) == []
    [live] = await browser.sessions()
    assert len(live.proofs) == 1, "the newest proof of a method stands for the older ones"


async def test_another_proof_joins_the_session(house: House):
    await house.person()
    browser = await house.browser()
    first = await browser.sign_in()
    await browser.begin()
    made = await browser.type_code(await browser.ask_code(ADA))
    assert made is not None
    assert made.session_id == first.session_id
    [live] = await browser.sessions()
    assurance = live.assurance(house.tenant.id)
    assert assurance.amr == ("otp", "pwd")
    assert assurance.acr == "urn:sigid:acr:1fa"


async def test_a_session_that_ended_meanwhile_is_not_gone_on_with(house: House):
    account_id = await house.person()
    browser = await house.browser()
    first = await browser.sign_in()
    [here] = await browser.sessions()
    async with change(callers.as_account(account_id, house.origin)) as tx:
        assert await sessions.end(tx, first.session_id, "signed_out") is not None
    await browser.begin()
    made = await sign_in.by_password(
        browser.caller, await browser.found(), ADA, PASSWORD, None, sessions.timedelta(days=1), [here]
    )
    assert isinstance(made, sign_in.SignedIn)
    assert made.session_id != first.session_id


async def test_a_password_that_was_reset_while_it_was_verified_opens_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    account_id = await house.person()
    browser = await house.browser()
    hashed = await passwords.hash_password("a-new-password-of-hers-4711")
    judge = sign_in._judge

    async def slow(known: people.Known | None, password: str) -> tuple[str | None, str | None]:
        judged = await judge(known, password)
        async with change(callers.as_account(account_id, house.origin)) as tx:
            await people.set_password(tx, hashed)
            await sessions.end_all(tx, "password_reset")
            tx.record(sign_in.Own(sign_in.Event("authenticator.changed", "authenticator", None)))
        return judged

    monkeypatch.setattr(sign_in, "_judge", slow)
    with pytest.raises(WrongPassword) as refused:
        await browser.type(ADA, PASSWORD)
    assert refused.value.reason == "password_changed_meanwhile"


async def test_an_account_that_was_locked_while_its_password_was_verified_opens_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    account_id = await house.person()
    browser = await house.browser()
    judge = sign_in._judge

    async def slow(known: people.Known | None, password: str) -> tuple[str | None, str | None]:
        judged = await judge(known, password)
        await house.lock(account_id)
        return judged

    monkeypatch.setattr(sign_in, "_judge", slow)
    assert await browser.why(ADA, PASSWORD) == "password_changed_meanwhile"


async def test_locking_ends_every_session(house: House):
    account_id = await house.person()
    browsers = [await house.browser() for _ in range(3)]
    made = [await browser.sign_in() for browser in browsers]
    ended = await house.lock(account_id)
    assert {one.session_id for one in ended} == {one.session_id for one in made}
    assert [await browser.sessions() for browser in browsers] == [[], [], []]
    with pytest.raises(Refused) as again:
        await house.lock(account_id)
    assert again.value.reason == "account_locked_already"


async def test_an_old_hash_is_made_anew_with_todays_parameters(house: House):
    account_id = await house.person(password=None)
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    async with change(callers.as_account(account_id, house.origin)) as tx:
        await people.set_password(tx, old)
        tx.record(sign_in.Own(sign_in.Event("authenticator.added", "authenticator", None)))
    await (await house.browser()).sign_in()
    async with look(callers.as_account(account_id, house.origin)) as tx:
        known = await people.credentials(tx, ADA)
    assert known is not None
    assert known.password_hash is not None
    assert known.password_hash != old
    assert (await passwords.verify_password(PASSWORD, known.password_hash)) == passwords.Verified(True, False)
    await (await house.browser()).sign_in()


async def test_a_breached_password_is_noticed_when_it_is_used(house: House):
    account_id = await house.person(password="password123")
    await (await house.browser()).sign_in(password="password123")
    assert "authenticator.breached" in await house.own_log(account_id)
    assert "authenticator.breached" not in str(await house.log())


async def test_an_unproved_address_needs_its_proof_first(house: House):
    await house.person(verified=False)
    browser = await house.browser()
    made = await browser.type(ADA, PASSWORD)
    assert isinstance(made, NeedsProof)
    assert await browser.sessions() == []


async def test_no_hash_is_printed(house: House):
    await house.person()
    known = await people.find(ADA, house.origin)
    assert known is not None
    assert known.password_hash is not None
    assert known.password_hash not in repr(known)
    browser = await house.browser()
    await browser.sign_up(BOB, "some-good-password-1234")
    found = await browser.found()
    assert found.waiting is not None
    assert found.waiting["password_hash"] not in repr(found)
