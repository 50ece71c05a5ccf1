"""`mast serve`, `mast worker` and `mast demo`."""

from __future__ import annotations

import signal
import threading

import click
import uvicorn

from app.cli.root import database_of, domain_errors, fail, main
from app.intake.people import service as people
from app.operations import logging as logs
from app.operations.retention import Housekeeper
from app.platform.db import migrate
from app.platform.live import close_unread
from app.settings import Settings


def _serve(settings: Settings) -> None:
    from app.main import create_app

    logs.configure(settings.log_level)
    application = create_app(settings)
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    listening = config.bind_socket()
    close_unread(listening)  # the kernel cuts off a screen that never reads
    uvicorn.Server(config).run(sockets=[listening])


@main.command()
@click.option("--host", default=None, help="Address to listen on.")
@click.option("--port", default=None, type=int, help="Port to listen on.")
@domain_errors
def serve(host: str | None, port: int | None) -> None:
    """Serve pages and API. Migrate first with `mast db upgrade`."""
    given = {k: v for k, v in (("host", host), ("port", port)) if v is not None}
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
@domain_errors
def worker() -> None:
    """Read uploads and do other jobs, beside `mast serve` with MAST_JOBS_IN_SERVER=false."""
    from app.main import DAILY, build_runtime

    settings = Settings()
    _check_schema(settings)
    logs.configure(settings.log_level)
    runtime = build_runtime(settings)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    housekeeper = Housekeeper(runtime.db, runtime.blobs, daily=DAILY)
    runtime.jobs.start()
    housekeeper.start()
    done.wait()
    runtime.jobs.stop()
    housekeeper.stop()
    runtime.close()


@main.command()
@click.option("--reset", is_flag=True, help="Throw the example data away and start over.")
@click.option("--port", default=8000, show_default=True, type=int)
@click.option("--no-serve", is_flag=True, help="Prepare the example data and stop.")
@domain_errors
def demo(reset: bool, port: int, no_serve: bool) -> None:
    """Serve an example: one service, two past sessions, an open session with a queue."""
    from app.operations import demo as example

    settings = Settings(
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        cookie_secure=False,
        demo=True,
        log_level="WARNING",
    )
    for line in example.prepare(settings, reset=reset):
        click.echo(line)
    click.echo(example.table(settings))
    if not no_serve:
        _serve(settings)
