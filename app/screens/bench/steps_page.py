"""What the bench's forms do: record analyses, write findings, take steps. Each answers 303, or the page with why not.

Files have their own: pages_files.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.intake.samples import service as samples
from app.laboratory.identification.domain import Method
from app.laboratory.identification.in_house import void_now
from app.laboratory.readings import service as readings
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Invalid, NotFound, VersionRequired
from app.platform.security.policy import allow
from app.platform.web.fields import Note140, Note200, Text40, Text60
from app.platform.web.forms import Entered, shown_again
from app.platform.web.idempotency import form_once
from app.platform.web.typed import number
from app.results import service
from app.results.bench import candidate_of, parts_of
from app.results.candidates import offer_of, offer_of_part, with_offers, with_strip
from app.results.domain import Action, ChangeReason
from app.results.finding import NewFinding
from app.results.view import ResultView
from app.runtime import Runtime, RuntimeDep
from app.screens.bench import view
from app.screens.bench.forms import FindingForm, finding_of

router = APIRouter(include_in_schema=False)

Bench = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER)]
Steps = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
Change = Callable[[list[NewFinding]], list[NewFinding]]
Version = Annotated[int | None, Form()]


@router.post("/bench/samples/{sample_id}/draft")
def start_draft(request: Request, sample_id: uuid.UUID, who: Bench, rt: RuntimeDep) -> Response:
    """Begin the next version, with a copy of the findings."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)), rt.begin(who, request) as uow:
        service.start_draft(uow, sample_id)
    return view.back(sample_id, done="draft")


@router.post("/bench/samples/{sample_id}/findings")
def save_finding(
    request: Request, sample_id: uuid.UUID, who: Bench, rt: RuntimeDep, form: Annotated[FindingForm, Form()]
) -> Response:
    """Add a finding, or change the one at `position`. The first one begins the draft."""
    where = "new" if form.position is None else f"f{form.position}"
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error, where=where, typed=form)):
        finding = finding_of(form, rt.pack.substances).entered()

        def change(there: list[NewFinding]) -> list[NewFinding]:
            if form.position is None:
                return [*there, finding]
            if form.position >= len(there):
                raise NotFound("finding")
            return [finding if place == form.position else old for place, old in enumerate(there)]

        write_findings(request, rt, who, sample_id, form.version, change)
    return view.back(sample_id, done="finding")


@router.post("/bench/samples/{sample_id}/findings/remove")
def remove_finding(
    request: Request,
    sample_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    position: Annotated[int, Form(ge=0, le=60)],
    version: Version = None,
) -> Response:
    """Take one finding out of the draft."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)):
        write_findings(request, rt, who, sample_id, version, lambda there: there[:position] + there[position + 1 :])
    return view.back(sample_id, done="removed")


@router.post("/bench/samples/{sample_id}/nothing-found")
def say_nothing_found(
    request: Request,
    sample_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    version: Version = None,
    nothing_found: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Say that nothing was found, or take that back."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)):
        write_findings(request, rt, who, sample_id, version, lambda there: there, nothing_found=bool(nothing_found))
    return view.back(sample_id, done="nothing" if nothing_found else "")


@router.post("/bench/samples/{sample_id}/use")
def use_candidate(
    request: Request,
    sample_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    reading: Annotated[uuid.UUID, Form()],
    place: Annotated[int, Form(ge=0, le=200)],
    peak: Annotated[int | None, Form()] = None,
    version: Version = None,
) -> Response:
    """Make a finding of a candidate; one that is there already gains this analysis."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)):
        with rt.read() as session:
            samples.get_sample(session, who, sample_id)
            found = readings.analyses_of(session, sample_id)
            analysis, candidate = candidate_of(found, reading, place, peak)
        if void := void_now(candidate, rt.registry.of(who.agency_id)):
            raise Conflict(
                f"This own standard is no evidence, because {void}. Nothing was added.",
                hint="Use a match with a library, or measure a standard that is in date.",
            )
        write_findings(
            request,
            rt,
            who,
            sample_id,
            version,
            lambda there: with_offers(there, [(offer_of(candidate), analysis.analysis.id)]),
        )
    return view.back(sample_id, done="finding", reading=reading)


@router.post("/bench/samples/{sample_id}/use-parts")
def use_parts(
    request: Request,
    sample_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    reading: Annotated[uuid.UUID, Form()],
    version: Version = None,
) -> Response:
    """Make a finding of every part of a mixture; one that is there already gains this analysis."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)):
        with rt.read() as session:
            samples.get_sample(session, who, sample_id)
            analysis, parts = parts_of(readings.analyses_of(session, sample_id), reading)
        if not parts:
            raise Conflict("This reading was not resolved into parts. Nothing was added.")
        offers = [(offer_of_part(part), analysis.analysis.id) for part in parts]
        write_findings(request, rt, who, sample_id, version, lambda there: with_offers(there, offers))
    return view.back(sample_id, done="parts", reading=reading)


@router.post("/bench/samples/{sample_id}/use-strip")
def use_strip(
    request: Request,
    sample_id: uuid.UUID,
    who: Bench,
    rt: RuntimeDep,
    analysis: Annotated[uuid.UUID, Form()],
    version: Version = None,
) -> Response:
    """Make a finding of a positive strip."""
    register = rt.pack.substances
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)):
        with rt.read() as session:
            strip = readings.get_analysis(session, who, analysis)
        if strip.sample_id != sample_id or strip.strip_reading is not readings.StripReading.POSITIVE:
            raise NotFound("positive strip")
        target = strip.strip_target
        write_findings(
            request, rt, who, sample_id, version,
            lambda there: with_strip(there, target, target in register, analysis),
        )  # fmt: skip
    return view.back(sample_id, done="finding")


def write_findings(
    request: Request,
    rt: Runtime,
    who: Actor,
    sample_id: uuid.UUID,
    version: int | None,
    change: Change,
    *,
    nothing_found: bool = False,
) -> None:
    """Change the findings of the draft in one transaction; without a version yet, begin it."""
    with rt.begin(who, request) as uow:
        samples.lock_sample(uow, sample_id)  # before the draft is read: two people at once write one after the other
        draft, started = draft_here(uow, sample_id)
        if version is None and not started:
            raise VersionRequired(
                "Somebody has begun the findings of this sample meanwhile, so yours were not saved.",
                hint="Look at what is there now, then add yours.",
            )
        there = [f.entered for f in draft.findings]
        service.set_findings(
            uow,
            draft.result.id,
            change(there),
            draft.result.version if started or version is None else version,
            pack=rt.pack,
            nothing_found=nothing_found,
        )


def draft_here(uow: UnitOfWork, sample_id: uuid.UUID) -> tuple[ResultView, bool]:
    """The newest version, begun now if there is none; and whether it was."""
    newest = service.latest(uow.session, sample_id)
    if newest is None:
        return service.start_draft(uow, sample_id), True
    return newest, False


@router.post("/bench/samples/{sample_id}/act")
def act(
    request: Request,
    sample_id: uuid.UUID,
    who: Steps,
    rt: RuntimeDep,
    action: Annotated[Action, Form()],
    result: Annotated[uuid.UUID, Form()],
    version: Annotated[int, Form()],
    reason: Annotated[Note200, Form()] = "",
    override_reason: Annotated[Note200, Form()] = "",
    change_reason: Annotated[ChangeReason | None, Form()] = None,
    accept_open: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Take a step with a version of this sample's result."""
    typed = Entered(reason=reason, override_reason=override_reason, change_reason=change_reason)
    with (
        shown_again(lambda error: view.again(request, rt, who, sample_id, error, where=action.value, typed=typed)),
        rt.begin(who, request) as uow,
    ):
        if service.get_result(uow.session, who, result).result.sample_id != sample_id:
            raise NotFound("result")
        service.act(
            uow,
            result,
            action,
            pack=rt.pack,
            if_match=version,
            reason=reason,
            override_reason=override_reason,
            change_reason=change_reason,
            accept_open=bool(accept_open),
        )
    return view.back(sample_id, done=action.value)


class AnalysisForm(BaseModel):
    """The fields of an analysis done by hand: a strip, a reagent, or a machine whose file comes later."""

    idempotency_key: Annotated[str, Field(max_length=120)] = ""
    method: Method
    instrument_id: Annotated[str, Field(max_length=40)] = ""
    batch: Text40 = ""
    qc_failed: Annotated[str, Field(max_length=10)] = ""
    read_by_hand: Annotated[str, Field(max_length=10)] = ""
    observation: Note140 = ""
    strip_target: Text60 = ""
    strip_reading: Annotated[str, Field(max_length=20)] = ""
    strip_lot: Text40 = ""
    strip_cut_off_ng_ml: Text40 = ""
    strip_dilution: Text40 = ""

    def entered(self) -> readings.NewAnalysis:
        """As the readings feature takes it. Raises Invalid."""
        wrong: dict[str, str] = {}
        cut_off = number(self.strip_cut_off_ng_ml, "strip_cut_off_ng_ml", wrong)
        try:
            instrument = uuid.UUID(self.instrument_id) if self.instrument_id else None
            strip = readings.StripReading(self.strip_reading) if self.strip_reading else None
        except ValueError:
            wrong["strip_reading"] = "Choose one of the answers."
        if wrong:
            raise Invalid("The analysis was not saved. What you typed is still here.", fields=wrong)
        return readings.NewAnalysis(
            method=self.method,
            instrument_id=instrument,
            batch=self.batch,
            qc_failed=bool(self.qc_failed),
            read_by_hand=bool(self.read_by_hand),
            observation=self.observation,
            strip_target=self.strip_target,
            strip_reading=strip,
            strip_lot=self.strip_lot,
            strip_cut_off_ng_ml=cut_off,
            strip_dilution=self.strip_dilution,
        )


@router.post("/bench/samples/{sample_id}/analyses")
def add_analysis(
    request: Request, sample_id: uuid.UUID, who: Bench, rt: RuntimeDep, form: Annotated[AnalysisForm, Form()]
) -> Response:
    """Record a strip, a reagent or another analysis."""
    where = form.method.value if form.method.value in ("strip", "reagent") else "analysis"
    register = rt.pack.substances
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error, where=where, typed=form)):
        once = form_once(request, rt.pepper, form.idempotency_key)
        with rt.begin(who, request) as uow:

            def create() -> dict[str, uuid.UUID]:
                row = readings.add_analysis(
                    uow, sample_id, form.entered(), knows_target=lambda t: t in register or register.is_class(t)
                )
                return {"id": row.id}

            once.run(uow, create)
    return view.back(sample_id, done="analysis")
