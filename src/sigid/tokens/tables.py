"""Keys, grants and tokens.

A grant is one authorization with everything that came of it: codes, refresh tokens, access tokens; it ends as a whole.
A token record is written for every access token: introspection, revocation and the lists of activity read it.
"""

from datetime import timedelta

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Text, UniqueConstraint

from sigid.kernel import resealing, retention
from sigid.kernel.database import Json, Time, global_table, identifier, tenant_table

signing_key = global_table(
    "signing_key",
    identifier("id"),  # the `kid`; it never changes its key
    Column("alg", Text, nullable=False),
    Column("number", BigInteger, nullable=False),  # counts the keys of an algorithm: two processes make one, not two
    Column("public_jwk", Json, nullable=False),
    Column("private_sealed", LargeBinary, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("publish_at", Time, nullable=False),
    Column("sign_from", Time, nullable=False),
    Column("sign_until", Time),  # null until its successor's turn is known
    Column("verify_until", Time),
    Column("revoked_at", Time),
    UniqueConstraint("alg", "number"),
)

tenant_session = tenant_table(
    "tenant_session",
    identifier("id"),  # the `sid`: this tenant's name for a session of the account
    identifier("tenant_user_id"),
    Column("started_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("ended_because", Text),
    Index("ix_tenant_session_user", "tenant_id", "tenant_user_id"),
)

grant = tenant_table(
    "authorization_grant",
    identifier("id"),
    identifier("application_id"),
    identifier("tenant_user_id", nullable=True),
    identifier("sub"),
    Column("sub_type", Text, nullable=False),
    identifier("sid", nullable=True),
    Column("scope", Text, nullable=False),
    Column("audiences", Json, nullable=False),
    Column("claims", Json, nullable=False),  # the claims asked for beside scopes, and allowed
    Column("auth_time", Time),
    Column("acr", Text),
    Column("amr", Json, nullable=False),
    Column("offline", Boolean, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("ended_at", Time),
    Column("ended_because", Text),
    Index("ix_authorization_grant_user", "tenant_id", "tenant_user_id"),
    Index("ix_authorization_grant_application", "tenant_id", "application_id"),
    Index("ix_authorization_grant_sid", "tenant_id", "sid"),
)

refresh_token = tenant_table(
    "refresh_token",
    Column("digest", LargeBinary, nullable=False),
    identifier("grant_id"),
    Column("number", BigInteger, nullable=False),  # its place in the family
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("spent_at", Time),
    Column("successor_digest", LargeBinary),
    Column("successor_sealed", LargeBinary),  # opened by the spent token alone
    Index("ix_refresh_token_grant", "tenant_id", "grant_id"),
    Index("ix_refresh_token_expires_at", "tenant_id", "expires_at"),
    key=("digest",),
)

token_record = tenant_table(
    "token_record",
    identifier("id"),  # the `jti`
    identifier("grant_id", nullable=True),
    identifier("application_id"),
    identifier("tenant_user_id", nullable=True),
    identifier("sid", nullable=True),
    Column("audience", Text, nullable=False),
    Column("scope", Text, nullable=False),
    identifier("key_id"),
    Column("issued_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("revoked_at", Time),
    by_time=True,
)

# Client assertions that were used, until they expire: by the hour of their expiry, then the digest of client and `jti`.
used_jti = tenant_table(
    "used_jti",
    Column("hour", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("expires_at", Time, nullable=False),
    key=("hour", "digest"),
)

SEALED_KEY = "signing key"
resealing.sealed(signing_key.c.private_sealed, SEALED_KEY)
retention.kept_for(token_record, "tok", timedelta(days=90))
retention.lapses(refresh_token.c.expires_at, timedelta(days=7))
retention.lapses(grant.c.expires_at, timedelta(days=30))
retention.lapses(used_jti.c.expires_at)
