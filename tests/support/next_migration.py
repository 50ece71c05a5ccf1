"""A migration after the newest one, for tests of what an update does to a database that holds rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.platform.db import migrate

# What a next migration may do to a parent table: on SQLite this rebuilds it under its children.
NEXT = '''
"""a column for the test"""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0099", "{head}", None, None
TABLES = ("agency", "person", "session", "sample", "analysis")


def upgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("for_the_test", sa.String(20), nullable=True))
            batch.create_check_constraint("test", sa.text("for_the_test <> 'never'"))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{{table}}_test"), type_="check")
            batch.drop_column("for_the_test")
'''


def with_a_next_migration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the program has one migration more, 0099."""
    scripts = folder / "alembic"
    shutil.copytree(migrate.script_folder(), scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "0099_of_a_test.py").write_text(NEXT.format(head=migrate.known_revisions()[-1]))
    monkeypatch.setattr(migrate, "script_folder", lambda: scripts)
