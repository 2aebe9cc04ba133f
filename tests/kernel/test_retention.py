"""Rows that have lapsed go, those of every owner, and no others."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import select

from sigid import migrations
from sigid.kernel import callers, clock, idempotency, ids, retention
from sigid.kernel.callers import SYSTEM, Origin
from sigid.kernel.database import Statement, look, use
from sigid.kernel.events import Event, audit_entry
from sigid.kernel.settings import Settings
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened

_r = idempotency.idempotency_record.c
_EVERY = Statement("tests.idempotency_every", lambda _dialect: select(_r.tenant_id, _r.caller_key))
_ENTRIES = Statement("tests.audit_entries", lambda _dialect: select(audit_entry.c.tenant_id))
_ADD = idempotency._APPEND


@pytest.fixture
async def storage(database: str, cluster: Postgresql | None) -> AsyncIterator[None]:
    async with opened(database, cluster):
        yield


async def _rows() -> set[tuple[str, bytes]]:
    async with look(callers.across(SYSTEM)) as tx:
        return {(row.tenant_id, bytes(row.caller_key)) for row in await tx.all(_EVERY)}


async def test_what_has_lapsed_goes(storage: None):
    tenants = [ids.TenantId(ids.new_id("ten")) for _ in range(2)]
    kept = set()
    for tenant in tenants:
        async with use(callers.in_tenant(tenant, SYSTEM, Origin.process())) as tx:
            for number in range(600):  # more than a batch
                key = number.to_bytes(2)
                lapsed = number % 100 != 0
                life = timedelta(seconds=10) if lapsed else timedelta(days=1)
                tx.append(_ADD, caller_key=key, fingerprint=b"", answer_sealed=b"", expires_at=tx.now + life)
                if not lapsed:
                    kept.add((str(tenant), key))
    assert (await retention.forget_lapsed())["idempotency_record"] == 0
    clock.advance(11)
    assert (await retention.forget_lapsed())["idempotency_record"] == 2 * 594
    assert await _rows() == kept
    assert (await retention.forget_lapsed())["idempotency_record"] == 0


def test_what_proves_something_is_kept():
    """The audit log and people go by other rules."""
    kept = {"audit_entry", "account_entry", "audit_place", "checkpoint", "account", "address", "tenant_user", "consent"}
    assert not kept & retention._rules.keys()


async def test_whole_months_go_on_postgresql(postgresql: Postgresql):
    async with opened("postgresql", postgresql) as settings:
        new = ids.TenantId(ids.new_id("ten"))
        async with use(callers.in_tenant(new, SYSTEM, Origin.process())) as tx:
            tx.record(Event("tenant.created", "tenant", new))
        before = await _partitions(settings)
        clock.advance(int(timedelta(days=70).total_seconds()))
        await asyncio.to_thread(migrations.tend_partitions, settings)
        after = await _partitions(settings)
        gone = before - after
        assert gone
        assert all(name.startswith("event_") for name in gone)
        assert min(name for name in before if name.startswith("event_2")) in gone
        assert {"event_rest", "audit_entry_rest"} <= after
        assert {name for name in before if name.startswith("audit_entry")} <= after
        async with look(callers.across(SYSTEM)) as tx:
            assert [row.tenant_id for row in await tx.all(_ENTRIES)] == [new]  # the audit entry is still there
        assert "event" not in await retention.forget_lapsed()


async def _partitions(settings: Settings) -> set[str]:
    connection = await asyncpg.connect(settings.database_url)
    try:
        rows = await connection.fetch("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'")
    finally:
        await connection.close()
    return {row["relname"] for row in rows}
