"""The table of authorization codes."""

from datetime import timedelta

from sqlalchemy import Column, LargeBinary, Text

from sigid.kernel import retention
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
# A replay is told from a code that never was for this long.
retention.lapses(authorization_code.c.expires_at, timedelta(days=7))
