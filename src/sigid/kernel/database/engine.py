"""What a database must be able to do for a unit of work; `sqlite` and `postgresql` each do it in their own way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sigid.kernel.database.statements import Append, Rows, Statement
from sigid.kernel.errors import SigidError


class Conflict(SigidError):
    """A unique key is taken. `constraint` names the table or key, as far as the database tells."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows exist for a unit."""

    tenant_id: str | None
    account_id: str | None
    across: bool


Parameters = dict[str, Any]
Appends = Sequence[tuple[Append, Parameters]]


class Transaction(Protocol):
    """An open transaction. After an error it can only be rolled back."""

    async def run(self, statement: Statement, parameters: Parameters) -> tuple[Rows, int]:
        """The rows that the statement returns, and how many it touched."""

    async def append(self, rows: Appends) -> None: ...

    async def commit(self) -> None:
        """Durable when this returns."""

    async def rollback(self) -> None: ...


class Engine(Protocol):
    """One database, for all units of this process."""

    name: str

    async def read(self, scope: Scope, statement: Statement, parameters: Parameters) -> Rows:
        """Run a statement that reads only, outside any transaction, perhaps together with others'."""

    async def begin(self, scope: Scope) -> Transaction: ...

    async def append(self, scope: Scope, rows: Appends) -> None:
        """Insert the rows in one transaction, perhaps together with others'. Durable when this returns."""

    async def ping(self) -> None:
        """Raise `Unavailable` when the database does not answer."""

    async def close(self) -> None: ...
