"""questions to the figures and what was answered

Revision 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "trend_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("via", sa.String(length=20), nullable=False),
        sa.Column("audience", sa.String(length=20), nullable=False),
        sa.Column("question", json(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows_shown", sa.Integer(), nullable=False),
        sa.Column("rows_withheld", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend_question")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_trend_question_person_id_person")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_trend_question_agency_id_agency")),
    )
    op.create_index(op.f("ix_trend_question_agency_id"), "trend_question", ["agency_id"])
    op.create_index("ix_trend_question_pool_digest", "trend_question", ["pool", "digest"])
    op.create_index("ix_trend_question_pool_asked_at", "trend_question", ["pool", "asked_at"])
    op.create_index(op.f("ix_trend_question_last_at"), "trend_question", ["last_at"])
    op.create_table(
        "trend_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        sa.Column("pool", sa.String(length=60), nullable=False),
        sa.Column("predicate", sa.String(length=64), nullable=False),
        sa.Column("labels", sa.String(length=400), nullable=False),
        sa.Column("sketches", sa.LargeBinary(), nullable=False),
        sa.Column("figures", json(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trend_answer")),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["trend_question.id"],
            name=op.f("fk_trend_answer_question_id_trend_question"),
            ondelete="SET NULL",
        ),
    )
    op.create_index("ix_trend_answer_pool_predicate", "trend_answer", ["pool", "predicate"])
    op.create_index(op.f("ix_trend_answer_question_id"), "trend_answer", ["question_id"])
    op.create_index(op.f("ix_trend_answer_last_at"), "trend_answer", ["last_at"])


def downgrade() -> None:
    """Down. What was asked and answered is forgotten, and with it the protection of figures against earlier ones."""
    op.drop_table("trend_answer")
    op.drop_table("trend_question")
