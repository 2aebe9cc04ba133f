"""An engine whose waits are counted: how long reads take, appends, and getting a transaction."""

from time import perf_counter

from sigid.kernel import metrics
from sigid.kernel.database.engine import Appends, Engine, Parameters, Scope, Transaction
from sigid.kernel.database.statements import Rows, Statement


class MeasuredEngine:
    """Does what another engine does."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = engine.name

    async def read(self, scope: Scope, statement: Statement, parameters: Parameters) -> Rows:
        started = perf_counter()
        rows = await self.engine.read(scope, statement, parameters)
        metrics.database_took("read", perf_counter() - started)
        return rows

    async def begin(self, scope: Scope) -> Transaction:
        started = perf_counter()
        transaction = await self.engine.begin(scope)
        metrics.database_took("begin", perf_counter() - started)
        return transaction

    async def append(self, scope: Scope, rows: Appends) -> None:
        started = perf_counter()
        await self.engine.append(scope, rows)
        metrics.database_took("append", perf_counter() - started)

    async def ping(self) -> None:
        await self.engine.ping()

    async def close(self) -> None:
        await self.engine.close()
