"""`mast watch DIR`: on an instrument's computer. Needs no server, no database and no settings."""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from app.cli.root import domain_errors, fail, main
from app.laboratory.watching import places
from app.laboratory.watching.ledger import Ledger, LedgerOfAnother, Row, State, read_only
from app.laboratory.watching.reporting import Reporter
from app.laboratory.watching.scanning import Scanner, fit_label, is_run_name
from app.laboratory.watching.server import Address, Server
from app.laboratory.watching.watcher import Pass, PollSettings, Watcher
from app.platform.kernel.locks import InUse, OnlyOne

LIST_AT_MOST = 50


@main.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--server", required=True, help="Address of the MAST server, such as https://mast.example.org.")
@click.option("--token-file", type=click.Path(dir_okay=False, path_type=Path), help="File that holds the token, alone.")
@click.option("--token", default="", help="The token itself. Others on this computer can see it: prefer --token-file.")
@click.option("--name", default="", help="What this instrument is called on the screen. Default: computer and folder.")
@click.option("--session", type=click.UUID, default=None, help="Only samples of this session are meant.")
@click.option("--attach", is_flag=True, help="Attach a file to the one open sample of --session its name speaks of.")
@click.option("--ledger", type=click.Path(dir_okay=False, path_type=Path), help="Where to remember what was sent.")
@click.option(
    "--interval", default=5.0, show_default=True, type=click.FloatRange(0.05, 3600), help="Seconds between looks."
)
@click.option(
    "--settle", default=10.0, show_default=True, type=click.FloatRange(0, 86400), help="Seconds without change."
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Leave files alone that are older.")
@click.option(
    "--ignore", multiple=True, metavar="PATTERN", help="Names to leave alone, such as *.log. May be repeated."
)
@click.option(
    "--ca-file", type=click.Path(exists=True, dir_okay=False), default=None, help="Certificates to trust besides."
)
@click.option("--allow-http", is_flag=True, help="Send without encryption: everybody on the network can read it.")
@click.option("--once", is_flag=True, help="Send what is finished, then end. Exit 1 if something could not be sent.")
@click.option("--status", is_flag=True, help="Say what was sent and what waits, from the ledger, and end.")
@click.option("--json", "json_", is_flag=True, help="Print one JSON object per line instead of words.")
@domain_errors
def watch(
    folder: Path,
    server: str,
    token_file: Path | None,
    token: str,
    name: str,
    session: uuid.UUID | None,
    attach: bool,
    ledger: Path | None,
    interval: float,
    settle: float,
    since: datetime | None,
    ignore: tuple[str, ...],
    ca_file: str | None,
    allow_http: bool,
    once: bool,
    status: bool,
    json_: bool,
) -> None:
    """Send each finished file of DIR to a server, once. Nothing in DIR is ever changed, moved or deleted."""
    _show_any_alphabet()
    root = folder.absolute()
    address = _address(server, ca_file or "", allow_http)
    origin = fit_label(name) or places.default_origin(root)
    ledger_path = (ledger or places.default_ledger(root, address.text, origin)).absolute()
    if status:
        _status(ledger_path, json_)
        return
    if attach and session is None:
        raise click.UsageError("--attach needs --session: the session whose samples the names speak of.")
    if is_run_name(root.name):
        raise click.UsageError(f"{root} is itself one run of an instrument. Watch the folder it lies in.")
    for path, what in ((ledger_path, "The ledger"), (token_file, "The token file")):
        if path is not None and path.resolve().is_relative_to(root.resolve()):
            raise click.UsageError(f"{what} must not lie in the watched folder: put it elsewhere.")
    stopping = threading.Event()
    reporter = Reporter(time.monotonic, as_json=json_)
    link = Server(
        address,
        _token(token_file, token, reporter),
        session=str(session or ""),
        attach=attach,
        stopping=stopping.is_set,
    )
    with _ledger(ledger_path, address.text, origin) as kept:
        watcher = Watcher(
            Scanner(root, ignore=ignore, since=since.astimezone() if since else None), kept, link, reporter,
            origin=origin, spool=ledger_path.with_name(ledger_path.name + ".packing"), poll_settings=PollSettings(interval, settle),
            pause=stopping.wait, stopping=stopping.is_set,
        )  # fmt: skip
        _end_on_signals(stopping)
        reporter.say(
            "watching", f"Watching {root} as “{origin}”. Ledger: {ledger_path}", folder=str(root), origin=origin,
            ledger=str(ledger_path),
        )  # fmt: skip
        if once:
            _once(watcher, reporter)
        else:
            watcher.run()
        reporter.say("ended", "Ended. What is not sent yet is sent at the next start.")


def _show_any_alphabet() -> None:
    """File names may be of an alphabet that the console lacks."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _address(server: str, ca_file: str, allow_http: bool) -> Address:
    try:
        address = Address.of(server, ca_file)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if address.context is None and not address.is_local and not allow_http:
        raise click.UsageError(
            f"{server} is not encrypted: everybody on the network could read the token and the files. Use https, or "
            "--allow-http on a network of your own."
        )
    return address


def _token(path: Path | None, given: str, reporter: Reporter) -> Callable[[], str]:
    if (path is None) == (not given):
        raise click.UsageError("Give the token as --token-file (or --token).")
    if path is None:
        if not places.is_token(given):
            raise click.UsageError("--token holds no token. Give it as MAST showed it.")
        return lambda: given
    with contextlib.suppress(OSError):
        if places.is_open_to_others(path):
            reporter.trouble(
                "token file", f"Other accounts of this computer can read {path}. Make it readable for one only."
            )
    return partial(places.token_in, path)


@contextlib.contextmanager
def _ledger(path: Path, server: str, origin: str) -> Iterator[Ledger]:
    try:
        only = OnlyOne(path.with_name(path.name + ".lock"))
    except InUse:
        fail(f"Another mast watch uses the ledger {path} already, so this one ends. One is enough for a folder.")
    try:
        kept = Ledger(path, f"{server} {origin}")
    except LedgerOfAnother as error:
        fail(f"The ledger {path} belongs to another server or name ({error}). Give another --ledger, or none.")
    except sqlite3.Error as error:
        fail(f"The ledger {path} cannot be used ({error}). Nothing was sent.")
    try:
        yield kept
    finally:
        kept.close()
        only.release()


def _end_on_signals(stopping: threading.Event) -> None:
    """The first one ends after the piece in hand, the second at once: nothing is lost either way."""

    def end(*_: object) -> None:
        if stopping.is_set():
            raise SystemExit(0)
        stopping.set()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)


def _once(watcher: Watcher, reporter: Reporter) -> None:
    done = watcher.run_once()
    reporter.say(
        "done", _sentence(done), delivered=done.delivered, known=done.known, unfinished=done.settling + done.held,
        refused=done.refused, failed=done.failed,
    )  # fmt: skip
    if done.away:
        fail("The folder could not be reached.")
    if done.failed or watcher.trouble:
        fail(watcher.trouble or f"{done.failed} could not be sent; they are tried again at the next start.")
    if done.refused:
        fail(f"{done.refused} not taken; --status names them.")


def _sentence(done: Pass) -> str:
    parts = [f"{done.delivered} sent", f"{done.known} sent before"]
    for count, words in (
        (done.settling + done.held, "not finished"),
        (done.refused, "not taken"),
        (done.failed, "not sent"),
    ):
        if count:
            parts.append(f"{count} {words}")
    return ", ".join(parts) + "."


def _status(path: Path, json_: bool) -> None:
    try:
        meta, every = read_only(path)
    except FileNotFoundError:
        fail(f"There is no ledger {path}: this folder was not watched for this server under this name.")
    except sqlite3.Error as error:
        fail(f"The ledger {path} cannot be read ({error}).")
    rows = list({row.path_key: row for row in every}.values())
    counts = {state.value: sum(row.state is state for row in rows) for state in State}
    looked, trouble = meta.get("looked_at", ""), meta.get("trouble", "")
    if json_:
        summary = {"ledger": str(path), "looked_at": looked, "trouble": trouble, **counts}
        click.echo(json.dumps({**summary, "files": [_as_json(row) for row in rows]}, ensure_ascii=False))
        return
    click.echo(f"Ledger {path}")
    click.echo(f"Last look {looked or 'never'}" + (f". {trouble}" if trouble else ""))
    click.echo(f"{counts['delivered']:,} arrived, {counts['sending']:,} not confirmed, {counts['refused']:,} not taken")
    waiting = [row for row in rows if row.state is not State.DELIVERED]
    for row in waiting[:LIST_AT_MOST]:
        tries = f"{row.attempts} {'try' if row.attempts == 1 else 'tries'}"
        click.echo(f"  {row.name}: {row.state.value}, {tries}. {row.last_error}")
    if len(waiting) > LIST_AT_MOST:
        click.echo(f"  and {len(waiting) - LIST_AT_MOST:,} more; --json lists all")


def _as_json(row: Row) -> dict[str, str | int | None]:
    return {
        "path": row.name, "state": row.state.value, "sha256": row.sha256, "size": row.size, "arrival": row.arrival,
        "id": row.server_id, "attempts": row.attempts, "last_error": row.last_error, "updated_at": row.updated_at,
    }  # fmt: skip
