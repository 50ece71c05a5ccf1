"""alerts, tasks about samples, what staff do to pages, and the display log as something to replay

Revision 0009, after 0008.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TASK_KINDS = ("tell_lead", "propose_alert", "strip_lot", "amended")
TIERS = ("T0", "T1", "T2", "T3", "T4")
ALERT_STATES = ("draft", "in_review", "active", "retracted", "discarded")
REACHES = ("session", "region", "everywhere")
ADJUSTMENTS = ("snippet", "pin", "not_relevant")
REASONS = ("does_not_apply", "known_already", "said_in_person", "says_it_twice", "confuses", "wrong")
TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER display_log_no_update BEFORE UPDATE ON display_log
           BEGIN SELECT RAISE(ABORT, 'the display log is append-only'); END""",
        """CREATE TRIGGER display_log_no_delete BEFORE DELETE ON display_log
           BEGIN SELECT RAISE(ABORT, 'the display log is append-only'); END""",
        """CREATE TRIGGER display_log_no_replace BEFORE INSERT ON display_log
           WHEN EXISTS (SELECT 1 FROM display_log WHERE id = NEW.id)
           BEGIN SELECT RAISE(ABORT, 'the display log is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION display_log_refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'the display log is append-only'; END $$""",
        """CREATE TRIGGER display_log_no_change BEFORE UPDATE OR DELETE ON display_log
           FOR EACH ROW EXECUTE FUNCTION display_log_refuse()""",
        """CREATE TRIGGER display_log_no_truncate BEFORE TRUNCATE ON display_log
           FOR EACH STATEMENT EXECUTE FUNCTION display_log_refuse()""",
    ),
}


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def word(values: tuple[str, ...], name: str) -> sa.Enum:
    """A word of a closed list, checked."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def refers(table: str, column: str, target: str, **more: str) -> sa.ForeignKeyConstraint:
    """A named foreign key to the id of another table."""
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"), **more)


def upgrade() -> None:
    """Up."""
    _tasks()
    _alerts()
    _adjustments()
    _urgent()
    with op.batch_alter_table("display_log") as batch:
        batch.add_column(sa.Column("agency_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("by_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("page_sha256", sa.String(length=64), nullable=False, server_default=""))
        batch.add_column(sa.Column("made_of", json(), nullable=True))
        batch.add_column(sa.Column("frame", json(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("rules", json(), nullable=False, server_default="[]"))
        batch.create_foreign_key(op.f("fk_display_log_agency_id_agency"), "agency", ["agency_id"], ["id"])
        batch.create_foreign_key(op.f("fk_display_log_by_id_person"), "person", ["by_id"], ["id"])
    for column in ("page_sha256", "frame", "rules"):
        with op.batch_alter_table("display_log") as batch:
            batch.alter_column(column, server_default=None)
    for column in ("agency_id", "at", "result_id"):
        op.create_index(f"ix_display_log_{column}", "display_log", [column])
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def _tasks() -> None:
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=True),
        sa.Column("kind", word(TASK_KINDS, "task_kind"), nullable=False),
        sa.Column("cause", sa.String(length=120), nullable=False),
        sa.Column("words", sa.String(length=600), nullable=False),
        sa.Column("detail", json(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.Uuid(), nullable=True),
        sa.Column("closed_words", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        refers("task", "agency_id", "agency"),
        refers("task", "session_id", "session"),
        refers("task", "sample_id", "sample", ondelete="CASCADE"),
        refers("task", "result_id", "result_version"),
        refers("task", "closed_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("sample_id", "kind", "cause", name=op.f("uq_task_sample_id_kind_cause")),
    )
    op.create_index("ix_task_agency_id", "task", ["agency_id"])
    op.create_index("ix_task_session_open", "task", ["session_id", "closed_at"])


def _alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("tier", word(TIERS, "alert_tier"), nullable=False),
        sa.Column("state", word(ALERT_STATES, "alert_state"), nullable=False),
        sa.Column("reach", word(REACHES, "alert_reach"), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("substances", json(), nullable=False),
        sa.Column("classes", json(), nullable=False),
        sa.Column("forms", json(), nullable=False),
        sa.Column("logos", json(), nullable=False),
        sa.Column("colours", json(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=True),
        sa.Column("drafted_by", sa.Uuid(), nullable=False),
        sa.Column("drafted_at", UtcDateTime(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        refers("alert", "agency_id", "agency"),
        refers("alert", "session_id", "session"),
        refers("alert", "sample_id", "sample", ondelete="SET NULL"),
        refers("alert", "drafted_by", "person"),
        refers("alert", "approved_by", "person"),
        refers("alert", "ended_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_agency_id", "alert", ["agency_id"])
    op.create_index("ix_alert_session_id", "alert", ["session_id"])
    op.create_index("ix_alert_in_force", "alert", ["agency_id", "state", "until"])


def _adjustments() -> None:
    op.create_table(
        "page_adjustment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("sample_id", sa.Uuid(), nullable=False),
        sa.Column("result_id", sa.Uuid(), nullable=False),
        sa.Column("kind", word(ADJUSTMENTS, "adjustment_kind"), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("message_id", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("reason", word(REASONS, "adjustment_reason"), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        refers("page_adjustment", "agency_id", "agency"),
        refers("page_adjustment", "sample_id", "sample", ondelete="CASCADE"),
        refers("page_adjustment", "result_id", "result_version", ondelete="CASCADE"),
        refers("page_adjustment", "by_id", "person"),
        refers("page_adjustment", "undone_by", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_adjustment")),
    )
    for column in ("agency_id", "at", "result_id", "sample_id"):
        op.create_index(f"ix_page_adjustment_{column}", "page_adjustment", [column])


def _urgent() -> None:
    op.create_table(
        "urgent_message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("reach", word(REACHES[:2], "urgent_reach"), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("snippet", sa.String(length=80), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("first_by", sa.Uuid(), nullable=True),
        sa.Column("first_at", UtcDateTime(), nullable=True),
        sa.Column("first_senior", sa.Boolean(), nullable=False),
        sa.Column("second_by", sa.Uuid(), nullable=True),
        sa.Column("second_at", UtcDateTime(), nullable=True),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("stopped_by", sa.Uuid(), nullable=True),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_why", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        refers("urgent_message", "agency_id", "agency"),
        refers("urgent_message", "session_id", "session"),
        *(refers("urgent_message", who, "person") for who in ("requested_by", "first_by", "second_by", "stopped_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_urgent_message")),
    )
    op.create_index("ix_urgent_message_agency_id", "urgent_message", ["agency_id"])
    op.create_index("ix_urgent_message_until", "urgent_message", ["agency_id", "until"])


def downgrade() -> None:
    """Down: alerts, tasks and what staff did go; which messages were shown stays, what the pages were made of goes."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER display_log_no_{verb}")
    else:
        op.execute("DROP TRIGGER display_log_no_change ON display_log")
        op.execute("DROP TRIGGER display_log_no_truncate ON display_log")
        op.execute("DROP FUNCTION display_log_refuse()")
    for column in ("agency_id", "at", "result_id"):
        op.drop_index(f"ix_display_log_{column}", table_name="display_log")
    with op.batch_alter_table("display_log") as batch:
        batch.drop_constraint(op.f("fk_display_log_agency_id_agency"), type_="foreignkey")
        batch.drop_constraint(op.f("fk_display_log_by_id_person"), type_="foreignkey")
        for column in ("agency_id", "by_id", "page_sha256", "made_of", "frame", "rules"):
            batch.drop_column(column)
    for table in ("urgent_message", "page_adjustment", "alert", "task"):
        op.drop_table(table)
