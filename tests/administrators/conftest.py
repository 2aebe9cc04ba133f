"""A tenant without keeper, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from sigid import tenants
from sigid.accounts import passwords, people
from sigid.kernel import callers
from sigid.kernel.callers import SYSTEM, Caller, Origin
from sigid.kernel.database import change
from sigid.kernel.email_addresses import EmailAddress
from sigid.kernel.events import Event
from sigid.kernel.ids import AccountId
from sigid.tenants import Tenant
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened

PASSWORD = "correct-horse-battery-staple"


@dataclass(frozen=True)
class House:
    tenant: Tenant
    origin: Origin

    @property
    def caller(self) -> Caller:
        return callers.in_tenant(self.tenant.id, SYSTEM, self.origin)

    async def person(self, email: str, *, password: str | None = PASSWORD, verified: bool = True) -> AccountId:
        """Somebody who has an account."""
        account_id = people.new_account_id()
        hashed = await passwords.hash_password(password) if password is not None else None
        async with change(self.caller.with_account(account_id)) as tx:
            await people.create(tx, EmailAddress.parse(email), name="", password_hash=hashed, verified=verified)
            tx.record(Event("account.created", "account", None))
        return account_id


@pytest.fixture
async def house(database: str, cluster: Postgresql | None) -> AsyncIterator[House]:
    async with opened(database, cluster):
        origin = Origin("req_1", "192.0.2.1")
        async with change(tenants.founding(SYSTEM, origin)) as tx:
            tenant = await tenants.create(tx, slug="acme", name="Acme")
        yield House(tenant, origin)
