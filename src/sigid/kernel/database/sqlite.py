"""SQLite: one process, one writer connection, many units in a commit.

Units take turns on the writer: each is a savepoint, and every unit that ended before a commit began is in that commit
(one fsync for all). Whoever reads without having written uses a second connection and waits for nobody. Statements run
on the event loop's thread (they take microseconds); only the commit, which waits for the disk, runs in a thread.

After any error the writer looks at `in_transaction`: SQLite gives up the whole transaction on a full disk and on some
I/O errors, and then every unit of the group fails; none was answered.
"""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sigid.kernel.database.engine import Appends, Conflict, Parameters, Scope
from sigid.kernel.database.statements import Rows, Statement
from sigid.kernel.errors import Unavailable

_UNAVAILABLE = {
    sqlite3.SQLITE_FULL: "database_full",
    sqlite3.SQLITE_BUSY: "database_busy",
    sqlite3.SQLITE_LOCKED: "database_busy",
    sqlite3.SQLITE_IOERR: "database_io",
    sqlite3.SQLITE_CANTOPEN: "database_io",
    sqlite3.SQLITE_READONLY: "database_io",
}


def _translate(error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0)
    if code in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
        return Conflict(str(error).removeprefix("UNIQUE constraint failed: "))
    reason = _UNAVAILABLE.get(code & 0xFF)
    return Unavailable(reason) if reason else error


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    for pragma in ("journal_mode=wal", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=on"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


class SqliteEngine:
    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self._writer = connect(path)
        self._reader = connect(path)
        self._reader.execute("PRAGMA query_only=on")
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")
        self._committing: asyncio.Task[None] | None = None
        self._group: list[asyncio.Future[None]] = []

    async def read(self, scope: Scope, statement: Statement, parameters: Parameters) -> Rows:
        compiled = statement.sqlite
        try:
            return compiled.decode(self._reader.execute(compiled.sql, compiled.arguments(parameters)).fetchall())
        except sqlite3.Error as error:
            raise _translate(error) from error

    async def begin(self, scope: Scope) -> "SqliteTransaction":
        await self._turn.acquire()
        try:
            if not self._writer.in_transaction:
                self._writer.execute("BEGIN IMMEDIATE")
            self._writer.execute("SAVEPOINT unit")
        except BaseException as error:
            self._lost_all()
            self._turn.release()
            if isinstance(error, sqlite3.Error):
                raise _translate(error) from error
            raise
        return SqliteTransaction(self)

    async def append(self, scope: Scope, rows: Appends) -> None:
        transaction = await self.begin(scope)
        try:
            await transaction.append(rows)
        except BaseException:
            await transaction.rollback()
            raise
        await transaction.commit()

    async def ping(self) -> None:
        try:
            self._reader.execute("SELECT 1").fetchone()
        except sqlite3.Error as error:
            raise Unavailable("database_io") from error

    async def close(self) -> None:
        while self._committing is not None:
            await asyncio.wait([self._committing])
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()

    # What a transaction of ours calls.

    def execute(self, statement: Statement, parameters: Parameters) -> tuple[Rows, int]:
        compiled = statement.sqlite
        try:
            cursor = self._writer.execute(compiled.sql, compiled.arguments(parameters))
            rows = compiled.decode(cursor.fetchall()) if cursor.description else []
        except sqlite3.Error as error:
            raise _translate(error) from error
        return rows, cursor.rowcount

    def abandon(self) -> None:
        """Roll the unit whose turn it is back, alone if SQLite can."""
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK TO unit")
                self._writer.execute("RELEASE unit")
                if not self._group:  # nobody else's unit waits: an open transaction would lock other processes out
                    self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        finally:
            self._lost_all()
            self._turn.release()
            if self._group:
                self._commit_soon()

    def finish(self) -> "asyncio.Future[None]":
        """End the unit whose turn it is; what is returned is done when the unit is on the disk."""
        try:
            self._writer.execute("RELEASE unit")
        except sqlite3.Error as error:
            self.abandon()
            raise _translate(error) from error
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._group.append(done)
        self._turn.release()
        self._commit_soon()
        return done

    def _commit_soon(self) -> None:
        if self._committing is None:
            self._committing = asyncio.ensure_future(self._commit_groups())

    async def _commit_groups(self) -> None:
        while self._group:
            await asyncio.sleep(0)  # let those who are ready join
            async with self._turn:
                group, self._group = self._group, []
                if not group:
                    break
                failure = await asyncio.get_running_loop().run_in_executor(self._thread, self._commit)
            for done in group:
                if done.done():
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)
        self._committing = None

    def _commit(self) -> Exception | None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            return _translate(error)
        return None

    def _lost_all(self) -> None:
        """Where SQLite gave the whole transaction up, the units that had ended but were not committed fail too."""
        if self._writer.in_transaction:
            return
        group, self._group = self._group, []
        for done in group:
            if not done.done():
                done.set_exception(Unavailable("database_group_lost"))


class SqliteTransaction:
    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine

    async def run(self, statement: Statement, parameters: Parameters) -> tuple[Rows, int]:
        return self._engine.execute(statement, parameters)

    async def append(self, rows: Appends) -> None:
        for statement, parameters in rows:
            self._engine.execute(statement, parameters)

    async def commit(self) -> None:
        await self._engine.finish()

    async def rollback(self) -> None:
        self._engine.abandon()
