"""Signing up: nothing exists before its address is proved.

What was typed waits, sealed, in the interaction; the code of the mail makes the account. With an address that has an
account everything looks the same up to the code page; the code then signs in to that account, and what was typed as a
new password is dropped.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from sigid.accounts import interactions, people, sign_in, throttling
from sigid.accounts.interactions import Interaction
from sigid.accounts.people import Known
from sigid.accounts.sessions import Session
from sigid.accounts.sign_in import SignedIn, WrongCode
from sigid.kernel.callers import Caller
from sigid.kernel.database import Change, Conflict, change
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.events import Event

Join = Callable[[Change, EmailAddress, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sent:
    """The code to mail, and which mail: the reader must not learn it from the page."""

    to: str
    code: str = field(repr=False)
    mail: Literal["verification", "account_exists"]


async def submit(
    tx: Change,
    found: Interaction,
    email: EmailAddress,
    *,
    name: str,
    password_hash: str,
    known: Known | None,
    life: timedelta,
) -> Sent:
    """Keep what was typed until its address is proved, and make the code.

    An account's code goes where the account is, never to another spelling of it.
    """
    to = known.email if known is not None else email.display
    waiting = {"name": name, "email": to, "password_hash": password_hash}
    code = await interactions.send_code(tx, found, "signup", email.display, life, waiting)
    tx.record(Event("address.added", "address", None, data={}))
    exists = known is not None and known.verified
    return Sent(to, code, "account_exists" if exists else "verification")


async def prove(
    caller: Caller,
    found: Interaction,
    code: str,
    device: str | None,
    absolute: timedelta,
    join: Join,
    here: Sequence[Session] = (),
) -> SignedIn | None:
    """Try the code. The person then has an account and, by `join`, is a user of the tenant where it admits them.

    Raises WrongCode. None: the address has an account that may not sign in.
    """
    waiting = found.waiting
    if waiting is None:
        raise WrongCode("sign_up_not_waiting")
    email = EmailAddress.parse(waiting["email"])
    for _ in range(2):
        known = await people.find(email, caller.origin)
        if known is not None and known.verified:
            return await sign_in.by_code(caller, found, code, device, absolute, here)
        try:
            async with change(caller.with_account(known.account_id if known else people.new_account_id())) as tx:
                tried = await interactions.try_code(tx, found, code)
                if tried.right and await _make(tx, email, found, waiting, known):
                    await join(tx, email, waiting["name"])
                    made = await sign_in.begin_session(tx, found, "email_code", device, absolute, here)
                    await throttling.mail_answered(tx, email)
                    return made
                tx.record(Event("auth.login.failure", "session", None, reason="credentials_refused", outcome="failure"))
        except Conflict:  # somebody proved the same address a moment ago: it has an account now
            await people.settle(email, caller.origin)
            continue
        if not tried.right:
            raise WrongCode(tried.why)
        return None
    return None


async def _make(
    tx: Change, email: EmailAddress, found: Interaction, waiting: dict[str, str], known: Known | None
) -> bool:
    """Make the unit's account, or take over the one whose address nobody had proved. False: it is locked."""
    if known is None:
        await people.create(tx, email, name=waiting["name"], password_hash=waiting["password_hash"], verified=True)
        return True
    if not sign_in.mailed_to(found, known) or not await people.hold(tx, None):
        return False
    await sign_in.prove_address(tx, known, email, keep_password=False)
    await people.set_password(tx, waiting["password_hash"])
    return True
