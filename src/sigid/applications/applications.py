"""Making applications and changing them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import select, update

from sigid.applications.metadata import InvalidMetadata, Metadata, check
from sigid.applications.secrets import StoredSecret, new_secret
from sigid.applications.tables import application, client_owner, origin_owner
from sigid.kernel import ids
from sigid.kernel.database import Change, append, param, statement, upsert
from sigid.kernel.errors import Refused
from sigid.kernel.events import Event
from sigid.kernel.secrets import Secret

_a = application.c
_APPEND = append(application)
_CLAIM_CLIENT = append(client_owner)
_OWNER = statement("client_owner.taken", select(client_owner.c.tenant_id).where(client_owner.c.key == param("key", client_owner.c.key)))
_FREE_CLIENT = statement("client_owner.free", delete_from(client_owner).where(client_owner.c.key == param("key", client_owner.c.key)))
_CLAIM_ORIGIN = upsert(
    "origin_owner.claim",
    lambda insert: insert(origin_owner)
    .values(key=param("key", origin_owner.c.key), tenant_id=param("tenant_id", origin_owner.c.tenant_id))
    .on_conflict_do_nothing(),
)
_MINE = (_a.tenant_id == param("tenant_id", _a.tenant_id), _a.id == param("id", _a.id))
_LOCK = statement("application.lock", select(*_a).where(*_MINE).with_for_update())
_SET_STATUS = statement(
    "application.set_status",
    update(application)
    .where(*_MINE, _a.status != param("status", _a.status))
    .values(status=param("status", _a.status), version=_a.version + 1),
)
_REPLACE = statement(
    "application.replace",
    update(application)
    .where(*_MINE)
    .values(name=param("name", _a.name), metadata=param("metadata", _a.metadata), version=_a.version + 1),
)
_SET_REGISTRATION_TOKEN = statement(
    "application.set_registration_token",
    update(application).where(*_MINE).values(registration_token_digest=param("digest", _a.registration_token_digest)),
)
_DELETE = statement("application.delete", delete_from(application).where(*_MINE).returning(_a.client_id))


@dataclass(frozen=True, slots=True)
class Application:
    """An OAuth client, as of one version of its row."""

    id: str
    tenant_id: str
    client_id: str
    name: str
    type: str
    metadata: Metadata
    registered: bool
    version: int
    created_at: datetime

    @property
    def public(self) -> bool:
        return self.metadata.token_endpoint_auth_method == "none"  # noqa: S105

    def may_use(self, grant_type: str) -> bool:
        return grant_type in self.metadata.grant_types


def from_row(row: Any) -> Application:
    return Application(
        row.id, row.tenant_id, row.client_id, row.name, row.type, Metadata.from_json(row.metadata), row.registered,
        row.version, row.created_at,
    )  # fmt: skip


async def create(
    tx: Change,
    *,
    type_: str,
    name: str,
    metadata: Metadata,
    client_id: str | None = None,
    client_secret: Secret | None = None,
    registered: bool = False,
    registration_token: Secret | None = None,
) -> tuple[Application, Secret | None]:
    """Make an application; with its secret, where its way of authenticating needs one.

    A chosen `client_id` or secret is the operator's (bootstrap). Raises OAuthError for what `metadata.check` refuses.
    """
    metadata = check(type_, name, metadata)
    identifier = ids.new_id("app")
    if client_id is not None:
        if not 1 <= len(client_id) <= 200 or not client_id.isascii() or not client_id.isprintable() or " " in client_id:
            raise InvalidMetadata("client_id_malformed", "client_id must have 1 to 200 printable characters.")
        if await tx.one(_OWNER, key=_key(client_id)) is not None:
            raise Refused("conflict", "client_id_taken", "This client_id is taken.", status=409)
    made = Application(
        identifier, tx.tenant_id, client_id or identifier, name, type_, metadata, registered, 1, tx.now
    )
    secret, stored = None, list[StoredSecret]()
    if metadata.token_endpoint_auth_method in ("client_secret_basic", "client_secret_post"):
        secret, first = new_secret(tx, client_secret)
        stored = [first]
    tx.append(_CLAIM_CLIENT, key=_key(made.client_id), tenant_id=tx.tenant_id)
    tx.append(
        _APPEND, id=made.id, client_id=made.client_id, name=name, type=type_, status="active",
        metadata=metadata.to_json(), secrets=[item.to_json() for item in stored], registered=registered,
        registration_token_digest=registration_token.digest if registration_token else None, version=1,
        created_at=tx.now, last_used_at=None,
    )  # fmt: skip
    await _claim_origins(tx, metadata.origins)
    tx.record(
        Event("application.created", "application", made.id, data={"name": name, "type": type_, "registered": registered})
    )
    return made, secret


async def replace_metadata(tx: Change, application_id: str, name: str, metadata: Metadata) -> Application:
    """Replace everything that an application says of itself; the same rules hold as when it was made."""
    row = await tx.one(_LOCK, id=application_id)
    if row is None:
        raise Refused("not_found", "application_unknown", status=404)
    metadata = check(row.type, name, metadata)
    before = Metadata.from_json(row.metadata)
    await tx.run(_REPLACE, id=application_id, name=name, metadata=metadata.to_json())
    await _claim_origins(tx, metadata.origins)
    tx.record(
        Event(
            "application.updated", "application", application_id,
            changes={"name": {"before": row.name, "after": name},
                     "metadata": {"before": before.to_json(), "after": metadata.to_json()}},
        )  # fmt: skip
    )
    return Application(
        row.id, row.tenant_id, row.client_id, name, row.type, metadata, row.registered, row.version + 1, row.created_at
    )


async def set_registration_token(tx: Change, application_id: str, token: Secret) -> None:
    await tx.run(_SET_REGISTRATION_TOKEN, id=application_id, digest=token.digest)


async def set_status(tx: Change, application_id: str, status: str, reason: str | None = None) -> bool:
    """Suspend or reactivate; refused (or served) from the next request on, on every process."""
    if await tx.run(_SET_STATUS, id=application_id, status=status) == 0:
        return False
    name = "application.suspended" if status == "suspended" else "application.reactivated"
    tx.record(Event(name, "application", application_id, changes={"status": {"after": status}}, reason=reason))
    return True


async def delete(tx: Change, application_id: str) -> bool:
    """Delete an application and release its client id. What it was given ends by its absence."""
    gone = await tx.one(_DELETE, id=application_id)
    if gone is None:
        return False
    await tx.run(_FREE_CLIENT, key=_key(gone.client_id))
    tx.record(Event("application.deleted", "application", application_id))
    return True


async def _claim_origins(tx: Change, origins: Iterable[str]) -> None:
    for origin in origins:
        await tx.run(_CLAIM_ORIGIN, key=_key(origin))


def _key(text: str) -> bytes:
    return sha256(text.encode()).digest()
