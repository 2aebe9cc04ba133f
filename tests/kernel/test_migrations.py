"""What the migrations make is what the code declares, on both databases."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from sigid import migrations, schema
from sigid.kernel.settings import Settings
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened


@pytest.fixture
async def storage(database: str, cluster: Postgresql | None) -> AsyncIterator[Settings]:
    async with opened(database, cluster) as settings:
        yield settings


def _differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in schema.metadata.tables  # a partition is its table's

    context = MigrationContext.configure(connection, opts={"include_name": is_ours, "compare_type": False})
    return list(compare_metadata(context, schema.metadata))


@pytest.mark.promise("3.2.migrations")
async def test_the_migrated_schema_is_the_declared_one(storage: Settings):
    if storage.on_sqlite:
        with create_engine(storage.database_url, poolclass=NullPool).connect() as connection:
            assert _differences(connection) == []
        return
    engine = create_async_engine(storage.database_url.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    await engine.dispose()


@pytest.mark.promise("3.2.migrations")
@pytest.mark.parametrize("database", ["sqlite"])
async def test_migrating_again_changes_nothing(storage: Settings):
    migrations.run(storage)
