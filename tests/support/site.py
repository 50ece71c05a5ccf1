"""A real server for browser tests: a process of `mast demo` over a copy of the example, which may be killed.

Also the people who use it (`Desk`): each in a browser context of their own, with everything the browser complains
about gathered, because a page that looks right and logs an error is not right.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from app.operations.demo import PEOPLE, DemoPerson
from app.platform.kernel.actor import Role
from app.screens.hints import HINTS
from tests.support import cheap_passwords
from tests.support.ports import free_port
from tests.support.road import Road
from tests.support.serving import Forked

if TYPE_CHECKING:
    import pytest
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

UNTIL_IDLE = """
from app.main import build_runtime
from app.settings import Settings
runtime = build_runtime(Settings(demo=True, log_level="WARNING"))
runtime.jobs.run_until_idle()
runtime.close()
"""
"""Does what the example leaves for a worker to do, once: else every site that is copied from it would do it at its start, and a
file that a test sends would wait meanwhile."""
PASSWORDS = {person.role: (person.username, person.password) for person in PEOPLE}
TABLET, PHONE, LAPTOP = (1024, 768), (360, 740), (1366, 900)


def environment(folder: Path, port: int = 0) -> dict[str, str]:
    """The environment of a demo server of its own: nothing of the machine's MAST settings gets in."""
    rest = {key: value for key, value in os.environ.items() if not key.startswith("MAST_")}
    return {**rest, "MAST_DATA_DIR": str(folder), "MAST_PORT": str(port), "MAST_STRICT_PAGES": "1"}


def make_example(folder: Path) -> Path:
    """What `mast demo` makes on its first start; takes some seconds."""
    log = folder.with_suffix(".log")
    assert Forked(("demo", "--no-serve"), environment(folder), log).wait() == 0, log.read_text()
    done = subprocess.run(
        [sys.executable, "-c", UNTIL_IDLE], env=environment(folder), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    _settle_in(folder)
    return folder


def _settle_in(folder: Path) -> None:
    """Everybody of the example knows their way about: pages are measured and read without the hints of a first visit. They sign in
    at no cost."""
    with contextlib.closing(sqlite3.connect(folder / "mast.sqlite3")) as database, database:
        database.execute("UPDATE person SET hints_hidden = ?", (json.dumps(list(HINTS)),))
        for person in PEOPLE:
            values = (cheap_passwords.CHEAP.hash(person.password), person.username)
            database.execute("UPDATE person SET password_hash = ? WHERE username = ?", values)


def the_example(temporary: pytest.TempPathFactory) -> Path:
    """The example to copy, made once for all workers of a run: whoever comes first makes it, the others wait."""
    base = temporary.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = root / "example" / "data"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make_example(folder.parent / "in the making").rename(folder)
    return folder


@dataclass
class Site:
    """The server process over its data directory. `stop`, `kill` and `start` as often as a test likes.

    `command` stands for `mast`, which without one is forked from a process that has imported it: that takes a second, not five.
    `more` goes into its environment.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | Forked | None = None
    command: tuple[str, ...] = ()
    more: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, and wait until it can work."""
        log, demo = self.folder / "server.log", ("demo", "--port", str(self.port))
        settings = environment(self.folder, self.port) | self.more
        if self.command:
            with log.open("ab") as out:
                self.process = subprocess.Popen(
                    [*self.command, *demo], env=settings, stdout=out, stderr=out, start_new_session=True
                )
        else:
            self.process = Forked(demo, settings, log)
        self.wait()

    def wait(self) -> None:
        """Until it can work."""
        assert self.process is not None
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.HTTPError):
                if httpx2.get(f"{self.url}/ready", timeout=2).status_code == 200:
                    return
            assert self.process.poll() is None, self.log()
            time.sleep(0.05)
        raise AssertionError(f"no server within a minute: {self.log()}")

    def log(self) -> str:
        """What the process wrote."""
        return (self.folder / "server.log").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """Ask it to end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As when the power fails: the whole group of processes at once."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(15)

    def client(self, role: Role | str) -> httpx2.Client:
        """Signed in, for what a test needs beforehand and does not look at."""
        name, password = PASSWORDS[Role(role)]
        client = httpx2.Client(base_url=self.url, timeout=30)
        answer = client.post("/sign-in", data={"username": name, "password": password})
        assert answer.status_code == 303, answer.text[:400]
        return client


@contextlib.contextmanager
def serving(example: Path, folder: Path, **more: Any) -> Iterator[Site]:
    """A site over a copy of the example."""
    shutil.copytree(example, folder)
    site = Site(folder, **more)
    try:
        site.start()
        yield site
    finally:
        site.stop()


class Clients:
    """Signed-in HTTP clients, made once each."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.made: dict[str, httpx2.Client] = {}

    def __call__(self, role: str) -> httpx2.Client:
        if role not in self.made:
            self.made[role] = self.site.client(role)
        return self.made[role]

    def close(self) -> None:
        """Let go of the connections."""
        for client in self.made.values():
            client.close()
        self.made.clear()


def road_on(clients: Clients) -> Road:
    """Takes samples along over HTTP in the session that is open."""
    listed = clients("session_lead").get("/api/v1/sessions").json()["rows"]
    return Road(clients, next(s["id"] for s in listed if s["closed_at"] is None))


# a page that is left takes its unfinished requests with it: no fault of anybody's
HARMLESS = re.compile(r"net::ERR_ABORTED")
NO_WORKERS = "Service Worker registration blocked by Playwright"
"""What a browser says that was told to have none."""


@dataclass
class Watch:
    """What browsers complained about. `expect` says beforehand what a test provokes."""

    complaints: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Listen to every page of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._note(f"script error: {error.error}"))
        context.on("requestfailed", self._failed)
        context.on("response", self._response)

    def expect(self, pattern: str) -> None:
        """Complaints that match are what the test is about."""
        self.expected.append(re.compile(pattern))

    def unexpected(self) -> list[str]:
        """What nobody expected."""
        return [c for c in self.complaints if not any(p.search(c) for p in self.expected)]

    def _note(self, text: str) -> None:
        self.complaints.append(text)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and message.text != NO_WORKERS:
            self._note(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _failed(self, request: Request) -> None:
        if not HARMLESS.search(request.failure or ""):
            self._note(f"failed request: {request.method} {request.url} {request.failure}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"status {response.status}: {response.request.method} {response.url}")


@dataclass
class Desk:
    """Opens browsers on a site: a tablet at reception, a phone in a hand."""

    browser: Browser
    site: Site
    pictures: Path | None = None
    watch: Watch = field(default_factory=Watch)
    contexts: list[BrowserContext] = field(default_factory=list)

    def context(self, size: tuple[int, int] = LAPTOP, **more: Any) -> BrowserContext:
        """A browser of its own: no cookie of another. Without service workers, which would answer what a test wants to hold back,
        unless it asks for them."""
        more.setdefault("service_workers", "block")
        context = self.browser.new_context(
            base_url=self.site.url, viewport={"width": size[0], "height": size[1]}, locale="en-GB", **more
        )
        context.set_default_timeout(15_000)
        self.watch.attach(context)
        self.contexts.append(context)
        return context

    def sign_in(
        self,
        role: Role,
        size: tuple[int, int] = LAPTOP,
        *,
        path: str = "/",
        person: DemoPerson | None = None,
        **more: Any,
    ) -> Page:
        """A page of someone who signed in by the form: somebody of the example who has this role, or this person."""
        page = self.context(size, **more).new_page()
        page.goto("/sign-in")
        sign_in(page, *((person.username, person.password) if person else PASSWORDS[role]))
        if path != "/":
            page.goto(path)
        return page

    def shot(self, page: Page, name: str) -> None:
        """A picture of the whole page, where someone wants to look at it. The caret stays: hiding it would write styles into the page."""
        if self.pictures is None:
            return
        page.screenshot(path=self.pictures / f"{name}.png", full_page=True, caret="initial")

    def close(self) -> None:
        """Close everything; a complaint nobody expected fails the test."""
        for context in self.contexts:
            context.close()
        assert not self.watch.unexpected(), "\n".join(self.watch.unexpected())


def sign_in(page: Page, username: str, password: str) -> None:
    """By the form that is open."""
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def new_key() -> str:
    """An idempotency key."""
    return secrets.token_hex(8)


def bare(code: str) -> str:
    """A ticket code without its spaces."""
    return re.sub(r"\W", "", code)


def scroll_overflow(page: Page) -> int:
    """By how many pixels the page is wider than the screen, once plots have had the time to follow a new width."""
    wider = """() => new Promise((done) => {
        const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
        const until = performance.now() + 1500;
        let frames = 0;
        const look = () => (wide() <= 0 || (++frames > 10 && performance.now() > until) ? done(Math.max(0, wide())) : requestAnimationFrame(look));
        look();
    })"""
    return int(page.evaluate(wider))
