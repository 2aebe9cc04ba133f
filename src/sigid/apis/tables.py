"""The table of APIs."""

from sqlalchemy import BigInteger, Column, Text, UniqueConstraint

from sigid.kernel.database import Json, Time, identifier, tenant_table

api = tenant_table(
    "api",
    identifier("id"),
    Column("audience", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("scopes", Json, nullable=False),  # {scope: what a person reads when asked for it}
    Column("access", Text, nullable=False),  # consent, roles
    Column("signing_alg", Text, nullable=False),
    Column("token_lifetime", BigInteger),  # seconds; null: the tenant's
    Column("status", Text, nullable=False),  # active, suspended
    Column("version", BigInteger, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "audience"),
)
