"""approved projects and their extracts, covers of releases

Revision 0014, after 0013.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    states = sa.Enum(
        "draft", "proposed", "approved", "withdrawn",
        name="project_state", native_enum=False, create_constraint=True, length=40,
    )  # fmt: skip
    people = ("researcher_id", "created_by", "proposed_by", "approved_by", "withdrawn_by")
    op.create_table(
        "research_project",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("purpose", sa.String(length=1000), nullable=False),
        sa.Column("researcher_id", sa.Uuid(), nullable=False),
        sa.Column("columns", json(), nullable=False),
        sa.Column("first_month", sa.String(length=7), nullable=False),
        sa.Column("last_month", sa.String(length=7), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("state", states, nullable=False),
        sa.Column("authors", json(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=True),
        sa.Column("proposed_at", UtcDateTime(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_project")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_research_project_agency_id_agency")),
        *(
            sa.ForeignKeyConstraint([name], ["person.id"], name=op.f(f"fk_research_project_{name}_person"))
            for name in people
        ),
    )
    op.create_index(op.f("ix_research_project_agency_id"), "research_project", ["agency_id"])
    op.create_index(op.f("ix_research_project_researcher_id"), "research_project", ["researcher_id"])
    _parts()


def _parts() -> None:
    op.create_table(
        "research_extract",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("parameters", json(), nullable=False),
        sa.Column("report", json(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_research_extract")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_research_extract_project_id_number")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["research_project.id"],
            name=op.f("fk_research_extract_project_id_research_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["made_by"], ["person.id"], name=op.f("fk_research_extract_made_by_person")),
    )
    op.create_table(
        "research_placement",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("row", json(), nullable=False),
        sa.Column("stays_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "sample_id", name=op.f("pk_research_placement")),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["research_project.id"],
            name=op.f("fk_research_placement_project_id_research_project"),
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "data_release_cover",
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("publisher", sa.String(length=200), nullable=False),
        sa.Column("creators", json(), nullable=False),
        sa.Column("licence", sa.String(length=60), nullable=False),
        sa.Column("software", sa.String(length=60), nullable=False),
        sa.Column("packed", json(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_data_release_cover")),
        sa.ForeignKeyConstraint(
            ["release_id"],
            ["data_release.id"],
            name=op.f("fk_data_release_cover_release_id_data_release"),
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Back. Files that were made are gone from here; whoever fetched one has it."""
    op.drop_table("data_release_cover")
    op.drop_table("research_placement")
    op.drop_table("research_extract")
    op.drop_table("research_project")
