"""A setting that cannot be taken is named in one sentence, without its value; one that is misspelt is told apart."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.settings import misspelt
from tests.cli.conftest import Mast


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("MAST_PORT", "eight", "valid integer"),
        ("MAST_TIME_ZONE", "Berlin", "“Berlin” is no zone this machine knows, such as Europe/London"),
        ("MAST_TRUSTED_PROXIES", "127.0.0.1", "no list in JSON"),
        ("MAST_PUBLIC_URL", "mast.example.org", "such as https://mast.example.org"),
        ("MAST_DATABASE_URL", "mysql://mast:hunter2@db/mast", "such as postgresql://mast@db/mast"),
        ("MAST_SESSION_HOURS", "0", "greater than or equal to 1"),
        ("MAST_SESSION_HOURS", "169", "less than or equal to 168"),
        ("MAST_SESSION_IDLE_MINUTES", "0", "greater than or equal to 1"),
        ("MAST_SESSION_IDLE_MINUTES", "1441", "less than or equal to 1440"),
        ("MAST_METRICS_TOKEN", "hunter2", "openssl rand -hex 32"),
    ],
)
def test_a_wrong_setting_is_one_sentence_that_names_it_and_tells_no_secret(
    mast: Mast, monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    told = mast("people", "list", code=1).output
    assert name in told
    assert says in told
    assert "Nothing was changed." in told
    assert len(told.splitlines()) == 1
    assert "hunter2" not in told


def test_a_database_that_is_not_there_is_no_matter_of_migrations(mast: Mast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAST_DATABASE_URL", "postgresql://mast@127.0.0.1:1/mast")
    told = mast("people", "list", code=1).output
    assert "does not answer" in told
    assert "MAST_DATABASE_URL" in told
    assert "mast db upgrade" not in told


def test_a_database_of_an_older_version_is_a_matter_of_migrations(mast: Mast, tmp_path: Path) -> None:
    mast("db", "upgrade")
    with closing(sqlite3.connect(tmp_path / "data" / "mast.sqlite3")) as database:
        database.execute("ALTER TABLE person RENAME COLUMN link_hash TO was_not_there_yet")
        database.commit()
    assert "of an older version" in mast("people", "list", code=1).output


def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(mast: Mast, monkeypatch: pytest.MonkeyPatch) -> None:
    mast("db", "upgrade")
    monkeypatch.setenv("MAST_PUBLIC_URI", "https://mast.example.org")
    assert "MAST_PUBLIC_URI is no setting and changes nothing. MAST_PUBLIC_URL is one." in mast("people", "list").output
    assert misspelt(["MAST_PUBLIC_URL", "MAST_SECRETS_DIR", "MAST_ACCELERATOR", "MAST_SHARED_DATA", "PATH"]) == []
