"""Use cases of worksheets: save one with everything it says of its samples, and begin the next with the tests of the last."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from app.intake.samples import lookup
from app.intake.sessions import service as sessions
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses
from app.laboratory.readings.domain import AnalysisStatus
from app.laboratory.worksheets.domain import LETTERS, STRIP, Column, NewWorksheet
from app.laboratory.worksheets.tables import Worksheet
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.errors import Invalid, NotFound
from harm_messages.register import Register
from harm_messages.vocabulary import StripReading

_COLUMNS = TypeAdapter(tuple[Column, ...])


def last_columns(session: Session, session_id: uuid.UUID) -> tuple[Column, ...]:
    """Tests and lots of the newest worksheet of a session, without what its blank and control showed. The caller has looked the
    session up for its actor."""
    query = select(Worksheet).where(Worksheet.session_id == session_id).order_by(col(Worksheet.id).desc()).limit(1)
    row = session.exec(query).first()
    kept = _COLUMNS.validate_python(row.columns) if row is not None else ()
    return tuple(Column(one.kind, one.test, one.lot) for one in kept)


def number_of(session: Session, session_id: uuid.UUID) -> int:
    """How many worksheets a session has."""
    return len(session.exec(select(Worksheet.id).where(Worksheet.session_id == session_id)).all())


def save(uow: UnitOfWork, session_id: uuid.UUID, new: NewWorksheet, register: Register) -> Worksheet:
    """Keep a worksheet, and every result as an analysis of its sample: all or nothing.

    Raises NotFound (a session or sample of someone else, a sample of another session), Invalid, Conflict (withdrawn sample).
    """
    sessions.get_session(uow.session, uow.actor, session_id)
    if wrong := new.problems():
        raise Invalid("The worksheet was not saved. What you entered is still here.", fields=wrong)
    assert uow.actor.person_id is not None
    cells = list(new.cells())
    _check_samples(uow, session_id, {sample_id for sample_id, _, _ in cells})
    row = Worksheet(
        session_id=session_id, batch=new.batch, columns=[asdict(one) for one in new.columns],
        made_by=uow.actor.person_id, made_at=uow.now,
    )  # fmt: skip
    uow.session.add(row)
    uow.session.flush()
    for sample_id, column, letter in cells:
        analyses.add_analysis(uow, sample_id, _analysis(column, letter, new.batch), register=register)
    audit.record(
        uow, "add", "worksheet", row.id, session_id=session_id,
        after={"batch": new.batch, "results": len(cells), "failed": _failed(new.columns)},
    )  # fmt: skip
    return row


def _analysis(column: Column, letter: str, batch: str) -> analyses.NewAnalysis:
    """One cell as an analysis of its sample. An invalid reagent is to be repeated."""
    reading = LETTERS[letter]
    if column.kind == STRIP:
        return analyses.NewAnalysis(
            Method.STRIP, batch=batch, qc_failed=column.failed, strip_target=column.test, strip_reading=reading,
            strip_lot=column.lot,
        )  # fmt: skip
    lot = f", lot {column.lot}" if column.lot else ""
    status = AnalysisStatus.REPEAT if reading is StripReading.INVALID else AnalysisStatus.OK
    seen = f"{column.test}: {reading.value}{lot}"
    return analyses.NewAnalysis(
        Method.REAGENT, batch=batch, status=status, qc_failed=column.failed, observation=seen
    )  # fmt: skip


def _failed(columns: Sequence[Column]) -> list[str]:
    return [column.key for column in columns if column.failed]


def _check_samples(uow: UnitOfWork, session_id: uuid.UUID, sample_ids: set[uuid.UUID]) -> None:
    for sample_id in sorted(sample_ids):
        if lookup.get_sample(uow.session, uow.actor, sample_id).session_id != session_id:
            raise NotFound("sample")
