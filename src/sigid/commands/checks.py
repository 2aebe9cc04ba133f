"""What must be in order before a process serves, and what `sigid doctor` looks at."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Final

import asyncpg

from sigid.kernel.errors import SettingsError
from sigid.kernel.settings import Settings

_VERSION: Final = "SELECT version_num FROM alembic_version"


def newest_migration() -> str:
    """The number of this version's last migration, from its file's name."""
    versions = Path(__file__).parents[1] / "migrations" / "versions"
    return max(path.name.partition("_")[0] for path in versions.glob("[0-9]*_*.py"))


def migrated_to(settings: Settings) -> str | None:
    """The last migration that ran; None where none has. Raises SettingsError when the database is out of reach."""
    if settings.on_sqlite:
        return _migrated_to_sqlite(settings.sqlite_path)
    return asyncio.run(_migrated_to_postgresql(settings.database_url))


def refuse_unready(settings: Settings) -> None:
    """Raises SettingsError when the root key is missing, or the database is out of reach or not migrated."""
    settings.root_keys()
    refuse_unmigrated(settings)


def refuse_unmigrated(settings: Settings) -> None:
    """Raises SettingsError when the database is out of reach, or not of this version."""
    found = migrated_to(settings)
    if found is None:
        raise SettingsError("SIGID_DATABASE_URL names a database without tables: run `sigid migrate` first")
    if found < newest_migration():
        raise SettingsError("SIGID_DATABASE_URL names a database of an older version: run `sigid migrate` first")


def _migrated_to_sqlite(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
        try:
            row = connection.execute(_VERSION).fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return None
        raise SettingsError(f"SIGID_DATABASE_URL cannot be opened: {error}") from None
    return str(row[0]) if row else None


async def _migrated_to_postgresql(url: str) -> str | None:
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise SettingsError(f"SIGID_DATABASE_URL cannot be reached: {type(error).__name__}") from None
    try:
        found = await connection.fetchval(_VERSION)
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
    return str(found) if found is not None else None
