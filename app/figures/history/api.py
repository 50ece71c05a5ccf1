"""Imports of history over HTTP: what was taken in, from where, under which licence. Reading only."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from app.figures.history import service
from app.figures.history.tables import HistoryImportOut
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.runtime import RuntimeDep

router = APIRouter(prefix="/api/v1/history", tags=["trends"])

Reader = Annotated[Actor, allow(Role.ADMIN, Role.RESEARCHER)]


@router.get("/imports")
def list_imports(who: Reader, rt: RuntimeDep) -> list[HistoryImportOut]:
    """Every import of the caller's agency, the newest first, those that were taken back too."""
    with rt.read() as session:
        return [HistoryImportOut.of(row, exact=who.has(Role.ADMIN)) for row in service.imports(session, who)]
