"""`mast serve`, `mast worker` and `mast demo`."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import click
import uvicorn

from app.cli.root import database_of, domain_errors, fail, main
from app.intake.people import service as people
from app.operations import logging as logs
from app.operations.retention import Housekeeper
from app.platform.db import migrate
from app.platform.db.settings_lock import SettingsLock
from app.platform.jobs import Waker, follow
from app.platform.jobs.processes import NICE
from app.platform.live.publish import WAKE as EVENTS
from app.platform.live.sse import close_unread
from app.settings import Settings

if TYPE_CHECKING:
    from app.runtime import Runtime


def _serve(settings: Settings) -> None:
    from app.main import create_app
    from app.platform.web.connections import Connection

    logs.configure(settings.log_level)
    application = create_app(settings)
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        http=Connection,
        proxy_headers=False,  # create_app believes those of `trusted_proxies` alone
        timeout_keep_alive=75,  # longer than a proxy or a tablet pauses, so that none sends into a closing connection
        timeout_graceful_shutdown=3,
    )
    with SettingsLock(settings.database_url, settings.shared()) as settings_lock:
        application.state.settings_lock = settings_lock
        listening = config.bind_socket()
        close_unread(listening)  # the kernel cuts off a screen that never reads
        _spare_the_garbage_collector()
        uvicorn.Server(config).run(sockets=[listening])


def _spare_the_garbage_collector() -> None:
    """Whole collections hold every request for a third of a second and find next to nothing: what was built stays for good,
    and 500 live screens are 250,000 objects more. So leave the former out, and look through the latter less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 500)


@main.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", default=None, type=int, help="Port to listen on.")
@click.option(
    "--workers",
    default=None,
    type=int,
    help="Processes that read files, 1 if left out; 0 where `mast worker` runs apart.",
)
@domain_errors
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve pages and API. Migrate first with `mast db upgrade`."""
    given = {k: v for k, v in (("host", host), ("port", port), ("workers", workers)) if v is not None}
    settings = Settings(**given)  # type: ignore[arg-type]
    _check_schema(settings)
    _serve(settings)


def _check_schema(settings: Settings) -> None:
    from app.operations.demo import AGENCY

    with database_of(settings) as database:
        has, needs = migrate.revisions(database)
        if has != needs:
            fail(
                f"The database is at schema {has or 'none'} and this program needs {needs}. Run mast db upgrade first."
            )
        with database.read() as session:
            example = people.agency_named(session, AGENCY)
    if example is not None and not settings.demo:
        fail("This data holds the example of mast demo, whose passwords everybody knows. Use another MAST_DATA_DIR.")


@main.command()
@click.option("--beside", "name", default="", hidden=True, help="Its name, given by the server that started it.")
@domain_errors
def worker(name: str) -> None:
    """Read uploads and do other jobs apart from `mast serve --workers 0`."""
    from app.laboratory.readings import reading_job
    from app.main import build_runtime, daily

    settings = Settings()
    _check_schema(settings)
    logs.configure(settings.log_level)
    runtime = build_runtime(settings)
    housekeeper = Housekeeper(runtime.db, runtime.blobs, daily=daily(settings))
    runtime.db.reserve.make()
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN if name else lambda *_: done.set())  # the server's Ctrl-C is its own
    reading_job.warm(runtime.registry, runtime.sandbox)
    if name:
        _follow_server(runtime, name, done)
    else:
        housekeeper.start()
    _spare_the_garbage_collector()
    runtime.jobs.start()
    done.wait()
    runtime.jobs.stop()
    housekeeper.stop()
    runtime.close()


def _follow_server(runtime: Runtime, name: str, done: threading.Event) -> None:
    """Take jobs under the name the server knows, look for them when it says so, tell it of events, and end when it is gone."""
    runtime.jobs.name = name
    with contextlib.suppress(AttributeError, OSError):  # not on every system
        os.nice(NICE)
    server = Waker(sys.stdout.buffer)
    runtime.db.listen(EVENTS, server.wake)
    server.wake()  # ready

    def until_it_is_gone() -> None:
        follow(sys.stdin.buffer, runtime.jobs.wake)
        done.set()

    threading.Thread(target=until_it_is_gone, name="server", daemon=True).start()


@main.command()
@click.option("--reset", is_flag=True, help="Throw the example data away and start over.")
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--no-serve", is_flag=True, help="Prepare the example data and stop.")
@domain_errors
def demo(reset: bool, port: int, no_serve: bool) -> None:
    """Serve an example: one service, two past sessions, an open session with a queue."""
    from app.operations import demo as example

    given = Settings()
    settings = Settings(
        port=port,
        public_url=given.public_url if "public_url" in given.model_fields_set else f"http://127.0.0.1:{port}",
        cookie_secure=False,
        demo=True,
        log_level="WARNING",
    )
    for line in example.prepare(settings, reset=reset):
        click.echo(line)
    click.echo(example.table(settings))
    if not no_serve:
        _serve(settings)
