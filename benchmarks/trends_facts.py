"""Made-up facts for benchmarks/trends.py: samples with ten findings each, what every method looked for, and three ways
to hold them: SQLite, PostgreSQL, and Parquet files that DuckDB reads.
"""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from app.care.counted.service import periods_of
from harm_messages import load_pack

FIRST = date(2023, 1, 1)
DAYS = 3 * 365
REGIONS = ["North East", "North West", "Yorkshire", "Wales", "Scotland", "London", "South West", "Kent"]
VERDICTS = ["as_expected"] * 5 + ["expected_plus_active", "not_as_expected", "inconclusive"]
FORMS = ["powder"] * 5 + ["tablet"] * 3 + ["crystal", "capsule"]
EXCLUDES = ["opioid.fentanyl", "opioid.nitazene", "psychedelic.lysergamide", "psychedelic.nbome", "psychedelic.dox"]
FINDINGS = 10
COLUMNS = {
    "trend_sample": (
        "sample_id", "agency_id", "session_id", "agency", "day", "week", "month", "quarter", "year", "region", "site",
        "service_type", "submitter_group", "submitter_type", "form", "expected", "expected_class", "verdict", "outcome",
        "grade", "turnaround_min", "released_at",
    ),
    "trend_finding": (
        "sample_id", "found", "found_class", "role", "abundance", "confidence", "amount", "unit", "basis", "methods",
    ),
    "trend_test": ("sample_id", "method", "target", "seen"),
}  # fmt: skip
Rows = dict[str, list[tuple[Any, ...]]]


def made_up(samples: int, seed: int = 1) -> Rows:
    """Rows of every table. The first substances of the register are the commonest, as in life."""
    chance = random.Random(seed)
    every = [(s.id, s.drug_class) for s in load_pack().substances]
    chance.shuffle(every)
    common = [s for s in every if s[0] in ("mdma", "cocaine", "ketamine", "heroin", "caffeine", "protonitazene")]
    substances = (common + [s for s in every if s not in common])[:120]
    weights = [1 / (n + 3) for n in range(len(substances))]
    agencies = [(uuid.UUID(int=chance.getrandbits(128)), f"Service {n}") for n in range(6)]
    session = uuid.UUID(int=chance.getrandbits(128))
    rows: Rows = {name: [] for name in COLUMNS}
    for _ in range(samples):
        key = uuid.UUID(int=chance.getrandbits(128), version=4)
        day = FIRST + timedelta(days=chance.randrange(DAYS))
        expected, expected_class = chance.choices(substances[:40], weights[:40])[0]
        agency, name = chance.choice(agencies)
        verdict = chance.choice(VERDICTS)
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        period = periods_of(day)
        rows["trend_sample"].append(
            (
                key, agency, session, name, day, period["week"], period["month"], period["quarter"], period["year"],
                chance.choice(REGIONS), f"Hall {chance.randrange(4)}", "festival", "client", "public",
                chance.choice(FORMS), expected, expected_class, verdict,
                "inconclusive" if verdict == "inconclusive" else "identified", "confirmed",
                int(chance.lognormvariate(4, 0.7)), at,
            )
        )  # fmt: skip
        found = {expected: expected_class}
        while len(found) < FINDINGS:
            found.update(chance.choices(substances, weights, k=FINDINGS - len(found)))
        for number, (substance, of_class) in enumerate(found.items()):
            amount = round(chance.uniform(1, 95), 1) if number == 0 else None
            rows["trend_finding"].append(
                (
                    key, substance, of_class, "expected", "major" if number < 2 else "trace", "confirmed", amount,
                    "percent_ww" if amount else "", "base" if amount else "",
                    " gc_ms ftir " if number < 3 else " gc_ms ",
                )
            )  # fmt: skip
        tests = [("gc_ms", "*", "looked"), *(("ftir", t, "excluded") for t in EXCLUDES), ("ftir", "*", "looked")]
        if chance.random() < 0.2:
            tests.append(("strip", "opioid.nitazene", chance.choice(("detected", *["not_detected"] * 4))))
        rows["trend_test"] += [(key, *test) for test in tests]
    return rows


def into_sqlite(path: Path, rows: Rows) -> None:
    """Write them to a migrated SQLite database, beside the working tables they hang on."""

    def plain(value: Any) -> Any:
        if isinstance(value, uuid.UUID):
            return value.hex
        if isinstance(value, datetime):
            return f"{value.replace(tzinfo=None):%Y-%m-%d %H:%M:%S.%f}"
        return value.isoformat() if isinstance(value, date) else value

    with sqlite3.connect(path) as raw:
        for table, columns in COLUMNS.items():
            marks = ",".join("?" * len(columns))
            values = (tuple(plain(v) for v in row) for row in rows[table])
            raw.executemany(f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})", values)
        raw.execute("ANALYZE")
    raw.close()


def into_postgres(connection: Any, rows: Rows) -> None:
    """Copy rows of facts into PostgreSQL by COPY. Foreign keys to working tables are not checked: the benchmark has none."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET statement_timeout = 0")
        for table, columns in COLUMNS.items():
            with cursor.copy(f"COPY {table} ({','.join(columns)}) FROM STDIN") as copy:
                for row in rows[table]:
                    copy.write_row(row)
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("SET session_replication_role = DEFAULT")


def into_parquet(folder: Path, rows: Rows) -> Iterator[Path]:
    """A Parquet file per table, keys as text."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for table, columns in COLUMNS.items():
        by_column = zip(columns, zip(*rows[table], strict=True), strict=True)
        arrays = {
            name: pa.array([v.hex if isinstance(v, uuid.UUID) else v for v in values]) for name, values in by_column
        }
        path = folder / f"{table}.parquet"
        pq.write_table(pa.table(arrays), path)
        yield path
