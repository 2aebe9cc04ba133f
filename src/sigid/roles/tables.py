"""The table of roles."""

from sqlalchemy import BigInteger, Column, Text, UniqueConstraint

from sigid.kernel.database import Json, Time, identifier, tenant_table

role = tenant_table(
    "role",
    identifier("id"),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("permissions", Json, nullable=False),  # names of scopes
    Column("version", BigInteger, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "name"),
)
