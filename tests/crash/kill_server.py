"""Kills a server again and again while it takes uploads, and looks whether anything it acknowledged is gone.

    python -m tests.crash.kill_server [--rounds 50] [--seed 1]

A real `mast serve` over SQLite in a throw-away folder, four uploaders over HTTP, kill -9 of the whole process group at
a random moment of each round. Bounded: it ends by itself after the rounds. Loopback only.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from app.people import service as people
from app.people.tables import AgencyKind
from app.platform import audit
from app.platform.db import Database, migrate
from app.platform.kernel.actor import Actor, Role
from app.platform.storage import BlobStore
from app.sessions import service as sessions
from app.sessions.domain import LicenceMode, ServiceType
from app.settings import Settings
from tests.support.road import Road, infrared_file, ok

UPLOADERS = 4
MAST = (sys.executable, "-c", "from app.cli import main; main()")


@dataclass(slots=True)
class Sent:
    """An upload as its sender remembers it. Acknowledged once an answer 202 was read to its end."""

    key: str
    content: bytes
    acknowledged: str = ""


@dataclass(slots=True)
class Outcome:
    """What the rounds came to."""

    rounds: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    integrity: str = ""
    audit: str = ""
    unfinished_swept: bool = False

    @property
    def clean(self) -> bool:
        """Nothing acknowledged was lost, nothing is there twice, database and log are whole."""
        whole = self.integrity == "ok" and "unbroken" in self.audit and self.unfinished_swept
        return whole and not self.lost and not self.doubled


class Victim:
    """The server that is killed."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.settings = Settings(data_dir=folder, database_url="", port=port, secret="crash")
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MAST_")},
            "MAST_DATA_DIR": str(folder),
            "MAST_SECRET": "crash",
            "MAST_COOKIE_SECURE": "false",
            "MAST_LOG_LEVEL": "CRITICAL",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Serve, and wait until it answers."""
        self.process = subprocess.Popen(
            [*MAST, "serve", "--port", str(self.settings.port)],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{self.url}/health", timeout=2).status_code == 200:
                    return
            assert self.process.poll() is None, "the server ended by itself"
            time.sleep(0.02)
        raise AssertionError("the server did not start within a minute")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """As when the power fails."""
        assert self.process is not None
        os.killpg(self.process.pid, number)
        self.process.wait(20)


def prepare(victim: Victim) -> tuple[dict[str, str], str]:
    """An agency with a token per role and an open session: (tokens, session id)."""
    database = Database(victim.settings.database_url)
    migrate.upgrade(database)
    tokens = {}
    with database.begin() as uow:
        agency = people.add_agency(uow, "Crash", AgencyKind.SERVICE)
        for role in (Role.RECEPTION, Role.CHEMIST, Role.SESSION_LEAD):
            person = people.add_person(uow, agency.id, role.value, role.value, "a long password", [role])
            pepper = victim.settings.pepper()
            _, tokens[role.value] = people.issue_token(uow, "crash", [], 1, pepper, person_id=person.id)
            uow.actor = Actor(person.id, role.value, frozenset({role}), agency.id)
        now = datetime.now(UTC)
        plan = sessions.SessionPlan(
            "Crash", ServiceType.FESTIVAL, LicenceMode.FOH_GENERAL, now, now + timedelta(hours=8)
        )
        session_id = sessions.create_session(uow, plan, place=sessions.Place("Field", "North East")).id
    database.close()
    return tokens, str(session_id)


def upload_until_it_dies(victim: Victim, token: str, analysis_id: str, sent: list[Sent], seed: int) -> None:
    """One uploader: small and larger files, one after the other, until the connection breaks."""
    choose = random.Random(seed)
    with httpx2.Client(base_url=victim.url, headers={"Authorization": f"Bearer {token}"}, timeout=10) as client:
        while True:
            filler = b"$$" + choose.randbytes(8).hex().encode() + b"x" * choose.choice((0, 5_000, 400_000)) + b"\r\n"
            one = Sent(
                str(uuid.uuid4()), infrared_file(choose.randrange(10_000)).replace(b"##END=", filler + b"##END=")
            )
            sent.append(one)
            try:
                answer = client.post(
                    f"/api/v1/analyses/{analysis_id}/uploads?filename=a.jdx",
                    content=one.content,
                    headers={"Idempotency-Key": one.key},
                )
            except httpx2.HTTPError:
                return
            one.acknowledged = str(ok(answer, 202)["id"])


def run(rounds: int, seed: int, folder: Path) -> Outcome:
    """All rounds, then the reckoning."""
    choose, victim, outcome = random.Random(seed), Victim(folder), Outcome()
    tokens, session_id = prepare(victim)
    sent: list[Sent] = []
    analysis_id = ""
    for number in range(rounds):
        victim.start()
        if not analysis_id:
            clients = {
                role: httpx2.Client(base_url=victim.url, headers={"Authorization": f"Bearer {token}"})
                for role, token in tokens.items()
            }
            road = Road(clients.__getitem__, session_id)
            analysis_id = road.analysis(road.register())
        threads = [
            threading.Thread(
                target=upload_until_it_dies, args=(victim, tokens["chemist"], analysis_id, sent, number * 10 + n)
            )
            for n in range(UPLOADERS)
        ]
        for thread in threads:
            thread.start()
        if number % 2:  # half of the rounds are cut off anywhere, the others once something was acknowledged
            _until_acknowledged(sent, sum(bool(s.acknowledged) for s in sent))
        time.sleep(choose.uniform(0.0, 0.6))
        victim.kill()
        for thread in threads:
            thread.join(20)
        outcome.rounds += 1
    reckon(victim, tokens["chemist"], analysis_id, sent, outcome)
    return outcome


def _until_acknowledged(sent: list[Sent], before: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and sum(bool(s.acknowledged) for s in list(sent)) <= before:
        time.sleep(0.01)


def reckon(victim: Victim, token: str, analysis_id: str, sent: list[Sent], outcome: Outcome) -> None:
    """Every acknowledged file must be there once, with its bytes; an unanswered one may be sent again with its key."""
    outcome.acknowledged = sum(bool(s.acknowledged) for s in sent)
    outcome.unanswered = len(sent) - outcome.acknowledged
    blobs = BlobStore(victim.settings.blob_dir, max_bytes=1 << 30)
    victim.start()
    with httpx2.Client(base_url=victim.url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        for one in sent:
            if one.acknowledged:
                row = client.get(f"/api/v1/uploads/{one.acknowledged}")
                path = blobs.path(hashlib.sha256(one.content).hexdigest())
                if row.status_code != 200 or not path.exists() or path.read_bytes() != one.content:
                    outcome.lost.append(one.acknowledged)
        for one in [s for s in sent if not s.acknowledged] + sent[:: max(1, len(sent) // 50)]:
            url = f"/api/v1/analyses/{analysis_id}/uploads?filename=a.jdx"
            twice = [
                ok(client.post(url, content=one.content, headers={"Idempotency-Key": one.key}), 202)["id"]
                for _ in range(2)
            ]
            if len({*twice, one.acknowledged or twice[0]}) != 1:
                outcome.doubled.append(one.key)
    victim.kill(signal.SIGTERM)
    blobs.sweep(older_than_s=0)
    outcome.unfinished_swept = not list((victim.settings.blob_dir / "incoming").glob("*.part"))
    with contextlib.closing(sqlite3.connect(victim.settings.data_dir / "mast.sqlite3")) as raw:
        outcome.integrity = raw.execute("PRAGMA integrity_check").fetchone()[0]
        rows = raw.execute("SELECT count(*) FROM upload").fetchone()[0]
    if rows != len({s.key for s in sent}):
        outcome.doubled.append(f"{rows} rows for {len(sent)} uploads")
    database = Database(victim.settings.database_url)
    with database.read() as session:
        outcome.audit = audit.verify(session).detail
    database.close()


def main() -> int:
    """Run and report; exit 1 when something acknowledged was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mast-crash-") as folder:
        outcome = run(options.rounds, options.seed, Path(folder))
    print(outcome)
    return 0 if outcome.clean else 1


if __name__ == "__main__":
    sys.exit(main())
