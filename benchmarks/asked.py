"""What the comparison with earlier answers costs on top of an answer: CPU time of each step, over 10^5 samples and a person
who was shown 2,000 rows. `python -m benchmarks.asked [SAMPLES] [ROWS SHOWN BEFORE]`; nothing is asserted."""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from app.history.tables import HistoryImport
from app.platform.db import Database
from app.platform.db.migrate import upgrade
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.clock import system_clock
from app.trends import asking, figures, repository, service
from app.trends.asked import repository as asked_log
from app.trends.asked import service as asked
from app.trends.asked.budget import Budget
from app.trends.asked.checking import judged
from app.trends.asked.sets import candidates
from app.trends.domain import Audience, Dimension, FoundFact, Question, ReleaseFact, Seen, TestFact
from harm_messages import load_pack

D = Dimension
WHO = Actor(None, "operator", frozenset({Role.RESEARCHER}), None, via="command line")
PLENTY = Budget(1_000_000, 1_000_000)
REGISTER = load_pack().substances
EXPECTED = ("mdma", "ketamine", "heroin", "cocaine", "amphetamine")
REGIONS = ("North East", "Wales", "London", "South West", "Scotland", "Kent", "Yorkshire", "Midlands")
ASKED = {
    "expected_found by month, region": Question("expected_found", (D.MONTH, D.REGION)),
    "found:mdma by month": Question("found", (D.MONTH,), found="mdma"),
    "samples by month, expected": Question("samples", (D.MONTH, D.EXPECTED)),
    "samples by month, found": Question("samples", (D.MONTH, D.FOUND)),
    "quantiles:mdma by quarter": Question("quantiles:mdma", (D.QUARTER,)),
}


def fill(database: Database, samples: int) -> None:
    """Made-up facts of three years."""
    rng = random.Random(1)
    with database.begin() as uow:
        row = HistoryImport(
            source="made up", licence="none", map_text="", digest="", samples=samples, changed=0,
            imported_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        uow.session.add(row)
        uow.session.flush()
        for start in range(0, samples, 5_000):
            facts = [_fact(rng, row.id) for _ in range(min(5_000, samples - start))]
            repository.insert(uow.session, facts)


def _fact(rng: random.Random, import_id: UUID) -> ReleaseFact:
    expected = rng.choice(EXPECTED)
    hit = rng.random() < 0.8
    found = [
        FoundFact(expected, "entactogen", "expected", "major", "confirmed", 120.0 + rng.random(), "mg_per_unit", "base")
    ]
    more = [FoundFact("caffeine", "stimulant.other", "cut", "minor", "confirmed")]
    return ReleaseFact(
        sample_id=UUID(int=rng.getrandbits(128), version=4), agency_id=None, agency="A", session_id=None,
        day=date(2023, 1, 1) + timedelta(days=rng.randrange(1095)), released_at=datetime(2026, 1, 1, tzinfo=UTC),
        region=rng.choice(REGIONS), site="S", service_type="festival", client=True, form=rng.choice(("powder", "tablet")),
        expected=expected, expected_class="entactogen", verdict="as_expected" if hit else "not_as_expected",
        outcome="identified", import_id=import_id, found=tuple(found * hit + more * (rng.random() < 0.2)),
        tests=(TestFact("gc_ms", "*", Seen.LOOKED),),
    )  # fmt: skip


def shown_before(database: Database, rows: int) -> None:
    """Questions that were answered until so many rows are written down."""
    for question in _narrow():
        with database.read() as session:
            draft = service.draft(session, WHO, system_clock(), question, REGISTER, PLENTY)
        with database.begin(WHO) as uow:
            service.answered(uow, draft, PLENTY)
        with database.read() as session:
            if len(asked_log.earlier(session, asked.pool_of(WHO)).latest) >= rows:
                return


def _narrow() -> list[Question]:
    by = [(D.WEEK, D.REGION), (D.WEEK, D.EXPECTED), (D.WEEK, D.FORM), (D.QUARTER, D.REGION, D.EXPECTED)]
    return [Question(measure, split) for split in by for measure in ("samples", "not_as_expected", "turnaround")]


def _cpu(step: Callable[[], object]) -> tuple[float, object]:
    began = time.process_time()
    made = step()
    return (time.process_time() - began) * 1000, made


def measure(database: Database, question: Question) -> tuple[list[float], int]:
    """Milliseconds of CPU: the answer, the sets behind it, what was shown before, the comparison. And how many rows."""
    with database.read() as session:
        what = asking.understood(session, question, REGISTER, Audience.PUBLIC)
        answer = figures.Asking(session, *what, question.found, Audience.PUBLIC, None, REGISTER, system_clock())
        answering, rows = _cpu(lambda: figures.rows_of(answer))
        drawing, behind = _cpu(lambda: candidates(answer, question, rows))  # type: ignore[arg-type]
        loading, earlier = _cpu(lambda: asked_log.earlier(session, asked.pool_of(WHO)))
        judging, _ = _cpu(lambda: judged(behind, earlier, 10))  # type: ignore[arg-type]
    return [answering, drawing, loading, judging], len(rows)  # type: ignore[arg-type]


def main(samples: int, rows: int) -> None:
    """Fill, ask, print medians of seven."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'asked.sqlite3'}")
        upgrade(database)
        fill(database, samples)
        shown_before(database, rows)
        with database.read() as session:
            known = len(asked_log.earlier(session, asked.pool_of(WHO)).latest)
        print(f"{samples:,} samples, {known:,} rows shown before; SQLite; ms of CPU, median of 7")
        print(f"  {'question':34} {'answer':>7} {'sets':>7} {'load':>7} {'compare':>7}  rows")
        for name, question in ASKED.items():
            runs = [measure(database, question) for _ in range(7)]
            steps = [statistics.median(run[0][at] for run in runs) for at in range(4)]
            print(f"  {name:34} " + " ".join(f"{step:7.0f}" for step in steps) + f"  {runs[0][1]}")
        database.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, int(sys.argv[2]) if len(sys.argv) > 2 else 2_000)
