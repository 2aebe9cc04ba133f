"""Client secrets: up to three live ones, so that one can be rotated without an outage; stored as digests."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from sqlalchemy import select, update

from sigid.applications.tables import application
from sigid.kernel import ids
from sigid.kernel.database import NOW, Change, Use, param, statement
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.secrets import Handle, Secret, digest, equal

PREFIX: Final = "sigid_cs"
MOST_LIVE: Final = 3
_DUMMY: Final = digest("no client has this secret")

_a = application.c
_MINE = (_a.tenant_id == param("tenant_id", _a.tenant_id), _a.id == param("id", _a.id))
_LOCK = statement("application.lock_secrets", select(_a.secrets).where(*_MINE).with_for_update())
_REPLACE = statement(
    "application.replace_secrets",
    update(application).where(*_MINE).values(secrets=param("secrets", _a.secrets), version=_a.version + 1),
)
_USED = statement("application.used", update(application).where(*_MINE).values(last_used_at=NOW))


@dataclass(frozen=True, slots=True)
class StoredSecret:
    id: str
    digest: bytes
    created_at: datetime
    lapse_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "digest": self.digest.hex(),
            "created_at": self.created_at.isoformat(),
            "lapse_at": self.lapse_at.isoformat() if self.lapse_at else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        lapse = value["lapse_at"]
        return cls(
            value["id"],
            bytes.fromhex(value["digest"]),
            datetime.fromisoformat(value["created_at"]),
            datetime.fromisoformat(lapse) if lapse else None,
        )

    def live(self, now: datetime) -> bool:
        return self.lapse_at is None or self.lapse_at > now


def new_secret(tx: Change, chosen: Secret | None = None) -> tuple[Secret, StoredSecret]:
    """A fresh secret of this tenant, or the chosen one, and what is stored of it."""
    secret = chosen or Handle.generate(PREFIX, tx.tenant_id)
    return secret, StoredSecret(ids.new_id("sec"), secret.digest, tx.now.astimezone(UTC))


def matches(secrets: list[dict[str, Any]], shown: str, now: datetime) -> bool:
    """One of the live secrets is the one shown. The same work whether there are none or three."""
    found = digest(shown)
    known = [stored.digest for stored in map(StoredSecret.from_json, secrets) if stored.live(now)][:MOST_LIVE]
    result = False
    for candidate in known + [_DUMMY] * (MOST_LIVE - len(known)):
        result |= equal(candidate, found) and candidate is not _DUMMY
    return result


async def add_secret(tx: Change, application_id: str, grace: timedelta | None = None) -> tuple[str, Secret]:
    """Add a live secret; the others lapse after `grace` (None: they stay). Raises Refused for a fourth live one."""
    row = await tx.one(_LOCK, id=application_id)
    if row is None:
        raise Refused("not_found", "application_unknown", status=404)
    live = [stored for stored in map(StoredSecret.from_json, row.secrets) if stored.live(tx.now)]
    if len(live) >= MOST_LIVE:
        raise Refused("too_many_secrets", "too_many_secrets", "Three secrets are live: end one first.", status=409)
    secret, stored = new_secret(tx)
    if grace is not None:
        lapse = tx.now + grace
        live = [
            StoredSecret(old.id, old.digest, old.created_at, min(old.lapse_at or lapse, lapse)) for old in live
        ]
    await tx.run(_REPLACE, id=application_id, secrets=[item.to_json() for item in [*live, stored]])
    tx.record(Event("application.secret_rotated", "application", application_id, data={"secret_id": stored.id}))
    return stored.id, secret


async def used(tx: Use, application_id: str) -> None:
    """Note that the application was used; called at most once an hour for each."""
    await tx.run(_USED, id=application_id)
