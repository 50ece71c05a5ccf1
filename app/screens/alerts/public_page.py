"""Public alerts without a sign-in: the page, one alert, and the Atom feed (RFC 4287). A retraction stands where the
alert stood, with the same weight."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any
from xml.etree import ElementTree as Xml

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from app.care.alerts import told as telling
from app.care.alerts.domain import NO_GREEN_LIGHT, PARTNERS, Channel
from app.care.alerts.told import Told
from app.platform.kernel.actor import Actor
from app.platform.security.policy import allow, public
from app.platform.web.templates import day, words
from app.runtime import Runtime, RuntimeDep
from app.screens.alerts.view import words_of

router = APIRouter(include_in_schema=False)

ATOM = "http://www.w3.org/2005/Atom"
FOR_EVERYBODY = "public alerts are for everybody"
Partner = Annotated[Actor, allow(*sorted(PARTNERS))]


@router.get("/alerts/public", dependencies=[public(FOR_EVERYBODY)])
def public_page(request: Request, rt: RuntimeDep) -> HTMLResponse:
    """What everybody is warned of now."""
    return told_page(request, rt, Channel.PUBLIC)


def told_page(request: Request, rt: Runtime, channel: Channel) -> HTMLResponse:
    """What is told on a channel now."""
    now = rt.now()
    with rt.read() as session:
        rows = telling.told(session, channel, rt.pack.register, now)
    is_public = channel is Channel.PUBLIC
    return rt.templates.page(request, "alerts/told.html", rows=rows, now=now, public=is_public, **words_of(rt))


@router.get("/alerts/public/{public_id}", dependencies=[public(FOR_EVERYBODY)])
def public_alert(request: Request, public_id: uuid.UUID, rt: RuntimeDep) -> HTMLResponse:
    """One public alert; after its end it says that it is over."""
    return _one(request, rt, Channel.PUBLIC, public_id)


@router.get("/alerts/told/{public_id}")
def told_alert(request: Request, public_id: uuid.UUID, who: Partner, rt: RuntimeDep) -> HTMLResponse:
    """One alert as partner agencies read it."""
    return _one(request, rt, Channel.PARTNERS, public_id)


def _one(request: Request, rt: Runtime, channel: Channel, public_id: uuid.UUID) -> HTMLResponse:
    now = rt.now()
    with rt.read() as session:
        one = telling.told_one(session, channel, rt.pack.register, public_id, now)
    return rt.templates.page(
        request, "alerts/told_one.html", v=one, now=now, public=channel is Channel.PUBLIC, **words_of(rt)
    )


@router.get("/alerts/feed.atom", dependencies=[public(FOR_EVERYBODY)])
def feed(request: Request, rt: RuntimeDep) -> Response:
    """The public alerts for feed readers: an entry per alert, changed when it is retracted."""
    now = rt.now()
    with rt.read() as session:
        rows = telling.told(session, Channel.PUBLIC, rt.pack.register, now)
    base = str(request.base_url).rstrip("/")
    return Response(atom(rows, base, rt.settings.name, now), media_type="application/atom+xml")


def atom(rows: list[Told], base: str, service: str, now: datetime) -> bytes:
    """The feed as bytes."""
    Xml.register_namespace("", ATOM)
    root = Xml.Element(f"{{{ATOM}}}feed")
    _text(root, "id", f"{base}/alerts/feed.atom")
    _text(root, "title", f"Alerts of {service}")
    _text(root, "subtitle", NO_GREEN_LIGHT)
    _text(root, "updated", max(map(_changed, rows), default=f"{now:%Y-%m-%d}T00:00:00Z"))
    _link(root, "self", f"{base}/alerts/feed.atom")
    _link(root, "alternate", f"{base}/alerts/public")
    for one in rows:
        entry = Xml.SubElement(root, f"{{{ATOM}}}entry")
        _text(entry, "id", f"urn:uuid:{one.id}")
        _text(entry, "title", one.title)
        _text(entry, "published", f"{one.from_at}T00:00:00Z")
        _text(entry, "updated", _changed(one))
        _text(Xml.SubElement(entry, f"{{{ATOM}}}author"), "name", one.service)
        _link(entry, "alternate", f"{base}/alerts/public/{one.id}")
        _text(entry, "content", _content(one)).set("type", "text")
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _content(one: Told) -> str:
    looks = " · ".join([*map(words, one.forms), *map(words, one.colours), *one.logos])
    said = [f"Retracted: {one.reason}", f"It said: {one.words}"] if one.retracted_at else [one.words]
    said += [*([f"Looks like: {looks}"] if looks else []), f"Until {day(one.until)}.", NO_GREEN_LIGHT]
    return "\n".join(said)


def _text(parent: Any, name: str, text: str) -> Any:
    child = Xml.SubElement(parent, f"{{{ATOM}}}{name}")
    child.text = text
    return child


def _link(parent: Any, rel: str, href: str) -> None:
    Xml.SubElement(parent, f"{{{ATOM}}}link", {"rel": rel, "href": href})


def _changed(one: Told) -> str:
    """The day, as a moment: the feed's format knows no days. One second in where it was retracted, also on its first day: a
    reader shows an entry again only when this moved."""
    return f"{one.changed_at}T00:00:0{1 if one.retracted_at else 0}Z"
