"""The one way to the database: units of work on both engines, what is alone and what is together."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from sigid import members
from sigid.kernel import callers, database, ids
from sigid.kernel.callers import Actor, Caller, Origin
from sigid.kernel.database import Conflict, change, look, use
from sigid.kernel.database.measured import MeasuredEngine
from sigid.kernel.database.sqlite import SqliteEngine
from sigid.kernel.database.statements import registry
from sigid.kernel.errors import Unavailable
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.kernel.settings import Settings
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened

_FIND = registry["tenant_user.find"]


@pytest.fixture
async def storage(database: str, cluster: Postgresql | None) -> AsyncIterator[Settings]:
    async with opened(database, cluster) as settings:
        yield settings


def somebody() -> Caller:
    return callers.in_tenant(TenantId(ids.new_id("ten")), Actor("service", "app_1"), Origin("req_1"))


def an_event() -> Event:
    return Event("tenant_user.updated", "user", "tu_1")


def add_user(tx: database.Change, account_id: str | None = None) -> str:
    email = f"{ids.new_id('x')}@example.com"
    made = members.join(tx, account_id=account_id or ids.new_id("acct"), email=email, verified=True, name=None)
    return made.id


@pytest.mark.promise("3.2.one-transaction")
async def test_a_change_that_recorded_nothing_does_not_commit(storage: Settings):
    caller = somebody()
    with pytest.raises(RuntimeError, match="recorded no event"):
        async with change(caller) as tx:
            user_id = add_user(tx)
            tx._recorded = False
    async with look(caller) as tx:
        assert await members.find(tx, user_id) is None


async def test_raise_undoes_and_return_keeps(storage: Settings):
    caller = somebody()
    with pytest.raises(ZeroDivisionError):
        async with change(caller) as tx:
            undone = add_user(tx)
            raise ZeroDivisionError
    async with change(caller) as tx:
        kept = add_user(tx)
    async with look(caller) as tx:
        assert await members.find(tx, undone) is None
        assert await members.find(tx, kept) is not None


async def test_one_failure_in_a_batch_is_alone(storage: Settings):
    caller, account = somebody(), ids.new_id("acct")
    async with change(caller) as tx:
        add_user(tx, account)

    async def one(number: int) -> str | None:
        try:
            async with change(caller) as tx:
                return add_user(tx, account if number == 25 else None)
        except Conflict:
            return None

    made = await asyncio.gather(*(one(number) for number in range(50)))
    assert [number for number, user_id in enumerate(made) if user_id is None] == [25]
    async with look(caller) as tx:
        for user_id in made:
            assert user_id is None or await members.find(tx, user_id) is not None


@pytest.mark.promise("3.2.tenant-scope")
async def test_another_tenants_rows_do_not_exist(storage: Settings):
    mine, theirs = somebody(), somebody()
    async with change(theirs) as tx:
        user_id = add_user(tx)
    async with look(mine) as tx:
        assert await members.find(tx, user_id) is None
        with pytest.raises(RuntimeError, match="another tenant_id"):
            await tx.one(_FIND, id=user_id, tenant_id=theirs.tenant_id)


async def test_a_unit_that_looks_cannot_write_and_units_do_not_nest(storage: Settings):
    caller = somebody()
    async with look(caller) as tx:
        with pytest.raises(RuntimeError, match="only looks"):
            await tx._write(_FIND, {})
    async with use(caller):
        with pytest.raises(RuntimeError, match="another unit"):
            async with use(caller):
                pass


async def test_reads_of_many_units_at_once_each_get_their_own_answer(storage: Settings):
    people = {}
    for _ in range(5):
        caller = somebody()
        async with change(caller) as tx:
            people[caller] = [add_user(tx) for _ in range(4)]

    async def ask(caller: Caller, user_id: str) -> str | None:
        async with look(caller) as tx:
            found = await members.find(tx, user_id)
            return found.id if found else None

    pairs = [(caller, user_id) for caller in people for ids_ in people.values() for user_id in ids_]
    answers = await asyncio.gather(*(ask(caller, user_id) for caller, user_id in pairs))
    for (caller, user_id), answer in zip(pairs, answers, strict=True):
        assert answer == (user_id if user_id in people[caller] else None)


@pytest.mark.promise("3.proof.full-disk")
@pytest.mark.parametrize("database", ["sqlite"])
async def test_on_a_full_disk_nothing_answered_is_lost(storage: Settings):
    measured = database.engine()
    assert isinstance(measured, MeasuredEngine)
    engine = measured.engine
    assert isinstance(engine, SqliteEngine)
    caller = somebody()
    pages = engine._writer.execute("PRAGMA page_count").fetchone()[0]
    engine._writer.execute(f"PRAGMA max_page_count={pages + 20}")
    answered: list[str] = []
    reasons: set[str] = set()
    refused = 0

    async def one() -> None:
        nonlocal refused
        try:
            async with change(caller) as tx:
                user_id = add_user(tx)
        except Unavailable as error:
            reasons.add(error.reason)
            refused += 1
        else:
            answered.append(user_id)

    while refused == 0:
        await asyncio.gather(*(one() for _ in range(20)))
    assert reasons <= {"database_full", "database_group_lost"}
    async with look(caller) as tx:
        for user_id in answered:
            assert await members.find(tx, user_id) is not None
    engine._writer.execute("PRAGMA max_page_count=1000000")
    before = len(answered)
    await one()
    assert len(answered) == before + 1, "service comes back by itself"


@pytest.mark.promise("3.2.tenant-scope")
@pytest.mark.parametrize("database", ["postgresql"])
async def test_row_level_security_is_a_second_lock(storage: Settings):
    """As superuser, without our WHERE: the role that units take sees the named tenant's rows and no others."""
    mine, theirs = somebody(), somebody()
    for caller in (mine, theirs):
        async with change(caller) as tx:
            add_user(tx)
    connection = await asyncpg.connect(storage.database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE sigid_app; SET LOCAL sigid.tenant = '{mine.tenant_id}'")
            for table in ("tenant_user", "audit_entry", "event"):
                owners = {row["tenant_id"] for row in await connection.fetch(f"SELECT tenant_id FROM {table}")}
                assert owners == {mine.tenant_id}, table
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(
                    "INSERT INTO role VALUES ($1, 'role_1', 'r', '', '[]', 1, now())", theirs.tenant_id
                )
        async with connection.transaction():
            await connection.execute("SET LOCAL ROLE sigid_app")
            assert await connection.fetch("SELECT tenant_id FROM tenant_user") == []
    finally:
        await connection.close()
