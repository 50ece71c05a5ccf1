"""security: throttles stand in the database, so that several servers count together

Revision 0024, after 0022. Counts of one minute; going back, each server counts by itself again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.create_table(
        "throttle",
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_throttle")),
    )
    op.create_index(op.f("ix_throttle_began_at"), "throttle", ["began_at"])


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_throttle_began_at"), "throttle")
    op.drop_table("throttle")
