"""people: links by which somebody sets a new password

Revision 0023, after 0022. A step back forgets links that were not used.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    op.add_column("person", sa.Column("link_hash", sa.String(64), nullable=True))
    op.add_column("person", sa.Column("link_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_person_link_hash"), "person", ["link_hash"], unique=True)


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_person_link_hash"), "person")
    op.drop_column("person", "link_expires_at")
    op.drop_column("person", "link_hash")
