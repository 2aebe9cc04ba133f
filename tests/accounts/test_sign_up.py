"""Signing up: nothing before the proof, nothing told, and pre-hijacking closed.

The five forms are those of Sudhodanan and Paverd, "Pre-hijacked accounts" (USENIX Security 2022).
"""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import insert

from sigid.accounts import devices, passwords, people, recovery, sessions
from sigid.accounts.recovery import LinkDead
from sigid.accounts.sign_in import NeedsProof, SignedIn, WrongCode
from sigid.accounts.tables import address, known_device
from sigid.kernel import callers
from sigid.kernel.database import change, look, metadata, param, statement
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId
from tests.accounts.house import ADA, CODE_LIFE, IDLE, PASSWORD, WRONG, Browser, House, other_code

pytestmark = pytest.mark.promise("3.3.sign-up")

HERS = "a-password-of-ada-herself-99"
ATTACKERS = "a-password-of-the-attacker-1"

_ADD_DEVICE = statement(
    "test.add_device",
    insert(known_device).values({column.name: param(column.name, column) for column in known_device.c}),
)
_ADD_ADDRESS = statement(
    "test.add_address", insert(address).values({column.name: param(column.name, column) for column in address.c})
)


async def outcome(browser: Browser, code: str) -> str:
    try:
        made = await browser.prove(code)
    except WrongCode as wrong:
        return wrong.reason
    return "signed in" if made is not None else "not admitted"


async def test_nothing_exists_before_the_proof(house: House):
    browser = await house.browser()
    sent = await browser.sign_up(ADA, HERS)
    assert (sent.to, sent.mail) == (ADA.display, "verification")
    assert await people.find(ADA, house.origin) is None
    assert await browser.sessions() == []
    made = await browser.prove(sent.code)
    assert made is not None
    known = await people.find(ADA, house.origin)
    assert known is not None
    assert (known.verified, known.name, known.account_id) == (True, "Somebody", made.account_id)
    await (await house.browser()).sign_in(ADA, HERS)


async def test_a_wrong_code_makes_nothing(house: House):
    browser = await house.browser()
    sent = await browser.sign_up(ADA, HERS)
    for _ in range(5):
        assert await outcome(browser, other_code(sent.code)) == "code_wrong"
    assert await outcome(browser, sent.code) == "code_tries_used_up"
    assert await people.find(ADA, house.origin) is None


async def test_a_code_without_a_sign_up_makes_nothing(house: House):
    browser = await house.browser()
    assert await outcome(browser, await browser.ask_code(ADA)) == "sign_up_not_waiting"
    assert await people.find(ADA, house.origin) is None


async def test_asking_for_a_code_drops_the_sign_up_that_waited(house: House):
    browser = await house.browser()
    await browser.sign_up(ADA, HERS)
    await browser.ask_code(ADA)
    assert (await browser.found()).waiting is None


async def test_one_code_fifty_times_at_once_makes_one_account(house: House):
    browser = await house.browser()
    sent = await browser.sign_up(ADA, HERS)
    outcomes = Counter(await asyncio.gather(*(outcome(browser, sent.code) for _ in range(50))))
    assert outcomes["signed in"] == 1
    assert set(outcomes) <= {"signed in", "code_spent"}


async def test_two_browsers_that_prove_one_address_at_once_have_one_account(house: House):
    one, two = await house.browser(), await house.browser()
    sent = [await one.sign_up(ADA, HERS), await two.sign_up(ADA, "another-password-of-hers-1")]
    made = await asyncio.gather(one.prove(sent[0].code), two.prove(sent[1].code))
    assert all(isinstance(each, SignedIn) for each in made)
    assert len({each.account_id for each in made if each is not None}) == 1


async def test_an_address_that_has_an_account_looks_the_same_and_signs_in_to_it(house: House):
    account_id = await house.person()
    browser, unknown = await house.browser(), await house.browser()
    before = await house.log()
    sent = await browser.sign_up(ADA, ATTACKERS, "Mallory")
    told = await house.log() - before
    other = await unknown.sign_up(EmailAddress.parse("nobody@example.com"), ATTACKERS, "Mallory")
    assert await house.log() - before - told == told
    assert (sent.mail, other.mail) == ("account_exists", "verification")
    assert (await browser.found()).state.keys() == (await unknown.found()).state.keys()
    made = await browser.prove(sent.code)
    assert made is not None
    assert made.account_id == account_id
    known = await people.find(ADA, house.origin)
    assert known is not None
    assert known.name == "Somebody", "nothing of the account changed"
    assert await (await house.browser()).why(ADA, ATTACKERS) == "password_wrong"
    await (await house.browser()).sign_in(ADA, PASSWORD)


async def test_no_tenant_learns_whether_the_account_is_new(house: House):
    await house.person(EmailAddress.parse("bob@example.com"))
    told = []
    for email in (ADA, EmailAddress.parse("bob@example.com")):
        before = await house.log()
        browser = await house.browser()
        await browser.prove((await browser.sign_up(email, HERS)).code)
        told.append(await house.log() - before)
    assert told[0] == told[1]


async def test_the_code_goes_to_the_account_as_it_is_stored(house: House):
    """`Ada@` may be another's mailbox than `ada@`, where a mail server is pedantic about case."""
    await house.person()
    sent = await (await house.browser()).sign_up(EmailAddress.parse("ADA@example.com"), ATTACKERS)
    assert sent.to == "ada@example.com"


async def test_a_code_sent_to_another_spelling_opens_no_account_that_came_meanwhile(house: House):
    pedantic = await house.browser()
    sent = await pedantic.sign_up(EmailAddress.parse("ADA@example.com"), ATTACKERS)
    await house.person()
    assert await outcome(pedantic, sent.code) == "not admitted"
    assert await pedantic.sessions() == []


@pytest.mark.parametrize("verified", [True, False])
async def test_a_locked_account_stays_locked(house: House, *, verified: bool):
    await house.lock(await house.person(verified=verified))
    browser = await house.browser()
    sent = await browser.sign_up(ADA, HERS)
    assert await outcome(browser, sent.code) == "not admitted"
    assert await browser.sessions() == []


@pytest.mark.promise("3.3.pre-hijacking")
async def test_pre_hijacking_1_classic_federated_merge(house: House):
    """The attacker signs up first with the victim's address; when she comes, nothing of theirs is there."""
    attacker = await house.browser("198.51.100.1")
    await attacker.sign_up(ADA, ATTACKERS, "Mallory")
    victim = await house.browser()
    sent = await victim.sign_up(ADA, HERS, "Ada")
    assert sent.mail == "verification"
    assert await victim.prove(sent.code) is not None
    assert await (await house.browser()).why(ADA, ATTACKERS) == "password_wrong"
    assert await outcome(attacker, sent.code) in ("code_wrong", "code_tries_used_up")
    assert await attacker.sessions() == []
    known = await people.find(ADA, house.origin)
    assert known is not None
    assert known.name == "Ada"


async def unproved(house: House) -> tuple[AccountId, Browser]:
    """An account whose address nobody proved, in which somebody has a session all the same."""
    account_id = await house.person(password=ATTACKERS, verified=False)
    attacker = await house.browser("198.51.100.1")
    async with change(attacker.caller.with_account(account_id)) as tx:
        _, handle = sessions.start(tx, [sessions.proof("password", tx.now)], IDLE)
        device = await devices.remember(tx, None)
    assert device is not None
    attacker.cookie, attacker.device = handle.reveal(), device.reveal()
    assert len(await attacker.sessions()) == 1
    return account_id, attacker


@pytest.mark.promise("3.3.pre-hijacking")
@pytest.mark.parametrize("way", ["sign-up", "code", "reset"])
async def test_pre_hijacking_2_unexpired_session_identifier(house: House, way: str):
    """A session from before the proof ends with it, as do password and known browser, however it is proved."""
    account_id, attacker = await unproved(house)
    victim = await house.browser()
    if way == "sign-up":
        assert await victim.prove((await victim.sign_up(ADA, HERS)).code) is not None
    elif way == "code":
        assert await victim.type_code(await victim.ask_code(ADA)) is not None
    else:
        known = await people.find(ADA, house.origin)
        assert known is not None
        async with change(victim.caller.with_account(account_id)) as tx:
            handle = await recovery.request(tx, known, CODE_LIFE)
        link = await recovery.find(handle.reveal(), house.origin)
        async with change(victim.caller.with_account(account_id)) as tx:
            await recovery.set_by_link(tx, link, await hash_outside(HERS))
    assert await attacker.sessions() == []
    assert await (await house.browser()).why(ADA, ATTACKERS) in ("password_wrong", "account_without_password")
    async with look(callers.as_account(account_id, house.origin)) as tx:
        assert await devices.known(tx, attacker.device) is None
    known = await people.find(ADA, house.origin)
    assert known is not None
    assert known.verified


HASHES: dict[str, str] = {}


async def hash_outside(password: str) -> str:
    return HASHES[password]


@pytest.fixture(autouse=True)
async def hashes() -> None:
    """A password is hashed before the unit that sets it."""
    HASHES[HERS] = await passwords.hash_password(HERS)


@pytest.mark.promise("3.3.pre-hijacking")
async def test_pre_hijacking_3_trojan_identifier(house: House):
    """A second, unproved address of the account opens nothing: no code signs in by it, no link is for it."""
    account_id, _ = await unproved(house)
    other = EmailAddress.parse("mallory@example.com")
    async with change(callers.as_account(account_id, house.origin)) as tx:
        await tx.run(
            _ADD_ADDRESS, id="addr_trojan", text=other.display, lookup=other.lookup, verified_at=None,
            is_primary=False, created_at=tx.now,
        )  # fmt: skip
        tx.record(Event("address.added", "address", None))
    victim = await house.browser()
    assert await victim.prove((await victim.sign_up(ADA, HERS)).code) is not None
    attacker = await house.browser("198.51.100.1")
    assert await attacker.type_code(await attacker.ask_code(other)) is None
    assert await attacker.sessions() == []


@pytest.mark.promise("3.3.pre-hijacking")
async def test_pre_hijacking_4_unexpired_link(house: House):
    """A link that was asked for before the proof is of no use after a newer one, and only the mailbox ever had it."""
    account_id, _ = await unproved(house)
    known = await people.find(ADA, house.origin)
    assert known is not None
    handles = []
    for _ in range(2):
        async with change(house.caller.with_account(account_id)) as tx:
            handles.append(await recovery.request(tx, known, CODE_LIFE))
    with pytest.raises(LinkDead) as dead:
        await recovery.find(handles[0].reveal(), house.origin)
    assert dead.value.reason == "reset_link_used"


@pytest.mark.promise("3.3.pre-hijacking")
async def test_pre_hijacking_5_non_verifying_provider(house: House):
    """What an operator or a tenant says of an address is no proof: the password of such an account opens nothing."""
    await house.person(password=ATTACKERS, verified=False)
    attacker = await house.browser("198.51.100.1")
    assert isinstance(await attacker.type(ADA, ATTACKERS), NeedsProof)
    assert await attacker.sessions() == []
    victim = await house.browser()
    assert await victim.type_code(await victim.ask_code(ADA)) is not None
    assert await (await house.browser()).why(ADA, ATTACKERS) == "account_without_password"


@pytest.mark.promise("3.3.pre-hijacking")
@pytest.mark.parametrize("typed_for", [ADA, EmailAddress.parse("bob@example.com")], ids=["hers", "another's"])
async def test_what_was_typed_in_the_browser_that_proves_the_address_stays(house: House, typed_for: EmailAddress):
    await house.person(verified=False)
    browser = await house.browser()
    code = await browser.ask_code(ADA, password_of=typed_for.lookup)
    assert await browser.type_code(code) is not None
    why = await (await house.browser()).why(ADA, PASSWORD)
    assert why == (None if typed_for == ADA else "account_without_password")
    assert await (await house.browser()).why(ADA, WRONG) in ("password_wrong", "account_without_password")


def test_the_tables_that_an_attacker_could_fill_are_those_that_are_dropped():
    """A new table of the account must be looked at here: what of it may have been there before the proof?"""
    kept = {"account", "address", "operator", "membership", "account_entry"}
    kept |= {"account_place", "account_due", "account_head", "account_checkpoint"}  # the seals of the account's own log
    dropped = {"password", "session", "session_tenant", "known_device", "recovery"}
    assert {table.name for table in metadata.sorted_tables if table.info["owner"] == "account"} == kept | dropped
