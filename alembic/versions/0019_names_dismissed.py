"""what a spectrum names and is no finding, with the reason, kept with each version of a result

Revision 0019, after 0018.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("result_version") as batch:
        batch.add_column(sa.Column("dismissals", json(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Down: why a named substance was no finding is forgotten."""
    with op.batch_alter_table("result_version") as batch:
        batch.drop_column("dismissals")
