"""The first schema.

Revision: 0001, after nothing
"""

import sqlalchemy as sa
from alembic import op

from sigid.kernel.database.schema import Json, Time

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account"),
    )
    op.create_table(
        "account_checkpoint",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("tree_size", sa.BigInteger(), nullable=False),
        sa.Column("root_hash", sa.Text(), nullable=False),
        sa.Column("sealed_at", Time(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "tree_size", name="pk_account_checkpoint"),
    )
    op.create_table(
        "account_due",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_account_due"),
    )
    op.create_table(
        "account_entry",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("occurred_at", Time(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("target_type", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changes", Json(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("erased_leaf_hash", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_account_entry"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "account_head",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("tree_size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", Json(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_account_head"),
    )
    op.create_table(
        "account_place",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "seq", name="pk_account_place"),
        sa.UniqueConstraint("account_id", "entry_id", name="uq_account_place_account_id_entry_id"),
    )
    op.create_table(
        "address_owner",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_address_owner"),
    )
    op.create_table(
        "administrator",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_administrator"),
        sa.UniqueConstraint("tenant_id", "account_id", name="uq_administrator_tenant_id_account_id"),
    )
    op.create_table(
        "api",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("signing_alg", sa.Text(), nullable=False),
        sa.Column("token_lifetime", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_api"),
        sa.UniqueConstraint("tenant_id", "audience", name="uq_api_tenant_id_audience"),
    )
    op.create_table(
        "application",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("redirect_uris", Json(), nullable=False),
        sa.Column("post_logout_redirect_uris", Json(), nullable=False),
        sa.Column("origins", Json(), nullable=True),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("audiences", Json(), nullable=False),
        sa.Column("grant_types", Json(), nullable=False),
        sa.Column("response_types", Json(), nullable=False),
        sa.Column("token_endpoint_auth_method", sa.Text(), nullable=False),
        sa.Column("token_endpoint_auth_signing_alg", sa.Text(), nullable=True),
        sa.Column("jwks", Json(), nullable=True),
        sa.Column("jwks_uri", sa.Text(), nullable=True),
        sa.Column("require_pkce", sa.Boolean(), nullable=False),
        sa.Column("id_token_signed_response_alg", sa.Text(), nullable=False),
        sa.Column("userinfo_signed_response_alg", sa.Text(), nullable=True),
        sa.Column("default_max_age", sa.BigInteger(), nullable=True),
        sa.Column("require_auth_time", sa.Boolean(), nullable=False),
        sa.Column("consent", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.Column("secrets", Json(), nullable=False),
        sa.Column("client_uri", sa.Text(), nullable=True),
        sa.Column("logo_uri", sa.Text(), nullable=True),
        sa.Column("policy_uri", sa.Text(), nullable=True),
        sa.Column("tos_uri", sa.Text(), nullable=True),
        sa.Column("initiate_login_uri", sa.Text(), nullable=True),
        sa.Column("backchannel_logout_uri", sa.Text(), nullable=True),
        sa.Column("backchannel_logout_session_required", sa.Boolean(), nullable=False),
        sa.Column("registration_token_digest", sa.LargeBinary(), nullable=True),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("metadata", Json(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("last_used_at", Time(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_application"),
        sa.UniqueConstraint("tenant_id", "client_id", name="uq_application_tenant_id_client_id"),
    )
    op.create_index("ix_application_name", "application", ["tenant_id", "name"], unique=False)
    op.create_table(
        "audit_due",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_audit_due"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("occurred_at", Time(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("actor_type", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=True),
        sa.Column("target_type", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changes", Json(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("erased_leaf_hash", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_audit_entry"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "audit_head",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("tree_size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", Json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_audit_head"),
    )
    op.create_table(
        "audit_place",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", ID, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "seq", name="pk_audit_place"),
        sa.UniqueConstraint("tenant_id", "entry_id", name="uq_audit_place_tenant_id_entry_id"),
    )
    op.create_table(
        "authorization_code",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("spent_at", Time(), nullable=True),
        sa.Column("dead_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name="pk_authorization_code"),
    )
    op.create_table(
        "authorization_grant",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("tenant_user_id", ID, nullable=True),
        sa.Column("sub", ID, nullable=False),
        sa.Column("sub_type", sa.Text(), nullable=False),
        sa.Column("sid", ID, nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("audiences", Json(), nullable=False),
        sa.Column("claims", Json(), nullable=False),
        sa.Column("auth_time", Time(), nullable=True),
        sa.Column("acr", sa.Text(), nullable=True),
        sa.Column("amr", Json(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("ended_at", Time(), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_authorization_grant"),
    )
    op.create_index(
        "ix_authorization_grant_application", "authorization_grant", ["tenant_id", "application_id"], unique=False
    )
    op.create_index("ix_authorization_grant_sid", "authorization_grant", ["tenant_id", "sid"], unique=False)
    op.create_index("ix_authorization_grant_user", "authorization_grant", ["tenant_id", "tenant_user_id"], unique=False)
    op.create_table(
        "browser_origin",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("key", "tenant_id", name="pk_browser_origin"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("tree_size", sa.BigInteger(), nullable=False),
        sa.Column("root_hash", sa.Text(), nullable=False),
        sa.Column("sealed_at", Time(), nullable=False),
        sa.Column("jws", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "tree_size", name="pk_checkpoint"),
    )
    op.create_table(
        "client",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_client"),
    )
    op.create_table(
        "consent",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("tenant_user_id", ID, nullable=False),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("claims", Json(), nullable=False),
        sa.Column("granted_at", Time(), nullable=False),
        sa.Column("updated_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "tenant_user_id", "application_id", name="pk_consent"),
    )
    op.create_table(
        "event",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", Json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_event"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "idempotency_record",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("caller_key", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("answer_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "caller_key", name="pk_idempotency_record"),
    )
    op.create_table(
        "initial_access_token",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("uses_left", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("revoked_at", Time(), nullable=True),
        sa.Column("policy", Json(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_initial_access_token"),
        sa.UniqueConstraint("tenant_id", "digest", name="uq_initial_access_token_tenant_id_digest"),
    )
    op.create_table(
        "interaction",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("browser_digest", sa.LargeBinary(), nullable=False),
        sa.Column("request", Json(), nullable=True),
        sa.Column("state", Json(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("session_id", ID, nullable=True),
        sa.Column("code_digest", sa.LargeBinary(), nullable=True),
        sa.Column("code_purpose", sa.Text(), nullable=True),
        sa.Column("code_address", sa.Text(), nullable=True),
        sa.Column("code_tries", sa.BigInteger(), nullable=False),
        sa.Column("code_expires_at", Time(), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("finished_at", Time(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_interaction"),
    )
    op.create_index("ix_interaction_expires_at", "interaction", ["tenant_id", "expires_at"], unique=False)
    op.create_table(
        "operator",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_operator"),
    )
    op.create_table(
        "outgoing_mail",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("sender_name", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("next_try_at", Time(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_outgoing_mail"),
    )
    op.create_table(
        "refresh_token",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("spent_at", Time(), nullable=True),
        sa.Column("successor_digest", sa.LargeBinary(), nullable=True),
        sa.Column("successor_sealed", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name="pk_refresh_token"),
    )
    op.create_index("ix_refresh_token_expires_at", "refresh_token", ["tenant_id", "expires_at"], unique=False)
    op.create_index("ix_refresh_token_grant", "refresh_token", ["tenant_id", "grant_id"], unique=False)
    op.create_table(
        "role",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("permissions", Json(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_role"),
        sa.UniqueConstraint("tenant_id", "name", name="uq_role_tenant_id_name"),
    )
    op.create_table(
        "setup_link",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("makes_operator", sa.Boolean(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("spent_at", Time(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name="pk_setup_link"),
    )
    op.create_table(
        "signing_key",
        sa.Column("id", ID, nullable=False),
        sa.Column("alg", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("public_jwk", Json(), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("publish_at", Time(), nullable=False),
        sa.Column("sign_from", Time(), nullable=False),
        sa.Column("sign_until", Time(), nullable=True),
        sa.Column("verify_until", Time(), nullable=True),
        sa.Column("revoked_at", Time(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_signing_key"),
        sa.UniqueConstraint("alg", "number", name="uq_signing_key_alg_number"),
    )
    op.create_table(
        "slug",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_slug"),
    )
    op.create_table(
        "tenant",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("settings", Json(), nullable=False),
        sa.Column("branding", Json(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("catalogue", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
        sa.UniqueConstraint("slug", name="uq_tenant_slug"),
    )
    op.create_table(
        "tenant_session",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_user_id", ID, nullable=False),
        sa.Column("started_at", Time(), nullable=False),
        sa.Column("ended_at", Time(), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_tenant_session"),
    )
    op.create_index("ix_tenant_session_user", "tenant_session", ["tenant_id", "tenant_user_id"], unique=False)
    op.create_table(
        "tenant_user",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("sub", ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("email_lookup", sa.Text(), nullable=True),
        sa.Column("email_verified", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("role_ids", Json(), nullable=False),
        sa.Column("metadata", Json(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("joined_at", Time(), nullable=True),
        sa.Column("status_changed_at", Time(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_tenant_user"),
        sa.UniqueConstraint("tenant_id", "account_id", name="uq_tenant_user_tenant_id_account_id"),
        sa.UniqueConstraint("tenant_id", "sub", name="uq_tenant_user_tenant_id_sub"),
    )
    op.create_index("ix_tenant_user_email_lookup", "tenant_user", ["tenant_id", "email_lookup"], unique=False)
    op.create_index(
        "uq_tenant_user_waiting",
        "tenant_user",
        ["tenant_id", "email_lookup"],
        unique=True,
        postgresql_where=sa.text("account_id IS NULL"),
        sqlite_where=sa.text("account_id IS NULL"),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("window_start", Time(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("open_at", Time(), nullable=False),
        sa.Column("lapses_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_throttle"),
    )
    op.create_table(
        "token_record",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("grant_id", ID, nullable=True),
        sa.Column("application_id", ID, nullable=False),
        sa.Column("tenant_user_id", ID, nullable=True),
        sa.Column("sid", ID, nullable=True),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("issued_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("revoked_at", Time(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_token_record"),
        postgresql_partition_by="RANGE (id)",
    )
    op.create_table(
        "used_jti",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "hour", "digest", name="pk_used_jti"),
    )
    op.create_table(
        "address",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("lookup", sa.Text(), nullable=False),
        sa.Column("verified_at", Time(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_address_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_address"),
        sa.UniqueConstraint("account_id", "lookup", name="uq_address_account_id_lookup"),
    )
    op.create_table(
        "known_device",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("last_used_at", Time(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name="fk_known_device_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "digest", name="pk_known_device"),
    )
    op.create_table(
        "membership",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("tenant_user_id", ID, nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.account_id"], name="fk_membership_account", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "tenant_id", name="pk_membership"),
    )
    op.create_table(
        "password",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("set_at", Time(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_password_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", name="pk_password"),
    )
    op.create_table(
        "recovery",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("address_lookup", sa.Text(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("spent_at", Time(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_recovery_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "digest", name="pk_recovery"),
    )
    op.create_table(
        "session",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Time(), nullable=False),
        sa.Column("last_used_at", Time(), nullable=False),
        sa.Column("expires_at", Time(), nullable=False),
        sa.Column("ended_at", Time(), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.Column("ip", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("proofs", Json(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.account_id"], name="fk_session_account", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_session"),
        sa.UniqueConstraint("account_id", "digest", name="uq_session_account_id_digest"),
    )
    op.create_table(
        "session_tenant",
        sa.Column("account_id", ID, nullable=False),
        sa.Column("session_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("sid", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "session_id"],
            ["session.account_id", "session.id"],
            name="fk_session_tenant_session",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", "session_id", "tenant_id", name="pk_session_tenant"),
    )
