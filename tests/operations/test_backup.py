"""Backup while people write, restore elsewhere, and what is refused (R8)."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from app.operations import backup as backups
from app.platform import audit
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Invalid
from app.settings import Settings
from tests.app.results.conftest import Lab
from tests.support.requirements import absent


@pytest.fixture
def lab(world: Any) -> Lab:
    return Lab(world, world.session())


def elsewhere(tmp_path: Path, url: str = "") -> Settings:
    return Settings(data_dir=tmp_path / "elsewhere", database_url=url, secret="a test pepper")


def test_a_backup_taken_while_people_write_is_whole(lab: Lab, tmp_path: Path) -> None:
    runtime = lab.runtime
    runtime.blobs.put(iter([b"raw bytes of an instrument"]))
    lab.sample()
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            lab.sample()

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        manifest = backups.backup(runtime.settings, runtime.db, tmp_path / "backup", runtime.now())
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    answer = backups.restore(elsewhere(tmp_path), tmp_path / "backup")
    assert answer["rows"] == manifest["rows"]
    assert answer["rows"]["sample"] >= 1
    restored = Database(elsewhere(tmp_path).database_url)
    with restored.read() as session:
        found = audit.verify(session)
    restored.close()
    assert found.broken_at is None
    assert found.entries == manifest["rows"]["audit_entry"]
    assert manifest["files"] == 1
    raw = list((tmp_path / "elsewhere" / "blobs").rglob("*"))
    assert any(p.is_file() and p.read_bytes() == b"raw bytes of an instrument" for p in raw)


def test_an_existing_folder_is_not_overwritten(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    with pytest.raises(Conflict, match="nothing was overwritten"):
        backups.backup(lab.runtime.settings, lab.runtime.db, tmp_path / "backup", lab.runtime.now())


def test_a_damaged_backup_is_not_restored(lab: Lab, tmp_path: Path) -> None:
    backups.backup(lab.runtime.settings, lab.runtime.db, tmp_path / "backup", lab.runtime.now())
    file = tmp_path / "backup" / "database.sqlite3"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(Invalid, match="hash differs"):
        backups.restore(elsewhere(tmp_path), tmp_path / "backup")
    assert not (tmp_path / "elsewhere" / "mast.sqlite3").exists()


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    with pytest.raises(Invalid, match="not a finished"):
        backups.restore(elsewhere(tmp_path), tmp_path / "half")


def test_a_place_that_holds_data_is_left_alone(lab: Lab, tmp_path: Path) -> None:
    backups.backup(lab.runtime.settings, lab.runtime.db, tmp_path / "backup", lab.runtime.now())
    backups.restore(elsewhere(tmp_path), tmp_path / "backup")
    with pytest.raises(Conflict, match="nothing was changed"):
        backups.restore(elsewhere(tmp_path), tmp_path / "backup")


@pytest.mark.postgres
def test_postgresql_is_backed_up_and_restored_with_its_own_programs(
    postgres_server_url: str,
    postgres_binaries: Path,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from tests.support import postgres

    if not (postgres_binaries / "pg_dump").exists() and not shutil.which("pg_dump"):
        absent("postgres", "no pg_dump beside the server's programs")
    monkeypatch.setenv("PATH", f"{postgres_binaries}{os.pathsep}{os.environ['PATH']}")
    database = Database(postgres_url)
    with database.begin() as uow:
        audit.record(uow, "write", "thing", "1", after={"ä": 1.5})
    settings = Settings(data_dir=tmp_path / "here", database_url=postgres_url, secret="a test pepper")
    settings.data_dir.mkdir()
    backups.backup(settings, database, tmp_path / "backup", database.clock())
    database.close()
    with postgres.fresh_database(postgres_server_url, "template0") as target:
        answer = backups.restore(elsewhere(tmp_path, target), tmp_path / "backup")
    assert answer["rows"]["audit_entry"] == 1
    assert "unbroken" in answer["audit"]


def test_nothing_of_the_pepper_is_in_a_backup(lab: Lab, tmp_path: Path) -> None:
    lab.sample()
    lab.runtime.settings.data_dir.mkdir(exist_ok=True)
    (lab.runtime.settings.data_dir / "secret").write_text("the pepper itself")
    backups.backup(lab.runtime.settings, lab.runtime.db, tmp_path / "backup", lab.runtime.now())
    assert not [p for p in (tmp_path / "backup").rglob("*") if p.is_file() and b"the pepper itself" in p.read_bytes()]
    assert lab.actor(Role.RECEPTION)
