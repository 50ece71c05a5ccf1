"""who left a name open, edits of a draft that can be merged, who is at a sample, and worksheets

Revision 0030, after 0029. A step back forgets all four.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _key(table: str, column: str, to: str, *, cascade: bool = True) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{to}")
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete="CASCADE" if cascade else None)


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("result_version") as batch:
        batch.add_column(sa.Column("left_open", json(), nullable=False, server_default="[]"))
    op.create_table(
        "draft_edit",
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("findings", json(), nullable=False),
        sa.Column("says_nothing_found", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("result_id", "version", name=op.f("pk_draft_edit")),
        _key("draft_edit", "result_id", "result_version"),
        _key("draft_edit", "person_id", "person", cascade=False),
    )
    op.create_table(
        "editor_seen",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sample_id", "person_id", name=op.f("pk_editor_seen")),
        _key("editor_seen", "sample_id", "sample"),
        _key("editor_seen", "person_id", "person"),
    )
    op.create_table(
        "worksheet",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("batch", sa.String(length=40), nullable=False),
        sa.Column("columns", json(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worksheet")),
        _key("worksheet", "session_id", "session"),
        _key("worksheet", "made_by", "person", cascade=False),
    )
    op.create_index(op.f("ix_worksheet_session_id"), "worksheet", ["session_id"])


def downgrade() -> None:
    """Down."""
    op.drop_index(op.f("ix_worksheet_session_id"), "worksheet")
    op.drop_table("worksheet")
    op.drop_table("editor_seen")
    op.drop_table("draft_edit")
    with op.batch_alter_table("result_version") as batch:
        batch.drop_column("left_open")
