"""releases: versioned datasets with protected cubes

Revision 0013, after 0012.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    op.create_table(
        "data_release",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=12), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("first_month", sa.String(length=7), nullable=False),
        sa.Column("last_month", sa.String(length=7), nullable=False),
        sa.Column("facts_digest", sa.String(length=64), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("counts", json(), nullable=False),
        sa.Column("definitions", json(), nullable=False),
        sa.Column("protection", json(), nullable=False),
        sa.Column("citation", sa.String(length=400), nullable=False),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_release")),
        sa.UniqueConstraint("number", name=op.f("uq_data_release_number")),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_data_release_made_by_person")),
        sa.ForeignKeyConstraint(
            ["supersedes"], ["data_release.id"], name=op.f("fk_data_release_supersedes_data_release")
        ),
    )
    for name, columns in (
        ("data_release_cube", (sa.Column("audience", sa.String(length=20), nullable=False),)),
        ("data_release_evidence", ()),
    ):
        keys = ["release_id", *(column.name for column in columns)]
        content = json() if columns else sa.LargeBinary()
        op.create_table(
            name,
            sa.Column("release_id", sa.Uuid(), nullable=False),
            *columns,
            sa.Column("sha256", sa.String(length=64), nullable=False),
            sa.Column("content", content, nullable=False),
            sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
            sa.ForeignKeyConstraint(
                ["release_id"],
                ["data_release.id"],
                name=op.f(f"fk_{name}_release_id_data_release"),
                ondelete="CASCADE",
            ),
        )


def downgrade() -> None:
    """Back. Releases are gone with it."""
    op.drop_table("data_release_evidence")
    op.drop_table("data_release_cube")
    op.drop_table("data_release")
