"""Browsers in which a person has signed in before: strangers' failures never lock them out there.

The cookie holds a handle for each of the accounts that were used in the browser, the latest first.
"""

from typing import Final

from sqlalchemy import delete, select, update

from sigid.accounts.tables import known_device
from sigid.kernel.database import NOW, Look, Use, append, param, statement
from sigid.kernel.secrets import Handle, Secret

PREFIX: Final = "sigid_kd"
MOST_ACCOUNTS: Final = 5
_LONGEST_USER_AGENT: Final = 400

_d = known_device.c
_MINE = (_d.account_id == param("account_id", _d.account_id), _d.digest == param("digest", _d.digest))
_APPEND = append(known_device)
_FIND = statement("known_device.find", select(_d.digest).where(*_MINE))
_TOUCH = statement("known_device.touch", update(known_device).where(*_MINE).values(last_used_at=NOW))
_FORGET_ALL = statement(
    "known_device.forget_all",
    delete(known_device).where(_d.account_id == param("account_id", _d.account_id)),
)


def _parse(cookie: str | None) -> list[Handle]:
    parsed = [Handle.parse(PREFIX, text) for text in (cookie or "").split(".")[:MOST_ACCOUNTS]]
    return [handle for handle in parsed if handle is not None]


def _own(tx: Look, handles: list[Handle]) -> Handle | None:
    return next((handle for handle in handles if handle.owner("acct") == tx.account_id), None)


async def known(tx: Look, cookie: str | None) -> bytes | None:
    """The unit's account has signed in here before, says the cookie and the row: the device's digest."""
    handle = _own(tx, _parse(cookie))
    if handle is None or await tx.one(_FIND, digest=handle.digest) is None:
        return None
    return handle.digest


async def remember(tx: Use, cookie: str | None) -> Secret | None:
    """Remember this browser for the unit's account: its cookie's new value, None where that stays."""
    handles = _parse(cookie)
    own = _own(tx, handles)
    if own is not None and await tx.run(_TOUCH, digest=own.digest):
        return None
    made = Handle.generate(PREFIX, tx.account_id)
    user_agent = (tx.caller.origin.user_agent or "")[:_LONGEST_USER_AGENT] or None
    tx.append(_APPEND, digest=made.digest, created_at=tx.now, last_used_at=tx.now, user_agent=user_agent)
    others = [handle for handle in handles if handle is not own]
    return Secret(".".join(handle.reveal() for handle in [made, *others][:MOST_ACCOUNTS]))


async def forget_all(tx: Use) -> None:
    """No browser is known any more: after a reset each is a stranger's until its next sign-in."""
    await tx.run(_FORGET_ALL)
