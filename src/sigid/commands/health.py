"""What `sigid doctor` looks at, as rows: each says what it found, or raises with what is wrong."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import asyncpg

from sigid.commands import checks
from sigid.kernel import clock, startup
from sigid.kernel.errors import SettingsError, SigidError
from sigid.kernel.mail import SmtpServer
from sigid.kernel.settings import Settings
from sigid.tokens import keys, schedule

_PATIENCE: Final = 10
_MOST_SKEW: Final = 5.0


class _WrongError(SigidError):
    """Something that SigID needs is not as it must be."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that SigID needs."""

    name: str
    look: Callable[[Settings], str]


def _settings(settings: Settings) -> str:
    settings.root_keys()
    return f"{settings.env}, {settings.issuer}, data in {settings.data_dir}"


def _database(settings: Settings) -> str:
    checks.refuse_unmigrated(settings)
    name = "SQLite" if settings.on_sqlite else "PostgreSQL"
    return f"{name}, migrated to {checks.newest_migration()}"


def _mail(settings: Settings) -> str:
    if settings.smtp_url is None:
        if settings.development:
            return "kept in the inbox page (development)"
        raise SettingsError("SIGID_SMTP_URL is not set: no mail can be sent")
    server = SmtpServer.parse(settings.smtp_url.reveal())
    asyncio.run(_reach(server.host, server.port))
    return f"{server.host}:{server.port} answers"


async def _reach(host: str, port: int) -> None:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _PATIENCE)
    except (OSError, TimeoutError):
        raise SettingsError(f"SIGID_SMTP_URL names a server that does not answer: {host}:{port}") from None
    writer.close()


def _keys(settings: Settings) -> str:
    return asyncio.run(_look_at_keys(settings))


async def _look_at_keys(settings: Settings) -> str:
    """Every algorithm has a key that signs, and its private half opens under the root key."""
    async with startup.running(settings):
        ring = await keys.load()
        for alg in schedule.ALGORITHMS:
            ring.signer(alg, clock.timestamp()).sign("doctor+jwt", {})
        return f"{', '.join(schedule.ALGORITHMS)} sign"


def _clock(settings: Settings) -> str:
    if settings.on_sqlite:
        return "this machine's is the only one"
    skew = abs(asyncio.run(_skew(settings.database_url)))
    if skew > _MOST_SKEW:
        raise _WrongError(f"{skew:.0f} s apart from the database's: let both keep time (NTP)")
    return "in step with the database's"


async def _skew(url: str) -> float:
    connection = await asyncpg.connect(url, timeout=_PATIENCE)
    try:
        there: float = (await connection.fetchval("SELECT clock_timestamp()")).timestamp()
    finally:
        await connection.close()
    return there - time.time()


CHECKS: Final = (
    Check("settings", _settings),
    Check("database", _database),
    Check("mail", _mail),
    Check("signing keys", _keys),
    Check("clock", _clock),
)
