"""a photo of a sample is kept small too

Revision 0032, after 0031. Photos from before have none and are shown whole.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up: no photo has a small one yet."""
    with op.batch_alter_table("sample_photo") as batch:
        batch.add_column(sa.Column("small", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    """One step back: whole photos are shown."""
    with op.batch_alter_table("sample_photo") as batch:
        batch.drop_column("small")
