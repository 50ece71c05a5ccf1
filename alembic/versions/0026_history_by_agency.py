"""history belongs to an agency: whose each import is, and what its samples are keyed by

Revision 0026, after 0022. All imports of one source go to one agency, so that what an earlier import said of a sample still
counts where a later one is taken back: to the agency of the first person who imported it, else to the only agency of this
server its samples are counted for, else to the oldest service. What is counted stays as it is.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.platform.db import UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

KEYED_BEFORE = uuid.UUID("6b1f1e0e-6a6f-5d0c-9f55-0d3f4f6d1c7e")
"""Of the keys of all historical samples until now."""

IMPORT = sa.table(
    "history_import",
    sa.column("id", sa.Uuid), sa.column("source", sa.String), sa.column("imported_at", UtcDateTime),
    sa.column("imported_by", sa.Uuid), sa.column("agency_id", sa.Uuid), sa.column("keyed_by", sa.Uuid),
)  # fmt: skip
UPLOAD = sa.table("history_upload", sa.column("person_id", sa.Uuid), sa.column("agency_id", sa.Uuid))
PERSON = sa.table("person", sa.column("id", sa.Uuid), sa.column("agency_id", sa.Uuid))
COUNTED = sa.table("trend_sample", sa.column("import_id", sa.Uuid), sa.column("agency_id", sa.Uuid))
AGENCY = sa.table(
    "agency",
    sa.column("id", sa.Uuid), sa.column("name", sa.String), sa.column("kind", sa.String),
    sa.column("created_at", UtcDateTime),
)  # fmt: skip


def upgrade() -> None:
    """Up."""
    with op.batch_alter_table("history_import") as batch:
        batch.add_column(sa.Column("agency_id", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("keyed_by", sa.Uuid(), nullable=True))
    _fill(op.get_bind())
    with op.batch_alter_table("history_import") as batch:
        batch.alter_column("agency_id", existing_type=sa.Uuid(), nullable=False)
        batch.alter_column("keyed_by", existing_type=sa.Uuid(), nullable=False)
        batch.create_foreign_key(op.f("fk_history_import_agency_id_agency"), "agency", ["agency_id"], ["id"])
    with op.batch_alter_table("history_upload") as batch:
        batch.alter_column("agency_id", existing_type=sa.Uuid(), nullable=False)
    for table in ("history_import", "history_upload"):
        op.create_index(op.f(f"ix_{table}_agency_id"), table, ["agency_id"])


def _fill(connection: sa.Connection) -> None:
    by_person = sa.select(PERSON.c.agency_id).where(PERSON.c.id == UPLOAD.c.person_id).scalar_subquery()
    connection.execute(sa.update(UPLOAD).where(UPLOAD.c.agency_id.is_(None)).values(agency_id=by_person))
    sources = set(connection.execute(sa.select(IMPORT.c.source)).scalars())
    without = connection.execute(sa.select(sa.func.count()).where(UPLOAD.c.agency_id.is_(None))).scalar_one()
    oldest = _oldest(connection) if sources or without else None
    connection.execute(sa.update(UPLOAD).where(UPLOAD.c.agency_id.is_(None)).values(agency_id=oldest))
    for source in sources:
        owner = _first_of(connection, source) or _only_of(connection, source) or oldest
        values = {"agency_id": owner, "keyed_by": KEYED_BEFORE}
        connection.execute(sa.update(IMPORT).where(IMPORT.c.source == source).values(values))


def _first_of(connection: sa.Connection, source: str) -> uuid.UUID | None:
    """The agency of the first person who imported it; the command line is nobody."""
    query = sa.select(PERSON.c.agency_id).join_from(IMPORT, PERSON, PERSON.c.id == IMPORT.c.imported_by)
    first = query.where(IMPORT.c.source == source).order_by(IMPORT.c.imported_at, IMPORT.c.id).limit(1)
    return connection.execute(first).scalar()


def _only_of(connection: sa.Connection, source: str) -> uuid.UUID | None:
    query = sa.select(COUNTED.c.agency_id).join_from(COUNTED, IMPORT, IMPORT.c.id == COUNTED.c.import_id)
    here = query.where(IMPORT.c.source == source, COUNTED.c.agency_id.is_not(None)).distinct()
    named = connection.execute(here).scalars().all()
    return named[0] if len(named) == 1 else None


def _oldest(connection: sa.Connection) -> uuid.UUID:
    """The oldest service; where there is no agency at all yet, one that holds what was imported."""
    services_first = sa.case((AGENCY.c.kind == "service", 0), else_=1)
    oldest = sa.select(AGENCY.c.id).order_by(services_first, AGENCY.c.created_at, AGENCY.c.id).limit(1)
    found: uuid.UUID | None = connection.execute(oldest).scalar()
    if found is None:
        found = uuid.uuid4()
        made = {"id": found, "name": "Imported history", "kind": "service", "created_at": datetime.now(UTC)}
        connection.execute(sa.insert(AGENCY).values(made))
    return found


def downgrade() -> None:
    """One step back: every administrator sees every import again."""
    for table in ("history_import", "history_upload"):
        op.drop_index(op.f(f"ix_{table}_agency_id"), table_name=table)
    with op.batch_alter_table("history_upload") as batch:
        batch.alter_column("agency_id", existing_type=sa.Uuid(), nullable=True)
    with op.batch_alter_table("history_import") as batch:
        batch.drop_constraint(op.f("fk_history_import_agency_id_agency"), type_="foreignkey")
        batch.drop_column("keyed_by")
        batch.drop_column("agency_id")
