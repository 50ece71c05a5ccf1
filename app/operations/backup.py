"""Backup while the service runs, restore into an empty place, and proof that both agree.

A backup is one folder: `database.sqlite3` (SQLite's own online backup) or `database.dump` (pg_dump, one snapshot),
the raw files and libraries, and `backup.json` with counts and hashes. Raw files are copied after the database, and are
never deleted by MAST, so every row finds its file.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.platform import audit
from app.platform.db import Database, metadata
from app.platform.kernel.errors import Conflict, Invalid, Unavailable
from app.settings import Settings

MANIFEST = "backup.json"


def backup(settings: Settings, database: Database, target: Path, now: datetime) -> dict[str, Any]:
    """Write a backup into `target`, which must not exist yet. Returns its manifest."""
    if target.exists():
        raise Conflict(f"{target} already exists; nothing was overwritten.", hint="Name a folder that does not exist.")
    part = target.with_name(target.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    if database.is_sqlite:
        file = part / "database.sqlite3"
        _copy_sqlite(Path(sa.engine.make_url(database.url).database or ""), file)
        counts = _counts_of_sqlite(file)
    else:
        file = part / "database.dump"
        counts = _counts(database)
        _run("pg_dump", "--format=custom", f"--file={file}", _libpq(database.url))
    for name in ("blobs", "libraries"):
        _copy_folder(settings.data_dir / name, part / name)
    manifest = {
        "made_at": now.isoformat(timespec="seconds"),
        "database": file.name,
        "database_sha256": _sha256(file),
        "rows": counts,
        "files": _count_files(part / "blobs"),
    }
    (part / MANIFEST).write_text(json.dumps(manifest, indent=2))
    part.rename(target)
    return manifest


def restore(settings: Settings, source: Path) -> dict[str, Any]:
    """Restore a backup into the empty data directory and database of `settings`, then verify it.

    Raises Invalid when the backup is damaged, Conflict when something is there already.
    """
    if not (source / MANIFEST).exists():
        raise Invalid(
            f"{source} is not a finished MAST backup: it has no {MANIFEST}.", hint="Name the backup's folder."
        )
    manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text())
    dump = source / Path(manifest["database"]).name
    if _sha256(dump) != manifest["database_sha256"]:
        raise Invalid(f"{dump} is not what was written: its hash differs. Nothing was restored.", hint="Use another.")
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
        _run("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={_libpq(settings.database_url)}", str(dump))
    for name in ("blobs", "libraries"):
        _copy_folder(source / name, settings.data_dir / name)
    database = Database(settings.database_url)
    try:
        with database.read() as session:
            chain = audit.verify(session)
        counts = _counts(database)
    finally:
        database.close()
    if chain.broken_at is not None:
        raise Invalid(f"The audit log of this backup is broken: {chain.detail}", hint="Use another backup.")
    if database.is_sqlite and counts != manifest["rows"]:
        raise Invalid("The restored database does not hold the rows the backup counted.", hint="Use another backup.")
    return {"rows": counts, "audit": chain.detail, "made_at": manifest["made_at"]}


def _copy_sqlite(source: Path, target: Path) -> None:
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as live, sqlite3.connect(target) as copy:
        live.backup(copy, pages=256, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")
    live.close()
    copy.close()


def _counts_of_sqlite(file: Path) -> dict[str, int]:
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return {
            name: int(database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 our own names
            for name in sorted(metadata.tables)
        }
    finally:
        database.close()


def _counts(database: Database) -> dict[str, int]:
    with database.reader.connect() as connection:
        return {
            name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
            for name, table in sorted(metadata.tables.items())
        }


def _copy_folder(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.part"), dirs_exist_ok=True)


def _count_files(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _libpq(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _run(program: str, *arguments: str) -> None:
    try:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Unavailable(f"{program} is not installed here; it comes with PostgreSQL's client programs.") from None
    if done.returncode:
        raise Unavailable(f"{program} did not finish: {done.stderr.strip().splitlines()[-1:] or 'no message'}")
