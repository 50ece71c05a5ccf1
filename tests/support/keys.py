"""Something there for every path parameter, so that requests get past the first look-up."""

from __future__ import annotations

import uuid

from app.figures.releases import service as releases
from app.platform.kernel.actor import Actor, Role
from tests.app.trends.conftest import Figures
from tests.support.road import ok
from tests.support.writes import (
    WRITES,
    Stage,
    alert,
    alert_after,
    history_import,
    history_upload,
    project,
    sample_task,
    tablet_of,
    told,
    urgent,
)


def _release(stage: Stage) -> str:
    """A release to look things up in."""
    world = stage.world
    figures = Figures(world, {world.agency_id: uuid.UUID(stage.road.session_id)})
    figures.add(43, month="2026-04")
    figures.strike()
    with world.runtime.db.begin(Actor(None, "operator", frozenset({Role.ADMIN}), None)) as uow:
        return str(releases.make(uow).id)


def _library_import(stage: Stage) -> str:
    sent = WRITES["POST", "/api/v1/libraries/imports/uploads"](stage)
    return str(ok(stage.client(sent.role).request("POST", sent.url, **sent.more))["id"])


def _told_outside(stage: Stage) -> str:
    alert_after(stage, ("submit", "chemist"), ("agree", "clinician"), ("approve", "session_lead"))
    return str(ok(stage.client("police").get("/api/v1/alerts/told"))[0]["id"])


def real_keys(stage: Stage) -> dict[str, str]:
    """Path parameter → key, for every parameter of a route but those that end someone's account or token."""
    sample, analysis, upload = stage.read_file()
    told_sample, adjustment = told(stage)
    stage.client("health_worker").get(f"/consultations/samples/{told_sample}")
    project_id = project(stage, "propose", "approve")
    released = _release(stage)
    return {
        "session_id": stage.road.session_id,
        "person_id": stage.person(),
        "sample_id": sample,
        "analysis_id": analysis,
        "upload_id": upload,
        "reading_id": ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"],
        "result_id": stage.road.draft(sample, [analysis])[0],
        "incoming_id": stage.incoming()[0],
        "standard_id": stage.standard(),
        "control_id": stage.control(),
        "curve_id": stage.curve(),
        "instrument_id": stage.machine(),
        "check_id": stage.check(),
        "task_id": stage.task(),
        "sample_task_id": sample_task(stage)["id"],
        "tablet_id": tablet_of(stage),
        "alert_id": alert(stage)["id"],
        "urgent_id": urgent(stage)["id"],
        "adjustment_id": adjustment,
        "shown_id": ok(stage.client("health_worker").get(f"/api/v1/samples/{told_sample}/shown"))[0]["id"],
        "version_id": stage.pack()["id"],
        "message_id": "M-HEAT",
        "project_id": project_id,
        "drawing_id": ok(stage.client("researcher").post(f"/api/v1/projects/{project_id}/extracts"))["id"],
        "history_upload_id": history_upload(stage),
        "history_import_id": history_import(stage),
        "import_id": _library_import(stage),
        "public_id": _told_outside(stage),
        "release_id": released,
        "key": "starter-mass",
        "number": "0",
        "joined_name": "staff.css",
    }
