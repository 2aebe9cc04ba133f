"""A new password: by a link to a verified address, once, within its time; or by changing it while signed in.

A reset ends every session. The link's page says the same whether the account exists; the mail goes to the stored
address, never to the typed one.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select, update

from sigid.accounts import devices, people, sessions, throttling
from sigid.accounts.activity import Own
from sigid.accounts.people import Known
from sigid.accounts.sessions import Ended
from sigid.accounts.tables import account, address, recovery
from sigid.kernel import callers
from sigid.kernel.callers import Origin
from sigid.kernel.database import NOW, Change, append, look, param, statement
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import PageError
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId
from sigid.kernel.secrets import Handle

PREFIX: Final = "sigid_pr"

_r, _a, _m = recovery.c, account.c, address.c
_MINE = _r.account_id == param("account_id", _r.account_id)
_APPEND = append(recovery)
_END_OLDER = statement("recovery.end_older", update(recovery).where(_MINE, _r.spent_at.is_(None)).values(spent_at=NOW))
_FIND = statement(
    "recovery.find",
    select(_r.expires_at, _r.spent_at, _r.tenant_id.label("at_tenant"), _m.text.label("email"), _a.name, _a.status)
    .join_from(recovery, account, _a.account_id == _r.account_id)
    .join(address, (_m.account_id == _r.account_id) & (_m.lookup == _r.address_lookup))
    .where(_MINE, _r.digest == param("digest", _r.digest)),
)
_SPEND = statement(
    "recovery.spend",
    update(recovery)
    .where(_MINE, _r.digest == param("digest", _r.digest), _r.spent_at.is_(None), _r.expires_at > NOW)
    .values(spent_at=NOW),
)


class LinkDead(PageError):
    """Used, too old, replaced by a newer one, or never ours: one page for all of these."""

    def __init__(self, reason: str) -> None:
        super().__init__("link_invalid", reason)


@dataclass(frozen=True, slots=True)
class Link:
    account_id: AccountId
    handle: Handle
    email: str
    name: str
    tenant_id: str


async def request(tx: Change, known: Known, life: timedelta) -> Handle:
    """A link for the unit's account, asked for at the unit's tenant; an older one is dead."""
    handle = Handle.generate(PREFIX, tx.account_id)
    await tx.run(_END_OLDER)
    tx.append(
        _APPEND,
        digest=handle.digest,
        address_lookup=EmailAddress.parse(known.email).lookup,
        created_at=tx.now,
        expires_at=tx.now + life,
        spent_at=None,
    )
    tx.record(Own(Event("recovery.requested", "authenticator", None)))
    return handle


async def find(text: str | None, origin: Origin) -> Link:
    """The link that is shown, while it can be used. Raises LinkDead. Looking uses nothing up."""
    handle = Handle.parse(PREFIX, text or "")
    if handle is None:
        raise LinkDead("reset_link_malformed")
    account_id = AccountId(handle.owner("acct"))
    async with look(callers.as_account(account_id, origin)) as tx:
        row = await tx.one(_FIND, digest=handle.digest)
        if row is None or row.status != "active":
            raise LinkDead("reset_link_unknown")
        if row.spent_at is not None:
            raise LinkDead("reset_link_used")
        if row.expires_at <= tx.now:
            raise LinkDead("reset_link_expired")
    return Link(account_id, handle, row.email, row.name or "", row.at_tenant)


async def set_by_link(tx: Change, link: Link, password_hash: str) -> list[Ended]:
    """Spend the link and set the password; every session ends. Raises LinkDead where another was quicker."""
    if await tx.run(_SPEND, digest=link.handle.digest) == 0:
        raise LinkDead("reset_link_used")
    await tx.run(_END_OLDER)  # two that were asked for at once
    await people.verify_address(tx, EmailAddress.parse(link.email))
    await _set(tx, password_hash)
    await throttling.mail_answered(tx, EmailAddress.parse(link.email))
    return await sessions.end_all(tx, "password_reset")


async def change_password(tx: Change, password_hash: str, keep_session: str) -> list[Ended]:
    """A signed-in person, who showed the present password, sets another; their other sessions end."""
    await _set(tx, password_hash)
    return await sessions.end_all(tx, "password_changed", but=keep_session)


async def _set(tx: Change, password_hash: str) -> None:
    await people.set_password(tx, password_hash)
    await devices.forget_all(tx)
    tx.record(Own(Event("authenticator.changed", "authenticator", None, data={"type": "password"})))
