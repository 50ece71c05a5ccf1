"""`mast watch` is killed with SIGKILL again and again: at every step of sending, and at random moments."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.road import infrared_file
from tests.watch.killed_watcher import POINTS
from tests.watch.watch_rig import RUN_MEMBERS, Site, arrived_once, inventory

ROOT = Path(__file__).resolve().parents[2]
RANDOM_KILLS = 6


@pytest.fixture
def command(wire: Site, tmp_path: Path) -> list[str]:
    """The arguments of `mast watch` for a folder beside a ledger of its own."""
    token = tmp_path / "token"
    token.write_text(wire.token())
    token.chmod(0o600)
    (tmp_path / "watched").mkdir()
    return [
        str(tmp_path / "watched"), "--server", wire.relay.url, "--token-file", str(token), "--name", tmp_path.name,
        "--ledger", str(tmp_path / "own" / "ledger.sqlite3"), "--settle", "0.2", "--interval", "0.1",
    ]  # fmt: skip


def start(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )  # fmt: skip


def finish(command: list[str]) -> None:
    """What is left is sent by a watcher that nobody kills."""
    whole = start("-c", "from app.cli import main; main()", "watch", *command, "--once")
    _, said = whole.communicate(timeout=120)
    assert whole.returncode == 0, said.decode()


@pytest.mark.parametrize(
    "points", [("piece", "answered"), pytest.param(POINTS, marks=pytest.mark.long)], ids=["some", "every"]
)
def test_killed_at_a_step_each_file_arrives_once(
    command: list[str], wire: Site, tmp_path: Path, points: tuple[str, ...]
) -> None:
    folder, contents = tmp_path / "watched", {}
    run = folder / "batch" / "run.raw"
    run.mkdir(parents=True)
    for name, content in RUN_MEMBERS.items():
        (run / name).write_bytes(content)
    for number, point in enumerate(points):
        contents[f"{number:02d}.jdx"] = infrared_file(number)
        contents[f"{number:02d}.bin"] = os.urandom(700_000)
        for name in (f"{number:02d}.jdx", f"{number:02d}.bin"):
            (folder / name).write_bytes(contents[name])
        times = 2 if point in ("piece", "answered", "after trying") else 1
        dying = start("-m", "tests.watch.killed_watcher", point, str(times), *command)
        _, said = dying.communicate(timeout=120)
        assert dying.returncode == -9, f"{point}: {said.decode()}"
    before = inventory(folder)
    finish(command)
    rows = wire.rows(tmp_path.name)
    runs = [row for row in rows if row["file_name"] == "run.raw.zip"]
    assert len(runs) == 1
    arrived_once([row for row in rows if row not in runs], contents)
    assert inventory(folder) == before
    assert not list((tmp_path / "own").rglob("packing-*")), "what a killed watcher had packed is swept"


@pytest.mark.long
def test_killed_at_random_moments_each_file_arrives_once(command: list[str], wire: Site, tmp_path: Path) -> None:
    folder, contents, chance = tmp_path / "watched", {}, random.Random(11)
    connections = wire.relay.connections
    for number in range(RANDOM_KILLS):
        for part in range(4):
            name = f"{number}-{part}.bin"
            contents[name] = chance.randbytes(200_000)
            (folder / name).write_bytes(contents[name])
        living = start("-c", "from app.cli import main; main()", "watch", *command)
        known = wire.relay.connections + (number == 0)  # at least one is killed while it sends
        wait_for(lambda known=known: wire.relay.connections > known)
        time.sleep(chance.uniform(0, 0.6))
        living.kill()
        living.communicate(timeout=60)
    assert wire.relay.connections > connections + RANDOM_KILLS, "no kill met a sender"
    finish(command)
    arrived_once(wire.rows(tmp_path.name), contents)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)
