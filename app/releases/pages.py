"""The public page and the page of partners: look-ups in the cube of the newest release, drawn as the researcher's page
draws. Neither counts a sample: what they show was protected, audited and frozen when the release was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urljoin

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup
from sqlmodel import Session

from app.alerts import told as telling
from app.alerts.domain import NO_GREEN_LIGHT, TIER_WORDS, Channel
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Invalid, NotFound
from app.platform.security.policy import allow, public
from app.platform.web.fields import Text80
from app.platform.web.problems import status_of
from app.platform.web.templates import day
from app.releases import service
from app.releases.asked import SPLIT_WORDS, WIDTH_WORDS, Asked, Split, Width
from app.runtime import Runtime, RuntimeDep
from app.trends import cube_facts, view
from app.trends.charts import pictures, svg
from app.trends.charts.groups import Names
from app.trends.csv import to_csv
from app.trends.domain import Audience, TrendTable
from app.trends.labels import names_of
from app.trends.schemas import protection_words

router = APIRouter(include_in_schema=False)

Partner = Annotated[Actor, allow(Role.PUBLIC_HEALTH, Role.POLICE)]
OF_RELEASE = {cube_facts.NOT_KNOWN: "not recorded", cube_facts.OTHERS: "all others"}
FOR_EVERYBODY = "what was published is for everybody"


def asked_of(
    found: Annotated[Text80, Query()] = "",
    width: Annotated[Width, Query()] = Width.QUARTER,
    split: Annotated[Split, Query()] = Split.NONE,
    region: Annotated[Text80, Query()] = "",
    expected: Annotated[Text80, Query()] = "",
) -> Asked:
    """The fields of the form."""
    return Asked(found, width, split, region, expected)


LookUp = Annotated[Asked, Depends(asked_of)]


@dataclass(frozen=True, slots=True)
class Face:
    """One of the two pages."""

    path: str
    template: str
    audience: Audience
    channel: Channel
    package: str


PUBLIC = Face("/figures", "releases/public.html", Audience.PUBLIC, Channel.PUBLIC, "")
PARTNERS = Face("/partner", "releases/partner.html", Audience.PARTNER, Channel.PARTNERS, "/partner")


@router.get("/figures", dependencies=[public(FOR_EVERYBODY)])
def public_page(request: Request, rt: RuntimeDep, asked: LookUp) -> HTMLResponse:
    """What was found, for anybody."""
    return _page(request, rt, PUBLIC, asked)


@router.get("/figures.csv", dependencies=[public(FOR_EVERYBODY)])
def public_csv(rt: RuntimeDep, asked: LookUp) -> Response:
    """The table on it."""
    return _csv(rt, PUBLIC, asked)


@router.get("/partner")
def partner_page(request: Request, who: Partner, rt: RuntimeDep, asked: LookUp) -> HTMLResponse:
    """What partner agencies read."""
    return _page(request, rt, PARTNERS, asked)


@router.get("/partner.csv")
def partner_csv(who: Partner, rt: RuntimeDep, asked: LookUp) -> Response:
    """The table on it."""
    return _csv(rt, PARTNERS, asked)


def _page(request: Request, rt: Runtime, face: Face, asked: Asked) -> HTMLResponse:
    names, now = _names(rt), rt.now()
    error, table, context = None, None, dict[str, Any]()
    with rt.read() as session:
        release = service.newest(session)
        warned = telling.told(session, face.channel, rt.pack.register, now)
        if release is not None:
            context = _choices(session, release, face, names)
            try:
                table = service.cube_table(session, release, face.audience, asked.by, asked.where, asked.found)
            except Invalid as refused:
                error = refused
    if table is not None and release is not None:
        context |= _told(rt, face, asked, release, table, names)
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
        tier_words=TIER_WORDS,
        no_green_light=NO_GREEN_LIGHT,
        **context,
    )


def _csv(rt: Runtime, face: Face, asked: Asked) -> Response:
    with rt.read() as session:
        release = service.newest(session)
        if release is None:
            raise NotFound("release")
        table = service.cube_table(session, release, face.audience, asked.by, asked.where, asked.found)
    name = f"mast-figures-{release.number}-{face.audience.value}.csv"
    return Response(
        to_csv(table),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _names(rt: Runtime) -> Names:
    """The words of the researcher's page, and those of the two labels only a release has."""
    known = names_of(rt.pack.substances)

    def name(kind: str, value: str) -> str:
        return OF_RELEASE.get(value) or known(kind, value)

    return name


def _choices(session: Session, release: service.Release, face: Face, names: Names) -> dict[str, Any]:
    there = service.choices(session, release, face.audience)

    def named(kind: str, values: Sequence[str]) -> list[tuple[str, str]]:
        return sorted(((v, names(kind, v)) for v in values), key=lambda one: one[1].casefold())

    return {
        "figures": [(v, f"share in which {words} was found") for v, words in named("found_class", there.found)],
        "regions": named("region", there.regions),
        "expectations": named("expected", there.expected),
        "widths": [(w.value, words) for w, words in WIDTH_WORDS.items()],
        "splits": [(s.value, words) for s, words in SPLIT_WORDS.items()],
    }


def _told(
    rt: Runtime, face: Face, asked: Asked, release: service.Release, table: TrendTable, names: Names
) -> dict[str, Any]:
    pictured, title = pictures(table, names), view.title(table, names)
    shown = view.shown(table, names)
    parts = (view.split_words(table), view.filter_words(table, names))
    address = urljoin(rt.settings.public_url.rstrip("/") + "/", asked.address(face.path).removeprefix("/"))
    return {
        "title": title,
        "subtitle": " · ".join(part for part in parts if part),
        "definition": view.in_words(table, names, "definition"),
        "formula": view.in_words(table, names, "formula"),
        "charts": pictured,
        "svgs": [
            Markup(svg.inline(c.scene, label=f"{c.title}. {c.summary}", pattern=f"hatch-{k}"))  # noqa: S704 - svg escapes
            for k, c in enumerate(pictured.charts)
        ],
        "shown": shown,
        "protection": protection_words(table),
        "link": asked.address(face.path),
        "csv_url": asked.address(f"{face.path}.csv"),
        "package_url": f"/api/v1/releases/{release.id}/package{'' if face is PUBLIC else '/partner'}",
        "about_release": [
            ("Release", release.number),
            ("Made", day(release.made_at)),
            ("Samples handed in", f"{release.first_month} to {release.last_month}"),
            ("Note", release.note),
        ],
        "citation": release.citation,
        "address": address,
    }
