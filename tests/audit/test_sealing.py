"""Every entry gets its place once, in whichever worker, and a checkpoint says what the log then is."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from sigid import audit
from sigid.audit.queries import BATCH
from sigid.kernel import callers, ids, jws
from sigid.kernel.callers import Origin
from sigid.kernel.database import change, look, use
from sigid.kernel.events import Event
from sigid.tokens import keys
from tests.audit.conftest import Book


@pytest.mark.promise("3.2.audit-sealed")
async def test_an_entry_is_sealed_and_the_log_is_intact(book: Book):
    await book.write(3)
    before = await book.verify()
    assert (before.ok, before.tree_size, before.unsealed) == (True, 1, 3)
    assert await book.seal() == 3
    report = await book.verify()
    assert report.as_json() == {
        "ok": True, "tree_size": 4, "root_hash": report.root_hash, "unsealed": 0, "erased": 0, "problems": [],
    }  # fmt: skip
    assert await book.seal() == 0


async def test_a_checkpoint_is_signed_over_its_members(book: Book):
    await book.sealed(2)
    async with look(book.caller) as tx:
        checkpoint = (await audit.latest_checkpoint(tx, keys.sign)).as_json()
    assert set(checkpoint) == {"tenant_id", "tree_size", "root_hash", "sealed_at", "jws"}
    assert (checkpoint["tenant_id"], checkpoint["tree_size"]) == (book.tenant_id, 3)
    parsed = jws.parse(checkpoint["jws"])
    assert parsed.header["typ"] == "sigid-audit-checkpoint+jwt"
    assert parsed.header["kid"] in {key["kid"] for key in orjson.loads(keys.jwks())["keys"]}
    assert parsed.claims() == {name: value for name, value in checkpoint.items() if name != "jws"}


async def test_many_workers_at_once_seal_each_entry_once(book: Book):
    await book.write(40)
    counts = await asyncio.gather(*[audit.seal_due(keys.sign) for _ in range(8)])
    assert sum(counts) >= 40
    while await audit.seal_due(keys.sign):
        pass
    report = await book.verify()
    assert (report.problems, report.tree_size, report.unsealed) == ([], 41, 0)


async def test_a_backlog_is_sealed_in_batches(book: Book):
    count = BATCH + 5
    await asyncio.gather(*[book.write() for _ in range(count)])
    assert await audit.seal_due(keys.sign) >= count
    report = await book.verify()
    assert (report.problems, report.tree_size, report.unsealed) == ([], count + 1, 0)


async def test_an_undone_change_leaves_nothing_to_seal(book: Book):
    with pytest.raises(ZeroDivisionError):
        async with change(book.caller) as tx:
            tx.record(Event("application.updated", "application", "app_1"))
            raise ZeroDivisionError
    assert await book.seal() == 0
    assert (await book.verify()).problems == []


async def test_an_account_has_a_log_of_its_own(book: Book):
    account = ids.AccountId(ids.new_id("acct"))
    caller = callers.as_account(account, Origin.process())
    async with change(caller) as tx:
        tx.record(Event("authenticator.changed", "authenticator", None))
    assert await book.seal() == 0  # no tenant hears of it
    await audit.seal_due(keys.sign)
    async with look(caller) as tx:
        checkpoint = await audit.latest_checkpoint(tx, keys.sign)
    assert (checkpoint.owner, checkpoint.owner_id, checkpoint.tree_size) == ("account_id", account, 1)
    lines = [line async for line in audit.export(caller, keys.sign)]
    assert audit.verify_export(iter(lines), orjson.loads(keys.jwks())).as_json()["ok"] is True


async def test_a_use_that_records_is_sealed_too(book: Book):
    async with use(book.caller) as tx:
        tx.record(Event("auth.client.refused", "application", "app_1", reason="secret_wrong", outcome="failure"))
    assert await book.seal() == 1
    assert (await book.verify()).problems == []


async def test_one_log_that_cannot_be_sealed_holds_no_other_up(book: Book):
    await book.write()
    other = ids.new_id("ten")
    async with change(callers.in_tenant(ids.TenantId(other), callers.SYSTEM, Origin.process())) as tx:
        tx.record(Event("tenant.created", "tenant", other))

    def fails_for_the_other(typ: str, claims: Mapping[str, Any]) -> str:
        if claims["tenant_id"] == other:
            raise ValueError(typ)
        return keys.sign(typ, claims)

    await audit.seal_due(fails_for_the_other)
    report = await book.verify()
    assert (report.ok, report.unsealed) == (True, 0)
    assert (await audit.verify_log(audit.TENANT, other, audit.Keys({"keys": []}))).unsealed == 1
