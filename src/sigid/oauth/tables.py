"""The table of authorization codes."""

from sqlalchemy import Column, LargeBinary, Text

from sigid.kernel.database import Time, identifier, tenant_table

authorization_code = tenant_table(
    "authorization_code",
    Column("digest", LargeBinary, nullable=False),
    identifier("grant_id"),
    identifier("application_id"),
    Column("redirect_uri", Text, nullable=False),
    Column("code_challenge", Text),
    Column("nonce", Text),
    Column("scope", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("spent_at", Time),
    Column("dead_because", Text),
    key=("digest",),
)
