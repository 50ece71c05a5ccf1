"""The secret that belongs to the data, the anchors of the audit log, and who may read what a verb writes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Mast

ADD = ("people", "add", "ada", "--name", "Ada", "--agency", "Durham", "--role", "admin")


@pytest.fixture
def data(mast: Mast, tmp_path: Path) -> Path:
    """A service with one account."""
    mast("db", "upgrade")
    mast(*ADD)
    return tmp_path / "data"


EMPTIED = "DELETE FROM audit_key"


def tampered(data: Path, *statements: str) -> None:
    with closing(sqlite3.connect(data / "mast.sqlite3")) as file, file:
        for statement in statements:
            file.execute(statement)


@pytest.mark.parametrize("verb", [("serve",), ("worker",), ("people", "token", "ada"), ("audit", "verify")])
def test_attack_a_secret_that_is_gone_replaced_or_not_noted_is_not_made_good_in_silence(
    mast: Mast, data: Path, verb: tuple[str, ...]
) -> None:
    kept = (data / "secret").read_text()
    (data / "secret").unlink()
    said = mast(*verb, code=1).stderr
    assert "There is no secret in" in said
    assert "Put back" in said
    assert not (data / "secret").exists()
    (data / "secret").write_text("another" * 8)
    assert "is not the one this database was made with" in mast(*verb, code=1).stderr
    (data / "secret").write_text(kept)
    tampered(data, EMPTIED)
    before = (data / "mast.sqlite3").read_bytes()
    for secret in (kept, "another" * 8):
        (data / "secret").write_text(secret)
        assert "table audit_key is empty" in mast(*verb, code=1).stderr
    assert (data / "mast.sqlite3").read_bytes() == before


@pytest.mark.parametrize("secret", ["", "x", "s" * 31])
def test_attack_an_empty_or_short_secret_is_refused(
    mast: Mast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    mast("db", "upgrade")
    if secret:
        monkeypatch.setenv("MAST_SECRET", secret)
        assert f"MAST_SECRET has {len(secret)} bytes; it needs 32" in mast(*ADD, code=1).stderr
        monkeypatch.delenv("MAST_SECRET")
    (tmp_path / "data" / "secret").write_text(secret)
    assert f"has {len(secret)} bytes; it needs 32" in mast(*ADD, code=1).stderr


def test_a_lost_secret_may_be_replaced_when_that_is_meant(mast: Mast, data: Path) -> None:
    before = (data / "secret").read_text()
    (data / "secret").unlink()
    assert "dead for good" in mast("db", "replace-secret", code=1).output
    assert not (data / "secret").exists()
    assert "from now on" in mast("db", "replace-secret", "--yes").stdout
    assert (data / "secret").read_text() != before
    mast("people", "token", "ada")
    assert "only the order could be checked" in mast("audit", "verify").stdout
    assert "already" in mast("db", "replace-secret", "--yes").stdout


def test_a_service_whose_secret_is_lost_can_still_be_backed_up(mast: Mast, data: Path, tmp_path: Path) -> None:
    (data / "secret").unlink()
    mast("db", "backup", tmp_path / "backup")
    assert not (data / "secret").exists()


def test_attack_the_end_of_the_log_is_gone_since_the_backup(mast: Mast, data: Path, tmp_path: Path) -> None:
    mast("people", "token", "ada")
    mast("db", "backup", tmp_path / "backup")
    manifest = tmp_path / "backup" / "backup.json"
    mast("people", "token", "ada")
    assert "unbroken" in mast("audit", "verify", "--since", manifest).stdout
    with closing(sqlite3.connect(data / "mast.sqlite3")) as file, file:
        trigger = file.execute("SELECT sql FROM sqlite_master WHERE name = 'audit_entry_no_delete'").fetchone()[0]
        file.execute("DROP TRIGGER audit_entry_no_delete")
        file.execute("DELETE FROM audit_entry WHERE seq >= (SELECT max(seq) - 1 FROM audit_entry)")
        file.execute(trigger)
    assert "unbroken" in mast("audit", "verify").stdout, "nothing in the database can tell"
    said = mast("audit", "verify", "--since", manifest, code=1).stderr
    assert "an anchor says" in said
    assert "no anchor in" in mast("audit", "verify", "--since", "yesterday", code=1).stderr


def test_the_file_of_anchors_is_looked_at_without_being_named(
    mast: Mast, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "anchors").write_text(f"2026-07-01T12:00:00+00:00 900:{'a' * 64}\n")
    monkeypatch.setenv("MAST_AUDIT_ANCHOR", str(tmp_path / "anchors"))
    assert "there were 900" in mast("audit", "verify", code=1).stderr


def test_attack_other_accounts_of_the_machine_read_data_and_backups(mast: Mast, data: Path, tmp_path: Path) -> None:
    mast("db", "backup", tmp_path / "backup")
    written = [data, tmp_path / "backup", *data.rglob("*"), *(tmp_path / "backup").rglob("*")]
    assert {path.name for path in written} >= {"mast.sqlite3", "secret", "database.sqlite3", "backup.json"}
    assert [path for path in written if path.stat().st_mode & 0o077] == []


def test_attack_a_key_taken_again_is_not_the_first_one(
    mast: Mast, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered(data, EMPTIED)
    mast("db", "backup", tmp_path / "backup")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("MAST_DATA_DIR", str(tmp_path / "elsewhere"))
    said = mast("db", "restore", tmp_path / "backup", code=1).stderr
    assert "The audit log of this backup is broken: The note of its key is gone" in said
    monkeypatch.setenv("MAST_DATA_DIR", str(data))
    mast("db", "replace-secret", "--yes")
    assert "from entry 1 on; the database says from entry" in mast("audit", "verify", code=1).stderr
    assert (data / "audit_start").stat().st_mode & 0o777 == 0o600


def test_attack_triggers_of_the_log_dropped(mast: Mast, data: Path) -> None:
    tampered(data, "DROP TRIGGER audit_entry_no_delete")
    assert "audit_entry_no_delete is missing" in mast("audit", "verify", code=1).stderr


def test_a_row_that_somebody_else_added_is_named_with_what_to_do(mast: Mast, data: Path) -> None:
    tampered(data, f"INSERT INTO audit_key VALUES (999, '{'a' * 64}')")
    said = mast("serve", code=1).stderr
    assert "take row 999 out of the table audit_key" in said
    tampered(data, "DELETE FROM audit_key WHERE from_seq = 999")
    mast("audit", "verify")
