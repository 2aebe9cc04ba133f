"""Mail to be sent: written in the change's own transaction, tried at once after the commit, again by the worker.

Its text may hold a code or a link, so it is sealed under the root key; a sent mail's text is dropped (in development it
stays: that is the inbox). Whether a mail could be sent is never told to whoever asked for it.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, LargeBinary, Text, select, update

from sigid.kernel import callers, crypto, ids, resealing, retention
from sigid.kernel.callers import SYSTEM
from sigid.kernel.database import (
    NOW,
    Time,
    Use,
    append,
    identifier,
    look,
    param,
    statement,
    tenant_table,
    use,
)
from sigid.kernel.mail import Mail, MailFailed, MailTransport

_log = logging.getLogger("sigid.mail")
_PURPOSE = "outgoing mail"
_UNTIL_NEXT_TRY: Final = timedelta(minutes=5)
_MOST_TRIES: Final = 24
_AT_ONCE: Final = 4

outgoing_mail = tenant_table(
    "outgoing_mail",
    identifier("id"),
    Column("to_address", Text, nullable=False),
    Column("sender_name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text_sealed", LargeBinary),
    Column("created_at", Time, nullable=False),
    Column("next_try_at", Time),
    Column("attempts", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False),
)
resealing.sealed(outgoing_mail.c.text_sealed, _PURPOSE)
retention.lapses(outgoing_mail.c.created_at, timedelta(days=7))

_m = outgoing_mail.c
_APPEND = append(outgoing_mail)
_CLAIM = statement(
    "outgoing_mail.claim",
    update(outgoing_mail)
    .where(_m.tenant_id == param("tenant_id", _m.tenant_id), _m.id == param("id", _m.id))
    .where(_m.done.is_(False), _m.next_try_at <= NOW)
    .values(attempts=_m.attempts + 1, next_try_at=param("next_try_at", _m.next_try_at))
    .returning(_m.to_address, _m.sender_name, _m.subject, _m.text_sealed, _m.attempts),
)
_DONE = statement(
    "outgoing_mail.done",
    update(outgoing_mail)
    .where(_m.tenant_id == param("tenant_id", _m.tenant_id), _m.id == param("id", _m.id))
    .values(done=True, next_try_at=None, text_sealed=param("text_sealed", _m.text_sealed)),
)
_DUE = statement(
    "outgoing_mail.due",
    select(_m.tenant_id, _m.id).where(_m.done.is_(False), _m.next_try_at <= NOW).order_by(_m.next_try_at).limit(100),
)
_LATEST = statement(
    "outgoing_mail.latest",
    select(_m.id, _m.to_address, _m.sender_name, _m.subject, _m.text_sealed, _m.created_at)
    .order_by(_m.id.desc())
    .limit(200),
)
_LATEST_TO = statement(
    "outgoing_mail.latest_to",
    select(_m.id, _m.to_address, _m.sender_name, _m.subject, _m.text_sealed, _m.created_at)
    .where(_m.to_address == param("to", _m.to_address))
    .order_by(_m.id.desc())
    .limit(50),
)


class Outbox:
    """The outgoing mail of this process. `transport` None keeps mail for the development inbox."""

    def __init__(self, transport: MailTransport | None) -> None:
        self._transport = transport
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def enqueue(self, tx: Use, mail: Mail) -> None:
        """Send `mail` if and when this unit commits."""
        identifier_ = ids.new_id("mail")
        tenant_id = tx.tenant_id
        tx.append(
            _APPEND,
            id=identifier_,
            to_address=mail.to,
            sender_name=mail.sender_name,
            subject=mail.subject,
            text_sealed=crypto.vault().seal(_PURPOSE, mail.text.encode()),
            created_at=tx.now,
            next_try_at=tx.now if self._transport else None,
            attempts=0,
            done=self._transport is None,
        )
        if self._transport is not None:
            tx.after(lambda: self.send(tenant_id, identifier_))

    async def send(self, tenant_id: str, identifier_: str) -> None:
        """Try one mail that is due. Several processes may try: the claim says who does."""
        if self._transport is None:
            return
        caller = callers.in_tenant(ids.TenantId(tenant_id), SYSTEM, callers.Origin.process())
        async with self._slots:
            async with use(caller) as tx:
                # The next try is set before this one, so that a crash in between delays the mail and never loses it.
                claimed = await tx.one(_CLAIM, id=identifier_, next_try_at=tx.now + _UNTIL_NEXT_TRY)
            if claimed is None:
                return
            try:
                text = crypto.vault().unseal(_PURPOSE, claimed.text_sealed).decode()
                await self._transport.send(Mail(claimed.to_address, claimed.subject, text, claimed.sender_name))
            except Exception as error:  # any failure is tried again later; the log says which it was
                _log.warning("mail not sent: %s", type(error).__name__)
                permanent = isinstance(error, MailFailed) and error.permanent
                if not permanent and claimed.attempts < _MOST_TRIES:
                    return
            async with use(caller) as tx:
                await tx.run(_DONE, id=identifier_, text_sealed=None)

    async def send_due(self) -> int:
        """The worker's part: try again what is due."""
        async with look(callers.across(SYSTEM)) as tx:
            due = await tx.all(_DUE)
        for row in due:
            await self.send(row.tenant_id, row.id)
        return len(due)


async def latest(to: str | None) -> list[dict[str, Any]]:
    """The newest mails, for the development inbox."""
    async with look(callers.across(SYSTEM)) as tx:
        rows = await (tx.all(_LATEST_TO, to=to) if to is not None else tx.all(_LATEST))
    return [
        {
            "id": row.id,
            "to": row.to_address,
            "from": row.sender_name,
            "subject": row.subject,
            "text": crypto.vault().unseal(_PURPOSE, row.text_sealed).decode(),
            "received_at": row.created_at,
        }
        for row in rows
        if row.text_sealed is not None
    ]
