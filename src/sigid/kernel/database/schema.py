"""How tables are declared, so that they can be spread over many machines later.

Every table says whose its rows are:

- `tenant_table`: keys begin with `tenant_id`, the distribution column; row-level security by tenant.
- `account_table`: a person's own; keys begin with `account_id`; row-level security by account.
- `directory_table`: answers "whose is this?" by the SHA-256 of what is looked up, in `key`; holds the owner's id.
- `global_table`: few small rows that can be copied to every machine.

`tests/kernel/test_schema_rules.py` reads the metadata and holds these rules.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["Column", "ForeignKeyConstraint", "Index", "LargeBinary", "Text", "UniqueConstraint"]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Time(TypeDecorator[datetime]):
    """A moment in UTC: `timestamptz` on PostgreSQL, microseconds since the epoch on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True)


class Json(TypeDecorator[Any]):
    """A JSON value: `jsonb` on PostgreSQL, text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else postgresql.JSONB()


class TextList(TypeDecorator[list[str]]):
    """A list of texts, for parameters only (`any_of`): an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else postgresql.ARRAY(Text())


type_encoders: dict[tuple[str, type], Callable[[Any], Any]] = {
    ("sqlite", Time): lambda value: (value - _EPOCH) // _MICROSECOND,
    ("sqlite", Json): lambda value: orjson.dumps(value).decode(),
    ("sqlite", TextList): lambda value: orjson.dumps(value).decode(),
    ("postgresql", Json): lambda value: orjson.dumps(value).decode(),
}
type_decoders: dict[tuple[str, type], Callable[[Any], Any]] = {
    ("sqlite", Time): lambda value: _EPOCH + timedelta(microseconds=value),
    ("sqlite", Json): orjson.loads,
    ("postgresql", Json): orjson.loads,
}


def identifier(name: str, *, nullable: bool = False) -> Column[str]:
    """A column that holds an id: bytewise order, so that a TypeID sorts by time on every database."""
    return Column(name, Text().with_variant(Text(collation="C"), "postgresql"), nullable=nullable)


def _declare(name: str, owner: str, key: tuple[str, ...], items: tuple[Any, ...], options: dict[str, Any]) -> Table:
    info = {"owner": owner, **options.pop("info", {})}
    return Table(name, metadata, *items, PrimaryKeyConstraint(*key), info=info, **options)


def tenant_table(name: str, *items: Any, key: tuple[str, ...] = ("id",), by_time: bool = False) -> Table:
    """A table of a tenant's rows. `by_time`: a high-volume append, partitioned by range of its time-ordered `id`."""
    options: dict[str, Any] = {"info": {"by_time": by_time}}
    if by_time:
        options["postgresql_partition_by"] = "RANGE (id)"
    return _declare(name, "tenant", ("tenant_id", *key), (identifier("tenant_id"), *items), options)


def account_table(name: str, *items: Any, key: tuple[str, ...] = ("id",), by_time: bool = False) -> Table:
    """A table of a person's own rows, which no tenant sees."""
    options: dict[str, Any] = {"info": {"by_time": by_time}}
    if by_time:
        options["postgresql_partition_by"] = "RANGE (id)"
    return _declare(name, "account", ("account_id", *key), (identifier("account_id"), *items), options)


def directory_table(name: str, *items: Any, key: tuple[str, ...] = ("key",)) -> Table:
    """A table found by the SHA-256 of what is looked up, in the column `key`."""
    return _declare(name, "directory", key, (Column("key", LargeBinary, nullable=False), *items), {})


def global_table(name: str, *items: Any, key: tuple[str, ...] = ("id",)) -> Table:
    """A small table that every machine can hold a copy of."""
    return _declare(name, "global", key, items, {})
