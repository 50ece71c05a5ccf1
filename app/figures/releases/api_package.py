"""A release as one file: the public cube for anybody, the partners' cube for partners."""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.figures.releases import covers, service
from app.figures.trends.domain import Audience
from app.platform.kernel.actor import SYSTEM, Actor, Role
from app.platform.security.policy import allow, public
from app.runtime import Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["releases"])

Partner = Annotated[Actor, allow(Role.PUBLIC_HEALTH, Role.POLICE)]
WithParquet = Annotated[bool, Query(description="Each table as Parquet too, where this server can write it")]
_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "The package"}}


@router.get(
    "/releases/{release_id}/package",
    response_class=Response,
    responses=_ZIP,
    dependencies=[public("what was published is for everybody")],
)
def public_package(release_id: uuid.UUID, rt: RuntimeDep, request: Request, parquet: WithParquet = False) -> Response:
    """The public figures of a release: CSV per table, data dictionary, citation, hashes."""
    return _zip(rt, request, release_id, Audience.PUBLIC, parquet=parquet)


@router.get("/releases/{release_id}/package/partner", response_class=Response, responses=_ZIP)
def partner_package(
    release_id: uuid.UUID, who: Partner, rt: RuntimeDep, request: Request, parquet: WithParquet = False
) -> Response:
    """The figures of a release for partners."""
    return _zip(rt, request, release_id, Audience.PARTNER, parquet=parquet)


def _zip(rt: Runtime, request: Request, release_id: uuid.UUID, audience: Audience, *, parquet: bool) -> Response:
    with rt.read() as session:
        row = service.release(session, release_id)
        missing = covers.cover_of(session, row) is None
    if missing:
        with rt.begin(SYSTEM, request) as uow:
            covers.write_cover(uow, row, licensed(rt))
    with rt.read() as session:
        made = covers.packed(session, row, audience, parquet=parquet)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, media_type="application/zip", headers=headers)


def licensed(rt: Runtime) -> covers.Licensed:
    """What the settings of this server say."""
    settings = rt.settings
    return covers.Licensed(settings.release_licence, settings.release_publisher, settings.name)
