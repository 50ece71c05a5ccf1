"""Use cases of controls: keep a blank, ladder or QC run of a batch, withdraw one, and what an analysis is compared with."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.laboratory.identification.runs import RunControls
from app.laboratory.incoming import service as incoming
from app.laboratory.readings import arrays, machines, references, uploads
from app.laboratory.standards.domain import ControlKind, NewControl, faults_of_control
from app.laboratory.standards.tables import Control
from app.platform import audit
from app.platform.db import Database, UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.jobs import JobContext, enqueue
from app.platform.kernel.actor import Actor, agency_of
from app.platform.kernel.errors import Invalid, MastError
from app.platform.kernel.versions import check_may_end
from app.platform.live.publish import publish
from app.platform.storage import BlobStore, Held, Received
from instruments import printable
from spectra import MassRun, Reading, RetentionLadder, SpectrumError

_log = structlog.get_logger(__name__)
RECOMPARE = "recompare_batch"
_ASIDE = {
    ControlKind.BLANK: incoming.SetAsideReason.BLANK,
    ControlKind.LADDER: incoming.SetAsideReason.CHECK,
    ControlKind.QC: incoming.SetAsideReason.CHECK,
}


@dataclass(frozen=True, slots=True)
class ControlRun:
    """A run that was read and whose arrays are durable, ready to become a row."""

    received: Held | Received
    file_name: str
    arrays_sha256: str
    n_scans: int
    details: dict[str, str | list[list[float]]]


def control_run(
    store: BlobStore, received: Held | Received, file_name: str, found: Sequence[Reading], new: NewControl
) -> ControlRun:
    """Keep the arrays of the run in a file; of a ladder its alkanes. Raises Invalid when there is none."""
    if wrong := faults_of_control(new):
        raise Invalid("The control was not saved. What you typed is still here.", fields=wrong)
    reading = references.run_in(list(found))
    details: dict[str, str | list[list[float]]] = {
        "title": printable(reading.title, 200),
        "format": printable(reading.format, 40),
        "instrument": printable(reading.instrument, 120),
    }
    if new.kind is ControlKind.LADDER and new.first_carbon is not None:
        filled = [k for k, scan in enumerate(reading.scans) if scan.mz.size]
        run = MassRun(tuple(reading.scans[k] for k in filled), reading.x[filled])
        details["alkanes"] = alkanes_of(run, new.first_carbon)
    return ControlRun(received, file_name, arrays.keep(store, reading), len(reading.scans), details)


def keep_bytes(uow: UnitOfWork, raw: Held | Received) -> str:
    """Raw bytes that nothing stands against any more, durable and remembered; their sha-256."""
    received = raw.keep() if isinstance(raw, Held) else raw
    uploads.keep_file(uow, received)
    return received.sha256


def alkanes_of(run: MassRun, first_carbon: int) -> list[list[float]]:
    """Time in seconds and carbons of each n-alkane of a ladder's run. Raises Invalid when it holds too few."""
    try:
        ladder = RetentionLadder.from_run(run, first_carbon=first_carbon)
    except SpectrumError as error:
        words = str(error)
        sentence = f"{words[:1].upper()}{words[1:].rstrip('.')}."
        raise Invalid(
            f"This run gives no retention indices, so it was not saved. {sentence}", fields={"file": sentence}
        ) from error
    return [[round(float(t), 2), float(c)] for t, c in zip(ladder.time, ladder.carbons, strict=True)]


def add_control(uow: UnitOfWork, run: ControlRun, new: NewControl) -> Control:
    """Remember a control. Runs of its batch are compared again where no result stands on them. Raises Invalid."""
    if wrong := faults_of_control(new):
        raise Invalid("The control was not saved. What you typed is still here.", fields=wrong)
    row = Control(
        agency_id=agency_of(uow.actor), kind=new.kind, batch=new.batch,
        instrument=new.instrument[:120], blob_sha256=keep_bytes(uow, run.received),
        file_name=uploads.clean_file_name(run.file_name), arrays_sha256=run.arrays_sha256, n_scans=run.n_scans,
        first_carbon=new.first_carbon if new.kind is ControlKind.LADDER else None, details=run.details,
        measured_at=new.measured_at or uow.now, created_by=uow.actor.person_id, created_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    after = {"kind": row.kind.value, "batch": row.batch, "sha256": row.blob_sha256, "first_carbon": row.first_carbon}
    audit.record(uow, "keep", "control", row.id, version=row.version, after=after)
    _changed(uow, row, "control.kept")
    return row


def from_incoming(uow: UnitOfWork, incoming_id: uuid.UUID, version: int, run: ControlRun, new: NewControl) -> Control:
    """Make a control of a file from an instrument: it waits no more, and belongs to no sample. Raises Stale, Conflict."""
    row = add_control(uow, run, new)
    incoming.set_aside(uow, incoming_id, version, _ASIDE[new.kind])
    return row


def withdraw(uow: UnitOfWork, control_id: uuid.UUID, version: int, reason: str) -> Control:
    """Use a control no more. Raises NotFound, Stale, Conflict, Invalid."""
    row = get_control(uow.session, uow.actor, control_id, lock=True)
    check_may_end("control", "withdrawn", version, row.version, row.withdrawn_at, reason)
    row.withdrawn_by, row.withdrawn_at, row.withdrawn_reason = uow.actor.person_id, uow.now, reason
    row.version += 1
    audit.record(uow, "withdraw", "control", row.id, version=row.version, reason=reason)
    _changed(uow, row, "control.withdrawn")
    return row


def get_control(session: Session, actor: Actor, control_id: uuid.UUID, *, lock: bool = False) -> Control:
    """A control of the actor's agency. Raises NotFound, also for a foreign one."""
    return row_of(session, Control, agency_of(actor), control_id, "control", lock=lock)


def controls_page(
    session: Session, actor: Actor, *, batch: str = "", before: uuid.UUID | None = None, limit: int = 50
) -> list[Control]:
    """Controls of the actor's agency, newest first; of one batch where it is named."""
    where = [col(Control.agency_id) == agency_of(actor)] + ([col(Control.batch) == batch] if batch else [])
    return newest(session, Control, *where, before=before, limit=limit)


def _changed(uow: UnitOfWork, row: Control, kind: str) -> None:
    if row.kind is not ControlKind.QC:
        enqueue(uow, RECOMPARE, {"control_id": row.id}, agency_id=row.agency_id)
    publish(uow, "standard", kind, agency_id=row.agency_id, payload={"control_id": row.id})


def handlers(database: Database) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {RECOMPARE: lambda ctx: recompare(database, ctx)}


def recompare(database: Database, ctx: JobContext) -> None:
    """The job after a control arrived or was withdrawn: ask for every run of its batch to be read and compared again.

    Never under a result that was submitted (ADR 0009), never so that a reading would be lost (ADR 0010).
    """
    with database.read() as session:
        control = session.get(Control, uuid.UUID(ctx.payload["control_id"]))
        members = [] if control is None else machines.runs_of_batch(session, control.agency_id, control.batch)
    if control is None:
        return
    asked, left = uploads.reprocess_each(database, ctx.job_id, control.agency_id, members)
    with ctx.begin() as uow:
        ctx.complete(uow)
    _log.info("batch_compared_again", runs=asked, left_as_they_are=left)


# -- what a run of a sample is compared with -------------------------------------------------------


class BatchControls:
    """Controls of the batch an analysis belongs to: `BatchControls(database, store)(analysis_id)`. For the reading job."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        self._database, self._store = database, store

    def __call__(self, analysis_id: uuid.UUID) -> RunControls:
        """Blank and ladder measured last, on the same instrument where both name one; and the run before this one."""
        with self._database.read() as session:
            instrument, chosen, before = _beside(session, analysis_id)
        blank, ladder = chosen.get(ControlKind.BLANK), chosen.get(ControlKind.LADDER)
        blank_run, scale = self._run(blank), _scale(ladder)
        previous = self._run(before, before.x_unit if before else "s")
        return RunControls(
            blank_run,
            words_of(blank) if blank_run is not None else "",
            scale,
            words_of(ladder) if scale is not None else "",
            previous,
            before.file_name if before is not None and previous is not None else "",
            instrument,
        )

    def _run(self, row: Control | machines.RunBefore | None, x_unit: str = "s") -> MassRun | None:
        try:
            return references.run_of(self._store, row.arrays_sha256, x_unit) if row and row.arrays_sha256 else None
        except MastError:  # the arrays are gone from this disk: a sample is read without them
            return None


def _scale(row: Control | None) -> RetentionLadder | None:
    alkanes = row.details.get("alkanes") if row is not None else None
    try:
        return RetentionLadder.from_table([(t, c) for t, c in alkanes]) if isinstance(alkanes, list) else None
    except SpectrumError:
        return None


def blank_beside(session: Session, analysis_id: uuid.UUID) -> Control | None:
    """The blank run an analysis is compared with: of its batch and instrument. The caller has looked the analysis up."""
    return _beside(session, analysis_id)[1].get(ControlKind.BLANK)


def words_of(row: Control | None) -> str:
    """ "blank_0617.CDF of 17 June 2026": how an answer names it."""
    return "" if row is None else f"{row.file_name} of {row.measured_at:%-d %B %Y}"


def _beside(
    session: Session, analysis_id: uuid.UUID
) -> tuple[str, dict[ControlKind, Control], machines.RunBefore | None]:
    found = machines.fact_of(session, analysis_id)
    sample = lookup.sample_for_system(session, found.sample_id) if found is not None and found.batch else None
    if found is None or sample is None:
        return (found.instrument if found is not None else ""), {}, None
    in_use = select(Control).where(
        Control.agency_id == sample.agency_id, Control.batch == found.batch, col(Control.withdrawn_at).is_(None),
        col(Control.kind).in_((ControlKind.BLANK, ControlKind.LADDER)),
    )  # fmt: skip
    chosen: dict[ControlKind, Control] = {}
    for row in session.exec(in_use.order_by(col(Control.measured_at).desc(), col(Control.id).desc())):
        if not (row.instrument and found.instrument) or row.instrument.casefold() == found.instrument.casefold():
            chosen.setdefault(row.kind, row)
    return found.instrument, chosen, machines.run_before(session, sample.agency_id, analysis_id)
