"""create_app(settings): wiring only. Nothing imports this but the server and the tests."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from html import escape
from importlib import import_module
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from anyio import to_thread
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Scope

import app.reactions  # noqa: F401 - what follows from the steps that routes and jobs take
from app.care.alerts import detecting_job
from app.care.message_packs import check_job as pack_check_job
from app.care.message_packs.provider import Packs
from app.figures.exports import extract_job
from app.figures.history import uploads as history_job
from app.figures.releases import service as releases
from app.figures.trends.protection.noise import Draws
from app.intake.people import oidc, passkeys, signin
from app.intake.people.service import SessionPolicy
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.incoming import reading_job as incoming_job
from app.laboratory.instrument_checks import service as instrument_checks
from app.laboratory.library import import_job as library_job
from app.laboratory.library.registry import LibraryRegistry
from app.laboratory.readings import arrays, reading_job
from app.laboratory.readings.reading_job import LazySandbox
from app.laboratory.sample_answers import job as sample_answers
from app.laboratory.standards import controlling
from app.laboratory.standards.in_house_library import InHouseLibrary
from app.nudge import form_again, names_of_forms, nudge
from app.operations import at_rest
from app.operations.metrics import Measured, Metrics
from app.operations.retention import Housekeeper
from app.platform import audit
from app.platform.db import Database
from app.platform.jobs import JobRunner, Workers
from app.platform.kernel.errors import Invalid
from app.platform.kernel.extras import PASSKEYS, how_to_add
from app.platform.kernel.place import Clock, system_clock
from app.platform.live.hub import EventHub
from app.platform.security.policy import check_policies
from app.platform.security.throttle import Throttle
from app.platform.storage import BlobStore, Reserve
from app.platform.web import forms, problems
from app.platform.web.middleware import BodyLimit, FromProxy, Guard, HeadAsGet, LastResort, SecurityHeaders
from app.platform.web.templates import Templates
from app.runtime import Runtime, registered_of
from app.screens.frame import page_context
from app.screens.people.prove_form import proof_page
from app.screens.system.joined_page import FOR_A_WHILE
from app.settings import Settings
from harm_messages import load_pack
from instruments import DEFAULT_LIMITS, Limits

HERE = Path(__file__).parent

WORKER = (sys.executable, "-m", "app.cli", "worker", "--beside")
"""The command that starts a worker beside a server; its name follows."""


def build_runtime(settings: Settings, clock: Clock = system_clock) -> Runtime:
    """Everything a process is made of; also used by the command line and the worker."""
    pepper = settings.pepper()
    reserve = Reserve(settings.data_dir / "reserve", settings.reserve_bytes)
    database = Database(settings.database_url, clock=clock, audit_key=audit.key_of(pepper), reserve=reserve)
    policy = SessionPolicy(
        idle=timedelta(minutes=settings.session_idle_minutes),
        absolute=timedelta(hours=settings.session_hours),
        pepper=pepper,
        administrators_by_two=settings.administrators_second_factor,
    )
    if policy.administrators_by_two and not passkeys.available(settings.public_url):
        raise Invalid(
            "MAST_ADMINISTRATORS_SECOND_FACTOR is on, and passkeys cannot be used here. Nothing was started.",
            hint=f"{how_to_add(PASSKEYS)}. Give MAST_PUBLIC_URL a name. Or turn the setting off.",
        )
    sandbox = LazySandbox(reader_limits(settings), settings.parser_processes)
    blobs = BlobStore(settings.blob_dir, max_bytes=settings.upload_max_bytes, reserve=reserve)
    packs = Packs(load_pack())
    kept = arrays.array_store(blobs.root)
    registry = LibraryRegistry(settings.library_dir, database, InHouseLibrary(database, kept).books)
    index, controls = SubstanceIndex(packs.shipped.substances), controlling.BatchControls(database, kept)
    states = instrument_checks.InstrumentStates(database)
    parts = reading_job.ReadingParts(database, blobs, sandbox, registry, index, controls=controls, instruments=states)
    return Runtime(
        settings=settings,
        db=database,
        hub=EventHub(database, poll_seconds=settings.live_poll_seconds, queue_size=settings.sse_queue),
        clock=clock,
        pepper=pepper,
        blobs=blobs,
        packs=packs,
        sandbox=sandbox,
        registry=registry,
        jobs=_jobs(parts, packs, settings, clock),
        workers=Workers(settings.workers, WORKER, {**os.environ, **settings.environment()}, database),
        templates=Templates(
            HERE / "screens", lambda request: page_context(request, settings), strict=settings.strict_pages
        ),
        session_policy=policy,
        throttle=Throttle(database, pepper),
        identity_provider=oidc.IdentityProvider(registered) if (registered := registered_of(settings)) else None,
    )


def _jobs(parts: reading_job.ReadingParts, packs: Packs, settings: Settings, clock: Clock) -> JobRunner:
    """What runs in the background, by the features that own it."""
    database, substances = parts.db, packs.shipped.substances
    imports = library_job.JobParts(
        database, settings.library_dir, settings.blob_dir, settings.upload_max_bytes, reader_limits(settings)
    )
    whole = sample_answers.AnswerParts(database, parts.blobs, parts.registry, substances, parts.index)
    history = history_job.JobParts(database, settings.blob_dir, settings.upload_max_bytes, packs.shipped, clock)
    return JobRunner(
        database,
        {
            **reading_job.handlers(parts),
            **sample_answers.handlers(whole),
            **incoming_job.handlers(database, parts.blobs, parts.sandbox),
            **controlling.handlers(database),
            **library_job.handlers(imports),
            **instrument_checks.handlers(database),
            **detecting_job.handlers(database, packs.current),
            **pack_check_job.handlers(database, packs),
            **releases.handlers(database, substances, Draws.of(settings.pepper()), monthly=settings.releases_monthly),
            **extract_job.handlers(extract_job.JobParts(database, substances)),
            **history_job.handlers(history),
        },
        clock,
        on_dead={
            **reading_job.on_failed(),
            **sample_answers.on_failed(),
            **incoming_job.on_failed(),
            **library_job.on_failed(),
            **pack_check_job.on_failed(),
            **extract_job.on_failed(),
            **history_job.on_failed(),
        },
        giving_way=(sample_answers.JOB,),  # a chemist waits for the next file, and after it this would be done anew
    )


def reader_limits(settings: Settings) -> Limits:
    """The limits of the process that reads uploads."""
    return replace(DEFAULT_LIMITS, wall_seconds=settings.parse_wall_seconds)


def daily(settings: Settings) -> tuple[Callable[[Database], None], ...]:
    """What the housekeeper asks for once a day."""
    return (
        detecting_job.ask_nightly,
        releases.ask_daily,
        partial(at_rest.note_anchor, settings),
        at_rest.look_for_damage,
    )


@asynccontextmanager
async def _lifespan(application: FastAPI) -> AsyncIterator[None]:
    """What runs beside the routes, with the parts the application has when it starts."""
    parts: Runtime = application.state.runtime
    housekeeper = Housekeeper(parts.db, parts.blobs, daily=daily(parts.settings))
    parts.db.reserve.make()
    at_rest.begin(parts.settings, parts.db)
    for store in (parts.blobs, arrays.array_store(parts.blobs.root)):
        store.sweep()
    await parts.hub.start()
    if parts.workers.count:
        reading_job.warm(parts.registry)
        parts.workers.start()
        housekeeper.start()
    try:
        yield
    finally:
        await parts.hub.stop()
        if parts.workers.count:
            await to_thread.run_sync(parts.workers.stop)
            await to_thread.run_sync(housekeeper.stop)
        at_rest.note_anchor(parts.settings, parts.db)
        parts.close()


def routes() -> Iterator[str]:
    """Every module of routes, found on disk, in the order in which they are asked: of a folder the public page first, whose
    addresses are fixed where those of the page beside it have a key in them; then `api` or `page`, then the others."""
    found = [*HERE.glob("**/api*.py"), *HERE.glob("screens/*/*page.py")]
    for path in sorted(found, key=lambda one: (one.parent, one.stem != "public_page", len(one.stem), one.stem)):
        yield ".".join((HERE.name, *path.relative_to(HERE).with_suffix("").parts))


SERVED = frozenset({".css", ".js", ".mjs", ".svg", ".png", ".woff2", ".wasm", ".json", ".txt"})


class BrowserFiles(StaticFiles):
    """Serves these folders as if they were one; the first that has a file answers. Pages and their templates lie beside the
    style sheets, so only files a browser asks for are given out (`SERVED`)."""

    def __init__(self, *folders: Path) -> None:
        super().__init__(directory=folders[0])
        self.all_directories = list(folders)

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, which a browser need not ask about again for a while: the next page finds its sheets and scripts there."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Cache-Control"] = FOR_A_WHILE
        return answer

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where the file lies; nothing for what no browser asks for."""
        return super().lookup_path(path) if PurePosixPath(path).suffix in SERVED else ("", None)


def attach(application: FastAPI, parts: Runtime) -> None:
    """Give an application the parts it runs with; before it starts. Routes and middleware find them here only."""
    application.state.runtime = parts
    application.state.pepper = parts.pepper
    application.state.metrics = Metrics(parts.db, parts.hub)
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
    for module in routes():
        application.include_router(import_module(module).router)
    attach(application, parts)
    application.mount("/static", BrowserFiles(HERE / "static", HERE / "screens"), name="static")
    problems.install(application, _problem_page)
    forms.install(application)
    problems.document(application)
    check_policies(application)
    application.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)  # lets text/event-stream alone
    application.add_middleware(BodyLimit, limit=settings.body_max_bytes, upload_limit=settings.upload_max_bytes + 1)
    application.add_middleware(Guard, allowed_hosts=settings.allowed_hosts)
    application.add_middleware(LastResort)
    application.add_middleware(HeadAsGet)
    application.add_middleware(Measured, metrics=lambda: application.state.metrics)
    application.add_middleware(
        SecurityHeaders, secure=settings.cookie_secure, newest=lambda: application.state.runtime.hub.last_id
    )
    application.state.silent_proxies = set[str]()
    application.add_middleware(FromProxy, trusted_hosts=trusted(settings), silent=application.state.silent_proxies)
    return application


def trusted(settings: Settings) -> list[str]:
    """The trusted proxies. Those of IPv4 also as a server that listens on `::` sees them: 127.0.0.1 is ::ffff:127.0.0.1."""
    ipv4 = [one for one in settings.trusted_proxies if one.version == 4]
    return [
        *map(str, settings.trusted_proxies),
        *(f"::ffff:{one.network_address}/{96 + one.prefixlen}" for one in ipv4),
    ]


HEADINGS = {
    403: "You do not have permission",
    404: "Page not found",
    409: "You cannot do this yet",
    412: "Someone else changed this first",
    429: "Please wait a moment",
    500: "Something went wrong",
    503: "MAST cannot do this right now",
    507: "The disk is full",
}


def _problem_page(request: Request, problem: problems.Problem) -> Response:
    runtime: Runtime = request.app.state.runtime
    heading = HEADINGS.get(problem.status, "This did not work")
    try:
        if hasattr(request.state, "nudged") and (again := form_again(request, problem.status)) is not None:
            return again
        if hasattr(request.state, "unproven"):
            return proof_page(request, problem.status)
        return runtime.templates.page(
            request, "system/problem.html", status=problem.status, problem=problem, heading=heading
        )
    except Exception:  # the database may be away, and even the header needs it
        return HTMLResponse(f"<h1>{heading}</h1><p>{escape(problem.detail)}</p>", problem.status)
