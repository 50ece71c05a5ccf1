"""How long the two moments people wait for take: file → candidates, and release → the client's screen.

    python -m benchmarks.road [--rounds 200] [--screens 20] [--postgres]

A real `mast serve` in its own process, real HTTP, live screens open the whole time. Times are taken at the client:
from the first byte of the POST until the answer with the candidates (or the changed page) is there. Prints p50 and p95;
asserts nothing. Also prints the weight of first pages, gzip.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import queue
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2

from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.intake.sessions import service as sessions
from app.intake.sessions.domain import ServiceType
from app.operations.at_rest import unlock
from app.platform.db import Database, migrate
from app.platform.kernel.actor import Actor, Role
from app.settings import Settings
from harm_messages.vocabulary import LicenceMode
from tests.support import postgres
from tests.support.road import Road, infrared_file, ok

PASSWORD = "a long password"
STAFF = (Role.RECEPTION, Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD)


class Screen:
    """One open live screen: a thread that reads the stream and puts events into a queue."""

    def __init__(self, client: httpx2.Client, path: str) -> None:
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.opened = threading.Event()
        self._client = client
        self._thread = threading.Thread(target=self._read, args=(client, path), daemon=True)
        self._thread.start()
        self.opened.wait(10)

    def close(self) -> None:
        """After its server has ended: wait for the stream's end and let go of the connection."""
        self._thread.join(10)
        self._client.close()

    def _read(self, client: httpx2.Client, path: str) -> None:
        with contextlib.suppress(httpx2.HTTPError, RuntimeError), client.stream("GET", path, timeout=None) as answer:
            for line in answer.iter_lines():
                self.opened.set()
                if line.startswith("data: {"):
                    self.events.put(json.loads(line[6:]))

    def wait_for(self, **wanted: str) -> None:
        """Until an event with these members came."""
        until = time.monotonic() + 10
        while time.monotonic() < until:
            event = self.events.get(timeout=10)
            if all(event.get(key) == value for key, value in wanted.items()):
                return
        raise TimeoutError(wanted)


@contextlib.contextmanager
def server(settings: Settings) -> Iterator[str]:
    """`mast serve` in a process of its own."""
    environment = {
        **os.environ,
        "MAST_DATA_DIR": str(settings.data_dir),
        "MAST_DATABASE_URL": settings.database_url,
        "MAST_COOKIE_SECURE": "false",
        "MAST_LOG_LEVEL": "WARNING",
    }
    mast = Path(sys.executable).with_name("mast")
    process = subprocess.Popen([str(mast), "serve", "--port", str(settings.port)], env=environment)
    base = f"http://127.0.0.1:{settings.port}"
    try:
        for _ in range(200):
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{base}/health").status_code == 200:
                    break
            time.sleep(0.1)
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def prepare(settings: Settings) -> tuple[dict[Role, str], str]:
    """An agency, one person per role with a token, an open session: (tokens, session id)."""
    database = Database(settings.database_url)
    migrate.upgrade(database)
    unlock(settings, database)
    tokens: dict[Role, str] = {}
    with database.begin() as uow:
        agency = people.add_agency(uow, "Benchmark", AgencyKind.SERVICE)
        for role in STAFF:
            person = people.add_person(uow, agency.id, role.value, role.value, PASSWORD, [role])
            _, tokens[role] = people.issue_token(uow, "bench", [], 1, settings.pepper(), person_id=person.id)
            actor = Actor(person.id, role.value, frozenset({role}), agency.id)
        uow.actor = actor
        now = datetime.now(UTC)
        new = sessions.NewSession(
            name="Bench", site=sessions.NewSite(name="Field", region="North East"), service_type=ServiceType.FESTIVAL,
            licence_mode=LicenceMode.FOH_GENERAL, opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=8),
        )  # fmt: skip
        session_id = sessions.create_session(uow, new).id
    database.close()
    return tokens, str(session_id)


def files() -> list[bytes]:
    """Files as instruments write them: the street samples if they are there, else made-up curves."""
    folder = Path(os.environ.get("MAST_SHARED_DATA", "../shared/data")) / "ir" / "dev" / "street_jdx"
    found = [path.read_bytes() for path in sorted(folder.glob("*.dx"))]
    return found or [infrared_file(seed) for seed in range(20)]


def measure(base: str, tokens: dict[Role, str], session_id: str, rounds: int, screens: int) -> dict[str, list[float]]:
    """Milliseconds per round, by what was waited for."""
    clients = {
        role: httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        for role, token in tokens.items()
    }
    road = Road(lambda role: clients[Role(role)], session_id)
    others = [Screen(clients[Role.RECEPTION], "/api/v1/events") for _ in range(screens)]
    bench = Screen(clients[Role.CHEMIST], "/api/v1/events")
    spectra, times = files(), {"file → candidates": [], "release → client": []}
    for number in range(rounds):
        sample_id = road.register()
        analysis_id = road.analysis(sample_id)
        content = spectra[number % len(spectra)]
        begun = time.perf_counter()
        upload_id = road.upload(analysis_id, content)
        bench.wait_for(topic="sample", sample_id=sample_id, kind="upload.read")
        readings = ok(clients[Role.CHEMIST].get(f"/api/v1/uploads/{upload_id}/readings"))
        ok(clients[Role.CHEMIST].get(f"/api/v1/readings/{readings[0]['id']}/candidates"))
        times["file → candidates"].append(1000 * (time.perf_counter() - begun))
        result_id, etag = road.draft(sample_id, [analysis_id])
        etag = road.step("chemist", result_id, "submit", etag, accept_open=True)  # what else the spectrum names
        etag = road.step("verifier", result_id, "verify", etag, accept_open=True)
        phone = httpx2.Client(base_url=base, timeout=30)
        code = {"code": road.codes[sample_id]}
        ok(phone.post("/api/v1/tickets/view", json=code))
        screen = Screen(phone, "/api/v1/tickets/events")
        begun = time.perf_counter()
        road.step("session_lead", result_id, "release", etag)
        shown = False
        while not shown:
            screen.wait_for()  # an event for a client says that something changed, never what
            page = phone.post("/api/v1/tickets/view", json=code, headers={"Accept": "text/html"})
            shown = "MDMA" in page.text
        times["release → client"].append(1000 * (time.perf_counter() - begun))
        phone.close()
    assert len(others) == screens
    return times


def weights(base: str, session_id: str) -> dict[str, float]:
    """kB of a first visit as they go over the line (gzip): the page, its styles and its scripts, module imports too."""
    found = {}
    for role, path in (
        (None, "/t"),
        (None, "/sign-in"),
        (Role.RECEPTION, f"/sessions/{session_id}/reception"),
        (Role.CHEMIST, "/bench"),
    ):
        with httpx2.Client(base_url=base, timeout=30, headers={"Accept-Encoding": "gzip"}) as browser:
            if role is not None:
                browser.post("/sign-in", data={"username": role.value, "password": PASSWORD})
            total, page = _fetched(browser, path)
            pending, seen = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)), set[str]()
            while pending:
                url = pending.pop()
                seen.add(url)
                size, text = _fetched(browser, url)
                total += size
                modules = re.findall(r"""(?:from|import)\s*["'](\.{1,2}/[^"']+|/static/[^"']+)["']""", text)
                pending |= {urljoin(url, module) for module in modules} - seen
        found[path.replace(session_id, "…")] = total / 1000
    return found


def _fetched(browser: httpx2.Client, url: str) -> tuple[int, str]:
    """(bytes over the line, text)"""
    with browser.stream("GET", url) as answer:
        answer.raise_for_status()
        raw = b"".join(answer.iter_raw())
    packed = answer.headers.get("Content-Encoding") == "gzip"
    return len(raw), (gzip.decompress(raw) if packed else raw).decode()


def report(name: str, times: dict[str, list[float]]) -> None:
    """One line per moment."""
    for what, values in times.items():
        cuts = statistics.quantiles(values, n=20) if len(values) > 1 else values * 19
        print(
            f"{name:<12} {what:<20} p50 {statistics.median(values):7.1f} ms   p95 {cuts[18]:7.1f} ms   n {len(values)}"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(name: str, database_url: str, rounds: int, screens: int) -> None:
    """One database."""
    with tempfile.TemporaryDirectory(prefix="mast-road-") as folder:
        settings = Settings(data_dir=Path(folder), database_url=database_url, port=_free_port())
        tokens, session_id = prepare(settings)
        with server(settings) as base:
            times = measure(base, tokens, session_id, rounds, screens)
            report(name, times)
            if name == "SQLite":
                for path, kilobytes in weights(base, session_id).items():
                    print(f"{'first visit':<12} {path:<20} {kilobytes:.1f} kB gzip")


def main() -> None:
    """Both databases if both are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--screens", type=int, default=20)
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL only")
    options = parser.parse_args()
    if not options.postgres:
        run("SQLite", "", options.rounds, options.screens)
    binaries = postgres.find_binaries()
    if binaries is None:
        print("PostgreSQL: not installed here")
        return
    own = postgres.PostgresServer(binaries)
    own.start()
    try:
        run("PostgreSQL", own.url(), options.rounds, options.screens)
    finally:
        own.remove()


if __name__ == "__main__":
    main()
