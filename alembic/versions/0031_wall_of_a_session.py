"""the wall of a session: the keyed hash of its token, and when it was made

Revision 0031, after 0030.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up: no session has a wall yet."""
    with op.batch_alter_table("session") as batch:
        batch.add_column(sa.Column("wall_hash", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("wall_made_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    """One step back: walls that are open end."""
    with op.batch_alter_table("session") as batch:
        batch.drop_column("wall_made_at")
        batch.drop_column("wall_hash")
