"""Client secrets: up to three live ones, so that one can be rotated in before the old one lapses. Stored as SHA-256."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sigid.kernel import ids
from sigid.kernel.secrets import Secret, digest, equal

PREFIX: Final = "sigid_cs"
MOST_LIVE: Final = 3

_NOBODYS: Final = digest("no client has this secret")


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A secret as the database knows it. `lapse_at` None: it lives until it is deleted."""

    id: str
    digest: bytes
    created_at: datetime
    lapse_at: datetime | None

    @classmethod
    def of(cls, secret: Secret, now: datetime) -> "StoredSecret":
        """What is kept of a new secret."""
        return cls(ids.new_id("sec"), secret.digest, now, None)

    def is_live(self, now: datetime) -> bool:
        """It opens the door at `now`."""
        return self.lapse_at is None or now < self.lapse_at

    def until(self, lapse_at: datetime) -> "StoredSecret":
        """The same, living no longer than `lapse_at`."""
        return replace(self, lapse_at=lapse_at if self.lapse_at is None else min(self.lapse_at, lapse_at))

    def as_json(self) -> dict[str, Any]:
        """As the row holds it."""
        return {
            "id": self.id,
            "digest": self.digest.hex(),
            "created_at": self.created_at.isoformat(),
            "lapse_at": self.lapse_at.isoformat() if self.lapse_at else None,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "StoredSecret":
        """As `as_json` wrote it."""
        lapse_at = stored["lapse_at"]
        return cls(
            stored["id"],
            bytes.fromhex(stored["digest"]),
            datetime.fromisoformat(stored["created_at"]),
            datetime.fromisoformat(lapse_at) if lapse_at else None,
        )


def live(secrets: tuple[StoredSecret, ...], now: datetime) -> tuple[StoredSecret, ...]:
    """Those that open the door at `now`."""
    return tuple(secret for secret in secrets if secret.is_live(now))


def rotated(
    secrets: tuple[StoredSecret, ...], new: StoredSecret, now: datetime, grace: timedelta | None
) -> tuple[StoredSecret, ...]:
    """The secrets with a new one: lapsed ones are forgotten, the others lapse after `grace` (None: they stay)."""
    kept = live(secrets, now)
    return (*(kept if grace is None else tuple(secret.until(now + grace) for secret in kept)), new)


def match(secrets: tuple[StoredSecret, ...], shown: str, now: datetime) -> bool:
    """One of the live secrets is the one shown. The same work whether there are none or three."""
    offered = digest(shown)
    known = [secret.digest for secret in live(secrets, now)][:MOST_LIVE]
    found = False
    for place in range(MOST_LIVE):
        candidate = known[place] if place < len(known) else _NOBODYS
        found = (equal(candidate, offered) and place < len(known)) or found
    return found
