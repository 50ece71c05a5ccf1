"""JSON routes of releases. What is public is for anybody; partners read the same figures under their own address."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.figures.releases import covers, service
from app.figures.releases.tables import ReleaseOut
from app.figures.trends.domain import Audience, Dimension
from app.figures.trends.schemas import TrendOut
from app.figures.trends.web import filters
from app.platform.kernel.actor import SYSTEM, Actor, Role
from app.platform.kernel.errors import Forbidden, Unauthenticated
from app.platform.security.policy import allow, current_actor, public
from app.platform.web.fields import Text80
from app.runtime import Runtime, RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["releases"])

PARTNERS = (Role.PUBLIC_HEALTH, Role.POLICE)
Partner = Annotated[Actor, allow(*PARTNERS)]
WithParquet = Annotated[bool, Query(description="Each table as Parquet too, where this server can write it")]
ANYBODY = public("what was released to the public is for anybody; the partners' cube asks for their role")


class CubeTableOut(TrendOut):
    """A table of a release."""

    release: str
    audience: str
    citation: str


@router.get("/releases", dependencies=[ANYBODY])
def list_releases(rt: RuntimeDep) -> list[ReleaseOut]:
    """All releases, the newest first."""
    with rt.read() as session:
        return [ReleaseOut.model_validate(row) for row in service.releases(session)]


@router.get("/releases/{release_id}", dependencies=[ANYBODY])
def read_release(release_id: uuid.UUID, rt: RuntimeDep) -> service.ReleaseWithChoices:
    """One release: its months, definitions, protection, digest, and what a look-up may name."""
    with rt.read() as session:
        row = service.release(session, release_id)
        there = service.choices(session, row)
    return service.ReleaseWithChoices(**ReleaseOut.model_validate(row).model_dump(), **there.model_dump())


@router.get("/releases/{release_id}/cube", dependencies=[ANYBODY])
def read_cube(
    release_id: uuid.UUID,
    request: Request,
    rt: RuntimeDep,
    audience: Annotated[Audience, Query(description="public, or partner with the role for it")] = Audience.PUBLIC,
    by: Annotated[
        list[Dimension] | None, Query(description="month, quarter or year; region; expected", max_length=4)
    ] = None,
    where: Annotated[list[Text80] | None, Query(description="dimension=value", max_length=8)] = None,
    found: Annotated[
        Text80, Query(description="A class of the release, or expected_found; without it, how many samples")
    ] = "",
) -> CubeTableOut:
    """A table of the release: how many samples, or the share in which a class, or what was expected, was found."""
    _check(request, audience)
    with rt.read() as session:
        row = service.release(session, release_id)
        split, chosen = tuple(by or ()), filters(where or (), empty=True)
        table = service.cube_table(session, row, audience, split, chosen, found, rt.pack.substances, rt.now())
    told = TrendOut.of(table).model_dump()
    return CubeTableOut(**told, release=row.number, audience=audience.value, citation=row.citation)


def _check(request: Request, audience: Audience) -> None:
    actor = current_actor(request)
    partner = actor is not None and actor.has(*PARTNERS)
    if audience is Audience.PUBLIC or (audience is Audience.PARTNER and partner):
        return
    if actor is None:
        raise Unauthenticated(
            "The partners' cube is for partners who have signed in.", hint="Sign in, or read the public one."
        )
    raise Forbidden("The partners' cube is for public health and the police.", hint="Read the public one.")


@router.get(
    "/releases/{release_id}/package",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The package"}},
    dependencies=[public("what was published is for everybody")],
)
def public_package(release_id: uuid.UUID, rt: RuntimeDep, request: Request, parquet: WithParquet = False) -> Response:
    """The public figures of a release: CSV per table, data dictionary, citation, hashes."""
    return _zip(rt, request, release_id, Audience.PUBLIC, parquet=parquet)


@router.get(
    "/releases/{release_id}/package/partner",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The package"}},
)
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
        licensed = covers.Licensed(rt.settings.release_licence, rt.settings.release_publisher, rt.settings.name)
        with rt.begin(SYSTEM, request) as uow:
            covers.write_cover(uow, row, licensed)
    with rt.read() as session:
        made = covers.packed(session, row, audience, parquet=parquet)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, media_type="application/zip", headers=headers)
