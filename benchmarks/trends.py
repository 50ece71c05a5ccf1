"""The ten commonest questions over a million findings: `python -m benchmarks.trends [SAMPLES] [REPEATS] [--only N]`.

On SQLite and on PostgreSQL (a server of its own, where its programs are installed), against the same questions in DuckDB
over a Parquet export of the same facts, in one run. `counts` are true figures as `--unprotected` gives them; `read` is the
same question to what was struck, where a table of it is given. How long striking takes is printed first. The true figures of
all three are compared and must be equal. Milliseconds of the wall clock as median and 95th percentile, and
the processor time of this process. Then rows per second of an import of history. Printed, never asserted, but for equality.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from app.care.counted import service as counted
from app.care.counted.tables import TrendSample
from app.figures.history import service as history
from app.figures.trends import repository_snapshot, service
from app.figures.trends.domain import Audience, Dimension
from app.figures.trends.protection.noise import Draws
from app.figures.trends.protection.striking import strike_due
from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.operations import demo_history
from app.platform.db import Database
from app.platform.db.migrate import upgrade
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid
from app.platform.kernel.place import system_clock
from benchmarks.trends_facts import into_parquet, into_postgres, into_sqlite, made_up
from harm_messages import load_pack

PACK = load_pack()
RESEARCHER = Actor(None, "benchmark", frozenset({Role.RESEARCHER}), None)
M, Q, R, F, E = Dimension.MONTH, Dimension.QUARTER, Dimension.REGION, Dimension.FORM, Dimension.EXPECTED
KNOWN = (
    "verdict IN ('as_expected','expected_plus_inert','expected_plus_active','partly_as_expected','not_as_expected',"
    "'nothing_detected')"
)
FOUND = "verdict IN ('as_expected','expected_plus_inert','expected_plus_active','partly_as_expected')"


def _tested(name: str, covering: str) -> str:
    """DuckDB: samples tested for a class, and those in which it was found."""
    return f"""
        (SELECT s.*, f.sample_id IS NOT NULL AS hit FROM sample s
        LEFT JOIN (SELECT DISTINCT sample_id FROM finding WHERE found = '{name}' OR found_class = '{name}'
                   OR found_class LIKE '{name}.%') f USING (sample_id)
        LEFT JOIN (SELECT sample_id, max(own) AS own, max(looked) AS looked FROM
                   (SELECT sample_id, method, max((seen IN ('detected', 'not_detected'))::int) AS own,
                           max((seen = 'looked')::int) * (1 - max((seen = 'excluded')::int)) AS looked
                    FROM test WHERE target IN ({covering}) AND method NOT IN ('strip', 'reagent', 'visual')
                    GROUP BY ALL) GROUP BY ALL) t USING (sample_id)
        WHERE f.sample_id IS NOT NULL OR t.own = 1
              OR (t.looked = 1 AND s.outcome NOT IN ('inconclusive', 'insufficient', 'pending')))"""


@dataclass(frozen=True)
class Asked:
    """A question in our words and in DuckDB's. The columns of the latter: the key, then figures as `figures` of a row."""

    question: service.Question
    sql: str
    figures: tuple[str, ...] = ("numerator", "denominator")


QUESTIONS = {
    "samples by month": Asked(
        service.Question("samples", (M,)), "SELECT month, count(*) FROM sample GROUP BY ALL", ("n",)
    ),
    "expected found, by month and region": Asked(
        service.Question("expected_found", (M, R)),
        f"SELECT month, region, count(*) FILTER ({FOUND}), count(*) FROM sample WHERE {KNOWN} GROUP BY ALL",
    ),
    "not as expected, by month and expected": Asked(
        service.Question("not_as_expected", (M, E)),
        "SELECT month, expected, count(*) FILTER (verdict IN ('not_as_expected','nothing_detected')), count(*) "
        f"FROM sample WHERE {KNOWN} GROUP BY ALL",
    ),
    "other active, by form and region": Asked(
        service.Question("other_active", (F, R)),
        "SELECT form, region, count(*) FILTER (verdict = 'expected_plus_active'), count(*) "
        f"FROM sample WHERE {KNOWN} GROUP BY ALL",
    ),
    "nitazenes found, by month": Asked(
        service.Question("found", (M,), found="opioid.nitazene"),
        "SELECT month, count(*) FILTER (hit), count(*) FROM "
        + _tested("opioid.nitazene", "'*', 'opioid', 'opioid.nitazene'")
        + " GROUP BY ALL",
    ),
    "opioids found, by month and region": Asked(
        service.Question("found", (M, R), found="opioid"),
        "SELECT month, region, count(*) FILTER (hit), count(*) FROM "
        + _tested("opioid", "'*', 'opioid'")
        + " GROUP BY ALL",
    ),
    "caffeine found in heroin, by quarter": Asked(
        service.Question("found", (Q,), {E: "heroin"}, "caffeine"),
        "SELECT quarter, count(*) FILTER (hit), count(*) FROM "
        + _tested("caffeine", "'*', 'stimulant', 'stimulant.other', 'caffeine'")
        + " WHERE expected = 'heroin' GROUP BY ALL",
    ),
    "samples by class found and quarter": Asked(
        service.Question("samples", (Dimension.FOUND_CLASS, Q)),
        "SELECT found_class, quarter, count(DISTINCT sample_id) FROM finding JOIN sample USING (sample_id) GROUP BY ALL",
        ("n",),
    ),
    "median amount of cocaine, by month": Asked(
        service.Question("median_amount:cocaine", (M,)),
        "SELECT month, count(*), median(amount) FROM finding JOIN sample USING (sample_id) "
        "WHERE found = 'cocaine' AND amount IS NOT NULL GROUP BY ALL",
        ("n", "value"),
    ),
    "time to a result, by month and region": Asked(
        service.Question("turnaround", (M, R)),
        "SELECT month, region, count(*), median(turnaround_min) FROM sample WHERE turnaround_min IS NOT NULL GROUP BY ALL",
        ("n", "value"),
    ),
}


@dataclass(frozen=True)
class Times:
    """Milliseconds of several runs of one thing."""

    wall: list[float]
    cpu: list[float]

    @property
    def words(self) -> str:
        """Median, 95th percentile, processor time."""
        wall = sorted(self.wall)
        late = wall[min(len(wall) - 1, round(0.95 * (len(wall) - 1)))]
        return f"{statistics.median(wall):6.0f} {late:6.0f} {statistics.median(self.cpu):6.0f}"


def timed(repeats: int, run: Callable[[], Any]) -> tuple[Times, Any]:
    """Run it once to warm up, then so often under the clock."""
    answer, wall, cpu = run(), [], []
    for _ in range(repeats):
        began, cpu_began = time.perf_counter(), time.process_time()
        answer = run()
        wall.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - cpu_began) * 1000)
    return Times(wall, cpu), answer


def counts(database: Database, asked: Asked) -> Any:
    """True figures."""
    with database.begin(RESEARCHER) as uow:
        return service.unprotected_table(uow, asked.question, PACK.substances)


def whole(database: Database, asked: Asked) -> Any:
    """What a researcher gets; None where no table of it is given."""
    with database.read() as session:
        try:
            return service.protected_table(
                session, Audience.RESEARCHER, system_clock(), asked.question, PACK.substances
            )
        except (Forbidden, Invalid):
            return None


def striking(database: Database) -> None:
    """How long every period takes that is due, reading the facts included."""
    repository_snapshot._KEPT.clear()
    began, cpu = time.perf_counter(), time.process_time()
    struck = strike_due(database, PACK.substances, Draws.of(b"benchmark"))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"\n{len(struck)} periods struck in {took:.1f} s, processor {cpu:.1f} s", flush=True)


def as_rows(table: Any, figures: tuple[str, ...]) -> dict[tuple[str, ...], tuple[float, ...]]:
    """A table of ours as DuckDB would give it."""
    return {tuple(r.key[d.value] for d in table.dimensions): tuple(getattr(r, f) for f in figures) for r in table.rows}


def columns_kept(database: Database) -> None:
    """How long the first question waits for its columns, and the next one after a release."""
    repository_snapshot._KEPT.clear()
    began, cpu = time.perf_counter(), time.process_time()
    with database.read() as session:
        repository_snapshot.columns(session)
    print(
        f"\ncolumns loaded: {time.perf_counter() - began:.1f} s, processor {time.process_time() - cpu:.1f} s", end="; "
    )
    with database.begin() as uow:
        key = uow.session.connection().execute(sa.select(TrendSample.sample_id).limit(1)).scalar_one()
        counted.forget_many(uow, [key])
    began, cpu = time.perf_counter(), time.process_time()
    with database.read() as session:
        repository_snapshot.columns(session)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"after one change {took * 1000:.0f} ms, processor {cpu * 1000:.0f} ms", flush=True)


def ask_all(kind: str, database: Database, peer: Any, repeats: int, only: str) -> None:
    """Ask every question of one database and print a line for each."""
    print(f"\n{kind}: ms median, p95, processor      counts              read      DuckDB   rows")
    for name, asked in QUESTIONS.items():
        if only not in name:
            continue
        of_counts, table = timed(repeats, lambda a=asked: counts(database, a))  # type: ignore[misc]
        of_all, shown = timed(repeats, lambda a=asked: whole(database, a))  # type: ignore[misc]
        of_peer, said = timed(repeats, lambda a=asked: peer.execute(a.sql).fetchall())  # type: ignore[misc]
        at = len(asked.question.by)
        theirs = {tuple(row[:at]): tuple(row[at:]) for row in said}
        same = "" if as_rows(table, asked.figures) == theirs else "  DIFFERENT FROM DUCKDB"
        given = "no such table is given" if shown is None else f"{len(shown.rows)} struck"
        late = f"{name:42}{of_counts.words} {of_all.words} {statistics.median(of_peer.wall):6.0f}"
        print(f"{late} {len(table.rows):6} ({given}){same}", flush=True)


@contextmanager
def postgres() -> Iterator[Database | None]:
    """A migrated database on a server of its own, or None where PostgreSQL is not installed."""
    from tests.support.postgres import PostgresServer, find_binaries

    binaries = find_binaries()
    if binaries is None:
        yield None
        return
    server = PostgresServer(binaries)
    try:
        server.start()
        database = Database(server.url())
        upgrade(database)
        yield database
        database.close()
    finally:
        server.remove()


def importing(folder: Path, samples: int) -> None:
    """Rows per second of an import of history, reading and writing."""
    demo_history.write(folder, date(2026, 11, 26), samples)
    database = Database(f"sqlite:///{folder / 'import.sqlite3'}")
    upgrade(database)
    files, by_map = [folder / name for name in demo_history.FILES], history.read_map(folder / demo_history.MAP)
    began, cpu = time.perf_counter(), time.process_time()
    reading = history.read_history(files, by_map, PACK.substances, date(2026, 11, 26))
    read = time.perf_counter()
    with database.begin() as uow:
        people.add_agency(uow, "Durham Drug Checking (example)", AgencyKind.SERVICE)
        uow.actor = people.operator_for(uow.session)
        history.import_history(uow, by_map, demo_history.MAP_TEXT, reading, files, PACK)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    database.close()
    rows = sum(reading.rows.values())
    print(
        f"\nimport of {rows:,} rows ({samples:,} samples): {took:.1f} s, {rows / took:,.0f} rows/s "
        f"(reading {read - began:.1f} s; processor {cpu:.1f} s)"
    )


def main() -> None:
    """Everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="?", type=int, default=100_000)
    parser.add_argument("repeats", nargs="?", type=int, default=9)
    parser.add_argument("--only", default="", help="a part of the names of questions")
    parser.add_argument("--skip", default="", help="postgresql, sqlite, import")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = made_up(asked.samples)
        sizes = ", ".join(f"{len(part):,} {table}" for table, part in rows.items())
        print(f"{sizes}; {asked.repeats} repetitions")
        peer = duckdb.connect()
        peer.execute("SET threads = 1")
        for path in into_parquet(folder, rows):
            view = path.stem.removeprefix("trend_")
            peer.execute(f"CREATE VIEW {view} AS SELECT * FROM '{path}'")
        if "sqlite" not in asked.skip:
            database = Database(f"sqlite:///{folder / 'trends.sqlite3'}")
            upgrade(database)
            into_sqlite(folder / "trends.sqlite3", rows)
            striking(database)
            ask_all("SQLite", database, peer, asked.repeats, asked.only)
            columns_kept(database)
            database.close()
        if "postgresql" not in asked.skip:
            with postgres() as served:
                if served is None:
                    print("\nPostgreSQL is not installed here: skipped")
                else:
                    with served.writer.connect() as connection:
                        raw = connection.connection.driver_connection
                        connection.rollback()
                        raw.autocommit = True
                        into_postgres(raw, rows)
                        raw.autocommit = False
                    striking(served)
                    ask_all("PostgreSQL", served, peer, asked.repeats, asked.only)
                    columns_kept(served)
        del rows
        if "import" not in asked.skip:
            importing(folder, min(asked.samples, 50_000))


if __name__ == "__main__":
    sys.exit(main())
