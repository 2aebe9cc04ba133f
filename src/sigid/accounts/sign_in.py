"""Signing in: by password, or by the code of a mail; an address without account looks the same and takes as long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sigid.accounts import breached_passwords, devices, interactions, passwords, people, sessions, throttling
from sigid.accounts.activity import Own
from sigid.accounts.interactions import Interaction
from sigid.accounts.people import Known
from sigid.accounts.sessions import Session
from sigid.kernel import callers, throttles
from sigid.kernel.callers import Caller
from sigid.kernel.database import Change, change, look, use
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Refused, Unavailable
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId
from sigid.kernel.secrets import Handle, Secret
from sigid.kernel.throttles import Counter


class WrongPassword(Refused):
    def __init__(self, reason: str) -> None:
        super().__init__("wrong_password", reason, status=401)


class WrongCode(Refused):
    def __init__(self, reason: str) -> None:
        super().__init__("wrong_code", reason, status=401)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in; `device` is the new value of this browser's cookie, where that changes."""

    account_id: AccountId
    session_id: str
    handle: Handle
    device: Secret | None


@dataclass(frozen=True, slots=True)
class NeedsProof:
    """The password is right, and the address was never proved: a code goes there first."""

    known: Known


async def by_password(
    caller: Caller,
    found: Interaction,
    email: EmailAddress,
    password: str,
    device: str | None,
    absolute: timedelta,
    here: Sequence[Session] = (),
) -> SignedIn | NeedsProof:
    """Sign in by password. Raises Throttled and WrongPassword; a wrong one leaves its mark.

    `here`: who is signed in in this browser.
    """
    known = await people.find(email, caller.origin)
    trusted = await _known_device(known, device, caller)
    await throttling.refuse_in_tenant(caller, trusted)
    tries = throttling.tries(caller, email, trusted)
    async with throttles.turn(tries[0]):
        holds_next = await throttles.count(caller, tries)
        try:
            reason, rehashed = await _judge(known, password)
        except Unavailable:
            await throttles.forgive(caller, tries)  # nothing was judged
            raise
        if reason is None and known is not None:
            return await _right_password(caller, found, known, password, tries, device, absolute, here, rehashed)
    await throttling.failed_in_tenant(caller)
    async with change(caller) as tx:
        # Why stands in our own log alone: the tenant must not learn whose address has an account.
        tx.record(Event("auth.login.failure", "session", None, reason="credentials_refused", outcome="failure"))
        if holds_next:
            tx.record(Event("auth.login.throttled", "session", None, reason="too_many_tries", outcome="failure"))
    raise WrongPassword(reason or "account_unknown")


async def _judge(known: Known | None, password: str) -> tuple[str | None, str | None]:
    """Why it is not the password (a private reason), or a fresh hash where the parameters changed. Always one hash."""
    if known is None or known.password_hash is None:
        await passwords.burn()
        return "account_unknown" if known is None else "account_without_password", None
    verified = await passwords.verify_password(password, known.password_hash)
    if not verified.ok:
        return "password_wrong", None
    if not known.active:
        return "account_not_active", None
    return None, await passwords.hash_password(password) if verified.needs_rehash else None


async def _right_password(
    caller: Caller,
    found: Interaction,
    known: Known,
    password: str,
    tries: Sequence[Counter],
    device: str | None,
    absolute: timedelta,
    here: Sequence[Session],
    rehashed: str | None,
) -> SignedIn | NeedsProof:
    if not known.verified:
        await throttles.forgive(caller, tries)
        return NeedsProof(known)
    before = known.password_hash or ""
    async with change(caller.with_account(known.account_id)) as tx:
        if not await people.hold(tx, before):
            raise WrongPassword("password_changed_meanwhile")
        made = await begin_session(tx, found, "password", device, absolute, here)
        if breached_passwords.is_listed(password):  # it was set by an operator, or has become known since
            tx.record(Own(Event("authenticator.breached", "authenticator", None, data={"type": "password"})))
        await throttles.forgive_in(tx, tries)
    if rehashed is not None:
        async with use(callers.as_account(known.account_id, caller.origin)) as tx:
            await people.rehash(tx, before, rehashed)
    return made


async def _known_device(known: Known | None, device: str | None, caller: Caller) -> bytes | None:
    if known is None or device is None:
        return None
    async with look(callers.as_account(known.account_id, caller.origin)) as tx:
        return await devices.known(tx, device)


async def begin_session(
    tx: Change,
    found: Interaction,
    method: str,
    device: str | None,
    absolute: timedelta,
    here: Sequence[Session] = (),
) -> SignedIn:
    """Sign the unit's account in, in this interaction: a new session, or one more proof in the one that is here.

    Either way the handle is new, so that none can be fixed beforehand.
    """
    proof = sessions.proof(method, tx.now)
    present = next((one for one in here if one.account_id == tx.account_id), None)
    handle = await sessions.strengthen(tx, present, proof) if present is not None else None
    if present is None or handle is None:
        session_id, handle = sessions.start(tx, [proof], absolute)
    else:
        session_id = present.id
    await interactions.set_person(tx, found, session_id, **{**interactions.NOTHING_DONE, "signed_in": True})
    remembered = await devices.remember(tx, device)
    tx.record(Event("auth.login.success", "session", None, data={"method": method}))
    return SignedIn(AccountId(tx.account_id), session_id, handle, remembered)


async def count_code_request(caller: Caller, email: EmailAddress, device: str | None = None) -> None:
    """Codes and links by mail are limited, whether there is an account or not. Raises Throttled."""
    await throttles.count(caller, await _mails(caller, email, device))


async def _mails(caller: Caller, email: EmailAddress, device: str | None) -> Sequence[Counter]:
    known = await people.find(email, caller.origin)
    return throttling.mails(caller, email, await _known_device(known, device, caller))


async def by_code(
    caller: Caller,
    found: Interaction,
    code: str,
    device: str | None,
    absolute: timedelta,
    here: Sequence[Session] = (),
) -> SignedIn | None:
    """Try the code that signs in. Raises WrongCode; None: the code was right and the account is gone or locked."""
    email = EmailAddress.parse(found.code_address or "")
    known = await people.find(email, caller.origin)
    unit = caller.with_account(known.account_id if known is not None else people.NOBODY)
    async with change(unit) as tx:
        tried = await interactions.try_code(tx, found, code)
        if tried.right and known is not None and mailed_to(found, known) and await people.hold(tx, None):
            if not known.verified:
                await prove_address(tx, known, email, keep_password=found.state.get("password_of") == email.lookup)
            made = await begin_session(tx, found, "email_code", device, absolute, here)
            await throttling.mail_answered(tx, email, await devices.known(tx, device))
            return made
        tx.record(Event("auth.login.failure", "session", None, reason="credentials_refused", outcome="failure"))
    if not tried.right:
        raise WrongCode(tried.why)
    return None


def mailed_to(found: Interaction, known: Known) -> bool:
    """Where a sign-up's code went is this account's mailbox to the letter: `Ada@` may be another's than `ada@`.

    (An account that there was before gets its codes where it is; this one may have been made meanwhile.)
    """
    return found.waiting is None or found.waiting["email"] == known.email


async def prove_address(tx: Change, known: Known, email: EmailAddress, *, keep_password: bool) -> None:
    """The address of an account that never had it proved is proved: drop what came before, but what was shown now."""
    if await people.verify_address(tx, email):
        if keep_password and known.password_hash is not None:
            await people.set_password(tx, known.password_hash)
        await devices.forget_all(tx)
        await sessions.end_all(tx, "address_proved_by_another")
        tx.record(Own(Event("address.verified", "address", None)))
