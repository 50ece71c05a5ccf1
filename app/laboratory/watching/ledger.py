"""What was sent, kept on the instrument's computer: one row for each content of each path. SQLite, outside the watched
folder. Losing it loses no file: the server recognises what arrived.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.laboratory.watching.scanning import ScannedFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS arrival (
    id INTEGER PRIMARY KEY,
    turn INTEGER NOT NULL,
    path_key TEXT NOT NULL,
    name TEXT NOT NULL,
    is_run INTEGER NOT NULL,
    size INTEGER NOT NULL,
    signature TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    arrival TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sending', 'delivered', 'refused')),
    server_id TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    first_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (path_key, arrival)
);
CREATE INDEX IF NOT EXISTS arrival_content ON arrival (sha256);
"""


class LedgerOfAnother(Exception):
    """The ledger was begun for another server or another name of this computer."""


class State(StrEnum):
    """`SENDING`: begun, and no answer was kept, so the server may have it or not."""

    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Row:
    """One content of one path. `turn` orders them: the highest of a path is how it looked last."""

    id: int
    turn: int
    path_key: str
    name: str
    is_run: bool
    size: int
    signature: str
    sha256: str
    arrival: str
    state: State
    server_id: str
    attempts: int
    last_error: str
    first_at: str
    updated_at: str


class Ledger:
    """The rows, and the newest of each path in memory. One process at a time (locks.OnlyOne).

    A damaged one is replaced, since the server recognises what has arrived; what was there is kept as `.damaged`.
    Raises sqlite3.Error (disk full, no access), LedgerOfAnother.
    """

    def __init__(self, path: Path, belongs_to: str) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._db = _opened(path)
        except sqlite3.OperationalError:
            raise  # locked, no access, disk full: the file is not at fault
        except sqlite3.DatabaseError:
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            path.replace(path.with_name(path.name + ".damaged"))
            self._db = _opened(path)
        owner = self.noted("belongs_to")
        if owner not in ("", belongs_to):
            raise LedgerOfAnother(owner)
        if not owner:
            self.note("belongs_to", belongs_to)
        newest = "SELECT * FROM arrival ORDER BY turn"
        self._newest = {row.path_key: row for row in map(_row, self._db.execute(newest))}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def newest(self, path_key: str) -> Row | None:
        """How this path looked when it was dealt with last."""
        return self._newest.get(path_key)

    def rows(self) -> list[Row]:
        """The newest of each path, in the order they were dealt with."""
        return sorted(self._newest.values(), key=lambda row: row.turn)

    def versions(self, path_key: str) -> int:
        """How many contents of this path were seen."""
        (count,) = self._db.execute("SELECT COUNT(*) FROM arrival WHERE path_key = ?", (path_key,)).fetchone()
        return int(count)

    def delivered_under_other_names(self, sha256: str, signature: str, path_key: str) -> list[Row]:
        """Paths whose newest content is exactly this, with the same size and time: perhaps this file, before it was
        moved.
        """
        found = self._db.execute("SELECT DISTINCT path_key FROM arrival WHERE sha256 = ?", (sha256,)).fetchall()
        rows = [self._newest[key] for (key,) in found if key != path_key and key in self._newest]
        return [r for r in rows if (r.sha256, r.signature, r.state) == (sha256, signature, State.DELIVERED)]

    def begin(self, found: ScannedFile, content: str, arrival: str) -> Row:
        """Before anything is sent: a row for it, or one more attempt of the row there is. `content` identifies what is
        in the file.
        """
        now = now_text()
        values = (found.key, found.name, found.is_run, found.size, found.signature, content, arrival, now, now)
        with self._writing() as db:
            db.execute(
                "INSERT INTO arrival (turn, path_key, name, is_run, size, signature, sha256, arrival, state, first_at,"
                " updated_at) VALUES ((SELECT COALESCE(MAX(turn), 0) + 1 FROM arrival), ?, ?, ?, ?, ?, ?, ?, 'sending',"
                " ?, ?) ON CONFLICT (path_key, arrival) DO UPDATE SET turn = excluded.turn, name = excluded.name,"
                " size = excluded.size, signature = excluded.signature, updated_at = excluded.updated_at,"
                " state = CASE arrival.state WHEN 'delivered' THEN 'delivered' ELSE 'sending' END",
                values,
            )
        return self._reload(found.key, arrival)

    def trying(self, row: Row) -> Row:
        """One more attempt, noted before it is made: after a crash it is known that an answer may have been lost."""
        return self._change(row, "UPDATE arrival SET attempts = attempts + 1, updated_at = ? WHERE id = ?")

    def delivered(self, row: Row, server_id: str) -> Row:
        """The server has it for good."""
        return self._change(
            row,
            "UPDATE arrival SET state = 'delivered', server_id = ?, last_error = '', updated_at = ? WHERE id = ?",
            server_id,
        )

    def refused(self, row: Row, why: str) -> Row:
        """The server (or packing) will not take this content."""
        return self._change(
            row, "UPDATE arrival SET state = 'refused', last_error = ?, updated_at = ? WHERE id = ?", why
        )

    def failed(self, row: Row, why: str) -> Row:
        """Not this time."""
        return self._change(row, "UPDATE arrival SET last_error = ?, updated_at = ? WHERE id = ?", why)

    def touched(self, row: Row, signature: str) -> Row:
        """Another time of change, the same content."""
        return self._change(row, "UPDATE arrival SET signature = ?, updated_at = ? WHERE id = ?", signature)

    def moved(self, row: Row, path_key: str, name: str) -> Row:
        """A file that stands under another name now: its rows go along."""
        with self._writing() as db:
            db.execute("UPDATE OR REPLACE arrival SET path_key = ? WHERE path_key = ?", (path_key, row.path_key))
            db.execute("UPDATE arrival SET name = ?, updated_at = ? WHERE id = ?", (name, now_text(), row.id))
        del self._newest[row.path_key]
        return self._reload(path_key, row.arrival)

    def note(self, name: str, value: str) -> None:
        """Something about the watcher itself: when it looked last, what troubles it."""
        with self._writing() as db:
            db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def noted(self, name: str) -> str:
        """What was noted under a name, "" where nothing was noted."""
        found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def _change(self, row: Row, statement: str, *values: str) -> Row:
        with self._writing() as db:
            db.execute(statement, (*values, now_text(), row.id))
        return self._reload(row.path_key, row.arrival)

    def _reload(self, path_key: str, arrival: str) -> Row:
        query = "SELECT * FROM arrival WHERE path_key = ? AND arrival = ?"
        row = _row(self._db.execute(query, (path_key, arrival)).fetchone())
        self._newest[path_key] = row
        return row

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def read_only(path: Path) -> tuple[dict[str, str], list[Row]]:
    """(meta, every row) of a ledger another process may be writing. Raises sqlite3.Error, FileNotFoundError."""
    if not path.exists():
        raise FileNotFoundError(2, "There is no ledger yet", str(path))
    with contextlib.closing(sqlite3.connect(path, timeout=5.0)) as db:
        db.execute("PRAGMA query_only=ON")
        meta = {str(name): str(value) for name, value in db.execute("SELECT name, value FROM meta")}
        return meta, [_row(found) for found in db.execute("SELECT * FROM arrival ORDER BY turn")]


def _opened(path: Path) -> sqlite3.Connection:
    with contextlib.suppress(FileExistsError):  # names of files are nobody else's business on this computer
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    db = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check")
        db.executescript(SCHEMA)
        db.execute("SELECT id, turn, state, attempts FROM arrival LIMIT 1")
    except BaseException:
        db.close()
        raise
    return db


def _row(found: tuple[Any, ...]) -> Row:
    row = Row(*found)  # its fields are the columns, in their order
    return replace(row, is_run=bool(row.is_run), state=State(row.state))


def now_text() -> str:
    """This moment, to the second, as the ledger keeps it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
