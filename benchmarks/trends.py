"""Trend queries over many released samples on SQLite: `python benchmarks/trends.py [ROWS]` prints milliseconds.

The whole use case is timed: counting, disclosure control, rows. Times are reported, never asserted.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
import uuid
from pathlib import Path

from app.platform.db import Database
from app.platform.db.migrate import upgrade
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.clock import system_clock
from app.trends import service
from app.trends.domain import Dimension
from harm_messages import load_pack

RESEARCHER = Actor(None, "benchmark", frozenset({Role.RESEARCHER}), None)
MONTHS = [f"{year}-{month:02d}" for year in (2023, 2024, 2025) for month in range(1, 13)]
REGIONS = ["North East", "North West", "Yorkshire", "Wales", "Scotland", "London", "South West", "Kent"]
VERDICTS = ["as_expected"] * 5 + ["expected_plus_active", "not_as_expected", "inconclusive"]
M, R = Dimension.MONTH, Dimension.REGION
QUESTIONS = {
    "month": service.Question("expected_found", (M,)),
    "month and region": service.Question("expected_found", (M, R)),
    "month, region, form and expected": service.Question("expected_found", (M, R, Dimension.FORM, Dimension.EXPECTED)),
    "class found, by month and region": service.Question("found", (M, R), found="opioid"),
}


def fill(path: Path, rows: int) -> None:
    """Samples of made-up people, written without the working tables behind them."""
    chance = random.Random(1)
    substances = [(s.id, s.drug_class) for s in load_pack().substances][:60]
    agency, session = uuid.uuid4().hex, uuid.uuid4().hex
    at = "2026-01-01 00:00:00.000000"
    samples, findings = [], []
    for _ in range(rows):
        key, (expected, expected_class) = uuid.uuid4().hex, chance.choice(substances)
        samples.append(
            (
                key, agency, session, chance.choice(MONTHS), chance.choice(REGIONS), "Hall", "festival", "client",
                chance.choice(("powder", "tablet", "crystal", "capsule")), expected, expected_class,
                chance.choice(VERDICTS), "identified", at,
            )
        )  # fmt: skip
        for found, of_class in {expected: expected_class, **dict(chance.sample(substances, 1))}.items():
            findings.append((key, found, of_class, "expected", "major", "confirmed"))
    with sqlite3.connect(path) as raw:
        columns = (
            "sample_id, agency_id, session_id, month, region, site, service_type, submitter_group, form, expected, "
            "expected_class, verdict, outcome, released_at"
        )
        raw.executemany(f"INSERT INTO trend_sample ({columns}) VALUES ({','.join('?' * 14)})", samples)
        columns = "sample_id, found, found_class, role, abundance, confidence"
        raw.executemany(f"INSERT INTO trend_finding ({columns}) VALUES (?,?,?,?,?,?)", findings)
        raw.execute("ANALYZE")
    raw.close()


def main(rows: int) -> None:
    """Fill, ask each question nine times, print the median."""
    register = load_pack().substances
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trends.sqlite3"
        database = Database(f"sqlite:///{path}")
        upgrade(database)
        fill(path, rows)
        print(f"trends over {rows:,} samples, SQLite, median of 9")
        for name, asked in QUESTIONS.items():
            times = []
            for _ in range(9):
                began = time.perf_counter()
                with database.read() as session:
                    table = service.table(session, RESEARCHER, system_clock(), asked, register)
                times.append((time.perf_counter() - began) * 1000)
            print(f"  {name:36} {statistics.median(times):7.0f} ms  {len(table.rows)} rows")
        database.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
