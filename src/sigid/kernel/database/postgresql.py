"""PostgreSQL through asyncpg: what is in flight at once goes in few round trips.

- A read outside a transaction waits for the next batch of its event loop: the same statement with many parameters is
  one query (`unnest … CROSS JOIN LATERAL`).
- A unit that only appends waits for the next batch of appends: one transaction, one insert per table for all units.
  One bad row must not fail the others: after an error each unit goes alone.
- Everything else is a short transaction of the unit's own.

Every transaction starts, in one round trip, with the role and the tenants that row-level security looks at.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import asyncpg

from sigid.kernel import ids
from sigid.kernel.database.engine import Appends, Conflict, Parameters, Scope
from sigid.kernel.database.statements import Compiled, Rows, Statement
from sigid.kernel.errors import Unavailable

APP_ROLE, ACROSS_ROLE = "sigid_app", "sigid_across"
_LARGEST_BATCH = 256
_BATCHERS = 2
_PARAMETER = re.compile(r"\$(\d+)")
_SAFE_ID = re.compile(r"[a-z0-9_]{1,64}")


class _Connection(asyncpg.Connection):
    def get_reset_query(self) -> str:
        """Nothing: all our state is local to a transaction, and this would be a round trip on each release."""
        return ""


def _translate(error: Exception) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return Conflict(error.constraint_name or error.table_name or "unique")
    if isinstance(
        error,
        OSError
        | asyncpg.PostgresConnectionError
        | asyncpg.InterfaceError
        | asyncpg.CannotConnectNowError
        | asyncpg.OperatorInterventionError
        | asyncpg.TooManyConnectionsError
        | asyncpg.InternalClientError
        | TimeoutError,
    ):
        return Unavailable("database_unreachable")
    if isinstance(error, asyncpg.InsufficientResourcesError):
        return Unavailable("database_full")
    if isinstance(error, asyncpg.LockNotAvailableError | asyncpg.DeadlockDetectedError | asyncpg.SerializationError):
        return Unavailable("database_busy")
    return error


def _preamble(scopes: Iterable[Scope]) -> str:
    """Begin as the role that row-level security binds, for exactly these tenants and accounts."""
    tenants, accounts, across = set(), set(), False
    for scope in scopes:
        across = across or scope.across
        if scope.tenant_id is not None:
            tenants.add(scope.tenant_id)
        if scope.account_id is not None:
            accounts.add(scope.account_id)
    for identifier in (*tenants, *accounts):
        if _SAFE_ID.fullmatch(identifier) is None:
            raise ValueError("an id holds characters that no id has")
    role = ACROSS_ROLE if across else APP_ROLE
    return (
        f"BEGIN; SET LOCAL ROLE {role}; "
        f"SET LOCAL sigid.tenant = '{','.join(tenants)}'; SET LOCAL sigid.account = '{','.join(accounts)}'"
    )


Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Batcher(Generic[Item, Answer]):
    """Hands everything that waits to `work`, a batch at a time; `work` answers or fails each item's future."""

    def __init__(self, work: Callable[[list[tuple[Item, "asyncio.Future[Answer]"]]], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, item: Item) -> "asyncio.Future[Answer]":
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._running < _BATCHERS:
            self._running += 1
            task = asyncio.ensure_future(self._drain())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_LARGEST_BATCH], self._waiting[_LARGEST_BATCH:]
                try:
                    await self._work(batch)
                except Exception as error:
                    for _, future in batch:
                        if not future.done():
                            future.set_exception(_translate(error))
        finally:
            self._running -= 1

    async def idle(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)


class PostgresqlEngine:
    name = "postgresql"

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._reads: _Batcher[tuple[Scope, Statement, Parameters], Rows] = _Batcher(self._read_batch)
        self._appends: _Batcher[tuple[Scope, Appends], None] = _Batcher(self._append_batch)
        self._batched_sql: dict[str, str | None] = {}

    @classmethod
    async def connect(cls, url: str, *, pool_size: int = 16) -> "PostgresqlEngine":
        try:
            pool = await asyncpg.create_pool(
                url, connection_class=_Connection, min_size=2, max_size=pool_size, statement_cache_size=512,
                timeout=10, command_timeout=30,
                server_settings={"lock_timeout": "10s", "application_name": "sigid", "timezone": "UTC"},
            )  # fmt: skip
        except Exception as error:
            raise _translate(error) from error
        return cls(pool)

    async def read(self, scope: Scope, statement: Statement, parameters: Parameters) -> Rows:
        if scope.across or self._batched(statement) is None:
            transaction = await self.begin(scope)
            try:
                rows, _ = await transaction.run(statement, parameters)
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()
            return rows
        return await self._reads.submit((scope, statement, parameters))

    async def begin(self, scope: Scope) -> "PostgresqlTransaction":
        try:
            connection = await self._pool.acquire(timeout=10)
        except Exception as error:
            raise _translate(error) from error
        try:
            await connection.execute(_preamble([scope]))
        except BaseException as error:
            await self.release(connection, broken=True)
            if isinstance(error, Exception):
                raise _translate(error) from error
            raise
        return PostgresqlTransaction(self, connection)

    async def append(self, scope: Scope, rows: Appends) -> None:
        if scope.across:
            await self._append_alone(scope, rows)
        else:
            await self._appends.submit((scope, rows))

    async def ping(self) -> None:
        try:
            await self._pool.fetchval("SELECT 1", timeout=5)
        except Exception as error:
            raise _translate(error) from error

    async def close(self) -> None:
        await self._reads.idle()
        await self._appends.idle()
        await self._pool.close()

    async def release(self, connection: Any, *, broken: bool = False) -> None:
        if broken:
            connection.terminate()
        await self._pool.release(connection)

    @asynccontextmanager
    async def _transaction(self, scopes: list[Scope]) -> Any:
        """A transaction of several units' own."""
        async with self._pool.acquire(timeout=10) as connection:
            try:
                await connection.execute(_preamble(scopes))
                yield connection
                await connection.execute("COMMIT")
            except BaseException as error:
                await _roll_back(connection, error)
                raise

    def _batched(self, statement: Statement) -> str | None:
        """The statement for many parameters at once; None where it has none, or an array (unnest would flatten it)."""
        if statement.name not in self._batched_sql:
            self._batched_sql[statement.name] = _batched_read(statement.postgresql)
        return self._batched_sql[statement.name]

    async def _read_batch(self, batch: list[tuple[tuple[Scope, Statement, Parameters], Any]]) -> None:
        groups: dict[str, list[tuple[tuple[Scope, Statement, Parameters], Any]]] = defaultdict(list)
        for entry in batch:
            groups[entry[0][1].name].append(entry)
        async with self._transaction([scope for (scope, _, _), _ in batch]) as connection:
            for entries in groups.values():
                statement = entries[0][0][1]
                compiled = statement.postgresql
                arguments = [compiled.arguments(parameters) for (_, _, parameters), _ in entries]
                if len(entries) == 1:
                    raw = await connection.fetch(compiled.sql, *arguments[0])
                    found: dict[int, list[Any]] = {1: raw}
                else:
                    found = defaultdict(list)
                    columns = [list(column) for column in zip(*arguments, strict=True)]
                    for values in await connection.fetch(self._batched(statement), *columns):
                        found[values[0]].append(values[1:] if isinstance(values, tuple) else tuple(values)[1:])
                for number, (_, future) in enumerate(entries, 1):
                    if not future.done():
                        future.set_result(compiled.decode(found.get(number, [])))

    async def _append_batch(self, batch: list[tuple[tuple[Scope, Appends], "asyncio.Future[None]"]]) -> None:
        try:
            async with self._transaction([scope for (scope, _), _ in batch]) as connection:
                await _insert(connection, [row for (_, rows), _ in batch for row in rows])
        except Exception as error:
            if len(batch) == 1 or isinstance(_translate(error), Unavailable):
                raise
            for (scope, rows), future in batch:
                try:
                    await self._append_alone(scope, rows)
                except Exception as own:
                    if not future.done():
                        future.set_exception(_translate(own))
                else:
                    if not future.done():
                        future.set_result(None)
            return
        for _, future in batch:
            if not future.done():
                future.set_result(None)

    async def _append_alone(self, scope: Scope, rows: Appends) -> None:
        transaction = await self.begin(scope)
        try:
            await transaction.append(rows)
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()


class PostgresqlTransaction:
    def __init__(self, engine: PostgresqlEngine, connection: Any) -> None:
        self._engine = engine
        self._connection = connection

    async def run(self, statement: Statement, parameters: Parameters) -> tuple[Rows, int]:
        compiled = statement.postgresql
        try:
            raw, status, _ = await self._connection._execute(  # noqa: SLF001  (rows and the count in one round trip)
                compiled.sql, compiled.arguments(parameters), 0, None, return_status=True
            )
        except Exception as error:
            raise _translate(error) from error
        count = status.split()[-1].decode()
        return compiled.decode(raw) if raw else [], int(count) if count.isdigit() else 0

    async def append(self, rows: Appends) -> None:
        try:
            await _insert(self._connection, rows)
        except Exception as error:
            raise _translate(error) from error

    async def commit(self) -> None:
        try:
            await self._connection.execute("COMMIT")
        except BaseException as error:
            await self._engine.release(self._connection, broken=True)
            if isinstance(error, Exception):
                raise _translate(error) from error
            raise
        await self._engine.release(self._connection)

    async def rollback(self) -> None:
        try:
            await self._connection.execute("ROLLBACK")
        except BaseException:  # whatever it was, the connection is not used again
            await self._engine.release(self._connection, broken=True)
        else:
            await self._engine.release(self._connection)


async def _roll_back(connection: Any, error: BaseException) -> None:
    try:
        if isinstance(error, Exception) and not connection.is_closed():
            await connection.execute("ROLLBACK")
            return
    except Exception:  # noqa: S110  (the first error is the one to tell)
        pass
    connection.terminate()


async def _insert(connection: Any, rows: Appends) -> None:
    """One insert for each table, in the order in which the tables first appear."""
    groups: dict[str, list[list[Any]]] = {}
    statements = {}
    for statement, parameters in rows:
        statements[statement.name] = statement
        groups.setdefault(statement.name, []).append(statement.postgresql.arguments(parameters))
    for name, values in groups.items():
        compiled = statements[name].postgresql
        if len(values) == 1:
            await connection.fetch(compiled.sql, *values[0])
        else:
            columns = [list(column) for column in zip(*values, strict=True)]
            await connection.fetch(_batched_insert(statements[name].table.name, compiled), *columns)


_inserts: dict[str, str] = {}


def _batched_insert(table: str, compiled: Compiled) -> str:
    if table not in _inserts:
        arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(compiled.parameter_types, 1))
        _inserts[table] = f"INSERT INTO {table} ({', '.join(compiled.names)}) SELECT * FROM unnest({arrays})"  # noqa: S608
    return _inserts[table]


def _batched_read(compiled: Compiled) -> str | None:
    if not compiled.names or any(kind.endswith("[]") for kind in compiled.parameter_types):
        return None
    arrays = ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(compiled.parameter_types, 1))
    names = ", ".join(f"p{n}" for n in range(1, len(compiled.names) + 1))
    inner = _PARAMETER.sub(r"q.p\1", compiled.sql)
    return (
        f"SELECT q.i, found.* FROM unnest({arrays}) WITH ORDINALITY AS q({names}, i) "  # noqa: S608
        f"CROSS JOIN LATERAL ({inner}) AS found ORDER BY q.i"
    )


assert ids.SUFFIX_LENGTH < 64  # noqa: S101  (what _SAFE_ID allows holds every id)
