"""Pages of the bench for reading: the worklist, one sample, and the parts of it that change live."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from app.laboratory.incoming import service as incoming
from app.laboratory.instrument_checks import service as instrument_checks
from app.platform.kernel.actor import Actor, Role
from app.platform.security.policy import allow
from app.results.domain import State
from app.results.worklist import worklist
from app.runtime import Runtime, RuntimeDep
from app.screens.bench import view

router = APIRouter(include_in_schema=False)

Staff = Annotated[Actor, allow(Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)]
Peak = Annotated[int | None, Query(ge=0, le=100_000)]
Compare = Annotated[int, Query(ge=0, le=200)]


@router.get("/bench")
def bench_page(request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """What is to be done: the samples of the open sessions."""
    return _list(request, who, rt, "bench/worklist.html")


@router.get("/bench/worklist")
def worklist_part(request: Request, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """The live part of the same."""
    return _list(request, who, rt, "bench/_worklist_table.html")


def _list(request: Request, who: Actor, rt: Runtime, template: str) -> HTMLResponse:
    with rt.read() as session:
        work = worklist(session, who, rt.now(), rt.pack.substances)
        files = incoming.counts(session, who)[incoming.IncomingState.WAITING]
        tasks = instrument_checks.open_tasks(session, who)
    return rt.templates.page(
        request, template, work=work, files=files, State=State, now=rt.now(), instrument_tasks=tasks
    )


@router.get("/bench/samples/{sample_id}")
def sample_page(
    request: Request,
    sample_id: uuid.UUID,
    who: Staff,
    rt: RuntimeDep,
    reading: uuid.UUID | None = None,
    peak: Peak = None,
    compare: Compare = 0,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """Spectrum and findings of one sample. No ticket anywhere."""
    return view.page(request, rt, who, sample_id, reading_id=reading, peak=peak, compare=compare, done=done)


@router.get("/bench/samples/{sample_id}/worklist")
def sample_worklist_part(request: Request, sample_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """The narrow worklist beside a sample."""
    return view.page(request, rt, who, sample_id, template="bench/_worklist.html")


@router.get("/bench/samples/{sample_id}/files")
def files_part(request: Request, sample_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """Analyses and what became of their files."""
    return view.page(request, rt, who, sample_id, template="bench/_files.html")


@router.get("/bench/samples/{sample_id}/spectrum")
def spectrum_part(
    request: Request,
    sample_id: uuid.UUID,
    who: Staff,
    rt: RuntimeDep,
    reading: uuid.UUID | None = None,
    peak: Peak = None,
    compare: Compare = 0,
) -> HTMLResponse:
    """The middle of the page: analyses, the reading, its candidates."""
    return view.page(
        request, rt, who, sample_id, template="bench/_spectrum.html", reading_id=reading, peak=peak, compare=compare
    )


@router.get("/bench/samples/{sample_id}/findings")
def findings_part(request: Request, sample_id: uuid.UUID, who: Staff, rt: RuntimeDep) -> HTMLResponse:
    """The right of the page: findings and what may be done with them."""
    return view.page(request, rt, who, sample_id, template="bench/_findings.html")
