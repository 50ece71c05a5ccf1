"""The page of administrators about devices: browsers and tokens that are signed in, tablets that hold tickets, wall screens."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.intake.people import accounts, signin
from app.intake.samples import leases
from app.intake.sessions import wall
from app.platform.kernel.actor import ROLE_WORDS
from app.screens.visits import Admin, Done

router = APIRouter(include_in_schema=False)

DONE = {"end": "Signed out.", "void": "Tickets cancelled.", "wall": "The wall screen has ended."}


@router.get("/devices")
def devices_page(visit: Admin, done: Done = "") -> HTMLResponse:
    """What is signed in or lent out in this agency; each with the button that ends it."""
    rt, who = visit.rt, visit.who
    with rt.read() as session:
        people = accounts.signed_in_of_agency(session, who, rt.now(), rt.session_policy.idle)
        tablets = leases.sessions_with_tablets(session, who)
        walls = wall.open_walls(session, who)
    return visit.page(
        "people/devices.html",
        people=people,
        tablets=tablets,
        walls=walls,
        here=signin.live_key(visit.request),
        role_words=ROLE_WORDS,
        said=DONE.get(done, ""),
    )
