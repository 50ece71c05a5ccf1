"""saved queries of Trends: a question with a name, for one person

Revision 0033, after 0032. A step back forgets them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Up: nobody has one yet."""
    op.create_table(
        "saved_query",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("question", sa.String(length=1500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_saved_query_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_query")),
        sa.UniqueConstraint("person_id", "name", name=op.f("uq_saved_query_person_id_name")),
    )
    op.create_index(op.f("ix_saved_query_person_id"), "saved_query", ["person_id"])


def downgrade() -> None:
    """Down."""
    op.drop_table("saved_query")
