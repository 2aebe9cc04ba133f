"""One-time links that make a tenant's first owner (and, on a new installation, its first operator).

`make dev`, `sigid bootstrap` and `sigid setup-link` print one; there are no default passwords. A link lives seven days
and works once: the statement that spends it says who won.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from sqlalchemy import select, update

from sigid.administrators.tables import setup_link
from sigid.kernel.database import NOW, Change, Look, Use, append, param, statement
from sigid.kernel.errors import PageError
from sigid.kernel.events import Event
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import Handle

PREFIX: Final = "sigid_sl"
PATH: Final = "/setup"
LIFE: Final = timedelta(days=7)

_l = setup_link.c
_tenant = _l.tenant_id == param("tenant_id", _l.tenant_id)
_this = _l.digest == param("digest", _l.digest)
_alive = (_l.spent_at.is_(None), _l.expires_at > NOW)

_APPEND = append(setup_link)
_FIND = statement("setup_link.find", select(_l.makes_operator).where(_tenant, _this, *_alive))
_ANY = statement("setup_link.any", select(_l.digest).where(_tenant, *_alive).limit(1))
_SPEND = statement(
    "setup_link.spend",
    update(setup_link).where(_tenant, _this, *_alive).values(spent_at=NOW).returning(_l.makes_operator),
)
_END_ALL = statement("setup_link.end_all", update(setup_link).where(_tenant, *_alive).values(spent_at=NOW))


@dataclass(frozen=True, slots=True)
class SetupLink:
    """A link that can be used now."""

    handle: Handle
    makes_operator: bool

    @property
    def tenant_id(self) -> TenantId:
        """The tenant that gets its owner."""
        return TenantId(self.handle.owner("ten"))


def url(issuer: str, handle: Handle) -> str:
    """Where a person goes. The handle stands in the query, which no log has."""
    return f"{issuer}{PATH}?{urlencode({'link': handle.reveal()})}"


def parse(text: str | None) -> Handle | None:
    """The handle of a link, or None for anything that is not one. Its tenant is `handle.owner("ten")`."""
    return Handle.parse(PREFIX, text) if text is not None else None


async def create(tx: Change, *, makes_operator: bool) -> Handle:
    """Make the tenant's link; the ones before it no longer work."""
    await tx.run(_END_ALL)
    handle = Handle.generate(PREFIX, tx.tenant_id)
    tx.append(
        _APPEND,
        digest=handle.digest,
        makes_operator=makes_operator,
        created_at=tx.now,
        expires_at=tx.now + LIFE,
        spent_at=None,
    )
    tx.record(Event("administrator.setup_link_created", "tenant", tx.tenant_id))
    return handle


async def is_there_one(tx: Look) -> bool:
    """A link of the tenant could be used now."""
    return await tx.one(_ANY) is not None


async def find(tx: Look, handle: Handle) -> SetupLink | None:
    """The link while it can be used: for the page that shows the form. Spending decides."""
    row = await tx.one(_FIND, digest=handle.digest)
    return SetupLink(handle, row.makes_operator) if row is not None else None


async def spend(tx: Use, handle: Handle) -> SetupLink:
    """Use the link up. Raises PageError when it is unknown, expired, or somebody was first."""
    row = await tx.one(_SPEND, digest=handle.digest)
    if row is None:
        raise PageError("link_invalid", "setup_link_dead", "This link has been used or has expired.")
    return SetupLink(handle, row.makes_operator)
