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
from app.platform.jobs import JobRow, done_before
from app.platform.live import EventRow, over_before
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


Due = Callable[[datetime], sa.ColumnElement[bool]]
"""Of a row: that everything counted from before this moment has reached its end."""
End = Callable[[UnitOfWork, sa.ColumnElement[bool]], int]
"""Ends the rows of which this holds, and says how many."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of data: how long it is kept, counted from what, which rows are due, and what ends them."""

    name: str
    what: str
    keep: timedelta
    since: str
    table: type[Base]
    due: Due
    end: End | None = None
    """Nothing where the rows are deleted."""

    def purge(self, uow: UnitOfWork, before: datetime) -> int:
        """End what is due; says how many rows that touched."""
        due = self.due(before)
        return self.end(uow, due) if self.end else _run(uow, sa.delete(self.table).where(due))


def _run(uow: UnitOfWork, statement: Any) -> int:
    return int(uow.session.connection().execute(statement).rowcount)


def _passed(*ends: datetime | None) -> Due:
    """That one of these moments has passed."""
    return lambda before: sa.or_(*(col(end) <= before for end in ends))


def _with_code(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(col(Sample.ticket_hmac).is_not(None), col(Sample.ticket_expires_at) <= before)


def _forget_code(uow: UnitOfWork, due: sa.ColumnElement[bool]) -> int:
    return _run(uow, sa.update(Sample).where(due).values(ticket_hmac=None))


def _with_link(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(col(Person.link_hash).is_not(None), col(Person.link_expires_at) <= before)


def _forget_link(uow: UnitOfWork, due: sa.ColumnElement[bool]) -> int:
    return _run(uow, sa.update(Person).where(due).values(link_hash=None, link_expires_at=None))


def _with_note(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(col(Sample.staff_note) != "", col(Sample.received_at) <= before)


def _blank_note(uow: UnitOfWork, due: sa.ColumnElement[bool]) -> int:
    # a new version: a form that was open since then cannot bring the note back
    return _run(uow, sa.update(Sample).where(due).values(staff_note="", version=col(Sample.version) + 1))


def _set_aside(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        col(IncomingFile.state) == IncomingState.SET_ASIDE,
        col(IncomingFile.decided_at) <= before,
        col(IncomingFile.blob_sha256).is_not(None),
    )


def _empty_file(uow: UnitOfWork, due: sa.ColumnElement[bool]) -> int:
    """The row stays with key and hash, so that the same arrival is recognised; its bytes follow in purge_files."""
    return _run(uow, _emptied(uow).where(due))


def _emptied(uow: UnitOfWork) -> sa.Update:
    emptied = sa.update(IncomingFile).values(file_name="deleted file", folder="", summary={}, problem=None, format="")
    return emptied.values(blob_sha256=None, removed_at=uow.now, version=col(IncomingFile.version) + 1)


def _at_rest(before: datetime) -> sa.ColumnElement[bool]:
    """Of a sample: that nothing has happened to it since."""
    steps = ("created_at", "submitted_at", "verified_at", "released_at", "closed_at")
    later = sa.or_(*(getattr(ResultVersion, step) > before for step in steps))
    return sa.and_(
        col(Sample.received_at) <= before,
        ~sa.exists().where(col(ResultVersion.sample_id) == col(Sample.id), later),
        ~sa.exists().where(col(DisplayLog.sample_id) == col(Sample.id), col(DisplayLog.at) > before),
    )


def _delete_samples(uow: UnitOfWork, due: sa.ColumnElement[bool]) -> int:
    """Foreign keys take along what hangs on a sample. Its facts are let go first, and an incoming file's row stays."""
    gone = uow.session.scalars(sa.select(col(Sample.id)).where(due).limit(AT_ONCE)).all()
    facts = sa.update(TrendSample).where(col(TrendSample.own_sample_id).in_(gone))
    files = _emptied(uow).where(col(IncomingFile.sample_id).in_(gone))
    _run(uow, facts.values(own_sample_id=None))
    _run(uow, files.values(sample_id=None, upload_id=None, state=IncomingState.SET_ASIDE))
    return _run(uow, sa.delete(Sample).where(col(Sample.id).in_(gone)))


def _of_a_project_over(before: datetime) -> sa.ColumnElement[bool]:
    """A project that is over makes no more extracts, so nothing has to know where its samples stood."""
    over = sa.select(col(ResearchProject.id)).where(col(ResearchProject.ends_on) < before.date())
    return col(ResearchPlacement.project_id).in_(over)


IMMEDIATELY, SIX_YEARS = timedelta(0), timedelta(days=2192)
MONTH, DAY, WEEK = timedelta(days=30), timedelta(hours=24), timedelta(days=7)
_FILE, _SIGNED = "a file from an instrument that was set aside", "an alert with its evidence and who signed"
_SHOWN = "receipt, the last step of a result, or the last time its page was shown, whichever is latest"
_SESSION_OVER = _passed(StaffSession.expires_at, StaffSession.revoked_at)
_TOKEN_OVER = _passed(ApiToken.expires_at, ApiToken.revoked_at)
_TICKET_SESSION = "a client's browser that showed its ticket"
_LENT = "keyed hash of a ticket code lent to a tablet"
_TRIES = "count of tries to sign in or to open a ticket"
_PLACED = "where samples stand in the extracts of a research project"
RULES: tuple[Rule, ...] = (
    Rule("ticket_code", "keyed hash of a ticket code", IMMEDIATELY, "expiry of the ticket", Sample, _with_code, _forget_code),
    Rule("ticket_session", _TICKET_SESSION, IMMEDIATELY, "its end", TicketSession, _passed(TicketSession.expires_at)),
    Rule("leased_code", _LENT, IMMEDIATELY, "its expiry", LeasedCode, _passed(LeasedCode.expires_at)),
    Rule("staff_note", "note of staff about a sample", MONTH, "receipt of the sample", Sample, _with_note, _blank_note),
    Rule("staff_session", "a browser someone was signed in with", IMMEDIATELY, "its end", StaffSession, _SESSION_OVER),
    Rule("password_link", "keyed hash of a link for a new password", IMMEDIATELY, "its expiry", Person, _with_link, _forget_link),
    Rule("api_token", "an API token", MONTH, "its expiry or revocation", ApiToken, _TOKEN_OVER),
    Rule(
        "idempotency", "the answer kept for a repeated request", DAY, "the answer", IdempotencyRow,
        _passed(IdempotencyRow.created_at),
    ),
    Rule("throttle", _TRIES, DAY, "the first try", ThrottleRow, _passed(ThrottleRow.began_at)),
    Rule("event", "a live event", WEEK, "the event", EventRow, over_before),
    Rule("job", "a job that is done", MONTH, "its end", JobRow, done_before),
    Rule("incoming_file", _FILE, MONTH, "that moment", IncomingFile, _set_aside, _empty_file),
    Rule("research_placement", _PLACED, IMMEDIATELY, "the project's last day", ResearchPlacement, _of_a_project_over),
    Rule("alert", _SIGNED, SIX_YEARS, "its end", Alert, _passed(Alert.until)),
    Rule("detection_run", "a run of the detection", SIX_YEARS, "the run", DetectionRun, _passed(DetectionRun.at)),
    Rule("sample", "a sample with its files, results and talks", SIX_YEARS, _SHOWN, Sample, _at_rest, _delete_samples),
)  # fmt: skip


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
