"""Pages of sessions: the list, planning a new one, closing it. The board stands in app.screens.sessions.board_page."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from app.intake.sessions import service
from app.intake.sessions.domain import LICENCE_MEANING, LICENCE_WORDS, PHASE_WORDS, SERVICE_WORDS
from app.intake.sessions.schemas import NewSession
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, MastError
from app.platform.kernel.place import local, zone
from app.platform.kernel.versions import check_version
from app.platform.security.policy import SERVICE_STAFF, allow
from app.platform.web.fields import OF_A_PLACE, reads_free_text
from app.platform.web.forms import Entered
from app.platform.web.idempotency import Once
from app.runtime import Runtime, RuntimeDep

router = APIRouter(include_in_schema=False)

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Lead = Annotated[Actor, allow(Role.SESSION_LEAD)]
SENTENCES = {
    "name": "Give the session a name people will know, such as “Saturday”.",
    "site_id": "Choose a place, or write down a new one.",
    "site.name": "Write down the name of the place.",
    "site.region": "Write down the region the figures are counted in.",
    "site.aliases": "Other names have at most 60 letters each.",
    "service_type": "Choose what kind of service this is.",
    "licence_mode": "Choose what the licence allows. If you are not sure, ask before you open.",
    "opens_at": "Give the day and time it opens.",
    "closes_at": "Give the day and time it closes, after it opens.",
}


@reads_free_text(dict.fromkeys(("name", "site_name", "site_region", "site_aliases"), OF_A_PLACE))
async def posted(request: Request) -> FormData:
    """The fields of a form, read before the route runs in its thread."""
    return await request.form()


Posted = Annotated[FormData, Depends(posted)]


def text(form: FormData, name: str) -> str:
    """A field as text; a file or an absent field is empty."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


@router.get("/sessions")
def sessions_page(request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """Sessions of the agency, newest first."""
    with rt.read() as session:
        rows = service.sessions_of(session, who, limit=100)
        places = service.sites_of(session, rows)
    now = rt.now()
    listed = [(row, places[row.site_id], PHASE_WORDS[service.phase_of(row, now)]) for row in rows]
    listed.sort(key=lambda item: item[0].opens_at, reverse=True)
    return rt.templates.page(
        request,
        "sessions/list.html",
        rows=listed,
        licence_words=LICENCE_WORDS,
        service_words=SERVICE_WORDS,
        may_create=who.has(Role.SESSION_LEAD),
    )


@router.get("/sessions/new")
def new_session_form(request: Request, who: Lead, rt: RuntimeDep) -> HTMLResponse:
    """The form, with times that are probably right."""
    start = local(rt.now()).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    values = {
        "opens_at": start.strftime("%Y-%m-%dT%H:%M"),
        "closes_at": (start + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M"),
        "client_lookup": "yes",
    }
    return _form(request, rt, who, values, {}, secrets.token_urlsafe(16))


@router.post("/sessions")
def create_session(request: Request, who: Lead, rt: RuntimeDep, form: Posted) -> Response:
    """Plan the session, or show the form again with what is wrong."""
    values = {name: text(form, name) for name in form}
    key = values.get("idempotency_key", "")[:120]
    try:
        new = _read(values)
        digest = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()
        once = Once(key, request.url.path, digest, rt.pepper)
        with rt.begin(who, request) as uow:

            def create() -> dict[str, str]:
                return {"id": str(service.create_session(uow, new).id)}

            answer = once.run(uow, create)
    except (MastError, ValidationError) as error:
        return _form(request, rt, who, values, _sentences(error), secrets.token_urlsafe(16), status=422)
    return RedirectResponse(f"/sessions/{json.loads(bytes(answer.body))['id']}", 303)


def _read(values: dict[str, str]) -> NewSession:
    at_new_place = values.get("site_id") == "new"
    aliases = [a.strip() for a in values.get("site_aliases", "").split(";") if a.strip()]
    fields: dict[str, object] = {
        "name": values.get("name", ""),
        "service_type": values.get("service_type", ""),
        "licence_mode": values.get("licence_mode", ""),
        "opens_at": _local(values.get("opens_at", "")),
        "closes_at": _local(values.get("closes_at", "")),
        "client_lookup": bool(values.get("client_lookup")),
        "screening_single": bool(values.get("screening_single")),
    }
    if at_new_place:
        fields["site"] = {
            "name": values.get("site_name", ""), "region": values.get("site_region", ""), "aliases": aliases,
        }  # fmt: skip
    else:
        fields["site_id"] = values.get("site_id") or ""
    return NewSession.model_validate(fields)


def _local(value: str) -> datetime | str:
    """A time as it is typed in the service's own zone; what is no time stays as it is and is refused later."""
    try:
        return datetime.fromisoformat(value).replace(tzinfo=zone())
    except (ValueError, OverflowError):
        return value


def _sentences(error: MastError | ValidationError) -> dict[str, str]:
    if isinstance(error, Invalid) and error.fields:
        return dict(error.fields)
    if isinstance(error, MastError):
        return {"": f"{error.detail} {error.hint}"}
    found: dict[str, str] = {}
    for item in error.errors():
        name = ".".join(str(part) for part in item["loc"] if not isinstance(part, int)) or "site_id"
        found[name.replace("site.", "site_")] = SENTENCES.get(name, f"{name}: {item['msg']}")
    return found


def _form(
    request: Request,
    rt: Runtime,
    who: Actor,
    values: dict[str, str],
    errors: dict[str, str],
    key: str,
    *,
    status: int = 200,
) -> HTMLResponse:
    with rt.read() as session:
        places = service.sites(session, who)
    return rt.templates.page(
        request,
        "sessions/new.html",
        status=status,
        values=Entered(values),
        errors=Entered(errors),
        key=key,
        places=places,
        regions=sorted({p.region for p in places}),
        service_words=SERVICE_WORDS,
        licences=[(mode.value, LICENCE_WORDS[mode], LICENCE_MEANING[mode]) for mode in LICENCE_WORDS],
    )


@router.post("/sessions/{session_id}/close")
def close_session(
    session_id: uuid.UUID, request: Request, who: Lead, rt: RuntimeDep, version: Annotated[int, Form()]
) -> Response:
    """Close it and show its board."""
    with rt.begin(who, request) as uow:
        row = service.lock_session(uow, session_id)
        check_version("session", version, row.version)
        service.close_session(uow, row)
    return RedirectResponse(f"/sessions/{session_id}", 303)
