"""JSON routes of releases. What is public is for anybody; partners read the same figures under their own address."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request

from app.figures.releases import schemas, service
from app.figures.releases.service import Audience
from app.figures.trends.domain import Dimension
from app.figures.trends.schemas import TrendOut
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Forbidden, Invalid, Unauthenticated
from app.platform.security.policy import current_actor, public
from app.platform.web.fields import Text80
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["releases"])

PARTNERS = (Role.PUBLIC_HEALTH, Role.POLICE)
ANYBODY = public("what was released to the public is for anybody; the partners' cube asks for their role")


class CubeTableOut(TrendOut):
    """A table of a release."""

    release: str
    audience: str
    citation: str


@router.get("/releases", dependencies=[ANYBODY])
def list_releases(rt: RuntimeDep) -> list[schemas.ReleaseOut]:
    """All releases, the newest first."""
    with rt.read() as session:
        return [schemas.ReleaseOut.of(row) for row in service.releases(session)]


@router.get("/releases/{release_id}", dependencies=[ANYBODY])
def read_release(release_id: uuid.UUID, rt: RuntimeDep) -> schemas.ReleaseWithChoices:
    """One release: its months, definitions, protection, digest, and what a look-up may name."""
    with rt.read() as session:
        row = service.release(session, release_id)
        there = service.choices(session, row)
    return schemas.ReleaseWithChoices.chosen(row, there)


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
        split, chosen = tuple(by or ()), _filters(where or ())
        table = service.cube_table(session, row, audience, split, chosen, found, rt.pack.substances, rt.now())
    told = TrendOut.of(table).model_dump()
    return CubeTableOut(**told, release=row.number, audience=audience.value, citation=row.citation)


def _filters(clauses: list[str] | tuple[()]) -> dict[Dimension, str]:
    names = {d.value for d in Dimension}
    filters: dict[Dimension, str] = {}
    for clause in clauses:
        name, sign, value = clause.partition("=")
        if not clause:
            continue
        if not sign or name not in names:
            raise Invalid(f"“{clause}” is not a filter like region=North East.", fields={"where": "not a filter"})
        if filters.setdefault(Dimension(name), value) != value:
            raise Invalid(f"There are two filters for {name}: one is enough.", fields={"where": "given twice"})
    return filters


def _audiences(request: Request) -> list[Audience]:
    actor = current_actor(request)
    partner = actor is not None and actor.has(*PARTNERS)
    return [Audience.PUBLIC, *([Audience.PARTNER] if partner else [])]


def _check(request: Request, audience: Audience) -> None:
    if audience in _audiences(request):
        return
    if current_actor(request) is None:
        raise Unauthenticated(
            "The partners' cube is for partners who have signed in.", hint="Sign in, or read the public one."
        )
    raise Forbidden("The partners' cube is for public health and the police.", hint="Read the public one.")
