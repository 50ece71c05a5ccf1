"""What is deleted by itself, and when: once a day inside `mast serve` (or `mast worker`), and as `mast db purge`.

The rules are data, so that docs/privacy.md can be held to them by a test. This is the one place that deletes across
features, which is why it imports their tables. Backups keep what they hold until they are deleted themselves.

After six years a sample goes with all that hangs on it. What it counts for in the figures stays, and so does the audit log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlmodel import col, select

import app.tables  # noqa: F401  every table, to know what still refers to a file
from app.care.alerts.tables import Alert, DetectionRun
from app.care.consultations.tables import DisplayLog
from app.care.counted.tables import TrendSample
from app.figures.exports.tables import ResearchPlacement, ResearchProject
from app.intake.people.tables import ApiToken, Person, StaffSession
from app.intake.samples.tables import LeasedCode, Sample, TicketSession
from app.laboratory.incoming.domain import IncomingState
from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings.arrays import array_store
from app.laboratory.readings.tables import Blob
from app.platform import audit
from app.platform.db import Base, Database, UnitOfWork, metadata
from app.platform.jobs.queue import purge_finished
from app.platform.live import purge_events
from app.platform.security.tables import ThrottleRow
from app.platform.storage import BlobStore
from app.platform.web.tables import IdempotencyRow
from app.results.tables import ResultVersion

FIRST_S = 60.0  # after a start, so that starting stays quick
EVERY_S = 24 * 3600.0
AT_ONCE = 50
"""Samples deleted in one transaction, so that nobody who saves waits long."""
_LOCK = 0x4D415352  # only one process of several does it at a time (PostgreSQL)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of data: how long it is kept, counted from what, and the statement that ends it.

    `purge` is given the moment before which everything goes, and says how many rows it touched.
    """

    name: str
    what: str
    keep: timedelta
    since: str
    purge: Callable[[UnitOfWork, datetime], int]


def _run(uow: UnitOfWork, statement: Any) -> int:
    return int(uow.session.connection().execute(statement).rowcount)


def _over(table: type[Base], *ends: datetime | None) -> Callable[[UnitOfWork, datetime], int]:
    """Deletes the rows of a table of which one of these moments has passed."""

    def purge(uow: UnitOfWork, before: datetime) -> int:
        return _run(uow, sa.delete(table).where(sa.or_(*(col(end) <= before for end in ends))))

    return purge


def _ticket_codes(uow: UnitOfWork, before: datetime) -> int:
    dead = sa.and_(col(Sample.ticket_hmac).is_not(None), col(Sample.ticket_expires_at) <= before)
    return _run(uow, sa.update(Sample).where(dead).values(ticket_hmac=None))


def _links(uow: UnitOfWork, before: datetime) -> int:
    over = sa.and_(col(Person.link_hash).is_not(None), col(Person.link_expires_at) <= before)
    return _run(uow, sa.update(Person).where(over).values(link_hash=None, link_expires_at=None))


def _staff_notes(uow: UnitOfWork, before: datetime) -> int:
    old = sa.and_(col(Sample.staff_note) != "", col(Sample.received_at) <= before)
    # a new version: a form that was open since then cannot bring the note back
    return _run(uow, sa.update(Sample).where(old).values(staff_note="", version=col(Sample.version) + 1))


def _set_aside(uow: UnitOfWork, before: datetime) -> int:
    """The row stays with key and hash, so that the same arrival is recognised; its bytes follow in purge_files."""
    due = sa.and_(
        col(IncomingFile.state) == IncomingState.SET_ASIDE,
        col(IncomingFile.decided_at) <= before,
        col(IncomingFile.blob_sha256).is_not(None),
    )
    return _run(uow, _emptied(uow).where(due))


def _emptied(uow: UnitOfWork) -> sa.Update:
    emptied = sa.update(IncomingFile).values(file_name="deleted file", folder="", summary={}, problem=None, format="")
    return emptied.values(blob_sha256=None, removed_at=uow.now, version=col(IncomingFile.version) + 1)


def _samples(uow: UnitOfWork, before: datetime) -> int:
    """Foreign keys take along what hangs on a sample. Its facts are let go first, and an incoming file's row stays."""
    steps = ("created_at", "submitted_at", "verified_at", "released_at", "closed_at")
    later = sa.or_(*(getattr(ResultVersion, step) > before for step in steps))
    due = sa.select(col(Sample.id)).where(
        col(Sample.received_at) <= before,
        ~sa.exists().where(col(ResultVersion.sample_id) == col(Sample.id), later),
        ~sa.exists().where(col(DisplayLog.sample_id) == col(Sample.id), col(DisplayLog.at) > before),
    )
    gone = uow.session.scalars(due.limit(AT_ONCE)).all()
    facts = sa.update(TrendSample).where(col(TrendSample.own_sample_id).in_(gone))
    files = _emptied(uow).where(col(IncomingFile.sample_id).in_(gone))
    _run(uow, facts.values(own_sample_id=None))
    _run(uow, files.values(sample_id=None, upload_id=None, state=IncomingState.SET_ASIDE))
    return _run(uow, sa.delete(Sample).where(col(Sample.id).in_(gone)))


def _placements(uow: UnitOfWork, before: datetime) -> int:
    """A project that is over makes no more extracts, so nothing has to know where its samples stood."""
    over = sa.select(col(ResearchProject.id)).where(col(ResearchProject.ends_on) < before.date())
    return _run(uow, sa.delete(ResearchPlacement).where(col(ResearchPlacement.project_id).in_(over)))


IMMEDIATELY, SIX_YEARS = timedelta(0), timedelta(days=2192)
_SESSION_OVER = _over(StaffSession, StaffSession.expires_at, StaffSession.revoked_at)
_TOKEN_OVER = _over(ApiToken, ApiToken.expires_at, ApiToken.revoked_at)
_TICKET_SESSION_OVER = _over(TicketSession, TicketSession.expires_at)
_ANSWERED = _over(IdempotencyRow, IdempotencyRow.created_at)
_LENT = _over(LeasedCode, LeasedCode.expires_at)
_TRIED = _over(ThrottleRow, ThrottleRow.began_at)
RULES: tuple[Rule, ...] = (
    Rule("ticket_code", "keyed hash of a ticket code", IMMEDIATELY, "expiry of the ticket", _ticket_codes),
    Rule("ticket_session", "a client's browser that showed its ticket", IMMEDIATELY, "its end", _TICKET_SESSION_OVER),
    Rule("leased_code", "keyed hash of a ticket code lent to a tablet", IMMEDIATELY, "its expiry", _LENT),
    Rule("staff_note", "note of staff about a sample", timedelta(days=30), "receipt of the sample", _staff_notes),
    Rule("staff_session", "a browser someone was signed in with", IMMEDIATELY, "its end", _SESSION_OVER),
    Rule("password_link", "keyed hash of a link for a new password", IMMEDIATELY, "its expiry", _links),
    Rule("api_token", "an API token", timedelta(days=30), "its expiry or revocation", _TOKEN_OVER),
    Rule("idempotency", "the answer kept for a repeated request", timedelta(hours=24), "the answer", _ANSWERED),
    Rule("throttle", "count of tries to sign in or to open a ticket", timedelta(hours=24), "the first try", _TRIED),
    Rule("event", "a live event", timedelta(days=7), "the event", purge_events),
    Rule("job", "a job that is done", timedelta(days=30), "its end", purge_finished),
    Rule(
        "incoming_file", "a file from an instrument that was set aside", timedelta(days=30), "that moment", _set_aside
    ),
    Rule(
        "research_placement",
        "where samples stand in the extracts of a research project",
        IMMEDIATELY,
        "the project's last day",
        _placements,
    ),
    Rule("alert", "an alert with its evidence and who signed", SIX_YEARS, "its end", _over(Alert, Alert.until)),
    Rule("detection_run", "a run of the detection", SIX_YEARS, "the run", _over(DetectionRun, DetectionRun.at)),
    Rule(
        "sample",
        "a sample with its files, results and talks",
        SIX_YEARS,
        "receipt, the last step of a result, or the last time its page was shown, whichever is latest",
        _samples,
    ),
)


def purge(database: Database, rules: Sequence[Rule] = RULES) -> dict[str, int]:
    """Carry out every rule, in one transaction after another until nothing is due; says how many rows went, by rule.

    Safe at any time and in several processes: what is gone already is not found again.
    """
    return {rule.name: sum(iter(partial(_once, database, rule), 0)) for rule in rules}


def _once(database: Database, rule: Rule) -> int:
    with database.begin(request_id="retention", vital=True) as uow:
        if database.is_sqlite:  # else what was deleted stays readable in the free space of the file
            uow.session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
        else:  # anyone who comes second waits, and finds nothing left to do
            uow.session.connection().execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        before = uow.now - rule.keep
        count = rule.purge(uow, before)
        if count:  # a number and a date, never what it was
            after = {"count": count, "before": before.isoformat(timespec="seconds")}
            audit.record(uow, "purge", "retention", rule.name, after=after)
    return count


def purge_files(database: Database, blobs: BlobStore) -> int:
    """Delete raw files that no row refers to any more, and the arrays that were read from them; says how many raw files.

    The file goes first and its row after it: cut off in between, the next purge finds the row again, and the same bytes
    sent in the meantime find no file and write their own.
    """
    with database.read() as session:
        candidates = list(session.exec(select(Blob.sha256).where(*_unreferenced())))
        named = [table.c.arrays_sha256 for table in metadata.tables.values() if "arrays_sha256" in table.c]
        needed = set(session.scalars(sa.union(*map(sa.select, named))))
    gone = [sha256 for sha256 in candidates if blobs.remove(sha256)]
    for sha256 in gone:
        with database.begin(request_id="retention", vital=True) as uow:
            _run(uow, sa.delete(Blob).where(col(Blob.sha256) == sha256, *_unreferenced()))
    arrays = array_store(blobs.root)
    for sha256 in arrays.names() - needed:
        arrays.remove(sha256)
    return len(gone)


def _unreferenced() -> Iterator[sa.ColumnElement[bool]]:
    for table in metadata.tables.values():
        for key in table.foreign_keys:
            if key.column.table.name == Blob.__tablename__:
                yield ~sa.exists().where(key.parent == col(Blob.sha256))


class Housekeeper:
    """A thread that purges soon after the start and then once a day, and asks for other `daily` work. `start()` and `stop()` around a process's life."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore | None = None,
        *,
        first_s: float = FIRST_S,
        every_s: float = EVERY_S,
        daily: Sequence[Callable[[Database], object]] = (),
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._first_s = first_s
        self._every_s = every_s
        self._daily = daily
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, name="retention", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """End; a purge that is running finishes its statement first."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def _work(self) -> None:
        wait = self._first_s
        while not self._stopping.wait(wait):
            wait = self._every_s
            for also in self._daily:
                try:
                    also(self._database)
                except Exception as error:
                    _log.error("daily_work_failed", work=getattr(also, "__name__", ""), error=type(error).__name__)
            try:
                gone = {name: count for name, count in purge(self._database).items() if count}
                if self._blobs is not None and (files := purge_files(self._database, self._blobs)):
                    gone["raw_files"] = files
            except Exception as error:  # the database is away, or the disk full: tomorrow, or sooner by hand
                _log.error("retention_failed", error=type(error).__name__)
            else:
                _log.info("retention_done", gone=gone)  # one of the names is "event", which structlog takes for its own
