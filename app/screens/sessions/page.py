"""Pages of sessions: the list, planning a new one, closing it, and its board: throughput, waits, instruments, live."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError

from app.intake.sessions import service
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS, ServiceType
from app.intake.sessions.schemas import NewSession
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Invalid, MastError
from app.platform.kernel.ids import new_id
from app.platform.kernel.place import local, zone
from app.platform.web.fields import OF_A_PLACE, reads_free_text
from app.platform.web.forms import Entered
from app.screens.reception import forms
from app.screens.visits import Lead, Staff, Visit

router = APIRouter(include_in_schema=False)

SENTENCES = {
    "name": "Enter a name people will know, such as “Saturday”.",
    "site_id": "Choose a place, or enter a new one.",
    "site.name": "Enter the name of the place.",
    "site.region": "Enter the region for figures.",
    "site.aliases": "Shorten each name to 60 letters.",
    "service_type": "Choose what kind of service this is.",
    "licence_mode": "Choose what the licence allows. If you are not sure, ask before you open.",
    "opens_at": "Enter the day and time it opens.",
    "closes_at": "Enter a closing time after it opens.",
}


@reads_free_text(dict.fromkeys(("name", "site_name", "site_region", "site_aliases"), OF_A_PLACE))
async def posted(request: Request) -> Entered:
    """The fields of a form as text, read before the route runs in its thread; a file is empty."""
    form = await request.form()
    return Entered({name: value.strip() if isinstance(value, str) else "" for name, value in form.items()})


Posted = Annotated[Entered, Depends(posted)]


@router.get("/sessions")
def sessions_page(visit: Staff) -> HTMLResponse:
    """Sessions of the agency, newest first."""
    with visit.rt.read() as session:
        rows = service.sessions_of(session, visit.who, limit=100)
        places = service.sites_of(session, rows)
    now = visit.rt.now()
    listed = [(row, places[row.site_id], service.phase_of(row, now).words) for row in rows]
    listed.sort(key=lambda item: item[0].opens_at, reverse=True)
    return visit.page(
        "sessions/list.html",
        rows=listed,
        licence_words=LICENCE_WORDS,
        may_create=visit.who.has(Role.SESSION_LEAD),
    )


@router.get("/sessions/new")
def new_session_form(visit: Lead) -> HTMLResponse:
    """The form, with times that are probably right."""
    start = local(visit.rt.now()).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    ends = start + timedelta(hours=8)
    return _form(
        visit, Entered(opens_at=f"{start:%Y-%m-%dT%H:%M}", closes_at=f"{ends:%Y-%m-%dT%H:%M}", client_lookup="yes")
    )


@router.post("/sessions")
def create_session(visit: Lead, values: Posted) -> Response:
    """Plan the session; else the form again with what is wrong."""
    with visit.work(lambda error: _form(visit, values, error)) as uow:
        new = _read(values)
        answer = forms.Filled(values).once(visit).run(uow, lambda: {"id": service.create_session(uow, new).id})
    return RedirectResponse(f"/sessions/{json.loads(bytes(answer.body))['id']}", 303)


def _read(values: Entered) -> NewSession:
    aliases = [a.strip() for a in values["site_aliases"].split(";") if a.strip()]
    fields: dict[str, object] = {
        **{name: values[name] for name in ("name", "service_type", "licence_mode")},
        **{name: _local(values[name]) for name in ("opens_at", "closes_at")},
        **{name: bool(values[name]) for name in ("client_lookup", "screening_single")},
    }
    if values["site_id"] == "new":
        fields["site"] = {"name": values["site_name"], "region": values["site_region"], "aliases": aliases}
    else:
        fields["site_id"] = values["site_id"]
    try:
        return NewSession.model_validate(fields)
    except ValidationError as error:
        found: dict[str, str] = {}
        for item in error.errors():
            name = ".".join(str(part) for part in item["loc"] if not isinstance(part, int)) or "site_id"
            found[name.replace("site.", "site_")] = SENTENCES.get(name, f"{name}: {item['msg']}")
        raise Invalid("The session was not planned. What you typed is still here.", fields=found) from None


def _local(value: str) -> datetime | str:
    """A time as it is typed in the service's own zone; what is no time stays as it is and is refused later."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=zone())
    except (ValueError, OverflowError):
        return value


def _form(visit: Visit, values: Entered, error: MastError | None = None) -> HTMLResponse:
    with visit.rt.read() as session:
        places = service.sites(session, visit.who)
    return visit.page(
        "sessions/new.html",
        error=error,
        values=values,
        errors=forms.sentences(error),
        key=str(new_id()),
        places=places,
        regions=sorted({p.region for p in places}),
        services=[(kind.value, kind.words) for kind in ServiceType],
        licences=[(mode.value, LICENCE_WORDS[mode], LICENCE_MEANING[mode]) for mode in LICENCE_WORDS],
    )
