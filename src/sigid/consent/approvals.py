"""Giving, finding and taking back consent."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select

from sigid.consent.tables import consent
from sigid.kernel.database import Change, Look, param, statement, upsert
from sigid.kernel.events import Event

_c = consent.c
_MINE = (
    _c.tenant_id == param("tenant_id", _c.tenant_id),
    _c.tenant_user_id == param("tenant_user_id", _c.tenant_user_id),
    _c.application_id == param("application_id", _c.application_id),
)
_FIND = statement("consent.find", select(_c.scopes, _c.claims).where(*_MINE))
_LOCK = statement("consent.lock", select(_c.scopes, _c.claims).where(*_MINE).with_for_update())
_REVOKE = statement("consent.revoke", delete(consent).where(*_MINE))
_STORE = upsert(
    "consent.store",
    lambda insert: (
        made := insert(consent).values({column.name: param(column.name, column) for column in _c})
    ).on_conflict_do_update(
        index_elements=[_c.tenant_id, _c.tenant_user_id, _c.application_id],
        set_={name: made.excluded[name] for name in ("scopes", "claims", "updated_at")},
    ),
)


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person has allowed: scopes, and names of claims that were asked for beside them."""

    scopes: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()


async def find(tx: Look, tenant_user_id: str, application_id: str) -> Approval:
    row = await tx.one(_FIND, tenant_user_id=tenant_user_id, application_id=application_id)
    return Approval(frozenset(row.scopes), frozenset(row.claims)) if row else Approval()


def missing(approval: Approval, scopes: Iterable[str], claims: Iterable[str]) -> Approval:
    """What is asked for and not yet allowed."""
    return Approval(frozenset(scopes) - approval.scopes, frozenset(claims) - approval.claims)


async def allow(
    tx: Change, tenant_user_id: str, application_id: str, scopes: Iterable[str], claims: Iterable[str]
) -> Approval:
    """Add to what the person has allowed."""
    before = await tx.one(_LOCK, tenant_user_id=tenant_user_id, application_id=application_id)
    known = Approval(frozenset(before.scopes), frozenset(before.claims)) if before else Approval()
    now_allowed = Approval(known.scopes | frozenset(scopes), known.claims | frozenset(claims))
    await tx.run(
        _STORE,
        tenant_user_id=tenant_user_id,
        application_id=application_id,
        scopes=sorted(now_allowed.scopes),
        claims=sorted(now_allowed.claims),
        granted_at=tx.now,
        updated_at=tx.now,
    )
    added = sorted(now_allowed.scopes - known.scopes)
    tx.record(
        Event(
            "consent.granted",
            "application",
            application_id,
            changes={"scopes": {"before": sorted(known.scopes), "after": sorted(now_allowed.scopes)}},
            data={"user_id": tenant_user_id, "added": added},
        )
    )
    return now_allowed


def deny(tx: Change, tenant_user_id: str, application_id: str) -> None:
    """Leave the mark that the person did not allow it."""
    tx.record(
        Event("consent.denied", "application", application_id, data={"user_id": tenant_user_id}, outcome="denied")
    )


async def revoke(tx: Change, tenant_user_id: str, application_id: str) -> bool:
    """Take everything back that this application was allowed. Its grants are ended by the caller."""
    gone = await tx.run(_REVOKE, tenant_user_id=tenant_user_id, application_id=application_id) > 0
    if gone:
        tx.record(Event("consent.revoked", "application", application_id, data={"user_id": tenant_user_id}))
    return gone
