"""Bringing a database to this version's schema, with Alembic; on both databases, before the start or while serving.

A migration's name says when it may run: `pre_` before the new code serves (it only adds), `post_` after the last old
process has ended (it removes). On PostgreSQL `run` also makes the roles that row-level security binds and looks after
partitions; all of it may be repeated.
"""

import asyncio
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from sigid.kernel import clock, ids, retention
from sigid.kernel.database import metadata
from sigid.kernel.errors import SettingsError
from sigid.kernel.settings import Settings

_LOCK = 7_341_022_114  # one migration at a time; taken in a session of its own and never while serving


def run(settings: Settings) -> None:
    """Migrate to the newest version. Safe to repeat, and from several processes at once."""
    if settings.on_sqlite:
        _run_sqlite(settings)
    else:
        asyncio.run(_run_postgresql(settings))


def _run_sqlite(settings: Settings) -> None:
    settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        sqlite3.connect(settings.sqlite_path).close()
    except sqlite3.Error as error:
        raise SettingsError(f"SIGID_DATABASE_URL cannot be opened: {error}") from None
    settings.sqlite_path.chmod(0o600)
    engine = create_engine(settings.database_url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=wal")
        connection.exec_driver_sql("PRAGMA busy_timeout=30000")
        connection.commit()
        _upgrade(connection)
    engine.dispose()


async def _run_postgresql(settings: Settings) -> None:
    url = settings.database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as guard:
            await guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            await guard.commit()
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade)
            async with engine.begin() as connection:
                await connection.run_sync(protect)
                await connection.run_sync(add_partitions)
            await guard.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
    except OSError as error:
        raise SettingsError(f"SIGID_DATABASE_URL cannot be reached: {error}") from None
    finally:
        await engine.dispose()


def tend_partitions(settings: Settings) -> None:
    """The worker's part on PostgreSQL: partitions for the coming months, and none of months that are no longer kept."""
    asyncio.run(_tend_partitions(settings))


async def _tend_partitions(settings: Settings) -> None:
    engine = create_async_engine(
        settings.database_url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(add_partitions)
        async with engine.begin() as connection:
            await connection.run_sync(drop_partitions)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


def protect(connection: Connection) -> None:
    """The roles, their rights, and row-level security on every tenant's and person's table (architecture: the second
    lock). The login role needs CREATEROLE the first time, or an operator makes the two roles beforehand."""
    for role in ("sigid_app", "sigid_across"):
        if not connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}):
            # Roles are the cluster's: another database's migration may make it at this moment.
            connection.exec_driver_sql(
                f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOBYPASSRLS NOSUPERUSER; "
                "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        connection.exec_driver_sql(f"GRANT {role} TO CURRENT_USER")
        connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {role}")
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table.name} TO {role}")
    for table in metadata.sorted_tables:
        owner = table.info["owner"]
        if owner not in ("tenant", "account"):
            continue
        rule = f"{owner}_id = ANY (string_to_array(current_setting('sigid.{owner}', true), ','))"
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY")
        connection.exec_driver_sql(f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY")
        for role, condition in (("sigid_app", rule), ("sigid_across", "true")):
            connection.exec_driver_sql(f"DROP POLICY IF EXISTS {role}_rows ON {table.name}")
            connection.exec_driver_sql(
                f"CREATE POLICY {role}_rows ON {table.name} TO {role} USING ({condition}) WITH CHECK ({condition})"
            )


def add_partitions(connection: Connection) -> None:
    """A partition for each of the coming months, for the tables that are ranges of time; a last one holds the rest."""
    for table in metadata.sorted_tables:
        if not table.info.get("by_time"):
            continue
        prefix = _prefix_of_ids(table.name)
        connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {table.name}_rest PARTITION OF {table.name} DEFAULT")
        for start, end in _months(4):
            name = f"{table.name}_{start:%Y%m}"
            if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
                continue
            low, high = ids.least_id(prefix, start), ids.least_id(prefix, end)
            in_rest = f"SELECT 1 FROM {table.name}_rest WHERE id >= '{low}' AND id < '{high}' LIMIT 1"  # noqa: S608
            if connection.scalar(text(in_rest)) is None:
                connection.exec_driver_sql(
                    f"CREATE TABLE {name} PARTITION OF {table.name} FOR VALUES FROM ('{low}') TO ('{high}')"
                )


def drop_partitions(connection: Connection) -> None:
    """Retention, as a dropped partition and not a `DELETE`: those whose every row is older than its table keeps."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
    partitions = text(
        "SELECT child.relname, pg_get_expr(child.relpartbound, child.oid) FROM pg_inherits"
        " JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = to_regclass(:name)"
    )
    for table, least in retention.partition_bounds(clock.now()).items():
        for name, bound in connection.execute(partitions, {"name": table}).all():
            until = re.search(r"TO \('([a-z0-9_]+)'\)", bound)
            if until is not None and until[1] <= least:
                connection.exec_driver_sql(f"DROP TABLE {name}")


def _prefix_of_ids(table: str) -> str:
    return {"audit_entry": "aud", "account_entry": "aud", "event": "evt", "token_record": "tok"}[table]


def _months(count: int) -> Iterator[tuple[datetime, datetime]]:
    now = clock.now()
    start = datetime(now.year, now.month, 1, tzinfo=UTC)
    for _ in range(count):
        end = (start + timedelta(days=32)).replace(day=1)
        yield start, end
        start = end


@contextmanager
def lock_timeout(connection: Connection) -> Iterator[None]:
    """A migration waits for a lock ten seconds at most: rather try again than stop everybody behind it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET lock_timeout = '10s'")
    yield
