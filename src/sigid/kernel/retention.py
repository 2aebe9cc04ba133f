"""Retention: rows that have lapsed go, a batch at a time.

Each table says beside its declaration which of its columns tells when a row has lapsed (`lapses`), or, where rows are
ranges of time, how long they are kept (`kept_for`). The worker finds owners with lapsed rows by a plain read across all
of them, then deletes inside each. On PostgreSQL, where ranges of time are partitions, whole ones are dropped instead
(`migrations.tend_partitions`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, delete, select, tuple_

from sigid.kernel import callers, clock, ids
from sigid.kernel.callers import SYSTEM, Caller, Origin, across
from sigid.kernel.database import Statement, engine, look, param, statement, use

_BATCH: Final = 500
_OWNERS: Final = 200


@dataclass(frozen=True, slots=True)
class _Rule:
    owner: str  # tenant, account, directory, global
    keep: timedelta
    by_id: str | None  # the prefix of ids, where they tell the time
    owners: Statement | None
    forget: Statement

    def before(self, now: datetime) -> datetime | str:
        """The bound below which rows have lapsed."""
        least = now - self.keep
        return ids.least_id(self.by_id, least) if self.by_id is not None else least


_rules: dict[str, _Rule] = {}


def lapses(column: Column[Any], keep: timedelta = timedelta(0)) -> None:
    """Declare that a row has lapsed once the moment in `column` is `keep` ago."""
    _declare(column, keep, None)


def kept_for(table: Table, prefix: str, keep: timedelta) -> None:
    """Declare that rows of a table by time are kept this long; `prefix` is that of its ids."""
    _declare(table.c.id, keep, prefix)


def _declare(column: Column[Any], keep: timedelta, prefix: str | None) -> None:
    table: Table = column.table
    owner: str = table.info["owner"]
    lapsed: list[ColumnElement[bool]] = [column < param("before", column)]
    owners = None
    if owner in ("tenant", "account"):
        whose = table.c[f"{owner}_id"]
        owners = statement(
            f"{table.name}.lapsed_owners", select(whose.label("id")).where(*lapsed).distinct().limit(_OWNERS)
        )
        lapsed.append(whose == param(whose.name, whose))
    key = tuple_(*table.primary_key.columns)
    batch = select(*table.primary_key.columns).where(*lapsed).limit(_BATCH)
    forget = statement(f"{table.name}.forget_lapsed", delete(table).where(key.in_(batch)))
    _rules[table.name] = _Rule(owner, keep, prefix, owners, forget)


async def forget_lapsed() -> dict[str, int]:
    """Delete what has lapsed; how many rows of each table that were."""
    partitioned = engine().name == "postgresql"
    return {
        name: await _forget(rule, clock.now())
        for name, rule in sorted(_rules.items())
        if rule.by_id is None or not partitioned
    }


def partition_bounds(now: datetime) -> dict[str, str]:
    """The least id that is kept, of each table whose rows are ranges of time and not kept for ever."""
    return {name: str(rule.before(now)) for name, rule in _rules.items() if rule.by_id is not None}


async def _forget(rule: _Rule, now: datetime) -> int:
    before = rule.before(now)
    if rule.owners is None:
        return await _in_batches(across(SYSTEM), rule, before)
    async with look(across(SYSTEM)) as tx:
        owners = await tx.all(rule.owners, before=before)
    return sum([await _in_batches(_caller(rule, row.id), rule, before) for row in owners])


async def _in_batches(caller: Caller, rule: _Rule, before: datetime | str) -> int:
    count = 0
    while True:
        async with use(caller) as tx:
            gone = await tx.run(rule.forget, before=before)
        count += gone
        if gone < _BATCH:
            return count


def _caller(rule: _Rule, owner_id: str) -> Caller:
    if rule.owner == "tenant":
        return callers.in_tenant(ids.TenantId(owner_id), SYSTEM, Origin.process())
    return callers.as_account(ids.AccountId(owner_id), Origin.process(), SYSTEM)
