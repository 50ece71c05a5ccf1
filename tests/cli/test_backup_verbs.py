"""Backups by the command: one after the other until it is told to end, and the trial of a restore."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import run

DEADLINE = 60.0


pytestmark = pytest.mark.usefixtures("mast")


def mast(*arguments: str, code: int = 0) -> str:
    return run(*arguments, code=code).output


def test_a_target_that_is_gone_is_said_and_the_next_backup_is_made_when_it_is_back(tmp_path: Path) -> None:
    mast("db", "upgrade")
    mast("people", "add", "ada", "--name", "Ada", "--agency", "Durham", "--role", "admin")
    target = tmp_path / "to"
    target.write_text("a file where a folder should be")
    command = [sys.executable, "-m", "app.cli", "db", "backup", str(target), "--every", "1s", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as going:
        assert going.stderr is not None
        assert "The next backup is tried in" in going.stderr.readline()
        target.unlink()
        until = time.monotonic() + DEADLINE
        while not (target.exists() and any(one.suffix != ".part" for one in target.iterdir())):
            assert time.monotonic() < until, "no backup was made"
            time.sleep(0.05)
        going.send_signal(signal.SIGTERM)
        assert going.wait(DEADLINE) == 0
    made = time.monotonic()
    said = json.loads(mast("db", "restore", str(target), "--verify", "--json"))
    assert said["restored"]
    assert said["rows"]["person"] == 1
    assert "restores" in mast("db", "restore", str(target), "--verify")
    time.sleep(max(0.0, made + 1.1 - time.monotonic()))
    assert "longer ago than it may be" in mast(
        "db", "restore", str(target), "--verify", "--not-older-than", "1s", code=1
    )
    assert (tmp_path / "data" / "mast.sqlite3").exists(), "the running database is as it was"


@pytest.mark.parametrize(
    "arguments",
    [
        ["db", "backup", "to", "--keep", "1h"],
        ["db", "backup", "to", "--every", "soon"],
        ["db", "restore", ".", "--scratch", "postgresql://nobody@127.0.0.1:1/nothing"],
        ["db", "restore", "nowhere", "--verify"],
    ],
)
def test_what_does_not_go_together_ends_in_one_sentence(arguments: list[str]) -> None:
    mast("db", "upgrade")
    assert len(mast(*arguments, code=1).splitlines()) == 1
