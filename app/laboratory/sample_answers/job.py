"""The job that works out the answer of a sample after its readings changed, and asking for it.

Nothing is stored that was made of readings that have changed since: then the job looks again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlmodel import Session

from app.intake.samples import lookup
from app.intake.samples.events import ExpectedChanged
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.library.service import editions
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import arrays
from app.laboratory.readings.domain import ReadingsChanged
from app.laboratory.sample_answers import evidence
from app.laboratory.sample_answers.domain import ANSWER_VERSION, Progress, WholeAnswer, answer_json
from app.laboratory.sample_answers.tables import SampleAnswer
from app.laboratory.sample_answers.whole_answer import whole_answer
from app.platform.db import Database, UnitOfWork
from app.platform.jobs import DeadJob, JobContext, enqueue
from app.platform.live.publish import publish
from app.platform.storage import BlobStore
from harm_messages.register import Register
from spectra import explain_sample
from spectra.sample.answer import SampleSettings

JOB = "sample.answer"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """What the job needs of the process."""

    db: Database
    blobs: BlobStore
    registry: LibraryRegistry
    register: Register
    index: SubstanceIndex


def schedule_again(uow: UnitOfWork, event: ExpectedChanged) -> None:
    """Ask for the answer of a sample once more where there is one: it says what becomes of everything that was expected."""
    if uow.session.get(SampleAnswer, event.sample_id) is not None:
        schedule(uow, event)


def schedule(uow: UnitOfWork, event: ReadingsChanged | ExpectedChanged) -> None:
    """Ask for the answer of a sample once more. Where it is being asked for already, only that it changed again is noted."""
    row = uow.session.get(SampleAnswer, event.sample_id, with_for_update=True)
    if row is None:
        row = SampleAnswer(sample_id=event.sample_id)
        _ask(uow, event)
    elif row.progress is not Progress.WAITING:
        row.progress = Progress.WAITING
        row.asked += 1
        _ask(uow, event)
    else:
        row.asked += 1
    uow.session.add(row)


def _ask(uow: UnitOfWork, event: ReadingsChanged | ExpectedChanged) -> None:
    payload = {"sample_id": event.sample_id, "session_id": event.session_id}
    enqueue(uow, JOB, payload, agency_id=event.agency_id)


def handlers(parts: AnswerParts) -> dict[str, Callable[[JobContext], None]]:
    """For JobRunner(handlers=…)."""
    return {JOB: lambda ctx: work_out(parts, ctx)}


def on_failed() -> dict[str, Callable[[UnitOfWork, DeadJob], None]]:
    """For JobRunner(on_dead=…)."""
    return {JOB: _give_up}


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What the sample held when the job began."""

    asked: int
    analyses: list[reading_analyses.AnalysisView]
    expected: tuple[str, ...]
    libraries: str


def work_out(parts: AnswerParts, ctx: JobContext) -> None:
    """Look, work out, store; look again where something changed while it was worked out."""
    sample_id = uuid.UUID(ctx.payload["sample_id"])
    while True:
        with parts.db.read() as session:
            snapshot = _look(session, sample_id)
        if snapshot is None:
            return  # withdrawn with its sample
        answer = _answer(parts, ctx, snapshot)
        with ctx.begin() as uow:
            row = uow.session.get(SampleAnswer, sample_id, with_for_update=True)
            if row is not None and row.asked != snapshot.asked:
                continue
            if row is not None:
                row.progress, row.made_at = Progress.READY, uow.now
                row.basis = [*evidence.basis_of(snapshot.analyses), snapshot.libraries]
                row.answer_version = ANSWER_VERSION
                row.answer = answer_json(answer)
                _tell(uow, ctx)
            ctx.complete(uow)
            return


def _look(session: Session, sample_id: uuid.UUID) -> _Snapshot | None:
    row = session.get(SampleAnswer, sample_id)
    if row is None:
        return None
    expected = tuple(lookup.expected_of(session, sample_id))
    return _Snapshot(row.asked, list(reading_analyses.analyses_of(session, sample_id)), expected, editions(session))


def _answer(parts: AnswerParts, ctx: JobContext, snapshot: _Snapshot) -> WholeAnswer:
    readings = evidence.readings_of(snapshot.analyses, arrays.array_store(parts.blobs.root))
    if not readings:
        return WholeAnswer()
    searched = evidence.searched_libraries(parts.registry.of(ctx.agency_id), key=parts.index.key_of)
    expected = tuple(evidence.key_of(parts.register[one]) for one in snapshot.expected if one in parts.register)
    answer = explain_sample(
        readings,
        evidence.tests_of(snapshot.analyses),
        searched.libraries,
        evidence.register_of(parts.register),
        SampleSettings(expected=expected),
    )
    return whole_answer(answer, parts.index, evidence.analysis_of(snapshot.analyses), searched)


def _tell(uow: UnitOfWork, job: JobContext | DeadJob) -> None:
    publish(
        uow, "sample", "sample.answered", agency_id=job.agency_id, session_id=uuid.UUID(job.payload["session_id"]),
        sample_id=uuid.UUID(job.payload["sample_id"]), payload={},
    )  # fmt: skip


def _give_up(uow: UnitOfWork, dead: DeadJob) -> None:
    """Every try failed for a reason of ours: the answers of the single readings stand, and the page says that this one is missing."""
    row = uow.session.get(SampleAnswer, uuid.UUID(dead.payload["sample_id"]))
    if row is not None and row.progress is Progress.WAITING:
        row.progress = Progress.FAILED
        _tell(uow, dead)
