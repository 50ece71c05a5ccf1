"""Pages of quantification: the calibration curves, one with its fit, a new one, and the amounts of a sample."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.intake.samples import lookup, substances
from app.laboratory.identification.domain import QUICK_TESTS, methods
from app.laboratory.quantification import service
from app.laboratory.quantification.domain import AskedUnit, CurveUnit
from app.laboratory.readings import analyses
from app.platform.kernel.errors import MastError, NotFound
from app.platform.kernel.ids import new_id
from app.platform.web.forms import Entered, fields_of
from app.platform.web.paging import Cursor, decode_cursor, encode_cursor
from app.results.bench import analysis_title
from app.screens.quantification.forms import POINTS, REPEATS, AmountForm, CurveForm
from app.screens.quantification.view import amount_row, curve_view
from app.screens.visits import Bench, Chemist, Done, Visit
from spectra.quantify import Weighting
from spectra.quantify.salts import forms as salt_forms

router = APIRouter(include_in_schema=False)

LIMIT = 50
VALID_DAYS = 90
DONE = {
    "curve": "Curve saved. Amounts can be read off it now.",
    "amount": "Amount saved. Check it, then add it to a finding.",
}
UNIT_WORDS = {
    AskedUnit.PERCENT_WW: "% w/w", AskedUnit.MG_PER_UNIT: "mg per unit", AskedUnit.UG_PER_BLOTTER: "µg per blotter",
    AskedUnit.MG_PER_ML: "mg/mL",
}  # fmt: skip
WEIGHTING_WORDS = {Weighting.NONE: "equal", Weighting.INVERSE: "1/x", Weighting.INVERSE_SQUARE: "1/x²"}


@router.get("/quantification")
def curves_page(visit: Bench, cursor: Cursor = "", done: Done = "") -> HTMLResponse:
    """Calibration curves, newest first."""
    register = visit.rt.pack.substances
    with visit.rt.read() as session:
        rows = service.curves_page(session, visit.who, visit.rt.now(), "", decode_cursor(cursor), LIMIT + 1)
    more = encode_cursor(rows[LIMIT - 1].id) if len(rows) > LIMIT else ""
    shown = [curve_view(row, register) for row in rows[:LIMIT]]
    return visit.page("quantification/curves.html", curves=shown, more=more, done=DONE.get(done, ""), methods=methods())


@router.get("/quantification/curves/new")
def new_curve_page(visit: Chemist, after: Annotated[uuid.UUID | None, Query()] = None) -> HTMLResponse:
    """An empty table of points; `after` a curve, with what that one has for everything but its points."""
    return _new(visit, _following(visit, after) if after else CurveForm())


@router.get("/quantification/curves/{curve_id}")
def curve_page(visit: Bench, curve_id: uuid.UUID, done: Done = "") -> HTMLResponse:
    """One curve with its fit and its residuals."""
    with visit.rt.read() as session:
        row = service.curve_out(session, visit.who, curve_id, visit.rt.now())
    shown = curve_view(row, visit.rt.pack.substances)
    return visit.page(
        "quantification/curve.html", c=shown, done=DONE.get(done, ""), methods=methods(), weighting=WEIGHTING_WORDS
    )


@router.post("/quantification/curves")
def add_curve(visit: Chemist, form: Annotated[CurveForm, Form()]) -> Response:
    """Fit and keep the points."""
    with visit.work(lambda error: _new(visit, form, error), but=NotFound) as uow:
        new = form.entered()
        key = visit.once(uow, form.idempotency_key, lambda: service.add_curve(uow, new, visit.rt.pack.substances))
    return RedirectResponse(f"/quantification/curves/{key}?done=curve", 303)


@router.get("/quantification/samples/{sample_id}")
def amounts_page(visit: Bench, sample_id: uuid.UUID, done: Done = "") -> HTMLResponse:
    """What was read off curves for a sample, with its uncertainty, and the form for more."""
    return _amounts(visit, sample_id, AmountForm(), done=DONE.get(done, ""))


@router.post("/quantification/samples/{sample_id}")
def add_amount(visit: Chemist, sample_id: uuid.UUID, form: Annotated[AmountForm, Form()]) -> Response:
    """Read an analysis of this sample off a curve."""
    with visit.work(lambda error: _amounts(visit, sample_id, form, error), but=NotFound) as uow:
        lookup.get_sample(uow.session, visit.who, sample_id)
        curve, new = form.entered()
        if analyses.get_analysis(uow.session, visit.who, new.analysis_id).sample_id != sample_id:
            raise NotFound("analysis")
        visit.once(uow, form.idempotency_key, lambda: service.quantify(uow, curve, new, visit.rt.pack.substances))
    return RedirectResponse(f"/quantification/samples/{sample_id}?done=amount", 303)


def _following(visit: Visit, curve_id: uuid.UUID) -> CurveForm:
    with visit.rt.read() as session:
        row = service.curve_out(session, visit.who, curve_id, visit.rt.now())
    return CurveForm(
        substance=[row.substance], method=row.method.value, unit=row.unit, standard_form=row.standard_form,
        internal_standard=row.internal_standard, weighting=row.weighting, through_zero="yes" if row.through_zero else "",
        instrument_id=str(row.instrument_id or ""), supersedes=str(row.id), purity=f"{100 * row.purity:g}",
        purity_u=f"{100 * row.purity_u:g}", concentration=[f"{level['concentration']:g}" for level in row.levels],
    )  # fmt: skip


def _new(visit: Visit, form: CurveForm, error: MastError | None = None) -> HTMLResponse:
    register = visit.rt.pack.substances
    with visit.rt.read() as session:
        machines = analyses.instruments(session, visit.who)
    chosen, free = substances.chosen_as(register, form.substance, form.substance_words)
    until = form.valid_until or f"{visit.rt.now() + timedelta(days=VALID_DAYS):%Y-%m-%d}"
    return visit.page(
        "quantification/new.html",
        t=form,
        chosen=chosen,
        free=free,
        until=until,
        points=max(POINTS, len(form.concentration)),
        error=error,
        fields=fields_of(error) if error else Entered(),
        methods=[
            (m.method.value, m.title) for m in methods().values() if m.active and m.method.value not in QUICK_TESTS
        ],
        units=[(unit.value, unit.value) for unit in CurveUnit],
        weightings=list(WEIGHTING_WORDS.items()),
        salts=[(one.key, one.title) for one in salt_forms()],
        machines=[(machine.id, machine.name) for machine in machines],
        key=new_id(),
    )


def _amounts(
    visit: Visit, sample_id: uuid.UUID, form: AmountForm, error: MastError | None = None, done: str = ""
) -> HTMLResponse:
    register, who, now = visit.rt.pack.substances, visit.who, visit.rt.now()
    with visit.rt.read() as session:
        sample = lookup.get_sample(session, who, sample_id)
        rows = service.quantifications_of(session, who, sample_id)
        curves = service.curves_page(session, who, now, "", None, 200)
        done_here = analyses.analyses_of(session, sample_id)
    usable = [curve_view(row, register) for row in curves if row.state == "in_use"]
    fitting = {curve.row.method for curve in usable}
    return visit.page(
        "quantification/amounts.html",
        sample=sample,
        amounts=[amount_row(row, register) for row in rows],
        curves=[
            (curve.row.id, f"{curve.name}, {methods()[curve.row.method].title}, {curve.range_words}")
            for curve in usable
        ],
        ran=[(a.analysis.id, analysis_title(a)) for a in done_here if a.analysis.method in fitting],
        units=list(UNIT_WORDS.items()),
        repeats=max(REPEATS, len(form.response)),
        t=form,
        error=error,
        fields=fields_of(error) if error else Entered(),
        done=done,
        key=new_id(),
    )
