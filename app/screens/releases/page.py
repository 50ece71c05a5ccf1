"""The public page and the page of partners: look-ups in the newest release, drawn as the researcher's page draws. Neither
counts a sample: what they show was drawn once and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypedDict

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session

from app.care.alerts import published_alerts
from app.care.alerts.domain import NO_GREEN_LIGHT, Channel
from app.figures.releases import service
from app.figures.releases.service import SPLIT_WORDS, WIDTH_WORDS, LookUp, Split, Width
from app.figures.trends.charts import pictures
from app.figures.trends.charts.groups import Names
from app.figures.trends.csv import to_csv
from app.figures.trends.domain import Audience, TrendTable
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Forbidden, Invalid, NotFound
from app.platform.security.policy import allow, public
from app.platform.web import bodies
from app.platform.web.fields import Text80
from app.platform.web.problems import status_of
from app.platform.web.templates import day
from app.runtime import Runtime, RuntimeDep
from app.screens.trends import view
from app.screens.trends.page import cited

router = APIRouter(include_in_schema=False)

Partner = Annotated[Actor, allow(Role.PUBLIC_HEALTH, Role.POLICE)]
FOR_EVERYBODY = "what was published is for everybody"


def asked_of(
    found: Annotated[Text80, Query()] = "",
    width: Annotated[Width, Query()] = Width.MONTH,
    split: Annotated[Split, Query()] = Split.NONE,
    region: Annotated[Text80, Query()] = "",
    expected: Annotated[Text80, Query()] = "",
) -> LookUp:
    """The fields of the form."""
    return LookUp(found, width, split, region, expected)


AskedLookUp = Annotated[LookUp, Depends(asked_of)]


@dataclass(frozen=True, slots=True)
class Face:
    """One of the two pages."""

    path: str
    template: str
    audience: Audience
    channel: Channel


PUBLIC = Face("/figures", "releases/public.html", Audience.PUBLIC, Channel.PUBLIC)
PARTNERS = Face("/partner", "releases/partner.html", Audience.PARTNER, Channel.PARTNERS)


@router.get("/figures", dependencies=[public(FOR_EVERYBODY)])
def public_page(request: Request, rt: RuntimeDep, asked: AskedLookUp) -> HTMLResponse:
    """What was found, for anybody."""
    return _page(request, rt, PUBLIC, asked)


@router.get("/figures.csv", dependencies=[public(FOR_EVERYBODY)])
def public_csv(rt: RuntimeDep, asked: AskedLookUp) -> Response:
    """The table on it."""
    return _csv(rt, PUBLIC, asked)


@router.get("/partner")
def partner_page(request: Request, who: Partner, rt: RuntimeDep, asked: AskedLookUp) -> HTMLResponse:
    """What partner agencies read."""
    return _page(request, rt, PARTNERS, asked)


@router.get("/partner.csv")
def partner_csv(who: Partner, rt: RuntimeDep, asked: AskedLookUp) -> Response:
    """The table on it."""
    return _csv(rt, PARTNERS, asked)


def _page(request: Request, rt: Runtime, face: Face, asked: LookUp) -> HTMLResponse:
    names, now = view.names_of(rt.pack.substances), rt.now()
    error, table, choices = None, None, Choices()
    with rt.read() as session:
        release = service.newest(session)
        warned = published_alerts.published(session, face.channel, rt.pack.register, now)
        if release is not None:
            choices = _choices(session, release, names)
            try:
                table = _table(rt, session, release, face, asked)
            except (Invalid, Forbidden) as refused:
                error = refused
    published = _told(rt, request, face, asked, release, table, names) if table and release else {}
    return rt.templates.page(
        request,
        face.template,
        status=status_of(error),
        release=release,
        here=face.path,
        asked=asked,
        error=error,
        table=table,
        warned=warned,
        no_green_light=NO_GREEN_LIGHT,
        **choices,
        **published,
    )


def _csv(rt: Runtime, face: Face, asked: LookUp) -> Response:
    with rt.read() as session:
        release = service.newest(session)
        if release is None:
            raise NotFound("release")
        table = _table(rt, session, release, face, asked)
    stamp = {"release": release.number, "citation": release.citation, "licence": rt.settings.release_licence}
    return bodies.download(to_csv(table, stamp), f"mast-figures-{release.number}-{face.audience.value}.csv")


def _table(rt: Runtime, session: Session, release: service.Release, face: Face, asked: LookUp) -> TrendTable:
    return service.cube_table(
        session, release, face.audience, asked.by, asked.where, asked.found, rt.pack.substances, rt.now()
    )


Pairs = list[tuple[str, str]]


class Choices(TypedDict, total=False):
    """What may be asked of a release; nothing where there is none yet."""

    figures: Pairs
    regions: Pairs
    expectations: Pairs
    widths: Pairs
    splits: Pairs


class Published(view.Figure, total=False):
    """The figure that was asked for."""

    package_url: str
    about_release: Pairs


def _choices(session: Session, release: service.Release, names: Names) -> Choices:
    there = service.choices(session, release)

    def named(kind: str, values: Sequence[str]) -> Pairs:
        return sorted(((v, names(kind, v)) for v in values), key=lambda one: one[1].casefold())

    return {
        "figures": [
            (service.EXPECTED_FOUND, "share in which what was expected was found"),
            *((v, f"share in which {words} was found") for v, words in named("found_class", there.found)),
        ],
        "regions": named("region", there.regions),
        "expectations": named("expected", there.expected),
        "widths": [(w.value, words) for w, words in WIDTH_WORDS.items()],
        "splits": [(s.value, words) for s, words in SPLIT_WORDS.items()],
    }


def _told(
    rt: Runtime, request: Request, face: Face, asked: LookUp, release: service.Release, table: TrendTable, names: Names
) -> Published:
    address = asked.address(face.path)
    return {
        **view.figure_of(table, names, pictures(table, names)),
        "link": address,
        "csv_url": asked.address(f"{face.path}.csv"),
        "package_url": f"/api/v1/releases/{release.id}/package{'' if face is PUBLIC else '/partner'}",
        "about_release": [
            ("Release", release.number),
            ("Made", day(release.made_at)),
            ("Samples handed in", f"{release.first_month} to {release.last_month}"),
            ("Note", release.note),
        ],
        "citation": cited(rt, request, table, names, address, release=release.number),
    }
