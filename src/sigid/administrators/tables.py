"""Who keeps a tenant, who keeps the installation, and the one-time links that make the first of them."""

from datetime import timedelta

from sqlalchemy import Boolean, Column, LargeBinary, Text, UniqueConstraint

from sigid.kernel import retention
from sigid.kernel.database import Time, account_table, identifier, tenant_table

administrator = tenant_table(
    "administrator",
    identifier("id"),
    identifier("account_id"),  # never shown; the tenant knows the `adm_` id
    Column("role", Text, nullable=False),  # owner, admin, developer, support, billing, auditor
    Column("status", Text, nullable=False),  # active, suspended, removed
    Column("created_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "account_id"),
)

operator = account_table(
    "operator",
    identifier("id"),
    Column("role", Text, nullable=False),  # operator
    Column("created_at", Time, nullable=False),
    key=(),
)

setup_link = tenant_table(
    "setup_link",
    Column("digest", LargeBinary, nullable=False),
    Column("makes_operator", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("spent_at", Time),
    key=("digest",),
)
retention.lapses(setup_link.c.expires_at, timedelta(days=30))
