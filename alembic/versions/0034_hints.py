"""hints on the first visit: the areas whose hints a person has hidden

Revision 0034, after 0033. A step back shows all of them again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up: nobody has hidden any."""
    with op.batch_alter_table("person") as batch:
        batch.add_column(sa.Column("hints_hidden", LIST, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Down."""
    with op.batch_alter_table("person") as batch:
        batch.drop_column("hints_hidden")
