"""A full tent: tablets registering, live screens, files from instruments, results released, clients reading.

    python -m benchmarks.tent                              60 tablets every 2 s, 200 screens, a file every 3 s, SQLite
    python -m benchmarks.tent --file-every 0               the same without files
    python -m benchmarks.tent --rounds 3                   medians of three runs
    python -m benchmarks.tent --postgres --servers 2 --workers 2
    python -m benchmarks.tent --busy-core                  one core is taken by something else throughout
    python -m benchmarks.tent --idle 1000                  memory with so many screens that wait and nothing else

Real `mast serve` processes with their workers, real HTTP, the load from one process beside them. Times are taken at the client. Prints
p50, p95 and p99, what was not delivered, processor and memory; asserts nothing. PostgreSQL is the one of the tests: it does not sync.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import random
import re
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.road import files
from tests.support import postgres
from tests.support.road import CONSENTS, Road
from tests.support.serving import Server, Service

WARM_UP_S = 3.0
STRAGGLERS_S = 5.0
SAMPLE_ID = re.compile(rb'"sample_id": ?"([0-9a-f-]{36})"')


@dataclass
class Seen:
    """What the clients saw; times in seconds of this process's clock."""

    posts: list[float] = field(default_factory=list)
    begun: dict[str, float] = field(default_factory=dict)
    """When the POST of a sample left, by its key."""
    arrived: list[dict[str, float]] = field(default_factory=list)
    """Per screen: when the event of a sample came."""
    candidates: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    releases: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def live(self) -> tuple[list[float], int]:
        """Seconds from each POST to its event on each screen, and how many of these events never came."""
        times = [screen[key] - begun for screen in self.arrived for key, begun in self.begun.items() if key in screen]
        return times, len(self.arrived) * len(self.begun) - len(times)


class Connection:
    """One kept connection that speaks just enough HTTP to cost the load generator little."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The connection, made again where the server closed it."""
        if self._streams is None or self._streams[0].at_eof():
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        return self._streams

    async def send(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> None:
        """A request, without waiting for its answer."""
        _, writer = await self.open()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            + (f"Authorization: Bearer {self.token}\r\n" if self.token else "")
            + f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, bytes]:
        """Status and body of the answer."""
        await self.send(method, path, body, kind)
        reader, _ = await self.open()
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        return int(head.split(None, 2)[1]), await reader.readexactly(int(length[1]) if length else 0)

    async def lines(self, path: str) -> asyncio.StreamReader:
        """The stream of live events, after its head."""
        await self.send("GET", path)
        reader, _ = await self.open()
        await reader.readuntil(b"\r\n\r\n")
        return reader

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()


async def tablet(line: Connection, session_id: str, every: float, until: float, seen: Seen) -> None:
    """Registers a sample every so many seconds, beginning at a moment of its own."""
    body = json.dumps({"form": "powder", "expected": ["mdma"], "consents": CONSENTS}).encode()
    counted_from = until - ARGUMENTS.seconds
    await asyncio.sleep(random.random() * every)
    while (begun := time.perf_counter()) < until:
        status, answer = await line.ask("POST", f"/api/v1/sessions/{session_id}/samples", body)
        took = time.perf_counter() - begun
        if status != 201:
            seen.refused.append(f"{status} {answer[:200]!r}")
        elif begun >= counted_from:
            seen.posts.append(took)
            seen.begun[json.loads(answer)["sample"]["id"]] = begun
        await asyncio.sleep(max(0.0, every - took))


async def screen(line: Connection, arrived: dict[str, float]) -> None:
    """Notes when the event of each registered sample came."""
    reader = await line.lines("/api/v1/events")
    while text := await reader.readline():
        if b"sample.received" in text and (found := SAMPLE_ID.search(text)):
            arrived.setdefault(found[1].decode(), time.perf_counter())


async def instrument(
    line: Connection, road: Road, every: float, until: float, seen: Seen, pool: ThreadPoolExecutor
) -> None:
    """Sends a file every so many seconds, and asks until its candidates are there."""
    loop, spectra, number, waiting = asyncio.get_running_loop(), files(), 0, set[asyncio.Task[None]]()
    while time.perf_counter() < until:
        content, number = spectra[number % len(spectra)], number + 1
        sample_id = await loop.run_in_executor(pool, road.register)
        analysis_id = await loop.run_in_executor(pool, road.analysis, sample_id)
        waiting.add(asyncio.create_task(_candidates(Connection(line.port, line.token), analysis_id, content, seen)))
        await asyncio.sleep(every)
    await asyncio.wait_for(asyncio.gather(*waiting), 60)


async def _candidates(line: Connection, analysis_id: str, content: bytes, seen: Seen) -> None:
    begun = time.perf_counter()
    status, answer = await line.ask(
        "POST", f"/api/v1/analyses/{analysis_id}/uploads?filename=a.dx", content, "application/octet-stream"
    )
    upload_id = json.loads(answer)["id"] if status in (201, 202) else ""
    while status < 400 and time.perf_counter() - begun < 60:
        status, answer = await line.ask("GET", f"/api/v1/uploads/{upload_id}/readings")
        if status == 200 and (readings := json.loads(answer)):
            status, answer = await line.ask("GET", f"/api/v1/readings/{readings[0]['id']}/candidates")
            if status == 200:
                seen.candidates.append(time.perf_counter() - begun)
                break
        await asyncio.sleep(0.05)
    else:
        seen.refused.append(f"file: {status} {answer[:200]!r}")
    line.close()


async def bench(
    road: Road, phone: Connection, every: float, until: float, seen: Seen, pool: ThreadPoolExecutor
) -> None:
    """Takes a sample to its release every so many seconds; then its client reads the page."""
    loop = asyncio.get_running_loop()
    while time.perf_counter() < until:
        sample_id, result_id, etag = await loop.run_in_executor(pool, road.verified)
        begun = time.perf_counter()
        await loop.run_in_executor(pool, road.step, "session_lead", result_id, "release", etag)
        seen.releases.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        status, _ = await phone.ask(
            "POST", "/api/v1/tickets/view", json.dumps({"code": road.codes[sample_id]}).encode()
        )
        seen.pages.append(time.perf_counter() - begun)
        if status != 200:
            seen.refused.append(f"ticket: {status}")
        await asyncio.sleep(every)


async def load(servers: list[Server], road: Road, tokens: dict[str, str]) -> Seen:
    """Everything at once, for the time that was asked for."""
    seen, arguments = Seen(), ARGUMENTS
    ports = [server.port for server in servers]
    lines = [Connection(ports[k % len(ports)], tokens["reception"]) for k in range(arguments.screens)]
    seen.arrived = [{} for _ in lines]
    streams = [asyncio.create_task(screen(line, seen.arrived[k])) for k, line in enumerate(lines)]
    await asyncio.sleep(1 + arguments.screens / 200)
    until = time.perf_counter() + WARM_UP_S + arguments.seconds
    work = [
        tablet(Connection(ports[k % len(ports)], tokens["reception"]), road.session_id, arguments.every, until, seen)
        for k in range(arguments.tablets)
    ]
    with ThreadPoolExecutor(4) as pool:
        if arguments.file_every:
            work.append(
                instrument(Connection(ports[0], tokens["chemist"]), road, arguments.file_every, until, seen, pool)
            )
        work.append(bench(road, Connection(ports[-1], ""), 10, until, seen, pool))
        await asyncio.gather(*work)
    await asyncio.sleep(STRAGGLERS_S)
    for stream in streams:
        stream.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    for line in lines:
        line.close()
    return seen


def cost(processes: list[psutil.Process]) -> tuple[float, float]:
    """Seconds of processor so far: of these servers, and of the workers and readers they started."""
    servers = workers = 0.0
    for one in processes:
        times = one.cpu_times()
        servers += times.user + times.system
        for child in one.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                workers += times.user + times.system
    return servers, workers


@contextlib.contextmanager
def tent(folder: Path, database_url: str) -> Iterator[tuple[list[Server], list[psutil.Process], Service]]:
    """The servers of one service, each with its share of the workers."""
    service = Service.prepare(folder, database_url)
    share = str(ARGUMENTS.workers // ARGUMENTS.servers)
    servers = [service.server(MAST_WORKERS=share, MAST_LOG_LEVEL="WARNING") for _ in range(ARGUMENTS.servers)]
    try:
        for server in servers:
            server.start()
        yield (
            servers,
            [psutil.Process(s.process.pid) for s in servers if isinstance(s.process, subprocess.Popen)],
            service,
        )
    finally:
        for server in servers:
            server.stop()
            server.hang_up()


Measured = dict[str, tuple[float, ...]]
"""What is waited for → p50, p95 and p99 in milliseconds; and what it cost."""


def measured(seen: Seen, spent: tuple[float, float], memory: list[float]) -> Measured:
    """What one run has shown."""
    live, lost = seen.live()
    rows = {
        "POST": seen.posts, "live": live, "file → candidates": seen.candidates, "release": seen.releases,
        "client's page": seen.pages,
    }  # fmt: skip
    found: Measured = {}
    for what, values in rows.items():
        if len(values) > 1:
            cuts = statistics.quantiles(values, n=100, method="inclusive")
            found[what] = 1000 * cuts[49], 1000 * cuts[94], 1000 * cuts[98]
    each = 1000 / max(1, len(seen.posts))
    found["processor"] = each * spent[0], each * spent[1]
    found["memory"] = (max(memory),)
    found["not as it should be"] = lost, len(seen.refused)
    return found


def report(name: str, found: Measured) -> None:
    """A line for each."""
    lost, refused = found["not as it should be"]
    servers, workers = found["processor"]
    for what, cuts in found.items():
        if len(cuts) == 3:
            print(f"{name:<26} {what:<18} p50 {cuts[0]:7.0f}   p95 {cuts[1]:7.0f}   p99 {cuts[2]:7.0f} ms")
    print(
        f"{name:<26} not delivered {lost:.0f}, refused {refused:.0f}; processor per sample registered, all else included: servers "
        f"{servers:.1f} ms, workers {workers:.1f} ms; largest server {found['memory'][0]:.0f} MB"
    )


def medians(rounds: list[Measured]) -> Measured:
    """Of every figure over the rounds; of what was lost and refused the worst."""
    found = {
        what: tuple(map(statistics.median, zip(*(one[what] for one in rounds), strict=True))) for what in rounds[0]
    }
    what = "not as it should be"
    return {**found, what: tuple(map(max, zip(*(one[what] for one in rounds), strict=True)))}


def _burn() -> None:
    while True:
        sum(range(10_000))


def run(database_url: str) -> Measured:
    """One configuration, once."""
    with (
        tempfile.TemporaryDirectory(prefix="mast-tent-") as folder,
        tent(Path(folder), database_url) as (servers, processes, service),
    ):
        if ARGUMENTS.idle:
            asyncio.run(_idle(servers[0], service.tokens["reception"]))
            return {}
        road = servers[0].road()
        for server in servers:  # nobody opens the doors before the workers are ready
            line = Connection(server.port, service.tokens["chemist"])
            asyncio.run(_candidates(line, road.analysis(road.register()), files()[0], Seen()))
        road.released()
        before = cost(processes)
        seen = asyncio.run(load(servers, road, service.tokens))
        after = cost(processes)
        spent = after[0] - before[0], after[1] - before[1]
        for line in seen.refused[:3]:
            print("   ", line)
        return measured(seen, spent, [p.memory_info().rss / 1e6 for p in processes])


async def _idle(server: Server, token: str) -> None:
    lines = [Connection(server.port, token) for _ in range(ARGUMENTS.idle)]
    streams = [asyncio.create_task(screen(line, {})) for line in lines]
    await asyncio.sleep(5 + ARGUMENTS.idle / 100)
    assert isinstance(server.process, subprocess.Popen)
    print(f"{ARGUMENTS.idle} idle screens: {psutil.Process(server.process.pid).memory_info().rss / 1e6:.0f} MB")
    for stream in streams:
        stream.cancel()
    for line in lines:
        line.close()


def rounds(name: str, fresh: Callable[[], contextlib.AbstractContextManager[str]]) -> None:
    """Each round on a fresh database; then the medians."""
    found = []
    for number in range(ARGUMENTS.rounds):
        with fresh() as database_url:
            one = run(database_url)
        if one:
            report(f"{name}, run {number + 1}", one)
            found.append(one)
    if len(found) > 1:
        report(f"{name}, median", medians(found))


def main() -> None:
    """SQLite, or PostgreSQL where asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tablets", type=int, default=60)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two samples of a tablet")
    parser.add_argument("--screens", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long is counted, after a warm-up")
    parser.add_argument("--file-every", type=float, default=3.0, help="seconds between two files; 0: none")
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="of all servers together; each starts its share")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--idle", type=int, default=0)
    parser.add_argument("--busy-core", action="store_true")
    parser.add_argument("--postgres", action="store_true")
    parser.parse_args(namespace=ARGUMENTS)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    busy = multiprocessing.Process(target=_burn, daemon=True)
    if ARGUMENTS.busy_core:
        busy.start()
    name = f"{'PostgreSQL' if ARGUMENTS.postgres else 'SQLite'} {ARGUMENTS.servers}+{ARGUMENTS.workers}{' busy' if ARGUMENTS.busy_core else ''}"
    if not ARGUMENTS.postgres:
        rounds(name, lambda: contextlib.nullcontext(""))
    elif (binaries := postgres.find_binaries()) is None:
        print("PostgreSQL: not installed here")
    else:
        own = postgres.PostgresServer(binaries)
        own.start()
        try:
            rounds(name, lambda: postgres.fresh_database(own.url(), "template0"))
        finally:
            own.remove()
    if busy.is_alive():
        busy.terminate()


ARGUMENTS = argparse.Namespace()

if __name__ == "__main__":
    main()
