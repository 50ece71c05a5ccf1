"""What a screen costs on a slow tablet: weight, requests, the first paint of what matters, and how soon it answers.

    python -m benchmarks.screens                     reception, bench, consultation, client's page, board, queue with 500 rows
    python -m benchmarks.screens --samples 50        a shorter queue
    python -m benchmarks.screens --only bench,board

`mast demo` over its example and a Chromium with a processor four times slower behind a line of 1.6 Mbit/s and 150 ms there and back. Bytes are
those that came over the line, compressed, with headers; the plot of the bench is counted apart, and so are the next sample that is fetched ahead
and the tickets a tablet is lent once its page is there.
“Interaction” is the time from a press to the next paint after it. Prints; asserts nothing. Budgets: first load 100 kB with the
font and 14 requests, the plot 40 kB, 2.0 s, 200 ms, shift 0.05, next sample 300 ms.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.platform.kernel.actor import Role
from benchmarks import next_sample as own_chromium
from tests.support import browser as chromium
from tests.support.curves import jcamp, mixture
from tests.support.road import Road
from tests.support.site import PASSWORDS, TABLET, Clients, Site, bare, make_example, road_on

if TYPE_CHECKING:
    from playwright.sync_api import Browser, CDPSession, Page

SLOWER = 4
LINE = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
PLOT = (r"uPlot|/plot", r"/spectrum")
LENT = r"/tablets$"
OF_THE_PLOT = re.compile("|".join(PLOT))
OBSERVE = """() => {
    window.seen = {lcp: 0, shift: 0, slowest: 0};
    new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.lcp = one.startTime; })
        .observe({type: "largest-contentful-paint", buffered: true});
    new PerformanceObserver((list) => { for (const one of list.getEntries()) if (!one.hadRecentInput) seen.shift += one.value; })
        .observe({type: "layout-shift", buffered: true});
    new PerformanceObserver((list) => { for (const one of list.getEntries()) seen.slowest = Math.max(seen.slowest, one.duration); })
        .observe({type: "event", buffered: true, durationThreshold: 16});
}"""

ROUNDS = 3


@dataclass(frozen=True)
class Screen:
    """One page, and something to press on it."""

    name: str
    role: Role | None
    path: str
    press: str


@dataclass
class Line:
    """What came over the line: address and bytes of each answer."""

    loads: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, float] = field(default_factory=dict)

    def listen(self, cdp: CDPSession) -> None:
        """Count from now on."""
        cdp.on("Network.requestWillBeSent", self._asked)
        cdp.on("Network.loadingFinished", self._came)

    def _asked(self, event: dict[str, Any]) -> None:
        self.loads.setdefault(event["requestId"], event["request"]["url"])

    def _came(self, event: dict[str, Any]) -> None:
        self.bytes[event["requestId"]] = event["encodedDataLength"]

    def total(self, wanted: Callable[[str], bool]) -> tuple[int, float]:
        """Requests and bytes of the answers whose address is wanted."""
        found = [self.bytes.get(key, 0.0) for key, url in self.loads.items() if url.startswith("http") and wanted(url)]
        return len(found), sum(found)


def having(part: str) -> Callable[[str], bool]:
    """Whether this is in an address."""
    return lambda url: bool(re.search(part, url))


def slowed(page: Page) -> CDPSession:
    """A slow processor, a slow line, nothing kept from before."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("Network.enable")
    cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})
    cdp.send("Network.emulateNetworkConditions", LINE)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return cdp


def opened(browser: Browser, site: Site, role: Role | None) -> Page:
    """A page of somebody signed in, or of a client."""
    context = browser.new_context(
        base_url=site.url, viewport={"width": TABLET[0], "height": TABLET[1]}, service_workers="block"
    )
    context.set_default_timeout(60_000)
    if role is not None:
        name, password = PASSWORDS[role]
        context.request.post("/sign-in", form={"username": name, "password": password})
    page = context.new_page()
    page.add_init_script(f"({OBSERVE})()")
    return page


def measured(browser: Browser, site: Site, screen: Screen) -> None:
    """One line for one page."""
    page = opened(browser, site, screen.role)
    line = Line()
    line.listen(slowed(page))
    page.goto(screen.path)
    page.wait_for_load_state("load")
    page.wait_for_timeout(2500)
    ahead = re.compile(r"/bench/samples/[0-9a-f-]{36}$")
    other = line.total(lambda url: bool(ahead.search(url)) and not url.endswith(screen.path))
    first = line.total(
        lambda url: (
            not OF_THE_PLOT.search(url)
            and "/events" not in url
            and not re.search(LENT, url)
            and (url.endswith(screen.path) or not ahead.search(url))
        )
    )
    lent = line.total(having(LENT))
    plot = [line.total(having(part)) for part in PLOT]
    of_plot = "   uPlot and points {:.1f} kB in {}, its scripts {:.1f} kB in {}".format(
        *(figure for count, size in plot for figure in (size / 1000, count))
    )
    if screen.press:
        page.locator(screen.press).first.click()
        page.wait_for_timeout(800)
    seen: dict[str, Any] = page.evaluate("seen")
    print(
        f"{screen.name:<14} {first[1] / 1000:6.1f} kB in {first[0]:2} requests   largest paint {seen['lcp']:5.0f} ms   "
        f"interaction {seen['slowest']:4.0f} ms   shift {seen['shift']:.3f}"
        + (of_plot if plot[0][0] else "")
        + (f"   tickets for later {lent[1] / 1000:.1f} kB" if lent[0] else "")
        + (f"   next sample, fetched ahead {other[1] / 1000:.1f} kB" if other[0] else "")
    )
    page.context.close()


def next_sample(browser: Browser, executable: Path, site: Site, path: str) -> None:
    """From a press of J to the next sample on the screen, the browser having had time to make it ready, and without that: medians."""
    signed_in = opened(browser, site, Role.CHEMIST)
    cookies = signed_in.context.cookies()
    signed_in.context.close()
    for ahead in (True, False):
        found = []
        for _ in range(ROUNDS):
            with own_chromium.started(executable, *TABLET) as alone:
                found.append(own_chromium.measure(alone, site.url + path, cookies, SLOWER, LINE, ahead))
        took = statistics.median(one["took"] for one in found)
        how = ", ".join(sorted({one["how"] for one in found}))
        print(f"next sample    {'made ready ahead' if ahead else 'when asked for'}: {took:5.0f} ms ({how})")


def screens(road: Road, clients: Clients) -> list[Screen]:
    """The pages, each with something on it."""
    told, _, _ = road.released()
    sample = road.register(expected=["cocaine"])
    content = jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4}))
    upload = road.upload(road.analysis(sample), content, "street.jdx")
    while clients("chemist").get(f"/api/v1/uploads/{upload}").json()["state"] == "waiting":
        time.sleep(0.05)
    session = f"/sessions/{road.session_id}"
    return [
        Screen("reception", Role.RECEPTION, "/reception", "label:has-text('Crystal')"),
        Screen("bench", Role.CHEMIST, f"/bench/samples/{sample}", "#bench-panel a[data-part]"),
        Screen("consultation", Role.HEALTH_WORKER, f"/consultations/samples/{told}", "main label"),
        Screen("client's page", None, f"/t#{bare(road.codes[told])}", ""),
        Screen("board", Role.SESSION_LEAD, session, ""),
        Screen("queue", Role.RECEPTION, f"{session}/samples", ""),
    ]


def main() -> None:
    """All of them, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=500, help="rows of the queue")
    parser.add_argument("--only", default="", help="names of screens, with commas between them")
    arguments = parser.parse_args()
    executable = chromium.find_chromium()
    assert executable is not None, "no Chromium"
    with tempfile.TemporaryDirectory(prefix="mast-screens-") as folder, chromium.started(executable) as browser:
        site = Site(make_example(Path(folder) / "data"))
        site.start()
        clients = Clients(site)
        try:
            road = road_on(clients)
            some = screens(road, clients)
            wanted = [screen for screen in some if not arguments.only or screen.name in arguments.only.split(",")]
            for screen in wanted[:-1]:
                measured(browser, site, screen)
            next_sample(browser, executable, site, some[1].path)
            for _ in range(arguments.samples):
                road.register()
            measured(browser, site, wanted[-1])
        finally:
            clients.close()
            site.stop()


if __name__ == "__main__":
    main()
