"""unit and basis of an amount that was measured as 0: it is no finding, and counts in medians

Revision 0018, after 0017.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up."""
    for name in ("unit", "basis"):
        op.add_column("trend_test", sa.Column(name, sa.String(length=20), nullable=False, server_default=""))


def downgrade() -> None:
    """Down."""
    for name in ("basis", "unit"):
        op.drop_column("trend_test", name)
