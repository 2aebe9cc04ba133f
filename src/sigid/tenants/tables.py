"""Tenants, and the directory that finds one by its slug.

`tenant` is global: few rows, copied to every machine, and joined with what they own. `catalogue` counts the changes of
the tenant's APIs, so that whoever keeps those in memory sees with each request whether they still hold.
"""

from sqlalchemy import BigInteger, Column, Text, UniqueConstraint

from sigid.kernel.database import Json, Time, directory_table, global_table, identifier

tenant = global_table(
    "tenant",
    identifier("id"),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False),  # active, suspended, deleted
    identifier("project"),
    Column("environment", Text, nullable=False),  # production, staging, development
    Column("settings", Json, nullable=False),
    Column("branding", Json, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("catalogue", BigInteger, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("slug"),
)

# Whose slug is this? Kept for ever: a slug is durable, also after its tenant.
slug = directory_table("slug", identifier("tenant_id"))
