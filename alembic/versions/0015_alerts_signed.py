"""alerts: evidence, sign-off, channels, runs of the detection

Revision 0015, after 0014. Alerts that stand are told where their tier was told before: on the screens of staff, T1 and
T3 on clients' pages.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.platform.db import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OLD_STATES = ("draft", "in_review", "active", "retracted", "discarded")
STATES = ("draft", "in_review", "agreed", "approved_once", "active", "retracted", "discarded")
ACTS = ("raise", "edit", "submit", "agree", "approve", "send_back", "retract", "discard")
TRIGGERS = ("first_detection", "harm_linked", "unusual_strength", "rising_share", "slow_drift")
CHANNELS = ("staff", "clients", "partners", "public")


def json() -> sa.types.TypeEngine[object]:
    """JSON, JSONB on PostgreSQL."""
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def word(values: tuple[str, ...], name: str) -> sa.Enum:
    """A word of a closed list, checked."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def refers(table: str, column: str, target: str, **more: str) -> sa.ForeignKeyConstraint:
    """A named foreign key to the id of another table."""
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"), **more)


def _states(states: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    with op.batch_alter_table("alert") as batch:
        batch.drop_constraint(op.f("ck_alert_alert_state"), type_="check")
        batch.create_check_constraint("alert_state", sa.text(f"state IN ({listed})"))


def upgrade() -> None:
    """Up."""
    _states(STATES)
    with op.batch_alter_table("alert") as batch:
        batch.add_column(sa.Column("public_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("told_words", sa.String(length=600), nullable=False, server_default=""))
        batch.add_column(sa.Column("authors", json(), nullable=False, server_default="[]"))
        batch.alter_column("drafted_by", existing_type=sa.Uuid(), nullable=True)
    _fill()
    with op.batch_alter_table("alert") as batch:
        batch.alter_column("public_id", existing_type=sa.Uuid(), nullable=False)
        batch.alter_column("told_words", existing_type=sa.String(length=600), server_default=None)
        batch.alter_column("authors", existing_type=json(), server_default=None)
        batch.create_unique_constraint(op.f("uq_alert_public_id"), ["public_id"])
    _steps_and_evidence()
    _channels_and_runs()


def _fill() -> None:
    alert = sa.table(
        "alert", sa.column("id", sa.Uuid()), sa.column("public_id", sa.Uuid()), sa.column("authors", json()),
        sa.column("drafted_by", sa.Uuid()),
    )  # fmt: skip
    connection = op.get_bind()
    for key, person in connection.execute(sa.select(alert.c.id, alert.c.drafted_by)).all():
        values = {"public_id": uuid.uuid4(), "authors": [str(person)]}
        connection.execute(sa.update(alert).where(alert.c.id == key).values(**values))


def _steps_and_evidence() -> None:
    op.create_table(
        "alert_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("act", word(ACTS, "alert_act"), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        refers("alert_step", "alert_id", "alert", ondelete="CASCADE"),
        refers("alert_step", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_step")),
    )
    op.create_index("ix_alert_step_alert_id", "alert_step", ["alert_id"])
    op.create_table(
        "alert_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", word(TRIGGERS, "alert_trigger"), nullable=False),
        sa.Column("signal", sa.String(length=200), nullable=False),
        sa.Column("occasion", sa.String(length=80), nullable=False),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=False),
        sa.Column("x", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=True),
        sa.Column("probability", sa.Float(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("detail", json(), nullable=False),
        sa.Column("samples", json(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        refers("alert_evidence", "alert_id", "alert", ondelete="CASCADE"),
        refers("alert_evidence", "agency_id", "agency"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_evidence")),
        sa.UniqueConstraint(
            "agency_id", "signal", "occasion", name=op.f("uq_alert_evidence_agency_id_signal_occasion")
        ),
    )
    op.create_index("ix_alert_evidence_alert_id", "alert_evidence", ["alert_id"])


def _channels_and_runs() -> None:
    op.create_table(
        "alert_channel",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("channel", word(CHANNELS, "alert_channel_kind"), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("retracted_at", UtcDateTime(), nullable=True),
        refers("alert_channel", "alert_id", "alert", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert_id", "channel", name=op.f("pk_alert_channel")),
    )
    op.execute(
        "INSERT INTO alert_channel (alert_id, channel, told_at, retracted_at) "
        "SELECT id, 'staff', approved_at, CASE WHEN state = 'retracted' THEN ended_at END FROM alert "
        "WHERE state IN ('active', 'retracted') AND approved_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO alert_channel (alert_id, channel, told_at, retracted_at) "
        "SELECT alert_id, 'clients', told_at, retracted_at FROM alert_channel "
        "JOIN alert ON alert.id = alert_channel.alert_id WHERE alert.tier IN ('T1', 'T3')"
    )
    op.create_table(
        "detection_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agency_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("sessions", sa.Integer(), nullable=False),
        sa.Column("series", sa.Integer(), nullable=False),
        sa.Column("rises", sa.Integer(), nullable=False),
        sa.Column("drifts", sa.Integer(), nullable=False),
        sa.Column("drafts", sa.Integer(), nullable=False),
        sa.Column("settings", json(), nullable=False),
        refers("detection_run", "agency_id", "agency"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detection_run")),
    )
    op.create_index("ix_detection_run_agency_id", "detection_run", ["agency_id"])


def downgrade() -> None:
    """Back. Drafts nobody but the detection wrote in are dropped; what waits for a later step waits for the first."""
    for table in ("detection_run", "alert_channel", "alert_evidence", "alert_step"):
        op.drop_table(table)
    op.execute("DELETE FROM alert WHERE drafted_by IS NULL")
    op.execute("UPDATE alert SET state = 'in_review' WHERE state IN ('agreed', 'approved_once')")
    with op.batch_alter_table("alert") as batch:
        batch.drop_constraint(op.f("uq_alert_public_id"), type_="unique")
        for name in ("authors", "told_words", "public_id"):
            batch.drop_column(name)
        batch.alter_column("drafted_by", existing_type=sa.Uuid(), nullable=False)
    _states(OLD_STATES)
