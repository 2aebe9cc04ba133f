"""Rotating the root key: everything sealed under an older one is opened and sealed anew, a row at a time.

Each column that holds sealed values is declared once, beside its table (`sealed`). A row is replaced only if it is
still what was read, so servers may run meanwhile; a rotation that was cut short goes on where it ended, since a value
names the key that sealed it. Only then may `SIGID_ROOT_KEY_PREVIOUS` go.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, and_, func, select, update

from sigid.kernel import crypto
from sigid.kernel.callers import SYSTEM, across
from sigid.kernel.database import Row, Statement, look, param, statement, use

_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class _Sealed:
    purpose: str
    keys: tuple[str, ...]
    older: Statement
    replace: Statement


_columns: dict[str, _Sealed] = {}


def sealed(column: Column[Any], purpose: str) -> None:
    """Declare that `column` holds values that the vault sealed for `purpose`."""
    table = column.table
    keys = list(table.primary_key.columns)
    where = [key == param(key.name, key) for key in keys]
    name = f"{table.name}.{column.name}"
    _columns[name] = _Sealed(
        purpose,
        tuple(key.name for key in keys),
        statement(
            f"{name}.sealed_under_older_key",
            select(*keys, column.label("sealed"))
            .where(column.is_not(None), func.substr(column, 1, crypto.HEADER) != param("header", column))
            .limit(_BATCH),
        ),
        statement(
            f"{name}.seal_anew",
            update(table)
            .where(and_(*where), column == param("old", column))
            .values({column.name: param("new", column)}),
        ),
    )


async def reseal_everything() -> dict[str, int]:
    """Seal under the present root key what older ones sealed; how many values of each column that were."""
    return {name: await _reseal(column) for name, column in sorted(_columns.items())}


async def _reseal(column: _Sealed) -> int:
    count = 0
    while True:
        async with look(across(SYSTEM)) as tx:
            rows = await tx.all(column.older, header=crypto.vault().header)
        if not rows:
            return count
        for row in rows:
            await _replace(column, row)
        count += len(rows)


async def _replace(column: _Sealed, row: Row) -> None:
    vault = crypto.vault()
    anew = vault.seal(column.purpose, vault.unseal(column.purpose, row.sealed))
    key = {name: getattr(row, name) for name in column.keys}
    async with use(across(SYSTEM)) as tx:
        await tx.run(column.replace, old=row.sealed, new=anew, **key)
