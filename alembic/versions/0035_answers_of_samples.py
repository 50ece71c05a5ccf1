"""one answer for a sample: what follows from all its readings, and what was replied to its questions

Revision 0035, after 0034.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


PROGRESS = sa.Enum("waiting", "ready", "failed", name="progress", native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    """Up: no sample has an answer yet; it is worked out when one of its files is read or compared again."""
    op.create_table(
        "sample_answer",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("progress", PROGRESS, nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("basis", json(), nullable=False),
        sa.Column("answer", json(), nullable=False),
        sa.Column("replies", json(), nullable=False),
        sa.Column("answer_version", sa.String(length=20), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["sample_id"], ["sample.id"], name=op.f("fk_sample_answer_sample_id_sample"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_sample_answer")),
    )


def downgrade() -> None:
    """One step back: answers are derived from readings; what was replied to their questions is lost."""
    op.drop_table("sample_answer")
