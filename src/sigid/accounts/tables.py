"""A person's own rows, and what one browser is doing at one tenant.

Account tables begin with `account_id` and no tenant sees them. `interaction` is a tenant's: a sign-in under way, before
anybody knows whose it is. No account is made before its address is proved: a sign-up waits in its interaction, sealed.
"""

from datetime import timedelta

from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Index, LargeBinary, Text, UniqueConstraint

from sigid.kernel import resealing, retention
from sigid.kernel.database import Json, Time, account_table, directory_table, identifier, tenant_table

account = account_table(
    "account",
    Column("status", Text, nullable=False),  # active, locked, deleted
    Column("name", Text),
    Column("locale", Text),
    Column("created_at", Time, nullable=False),
    Column("version", BigInteger, nullable=False),
    key=(),
)

address = account_table(
    "address",
    identifier("id"),
    Column("text", Text, nullable=False),  # as the person wrote it: where mail goes
    Column("lookup", Text, nullable=False),  # its normal form: what is compared
    Column("verified_at", Time),
    Column("is_primary", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("account_id", "lookup"),
    ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
)

# Whose address is this? The key is the SHA-256 of its normal form.
address_owner = directory_table("address_owner", identifier("account_id"))

password = account_table(
    "password",
    Column("hash", Text, nullable=False),
    Column("set_at", Time, nullable=False),
    ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
    key=(),
)

session = account_table(
    "session",
    identifier("id"),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("ended_because", Text),
    Column("ip", Text),
    Column("user_agent", Text),
    Column("proofs", Json, nullable=False),  # [{method, at, scope: null or the tenant that trusts it}]
    UniqueConstraint("account_id", "digest"),
    ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
)

# The sessions as tenants know them: each tenant has its own `sid` for a session of the account.
session_tenant = account_table(
    "session_tenant",
    identifier("session_id"),
    identifier("tenant_id"),
    identifier("sid"),
    ForeignKeyConstraint(["account_id", "session_id"], ["session.account_id", "session.id"], ondelete="CASCADE"),
    key=("session_id", "tenant_id"),
)

# Browsers in which the person has signed in before: strangers' failures never lock them out.
known_device = account_table(
    "known_device",
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time, nullable=False),
    Column("user_agent", Text),
    ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
    key=("digest",),
)

# Links that set a new password; at most one of an account is alive.
recovery = account_table(
    "recovery",
    Column("digest", LargeBinary, nullable=False),
    identifier("tenant_id"),  # where it was asked for: whose page goes on afterwards
    Column("address_lookup", Text, nullable=False),  # where it was sent; dead once they gave it up
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("spent_at", Time),
    ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
    key=("digest",),
)

# The tenants that know this person.
membership = account_table(
    "membership",
    identifier("tenant_id"),
    identifier("tenant_user_id"),
    Column("created_at", Time, nullable=False),
    ForeignKeyConstraint(["account_id"], ["account.account_id"], ondelete="CASCADE"),
    key=("tenant_id",),
)

interaction = tenant_table(
    "interaction",
    identifier("id"),
    Column("browser_digest", LargeBinary, nullable=False),
    Column("request", Json),  # the authorization request, if one asked for it; opaque here
    Column("state", Json, nullable=False),  # where the pages are: what was typed, which step
    Column("sealed", LargeBinary),  # a sign-up that waits for its proof: name, address, password hash
    identifier("account_id", nullable=True),
    identifier("session_id", nullable=True),
    Column("code_digest", LargeBinary),
    Column("code_purpose", Text),
    Column("code_address", Text),
    Column("code_tries", BigInteger, nullable=False),
    Column("code_expires_at", Time),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("finished_at", Time),
    Index("ix_interaction_expires_at", "tenant_id", "expires_at"),
)

SEALED_SIGN_UP = "sign-up that waits"
resealing.sealed(interaction.c.sealed, SEALED_SIGN_UP)
retention.lapses(interaction.c.expires_at, timedelta(days=1))
retention.lapses(session.c.expires_at, timedelta(days=30))
retention.lapses(recovery.c.expires_at, timedelta(days=1))
retention.lapses(known_device.c.last_used_at, timedelta(days=400))
