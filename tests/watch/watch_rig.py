"""A real server behind a wire that can be cut, and a watcher driven look by look on a clock of the test's own."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.laboratory.watching.ledger import Ledger
from app.laboratory.watching.reporting import Reporter
from app.laboratory.watching.scanning import Scanner
from app.laboratory.watching.server import Address, Server
from app.laboratory.watching.watcher import Pass, PollSettings, Watcher
from tests.support.serving import Server as Process
from tests.support.serving import Service


class HandClock:
    """Monotonic seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Relay:
    """A port that stays the same while servers come and go, and a wire that breaks where a test wants it.

    `cut_after`: bytes towards the server before the wire breaks. `swallow`: the answer is read and never passed on.
    `on_bytes(total)`: called as bytes go up. Each applies to connections made after it was set.
    """

    def __init__(self, target: Callable[[], int]) -> None:
        self.target = target
        self.cut_after: int | None = None
        self.swallow = False
        self.on_bytes: Callable[[int], None] = lambda total: None
        self.connections = 0
        self.bytes_up = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._carry, args=(near, self.cut_after, self.swallow), daemon=True).start()

    def _carry(self, near: socket.socket, cut_after: int | None, swallow: bool) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self.target()), timeout=10)
        except OSError:
            near.close()
            return
        far.settimeout(60)
        down = threading.Thread(target=self._down, args=(far, near, swallow), daemon=True)
        down.start()
        total, is_cut = 0, False
        with contextlib.suppress(OSError):
            while not is_cut and (piece := near.recv(65536)):
                is_cut = cut_after is not None and total + len(piece) > cut_after
                far.sendall(piece[: cut_after - total] if is_cut and cut_after is not None else piece)
                total += len(piece)
                self.bytes_up += len(piece)
                self.on_bytes(total)
            if not is_cut:
                far.shutdown(socket.SHUT_WR)
        if not is_cut:
            down.join(60)  # what a server said that stopped listening is passed on as well
        for end in (far, near):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _down(self, far: socket.socket, near: socket.socket, swallow: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := far.recv(65536):
                if swallow and not piece.startswith(b"HTTP/1.1 100"):
                    break
                near.sendall(piece)
        with contextlib.suppress(OSError):
            near.shutdown(socket.SHUT_RDWR)


@dataclass
class Site:
    """One server for the tests of a process; killed and started by some. Rows are read from its database."""

    service: Service
    process: Process
    relay: Relay

    def restart(self) -> None:
        """After a kill."""
        self.process.start()

    def token(self, role: str = "instrument") -> str:
        """A bearer token of that role; by default the one an instrument's computer should have."""
        return self.service.tokens[role]

    def rows(self, origin: str) -> list[dict[str, Any]]:
        """What arrived from one watcher, in order."""
        path = self.service.settings.database_url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, timeout=20)) as raw:
            raw.row_factory = sqlite3.Row
            found = raw.execute("SELECT * FROM incoming_file WHERE origin = ? ORDER BY id", (origin,))
            return [dict(row) for row in found]

    def bytes_of(self, row: dict[str, Any]) -> bytes:
        """The raw file behind a row."""
        sha256 = str(row["blob_sha256"])
        return (self.service.settings.blob_dir / sha256[:2] / sha256[2:4] / sha256).read_bytes()


@dataclass
class Desk:
    """A watched folder, and watchers over it that may be replaced as after a restart."""

    site: Site
    folder: Path
    own: Path
    origin: str
    settle_s: float = 10.0
    clock: HandClock = field(default_factory=HandClock)
    said: list[tuple[str, str]] = field(default_factory=list)
    token: str = ""
    server_more: dict[str, Any] = field(default_factory=dict)
    eye_more: dict[str, Any] = field(default_factory=dict)
    watcher: Watcher = field(init=False)
    _ledger: Ledger | None = None

    def __post_init__(self) -> None:
        self.token = self.token or self.site.token()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start()

    @property
    def ledger_path(self) -> Path:
        """Beside the folder, never in it."""
        return self.own / "ledger.sqlite3"

    @property
    def ledger(self) -> Ledger:
        """The open one."""
        assert self._ledger is not None
        return self._ledger

    def start(self) -> None:
        """A watcher as a new process would make it."""
        if self._ledger is not None:
            self._ledger.close()
        address = Address.of(self.site.relay.url)
        self._ledger = Ledger(self.ledger_path, f"{address.text} {self.origin}")
        server = Server(address, lambda: self.token, answer_s=20, **self.server_more)
        self.watcher = Watcher(
            Scanner(self.folder, **self.eye_more), self._ledger, server, _Listener(self.clock, self.said), origin=self.origin,
            spool=self.own / "packing", poll_settings=PollSettings(5.0, self.settle_s), clock=self.clock, pause=lambda seconds: True,
        )  # fmt: skip

    def put(self, name: str, content: bytes) -> Path:
        """A file the instrument wrote."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def look(self, after_s: float = 0.0) -> Pass:
        """One look, so many seconds later."""
        self.clock.now += after_s
        return self.watcher.tick()

    def settle(self) -> Pass:
        """A look, and another when everything has settled."""
        self.look()
        return self.look(self.settle_s + 1)

    def until_quiet(self, looks: int = 30) -> Pass:
        """As often as it takes, with waiting times long enough for every backoff."""
        for _ in range(looks):
            done = self.look(700.0)
            if done.is_quiet:
                return done
        raise AssertionError(f"never quiet: {done}, {self.said[-3:]}")

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What arrived."""
        return self.site.rows(self.origin)

    def heard(self, words: str) -> bool:
        """Whether something with these words was said."""
        return any(words in sentence for _, sentence in self.said)

    def close(self) -> None:
        """Let go."""
        if self._ledger is not None:
            self._ledger.close()


class _Listener(Reporter):
    def __init__(self, clock: Callable[[], float], said: list[tuple[str, str]]) -> None:
        super().__init__(clock)
        self._log = said

    def _write(self, event: str, sentence: str, more: dict[str, Any], *, err: bool) -> None:
        self._log.append((event, sentence))


def digest(content: bytes) -> str:
    """As the server names a file."""
    return hashlib.sha256(content).hexdigest()


def inventory(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Everything below a folder: size, time of change, content."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns, digest(path.read_bytes()))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def arrived_once(rows: list[dict[str, Any]], contents: dict[str, bytes]) -> None:
    """Every one of these files arrived, each exactly once, with its own bytes. Names as in the watched folder."""
    came = sorted((f"{r['folder']}/{r['file_name']}".lstrip("/"), r["sha256"]) for r in rows)
    assert came == sorted((name, digest(content)) for name, content in contents.items())


@contextlib.contextmanager
def serving(folder: Path, **environment: str) -> Iterator[Site]:
    """A real `mast serve`, a token for each role, and the wire to it."""
    service = Service.prepare(folder)
    process = service.forked(**environment)
    process.start()
    relay = Relay(lambda: process.port)
    try:
        yield Site(service, process, relay)
    finally:
        relay.close()
        process.stop()
        process.hang_up()


RUN_MEMBERS = {"_HEADER.TXT": b"$$ Acquired Name: run", "_FUNC001.DAT": os.urandom(4000), "_FUNC001.IDX": b"\0" * 220}
