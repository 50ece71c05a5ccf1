"""which session at a provider began one here, as a keyed hash

Revision 0039, after 0038. What is signed in by a provider goes on, and ends when the provider says that the person signed out. A step back
forgets which session there was which.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up: nothing is known of those that have begun."""
    with op.batch_alter_table("staff_session") as batch:
        batch.add_column(sa.Column("session_there", sa.String(length=64), nullable=True))
        batch.create_index(op.f("ix_staff_session_session_there"), ["session_there"])


def downgrade() -> None:
    """Down."""
    with op.batch_alter_table("staff_session") as batch:
        batch.drop_index(op.f("ix_staff_session_session_there"))
        batch.drop_column("session_there")
