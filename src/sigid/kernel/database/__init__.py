"""The one way to the database.

Tables are declared with `tenant_table` and its siblings (`schema`), statements with `statement`, `append` and `upsert`
(`statements`), and run in a unit of work: `async with change(caller) as tx` (`units`). Below are two engines, `sqlite`
and `postgresql`; whoever reads a use case sees neither.
"""

from sigid.kernel.database.engine import Conflict
from sigid.kernel.database.schema import (
    Json,
    Time,
    account_table,
    directory_table,
    global_table,
    identifier,
    metadata,
    tenant_table,
)
from sigid.kernel.database.statements import NOW, Append, Row, Statement, any_of, append, param, statement, upsert
from sigid.kernel.database.units import (
    Change,
    Look,
    Use,
    assert_outside,
    background_done,
    change,
    engine,
    install,
    look,
    use,
)

__all__ = [
    "NOW",
    "Append",
    "Change",
    "Conflict",
    "Json",
    "Look",
    "Row",
    "Statement",
    "Time",
    "Use",
    "account_table",
    "any_of",
    "append",
    "assert_outside",
    "background_done",
    "change",
    "directory_table",
    "engine",
    "global_table",
    "identifier",
    "install",
    "look",
    "metadata",
    "param",
    "statement",
    "tenant_table",
    "upsert",
    "use",
]
