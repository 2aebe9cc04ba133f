"""Alembic's entry: runs the versions on the connection that `migrations.run` hands over."""

from alembic import context

from sigid import schema
from sigid.migrations import lock_timeout

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=schema.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with lock_timeout(connection), context.begin_transaction():
    context.run_migrations()
