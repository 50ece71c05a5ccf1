"""Real `mast serve` processes, people with tokens to call them, and a reader of their live events."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx2

from app.intake.people import service as people
from app.intake.people.tables import AgencyKind
from app.operations.at_rest import unlock
from app.platform.db import Database
from app.platform.db.migrate import upgrade
from app.platform.kernel.actor import Actor, Role
from app.settings import Settings
from tests.support import cheap_passwords
from tests.support.nursery import Nursery
from tests.support.ports import free_port
from tests.support.road import Road, ok

cheap_passwords.install()

CHECKOUT = Path(__file__).resolve().parents[2]
ROLES = (
    Role.RECEPTION, Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER, Role.RESEARCHER, Role.INSTRUMENT,
)  # fmt: skip
PASSWORD = "a password for tests"
SESSION = {
    "name": "Saturday",
    "site": {"name": "Field", "region": "North East"},
    "service_type": "festival",
    "licence_mode": "foh_general",
}


@dataclass
class Service:
    """A migrated database and data directory, with one person and one token per role."""

    settings: Settings
    tokens: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def prepare(cls, data_dir: Path, database_url: str = "", **environment: str) -> Service:
        """Migrate and add the people."""
        settings = Settings(data_dir=data_dir, database_url=database_url)
        database = Database(settings.database_url)
        upgrade(database)
        unlock(settings, database)
        service = cls(settings, environment=environment)
        with database.begin(Actor(None, "operator", frozenset(), None)) as uow:
            agency = people.add_agency(uow, "Test service", AgencyKind.SERVICE)
            for role in ROLES:
                person = people.add_person(uow, agency.id, role.value, role.value, PASSWORD, [role])
                _, secret = people.issue_token(uow, "test", [], 30, settings.pepper(), person_id=person.id)
                service.tokens[role.value] = secret
        database.close()
        return service

    def server(self, **environment: str) -> Server:
        """A server process for it, not yet started."""
        return Server(self, {**self.environment, **environment})

    def forked(self, **environment: str) -> ForkedServer:
        """The same, quick to start again and again."""
        return ForkedServer(self, {**self.environment, **environment})

    def worker(self) -> Forked:
        """A `mast worker` for it."""
        return Forked(["worker"], self.surroundings(self.environment), self.settings.data_dir / "worker.log")

    def surroundings(self, more: Mapping[str, str]) -> dict[str, str]:
        """The environment of a process of it."""
        return {
            **os.environ,
            "MAST_DATA_DIR": str(self.settings.data_dir),
            "MAST_DATABASE_URL": self.settings.database_url,
            "MAST_COOKIE_SECURE": "false",
            **more,
        }


class Process(Protocol):
    """A running server's process."""

    def poll(self) -> int | None: ...
    def kill(self) -> None: ...
    def send_signal(self, number: int, /) -> None: ...
    def wait(self, timeout: float | None = None) -> int | None: ...


class Server:
    """One `mast serve` process. `start` waits until it answers."""

    def __init__(self, service: Service, environment: dict[str, str]) -> None:
        self.service = service
        self.environment = environment
        self.port = 0
        self.process: Process | None = None
        self.before: list[str] = []  # what runs the command
        self.log = service.settings.data_dir / "server.log"
        self.up = threading.Event()
        self._clients: list[httpx2.Client] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, timeout: float = 60) -> float:
        """Start on a fresh port; says how many seconds it took to answer."""
        began = time.monotonic()
        self.port = free_port()
        self.process = self._launch(self.service.surroundings(self.environment))
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() - began > timeout:
                raise RuntimeError(f"mast serve did not start: {self.log.read_text()[-3000:]}")
            time.sleep(0.02)
        self.up.set()
        return time.monotonic() - began

    def _launch(self, environment: dict[str, str]) -> Process:
        command = [
            *self.before,
            sys.executable,
            "-c",
            "from app.cli import main; main()",
            "serve",
            "--port",
            str(self.port),
        ]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.up.clear()
        self.process.kill()
        self.process.wait()

    def stop(self, timeout: float = 20) -> float:
        """SIGTERM; says how many seconds it took to end."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        began = time.monotonic()
        self.up.clear()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout)
        return time.monotonic() - began

    def client(self, role: str, **more: Any) -> httpx2.Client:
        """A connection that speaks for a role."""
        headers = {"Authorization": f"Bearer {self.service.tokens[role]}"}
        self._clients.append(httpx2.Client(base_url=self.url, headers=headers, timeout=30, **more))
        return self._clients[-1]

    def hang_up(self) -> None:
        """Close every connection to it; after it has ended, so that no stream is cut under its reader."""
        for client in self._clients:
            client.close()
        self._clients.clear()

    def road(self) -> Road:
        """A road over this server, in a fresh session."""
        clients = {role: self.client(role) for role in self.service.tokens}
        now = datetime.now(UTC)
        times = {"opens_at": now - timedelta(hours=1), "closes_at": now + timedelta(hours=8)}
        body = {**SESSION, **{name: at.isoformat() for name, at in times.items()}}
        session = ok(clients["session_lead"].post("/api/v1/sessions", json=body))
        return Road(clients.__getitem__, session["id"])


class Forked:
    """What `subprocess.Popen` is to a command, for `mast` forked from a process that imported it before. It leads a group of
    processes of its own."""

    _context = multiprocessing.get_context("forkserver")
    _context.set_forkserver_preload(["tests.support.preloaded"])

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._process = self._context.Process(target=_mast, args=(tuple(arguments), environment, log), daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the process and of its group."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._process.exitcode

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()

    def send_signal(self, number: int) -> None:
        """Any other signal."""
        os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> int | None:
        """Until it has ended, or for so long."""
        self._process.join(timeout)
        return self._process.exitcode


class ForkedServer(Server):
    """A server that starts without importing everything anew: for tests that kill it by the dozen."""

    def _launch(self, environment: dict[str, str]) -> Process:
        return Forked(["serve", "--port", str(self.port)], environment, self.log)


def _mast(arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    sys.argv = ["mast", *arguments]
    if environment.get("MAST_WORKERS") != "0":
        importlib.import_module("app.platform.jobs.processes").subprocess = Nursery().subprocess()
    importlib.import_module("app.cli").main()


@contextmanager
def running(service: Service, *, thorough: bool = True, **environment: str) -> Iterator[Server]:
    """A started server that is stopped at the end, in a process that began at nothing where that is asked for."""
    server = service.server(**environment) if thorough else service.forked(**environment)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.hang_up()


class Screen:
    """A live screen: a thread that reads an event stream and notes when each event came."""

    def __init__(self, client: httpx2.Client, url: str = "/api/v1/events", *, last_id: str = "") -> None:
        self.client, self.url, self.last_id = client, url, last_id
        self.events: queue.Queue[tuple[float, dict[str, Any]]] = queue.Queue()
        self.connected = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        if not self.connected.wait(20):
            raise RuntimeError(f"{url} did not connect")

    def _read(self) -> None:
        resume = {"Last-Event-ID": self.last_id} if self.last_id else {}
        headers = {"Accept-Encoding": "gzip", **resume}
        try:
            with self.client.stream("GET", self.url, timeout=None, headers=headers) as response:
                response.raise_for_status()
                for line in response.iter_lines():
                    self.connected.set()  # the greeting came: from here on nothing is missed
                    name, _, value = line.partition(": ")
                    if name == "id":
                        self.last_id = value
                    elif name == "data":
                        self.events.put((time.perf_counter(), json.loads(value)))
        except httpx2.HTTPError:
            pass
        finally:
            self.ended.set()

    def wait(
        self, topic: str, sample_id: str = "", kind: str = "", timeout: float = 20
    ) -> tuple[float, dict[str, Any]]:
        """The next event of this topic (sample, kind) and when it came; others are passed over."""
        deadline = time.monotonic() + timeout
        while True:
            at, event = self.events.get(timeout=max(0.01, deadline - time.monotonic()))
            if (
                event.get("topic") == topic
                and sample_id in ("", event.get("sample_id"))
                and kind in ("", event["kind"])
            ):
                return at, event

    def drain(self) -> None:
        """Forget what came so far."""
        while not self.events.empty():
            self.events.get_nowait()
