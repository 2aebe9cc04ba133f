"""The first schema.

Revision: 0001, after nothing
"""

from alembic import op

from sigid import schema

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    schema.metadata.create_all(op.get_bind())
