"""What every process does first: the clock, the root key, the database; and last: to close them in order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sigid.kernel import clock, crypto, database
from sigid.kernel.database.engine import Engine
from sigid.kernel.database.measured import MeasuredEngine
from sigid.kernel.database.postgresql import PostgresqlEngine
from sigid.kernel.database.sqlite import SqliteEngine
from sigid.kernel.settings import Settings


def prepare(settings: Settings) -> None:
    """The part that needs no event loop."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if settings.development:
        clock.use_offset_file(settings.data_dir / "clock")
    crypto.install(crypto.Vault(settings.root_keys()))


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Engine]:
    """Open the database for this process, and close it when all that was begun is done."""
    prepare(settings)
    engine: Engine = (
        SqliteEngine(settings.sqlite_path)
        if settings.on_sqlite
        else await PostgresqlEngine.connect(settings.database_url)
    )
    database.install(MeasuredEngine(engine))
    try:
        yield engine
    finally:
        await database.background_done()
        await engine.close()
