"""Applications (OAuth clients), how one is found by what it calls itself, and the tokens that let new ones register."""

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Text, UniqueConstraint

from sigid.kernel.database import Json, Time, directory_table, identifier, tenant_table

application = tenant_table(
    "application",
    identifier("id"),
    Column("client_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),  # web, spa, native, service
    Column("status", Text, nullable=False),  # active, suspended
    Column("redirect_uris", Json, nullable=False),
    Column("post_logout_redirect_uris", Json, nullable=False),
    Column("origins", Json),  # null: those of the redirect URIs, for a client without authentication
    Column("scopes", Json, nullable=False),
    Column("audiences", Json, nullable=False),
    Column("grant_types", Json, nullable=False),
    Column("response_types", Json, nullable=False),
    Column("token_endpoint_auth_method", Text, nullable=False),
    Column("token_endpoint_auth_signing_alg", Text),
    Column("jwks", Json),
    Column("jwks_uri", Text),
    Column("require_pkce", Boolean, nullable=False),
    Column("id_token_signed_response_alg", Text, nullable=False),
    Column("userinfo_signed_response_alg", Text),
    Column("default_max_age", BigInteger),
    Column("require_auth_time", Boolean, nullable=False),
    Column("consent", Text, nullable=False),  # ask, implicit
    Column("profile", Text),
    Column("secrets", Json, nullable=False),  # [{id, digest (hex), created_at, lapse_at}]
    Column("client_uri", Text),
    Column("logo_uri", Text),
    Column("policy_uri", Text),
    Column("tos_uri", Text),
    Column("initiate_login_uri", Text),
    Column("backchannel_logout_uri", Text),
    Column("backchannel_logout_session_required", Boolean, nullable=False),
    Column("registration_token_digest", LargeBinary),
    Column("registered", Boolean, nullable=False),  # by itself (RFC 7591), not by an administrator
    Column("metadata", Json, nullable=False),  # the rest of a registration: kept and answered, not used
    Column("version", BigInteger, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("last_used_at", Time),
    UniqueConstraint("tenant_id", "client_id"),
    Index("ix_application_name", "tenant_id", "name"),
)

# Whose client is this? Client ids may be chosen by an operator, so they do not tell.
client = directory_table("client", identifier("tenant_id"))

# Which tenants have an application in a browser at this origin? A preflight names no client.
browser_origin = directory_table("browser_origin", identifier("tenant_id"), key=("key", "tenant_id"))

initial_access_token = tenant_table(
    "initial_access_token",
    identifier("id"),
    Column("digest", LargeBinary, nullable=False),
    Column("uses_left", BigInteger, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("revoked_at", Time),
    Column("policy", Json, nullable=False),
    Column("created_at", Time, nullable=False),
    UniqueConstraint("tenant_id", "digest"),
)
