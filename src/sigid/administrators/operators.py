"""Operators: accounts that keep the installation itself. The first is made by a setup link; `opr_` in tenants' logs."""

from sqlalchemy import select

from sigid.administrators.tables import operator
from sigid.kernel import ids
from sigid.kernel.callers import SYSTEM, across
from sigid.kernel.database import Use, look, param, statement, upsert

_o = operator.c
_ANY = statement("operator.any", select(_o.id).limit(1))
_MINE = statement("operator.mine", select(_o.id).where(_o.account_id == param("account_id", _o.account_id)))
_ADD = upsert(
    "operator.add",
    lambda insert: (
        insert(operator)
        .values({column.name: param(column.name, column) for column in _o})
        .on_conflict_do_nothing()
        .returning(_o.id)
    ),
)


async def are_there_any() -> bool:
    """The installation has an operator. Looks across all accounts: whose it is, is not told."""
    async with look(across(SYSTEM)) as tx:
        return await tx.one(_ANY) is not None


async def add(tx: Use) -> str:
    """Make the unit's account an operator; answers its `opr_` id, the old one if it was one already."""
    made = await tx.one(_ADD, id=ids.new_id("opr"), role="operator", created_at=tx.now)
    if made is None:
        made = await tx.one(_MINE)
    assert made is not None  # noqa: S101  (inserted, or it was there: the statement above says which)
    return str(made.id)
