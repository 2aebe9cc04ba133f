"""Making applications, changing them, and rotating their secrets."""

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Final

from sigid.applications import queries, secrets
from sigid.applications.application import SECRET_METHODS, Application, columns
from sigid.applications.failures import ClientIdTaken, InvalidMetadata, StaleApplication, TooManySecrets
from sigid.applications.metadata import checked
from sigid.applications.secrets import StoredSecret
from sigid.kernel import ids
from sigid.kernel.database import Change
from sigid.kernel.events import Event
from sigid.kernel.secrets import Handle, Secret, digest

REGISTRATION_PREFIX: Final = "sigid_rat"

# What an administrator or a registration may say of an application; the rest follows from how it was made.
SETTINGS: Final = frozenset(field.name for field in fields(Application)) - {
    "id", "client_id", "type", "status", "version", "created_at", "registered", "secrets", "registration_token_digest",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """A new application, and what is shown of it only once."""

    application: Application
    secret: Secret | None
    registration_token: Handle | None


def defaults(application_type: str) -> dict[str, Any]:
    """What an application of this type has unless it says otherwise."""
    people = ("authorization_code", "refresh_token")
    return {
        "token_endpoint_auth_method": "none" if application_type in ("spa", "native") else "client_secret_basic",
        "grant_types": ("client_credentials",) if application_type == "service" else people,
    }


async def create(
    tx: Change,
    *,
    type: str,  # noqa: A002 (the field's name)
    name: str,
    client_id: str | None = None,
    client_secret: Secret | None = None,
    registered: bool = False,
    registration_token: bool = False,
    **settings: Any,
) -> Made:
    """Make an application, with a secret where its way of authenticating needs one.

    A chosen `client_id` or secret is the operator's (bootstrap); `registered`: by itself (RFC 7591), then it gets a
    token to manage itself with. Raises InvalidMetadata, InvalidRedirectUri, ClientIdTaken.
    """
    _refuse_unknown(settings)
    identifier = ids.new_id("app")
    application = checked(
        Application(
            id=identifier,
            client_id=client_id or identifier,
            name=name,
            type=type,
            status="active",
            version=1,
            created_at=tx.now,
            registered=registered,
            **(defaults(type) | settings),
        )
    )
    secret: Secret | None = None
    if application.token_endpoint_auth_method in SECRET_METHODS:
        secret = client_secret or Handle.generate(secrets.PREFIX, tx.tenant_id)
        application = replace(application, secrets=(StoredSecret.of(secret, tx.now),))
    token = Handle.generate(REGISTRATION_PREFIX, tx.tenant_id) if registration_token else None
    application = replace(application, registration_token_digest=token.digest if token else None)
    if await tx.run(queries.CLAIM_CLIENT_ID, key=digest(application.client_id)) == 0:
        raise ClientIdTaken
    await tx.run(
        queries.ADD,
        **columns(application),
        tenant_id=tx.tenant_id,
        response_types=list(application.response_types),
        last_used_at=None,
    )
    await _claim_origins(tx, application)
    changes = {"name": name, "type": type, "registered": registered, "client_id": application.client_id}
    tx.record(Event("application.created", "application", identifier, changes=changes))
    return Made(application, secret, token)


async def update(tx: Change, application: Application, **settings: Any) -> Application:
    """Change what is given; the rules hold for the whole result. Raises as `create`, and StaleApplication.

    An application that from now on authenticates by a secret and has none gets one with `add_secret`.
    """
    _refuse_unknown(settings)
    new = checked(replace(application, **settings))
    changes = {
        name: {"before": getattr(application, name), "after": getattr(new, name)}
        for name in settings
        if getattr(application, name) != getattr(new, name)
    }
    new = await _store(tx, new, Event("application.updated", "application", new.id, changes=changes))
    await _claim_origins(tx, new)
    return new


async def suspend(tx: Change, application: Application, reason: str | None = None) -> Application:
    """Stop everything of it with the next request. Raises StaleApplication."""
    event = Event("application.suspended", "application", application.id, reason=reason)
    return await _store(tx, replace(application, status="suspended"), event)


async def reactivate(tx: Change, application: Application) -> Application:
    """Let it go on. Raises StaleApplication."""
    event = Event("application.reactivated", "application", application.id)
    return await _store(tx, replace(application, status="active"), event)


async def delete(tx: Change, application: Application) -> bool:
    """Delete it and release its client id. What it was given dies by its absence."""
    if await tx.run(queries.DELETE, id=application.id) == 0:
        return False
    await tx.run(queries.RELEASE_CLIENT_ID, key=digest(application.client_id))
    tx.record(Event("application.deleted", "application", application.id, changes={"name": application.name}))
    return True


async def add_secret(
    tx: Change, application: Application, grace: timedelta | None = None
) -> tuple[Application, StoredSecret, Secret]:
    """Add a live secret; the others lapse after `grace` (None: they stay). Raises TooManySecrets, StaleApplication."""
    if len(secrets.live(application.secrets, tx.now)) >= secrets.MOST_LIVE:
        raise TooManySecrets
    secret = Handle.generate(secrets.PREFIX, tx.tenant_id)
    stored = StoredSecret.of(secret, tx.now)
    new = replace(application, secrets=secrets.rotated(application.secrets, stored, tx.now, grace))
    event = Event("application.secret_rotated", "application", application.id, changes={"added": stored.id})
    return await _store(tx, new, event), stored, secret


async def delete_secret(tx: Change, application: Application, secret_id: str) -> Application | None:
    """Let a secret lapse at once; None where there is no such secret. Raises StaleApplication."""
    left = tuple(secret for secret in application.secrets if secret.id != secret_id)
    if len(left) == len(application.secrets):
        return None
    event = Event("application.secret_rotated", "application", application.id, changes={"removed": secret_id})
    return await _store(tx, replace(application, secrets=left), event)


async def replace_registration_token(tx: Change, application: Application) -> tuple[Application, Handle]:
    """A new token to manage it with (RFC 7592 section 3); the old one is dead. Raises StaleApplication."""
    token = Handle.generate(REGISTRATION_PREFIX, tx.tenant_id)
    new = replace(application, registration_token_digest=token.digest)
    changes = {"registration_access_token": "replaced"}
    return await _store(tx, new, Event("application.updated", "application", new.id, changes=changes)), token


async def _store(tx: Change, new: Application, event: Event) -> Application:
    values = {
        name: value
        for name, value in columns(new).items()
        if name not in ("client_id", "type", "registered", "created_at")
    }
    expected = values.pop("version")
    stored = await tx.run(queries.UPDATE, expected=expected, response_types=list(new.response_types), **values)
    if stored == 0:
        raise StaleApplication
    tx.record(event)
    return replace(new, version=new.version + 1)


async def _claim_origins(tx: Change, application: Application) -> None:
    """Let preflights from its origins pass. They stay known: a preflight alone gives nothing away."""
    for origin in sorted(application.browser_origins):
        await tx.run(queries.CLAIM_ORIGIN, key=digest(origin))


def _refuse_unknown(settings: dict[str, Any]) -> None:
    for name in settings:
        if name not in SETTINGS:
            raise InvalidMetadata(f"/{name}", "metadata_unknown", f"{name} is not a setting of an application.")
