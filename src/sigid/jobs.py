"""The worker's jobs, as rows."""

import asyncio
from functools import partial
from urllib.parse import urlsplit

from sigid import audit
from sigid.kernel import metrics, retention, throttles
from sigid.kernel.mail import SmtpTransport
from sigid.kernel.outbox import Outbox
from sigid.kernel.settings import Settings
from sigid.tokens import keys, schedule, unused_clients
from sigid.worker import Job


def all_of(settings: Settings) -> list[Job]:
    """Everything that this version's worker does."""
    jobs = [
        Job("audit", 0.5, _seal_audit_logs),
        Job("keys", 4, _tend_keys),
        Job("mail", 5, partial(_retry_mail, outbox_of(settings))),
        Job("retention", 300, _forget),
    ]
    if not settings.on_sqlite:
        jobs.append(Job("partitions", 6 * 3600, partial(_tend_partitions, settings)))
    return jobs


def outbox_of(settings: Settings) -> Outbox:
    """The way out for mail: a mail server, or nothing but the development inbox."""
    smtp = settings.smtp_url
    sender = f"no-reply@{urlsplit(settings.issuer).hostname}"
    return Outbox(SmtpTransport(smtp.reveal(), sender=sender) if smtp is not None else None)


async def _seal_audit_logs() -> None:
    """The interface promises two seconds."""
    await audit.seal_due(keys.sign)


async def _tend_keys() -> None:
    """Make the next key before its turn, and know of those that others made."""
    await schedule.keep_scheduled()
    await keys.load()


async def _retry_mail(outbox: Outbox) -> None:
    metrics.queue("mail", await outbox.send_due())


async def _forget() -> None:
    await retention.forget_lapsed()
    await throttles.purge()
    await unused_clients.delete_unused()


async def _tend_partitions(settings: Settings) -> None:
    """Partitions for the coming months. In a thread: it goes its own way to the database, as the tables' owner."""
    from sigid import migrations  # noqa: PLC0415  (Alembic is large, and only this job needs it, rarely)

    await asyncio.to_thread(migrations.tend_partitions, settings)
