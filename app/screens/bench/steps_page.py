"""What the bench's forms do: record analyses, write findings, also of what the readings name, dismiss what they name, and take
steps. Each answers 303, or the page with why not.

Files have their own: files_page.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.intake.people.web_proving import proven_lately
from app.intake.samples import lookup
from app.laboratory.identification.in_house import void_now
from app.laboratory.readings import analyses
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Invalid, NotFound, VersionRequired
from app.platform.web.fields import Note140, Note200, Text80
from app.platform.web.forms import Entered
from app.results import edits, service
from app.results.bench import candidate_of, worklist
from app.results.domain import Action, ChangeReason, DismissReason, State
from app.results.drafting import NewDismissal, in_force
from app.results.finding import NewFinding
from app.results.named import dismissals_from, offer_of, offers_of, with_offers, with_strip
from app.results.view import ResultView
from app.screens.bench.bar import next_after
from app.screens.bench.forms import FindingForm, finding_of
from app.screens.bench.page import SampleVisit, at_bench
from harm_messages.vocabulary import StripReading

router = APIRouter(include_in_schema=False)

Bench = Annotated[SampleVisit, at_bench(Role.CHEMIST, Role.VERIFIER)]
Steps = Annotated[SampleVisit, at_bench(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
Change = Callable[[list[NewFinding]], list[NewFinding]]
Version = Annotated[int | None, Form()]
FIRST = 1
"""The version of a draft that was begun just now."""
Id = Annotated[uuid.UUID, Form()]
Key = Annotated[Text80, Form()]


@router.post("/bench/samples/{sample_id}/draft")
def start_draft(at: Bench) -> Response:
    """Begin the next version, with a copy of the findings."""
    with at.shown_again(), at.begin() as uow:
        service.start_draft(uow, at.sample_id)
    return at.back("draft")


@router.post("/bench/samples/{sample_id}/findings")
def save_finding(at: Bench, form: Annotated[FindingForm, Form()]) -> Response:
    """Add a finding, or change the one at `position`. The first one begins the draft."""
    where = "new" if form.position is None else f"f{form.position}"
    with at.shown_again(where=where, typed=form):
        finding = finding_of(form, at.rt.pack.substances).entered()

        def change(there: list[NewFinding]) -> list[NewFinding]:
            if form.position is None:
                return [*there, finding]
            if form.position >= len(there):
                raise NotFound("finding")
            return [finding if place == form.position else old for place, old in enumerate(there)]

        since = write_findings(at, form.version, change)
    return at.back("finding", since=since)


@router.post("/bench/samples/{sample_id}/findings/remove")
def remove_finding(at: Bench, position: Annotated[int, Form(ge=0, le=60)], version: Version = None) -> Response:
    """Take one finding out of the draft."""
    with at.shown_again():
        since = write_findings(at, version, lambda there: there[:position] + there[position + 1 :])
    return at.back("removed", since=since)


@router.post("/bench/samples/{sample_id}/nothing-found")
def say_nothing_found(
    at: Bench, version: Version = None, nothing_found: Annotated[str, Form(max_length=10)] = ""
) -> Response:
    """Record "nothing detected", or remove that."""
    with at.shown_again():
        write_findings(at, version, lambda there: there, nothing_found=bool(nothing_found))
    return at.back("nothing" if nothing_found else "")


@router.post("/bench/samples/{sample_id}/use")
def use_candidate(
    at: Bench,
    reading: Id,
    place: Annotated[int, Form(ge=0, le=200)],
    peak: Annotated[int | None, Form()] = None,
    version: Version = None,
) -> Response:
    """Make a finding of a candidate; one that is there already gains this analysis."""
    with at.shown_again():
        with at.rt.read() as session:
            lookup.get_sample(session, at.who, at.sample_id)
            found = analyses.analyses_of(session, at.sample_id)
            analysis, candidate = candidate_of(found, reading, place, peak)
        if void := void_now(candidate, at.rt.registry.of(at.who.agency_id)):
            raise Conflict(
                f"This in-house standard does not count, because {void}. Nothing was added.",
                hint="Use a library match, or measure a valid standard.",
            )
        offers = [(offer_of(candidate), analysis.analysis.id)]
        since = write_findings(at, version, lambda there: with_offers(there, offers))
    return at.back("finding", reading=reading, peak=peak, since=since)


@router.post("/bench/samples/{sample_id}/use-parts")
def use_parts(at: Bench, reading: Id, version: Version = None) -> Response:
    """Make a finding of every part of a mixture, or of every named peak of a run; one that is there already gains this analysis.

    What someone dismissed stays dismissed, and a standard that counts no more names nothing.
    """
    with at.shown_again():
        with at.rt.read() as session:
            lookup.get_sample(session, at.who, at.sample_id)
            every = list(offers_of(analyses.analyses_of(session, at.sample_id)))
            newest = service.latest(session, at.sample_id)
        registry = at.rt.registry.of(at.who.agency_id)
        dismissed = {one.key for one in dismissals_from(newest.result.dismissals)} if newest else set()
        offers = [
            (offer, mention.analysis_id)
            for mention, offer in every
            if mention.reading_id == reading
            and mention.key not in dismissed
            and (offer.candidate is None or not void_now(offer.candidate, registry))
        ]
        if not offers:
            raise Conflict("This spectrum names nothing that can be added. Nothing was changed.")
        since = write_findings(at, version, lambda there: with_offers(there, offers))
    return at.back("parts", reading=reading, since=since)


@router.post("/bench/samples/{sample_id}/use-strip")
def use_strip(at: Bench, analysis: Id, version: Version = None) -> Response:
    """Make a finding of a positive strip."""
    with at.shown_again():
        with at.rt.read() as session:
            strip = analyses.get_analysis(session, at.who, analysis)
        if strip.sample_id != at.sample_id or strip.strip_reading is not StripReading.POSITIVE:
            raise NotFound("positive strip")
        target = strip.strip_target
        known = target in at.rt.pack.substances
        since = write_findings(at, version, lambda there: with_strip(there, target, known, analysis))
    return at.back("finding", since=since)


def write_findings(at: SampleVisit, version: int | None, change: Change, *, nothing_found: bool = False) -> int | None:
    """Change the findings of the draft in one transaction; without a version yet, begin it.

    Where others wrote since `version`, their changes and this one go together, and that version is the answer.
    """
    meanwhile = VersionRequired(
        "Someone else added findings first, so yours were not saved.",
        hint="Check the findings, then add yours.",
    )
    pack = at.rt.pack
    with at.begin() as uow:
        draft, seen = _draft(uow, at.sample_id, version, meanwhile)
        row = draft.result
        if row.state is State.DRAFT:
            findings, now = edits.merged(uow.session, row, seen, change), row.version
        else:  # refused below, with what to do instead
            findings, now = [f.entered for f in draft.findings], seen
        service.set_findings(uow, row.id, findings, now, pack=pack, nothing_found=nothing_found)
    return seen if now != seen else None


def _draft(
    uow: UnitOfWork, sample_id: uuid.UUID, version: int | None, meanwhile: VersionRequired
) -> tuple[ResultView, int]:
    """The newest version of the result, begun now if there is none, and the version number to change it from.

    Raises `in the meantime` where there is one that no draft of two people at once explains, and anyone who changes it has seen none.
    """
    lookup.lock_sample(uow, sample_id)  # before the draft is read: two people at once write one after the other
    newest = service.latest(uow.session, sample_id)
    if newest is None:
        begun = service.start_draft(uow, sample_id)
        return begun, begun.result.version
    if version is None and newest.result.number == 1 and newest.result.state is State.DRAFT:
        return newest, FIRST  # both began with nothing
    if version is None:
        raise meanwhile
    return newest, version


class DismissForm(BaseModel):
    """The fields of a dismissal, for one name or for several with the same reason."""

    version: int | None = None
    key: Annotated[list[Text80], Field(max_length=200)] = []
    reason: Annotated[str, Field(max_length=20)] = ""
    note: Note140 = ""

    def entered(self) -> list[NewDismissal]:
        """The dismissals that the form asks for, one per ticked name. Raises Invalid with a sentence per field."""
        wrong: dict[str, str] = {}
        if not self.key:
            wrong["key"] = "Choose what to dismiss."
        if self.reason not in list(DismissReason):
            wrong["reason"] = "Choose a reason."
        elif self.reason == DismissReason.OTHER and not self.note:
            wrong["note"] = "Enter a reason, for example solvent peak."
        if wrong:
            raise Invalid("Nothing was dismissed. What you entered is still here.", fields=wrong)
        return [NewDismissal(key, DismissReason(self.reason), self.note) for key in dict.fromkeys(self.key)]


@router.post("/bench/samples/{sample_id}/named/add")
def add_named(at: Bench, key: Key, version: Version = None) -> Response:
    """Make a finding of something the readings name, with every analysis that names it."""
    with at.shown_again():
        with at.rt.read() as session:
            lookup.get_sample(session, at.who, at.sample_id)
            every = offers_of(analyses.analyses_of(session, at.sample_id))
            offers = [(mention, offer) for mention, offer in every if mention.key == key]
        if not offers:
            raise NotFound("named substance")
        registry = at.rt.registry.of(at.who.agency_id)
        rows = [(o, m.analysis_id) for m, o in offers if o.candidate is None or not void_now(o.candidate, registry)]
        if not rows:
            raise Conflict(
                f"{offers[0][0].name} is named only by an in-house standard that no longer counts. Nothing was added.",
                hint="Measure a valid standard, or dismiss the name with a reason.",
            )

        def change(there: list[NewFinding]) -> list[NewFinding]:
            if any(old.key == key and not old.seen for old in there):
                raise Conflict(f"A finding says that {offers[0][0].name} was not detected. Edit that finding.")
            return with_offers(there, rows)

        since = write_findings(at, version, change)
    return at.back("finding", since=since)


@router.post("/bench/samples/{sample_id}/named/dismiss")
def dismiss_named(at: Bench, form: Annotated[DismissForm, Form()]) -> Response:
    """Say why something the readings name is no finding. The first dismissal begins the draft."""
    with at.shown_again(where="dismiss", typed=form):
        new = form.entered()
        keys = {one.key for one in new}
        _write_dismissals(at, form.version, lambda held: [o for o in held if o.key not in keys] + new)
    return at.back("dismissed")


@router.post("/bench/samples/{sample_id}/named/take-back")
def take_back(at: Bench, key: Key, version: Version = None) -> Response:
    """Dismissed no more: it is open again."""
    with at.shown_again():
        _write_dismissals(at, version, lambda held: [one for one in held if one.key != key])
    return at.back("open_again")


def _write_dismissals(
    at: SampleVisit, version: int | None, change: Callable[[list[NewDismissal]], list[NewDismissal]]
) -> None:
    """Change what is dismissed in the draft in one transaction; without a version yet, begin it."""
    meanwhile = VersionRequired(
        "Someone else added findings first, so nothing was dismissed.",
        hint="Check the findings, then dismiss what is still open.",
    )
    pack = at.rt.pack
    with at.begin() as uow:
        draft, seen = _draft(uow, at.sample_id, version, meanwhile)
        row = draft.result
        held = in_force(service.named_of(uow.session, row, pack.substances))
        wanted = change(held)
        if row.state is State.DRAFT and seen != row.version:
            _check_reasons(held, wanted)
            seen = row.version
        service.set_dismissals(uow, row.id, wanted, seen, pack=pack)


def _check_reasons(held: list[NewDismissal], wanted: list[NewDismissal]) -> None:
    """Different names go together; the same name with two reasons is for people to settle. Raises Conflict."""
    reasons = {one.key: one for one in held}
    if any(reasons.get(one.key, one) != one for one in wanted):
        raise Conflict(
            "Someone else dismissed the same name with another reason. Nothing was changed.",
            hint="Read their reason. Reopen the name to give yours.",
        )


@router.post("/bench/samples/{sample_id}/act", dependencies=[proven_lately(Action.VERIFY, Action.RELEASE)])
def act(
    at: Steps,
    action: Annotated[Action, Form()],
    result: Id,
    version: Annotated[int, Form()],
    reason: Annotated[Note200, Form()] = "",
    override_reason: Annotated[Note200, Form()] = "",
    change_reason: Annotated[ChangeReason | None, Form()] = None,
    accept_open: Annotated[str, Form(max_length=10)] = "",
    begin_again: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Take a step with a version of this sample's result. Submitting opens the next sample; `begin_again` undoes that: it begins
    the next draft in the same step, so that the findings can be changed at once."""
    typed = Entered(reason=reason, override_reason=override_reason, change_reason=change_reason)
    with at.shown_again(where=action.value, typed=typed), at.begin() as uow:
        if service.get_result(uow.session, at.who, result).result.sample_id != at.sample_id:
            raise NotFound("result")
        service.act(
            uow,
            result,
            action,
            pack=at.rt.pack,
            if_match=version,
            reason=reason,
            override_reason=override_reason,
            change_reason=change_reason,
            accept_open=bool(accept_open),
        )
        if action is Action.WITHDRAW and begin_again:
            service.start_draft(uow, at.sample_id)
    if action is Action.SUBMIT:
        return at.back(action.value, at=_next(at), submitted=at.sample_id)
    return at.back("undone" if begin_again else action.value)


def _next(at: SampleVisit) -> uuid.UUID | None:
    """The sample to open once this one is submitted."""
    with at.rt.read() as session:
        now = at.rt.now()
        sample = lookup.get_sample(session, at.who, at.sample_id)
        work = worklist(session, at.who, now, at.rt.pack.substances)
        return next_after(work, at.sample_id, (now - sample.received_at).total_seconds())
