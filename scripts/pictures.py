"""Takes the pictures of README and docs/screens.md: `python -m scripts.pictures [folder]`, over the example on a Saturday at 14:02.

Needs Chromium. The clock is moved on the server and in the browser, so that the pictures show a believable afternoon.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support import browser as chromium
from tests.support.site import PASSWORDS, Clients, Site, bare, environment, road_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser, Page

    from tests.support.road import Road

LONDON = ZoneInfo("Europe/London")
# What the process of the server runs: the demo, some hours or days away from now.
SERVE = """
import sys
from datetime import UTC, datetime, timedelta
shift = timedelta(seconds=float(sys.argv[1]))
from app.operations import demo
from app.cli.serve_verbs import _serve
import app.main, app.settings
class Moved(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + shift
demo.datetime = Moved
settings = app.settings.Settings(cookie_secure=False, demo=True, log_level="WARNING")
settings.public_url = f"http://127.0.0.1:{settings.port}"
print(*demo.prepare(settings, reset=False))
plain = app.main.create_app
app.main.create_app = lambda given: plain(given, clock=lambda: datetime.now(UTC) + shift)
_serve(settings)
"""


class MovedSite(Site):
    """The demo, on the last Saturday at 14:02."""

    def start(self) -> None:
        """Serve with a moved clock."""
        now = datetime.now(LONDON)
        saturday = (now - timedelta(days=(now.weekday() - 5) % 7)).replace(hour=14, minute=2, second=20)
        self.at = saturday.astimezone(UTC)
        shift = (saturday - now).total_seconds()
        self.folder.mkdir(parents=True, exist_ok=True)
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(shift)],
            env=environment(self.folder, self.port),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        self.wait()


def main(folder: Path) -> None:
    """All of them."""
    folder.mkdir(parents=True, exist_ok=True)
    executable = chromium.find_chromium()
    assert executable is not None, "no Chromium"
    with tempfile.TemporaryDirectory() as scratch, chromium.started(executable) as browser:
        site = MovedSite(Path(scratch) / "data")
        site.start()
        try:
            _take(browser, site, folder)
        finally:
            site.stop()


def _take(browser: Browser, site: MovedSite, folder: Path) -> None:
    def page(role: Role | None, width: int, height: int, **more: Any) -> Page:
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="Europe/London",
            **more,
        )
        opened = context.new_page()
        opened.clock.set_fixed_time(site.at)
        if role is not None:
            name, password = PASSWORDS[role]
            context.request.post("/sign-in", form={"username": name, "password": password})
        return opened

    clients = Clients(site)
    road = road_on(clients)
    _reception(page(Role.RECEPTION, 1024, 768), folder)
    _bench(page(Role.CHEMIST, 1366, 900), folder, site, road)
    told = _told(road)
    client = page(None, 390, 844, device_scale_factor=1.5, has_touch=True, is_mobile=True)
    client.goto(f"/t#{bare(road.codes[told])}")
    client.locator(".result__headline").wait_for()
    client.wait_for_timeout(400)  # the fade of what has changed
    _shoot(client, folder, "client")
    consultation = page(Role.HEALTH_WORKER, 1024, 768)
    consultation.goto(f"/consultations/samples/{told}")
    consultation.locator(".result__headline").wait_for()
    _shoot(consultation, folder, "consultation")
    trends = page(Role.RESEARCHER, 1024, 768)
    trends.goto("/trends?measure=samples&by=month&by=region")
    trends.locator(".multiple svg").first.wait_for()
    _shoot(trends, folder, "trends")
    clients.close()


def _reception(page: Page, folder: Path) -> None:
    page.goto("/reception")
    page.get_by_label("Crystal", exact=True).check()
    page.get_by_label("white", exact=True).check()
    page.get_by_label("Yes to all three").check()
    page.locator("#expected").press_sequentially("mand", delay=20)
    page.get_by_role("option").first.wait_for()
    _shoot(page, folder, "reception", blur=False)


def _bench(page: Page, folder: Path, site: MovedSite, road: Road) -> None:
    shared = Path(__file__).resolve().parents[2] / "shared" / "data"
    files = steps.Files.find(shared if shared.is_dir() else None, site)
    address = f"/bench/samples/{road.register(form='crystal', words_spoken='mandy')}"
    page.goto(address)
    steps.upload(page, files.infrared)
    page.get_by_text("1 file: 1 read.").wait_for()
    page.wait_for_timeout(3000)  # the search; what the worker tells has the real time, and so does not reach this page
    page.goto(address)
    steps.plot_is_drawn(page)
    _shoot(page, folder, "bench", again=steps.plot_is_drawn)


def _told(road: Road) -> str:
    """A sample whose result is ready."""
    told = road.register(form="crystal", words_spoken="mandy")
    ran = [road.analysis(told, method=method) for method in ("ftir", "gc_ms")]
    ran.append(road.analysis(told, method="strip", strip_target="opioid.nitazene", strip_reading="negative"))
    result, etag = road.draft(told, ran[:2], substance="eutylone")
    road.finish(result, etag)
    return told


def _shoot(
    page: Page, folder: Path, name: str, *, blur: bool = True, again: Callable[[Page], None] | None = None
) -> None:
    """The screen in light, dark and sunlight, and with letters twice as large."""
    for look in ("light", "dark", "sun", "200"):
        if look == "200":
            page.evaluate(
                "delete document.documentElement.dataset.theme; document.documentElement.style.fontSize = `${2 * parseFloat(getComputedStyle(document.documentElement).fontSize)}px`"
            )
        else:
            page.evaluate("look => { document.documentElement.dataset.theme = look; }", look)
        page.evaluate("dispatchEvent(new CustomEvent('mast:theme'))")  # plots are drawn on canvas
        page.evaluate("scrollTo(0, 0)")
        if blur:
            page.evaluate("document.activeElement?.blur()")
        if again:
            again(page)
        page.wait_for_timeout(200)
        page.screenshot(path=folder / (f"{name}.png" if look == "light" else f"{name}-{look}.png"), caret="initial")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
