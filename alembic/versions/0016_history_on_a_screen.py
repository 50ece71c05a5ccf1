"""history on a screen: files sent to be imported, how far each is, what was found in it

Revision 0016, after 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATES = ("waiting", "reading", "checked", "refused", "writing", "imported", "failed", "dropped")


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    state = sa.Enum(*STATES, name="history_upload_state", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "history_upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("state", state, nullable=False),
        sa.Column("map_name", sa.String(length=200), nullable=False),
        sa.Column("map_text", sa.String(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("files", json(), nullable=False),
        sa.Column("step", sa.String(length=120), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("problem", json(), nullable=True),
        sa.Column("report", json(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_history_upload_agency_id_agency")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_history_upload_person_id_person")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["history_import.id"], name=op.f("fk_history_upload_import_id_history_import")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_upload")),
    )
    op.create_index("ix_history_upload_state", "history_upload", ["state"])


def downgrade() -> None:
    """Down: what is known of files on their way goes; what was imported stays."""
    op.drop_index("ix_history_upload_state", table_name="history_upload")
    op.drop_table("history_upload")
