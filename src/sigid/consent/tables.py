"""The table of consents."""

from sqlalchemy import Column

from sigid.kernel.database import Json, Time, identifier, tenant_table

consent = tenant_table(
    "consent",
    identifier("tenant_user_id"),
    identifier("application_id"),
    Column("scopes", Json, nullable=False),
    Column("claims", Json, nullable=False),
    Column("granted_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    key=("tenant_user_id", "application_id"),
)
