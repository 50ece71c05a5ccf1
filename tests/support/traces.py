"""Where a word may have been left behind: every file under a folder, every row, and what PostgreSQL wrote to its disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from app.platform.db import Database


def spellings(word: str) -> re.Pattern[str]:
    """The word as it is typed, and as addresses, forms, JSON and UTF-16 would write it."""
    between = r".{0,5}"
    return re.compile(
        between.join(re.escape(part) for part in re.split(r"\W+", word) if part), re.IGNORECASE | re.DOTALL
    )


def in_files(folder: Path) -> Iterator[tuple[str, str]]:
    """(path, content) of every file: a database with its WAL, blobs, logs, temporary files, a browser's profile.

    A file may hold UTF-16: its zero bytes are dropped, so that a plain pattern still finds the word.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield str(path), path.read_bytes().replace(b"\0", b"").decode("latin-1")


def in_rows(database: Database) -> Iterator[tuple[str, str]]:
    """(table, all its rows) of every table there is, known to the application or not."""
    with database.read() as session:
        connection = session.connection()
        for name in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.select(sa.text("*")).select_from(sa.table(name)))
            yield name, " ".join(str(row) for row in rows)


def wal_place(session: Session) -> str:
    """The file of the write-ahead log PostgreSQL is writing now."""
    return str(session.connection().execute(sa.text("SELECT pg_walfile_name(pg_current_wal_lsn())")).scalar_one())


def in_postgres(session: Session, since: str) -> Iterator[tuple[str, str]]:
    """(path, content) of this database's own files and of the write-ahead log from `since` on; nothing where the server
    is someone else's and its disk is out of reach."""
    connection = session.connection()
    folder = Path(str(connection.execute(sa.text("SHOW data_directory")).scalar_one()))
    oid = connection.execute(sa.text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar_one()
    if not folder.is_dir():
        return
    yield from in_files(folder / "base" / str(oid))
    for path in sorted((folder / "pg_wal").glob("0*")):
        if path.name >= since:
            yield str(path), path.read_bytes().decode("latin-1")
