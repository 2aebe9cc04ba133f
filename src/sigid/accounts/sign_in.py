"""Signing in: by password, or by the code of a mail; an address without account looks the same and takes as long."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sigid.accounts import devices, interactions, passwords, people, sessions
from sigid.accounts.interactions import Interaction
from sigid.accounts.people import Known
from sigid.kernel import callers, throttles
from sigid.kernel.callers import Actor, Caller
from sigid.kernel.database import Change, change, look
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId
from sigid.kernel.secrets import Handle
from sigid.kernel.throttles import Counter

FREE_TRIES: Final = 5
_FREE_BY_ACCOUNT: Final = 20
_FREE_BY_NETWORK: Final = 100
_FREE_BY_TENANT: Final = 2000
_FREE_CODES: Final = 5


class WrongPassword(Refused):
    def __init__(self, reason: str) -> None:
        super().__init__("wrong_password", reason, status=401)


class WrongCode(Refused):
    def __init__(self, reason: str = "code_wrong") -> None:
        super().__init__("wrong_code", reason, status=401)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in; `device` is a new cookie for this browser, where it had none of this account's."""

    account_id: AccountId
    session_id: str
    handle: Handle
    device: Handle | None


@dataclass(frozen=True, slots=True)
class NeedsProof:
    """The password is right, and the address was never proved: a code goes there first."""

    known: Known


def _counters(caller: Caller, email: EmailAddress, *, trusted_device: bool) -> list[Counter]:
    network = throttles.network(caller.origin.ip)
    counters = [
        Counter.of(FREE_TRIES, "sign-in account network", email.lookup, network, str(trusted_device)),
        Counter.of(_FREE_BY_NETWORK, "sign-in network", network),
        Counter.of(_FREE_BY_TENANT, "sign-in tenant", caller.tenant_id or ""),
    ]
    if not trusted_device:
        counters.append(Counter.of(_FREE_BY_ACCOUNT, "sign-in account", email.lookup))
    return counters


async def by_password(
    caller: Caller, found: Interaction, email: EmailAddress, password: str, device: str | None, absolute: timedelta
) -> SignedIn | NeedsProof:
    """Sign in by password. Raises Throttled and WrongPassword; both leave their mark."""
    known = await people.find(email, caller.origin)
    trusted = await _trusted(known, device, caller)
    counters = _counters(caller, email, trusted_device=trusted)
    try:
        await throttles.count(caller, counters)
    except Refused as refused:
        await _failed(caller, "auth.login.throttled", refused.reason)
        raise
    reason, rehashed = await _judge(known, password)
    if reason is not None or known is None:
        await _failed(caller, "auth.login.failure", reason or "account_unknown")
        raise WrongPassword(reason or "account_unknown")
    await throttles.forgive(caller, counters)
    if not known.verified:
        return NeedsProof(known)
    async with change(caller.with_account(known.account_id)) as tx:
        if rehashed is not None and known.password_hash is not None:
            await people.rehash(tx, known.password_hash, rehashed)
        return await begin_session(tx, found, "password", device, absolute)


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


async def _trusted(known: Known | None, device: str | None, caller: Caller) -> bool:
    if known is None or device is None:
        return False
    async with look(callers.as_account(known.account_id, caller.origin)) as tx:
        return await devices.is_known(tx, device)


async def begin_session(
    tx: Change, found: Interaction, method: str, device: str | None, absolute: timedelta
) -> SignedIn:
    """Start a session of the unit's account, in this interaction."""
    session_id, handle = sessions.start(tx, [sessions.proof(method, tx.now)], absolute)
    await interactions.set_person(tx, found, session_id, signed_in=True, step=None)
    remembered = await devices.remember(tx, device)
    tx.record(Event("auth.login.success", "session", None, data={"method": method}))
    return SignedIn(AccountId(tx.account_id), session_id, handle, remembered)


async def count_code_request(caller: Caller, email: EmailAddress) -> None:
    """Codes by mail are limited per address and per network, whether there is an account or not. Raises Throttled."""
    network = throttles.network(caller.origin.ip)
    await throttles.count(
        caller,
        [
            Counter.of(_FREE_CODES, "code address", email.lookup),
            Counter.of(_FREE_BY_NETWORK, "code network", network),
        ],
    )


async def by_code(
    caller: Caller, found: Interaction, code: str, device: str | None, absolute: timedelta
) -> SignedIn | None:
    """Try the code that signs in. Raises WrongCode; None: the code was right and the account is gone or locked."""
    email = EmailAddress.parse(found.code_address or "")
    known = await people.find(email, caller.origin)
    unit = caller.with_account(known.account_id) if known is not None else caller
    async with change(unit) as tx:
        right = await interactions.try_code(tx, found, code)
        if right and known is not None and known.active:
            if not known.verified:
                await prove_address(tx, known, email, keep_password=bool(found.state.get("password_matched")))
            return await begin_session(tx, found, "email_code", device, absolute)
        reason = "code_wrong" if not right else "account_not_active"
        tx.record(Event("auth.login.failure", "session", None, reason=reason, outcome="failure"))
    if not right:
        raise WrongCode
    return None


async def prove_address(tx: Change, known: Known, email: EmailAddress, *, keep_password: bool) -> None:
    """The address of an account that never had it proved is proved: drop what came before, but what was shown now."""
    if await people.verify_address(tx, email):
        if keep_password and known.password_hash is not None:
            await people.set_password(tx, known.password_hash)
        await sessions.end_all(tx, "address_proved_by_another")
        tx.record(Event("address.verified", "address", None))


async def _failed(caller: Caller, event: str, reason: str) -> None:
    async with change(caller.acting_as(Actor("anonymous"))) as tx:
        tx.record(Event(event, "session", None, reason=reason, outcome="failure"))
