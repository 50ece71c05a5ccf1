"""A database of another version, cut off or damaged: one sentence says what is wrong, what is unharmed and what to do."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.operations.at_rest import unlock
from app.platform.db import Database
from app.platform.db.migrate import script_folder
from app.settings import Settings
from tests.cli.conftest import Mast
from tests.support.next_migration import with_a_next_migration


@pytest.fixture
def path(mast: Mast, tmp_path: Path) -> Path:
    """A database with a service in it."""
    mast("db", "upgrade")
    path = tmp_path / "data" / "mast.sqlite3"
    with closing(Database(f"sqlite:///{path}")) as database:
        unlock(Settings(), database)
        with database.begin() as uow:
            people.add_agency(uow, "Our service", AgencyKind.SERVICE)
    return path


def at_schema(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def restored(mast: Mast, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, from a backup, on another machine."""
    mast("db", "backup", tmp_path / "backup")
    (tmp_path / "elsewhere").mkdir()
    if (secret := path.with_name("secret")).exists():
        (tmp_path / "elsewhere" / "secret").write_bytes(secret.read_bytes())
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path / "elsewhere"))
    mast("db", "restore", tmp_path / "backup")
    return tmp_path / "elsewhere" / path.name


@pytest.mark.parametrize(
    ("schema", "why", "what_to_do"),
    [("9999", "of a newer MAST", "Install that version"), ("0038", "of an older MAST", "of commit d592a7bd")],
)
def test_a_backup_whose_schema_this_version_does_not_know_is_neither_served_nor_changed(
    mast: Mast, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schema: str, why: str, what_to_do: str
) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (schema,))
        database.commit()
    there = restored(mast, path, tmp_path, monkeypatch)
    for verb in (("db", "upgrade"), ("serve",), ("worker",), ("people", "list")):
        spoken = mast(*verb, code=1).stderr
        assert all(words in spoken for words in (why, "Nothing was changed", what_to_do)), spoken
        assert spoken.count("\n") == 1
    assert at_schema(there) == schema


def test_a_backup_of_an_older_version_is_restored_and_brought_up(
    mast: Mast, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = restored(mast, path, tmp_path, monkeypatch)
    older, newest = at_schema(there), max(file.name[:4] for file in (script_folder() / "versions").glob("*.py"))
    with_a_next_migration(tmp_path, monkeypatch)
    assert "Run mast db upgrade first" in mast("serve", code=1).stderr
    mast("db", "upgrade")
    assert (older, at_schema(there)) == (newest, "0099")
    with closing(sqlite3.connect(there)) as database:
        assert database.execute("SELECT name FROM agency").fetchall() == [("Our service",)]


@pytest.mark.parametrize("damage", ["cut", "overwritten", "no database"])
def test_a_database_that_is_cut_or_damaged_is_named_and_left_alone(mast: Mast, path: Path, damage: str) -> None:
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 3 :]
    elif damage == "overwritten":
        content[4096 : 40 * 4096] = b"\x55" * (39 * 4096)
    else:
        content[:100] = b"<html>" + b" " * 94
    path.write_bytes(content)
    for verb in (("db", "upgrade"), ("serve",), ("audit", "verify")):
        spoken = mast(*verb, code=1).stderr
        assert "is damaged" in spoken, spoken
        assert "restore" in spoken
        assert spoken.count("\n") == 1
    assert path.read_bytes() == content
