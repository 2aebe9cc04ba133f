"""What a tenant sees of its people: tenant users, their statuses, and how they join.

`sub` is pairwise and kept for ever. Only `active` gets tokens; a change of status holds from the next request on.
`standing` is the table that others join to see the status in the read that decides.
"""

from sigid.members.arrivals import arrive, may_join
from sigid.members.members import (
    TenantUser,
    activate,
    find,
    find_waiting,
    join,
    of_account,
    preprovision,
    set_status,
)
from sigid.members.tables import tenant_user as standing

__all__ = [
    "TenantUser",
    "activate",
    "arrive",
    "find",
    "find_waiting",
    "join",
    "may_join",
    "of_account",
    "preprovision",
    "set_status",
    "standing",
]
