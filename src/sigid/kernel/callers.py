"""Who asks, from where, and what of the database they may see.

A `Caller` is made by an access check and is the only way to a transaction: it names one tenant and at most one
account, and other rows do not exist for it. Code that must cross tenants (operators, the worker, commands on the
server) goes by the visibly named door `across`.
"""

from dataclasses import dataclass, field, replace

from sigid.kernel.ids import AccountId, TenantId, new_id


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from: what audit entries and throttles say of it."""

    request_id: str
    ip: str | None = None
    user_agent: str | None = None

    @classmethod
    def process(cls) -> "Origin":
        """Work that no request asked for: a command or the worker."""
        return cls(request_id=new_id("req"))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, as the audit log names them. `type`: user, administrator, operator, service, agent, account,
    anonymous, system. The id is one that the tenant may see (never an account's, in a tenant's log)."""

    type: str
    id: str | None = None


SYSTEM = Actor("system", "sigid")
ANONYMOUS = Actor("anonymous")


@dataclass(frozen=True, slots=True)
class Caller:
    tenant_id: TenantId | None
    account_id: AccountId | None
    actor: Actor
    origin: Origin = field(default_factory=Origin.process)
    crosses_tenants: bool = False

    def acting_as(self, actor: Actor) -> "Caller":
        return replace(self, actor=actor)

    def with_account(self, account_id: AccountId) -> "Caller":
        return replace(self, account_id=account_id)


def in_tenant(tenant_id: TenantId, actor: Actor, origin: Origin, account_id: AccountId | None = None) -> Caller:
    """A caller whom an access check placed in one tenant."""
    return Caller(tenant_id, account_id, actor, origin)


def as_account(account_id: AccountId, origin: Origin, actor: Actor | None = None) -> Caller:
    """A person on their own account, in no tenant."""
    return Caller(None, account_id, actor or Actor("account", account_id), origin)


def anyone(origin: Origin) -> Caller:
    """Nobody yet: sees global tables and directories only."""
    return Caller(None, None, ANONYMOUS, origin)


def across(actor: Actor, origin: Origin | None = None, *, recorded_in: TenantId | None = None) -> Caller:
    """The named door of operators, worker and commands: sees every tenant. Each use is for a stated reason.

    What it records goes to the log of the tenant `recorded_in`.
    """
    return Caller(recorded_in, None, actor, origin or Origin.process(), crosses_tenants=True)
