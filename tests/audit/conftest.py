"""A tenant with some entries in its log, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from sigid import audit, tenants
from sigid.kernel import callers, clock
from sigid.kernel.callers import SYSTEM, Actor, Caller, Origin
from sigid.kernel.database import Statement, change, use
from sigid.kernel.events import Event
from sigid.tokens import keys, schedule
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened


@dataclass(frozen=True)
class Book:
    """A tenant's log, and what somebody with the database in their hands may do to it."""

    tenant_id: str
    caller: Caller

    async def write(self, count: int = 1) -> None:
        """Record something, each in a unit and a millisecond of its own, so that ids tell the order."""
        for number in range(count):
            now = int(clock.timestamp() * 1000)
            while int(clock.timestamp() * 1000) == now:
                pass
            async with change(self.caller) as tx:
                changes = {"number": number, "size": 2**60 + 1, "ratio": 0.1, "name": "Ünïcode \u2028 \x1b[31m"}
                tx.record(Event("application.updated", "application", f"app_{number}", changes=changes))

    async def seal(self) -> int:
        return await audit.seal(audit.TENANT, self.tenant_id, keys.sign)

    async def sealed(self, *batches: int) -> None:
        """Write and seal batches of these sizes."""
        for batch in batches:
            await self.write(batch)
            assert await self.seal() == batch

    async def verify(self) -> audit.Report:
        public = {"keys": await schedule.every_public()}
        return await audit.verify_log(audit.TENANT, self.tenant_id, audit.Keys(public))

    async def export(self) -> list[bytes]:
        return [line async for line in audit.export(self.caller, keys.sign)]

    async def tamper(self, sql: str) -> None:
        """Run a statement on the database, as somebody who got hold of it would; `:t` is the tenant."""
        for part in sql.split(";"):
            made = _statement(part.replace(":t", f"'{self.tenant_id}'"))
            async with use(callers.across(SYSTEM)) as tx:
                assert await tx.run(made) > 0


_made: dict[str, Statement] = {}


def _statement(sql: str) -> Statement:
    if sql not in _made:
        _made[sql] = Statement(f"tests.tamper_{len(_made)}", lambda _dialect: text(sql))
    return _made[sql]


@pytest.fixture
async def storage(database: str, cluster: Postgresql | None) -> AsyncIterator[None]:
    async with opened(database, cluster):
        await schedule.keep_scheduled()
        await keys.load()
        yield


@pytest.fixture
async def book(storage: None) -> Book:
    origin = Origin("req_1", "192.0.2.1", "Browser/1")
    async with change(tenants.founding(SYSTEM, origin)) as tx:
        tenant = await tenants.create(tx, slug="acme", name="Acme")
    made = Book(tenant.id, callers.in_tenant(tenant.id, Actor("service", "app_1"), origin))
    assert await made.seal() == 1
    return made
