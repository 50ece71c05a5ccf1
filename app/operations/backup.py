"""Backup while the service runs, restore into an empty place, and proof that both agree.

A backup is one folder: `database.sqlite3` (SQLite's own online backup) or `database.dump` (pg_dump, one snapshot),
the raw files and libraries, and `backup.json` with counts and hashes. Raw files are copied after the database, and MAST
deletes none that a row needs (see retention.purge_files), so every row finds its file; only one that was set aside a month
ago may be purged in between. Raw files carry their own sha-256 as their name.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TypedDict

import sqlalchemy as sa

from app.platform import audit
from app.platform.db import Database, metadata
from app.platform.kernel.errors import Conflict, Invalid, Unavailable
from app.settings import Settings

MANIFEST = "backup.json"


class Manifest(TypedDict):
    """What stands in `backup.json`: of which moment the backup is, and what has to be found in it."""

    made_at: str
    database: str
    database_sha256: str
    rows: dict[str, int]
    files: int


def backup(settings: Settings, database: Database, target: Path, now: datetime) -> Manifest:
    """Write a backup into `target`, which must not exist yet. Returns its manifest."""
    if target.exists():
        raise Conflict(f"{target} already exists; nothing was overwritten.", hint="Name a folder that does not exist.")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    if database.is_sqlite:
        file = part / "database.sqlite3"
        _copy_sqlite(Path(sa.engine.make_url(database.url).database or ""), file)
        with sa.create_engine(f"sqlite:///file:{file}?mode=ro&uri=true", poolclass=sa.NullPool).connect() as copy:
            counts = _counts(copy)
    else:
        file = part / "database.dump"
        counts = _dump_postgres(database, file)
    for name in ("blobs", "libraries"):
        _copy_folder(settings.data_dir / name, part / name)
    manifest: Manifest = {
        "made_at": now.isoformat(timespec="seconds"),
        "database": file.name,
        "database_sha256": _sha256(file),
        "rows": counts,
        "files": sum(path.is_file() for path in (part / "blobs").rglob("*")),
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2))
    part.rename(target)
    return manifest


def restore(settings: Settings, source: Path) -> dict[str, str | dict[str, int]]:
    """Restore a backup into the empty data directory and database of `settings`, then verify it.

    Raises Invalid when the backup is damaged, Conflict when something is there already.
    """
    if not (source / MANIFEST).exists():
        raise Invalid(
            f"{source} is not a finished MAST backup: it has no {MANIFEST}.", hint="Name the backup's folder."
        )
    manifest: Manifest = json.loads((source / MANIFEST).read_text())
    dump = source / Path(manifest["database"]).name
    if _sha256(dump) != manifest["database_sha256"]:
        raise Invalid(f"{dump} is not what was written: its hash differs. Nothing was restored.", hint="Use another.")
    _check_files(source / "blobs", manifest["files"])
    if settings.blob_dir.exists() and any(settings.blob_dir.rglob("*")):
        raise Conflict(f"{settings.data_dir} already holds files; nothing was changed.", hint="Restore elsewhere.")
    url = sa.engine.make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if path.exists():
            raise Conflict(f"{path} already exists; nothing was changed.", hint="Move it away first.")
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(dump, path)
    else:
        _refuse_tables(settings.database_url)
        _run(settings.database_url, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", str(dump))
    for name in ("blobs", "libraries"):
        _copy_folder(source / name, settings.data_dir / name)
    with closing(Database(settings.database_url)) as database, database.read() as session:
        chain = audit.verify(session)
        counts = _counts(session.connection())
    if chain.broken_at is not None:
        raise Invalid(f"The audit log of this backup is broken: {chain.detail}", hint="Use another backup.")
    if counts != manifest["rows"]:
        raise Invalid("The restored database does not hold the rows the backup counted.", hint="Use another backup.")
    return {"rows": counts, "audit": chain.detail, "made_at": manifest["made_at"]}


def _copy_sqlite(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)  # in one step: in WAL mode it blocks no writer, in several a writer makes it start over
        copy.execute("PRAGMA journal_mode=DELETE")


def _dump_postgres(database: Database, file: Path) -> dict[str, int]:
    """Dump and count one and the same snapshot."""
    with database.reader.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
        _run(database.url, "pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={file}")
        return _counts(connection)


def _refuse_tables(url: str) -> None:
    with closing(Database(url)) as database:
        there = sa.inspect(database.reader).get_table_names()
    if there:
        raise Conflict("This database already holds tables; nothing was changed.", hint="Name an empty database.")


def _check_files(folder: Path, count: int) -> None:
    """Every raw file is there and is what its name says."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    damaged = [path.name for path in files if len(path.name) == 64 and _sha256(path) != path.name]
    if damaged or len(files) < count:
        what = f"{damaged[0]} is not what was written" if damaged else f"{count - len(files)} raw file(s) are missing"
        raise Invalid(f"This backup is damaged: {what}. Nothing was restored.", hint="Use another backup.")


def _counts(connection: sa.Connection) -> dict[str, int]:
    return {
        name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
        for name, table in sorted(metadata.tables.items())
    }


def _copy_folder(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.part"), dirs_exist_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _run(url: str, program: str, *arguments: str) -> None:
    """A client program of PostgreSQL. The password goes through the environment: everybody can read a command line."""
    given = sa.engine.make_url(url).set(drivername="postgresql")
    environment = {**os.environ, **({"PGPASSWORD": str(given.password)} if given.password else {})}
    target = f"--dbname={given.set(password=None).render_as_string(hide_password=False)}"
    try:
        done = subprocess.run(
            [program, target, *arguments], env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise Unavailable(f"{program} is not installed here; it comes with PostgreSQL's client programs.") from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Unavailable(f"{program} did not finish: {said[-1] if said else 'it said nothing'}.")
