"""Use cases of quantification: record a curve, read a sample off it. Nothing is changed afterwards, only followed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from app.intake.people import service as people
from app.intake.samples import service as samples
from app.laboratory.identification.methods import method_info
from app.laboratory.quantification import repository
from app.laboratory.quantification.domain import (
    ENGINE_VERSION,
    Answer,
    Asked,
    AskedUnit,
    CurveUnit,
    NewCurve,
    answer,
    fit_json,
    fitted,
    known_form,
    proposal_json,
)
from app.laboratory.quantification.tables import CalibrationCurve, Quantification
from app.laboratory.readings import service as readings
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.platform.kernel.ids import new_id
from app.platform.live.publish import publish
from harm_messages.register import Register
from spectra import SpectrumError
from spectra.quantify import CalibrationLevel, Curve, LimitSource, Preparation, UnitWeights, Weighting

__all__ = [
    "Answer", "Asked", "AskedUnit", "CalibrationCurve", "CalibrationLevel", "CurveUnit", "CurveView", "LimitSource", "NewCurve",
    "Preparation", "Quantification", "QuantificationView", "UnitWeights", "Weighting", "add_curve", "curve_view", "curves_page",
    "quantifications_of", "quantify",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class CurveView:
    """One curve with who made it and whether it may be used now. `newest`: number of the newest of its series."""

    row: CalibrationCurve
    maker: str
    newest: int
    now: datetime

    @property
    def state(self) -> str:
        """One word: in_use, superseded or expired."""
        if self.row.number < self.newest:
            return "superseded"
        return "in_use" if self.now <= self.row.valid_until else "expired"


@dataclass(frozen=True, slots=True)
class QuantificationView:
    """One reading off a curve with who did it, and the curve."""

    row: Quantification
    curve: CalibrationCurve
    maker: str


def curves_page(
    session: Session,
    actor: Actor,
    now: datetime,
    *,
    substance_id: str = "",
    before: uuid.UUID | None = None,
    limit: int = 50,
) -> list[CurveView]:
    """Curves of the actor's agency, newest first; superseded and expired ones too, marked."""
    if actor.agency_id is None:
        return []
    return _views(session, repository.curves_page(session, actor.agency_id, substance_id, before, limit), now)


def curve_view(session: Session, actor: Actor, curve_id: uuid.UUID, now: datetime) -> CurveView:
    """One curve of the actor's agency. Raises NotFound for an absent and for a foreign one alike."""
    return _views(session, [_own(session, actor, curve_id)], now)[0]


def add_curve(uow: UnitOfWork, new: NewCurve, register: Register) -> CurveView:
    """Fit and keep a curve. Raises Invalid (levels, form, instrument, a curve without a working range), NotFound,
    Conflict when the curve it follows was followed already.
    """
    _check(uow, new, register)
    try:
        curve = fitted(new.levels, new.weighting, new.through_zero, new.blanks, new.limit_source)
        standard_form = known_form(new.standard_form)
    except SpectrumError as error:
        raise Invalid(f"The curve was not saved: {error}.") from error
    if not curve.usable:
        raise Invalid(
            f"The curve was not saved: its limit of quantification ({curve.loq:.3g} {new.unit}) lies above its highest "
            f"level ({curve.high:.3g} {new.unit}), so nothing could be read off it.",
            fields={"levels": "The levels scatter too much for their range."},
        )
    row = _row(uow, new, curve, standard_form)
    uow.session.add(row)
    try:
        uow.session.flush()
    except IntegrityError as error:
        raise Conflict(
            "Another curve follows that one already. Nothing was saved.", hint="Open the newest curve and follow that."
        ) from error
    after = {
        "substance": row.substance_id, "method": row.method.value, "number": row.number, "levels": len(new.levels),
        "slope": curve.line.slope, "loq": curve.loq, "valid_until": row.valid_until.isoformat(),
    }  # fmt: skip
    audit.record(uow, "add", "calibration_curve", row.id, after=after)
    return _views(uow.session, [row], uow.now)[0]


def quantify(
    uow: UnitOfWork,
    curve_id: uuid.UUID,
    analysis_id: uuid.UUID,
    asked: Asked,
    register: Register,
    reading_id: uuid.UUID | None = None,
) -> QuantificationView:
    """Read an analysis of a sample off a curve and keep what came out; a chemist may take the amount over.

    Raises NotFound (curve, analysis, reading), Refused (curve expired or superseded), Invalid (another method or
    instrument, weights and volumes that cannot be). Below LOQ or above the range the answer holds a sentence, no amount.
    """
    row = _own(uow.session, uow.actor, curve_id)
    analysis = readings.get_analysis(uow.session, uow.actor, analysis_id)
    sample = samples.lock_sample(uow, analysis.sample_id)
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so nothing was added to it.")
    if reading_id is not None and readings.get_reading(uow.session, uow.actor, reading_id).analysis_id != analysis.id:
        raise NotFound("reading")
    notes = _fits(_views(uow.session, [row], uow.now)[0], analysis)
    made = _read(row, asked, register)
    proposal = proposal_json(made)
    proposal["notes"] += notes
    found = Quantification(
        curve_id=row.id, sample_id=sample.id, analysis_id=analysis.id, reading_id=reading_id, status=made.status,
        entered=_entered(asked), proposal=proposal, made_by=_person(uow), made_at=uow.now,
    )  # fmt: skip
    uow.session.add(found)
    uow.session.flush()
    audit.record(
        uow, "quantify", "quantification", found.id, session_id=sample.session_id,
        after={"curve": str(row.id), "status": made.status.value, "amount": proposal["amount"]},
    )  # fmt: skip
    publish(
        uow, "sample", "sample.quantified", agency_id=sample.agency_id, session_id=sample.session_id, sample_id=sample.id,
        payload={"analysis_id": analysis.id},
    )  # fmt: skip
    return QuantificationView(found, row, people.display_names(uow.session, {found.made_by})[found.made_by])


def quantifications_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[QuantificationView]:
    """What was read off curves for a sample of the actor's agency, newest first. Raises NotFound."""
    samples.get_sample(session, actor, sample_id)
    rows = repository.quantifications_of(session, sample_id)
    names = people.display_names(session, {row.made_by for row in rows})
    curves = repository.curves_by_id(session, {row.curve_id for row in rows})
    return [QuantificationView(row, curves[row.curve_id], names.get(row.made_by, "")) for row in rows]


def _own(session: Session, actor: Actor, curve_id: uuid.UUID) -> CalibrationCurve:
    row = repository.curve_of_agency(session, actor.agency_id, curve_id) if actor.agency_id else None
    if row is None:
        raise NotFound("calibration curve")
    return row


def _views(session: Session, rows: Sequence[CalibrationCurve], now: datetime) -> list[CurveView]:
    names = people.display_names(session, {row.made_by for row in rows})
    newest = repository.newest_numbers(session, {row.series_id for row in rows})
    return [CurveView(row, names.get(row.made_by, ""), newest[row.series_id], now) for row in rows]


def _check(uow: UnitOfWork, new: NewCurve, register: Register) -> None:
    wrong: dict[str, str] = {}
    if register.get(new.substance_id) is None:
        wrong["substance"] = f"“{new.substance_id}” is not in the register."
    if not 0 < new.purity <= 1:
        wrong["purity"] = "The purity of the standard is a fraction above 0 and up to 1."
    if new.purity_u < 0:
        wrong["purity_u"] = "The uncertainty of the purity is not below zero."
    if new.valid_until <= uow.now:
        wrong["valid_until"] = "The curve has to be valid beyond today."
    with_standard = any(level.internal_standard is not None for level in new.levels)
    if with_standard and not new.internal_standard:
        wrong["internal_standard"] = "Name the internal standard whose signal is given."
    if new.internal_standard and not with_standard:
        wrong["levels"] = "Give the signal of the internal standard with every level, or name none."
    if new.instrument_id is not None:
        known = {machine.id: machine for machine in readings.instruments(uow.session, uow.actor)}
        if new.instrument_id not in known:
            wrong["instrument_id"] = "There is no such instrument here."
        elif known[new.instrument_id].method is not new.method:
            wrong["instrument_id"] = f"{known[new.instrument_id].name} is an instrument for another method."
    if wrong:
        raise Invalid("The curve was not saved: " + " ".join(wrong.values()), fields=wrong)


def _row(uow: UnitOfWork, new: NewCurve, curve: Curve, standard_form: str) -> CalibrationCurve:
    key = new_id()
    before = _own(uow.session, uow.actor, new.supersedes) if new.supersedes else None
    if before is not None:
        same = (before.substance_id, before.method, before.instrument_id)
        if same != (new.substance_id, new.method, new.instrument_id):
            raise Invalid(
                "The curve was not saved: it follows one of another substance, method or instrument.",
                fields={"supersedes": "Follow a curve of the same substance, method and instrument."},
            )
    assert uow.actor.agency_id is not None
    return CalibrationCurve(
        id=key, agency_id=uow.actor.agency_id, series_id=before.series_id if before else key,
        number=before.number + 1 if before else 1, substance_id=new.substance_id, method=new.method,
        method_version=method_info(new.method).version, instrument_id=new.instrument_id,
        internal_standard=new.internal_standard, standard_form=standard_form, unit=new.unit, weighting=new.weighting,
        through_zero=new.through_zero, levels=[asdict(level) for level in new.levels], blanks=list(new.blanks),
        limit_source=new.limit_source.value if new.limit_source else "", purity=new.purity, purity_u=new.purity_u,
        purity_corrected=new.purity_corrected, fit=fit_json(curve), engine_version=ENGINE_VERSION, batch=new.batch,
        note=new.note, valid_until=new.valid_until, made_by=_person(uow), made_at=uow.now,
    )  # fmt: skip


def _fits(view: CurveView, analysis: Any) -> list[str]:
    """Raise when this curve is not for this analysis; sentences about what somebody should look at."""
    row = view.row
    if view.state == "expired":
        raise Refused([f"This curve was valid until {row.valid_until:%d %B %Y}."], hint="Measure a new calibration.")
    if view.state == "superseded":
        raise Refused(
            [f"This is curve {row.number} of its series, and number {view.newest} is in use now."],
            hint="Quantify with the newest curve.",
        )
    if analysis.method is not row.method:
        raise Invalid(f"The analysis is {analysis.method.value} and the curve {row.method.value}: they do not fit.")
    if row.instrument_id is not None and analysis.instrument_id not in (None, row.instrument_id):
        raise Invalid("The analysis ran on another instrument than the curve.")
    notes = []
    if row.instrument_id is not None and analysis.instrument_id is None:
        notes.append("The analysis names no instrument: make sure it ran on that of the curve.")
    if row.batch and row.batch != analysis.batch:
        notes.append(f"The curve is of batch {row.batch}, the analysis of batch {analysis.batch or 'none'}.")
    if row.method_version != method_info(row.method).version:
        notes.append("The description of the method has changed since the curve was measured.")
    if analysis.status is not readings.AnalysisStatus.OK:
        notes.append("The analysis did not run well: a result cannot stand on it.")
    if analysis.qc_failed:
        notes.append("The control of this batch failed: a result cannot stand on it.")
    return notes


def _read(row: CalibrationCurve, asked: Asked, register: Register) -> Answer:
    substance = register.get(row.substance_id)
    own = replace(asked.preparation, purity=row.purity, purity_u=row.purity_u, purity_corrected=row.purity_corrected)
    try:
        levels = [CalibrationLevel(**level) for level in row.levels]
        source = LimitSource(row.limit_source) if row.limit_source else None
        curve = fitted(levels, row.weighting, row.through_zero, row.blanks, source)
        return answer(
            curve, row.unit.value, row.standard_form, substance.formula if substance else "",
            substance.name if substance else "", replace(asked, preparation=own),
        )  # fmt: skip
    except SpectrumError as error:
        raise Invalid(f"Nothing was quantified: {error}.") from error


def _entered(asked: Asked) -> dict[str, Any]:
    """For the column: everything the figure came from."""
    values = asdict(asked)
    values["preparation"].pop("extra", None)
    return {**values, "unit": asked.unit.value}


def _person(uow: UnitOfWork) -> uuid.UUID:
    assert uow.actor.person_id is not None
    return uow.actor.person_id
