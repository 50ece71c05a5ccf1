"""The ticket and the labels: the one page a code is ever on, the bag's label again for who asks (audited), and a test label."""

from __future__ import annotations

import base64
import uuid
from typing import TypedDict

import segno
from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.intake.samples import lookup, service, substances
from app.intake.samples.schemas import TicketOut
from app.intake.samples.tickets import grouped
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import LICENCE_MEANING
from app.platform.kernel.actor import Role
from app.platform.kernel.sample_numbers import sample_number
from app.platform.web.templates import clock_time, day
from app.screens.reception import forms, zpl
from app.screens.visits import Staff, Visit

router = APIRouter(include_in_schema=False)

SIZES = [
    ("62x29", "62 × 29 mm"), ("40x30", "40 × 30 mm"), ("57x32", "57 × 32 mm"), ("89x36", "89 × 36 mm"),
    ("a4", "A4, 3 × 8 labels"),
]  # fmt: skip
"""Presets; each device remembers its own."""


class BagLabel(TypedDict):
    """What stands on a bag: no ticket and no name. The code opens the sample's page, for staff who are signed in."""

    qr: Markup
    number: str
    looks: str
    place: str
    at: str
    zpl: str


def bag_label(visit: Visit, row: service.Sample, place: str) -> BagLabel:
    """The label of a sample."""
    address = f"{visit.rt.settings.public_url.rstrip('/')}/samples/{row.id}"
    colours = ", ".join(forms.label(one).lower() for one in row.colours)
    looks = " · ".join(filter(None, (forms.label(row.form), colours)))
    return _label(
        address, sample_number(row.number), looks, place, f"{day(row.received_at)} {clock_time(row.received_at)}"
    )


def _label(address: str, number: str, looks: str, place: str, at: str) -> BagLabel:
    return {
        "qr": qr_svg(address, "QR code of this sample, for staff"), "number": number, "looks": looks, "place": place,
        "at": at, "zpl": as_download(zpl.label([number], [looks, at, place], address)),
    }  # fmt: skip


def as_download(text: str) -> str:
    """An address that holds the file itself: nothing is asked of the server again."""
    return f"data:application/octet-stream;base64,{base64.b64encode(text.encode()).decode()}"


def ticket_page(visit: Visit, sample_id: uuid.UUID, code: str, *, again: bool) -> HTMLResponse:
    """The one page a code is ever on."""
    with visit.rt.read() as session:
        row = lookup.get_sample(session, visit.who, sample_id)
        checking = sessions.get_session(session, visit.who, row.session_id)
        place = sessions.site_of(session, checking)
        expected = lookup.expected_of(session, sample_id)
    individual = checking.licence_mode.individual_results
    assert row.ticket_expires_at is not None
    ticket = TicketOut.of(code, row.ticket_expires_at, visit.rt.settings.public_url, individual)
    where = f"{checking.name}, {place.name}"
    return visit.page(
        "reception/ticket.html",
        sample=row,
        checking=checking,
        ticket=ticket,
        where=where,
        qr=qr_svg(ticket.url, "QR code of this ticket") if ticket.url else None,
        ticket_zpl=as_download(zpl.label(grouped(code).split("-"), [where], ticket.url)) if ticket.url else "",
        bag=bag_label(visit, row, where),
        sizes=SIZES,
        individual=individual,
        licence_meaning=LICENCE_MEANING[checking.licence_mode],
        expected=substances.labels(visit.rt.pack.register, expected),
        again=again,
    )


@router.post("/samples/{sample_id}/label")
def print_again(sample_id: uuid.UUID, visit: Staff) -> HTMLResponse:
    """The label of the bag once more; who asked for it is kept. The ticket's code is kept nowhere."""
    with visit.begin() as uow:
        row = lookup.get_sample(uow.session, visit.who, sample_id)
        service.note_label(uow, row)
        checking = sessions.get_session(uow.session, visit.who, row.session_id)
        place = sessions.site_of(uow.session, checking)
        label = bag_label(visit, row, f"{checking.name}, {place.name}")
    return visit.page("reception/label.html", bag=label, sizes=SIZES, back=f"/samples/{sample_id}")


@router.get("/labels/test")
def test_label(visit: Staff) -> HTMLResponse:
    """A label of no sample, to set a printer up with."""
    now = visit.rt.now()
    address = f"{visit.rt.settings.public_url.rstrip('/')}/"
    label = _label(
        address, "000", "Test label", "A place with a long name, so that it wraps", f"{day(now)} {clock_time(now)}"
    )
    return visit.page(
        "reception/label.html", bag=label, sizes=SIZES, back="/reception" if _registers(visit) else "/bench"
    )


def _registers(visit: Visit) -> bool:
    return visit.who.has(Role.RECEPTION, Role.SESSION_LEAD, Role.HEALTH_WORKER)


def qr_svg(content: str, title: str) -> Markup:
    """The QR code as inline SVG, black on white in every theme."""
    return Markup(  # noqa: S704 - segno writes it, from our own address and code
        segno.make(content, error="m", micro=False).svg_inline(
            border=2, omitsize=True, light="#fff", dark="#000", title=title, svgclass="qr"
        )
    )
