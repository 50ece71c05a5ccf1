"""The bench's forms about what the readings name: make a finding of it, dismiss it with a reason, take that back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from app.intake.samples import service as samples
from app.laboratory.identification.in_house import void_now
from app.laboratory.readings import service as readings
from app.platform.kernel.actor import Actor
from app.platform.kernel.errors import Conflict, Invalid, NotFound, VersionRequired
from app.platform.web.fields import Note140, Text80
from app.platform.web.forms import shown_again
from app.results import service
from app.results.candidates import with_offers
from app.results.domain import DismissReason
from app.results.drafting import NewDismissal, in_force
from app.results.finding import NewFinding
from app.results.named import offers_of
from app.runtime import Runtime, RuntimeDep
from app.screens.bench import view
from app.screens.bench.steps_page import Bench, Version, draft_here, write_findings

router = APIRouter(include_in_schema=False)

Key = Annotated[Text80, Form()]


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
            wrong["key"] = "Tick what you want to dismiss."
        if self.reason not in list(DismissReason):
            wrong["reason"] = "Choose a reason."
        elif self.reason == DismissReason.OTHER and not self.note:
            wrong["note"] = "Say why in a few words."
        if wrong:
            raise Invalid("Nothing was dismissed. What you entered is still here.", fields=wrong)
        return [NewDismissal(key, DismissReason(self.reason), self.note) for key in dict.fromkeys(self.key)]


@router.post("/bench/samples/{sample_id}/named/add")
def add_named(
    request: Request, sample_id: uuid.UUID, who: Bench, rt: RuntimeDep, key: Key, version: Version = None
) -> Response:
    """Make a finding of something the readings name, with every analysis that names it."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)):
        with rt.read() as session:
            samples.get_sample(session, who, sample_id)
            every = offers_of(readings.analyses_of(session, sample_id))
            offers = [(mention, offer) for mention, offer in every if mention.key == key]
        if not offers:
            raise NotFound("named substance")
        registry = rt.registry.of(who.agency_id)
        rows = [(o, m.analysis_id) for m, o in offers if o.candidate is None or not void_now(o.candidate, registry)]
        if not rows:
            raise Conflict(
                f"{offers[0][0].name} is named only by an own standard that counts no more. Nothing was added.",
                hint="Measure a standard that is in date, or dismiss the name with a reason.",
            )

        def change(there: list[NewFinding]) -> list[NewFinding]:
            if any(old.key == key and not old.seen for old in there):
                raise Conflict(f"A finding says that {offers[0][0].name} was not detected. Change that finding.")
            return with_offers(there, rows)

        write_findings(request, rt, who, sample_id, version, change)
    return view.back(sample_id, done="finding")


@router.post("/bench/samples/{sample_id}/named/dismiss")
def dismiss_named(
    request: Request, sample_id: uuid.UUID, who: Bench, rt: RuntimeDep, form: Annotated[DismissForm, Form()]
) -> Response:
    """Say why something the readings name is no finding. The first dismissal begins the draft."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error, where="dismiss", typed=form)):
        new = form.entered()
        keys = {one.key for one in new}
        _write(request, rt, who, sample_id, form.version, lambda held: [o for o in held if o.key not in keys] + new)
    return view.back(sample_id, done="dismissed")


@router.post("/bench/samples/{sample_id}/named/take-back")
def take_back(
    request: Request, sample_id: uuid.UUID, who: Bench, rt: RuntimeDep, key: Key, version: Version = None
) -> Response:
    """Dismissed no more: it is open again."""
    with shown_again(lambda error: view.again(request, rt, who, sample_id, error)):
        _write(request, rt, who, sample_id, version, lambda held: [one for one in held if one.key != key])
    return view.back(sample_id, done="open_again")


def _write(
    request: Request,
    rt: Runtime,
    who: Actor,
    sample_id: uuid.UUID,
    version: int | None,
    change: Callable[[list[NewDismissal]], list[NewDismissal]],
) -> None:
    """Change what is dismissed in the draft in one transaction; without a version yet, begin it."""
    with rt.begin(who, request) as uow:
        samples.lock_sample(uow, sample_id)
        draft, started = draft_here(uow, sample_id)
        if version is None and not started:
            raise VersionRequired(
                "Somebody else has begun the findings of this sample, so yours were not saved.",
                hint="Look at what is there now, then dismiss what is still open.",
            )
        held = in_force(service.named_of(uow.session, draft.result, rt.pack.substances))
        at = draft.result.version if started or version is None else version
        service.set_dismissals(uow, draft.result.id, change(held), at, pack=rt.pack)
