"""Keys, grants and tokens below HTTP, on both databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from sigid import applications, members, tenants
from sigid.applications import Application
from sigid.kernel import callers, ids
from sigid.kernel.callers import SYSTEM, Caller, Origin
from sigid.kernel.database import Use, change, look, param, statement, use
from sigid.kernel.events import audit_entry
from sigid.tenants import Tenant
from sigid.tokens import grants, keys, schedule, sessions
from tests.harness.postgresql import Postgresql
from tests.harness.storage import opened


@dataclass(frozen=True)
class Scene:
    """A tenant with a web application and a service, and keys that sign."""

    tenant: Tenant
    web: Application
    robot: Application

    @property
    def caller(self) -> Caller:
        return callers.in_tenant(self.tenant.id, SYSTEM, Origin.process())


@pytest.fixture
async def storage(database: str, cluster: Postgresql | None) -> AsyncIterator[None]:
    async with opened(database, cluster):
        await schedule.keep_scheduled()
        await keys.load()
        yield


@pytest.fixture
async def scene(storage: None) -> Scene:
    return await make_scene("acme")


async def make_scene(slug: str) -> Scene:
    async with change(tenants.founding(SYSTEM, Origin.process())) as tx:
        tenant = await tenants.create(tx, slug=slug, name=slug.title())
        web = await applications.create(
            tx, type="web", name="web", redirect_uris=("https://app.example/cb",), scopes=("openid", "offline_access")
        )
        robot = await applications.create(tx, type="service", name="robot", scopes=("projects:read",))
    return Scene(tenant, web.application, robot.application)


@dataclass(frozen=True)
class User:
    """A tenant user with a session, made without her account."""

    id: str
    sub: str
    sid: str

    def grant(self, tx: Use, scene: Scene, **changes: Any) -> grants.Grant:
        values: dict[str, Any] = {
            "application_id": scene.web.id,
            "tenant_user_id": self.id,
            "sub": self.sub,
            "scope": "openid offline_access",
            "audiences": (),
            "claims": {},
            "auth_time": tx.now,
            "acr": "urn:sigid:acr:1fa",
            "amr": ("pwd",),
            "sid": self.sid,
            "offline": True,
            "life": timedelta(days=90),
        }
        return grants.create(tx, **(values | changes))

    async def become(self, status: str, scene: Scene) -> None:
        async with use(scene.caller) as tx:
            assert await tx.run(_SET_STATUS, id=self.id, status=status) == 1


_u = members.standing.c
_ADD_USER = statement(
    "tests.add_user", insert(members.standing).values({column.name: param(column.name, column) for column in _u})
)
_SET_STATUS = statement(
    "tests.set_user_status",
    update(members.standing)
    .where(_u.tenant_id == param("tenant_id", _u.tenant_id), _u.id == param("id", _u.id))
    .values(status=param("status", _u.status)),
)
_EVENTS = statement(
    "tests.events",
    select(audit_entry.c.action)
    .where(audit_entry.c.tenant_id == param("tenant_id", audit_entry.c.tenant_id))
    .order_by(audit_entry.c.id),
)


@pytest.fixture
async def user(scene: Scene) -> User:
    account = ids.AccountId(ids.new_id("acct"))
    async with use(scene.caller.with_account(account)) as tx:
        made = User(ids.new_id("tu"), ids.new_subject(), "")
        values: dict[str, Any] = {column.name: None for column in _u if column.name not in ("tenant_id", "account_id")}
        values |= {"id": made.id, "sub": made.sub, "status": "active", "email_verified": True, "version": 1}
        values |= {"role_ids": [], "metadata": {}, "created_at": tx.now, "status_changed_at": tx.now}
        await tx.run(_ADD_USER, **values)
        return User(made.id, made.sub, sessions.begin(tx, made.id))


async def events(scene: Scene) -> list[str]:
    async with look(scene.caller) as tx:
        return [row.action for row in await tx.all(_EVENTS)]
