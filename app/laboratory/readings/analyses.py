"""Use cases of analyses: record one, correct one, read them. Custody is not touched here: weighing out is its own act."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from pydantic import JsonValue
from sqlmodel import Session

from app.intake.samples import service as samples
from app.laboratory.identification.answer import Answer
from app.laboratory.identification.domain import Method, MethodInfo
from app.laboratory.identification.methods import method_info
from app.laboratory.readings import repository
from app.laboratory.readings.answers import answer_of
from app.laboratory.readings.domain import AnalysisStatus
from app.laboratory.readings.tables import Analysis, Instrument, Match, Reading, Upload
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Stale
from app.platform.live.publish import publish
from harm_messages.vocabulary import StripReading

KnowsTarget = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class NewAnalysis:
    """What a chemist says about an analysis. The strip fields count for `Method.STRIP` only."""

    method: Method
    instrument_id: uuid.UUID | None = None
    batch: str = ""
    status: AnalysisStatus = AnalysisStatus.OK
    qc_failed: bool = False
    read_by_hand: bool = False
    observation: str = ""
    strip_target: str = ""
    strip_reading: StripReading | None = None
    strip_brand: str = ""
    strip_lot: str = ""
    strip_cut_off_ng_ml: float | None = None
    strip_dilution: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


STRIP_FIELDS = tuple(f.name for f in fields(NewAnalysis) if f.name.startswith("strip_"))


@dataclass(frozen=True, slots=True)
class ReadingView:
    """One reading with its newest comparison and what that says; both None while it was not compared."""

    reading: Reading
    match: Match | None
    answer: Answer | None


def reading_view(reading: Reading, match: Match | None) -> ReadingView:
    """A reading with its newest comparison, decoded."""
    return ReadingView(reading, match, None if match is None else answer_of(match))


@dataclass(frozen=True, slots=True)
class AnalysisView:
    """One analysis with everything the bench shows of it."""

    analysis: Analysis
    method: MethodInfo
    instrument: Instrument | None
    uploads: list[Upload] = field(default_factory=list)
    readings: list[ReadingView] = field(default_factory=list)


def get_analysis(session: Session, actor: Actor, analysis_id: uuid.UUID, *, lock: bool = False) -> Analysis:
    """An analysis of the actor's agency. Raises NotFound for an absent and for a foreign one alike."""
    row = repository.analysis(session, analysis_id, lock=lock)
    if row is None:
        raise NotFound("analysis")
    try:
        samples.get_sample(session, actor, row.sample_id)
    except NotFound:
        raise NotFound("analysis") from None
    return row


def add_analysis(
    uow: UnitOfWork, sample_id: uuid.UUID, new: NewAnalysis, *, knows_target: KnowsTarget | None = None
) -> Analysis:
    """Record an analysis of a sample of the actor's agency; its method version is stamped now.

    `knows_target`: whether a strip target is a register id or class. Raises NotFound, Invalid, Conflict
    (withdrawn sample).
    """
    sample = samples.lock_sample(uow, sample_id)  # a withdrawal at the same moment comes before this or after
    if sample.withdrawn_at is not None:
        raise Conflict(
            "This sample was withdrawn, so nothing was added to it.", hint="Register it again if it is to be analysed."
        )
    info = method_info(new.method)
    _check(uow, new, info, knows_target)
    values = asdict(new) | {"started_at": new.started_at or uow.now}
    row = Analysis(sample_id=sample.id, method_version=info.version, operator_id=uow.actor.person_id, **values)
    uow.session.add(row)
    uow.session.flush()
    after = {"method": new.method.value, "method_version": info.version, **_audited(row)}
    audit.record(uow, "add", "analysis", row.id, version=row.version, after=after, session_id=sample.session_id)
    _tell(uow, row, sample, "analysis.added")
    return row


def update_analysis(
    uow: UnitOfWork,
    analysis_id: uuid.UUID,
    version: int,
    changes: dict[str, Any],
    *,
    reason: str = "",
    knows_target: KnowsTarget | None = None,
) -> Analysis:
    """Correct an analysis: any field of NewAnalysis. A new method is stamped with its version of today.

    Raises NotFound, Stale, Invalid. Readings made before are kept; `reread_analysis` compares them anew.
    """
    row = get_analysis(uow.session, uow.actor, analysis_id, lock=True)
    if row.version != version:
        raise Stale("analysis")
    known = {f.name: getattr(row, f.name) for f in fields(NewAnalysis)}
    unknown = set(changes) - set(known)
    if unknown:
        raise Invalid("These cannot be changed: " + ", ".join(sorted(unknown)) + ".")
    new = NewAnalysis(**(known | changes))
    info = method_info(new.method)
    _check(uow, new, info, knows_target)
    before = _audited(row) | {"method": row.method.value}
    for name, value in asdict(new).items():
        setattr(row, name, value)
    if before["method"] != new.method.value:
        row.method_version = info.version
        for upload in repository.uploads_of(uow.session, [row.id]):
            upload.method_by_content = False  # the chemist's word stands when the file is read again
    row.version += 1
    sample = samples.get_sample(uow.session, uow.actor, row.sample_id)
    after = _audited(row) | {"method": row.method.value}
    changed = {key for key in after if after[key] != before[key]}
    audit.record(
        uow, "correct", "analysis", row.id, version=row.version, reason=reason, session_id=sample.session_id,
        before={k: before[k] for k in sorted(changed)}, after={k: after[k] for k in sorted(changed)},
    )  # fmt: skip
    _tell(uow, row, sample, "analysis.changed")
    return row


def _audited(row: Analysis) -> dict[str, JsonValue]:
    """What the audit log keeps; observations are free text and stay out."""
    names = ("status", "qc_failed", "read_by_hand", "batch", *STRIP_FIELDS)
    values = {name: getattr(row, name) for name in names}
    values["instrument_id"] = str(row.instrument_id) if row.instrument_id else None
    return {key: getattr(value, "value", value) for key, value in values.items()}


def _check(uow: UnitOfWork, new: NewAnalysis, info: MethodInfo, knows_target: KnowsTarget | None) -> None:
    wrong: dict[str, str] = {}
    if new.method is Method.STRIP:
        if new.strip_reading is None:
            wrong["strip_reading"] = "Say what the strip shows: positive, negative, faint or invalid."
        if not new.strip_target:
            wrong["strip_target"] = "Say what the strip reacts to."
        elif knows_target is not None and not knows_target(new.strip_target):
            wrong["strip_target"] = f"{new.strip_target} is neither a substance nor a class of the register."
        if new.strip_cut_off_ng_ml is not None and not 0 < new.strip_cut_off_ng_ml < 1e9:
            wrong["strip_cut_off_ng_ml"] = "The cut-off must be a number above zero, in ng/mL."
    elif any(getattr(new, name) for name in STRIP_FIELDS):
        wrong["strip_reading"] = f"Only a strip has a strip reading, not {info.title}."
    if not info.active:
        wrong["method"] = f"{info.title} is switched off here."
    if new.ended_at is not None and new.started_at is not None and new.ended_at < new.started_at:
        wrong["ended_at"] = "It ended before it started."
    if new.instrument_id is not None:
        _check_instrument(uow, new, info, wrong)
    if wrong:
        raise Invalid("The analysis was not saved: " + " ".join(wrong.values()), fields=wrong)


def _check_instrument(uow: UnitOfWork, new: NewAnalysis, info: MethodInfo, wrong: dict[str, str]) -> None:
    assert new.instrument_id is not None
    machine = repository.instrument(uow.session, new.instrument_id)
    if machine is None or machine.agency_id != uow.actor.agency_id:
        wrong["instrument_id"] = "There is no such instrument here."
    elif machine.method is not new.method:
        wrong["instrument_id"] = f"{machine.name} is not an instrument for {info.title}."


def _tell(uow: UnitOfWork, row: Analysis, sample: Any, kind: str) -> None:
    publish(
        uow, "sample", kind, agency_id=sample.agency_id, session_id=sample.session_id, sample_id=row.sample_id,
        payload={"analysis_id": row.id},
    )  # fmt: skip


def instruments(session: Session, actor: Actor, method: Method | None = None) -> list[Instrument]:
    """Instruments of the actor's agency, of one method or of all."""
    if actor.agency_id is None:
        return []
    rows = repository.instruments_of(session, actor.agency_id)
    return [row for row in rows if method is None or row.method is method]


def analyses_of(session: Session, sample_id: uuid.UUID) -> list[AnalysisView]:
    """Everything recorded about a sample, oldest first. The caller has looked the sample up for its actor."""
    rows = repository.analyses_of(session, sample_id)
    ids = [row.id for row in rows]
    uploads = repository.uploads_of(session, ids)
    readings = repository.readings_of(session, ids)
    matches = repository.latest_matches(session, [r.id for r in readings])
    machines = repository.instruments_by_id(session, (row.instrument_id for row in rows))
    return [
        AnalysisView(
            row,
            method_info(row.method),
            machines.get(row.instrument_id) if row.instrument_id else None,
            [u for u in uploads if u.analysis_id == row.id],
            [reading_view(r, matches.get(r.id)) for r in readings if r.analysis_id == row.id],
        )
        for row in rows
    ]
