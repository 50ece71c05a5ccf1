"""Use cases of quantification: record a curve, read a sample off it. Nothing is changed afterwards, only followed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from app.intake.people import service as people
from app.intake.samples import lookup
from app.laboratory.identification.domain import method_info
from app.laboratory.quantification.domain import ENGINE_VERSION, Proposal, QuantificationRequest, fit_json, proposed
from app.laboratory.quantification.schemas import CurveIn, CurveOut, QuantificationOut, QuantifyIn
from app.laboratory.quantification.tables import CalibrationCurve, Quantification
from app.laboratory.readings import analyses, domain, uploads
from app.platform import audit
from app.platform.db import UnitOfWork
from app.platform.db.rows import newest, row_of
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Refused
from app.platform.kernel.ids import new_id
from harm_messages.register import Register
from spectra import SpectrumError
from spectra.quantify import CalibrationLevel, Curve, LimitSource, Status, amount_of, concentration, fit_curve
from spectra.quantify.salts import form

if TYPE_CHECKING:
    from app.laboratory.readings.tables import Analysis

_LEVELS = TypeAdapter(list[CalibrationLevel])


def curves_page(
    session: Session, actor: Actor, now: datetime, substance_id: str, before: uuid.UUID | None, limit: int
) -> list[CurveOut]:
    """Curves of the actor's agency, newest first; superseded and expired ones too, marked."""
    where = [col(CalibrationCurve.agency_id) == actor.agency_id]
    if substance_id:
        where.append(col(CalibrationCurve.substance_id) == substance_id)
    return _shown(session, newest(session, CalibrationCurve, *where, before=before, limit=limit), now)


def curve_out(session: Session, actor: Actor, curve_id: uuid.UUID, now: datetime) -> CurveOut:
    """One curve of the actor's agency. Raises NotFound for an absent and for a foreign one alike."""
    return _shown(session, [_own(session, actor, curve_id)], now)[0]


def add_curve(uow: UnitOfWork, new: CurveIn, register: Register) -> CurveOut:
    """Fit and keep a curve. Raises Invalid (levels, form, instrument, a curve without a working range), NotFound,
    Conflict when the curve it follows was followed already.
    """
    _check(uow, new, register)
    try:
        curve = fit_curve(
            [CalibrationLevel(**level.model_dump()) for level in new.levels],
            weighting=new.weighting,
            through_zero=new.through_zero,
            blanks=new.blanks,
            limit_source=new.limit_source,
        )
        standard_form = form(new.standard_form).key
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
    return _shown(uow.session, [row], uow.now)[0]


def quantify(uow: UnitOfWork, curve_id: uuid.UUID, new: QuantifyIn, register: Register) -> QuantificationOut:
    """Read an analysis of a sample off a curve and keep what came out; a chemist may take the amount over.

    Raises NotFound (curve, analysis, reading), Refused (curve expired or superseded), Invalid (another method or
    instrument, weights and volumes that cannot be). Below LOQ or above the range the answer holds a sentence, no amount.
    """
    row = _own(uow.session, uow.actor, curve_id)
    analysis = analyses.get_analysis(uow.session, uow.actor, new.analysis_id)
    sample = lookup.lock_sample(uow, analysis.sample_id)
    if sample.withdrawn_at is not None:
        raise Conflict("This sample was withdrawn, so nothing was added to it.")
    key = new.reading_id
    if key is not None and uploads.get_reading(uow.session, uow.actor, key).analysis_id != analysis.id:
        raise NotFound("reading")
    notes = _fits(uow, row, analysis)
    request = new.entered()
    proposal = _read(row, request, register)
    proposal.notes += notes
    found = Quantification(
        curve_id=row.id, sample_id=sample.id, analysis_id=analysis.id, reading_id=key, status=Status(proposal.status),
        entered=request.as_json(), proposal=proposal.model_dump(), made_by=_person(uow), made_at=uow.now,
    )  # fmt: skip
    uow.session.add(found)
    uow.session.flush()
    audit.record(
        uow, "quantify", "quantification", found.id, session_id=sample.session_id,
        after={"curve": str(row.id), "status": proposal.status, "amount": proposal.amount},
    )  # fmt: skip
    analyses.tell(uow, sample, "sample.quantified", analysis_id=analysis.id)
    return _told(uow.session, [found])[0]


def quantifications_of(session: Session, actor: Actor, sample_id: uuid.UUID) -> list[QuantificationOut]:
    """What was read off curves for a sample of the actor's agency, newest first. Raises NotFound."""
    lookup.get_sample(session, actor, sample_id)
    query = select(Quantification).where(Quantification.sample_id == sample_id)
    return _told(session, session.exec(query.order_by(col(Quantification.id).desc())).all())


def _told(session: Session, rows: Sequence[Quantification]) -> list[QuantificationOut]:
    names = people.display_names(session, {row.made_by for row in rows})
    query = select(CalibrationCurve).where(col(CalibrationCurve.id).in_({row.curve_id for row in rows}))
    substances = {curve.id: curve.substance_id for curve in session.exec(query)}
    return [
        QuantificationOut.model_validate(
            row.model_dump()
            | row.proposal
            | {"substance": substances[row.curve_id], "made_by": names.get(row.made_by, "")}
        )
        for row in rows
    ]


def _own(session: Session, actor: Actor, curve_id: uuid.UUID) -> CalibrationCurve:
    return row_of(session, CalibrationCurve, actor.agency_id, curve_id, "calibration curve")


def _shown(session: Session, rows: Sequence[CalibrationCurve], now: datetime) -> list[CurveOut]:
    names = people.display_names(session, {row.made_by for row in rows})
    numbers = _newest_numbers(session, {row.series_id for row in rows})
    slopes = _slopes(session, {row.series_id for row in rows})
    return [
        CurveOut.model_validate({
            **row.model_dump(), "state": _state(row, numbers[row.series_id], now), "substance": row.substance_id,
            "made_by": names.get(row.made_by, ""), "slope_change_percent": _drift(row, slopes),
        })
        for row in rows
    ]  # fmt: skip


Slopes = dict[tuple[uuid.UUID, int], tuple[tuple[str, str], float]]
"""(series, number) → what the slope is in (unit, internal standard), and the slope."""


def _slopes(session: Session, series: set[uuid.UUID]) -> Slopes:
    query = select(CalibrationCurve).where(col(CalibrationCurve.series_id).in_(series))
    return {(row.series_id, row.number): slope for row in session.exec(query) if (slope := _slope(row)) is not None}


def _slope(row: CalibrationCurve) -> tuple[tuple[str, str], float] | None:
    slope = row.fit.get("slope")
    return ((row.unit.value, row.internal_standard), float(slope)) if isinstance(slope, int | float) else None


def _drift(row: CalibrationCurve, slopes: Slopes) -> float | None:
    """Change of the slope against the curve before, in percent; None where the two slopes are not of one kind."""
    now_there, before = _slope(row), slopes.get((row.series_id, row.number - 1))
    if now_there is None or before is None or now_there[0] != before[0] or not before[1]:
        return None
    return 100 * (now_there[1] / before[1] - 1)


def _newest_numbers(session: Session, series: set[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Series → number of its newest curve."""
    query = (
        select(col(CalibrationCurve.series_id), sa.func.max(CalibrationCurve.number))
        .where(col(CalibrationCurve.series_id).in_(series))
        .group_by(col(CalibrationCurve.series_id))
    )
    return {key: int(number) for key, number in session.exec(query)}


def _state(row: CalibrationCurve, last: int, now: datetime) -> str:
    if row.number < last:
        return "superseded"
    return "in_use" if now <= row.valid_until else "expired"


def _check(uow: UnitOfWork, new: CurveIn, register: Register) -> None:
    wrong: dict[str, str] = {}
    if register.get(new.substance) is None:
        wrong["substance"] = f"“{new.substance}” is not in the register."
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
        known = {machine.id: machine for machine in analyses.instruments(uow.session, uow.actor)}
        if new.instrument_id not in known:
            wrong["instrument_id"] = "There is no such instrument here."
        elif known[new.instrument_id].method is not new.method:
            wrong["instrument_id"] = f"{known[new.instrument_id].name} is an instrument for another method."
    if wrong:
        raise Invalid("The curve was not saved: " + " ".join(wrong.values()), fields=wrong)


def _row(uow: UnitOfWork, new: CurveIn, curve: Curve, standard_form: str) -> CalibrationCurve:
    key = new_id()
    before = _own(uow.session, uow.actor, new.supersedes) if new.supersedes else None
    if before is not None:
        same = (before.substance_id, before.method, before.instrument_id)
        if same != (new.substance, new.method, new.instrument_id):
            raise Invalid(
                "The curve was not saved: it follows one of another substance, method or instrument.",
                fields={"supersedes": "Follow a curve of the same substance, method and instrument."},
            )
    assert uow.actor.agency_id is not None
    return CalibrationCurve(
        **new.model_dump(exclude={"substance", "supersedes", "standard_form", "limit_source"}),
        id=key, agency_id=uow.actor.agency_id, series_id=before.series_id if before else key,
        number=before.number + 1 if before else 1, substance_id=new.substance, standard_form=standard_form,
        method_version=method_info(new.method).version, limit_source=new.limit_source.value if new.limit_source else "",
        fit=fit_json(curve), engine_version=ENGINE_VERSION, made_by=_person(uow), made_at=uow.now,
    )  # fmt: skip


def _fits(uow: UnitOfWork, row: CalibrationCurve, analysis: Analysis) -> list[str]:
    """Raise when this curve is not for this analysis; sentences about what someone should look at."""
    last = _newest_numbers(uow.session, {row.series_id})[row.series_id]
    state = _state(row, last, uow.now)
    if state == "expired":
        raise Refused([f"This curve was valid until {row.valid_until:%d %B %Y}."], hint="Measure a new calibration.")
    if state == "superseded":
        raise Refused(
            [f"This is curve {row.number} of its series, and number {last} is in use now."],
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
    if analysis.status is not domain.AnalysisStatus.OK:
        notes.append("The analysis did not run well: a result cannot stand on it.")
    if analysis.qc_failed:
        notes.append("The control of this batch failed: a result cannot stand on it.")
    return notes


def _read(row: CalibrationCurve, request: QuantificationRequest, register: Register) -> Proposal:
    substance, unit = register.get(row.substance_id), row.unit.value
    own = replace(request.preparation, purity=row.purity, purity_u=row.purity_u, purity_corrected=row.purity_corrected)
    try:
        curve = fit_curve(
            _LEVELS.validate_python(row.levels),
            weighting=row.weighting,
            through_zero=row.through_zero,
            blanks=row.blanks,
            limit_source=LimitSource(row.limit_source) if row.limit_source else None,
        )
        found = concentration(curve, request.responses, request.internal_standard, unit)
        if found.value is None:
            return proposed(found, None)
        amount = amount_of(
            found,
            unit,
            own,
            request.unit.value,
            unit_weights=request.unit_weights,
            formula=substance.formula if substance else "",
            standard_form=row.standard_form,
            wanted_form=request.wanted_form,
            name=substance.name if substance else "",
            k=request.k,
            welch_satterthwaite=request.welch_satterthwaite,
        )
    except SpectrumError as error:
        raise Invalid(f"Nothing was quantified: {error}.") from error
    return proposed(found, amount)


def _person(uow: UnitOfWork) -> uuid.UUID:
    assert uow.actor.person_id is not None
    return uow.actor.person_id
