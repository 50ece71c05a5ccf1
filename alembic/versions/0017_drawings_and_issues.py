"""extracts drawn by a job, and reports of a session as they were given out

Revision 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATES = ("waiting", "drawing", "made", "refused", "failed")


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    state = sa.Enum(*STATES, name="research_drawing_state", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "research_drawing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("step", sa.String(length=120), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("problem", json(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["research_project.id"],
            name=op.f("fk_research_drawing_project_id_research_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["person.id"], name=op.f("fk_research_drawing_asked_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_drawing")),
    )
    op.create_index(op.f("ix_research_drawing_project_id"), "research_drawing", ["project_id"])
    op.create_table(
        "session_report_issue",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=True),
        sa.Column("content", json(), nullable=False),
        sa.Column("evidence", json(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["session.id"], name=op.f("fk_session_report_issue_session_id_session")
        ),
        sa.ForeignKeyConstraint(["issued_by"], ["person.id"], name=op.f("fk_session_report_issue_issued_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_report_issue")),
        sa.UniqueConstraint("session_id", "number", name=op.f("uq_session_report_issue_session_id_number")),
    )


def downgrade() -> None:
    """Down: what was drawn stays; which reports of sessions were given out is forgotten."""
    op.drop_table("session_report_issue")
    op.drop_index(op.f("ix_research_drawing_project_id"), table_name="research_drawing")
    op.drop_table("research_drawing")
