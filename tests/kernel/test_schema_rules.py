"""The rules of "ready for many machines", read from the metadata of every table."""

import pytest
from sqlalchemy import ForeignKeyConstraint, LargeBinary, Table, UniqueConstraint

from sigid import schema
from sigid.kernel.database.statements import Append, registry

TABLES = {table.name: table for table in schema.metadata.sorted_tables}
GLOBAL = {"tenant", "signing_key"}


def _owned(owner: str) -> list[Table]:
    return [table for table in TABLES.values() if table.info["owner"] == owner]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_table_says_whose_its_rows_are(table: Table) -> None:
    assert table.info["owner"] in {"tenant", "account", "directory", "global"}


@pytest.mark.parametrize("owner", ["tenant", "account"])
def test_keys_begin_with_the_owner(owner: str) -> None:
    for table in _owned(owner):
        first = f"{owner}_id"
        assert next(iter(table.primary_key.columns)).name == first, table.name
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint | ForeignKeyConstraint):
                assert next(iter(constraint.columns)).name == first, f"{table.name}: {constraint.name}"
        for index in table.indexes:
            if index.unique:
                assert next(iter(index.columns)).name == first, f"{table.name}: {index.name}"


def test_no_foreign_key_crosses_from_a_tenant_to_a_person_or_back() -> None:
    for table in TABLES.values():
        for constraint in table.foreign_key_constraints:
            assert constraint.referred_table.info["owner"] == table.info["owner"], table.name
            first = next(iter(constraint.elements))
            assert first.column.name == f"{table.info['owner']}_id", table.name


def test_directories_are_keyed_by_a_digest_and_hold_an_owner_only() -> None:
    for table in _owned("directory"):
        key = next(iter(table.primary_key.columns))
        assert key.name == "key"
        assert isinstance(key.type, LargeBinary)
        if table.name != "throttle":  # a counter, found in the same way
            assert {column.name for column in table.columns} - {"key"} <= {"tenant_id", "account_id"}, table.name


def test_global_tables_are_few() -> None:
    assert {table.name for table in _owned("global")} <= GLOBAL


def test_what_grows_with_traffic_is_a_range_of_time() -> None:
    by_time = {table.name for table in TABLES.values() if table.info.get("by_time")}
    assert {"audit_entry", "account_entry", "event", "token_record"} <= by_time
    for name in by_time:
        assert "id" in {column.name for column in TABLES[name].primary_key.columns}
        assert not TABLES[name].foreign_key_constraints


@pytest.mark.parametrize("name", sorted(registry))
def test_every_statement_compiles_for_both_databases(name: str) -> None:
    made = registry[name]
    sqlite, postgresql = made.sqlite, made.postgresql
    assert set(sqlite.names) - set(sqlite.constants) == set(postgresql.names) - set(postgresql.constants)
    for word in ("nextval", "pg_advisory", "LISTEN", "count(*)"):
        assert word not in postgresql.sql
    if isinstance(made, Append):
        assert set(made.parameters) == {column.name for column in made.table.columns}


@pytest.mark.parametrize("name", sorted(registry))
def test_a_statement_on_a_tenants_table_names_the_tenant(name: str) -> None:
    """Only statements of the named door, called so in the registry, may leave the owner out."""
    made = registry[name]
    clause = made.build("postgresql")
    froms = clause.columns_clause_froms if hasattr(clause, "columns_clause_froms") else [clause.table]
    for source in froms:
        owner = getattr(source, "info", {}).get("owner")
        if owner in ("tenant", "account") and f"{owner}_id" not in made.parameters:
            assert name in ACROSS or name.rpartition(".")[2] in ACROSS_BY_SUFFIX, (
                f"{name} reads {source} without its owner"
            )


# What the worker, operators and development pages do across tenants: they ask by the named door.
ACROSS = {
    "operator.any",
    "outgoing_mail.due",
    "outgoing_mail.latest",
    "outgoing_mail.latest_to",
}
# Finding whose rows are due; what is then done is done inside one owner.
ACROSS_BY_SUFFIX = {"due_owners", "lapsed_owners", "sealed_under_older_key"}
