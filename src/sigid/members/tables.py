"""What one tenant sees of its people. No foreign key leads to an account: a tenant's rows and a person's live apart."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Text, UniqueConstraint, text

from sigid.kernel.database import Json, Time, identifier, tenant_table

tenant_user = tenant_table(
    "tenant_user",
    identifier("id"),
    identifier("account_id", nullable=True),  # never shown; null while invited or preprovisioned
    identifier("sub"),
    Column("email", Text),
    Column("email_lookup", Text),
    Column("email_verified", Boolean, nullable=False),
    Column("name", Text),
    Column("status", Text, nullable=False),  # invited, preprovisioned, active, suspended, removed
    Column("role_ids", Json, nullable=False),
    Column("metadata", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("joined_at", Time),
    Column("status_changed_at", Time, nullable=False),
    Column("version", BigInteger, nullable=False),
    UniqueConstraint("tenant_id", "account_id"),
    UniqueConstraint("tenant_id", "sub"),
    Index("ix_tenant_user_email_lookup", "tenant_id", "email_lookup"),
    # At most one user of an address waits to be claimed.
    Index(
        "uq_tenant_user_waiting",
        "tenant_id",
        "email_lookup",
        unique=True,
        postgresql_where=text("account_id IS NULL"),
        sqlite_where=text("account_id IS NULL"),
    ),
)
