"""figures are struck: their tables come, the log of questions and the evidence of audits go

Revision 0021, after 0020. Releases stay with their cubes. A step back brings the tables back empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "figure_list",
        sa.Column("year", sa.String(length=4), nullable=False),
        sa.Column("content", json(), nullable=False),
        sa.Column("key_check", sa.String(length=32), nullable=False),
        sa.Column("fixed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_figure_list")),
    )
    op.create_table(
        "figure_period",
        sa.Column("label", sa.String(length=7), nullable=False),
        sa.Column("struck_at", UtcDateTime(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("label", name=op.f("pk_figure_period")),
    )
    op.drop_table("trend_answer")
    op.drop_table("trend_question")
    op.drop_table("data_release_evidence")
    with op.batch_alter_table("trend_sample") as batch:
        batch.drop_column("bucket")


def downgrade() -> None:
    """One step back. What was struck goes: keep a backup, for it cannot be drawn the same again where facts changed."""
    op.drop_table("figure_period")
    op.drop_table("figure_list")
    with op.batch_alter_table("trend_sample") as batch:
        batch.add_column(sa.Column("bucket", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "data_release_evidence",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_data_release_evidence")),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["data_release.id"],
            name=op.f("fk_data_release_evidence_release_id_data_release"),
            ondelete="CASCADE",
        ),
    )
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
    for name, table, columns in (
        (op.f("ix_trend_question_agency_id"), "trend_question", ["agency_id"]),
        ("ix_trend_question_pool_digest", "trend_question", ["pool", "digest"]),
        ("ix_trend_question_pool_asked_at", "trend_question", ["pool", "asked_at"]),
        (op.f("ix_trend_question_last_at"), "trend_question", ["last_at"]),
        ("ix_trend_answer_pool_predicate", "trend_answer", ["pool", "predicate"]),
        (op.f("ix_trend_answer_question_id"), "trend_answer", ["question_id"]),
        (op.f("ix_trend_answer_last_at"), "trend_answer", ["last_at"]),
    ):
        op.create_index(name, table, columns)
