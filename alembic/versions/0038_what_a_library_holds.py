"""what a library holds: drugs, or chemicals of any kind

Revision 0038, after 0037. Every library there is counts as one of drugs until someone declares otherwise. A step back forgets what
was declared.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLES = ("library", "library_import")


def upgrade() -> None:
    """Up: nothing is declared."""
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("holds", sa.String(length=40), nullable=False, server_default="drugs"))
            batch.create_check_constraint("holds", "holds IN ('drugs', 'general')")


def downgrade() -> None:
    """Down."""
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_holds"), type_="check")
            batch.drop_column("holds")
