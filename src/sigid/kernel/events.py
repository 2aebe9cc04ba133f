"""What happened: one catalogue of event names, the outbox that webhooks read, and the entries of the audit log.

`tx.record(Event(…))` writes both in the transaction of the change itself. In a unit that knows a tenant they are the
tenant's; in a unit of the account alone the entry goes to the account's own activity log, and no tenant hears of it.
The sealer (`sigid.audit`) gives each entry its place in the Merkle log within two seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Text

from sigid.kernel import ids, retention
from sigid.kernel.callers import Caller
from sigid.kernel.database.schema import Json, Time, account_table, identifier, tenant_table
from sigid.kernel.database.statements import Append, append

# Every event that exists, and when it is sent. Names are dotted and in the past tense.
CATALOGUE: Final[Mapping[str, str]] = {
    "auth.login.success": "A person signed in to one of the tenant's applications.",
    "auth.login.failure": "A sign-in failed: a wrong password or code, or a person who may not sign in here.",
    "auth.code.requested": "Somebody asked for a code by mail to sign in.",
    "auth.login.throttled": "Tries were held back after too many failures.",
    "auth.code.replayed": "An authorization code was used a second time; what the first use got has ended.",
    "auth.refresh_token.reuse_detected": "A spent refresh token came back; its whole family has ended.",
    "auth.client.refused": "An application could not prove who it is.",
    "session.started": "A person's session began.",
    "session.ended": "A person's session ended: signed out, expired, or ended by somebody.",
    "account.created": "An account was made.",
    "account.locked": "An account was locked.",
    "account.deleted": "An account was deleted.",
    "address.added": "An address was added to an account, not yet proved.",
    "address.verified": "A person proved that an address is theirs.",
    "address.changed": "An account's address was changed.",
    "authenticator.added": "A way to sign in was added: a password, a passkey.",
    "authenticator.changed": "A way to sign in was replaced, such as a password.",
    "authenticator.breached": "A person signed in with a password that stands in a list of known ones.",
    "authenticator.removed": "A way to sign in was removed.",
    "recovery.requested": "Somebody asked for a link to set a new password.",
    "tenant_user.invited": "A person was invited to the tenant.",
    "tenant_user.preprovisioned": "A user was made for a person who has not been here yet.",
    "tenant_user.joined": "A person joined the tenant.",
    "tenant_user.activated": "An invited or preprovisioned user proved the address and is active.",
    "tenant_user.updated": "A tenant user's profile, roles or metadata changed.",
    "tenant_user.suspended": "A tenant user was suspended; what the tenant granted has ended.",
    "tenant_user.reactivated": "A suspended tenant user is active again.",
    "tenant_user.removed": "A tenant user was removed.",
    "application.created": "An application was made, by an administrator or by registration.",
    "application.updated": "An application's settings changed.",
    "application.secret_rotated": "An application got a further secret.",
    "application.suspended": "An application was suspended.",
    "application.reactivated": "A suspended application is active again.",
    "application.deleted": "An application was deleted.",
    "initial_access_token.created": "A token was made that lets clients register.",
    "initial_access_token.revoked": "A token that lets clients register was revoked.",
    "api.created": "An API was made.",
    "api.updated": "An API's scopes or settings changed.",
    "api.deleted": "An API was deleted.",
    "role.created": "A role was made.",
    "role.updated": "A role's permissions changed.",
    "role.deleted": "A role was deleted.",
    "administrator.added": "A person became administrator of the tenant.",
    "administrator.updated": "An administrator's role changed.",
    "administrator.removed": "A person is no longer administrator of the tenant.",
    "administrator.setup_link_created": "A one-time link for the first owner was made.",
    "tenant.created": "The tenant was made.",
    "tenant.updated": "The tenant's settings changed.",
    "tenant.suspended": "The tenant was suspended.",
    "tenant.reactivated": "The suspended tenant is active again.",
    "key.created": "A signing key was made and published.",
    "key.promoted": "A published signing key began to sign.",
    "key.revoked": "A signing key was revoked.",
    "consent.granted": "A person allowed an application what it asked for.",
    "consent.denied": "A person did not allow an application what it asked for.",
    "consent.revoked": "A person took back what an application was allowed.",
    "grant.ended": "An authorization of an application ended, with its tokens.",
    "token.revoked": "A token was revoked by its client.",
}


def _columns() -> tuple[Column[Any], ...]:
    return (
        identifier("id"),
        Column("occurred_at", Time, nullable=False),
        Column("action", Text, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("actor_type", Text, nullable=False),
        Column("actor_id", Text),
        Column("target_type", Text, nullable=False),
        Column("target_id", Text),
        Column("reason", Text),
        Column("changes", Json, nullable=False),
        Column("request_id", Text, nullable=False),
        Column("ip", Text),
        Column("user_agent", Text),
        Column("erased_leaf_hash", Text),
    )


audit_entry = tenant_table("audit_entry", *_columns(), by_time=True)
account_entry = account_table("account_entry", *_columns(), by_time=True)

# Entries that wait for their place in the Merkle log; the sealer takes them away.
audit_due = tenant_table("audit_due", identifier("id"))
account_due = account_table("account_due", identifier("id"))

event = tenant_table(
    "event",
    identifier("id"),
    Column("created_at", Time, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Json, nullable=False),
    by_time=True,
)
retention.kept_for(event, "evt", timedelta(days=30))

_APPEND_AUDIT = append(audit_entry)
_APPEND_ACCOUNT = append(account_entry)
_APPEND_AUDIT_DUE = append(audit_due)
_APPEND_ACCOUNT_DUE = append(account_due)
_APPEND_EVENT = append(event)

_LONGEST_USER_AGENT = 400


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `target` (its type and id). Nothing in it is a secret.

    `changes`: what was and what is, by field. `data`: what a webhook is told beside the target. `reason`: why, as the
    person said or as the private reason of a refusal.
    """

    name: str
    target_type: str
    target_id: str | None
    changes: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    outcome: str = "success"

    def __post_init__(self) -> None:
        if self.name not in CATALOGUE:
            raise ValueError(f"{self.name} is not in the catalogue of events")

    def rows(self, caller: Caller, now: datetime) -> Iterator[tuple[Append, dict[str, Any]]]:
        entry = {
            "id": ids.new_id("aud"),
            "occurred_at": now,
            "action": self.name,
            "outcome": self.outcome,
            "actor_type": caller.actor.type,
            "actor_id": caller.actor.id,
            "target_type": self.target_type,
            "target_id": self.target_id,
            "reason": self.reason,
            "changes": self.changes,
            "request_id": caller.origin.request_id,
            "ip": caller.origin.ip,
            "user_agent": (caller.origin.user_agent or "")[:_LONGEST_USER_AGENT] or None,
            "erased_leaf_hash": None,
        }
        if caller.tenant_id is None:
            if caller.account_id is None:
                raise RuntimeError("an event needs a tenant or an account")
            yield _APPEND_ACCOUNT, {"account_id": caller.account_id, **entry}
            yield _APPEND_ACCOUNT_DUE, {"account_id": caller.account_id, "id": entry["id"]}
            return
        yield _APPEND_AUDIT, {"tenant_id": caller.tenant_id, **entry}
        yield _APPEND_AUDIT_DUE, {"tenant_id": caller.tenant_id, "id": entry["id"]}
        yield (
            _APPEND_EVENT,
            {
                "tenant_id": caller.tenant_id,
                "id": ids.new_id("evt"),
                "created_at": now,
                "type": self.name,
                "data": {"target": {"type": self.target_type, "id": self.target_id}, **self.data},
            },
        )
