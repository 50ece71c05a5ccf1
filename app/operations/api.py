"""Health, readiness, staff live events and the audit log over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from sse_starlette.sse import EventSourceResponse

from app.intake.people import signin
from app.intake.people.service import ENDED
from app.operations import service
from app.operations.metrics import opens
from app.platform.audit.tables import AuditOut
from app.platform.db.settings_lock import SettingsLock
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import NotFound
from app.platform.live.hub import LiveEvent
from app.platform.live.sse import event_stream
from app.platform.security.policy import SERVICE_STAFF, allow, current_actor, public
from app.runtime import RuntimeDep

router = APIRouter(tags=["system"])

Staff = Annotated[Actor, allow(*SERVICE_STAFF)]
Admin = Annotated[Actor, allow(Role.ADMIN)]


class Health(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Whether the process can work."""

    ready: bool
    reasons: list[str]
    alarms: list[str]
    jobs: dict[str, int] = Field(description="By state, for staff of the service and administrators; empty for others")


@router.get("/health", dependencies=[public("a monitor asks whether the process lives")])
def health() -> Health:
    """Alive."""
    return Health(status="ok")


@router.get(
    "/ready",
    response_model=Ready,
    responses={503: {"model": Ready, "description": "Not ready; the reasons say why"}},
    dependencies=[public("a load balancer asks whether to send people here; counts are for staff")],
)
def ready(request: Request, rt: RuntimeDep) -> JSONResponse:
    """Ready to work: database whole and at the right schema; alarms for jobs and disk. How many jobs there are is for staff."""
    state = service.readiness(rt.db, rt.settings.data_dir)
    state.alarms += rt.workers.alarms()
    settings_lock: SettingsLock | None = getattr(request.app.state, "settings_lock", None)  # of `mast serve`
    state.alarms += settings_lock.alarms() if settings_lock is not None else []
    if not rt.db.reserve.make():
        state.alarms.append(service.DISK_FULL)
    state.staff_alarms += [service.SILENT_PROXY.format(one) for one in sorted(request.app.state.silent_proxies)]
    # how many wait and are done says how busy the service is, minute by minute; police and passers-by may not see that
    actor = current_actor(request) if state.ready else None
    staff = actor is not None and actor.has(*SERVICE_STAFF, Role.ADMIN)
    alarms = state.alarms + (state.staff_alarms if staff else [])
    body = Ready(ready=state.ready, reasons=state.reasons, alarms=alarms, jobs=state.jobs if staff else {})
    return JSONResponse(body.model_dump(), 200 if state.ready else 503)


@router.get("/metrics", include_in_schema=False, dependencies=[public("a monitor shows a token of its own")])
def metrics(request: Request, rt: RuntimeDep) -> Response:
    """Figures for Prometheus. Not there at all where the operator has set no token."""
    token = rt.settings.metrics_token.get_secret_value()
    if not token:
        raise NotFound("page")
    if not opens(token, request.headers.get("authorization", "")):
        return PlainTextResponse("This needs the token of the monitor.\n", 401, {"WWW-Authenticate": "Bearer"})
    return Response(request.app.state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get(
    "/api/v1/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Live events of your agency"}},
)
async def events(request: Request, who: Staff, rt: RuntimeDep) -> EventSourceResponse:
    """Live events of the caller's agency: what changed, never its content. Holds no database session."""
    agency_id = who.agency_id

    ended, until = False, rt.now() + rt.session_policy.absolute
    keys = {signin.live_key(request), str(who.person_id)}

    def mine(event: LiveEvent) -> bool:
        """Silent from the moment this browser signed out or the account was turned off."""
        nonlocal ended
        if event.topic == ENDED:
            ended = ended or event.payload.get("key") in keys
            return False
        if ended or event.at > until:
            return False
        if event.agency_id is None:
            return event.sample_id is None and event.session_id is None
        return event.agency_id == agency_id

    # no longer than an idle session: who comes back after that has to be signed in still
    return event_stream(rt.hub, mine, request, lasts_s=rt.session_policy.idle.total_seconds())


@router.get("/api/v1/audit")
def audit_log(
    who: Admin,
    rt: RuntimeDep,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[AuditOut]:
    """Newest entries first."""
    with rt.read() as session:
        rows = service.audit_page(session, who, before, limit)
    return [AuditOut.model_validate(row) for row in rows]
