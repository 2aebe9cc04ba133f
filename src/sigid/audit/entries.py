"""An audit entry as JSON: what the API and an export show, and what its leaf is made of."""

from datetime import datetime
from typing import Any

from sigid.kernel.database import Row


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC, always to the microsecond, so that the same moment is always the same text."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_json(row: Row, entry_id: str, seq: int | None) -> dict[str, Any]:
    """The entry of a row; `seq` is None while it is not sealed."""
    entry = {
        "id": entry_id,
        "occurred_at": timestamp(row.occurred_at),
        "action": row.action,
        "outcome": row.outcome,
        "actor": {"type": row.actor_type, "id": row.actor_id},
        "target": {"type": row.target_type, "id": row.target_id},
        "reason": row.reason,
        "changes": row.changes,
        "request_id": row.request_id,
        "ip": row.ip,
        "user_agent": row.user_agent,
        "seal": None if seq is None else {"seq": seq},
    }
    if row.erased_leaf_hash is not None:
        entry["erased"] = {"leaf_hash": row.erased_leaf_hash}
    return entry
