"""Named statements: written in SQLAlchemy Core, compiled once for each database, run on the driver itself.

A statement is declared once, at import, with a name; a test compiles every one of them for both databases. Parameters
called `tenant_id` and `account_id` are the unit's own and cannot be passed; `now` is the unit's time unless passed.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar, cast

from sqlalchemy import BindParameter, Delete, Insert, Select, Table, Update, bindparam
from sqlalchemy import insert as insert_into
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Boolean

from sigid.kernel.database.schema import TextList, Time, type_decoders, type_encoders

Row = Any  # a named tuple with the statement's columns
Rows = list[Row]

_DIALECTS = {"sqlite": sqlite.dialect(paramstyle="qmark"), "postgresql": asyncpg_dialect.dialect()}  # type: ignore[no-untyped-call]
registry: dict[str, "Statement"] = {}


class _AnyOf(ColumnElement[bool]):
    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], parameter: BindParameter[Any]) -> None:
        self.column = column
        self.parameter = parameter
        self.type = Boolean()


@compiles(_AnyOf, "sqlite")  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
def _any_of_sqlite(element: _AnyOf, compiler: Any, **options: Any) -> str:
    column, parameter = compiler.process(element.column, **options), compiler.process(element.parameter, **options)
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608


@compiles(_AnyOf, "postgresql")  # type: ignore[no-untyped-call, untyped-decorator, unused-ignore]
def _any_of_postgresql(element: _AnyOf, compiler: Any, **options: Any) -> str:
    column, parameter = compiler.process(element.column, **options), compiler.process(element.parameter, **options)
    return f"{column} = ANY({parameter})"


def any_of(column: ColumnElement[Any], parameter: str) -> ColumnElement[bool]:
    """`column` is one of the texts in the list parameter; compiled once (SQLAlchemy's `IN` would be each time)."""
    return _AnyOf(column, bindparam(parameter, type_=TextList()))


def param(name: str, like: ColumnElement[Any] | None = None, type_: Any = None) -> BindParameter[Any]:
    """A named parameter, of the type of the column that it is compared with."""
    return bindparam(name, type_=like.type if like is not None else type_)


NOW = bindparam("now", type_=Time())


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement in one database's words."""

    sql: str
    names: tuple[str, ...]
    constants: Mapping[str, Any]
    encoders: tuple[Callable[[Any], Any] | None, ...]
    decoders: tuple[Callable[[Any], Any] | None, ...] | None
    row: Callable[[Any], Row]
    parameter_types: tuple[str, ...]

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        values = []
        for name, encode in zip(self.names, self.encoders, strict=True):
            value = parameters[name] if name in parameters else self.constants[name]
            values.append(encode(value) if encode is not None and value is not None else value)
        return values

    def decode(self, raw: list[Any]) -> Rows:
        if self.decoders is None:
            return [self.row(values) for values in raw]
        return [
            self.row(
                value if decode is None or value is None else decode(value)
                for value, decode in zip(values, self.decoders, strict=True)
            )
            for values in raw
        ]


@dataclass(frozen=True, eq=False)
class Statement:
    name: str
    build: Callable[[str], Any]  # the dialect's name -> clause

    @cached_property
    def reads_only(self) -> bool:
        """It neither writes nor locks: it may run beside the transaction, together with others'."""
        clause = self.build("postgresql")
        return isinstance(clause, Select) and clause._for_update_arg is None and not _writes(clause)  # noqa: SLF001

    @cached_property
    def sqlite(self) -> Compiled:
        return _compile(self, "sqlite")

    @cached_property
    def postgresql(self) -> Compiled:
        return _compile(self, "postgresql")

    @cached_property
    def parameters(self) -> frozenset[str]:
        return frozenset(self.postgresql.names)


@dataclass(frozen=True, eq=False)
class Append(Statement):
    """An insert of one row with every column given, which may run together with others'."""

    table: Table


S = TypeVar("S", bound=Statement)


def _writes(clause: Select[Any]) -> bool:
    ctes = getattr(clause, "_independent_ctes", ())
    return any(isinstance(getattr(cte, "element", None), (Insert, Update, Delete)) for cte in ctes)


def _register(made: S) -> S:
    if made.name in registry:
        raise RuntimeError(f"two statements are named {made.name}")
    registry[made.name] = made
    return made


def statement(name: str, clause: Any) -> Statement:
    """Declare a statement. Its name is `<domain>.<what it does>`."""
    return _register(Statement(name, lambda _dialect: clause))


def upsert(name: str, build: Callable[[Callable[[Table], Any]], Any]) -> Statement:
    """Declare an insert with `ON CONFLICT`; `build` is given the dialect's own `insert`."""
    inserts: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
    return _register(Statement(name, lambda dialect: build(inserts[dialect])))


def append(table: Table) -> Append:
    """Declare the insert of one whole row of `table`."""
    clause = insert_into(table).values({column.name: bindparam(column.name, type_=column.type) for column in table.c})
    return _register(Append(f"{table.name}.append", lambda _dialect: clause, table))


def _compile(made: Statement, dialect_name: str) -> Compiled:
    dialect = _DIALECTS[dialect_name]
    clause = made.build(dialect_name)
    compiled = clause.compile(dialect=dialect)
    sql = str(compiled)
    if "POSTCOMPILE" in sql:
        raise RuntimeError(f"{made.name} expands an IN at each execution: use any_of")
    names = tuple(compiled.positiontup or ())
    binds = compiled.binds
    constants = {name: binds[name].value for name in names if not binds[name].required}
    encoders = tuple(type_encoders.get((dialect_name, type(binds[name].type))) for name in names)
    decoders: tuple[Callable[[Any], Any] | None, ...] | None = None
    row: Callable[[Any], Row] = tuple
    columns = list(getattr(clause, "exported_columns", ()) or ())
    if columns:
        fields = [column.key for column in columns]
        row = cast("Any", namedtuple("Row", fields))._make  # noqa: PYI024
        found = [type_decoders.get((dialect_name, type(column.type))) for column in columns]
        if dialect_name == "sqlite":
            found = [
                bool if isinstance(column.type, Boolean) else decode
                for column, decode in zip(columns, found, strict=True)
            ]
        decoders = tuple(found) if any(found) else None
    types = tuple(
        binds[name].type.dialect_impl(dialect).compile(dialect=dialect).split(" COLLATE")[0] for name in names
    )
    return Compiled(sql, names, constants, encoders, decoders, row, types)
