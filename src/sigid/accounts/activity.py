"""What only the person may read: entries of the account's own activity log, whatever tenant the unit stands in.

A tenant must not learn that an address has an account elsewhere, that its password was changed, or how often it is
used. So what happens to the account itself is recorded here; what happens at the tenant goes to the tenant's log as
any event does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sigid.kernel.callers import Actor, Caller
from sigid.kernel.database import Append
from sigid.kernel.events import Event


@dataclass(frozen=True, slots=True)
class Own:
    """An event of the unit's account alone: no tenant hears of it."""

    event: Event

    def rows(self, caller: Caller, now: datetime) -> Iterator[tuple[Append, dict[str, Any]]]:
        return self.event.rows(replace(caller, tenant_id=None, actor=Actor("account", caller.account_id)), now)
