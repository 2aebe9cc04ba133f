"""From the document to the database: what users and applications stand on, then people, a unit for each, then secrets.

Applications and everything else that has a secret come last, in one unit, so that no secret is made that is not told.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sigid import administrators, apis, applications, members, roles, tenants
from sigid.accounts import passwords, people
from sigid.administrators import Administrator, setup_links
from sigid.apis import Catalogue
from sigid.applications import Application, initial_access
from sigid.bootstrap.document import ApplicationPart, Document, DocumentError, UserPart, below
from sigid.kernel.callers import SYSTEM, Caller, Origin, anyone, in_tenant
from sigid.kernel.database import Change, Conflict, change, look
from sigid.kernel.email_addresses import EmailAddress, EmailMalformed
from sigid.kernel.errors import Refused, SigidError
from sigid.kernel.ids import TenantId
from sigid.kernel.secrets import Secret
from sigid.members import TenantUser
from sigid.tenants import Tenant

INITIAL_ACCESS_USES: Final = 1000
_INITIAL_ACCESS_LIFE: Final = timedelta(hours=24)


async def make(document: Document, issuer: str) -> dict[str, Any]:
    """Create what is missing; the answer of `sigid bootstrap --json`. Raises DocumentError."""
    for _ in range(2):
        with suppress(Conflict, _TakenError):  # another bootstrap made the same thing a moment ago: now it is there
            return await _Making(document, issuer).run()
    return await _Making(document, issuer).run()


async def setup_link(caller: Caller, issuer: str) -> str:
    """A new setup link of the caller's tenant, which on an installation without operator also makes the first."""
    makes_operator = not await administrators.operators.are_there_any()
    async with change(caller) as tx:
        return setup_links.url(issuer, await setup_links.create(tx, makes_operator=makes_operator))


@dataclass(frozen=True, slots=True)
class _Person:
    """A user of the document, with what takes time done before any unit begins."""

    place: str
    part: UserPart
    email: EmailAddress
    password_hash: str | None


class _Making:
    def __init__(self, document: Document, issuer: str) -> None:
        self._document = document
        self._issuer = issuer
        self._origin = Origin.process()

    async def run(self) -> dict[str, Any]:
        persons = [await self._prepare(f"users[{n}]", user) for n, user in enumerate(self._document.users)]
        await self._rehearse()
        tenant = await self._known_tenant()
        async with change(self._caller(tenant)) as tx:
            tenant = tenant or await self._make_tenant(tx)
            made_apis = await self._foundations(tx)
        users = [await self._person(tenant.id, person) for person in persons]
        with_secrets = await self._with_secrets(self._caller(tenant))
        return {
            "issuer": self._issuer,
            "tenant": {"id": tenant.id, "slug": tenant.slug},
            "users": users,
            "apis": made_apis,
            **with_secrets,
        }

    async def _rehearse(self) -> None:
        """Make everything that has rules and undo it: a file with a mistake leaves nothing behind."""
        tenant = await self._known_tenant()
        with suppress(_RehearsedError):
            async with change(self._caller(tenant)) as tx:
                if tenant is None:
                    await self._make_tenant(tx)
                await self._foundations(tx)
                await self._applications(tx)
                raise _RehearsedError

    def _caller(self, tenant: Tenant | None) -> Caller:
        if tenant is None:
            return tenants.founding(SYSTEM, self._origin)
        return in_tenant(tenant.id, SYSTEM, self._origin)

    async def _prepare(self, place: str, part: UserPart) -> _Person:
        try:
            email = EmailAddress.parse(part.email)
        except EmailMalformed:
            raise DocumentError(f"{place}.email", "is not an e-mail address") from None
        known = await people.owner_of(email, self._origin) is not None
        hashed = None
        if part.password is not None and not known:
            try:
                hashed = await passwords.hash_password(part.password)
            except passwords.PasswordUnusable as error:
                raise DocumentError(f"{place}.password", str(error)) from None
        return _Person(place, part, email, hashed)

    async def _known_tenant(self) -> Tenant | None:
        async with look(anyone(self._origin)) as tx:
            return await tenants.by_slug(tx, self._document.tenant.slug)

    async def _make_tenant(self, tx: Change) -> Tenant:
        part = self._document.tenant
        with _placed("tenant"):
            return await tenants.create(tx, slug=part.slug, name=part.name or part.slug)

    async def _foundations(self, tx: Change) -> list[dict[str, Any]]:
        """Roles and APIs."""
        for name, permissions in self._roles().items():
            with _placed(f"roles.{name}"):
                if await roles.by_name(tx, name) is None:
                    await roles.create(tx, name=name, permissions=permissions)
        known = {api.audience: api for api in await apis.every(tx)}
        made = []
        for number, part in enumerate(self._document.apis):
            api = known.get(part.audience)
            if api is None:
                with _placed(f"apis[{number}]"):
                    said = {**part.model_dump(), "name": part.name or part.audience}
                    api = await apis.create(tx, issuer=self._issuer, **said)
            made.append({"audience": api.audience, "id": api.id})
        return made

    def _roles(self) -> dict[str, list[str]]:
        """Those that are defined; and those that users name and nothing defines, without permissions."""
        named: dict[str, list[str]] = {name: [] for user in self._document.users for name in user.roles or ()}
        return {**named, **self._document.roles}

    async def _person(self, tenant_id: TenantId, person: _Person) -> dict[str, Any]:
        """The account where there is none, then what it is in the tenant."""
        part = person.part
        known = await people.find(person.email, self._origin)
        account_id = known.account_id if known is not None else people.new_account_id()
        verified = known.verified if known is not None else part.email_verified
        async with change(in_tenant(tenant_id, SYSTEM, self._origin, account_id)) as tx:
            if known is None:
                await people.create(
                    tx, person.email, name=part.name or "", password_hash=person.password_hash, verified=verified
                )
            user, user_made = await self._user(tx, person, verified=verified)
            administrator, administrator_made = await _administrator(tx, part)
        return {
            "email": part.email,
            "id": user.id if user is not None else None,
            "sub": user.sub if user is not None else None,
            "administrator_id": administrator.id if administrator is not None else None,
            "created": user_made or administrator_made,
        }

    async def _user(self, tx: Change, person: _Person, *, verified: bool) -> tuple[TenantUser | None, bool]:
        """The account's user in this tenant, and whether it was made now."""
        user = await members.of_account(tx, tx.account_id)
        if user is not None or not person.part.is_user:
            return user, False
        waiting = await members.find_waiting(tx, person.email.lookup)
        if waiting is not None and verified:
            user = await members.activate(tx, waiting, account_id=tx.account_id, name=person.part.name)
        elif waiting is not None:
            return waiting, False
        if user is None:
            role_ids = [role.id for name in person.part.roles or () if (role := await roles.by_name(tx, name))]
            if not verified:  # the user waits until the person has proved the address
                email, name = person.email.display, person.part.name
                return members.preprovision(tx, email=email, name=name, role_ids=role_ids, invite=False), True
            user = members.join(
                tx, account_id=tx.account_id, email=person.email.display, verified=verified, name=person.part.name,
                role_ids=role_ids,
            )  # fmt: skip
        await people.add_membership(tx, user.id)
        return user, True

    async def _with_secrets(self, caller: Caller) -> dict[str, Any]:
        makes_operator = not await administrators.operators.are_there_any()
        async with change(caller) as tx:
            made = await self._applications(tx)
            link = None
            if not await administrators.has_owner(tx) and not await setup_links.is_there_one(tx):
                handle = await setup_links.create(tx, makes_operator=makes_operator)
                link = setup_links.url(self._issuer, handle)
            token = None
            if self._document.initial_access_token and not await initial_access.was_one_made(tx):
                token = await initial_access.create(tx, uses=INITIAL_ACCESS_USES, life=_INITIAL_ACCESS_LIFE)
        return {
            "setup_link": link,
            "applications": made,
            "initial_access_token": token.reveal() if token is not None else None,
        }

    async def _applications(self, tx: Change) -> list[dict[str, Any]]:
        catalogue = await apis.catalogue(tx, await tenants.own(tx), self._issuer)
        return [
            await self._application(tx, f"applications[{number}]", part, catalogue)
            for number, part in enumerate(self._document.applications)
        ]

    async def _application(self, tx: Change, place: str, part: ApplicationPart, catalogue: Catalogue) -> dict[str, Any]:
        known = await self._known_application(tx, place, part)
        secret: Secret | None = None
        if known is None:
            with _placed(place):
                made = await applications.create(
                    tx,
                    type=part.type,
                    name=part.name,
                    client_id=part.client_id,
                    client_secret=Secret(part.client_secret) if part.client_secret is not None else None,
                    **self._settings(place, part, catalogue),
                )
            application, secret = made.application, made.secret
        else:
            application = known
        return {
            "name": application.name,
            "id": application.id,
            "client_id": application.client_id,
            "client_secret": secret.reveal() if secret is not None else None,
            "type": application.type,
            "created": known is None,
        }

    async def _known_application(self, tx: Change, place: str, part: ApplicationPart) -> Application | None:
        named = await applications.by_name(tx, part.name)
        if part.client_id is None:
            return named[0] if named else None
        found = await applications.by_client_id(tx, part.client_id)
        if found is None and any(application.client_id != part.client_id for application in named):
            raise DocumentError(f"{place}.client_id", "the application of this name has another client_id")
        return found.application if found is not None else None

    def _settings(self, place: str, part: ApplicationPart, catalogue: Catalogue) -> dict[str, Any]:
        """What it says of itself, with the audiences that its scopes belong to spelled out."""
        audiences = []
        for number, audience in enumerate(part.audiences):
            api = catalogue.find(audience)
            if api is None:
                raise DocumentError(f"{place}.audiences[{number}]", "the tenant has no API with this audience")
            audiences.append(api.audience)
        unknown = catalogue.unknown_scopes(part.scopes, audiences)
        if unknown:
            number = part.scopes.index(unknown[0])
            raise DocumentError(f"{place}.scopes[{number}]", "none of the audiences has this scope")
        return {**part.settings(), "audiences": tuple(audiences)}


async def _administrator(tx: Change, part: UserPart) -> tuple[Administrator | None, bool]:
    """What the account is among the tenant's administrators, and whether it became that now."""
    known = await administrators.by_account(tx, tx.account_id)
    if known is not None and known.status != "removed":
        return known, False
    if part.administrator is None:
        return None, False
    return await administrators.add(tx, tx.account_id, part.administrator), True


class _RehearsedError(SigidError):
    """Undoes the unit in which it is raised."""


class _TakenError(DocumentError):
    """Something is taken that was free when we looked."""


_TAKEN: Final = frozenset({"slug_taken", "role_name_taken", "audience_taken"})


@contextmanager
def _placed(place: str) -> Iterator[None]:
    """A refusal within names its place in the file."""
    try:
        yield
    except Refused as refused:
        kind = _TakenError if refused.reason in _TAKEN else DocumentError
        raise kind(below(place, getattr(refused, "pointer", "")), refused.description) from None
