"""steps of taking references out of an infrared reading by hand; shares of the signal with findings

Revision 0006, after 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "subtraction_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("library_key", sa.String(length=200), nullable=False),
        sa.Column("library_name", sa.String(length=200), nullable=False),
        sa.Column("entry_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("compound", sa.String(length=200), nullable=False),
        sa.Column("factor", sa.Float(), nullable=False),
        sa.Column("optimum", sa.Float(), nullable=False),
        sa.Column("shift_cm1", sa.Float(), nullable=False),
        sa.Column("lobe_depth", sa.Float(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subtraction_step")),
        sa.ForeignKeyConstraint(
            ["reading_id"], ["reading.id"], name=op.f("fk_subtraction_step_reading_id_reading"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_subtraction_step_made_by_person")),
        sa.ForeignKeyConstraint(["undone_by"], ["person.id"], name=op.f("fk_subtraction_step_undone_by_person")),
        sa.UniqueConstraint("reading_id", "number", name=op.f("uq_subtraction_step_reading_id_number")),
    )
    with op.batch_alter_table("subtraction_step") as batch:
        batch.create_index(batch.f("ix_subtraction_step_reading_id"), ["reading_id"], unique=False)
    with op.batch_alter_table("finding") as batch:
        batch.add_column(sa.Column("signal", json(), nullable=False, server_default="[]"))


def downgrade() -> None:
    """Down."""
    with op.batch_alter_table("finding") as batch:
        batch.drop_column("signal")
    op.drop_table("subtraction_step")
