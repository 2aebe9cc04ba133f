"""Units of work: `async with change(caller) as tx`.

- `look`: reads only.
- `use`: a use of what is there, such as issuing a token: it may record events but need not.
- `change`: alters something; a change that recorded no event does not commit.

A unit is all or nothing, and it is durable when its block has been left: an answer given after the block is true. It
knows one tenant and at most one account. Its transaction starts with the first statement that writes or locks; what it
read before was the committed state (as READ COMMITTED reads anyway), so whatever decides must be in the statement that
spends. Inside a unit nothing is awaited but the database.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

from sigid.kernel import clock
from sigid.kernel.callers import Caller
from sigid.kernel.database.engine import Engine, Scope, Transaction
from sigid.kernel.database.statements import Append, Row, Rows, Statement


class Recordable(Protocol):
    """Something that happened: knows the rows (outbox, audit log) that tell of it."""

    def rows(self, caller: Caller, now: datetime) -> Iterable[tuple[Append, dict[str, Any]]]: ...


_engine: Engine | None = None
_inside: ContextVar[bool] = ContextVar("inside_unit", default=False)
_background: set[asyncio.Task[Any]] = set()


def install(engine: Engine) -> None:
    """Make `engine` this process's database."""
    global _engine
    _engine = engine


def engine() -> Engine:
    if _engine is None:
        raise RuntimeError("no database is open")
    return _engine


def assert_outside(what: str) -> None:
    """For code that waits for something else than the database: it must not hold a transaction meanwhile."""
    if _inside.get():
        raise RuntimeError(f"{what} inside a unit of work")


class Look:
    """What a unit may do that only reads."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.now: datetime = clock.now()
        self._scope = Scope(caller.tenant_id, caller.account_id, caller.crosses_tenants)
        self._transaction: Transaction | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    @property
    def tenant_id(self) -> str:
        if self.caller.tenant_id is None:
            raise RuntimeError("this unit knows no tenant")
        return self.caller.tenant_id

    @property
    def account_id(self) -> str:
        if self.caller.account_id is None:
            raise RuntimeError("this unit knows no account")
        return self.caller.account_id

    async def one(self, statement: Statement, **parameters: Any) -> Row | None:
        """The first row, or None."""
        rows = await self.all(statement, **parameters)
        return rows[0] if rows else None

    async def all(self, statement: Statement, **parameters: Any) -> Rows:
        values = self._bind(statement, parameters)
        if self._transaction is None and statement.reads_only:
            return await engine().read(self._scope, statement, values)
        return (await self._write(statement, values))[0]

    def _bind(self, statement: Statement, parameters: dict[str, Any]) -> dict[str, Any]:
        names = statement.parameters
        if not self.caller.crosses_tenants:
            # In a tenant's row `account_id` is a column like any other, and so is `tenant_id` in a person's.
            owner = statement.table.info["owner"] if isinstance(statement, Append) else None
            if "tenant_id" in names and not (owner == "account" and "tenant_id" in parameters):
                parameters = self._own("tenant_id", self.tenant_id, parameters)
            if "account_id" in names and not (owner == "tenant" and "account_id" in parameters):
                parameters = self._own("account_id", self.account_id, parameters)
        if "now" in names and "now" not in parameters:
            parameters = {**parameters, "now": self.now}
        return parameters

    @staticmethod
    def _own(name: str, value: str, parameters: dict[str, Any]) -> dict[str, Any]:
        if parameters.get(name, value) != value:
            raise RuntimeError(f"a statement was given another {name} than the unit's")
        return {**parameters, name: value}

    async def _write(self, statement: Statement, values: dict[str, Any]) -> tuple[Rows, int]:
        raise RuntimeError(f"{statement.name} writes, and this unit only looks")


class Use(Look):
    """What a unit may do that uses or changes. `run`, `append` and `record` write; all of it or nothing."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(caller)
        self._appends: list[tuple[Append, dict[str, Any]]] = []
        self._recorded = False
        self._afterwards: list[Callable[[], Awaitable[None]]] = []

    async def __aenter__(self) -> Self:
        assert_outside("another unit")
        self._token = _inside.set(True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self._finish()
            else:
                await self._undo()
        finally:
            _inside.reset(self._token)

    async def run(self, statement: Statement, **parameters: Any) -> int:
        """Run a statement that writes; how many rows it touched (0: somebody else won)."""
        return (await self._write(statement, self._bind(statement, parameters)))[1]

    def append(self, statement: Append, **values: Any) -> None:
        """Insert one row at the end of the unit; together with other units' rows where the database gains by it."""
        self._appends.append((statement, self._bind(statement, values)))

    def record(self, event: Recordable) -> None:
        """Say what happened: an event for webhooks and an entry of the audit log, in this unit's transaction."""
        self._appends.extend(event.rows(self.caller, self.now))
        self._recorded = True

    def after(self, do: Callable[[], Awaitable[None]]) -> None:
        """Do something once the unit is durable, without keeping the answer waiting (send the mail, say)."""
        self._afterwards.append(do)

    async def _write(self, statement: Statement, values: dict[str, Any]) -> tuple[Rows, int]:
        if self._transaction is None:
            self._transaction = await engine().begin(self._scope)
        return await self._transaction.run(statement, values)

    async def _finish(self) -> None:
        if self._transaction is not None:
            transaction = self._transaction
            try:
                if self._appends:
                    await transaction.append(self._appends)
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()
        elif self._appends:
            await engine().append(self._scope, self._appends)
        for do in self._afterwards:
            _in_background(do())

    async def _undo(self) -> None:
        if self._transaction is not None:
            await self._transaction.rollback()


class Change(Use):
    """A unit that alters something, and so has recorded an event when it ends."""

    async def _finish(self) -> None:
        if not self._recorded and (self._appends or self._transaction is not None):
            await self._undo()
            raise RuntimeError("a change recorded no event")
        await super()._finish()


def look(caller: Caller) -> Look:
    return Look(caller)


def use(caller: Caller) -> Use:
    return Use(caller)


def change(caller: Caller) -> Change:
    return Change(caller)


def _in_background(work: Awaitable[None]) -> None:
    async def outside() -> None:
        _inside.set(False)
        await work

    task = asyncio.ensure_future(outside())
    _background.add(task)
    task.add_done_callback(_background.discard)


async def background_done() -> None:
    """Wait for what `after` started; part of a graceful end."""
    while _background:
        await asyncio.wait(_background)
