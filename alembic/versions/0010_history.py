"""history of other services: imports, their records, and facts that do not hang on a sample of our own

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Up."""
    _history_tables()
    with op.batch_alter_table("trend_sample") as batch:
        batch.drop_constraint("fk_trend_sample_sample_id_sample", type_="foreignkey")
        batch.add_column(sa.Column("own_sample_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("import_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("agency", sa.String(length=120), nullable=False, server_default=""))
        batch.add_column(sa.Column("day", sa.Date(), nullable=True))
        batch.alter_column("agency_id", existing_type=sa.Uuid(), nullable=True)
        batch.alter_column("session_id", existing_type=sa.Uuid(), nullable=True)
    op.execute("UPDATE trend_sample SET own_sample_id = sample_id")
    op.execute("UPDATE trend_sample SET agency = (SELECT name FROM agency WHERE agency.id = trend_sample.agency_id)")
    _days()
    with op.batch_alter_table("trend_sample") as batch:
        batch.create_foreign_key(
            op.f("fk_trend_sample_own_sample_id_sample"), "sample", ["own_sample_id"], ["id"], ondelete="CASCADE"
        )
        batch.create_foreign_key(
            op.f("fk_trend_sample_import_id_history_import"), "history_import", ["import_id"], ["id"]
        )
        batch.create_index(batch.f("ix_trend_sample_own_sample_id"), ["own_sample_id"], unique=False)
        batch.create_index(batch.f("ix_trend_sample_import_id"), ["import_id"], unique=False)
    with op.batch_alter_table("trend_finding") as batch:
        batch.add_column(sa.Column("amount", sa.Float(), nullable=True))
        batch.add_column(sa.Column("unit", sa.String(length=20), nullable=False, server_default=""))
        batch.add_column(sa.Column("basis", sa.String(length=20), nullable=False, server_default=""))
        batch.add_column(sa.Column("methods", sa.String(length=200), nullable=False, server_default=""))
    op.create_table(
        "trend_test",
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("seen", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id"],
            ["trend_sample.sample_id"],
            name=op.f("fk_trend_test_sample_id_trend_sample"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sample_id", "method", "target", name=op.f("pk_trend_test")),
    )


def _history_tables() -> None:
    op.create_table(
        "history_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("licence", sa.String(length=120), nullable=False),
        sa.Column("source_version", sa.String(length=40), nullable=False),
        sa.Column("citation", sa.String(length=300), nullable=False),
        sa.Column("map_text", sa.String(), nullable=False),
        sa.Column("files", json(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("notes", json(), nullable=False),
        sa.Column("additions", json(), nullable=False),
        sa.Column("imported_at", UtcDateTime(), nullable=False),
        sa.Column("imported_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_import")),
        sa.ForeignKeyConstraint(["imported_by"], ["person.id"], name=op.f("fk_history_import_imported_by_person")),
        sa.ForeignKeyConstraint(["undone_by"], ["person.id"], name=op.f("fk_history_import_undone_by_person")),
    )
    op.create_table(
        "history_record",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("record", json(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "key", name=op.f("pk_history_record")),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["history_import.id"],
            name=op.f("fk_history_record_import_id_history_import"),
            ondelete="CASCADE",
        ),
    )
    op.create_index(op.f("ix_history_import_source"), "history_import", ["source"])
    op.create_index(op.f("ix_history_import_digest"), "history_import", ["digest"])
    op.create_index("ix_history_record_source_key", "history_record", ["source", "key"])


def _days() -> None:
    """The day each sample was received, in the service's own time zone."""
    from zoneinfo import ZoneInfo

    london = ZoneInfo("Europe/London")
    connection = op.get_bind()
    sample = sa.table("sample", sa.column("id", sa.Uuid()), sa.column("received_at", UtcDateTime()))
    fact = sa.table("trend_sample", sa.column("sample_id", sa.Uuid()), sa.column("day", sa.Date()))
    rows = connection.execute(
        sa.select(sample.c.id, sample.c.received_at).join(fact, fact.c.sample_id == sample.c.id)
    ).all()
    if rows:
        update = sa.update(fact).where(fact.c.sample_id == sa.bindparam("key")).values(day=sa.bindparam("on"))
        connection.execute(update, [{"key": key, "on": at.astimezone(london).date()} for key, at in rows])


def downgrade() -> None:
    """Down. Imported samples are counted no more."""
    op.drop_table("trend_test")
    with op.batch_alter_table("trend_finding") as batch:
        for name in ("methods", "basis", "unit", "amount"):
            batch.drop_column(name)
    op.execute(
        "DELETE FROM trend_finding WHERE sample_id IN (SELECT sample_id FROM trend_sample WHERE own_sample_id IS NULL)"
    )
    op.execute("DELETE FROM trend_sample WHERE own_sample_id IS NULL")
    with op.batch_alter_table("trend_sample") as batch:
        batch.drop_index("ix_trend_sample_import_id")
        batch.drop_index("ix_trend_sample_own_sample_id")
        batch.drop_constraint(op.f("fk_trend_sample_import_id_history_import"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_trend_sample_own_sample_id_sample"), type_="foreignkey")
        for name in ("day", "agency", "import_id", "own_sample_id"):
            batch.drop_column(name)
        batch.alter_column("agency_id", existing_type=sa.Uuid(), nullable=False)
        batch.alter_column("session_id", existing_type=sa.Uuid(), nullable=False)
        batch.create_foreign_key(
            "fk_trend_sample_sample_id_sample", "sample", ["sample_id"], ["id"], ondelete="CASCADE"
        )
    op.drop_table("history_record")
    op.drop_table("history_import")
