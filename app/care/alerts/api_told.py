"""JSON of what was told: to partner agencies, and to everybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from app.care.alerts import told
from app.care.alerts.domain import PARTNERS, Channel
from app.platform.kernel.actor import Actor
from app.platform.security.policy import allow, public
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1", tags=["alerts"])

Partner = Annotated[Actor, allow(*sorted(PARTNERS))]


@router.get("/alerts/told")
def alerts_told(who: Partner, rt: RuntimeDep) -> list[told.Told]:
    """What partner agencies are told: alerts from T2 on that are in force, and retractions."""
    with rt.read() as session:
        return told.told(session, Channel.PARTNERS, rt.pack.register, rt.now())


@router.get("/alerts/public", dependencies=[public("public alerts are for everybody")])
def alerts_public(rt: RuntimeDep) -> list[told.Told]:
    """What everybody is told: public alerts (T3) that are in force, and retractions."""
    with rt.read() as session:
        return told.told(session, Channel.PUBLIC, rt.pack.register, rt.now())
