"""create_app(settings): wiring only. Nothing imports this but the server and the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

import app.care.alerts.api
import app.care.alerts.api_told
import app.care.alerts.pages
import app.care.alerts.pages_one
import app.care.alerts.pages_public
import app.care.consultations.api
import app.care.consultations.api_log
import app.care.consultations.pages
import app.care.consultations.pages_log
import app.care.consultations.pages_paper
import app.care.consultations.pages_urgent
import app.care.message_packs.api
import app.care.message_packs.pages
import app.care.message_packs.pages_post
import app.figures.exports.api
import app.figures.exports.pages
import app.figures.history.api
import app.figures.history.pages
import app.figures.releases.api
import app.figures.releases.api_package
import app.figures.releases.pages
import app.figures.session_report.pages
import app.figures.trends.api
import app.figures.trends.pages
import app.intake.people.api
import app.intake.people.pages
import app.intake.samples.api
import app.intake.samples.api_substances
import app.intake.samples.overview_pages
import app.intake.samples.pages
import app.intake.sessions.api
import app.intake.sessions.pages
import app.intake.tasks.api
import app.intake.tasks.pages
import app.laboratory.incoming.api
import app.laboratory.incoming.pages
import app.laboratory.instrument_checks.api
import app.laboratory.instrument_checks.api_learning
import app.laboratory.instrument_checks.board_pages
import app.laboratory.instrument_checks.pages
import app.laboratory.instrument_checks.pages_learning
import app.laboratory.library.api
import app.laboratory.library.pages
import app.laboratory.quantification.api
import app.laboratory.readings.api
import app.laboratory.standards.api
import app.laboratory.standards.pages
import app.laboratory.subtraction.api
import app.laboratory.subtraction.pages
import app.reactions
import app.results.api
import app.results.pages
import app.results.pages_files
import app.results.pages_named
import app.results.pages_post
import app.system.api
import app.system.pages
from app.care.alerts import detecting_job
from app.care.alerts.pages import banner_of
from app.care.message_packs.checking import Checks
from app.care.message_packs.provider import Packs
from app.figures.exports import extract_job
from app.figures.history import upload_job as history_job
from app.figures.releases import release_job
from app.figures.trends.protection.noise import Draws
from app.intake.people import signin
from app.intake.people.service import SessionPolicy
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.incoming import reading_job as incoming_job
from app.laboratory.instrument_checks import recompare as recompare_instrument
from app.laboratory.instrument_checks.service import InstrumentStates
from app.laboratory.library import import_job as library_job
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings import arrays, reading_job
from app.laboratory.readings.reading_job import LazySandbox
from app.laboratory.standards import recompare
from app.laboratory.standards.service import BatchControls, InHouseLibrary
from app.navigation import nav_for
from app.nudge import form_again, names_of_forms, nudge
from app.operations.retention import Housekeeper
from app.platform.db import Database
from app.platform.jobs import JobRunner
from app.platform.kernel.clock import Clock, system_clock
from app.platform.live.hub import EventHub
from app.platform.security.policy import SERVICE_STAFF, check_policies, current_actor
from app.platform.security.throttle import Throttle
from app.platform.storage import BlobStore
from app.platform.web import forms, problems
from app.platform.web.middleware import BodyLimit, CrossSiteGuard, LastResort, LiveFrom, SecurityHeaders, live_from
from app.platform.web.templates import Templates
from app.runtime import Runtime
from app.settings import Settings
from harm_messages import load_pack
from instruments import DEFAULT_LIMITS, Limits

HERE = Path(__file__).parent

ROUTERS = (
    app.care.alerts.api_told.router,  # fixed addresses before those with a key in them
    app.care.alerts.api.router,
    app.care.alerts.pages.router,
    app.care.alerts.pages_public.router,
    app.care.alerts.pages_one.router,
    app.care.consultations.api.router,
    app.care.consultations.api_log.router,
    app.care.consultations.pages.router,
    app.care.consultations.pages_log.router,
    app.care.consultations.pages_urgent.router,
    app.care.consultations.pages_paper.router,
    app.figures.exports.api.router,
    app.figures.exports.pages.router,
    app.figures.history.api.router,
    app.figures.history.pages.router,
    app.laboratory.incoming.api.router,
    app.laboratory.incoming.pages.router,
    app.laboratory.instrument_checks.api.router,
    app.laboratory.instrument_checks.api_learning.router,
    app.laboratory.instrument_checks.pages.router,
    app.laboratory.instrument_checks.pages_learning.router,
    app.laboratory.library.api.router,
    app.laboratory.library.pages.router,
    app.care.message_packs.api.router,
    app.care.message_packs.pages.router,
    app.care.message_packs.pages_post.router,
    app.intake.people.api.router,
    app.intake.people.pages.router,
    app.laboratory.quantification.api.router,
    app.laboratory.readings.api.router,
    app.figures.releases.api.router,
    app.figures.releases.api_package.router,
    app.figures.releases.pages.router,
    app.figures.session_report.pages.router,
    app.intake.sessions.api.router,
    app.intake.sessions.pages.router,
    app.intake.samples.api.router,
    app.intake.samples.api_substances.router,
    app.intake.samples.pages.router,
    app.laboratory.instrument_checks.board_pages.router,
    app.intake.samples.overview_pages.router,
    app.results.api.router,
    app.results.pages.router,
    app.results.pages_files.router,
    app.results.pages_named.router,
    app.results.pages_post.router,
    app.laboratory.standards.api.router,
    app.laboratory.standards.pages.router,
    app.laboratory.subtraction.api.router,
    app.laboratory.subtraction.pages.router,
    app.system.api.router,
    app.system.pages.router,
    app.intake.tasks.api.router,
    app.intake.tasks.pages.router,
    app.figures.trends.api.router,
    app.figures.trends.pages.router,
)


def build_runtime(settings: Settings, clock: Clock = system_clock) -> Runtime:
    """Everything a process is made of; also used by the command line and the worker."""
    database = Database(settings.database_url, clock=clock)
    pepper = settings.pepper()
    policy = SessionPolicy(
        idle=timedelta(minutes=settings.session_idle_minutes),
        absolute=timedelta(hours=settings.session_hours),
        pepper=pepper,
    )
    sandbox = LazySandbox(reader_limits(settings), settings.parser_processes)
    blobs = BlobStore(settings.blob_dir, max_bytes=settings.upload_max_bytes)
    packs = Packs(load_pack())
    kept = arrays.array_store(blobs.root)
    registry = LibraryRegistry(settings, database, InHouseLibrary(database, kept))
    index, controls = SubstanceIndex(packs.shipped.substances), BatchControls(database, kept)
    parts = reading_job.ReadingParts(
        database, blobs, sandbox, registry, index, controls=controls, instruments=InstrumentStates(database)
    )
    return Runtime(
        settings=settings,
        db=database,
        hub=EventHub(database, poll_seconds=settings.live_poll_seconds, queue_size=settings.sse_queue),
        clock=clock,
        pepper=pepper,
        blobs=blobs,
        packs=packs,
        checks=Checks(),
        sandbox=sandbox,
        registry=registry,
        jobs=JobRunner(
            database,
            {
                **reading_job.handlers(parts),
                **incoming_job.handlers(database, blobs, sandbox),
                **recompare.handlers(database),
                **library_job.handlers(
                    library_job.JobParts(
                        database,
                        settings.library_dir,
                        settings.blob_dir,
                        settings.upload_max_bytes,
                        reader_limits(settings),
                    )
                ),
                **recompare_instrument.handlers(database),
                **detecting_job.handlers(database, packs.current),
                **release_job.handlers(
                    database, packs.shipped.substances, Draws.of(settings.pepper()), monthly=settings.releases_monthly
                ),
                **extract_job.handlers(extract_job.JobParts(database, packs.shipped.substances)),
                **history_job.handlers(
                    history_job.JobParts(database, settings.blob_dir, settings.upload_max_bytes, packs.shipped, clock)
                ),
            },
            clock,
            on_dead={
                **reading_job.on_failed(),
                **incoming_job.on_failed(),
                **library_job.on_failed(),
                **extract_job.on_failed(),
                **history_job.on_failed(),
            },
        ),
        templates=Templates(
            HERE / "templates", lambda request: page_context(request, settings), strict=settings.strict_pages
        ),
        session_policy=policy,
        sign_in_throttle=Throttle(5, 60, clock),
        address_throttle=Throttle(60, 60, clock),
        ticket_throttle=Throttle(10, 60, clock),
        site_ticket_throttle=Throttle(60, 60, clock),
    )


def reader_limits(settings: Settings) -> Limits:
    """The limits of the process that reads uploads."""
    return replace(DEFAULT_LIMITS, wall_seconds=settings.parse_wall_seconds)


def page_context(request: Request, settings: Settings) -> dict[str, Any]:
    """What every page may use."""
    actor = current_actor(request)
    hears = actor is not None and actor.agency_id is not None and actor.has(*SERVICE_STAFF)
    return {
        "actor": actor,
        "nav": nav_for(actor, request.url.path),
        "settings_name": settings.name if settings.name != "MAST" else "",
        "demo": settings.demo,
        "ticket_events": live_from(request, "/api/v1/tickets/events"),
        "live_url": live_from(request, "/api/v1/events") if hears else "",
        "alert_banner": partial(banner_of, request.app.state.runtime, actor) if hears and actor else None,
    }


def daily_work() -> tuple[Callable[[Database], None], ...]:
    """What the housekeeper asks for once a day."""
    return detecting_job.ask_nightly, release_job.ask_daily


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    """What runs beside the routes, with the parts the application has when it starts."""
    parts: Runtime = application.state.runtime
    housekeeper = Housekeeper(parts.db, parts.blobs, daily=daily_work())
    for store in (parts.blobs, arrays.array_store(parts.blobs.root)):
        store.sweep()
    await parts.hub.start()
    if parts.settings.jobs_in_server:
        reading_job.warm(parts.sandbox, parts.registry)
        parts.jobs.start()
        housekeeper.start()
    try:
        yield
    finally:
        await parts.hub.stop()
        if parts.settings.jobs_in_server:
            await to_thread.run_sync(parts.jobs.stop)
            await to_thread.run_sync(housekeeper.stop)
        parts.close()


def attach(application: FastAPI, parts: Runtime) -> None:
    """Give an application the parts it runs with; before it starts. Routes and middleware find them here only."""
    application.state.runtime = parts
    application.state.pepper = parts.pepper
    parts.templates.environment.globals["free_text"] = names_of_forms(application)


def create_app(settings: Settings, *, clock: Clock = system_clock, runtime: Runtime | None = None) -> FastAPI:
    """The ASGI application."""
    parts = runtime or build_runtime(settings, clock)
    application = FastAPI(
        title="MAST",
        version=version("mast-lims"),
        summary="Laboratory information system for drug checking",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        separate_input_output_schemas=False,
        dependencies=[Depends(nudge)],
    )
    application.state.identify = signin.identify
    for router in ROUTERS:
        application.include_router(router)
    attach(application, parts)
    application.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    problems.install(application, _problem_page)
    forms.install(application)
    problems.document(application)
    check_policies(application)
    application.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)  # lets text/event-stream alone
    application.add_middleware(BodyLimit, limit=settings.body_max_bytes, upload_limit=settings.upload_max_bytes + 1)
    application.add_middleware(CrossSiteGuard)
    application.add_middleware(TrustedHostMiddleware, allowed_hosts=settings.allowed_hosts)
    application.add_middleware(LastResort)
    application.add_middleware(LiveFrom, newest=lambda: application.state.runtime.hub.last_id)
    application.add_middleware(SecurityHeaders, secure=settings.cookie_secure)
    return application


HEADINGS = {
    403: "This is not yours to do",
    404: "There is nothing here",
    409: "This cannot be done now",
    412: "Somebody was faster",
    429: "Please wait a moment",
    500: "Something went wrong",
    503: "The service is busy",
    507: "The disk is full",
}


def _problem_page(request: Request, body: dict[str, Any]) -> Response:
    runtime: Runtime = request.app.state.runtime
    heading = HEADINGS.get(body["status"], "This did not work")
    try:
        if hasattr(request.state, "nudged") and (again := form_again(request)) is not None:
            return runtime.templates.page(request, "system/personal_data.html", status=body["status"], **again)
        return runtime.templates.page(
            request, "system/problem.html", status=body["status"], problem={"hint": "", "reasons": (), **body},
            heading=heading,
        )  # fmt: skip
    except Exception:  # the database may be away, and even the header needs it
        return HTMLResponse(f"<h1>{heading}</h1><p>{escape(body['detail'])}</p>", body["status"])
