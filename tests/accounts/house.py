"""A tenant, people with accounts, and browsers in which they sign in; below HTTP, on both databases."""

import secrets
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from sigid import tenants
from sigid.accounts import interactions, passwords, people, sessions, sign_in, sign_up
from sigid.accounts.interactions import Interaction
from sigid.accounts.sessions import Session
from sigid.accounts.sign_in import NeedsProof, SignedIn, WrongPassword
from sigid.kernel import callers
from sigid.kernel.callers import ANONYMOUS, SYSTEM, Caller, Origin
from sigid.kernel.database import Change, change, look, param, statement, use
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.errors import Throttled
from sigid.kernel.events import account_entry, audit_entry, event
from sigid.kernel.ids import AccountId
from sigid.tenants import Tenant
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened

PASSWORD = "correct-horse-battery-staple"
WRONG = "not-her-password-at-all"
ADA = EmailAddress.parse("ada@example.com")
LIFE = timedelta(hours=1)
CODE_LIFE = timedelta(minutes=10)
IDLE, ABSOLUTE = timedelta(hours=24), timedelta(days=30)

_AUDIT = statement(
    "test.audit",
    select(
        audit_entry.c.action, audit_entry.c.outcome, audit_entry.c.reason, audit_entry.c.actor_type,
        audit_entry.c.actor_id, audit_entry.c.target_type, audit_entry.c.target_id, audit_entry.c.changes,
    )
    .where(audit_entry.c.tenant_id == param("tenant_id", audit_entry.c.tenant_id))
    .order_by(audit_entry.c.id),
)  # fmt: skip
_EVENTS = statement(
    "test.events",
    select(event.c.type, event.c.data)
    .where(event.c.tenant_id == param("tenant_id", event.c.tenant_id))
    .order_by(event.c.id),
)
_OWN = statement(
    "test.own_log",
    select(account_entry.c.action)
    .where(account_entry.c.account_id == param("account_id", account_entry.c.account_id))
    .order_by(account_entry.c.id),
)


@dataclass
class Browser:
    """One browser at one tenant: its sign-in under way and the cookies that it was given."""

    house: "House"
    ip: str
    digest: bytes
    interaction: str = ""
    cookie: str = ""
    device: str | None = None

    @property
    def caller(self) -> Caller:
        return callers.in_tenant(self.house.tenant.id, ANONYMOUS, Origin("req_1", self.ip, "A browser"))

    async def found(self) -> Interaction:
        async with look(self.caller) as tx:
            found = await interactions.find(tx, self.interaction, self.digest)
        assert found is not None
        return found

    async def begin(self) -> "Browser":
        async with use(self.caller) as tx:
            self.interaction = await interactions.begin(tx, self.digest, None, {}, LIFE)
        return self

    async def sessions(self, idle: timedelta = IDLE, absolute: timedelta = ABSOLUTE) -> list[Session]:
        return await sessions.load(self.cookie, self.caller.origin, idle, absolute)

    def _keep(self, made: SignedIn, before: list[Session]) -> SignedIn:
        others = [one.handle for one in before if one.account_id != made.account_id]
        self.cookie = sessions.cookie_of([made.handle, *others])
        if made.device is not None:
            self.device = made.device.reveal()
        return made

    async def type(self, email: EmailAddress, password: str) -> SignedIn | NeedsProof:
        """Type a password. Raises what a page would show."""
        here = await self.sessions()
        made = await sign_in.by_password(self.caller, await self.found(), email, password, self.device, ABSOLUTE, here)
        return self._keep(made, here) if isinstance(made, SignedIn) else made

    async def sign_in(self, email: EmailAddress = ADA, password: str = PASSWORD) -> SignedIn:
        made = await self.type(email, password)
        assert isinstance(made, SignedIn)
        return made

    async def why(self, email: EmailAddress, password: str) -> str | None:
        """Why a password was not taken: the private reason; None where it was."""
        try:
            await self.type(email, password)
        except (WrongPassword, Throttled) as refused:
            return refused.reason
        return None

    async def ask_code(self, email: EmailAddress, *, password_of: str = "") -> str:
        """Ask for a code to sign in; the code, which only the mailbox knows."""
        await sign_in.count_code_request(self.caller, email, self.device)
        found = await self.found()
        async with use(self.caller) as tx:
            return await interactions.send_code(tx, found, "signin", email.display, CODE_LIFE, password_of=password_of)

    async def type_code(self, code: str) -> SignedIn | None:
        here = await self.sessions()
        made = await sign_in.by_code(self.caller, await self.found(), code, self.device, ABSOLUTE, here)
        return self._keep(made, here) if made is not None else None

    async def sign_up(self, email: EmailAddress, password: str, name: str = "Somebody") -> sign_up.Sent:
        """Fill the form of sign-up; what is mailed."""
        hashed = await passwords.hash_password(password)
        known, found = await people.find(email, self.caller.origin), await self.found()
        async with change(self.caller) as tx:
            return await sign_up.submit(tx, found, email, name=name, password_hash=hashed, known=known, life=CODE_LIFE)

    async def prove(self, code: str) -> SignedIn | None:
        here = await self.sessions()
        made = await sign_up.prove(self.caller, await self.found(), code, self.device, ABSOLUTE, _join_nothing, here)
        return self._keep(made, here) if made is not None else None


async def _join_nothing(tx: Change, email: EmailAddress, name: str) -> None:
    """The tenant's users are tried in tests/members."""


@dataclass(frozen=True)
class House:
    tenant: Tenant
    origin: Origin = field(default_factory=Origin.process)

    @property
    def caller(self) -> Caller:
        return callers.in_tenant(self.tenant.id, SYSTEM, self.origin)

    async def browser(self, ip: str = "192.0.2.1") -> Browser:
        return await Browser(self, ip, secrets.token_bytes(32)).begin()

    async def another(self, slug: str) -> "House":
        async with change(tenants.founding(SYSTEM, self.origin)) as tx:
            return replace(self, tenant=await tenants.create(tx, slug=slug, name=slug.title()))

    async def person(
        self, email: EmailAddress = ADA, password: str | None = PASSWORD, *, verified: bool = True
    ) -> AccountId:
        """Somebody who has an account."""
        account_id = people.new_account_id()
        hashed = await passwords.hash_password(password) if password is not None else None
        async with change(callers.as_account(account_id, self.origin)) as tx:
            await people.create(tx, email, name="Somebody", password_hash=hashed, verified=verified)
        return account_id

    async def lock(self, account_id: AccountId) -> list[sessions.Ended]:
        async with change(callers.as_account(account_id, self.origin, SYSTEM)) as tx:
            return await people.lock(tx, "abuse")

    async def log(self) -> Counter[str]:
        """What the tenant can read: its audit log and its events, without ids and times, and how often."""
        async with look(self.caller) as tx:
            return Counter(str(tuple(row)) for row in [*await tx.all(_AUDIT), *await tx.all(_EVENTS)])

    async def own_log(self, account_id: AccountId) -> list[str]:
        async with look(callers.as_account(account_id, self.origin)) as tx:
            return [row.action for row in await tx.all(_OWN)]


def other_code(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.fixture
async def house(database: str, cluster: Postgresql | None) -> AsyncIterator[House]:
    async with opened(database, cluster):
        async with change(tenants.founding(SYSTEM, Origin.process())) as tx:
            tenant = await tenants.create(tx, slug="acme", name="Acme")
        yield House(tenant)
