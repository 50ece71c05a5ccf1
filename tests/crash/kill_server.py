"""R1: kill -9 the server again and again while four uploaders send files; then look for what was lost.

`python -m tests.crash.kill_server --rounds 50` prints what happened and exits 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from app.platform import audit
from app.platform.db import Database
from app.platform.storage import BlobStore
from app.settings import Settings
from tests.support.road import infrared_file
from tests.support.serving import Server, Service

UPLOADERS = 4
OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass
class Sent:
    """One file with its key: what was promised about it, if anything."""

    key: str
    content: bytes
    upload_id: str = ""
    acknowledged: int = 0
    cut_off: int = 0

    @property
    def sha256(self) -> str:
        """Of what was sent."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Report:
    """What happened, and every promise that was broken."""

    rounds: int = 0
    acknowledged: int = 0
    cut_off: int = 0
    replays: int = 0
    orphan_blobs: int = 0
    parts_left: int = 0
    slowest_start_s: float = 0
    seconds: float = 0
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.rounds} kills in {self.seconds:.0f} s: {self.acknowledged} files acknowledged, {self.cut_off} cut "
            f"off, {self.replays} answers repeated for a key; {self.orphan_blobs} blobs without a row, "
            f"{self.parts_left} .part files left and swept; slowest start {self.slowest_start_s:.1f} s\n"
            + ("\n".join(self.broken) or "nothing acknowledged was lost")
        )


class Uploader(threading.Thread):
    """Sends files one after another; whatever is cut off is sent again with the same key."""

    def __init__(self, number: int, server: Server, analysis_id: str) -> None:
        super().__init__(daemon=True)
        self.server, self.analysis_id = server, analysis_id
        self.random = random.Random(number)
        self.name = f"uploader-{number}"
        self.sent: list[Sent] = []
        self.replays = 0
        self.wrong: list[str] = []
        self.closing = threading.Event()
        self.client = httpx2.Client(timeout=20)

    def run(self) -> None:
        """Until told to close; then until everything begun is acknowledged."""
        while not self.closing.is_set():
            one = Sent(f"{self.name}-{len(self.sent)}", self._file())
            self.sent.append(one)
            while not one.acknowledged:
                self._send(one)
            if self.random.random() < 0.2:
                self._send(one)  # the answer got lost on the way, says a client

    def _file(self) -> bytes:
        filler = b"$$ " + self.random.randbytes(self.random.choice((100, 5_000, 60_000))).hex().encode()
        return filler + b"\r\n" + infrared_file(self.random.randrange(10**6))

    def _send(self, one: Sent) -> None:
        self.server.up.wait(30)
        url = f"{self.server.url}/api/v1/analyses/{self.analysis_id}/uploads?filename={one.key}.jdx"
        token = self.server.service.tokens["chemist"]
        headers = {**OCTETS, "Idempotency-Key": one.key, "Authorization": f"Bearer {token}"}
        try:
            answer = self.client.post(url, content=self._slowly(one.content), headers=headers, timeout=20)
        except httpx2.HTTPError:
            one.cut_off += 1
            return
        if answer.status_code != 202:
            self.wrong.append(f"{one.key}: {answer.status_code} {answer.text[:200]}")
            time.sleep(0.2)
            return
        upload_id = answer.json()["id"]
        if one.upload_id not in ("", upload_id):
            self.wrong.append(f"{one.key}: two uploads for one key")
        one.upload_id = upload_id
        one.acknowledged += 1
        self.replays += answer.headers.get("Idempotency-Replayed") == "true"

    def _slowly(self, content: bytes) -> Iterator[bytes]:
        for start in range(0, len(content), 16_384):
            yield content[start : start + 16_384]
            time.sleep(self.random.uniform(0, 0.004))


def torture(data_dir: Path, *, rounds: int, budget_s: float = 1e9, seed: int = 7) -> Report:
    """Run it and verify; stops early when the budget is used up."""
    service = Service.prepare(data_dir, MAST_WORKERS="0", MAST_LOG_LEVEL="ERROR")
    server, chance, report, began = service.forked(), random.Random(seed), Report(), time.monotonic()
    server.start()
    road = server.road()
    analysis_id = road.analysis(road.register())
    uploaders = [Uploader(n, server, analysis_id) for n in range(UPLOADERS)]
    try:
        for uploader in uploaders:
            uploader.start()
        while report.rounds < rounds and time.monotonic() - began < budget_s:
            time.sleep(chance.uniform(0.01, 0.6))
            server.kill()
            report.rounds += 1
            report.slowest_start_s = max(report.slowest_start_s, server.start())
        for uploader in uploaders:
            uploader.closing.set()
        for uploader in uploaders:
            uploader.join(60)
            uploader.client.close()
            if uploader.is_alive():
                report.broken.append(f"{uploader.name} never got its last file acknowledged")
    finally:
        server.kill()
        server.hang_up()
    report.seconds = time.monotonic() - began
    _verify(service, [one for u in uploaders for one in u.sent], report)
    report.broken += [words for u in uploaders for words in u.wrong]
    report.replays = sum(u.replays for u in uploaders)
    return report


def _verify(service: Service, sent: list[Sent], report: Report) -> None:
    report.acknowledged = sum(1 for one in sent if one.acknowledged)
    report.cut_off = sum(one.cut_off for one in sent)
    rows = _check_database(Path(service.settings.data_dir / "mast.sqlite3"), report)
    store = BlobStore(service.settings.blob_dir, max_bytes=1)
    for one in sent:
        count = sum(1 for name in rows.values() if name[1] == f"{one.key}.jdx")
        if one.acknowledged and rows.get(one.upload_id.replace("-", ""), ("", ""))[0] != one.sha256:
            report.broken.append(f"{one.key}: acknowledged, but its row is gone or names another file")
        if count != 1:
            report.broken.append(f"{one.key}: {count} rows for one key")
        path = store.path(one.sha256)
        if one.acknowledged and (not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != one.sha256):
            report.broken.append(f"{one.key}: acknowledged, but its bytes are gone or changed")
    blobs = {p.name for p in store.root.rglob("*") if p.is_file() and len(p.name) == 64}
    report.orphan_blobs = len(blobs - {sha for sha, _ in rows.values()})
    parts = list((store.root / "incoming").glob("*.part"))
    report.parts_left = len(parts)
    for part in parts:
        os.utime(part, (0, 0))  # an hour later
    if store.sweep() != len(parts) or list((store.root / "incoming").glob("*.part")):
        report.broken.append(".part files were not swept")


def _check_database(path: Path, report: Report) -> dict[str, tuple[str, str]]:
    with closing(sqlite3.connect(path)) as raw:
        for pragma in ("integrity_check", "foreign_key_check"):
            found = raw.execute(f"PRAGMA {pragma}").fetchall()
            if found not in ([("ok",)], []):
                report.broken.append(f"{pragma}: {found[:3]}")
        rows = {r[0]: (r[1], r[2]) for r in raw.execute("SELECT id, blob_sha256, file_name FROM upload")}
        jobs = Counter(r[0] for r in raw.execute("SELECT json_extract(payload, '$.upload_id') FROM job") if r[0])
        if sorted(jobs.values()) != [1] * len(rows):
            report.broken.append(f"{len(rows)} uploads, but jobs for {len(jobs)} of them")
    raw.close()
    database = Database(f"sqlite:///{path}")
    with database.read() as session:
        chain = audit.verify(session, audit.key_of(Settings(data_dir=path.parent).pepper()))
    database.close()
    if chain.broken_at is not None:
        report.broken.append(f"audit: {chain.detail}")
    return rows


def main() -> None:
    """From a shell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = torture(Path(folder), rounds=given.rounds, seed=given.seed)
    print(report)
    sys.exit(1 if report.broken else 0)


if __name__ == "__main__":
    main()
