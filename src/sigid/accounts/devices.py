"""Browsers in which a person has signed in before: strangers' failures never lock them out there."""

from typing import Final

from sqlalchemy import select, update

from sigid.accounts.tables import known_device
from sigid.kernel.database import NOW, Look, Use, append, param, statement
from sigid.kernel.secrets import Handle

PREFIX: Final = "sigid_kd"
_LONGEST_USER_AGENT: Final = 400

_d = known_device.c
_MINE = (_d.account_id == param("account_id", _d.account_id), _d.digest == param("digest", _d.digest))
_APPEND = append(known_device)
_FIND = statement("known_device.find", select(_d.digest).where(*_MINE))
_TOUCH = statement("known_device.touch", update(known_device).where(*_MINE).values(last_used_at=NOW))


async def is_known(tx: Look, cookie: str | None) -> bool:
    """The cookie says that the unit's account has signed in here before."""
    handle = Handle.parse(PREFIX, cookie or "")
    return (
        handle is not None
        and handle.owner("acct") == tx.account_id
        and await tx.one(_FIND, digest=handle.digest) is not None
    )


async def remember(tx: Use, cookie: str | None) -> Handle | None:
    """Remember this browser for the unit's account: a new handle for its cookie, None where it has its own."""
    handle = Handle.parse(PREFIX, cookie or "")
    if handle is not None and handle.owner("acct") == tx.account_id and await tx.run(_TOUCH, digest=handle.digest):
        return None
    made = Handle.generate(PREFIX, tx.account_id)
    user_agent = (tx.caller.origin.user_agent or "")[:_LONGEST_USER_AGENT] or None
    tx.append(_APPEND, digest=made.digest, created_at=tx.now, last_used_at=tx.now, user_agent=user_agent)
    return made
