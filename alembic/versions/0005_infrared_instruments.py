"""checks of infrared instruments, tasks they open, transfers of libraries, weighed mixtures; infrared own standards

Revision 0005, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("standard") as batch:
        batch.add_column(sa.Column("form", sa.String(length=40), nullable=False, server_default=""))
    with op.batch_alter_table("standard_replicate") as batch:
        batch.add_column(sa.Column("technique", sa.String(length=10), nullable=False, server_default="MS"))
    _create_instrument_check()
    _create_instrument_task()
    _create_instrument_transfer()
    _create_weighed_mixture()


def _create_instrument_check() -> None:
    state = sa.Enum(
        "in_range", "drifted", "out_of_range", name="check_state", native_enum=False, create_constraint=True, length=40
    )
    op.create_table(
        "instrument_check",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("material", sa.String(length=40), nullable=False),
        sa.Column("state", state, nullable=False),
        sa.Column("widening", sa.Float(), nullable=False),
        sa.Column("figures", json(), nullable=False),
        sa.Column("reasons", json(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=True),
        sa.Column("blob_sha256", sa.String(length=64), nullable=True),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        *_withdrawn("withdrawn"),
        *_keys("instrument_check", "made_by", "withdrawn_by"),
        _reading("instrument_check"),
        sa.ForeignKeyConstraint(["blob_sha256"], ["blob.sha256"], name=op.f("fk_instrument_check_blob_sha256_blob")),
    )
    with op.batch_alter_table("instrument_check") as batch:
        batch.create_index("ix_instrument_check_instrument", ["instrument_id", "measured_at"], unique=False)
        for column in ("agency_id", "blob_sha256", "reading_id"):
            batch.create_index(batch.f(f"ix_instrument_check_{column}"), [column], unique=False)


def _create_instrument_task() -> None:
    op.create_table(
        "instrument_task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("check_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_words", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_keys("instrument_task", "closed_by"),
        sa.ForeignKeyConstraint(
            ["check_id"], ["instrument_check.id"], name=op.f("fk_instrument_task_check_id_instrument_check"),
            ondelete="CASCADE",
        ),
    )  # fmt: skip
    with op.batch_alter_table("instrument_task") as batch:
        for column in ("agency_id", "check_id", "instrument_id"):
            batch.create_index(batch.f(f"ix_instrument_task_{column}"), [column], unique=False)


def _create_instrument_transfer() -> None:
    op.create_table(
        "instrument_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("library_key", sa.String(length=200), nullable=False),
        sa.Column("library_name", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("model", json(), nullable=False),
        sa.Column("pairs", json(), nullable=False),
        sa.Column("figures", json(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        *_withdrawn("retired"),
        *_keys("instrument_transfer", "made_by", "retired_by"),
        sa.UniqueConstraint(
            "instrument_id",
            "library_key",
            "number",
            name=op.f("uq_instrument_transfer_instrument_id_library_key_number"),
        ),
    )
    with op.batch_alter_table("instrument_transfer") as batch:
        for column in ("agency_id", "instrument_id"):
            batch.create_index(batch.f(f"ix_instrument_transfer_{column}"), [column], unique=False)


def _create_weighed_mixture() -> None:
    op.create_table(
        "weighed_mixture",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("instrument_id", sa.Uuid(), nullable=False),
        sa.Column("reading_id", sa.Uuid(), nullable=True),
        sa.Column("first_compound", sa.String(length=160), nullable=False),
        sa.Column("first_name", sa.String(length=120), nullable=False),
        sa.Column("second_compound", sa.String(length=160), nullable=False),
        sa.Column("second_name", sa.String(length=120), nullable=False),
        sa.Column("first_mg", sa.Float(), nullable=False),
        sa.Column("second_mg", sa.Float(), nullable=False),
        sa.Column("balance_u_mg", sa.Float(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("share_u", sa.Float(), nullable=False),
        sa.Column("measured_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        *_withdrawn("withdrawn"),
        *_keys("weighed_mixture", "made_by", "withdrawn_by"),
        _reading("weighed_mixture"),
    )
    with op.batch_alter_table("weighed_mixture") as batch:
        for column in ("agency_id", "instrument_id", "reading_id"):
            batch.create_index(batch.f(f"ix_weighed_mixture_{column}"), [column], unique=False)


def _withdrawn(word: str) -> tuple[sa.Column[object], ...]:
    """Who took it back, when and why, and the row's version."""
    return (
        sa.Column(f"{word}_by", sa.Uuid(), nullable=True),
        sa.Column(f"{word}_at", UtcDateTime(), nullable=True),
        sa.Column(f"{word}_reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
    )


def _keys(table: str, *people: str) -> tuple[sa.Constraint, ...]:
    """Primary key, agency, instrument and the people of a table."""
    return (
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f(f"fk_{table}_agency_id_agency")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f(f"fk_{table}_instrument_id_instrument")
        ),
        *(
            sa.ForeignKeyConstraint([column], ["person.id"], name=op.f(f"fk_{table}_{column}_person"))
            for column in people
        ),
    )


def _reading(table: str) -> sa.Constraint:
    """The reading a row was taken from; the row outlives it."""
    return sa.ForeignKeyConstraint(
        ["reading_id"], ["reading.id"], name=op.f(f"fk_{table}_reading_id_reading"), ondelete="SET NULL"
    )


def downgrade() -> None:
    """Back. Infrared own standards go: an older server would take them for mass spectra."""
    op.execute(
        "DELETE FROM standard WHERE id IN (SELECT standard_id FROM standard_replicate WHERE technique <> 'MS') "
        "AND id NOT IN (SELECT standard_id FROM standard_replicate WHERE technique = 'MS')"
    )
    op.execute("DELETE FROM standard_replicate WHERE technique <> 'MS'")
    op.drop_table("weighed_mixture")
    op.drop_table("instrument_transfer")
    op.drop_table("instrument_task")
    op.drop_table("instrument_check")
    with op.batch_alter_table("standard_replicate") as batch:
        batch.drop_column("technique")
    with op.batch_alter_table("standard") as batch:
        batch.drop_column("form")
