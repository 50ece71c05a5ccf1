"""The first tasks of reception and bench, timed by the finger of a person who knows the screens.

    python -m benchmarks.taps                  all three
    python -m benchmarks.taps --only bench

`mast demo` over its example and a Chromium on a tablet. Each tap, key and letter waits 250 ms before it, what the eye and the finger
need; a thing that is not on the screen without scrolling cannot be tapped, and the task stops there. What the server and the browser take comes
on top. Prints taps and keys, letters and seconds; asserts nothing else.

Reception: three samples, one said to be “spice”, one unknown, one of the same group; bar 60 s. Bench: a mixture from its dropped file to the
submitted result; bar 20 s. Files: 40 whose names carry the sample number; bar 10 s.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support import browser as chromium
from tests.support.curves import jcamp, mixture
from tests.support.road import Road, infrared_file, ok
from tests.support.site import PASSWORDS, TABLET, Clients, Site, make_example, road_on

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

HUMAN_MS = 250
FILES = 40
OPTIONAL = (("aggregate_data", "yes"), ("share_in_alert", "no"), ("followup", "no"))
OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass
class Hand:
    """One finger on one page, which counts what it does."""

    page: Page
    taps: int = 0
    letters: int = 0
    began: float = field(default_factory=time.perf_counter)

    def tap(self, found: Locator) -> None:
        """Tap what is on the screen as it is."""
        found.wait_for(state="visible")
        self.page.wait_for_timeout(HUMAN_MS)
        box, size = found.bounding_box(), self.page.viewport_size
        assert box is not None
        assert size is not None
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert 0 <= middle[1] <= size["height"], f"{found} has to be scrolled to"
        self.page.touchscreen.tap(*middle)
        self.taps += 1

    def key(self, name: str) -> None:
        """Press a key."""
        self.page.wait_for_timeout(HUMAN_MS)
        self.page.keyboard.press(name)
        self.taps += 1

    def write(self, words: str) -> None:
        """Type into the field that has the focus."""
        self.page.keyboard.type(words, delay=HUMAN_MS)
        self.letters += len(words)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self.began


def told(what: str, hand: Hand, bar: float) -> None:
    """One line."""
    met = "met" if hand.seconds <= bar else "MISSED"
    print(f"{what:<52} {hand.taps:2} taps {hand.letters:2} letters {hand.seconds:5.1f} s   at most {bar:.0f} s: {met}")


def opened(browser: Browser, site: Site, role: Role, path: str) -> Page:
    """A page of somebody who signed in."""
    context = browser.new_context(
        base_url=site.url, viewport={"width": TABLET[0], "height": TABLET[1]}, has_touch=True, service_workers="block"
    )
    name, password = PASSWORDS[role]
    context.request.post("/sign-in", form={"username": name, "password": password})
    page = context.new_page()
    page.goto(path)
    steps.ready(page)
    return page


def reception(browser: Browser, site: Site, road: Road, _: Clients) -> None:
    """Three samples, to the ticket of the last one."""
    page = opened(browser, site, Role.RECEPTION, f"/sessions/{road.session_id}/reception")
    hand = Hand(page)
    hand.tap(page.locator("#expected"))
    hand.write("spice")
    hand.tap(page.get_by_role("option", name="a synthetic cannabinoid"))
    _looks(hand, "Powder", "green")
    _agreed(hand)
    _registered(hand, "Done: next sample")
    hand.tap(page.locator("label.chip", has_text="Unknown"))
    _looks(hand, "Tablet", "blue")
    _agreed(hand)
    _registered(hand, "Next sample, same group")
    hand.tap(page.locator(".picks label.chip").first)  # what was said lately at this session
    _looks(hand, "Crystal", "white")
    _registered(hand, "")
    told("reception, three samples", hand, 60)
    page.context.close()


def _looks(hand: Hand, form: str, colour: str) -> None:
    for word in (form, colour):
        hand.tap(hand.page.get_by_label(word, exact=True))


def _agreed(hand: Hand) -> None:
    hand.tap(hand.page.get_by_label("Yes to all three"))
    for name, answer in OPTIONAL:
        hand.tap(hand.page.locator(f"[name=consent_{name}][value={answer}]"))


def _registered(hand: Hand, then: str) -> None:
    hand.tap(hand.page.get_by_role("button", name="Register sample"))
    hand.page.locator("#ticket-code").wait_for()
    if then:
        hand.tap(hand.page.get_by_role("link", name=then))
        hand.page.wait_for_url(re.compile(r"/reception"))
        steps.ready(hand.page)


def bench(browser: Browser, site: Site, road: Road, clients: Clients) -> None:
    """A mixture, from the file that is dropped to the sentence that it is submitted. A strip was read before."""
    sample = road.register(expected=["cocaine"], form="powder")
    road.analysis(sample, method="strip", strip_target="opioid.nitazene", strip_reading="negative")
    content = jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4}))
    page = opened(browser, site, Role.CHEMIST, f"/bench/samples/{sample}?part=files")
    hand = Hand(page)
    page.wait_for_timeout(HUMAN_MS)
    page.locator("#upload").set_input_files(
        {"name": "street.jdx", "mimeType": "application/octet-stream", "buffer": content}
    )
    hand.taps += 1
    page.locator(".bench-candidates, #plot canvas").first.wait_for()
    read = hand.seconds
    page.get_by_role("button", name=re.compile("^Add all")).first.wait_for()
    searched = hand.seconds
    with page.expect_navigation():
        hand.key("Shift+A")
    steps.ready(page)
    with page.expect_navigation():
        hand.key("s")
    expect(page.locator("#bench-bar")).to_contain_text("Submitted")
    told("bench, a mixture from its file to submitted", hand, 20)
    print(f"    of these {read:.1f} s until the spectrum is seen, {searched:.1f} s until its parts are named")
    page.context.close()


def files(browser: Browser, site: Site, road: Road, clients: Clients) -> None:
    """40 files, from the page to the sentence that they are assigned."""
    chemist = clients("chemist")
    for n in range(FILES):
        number = ok(chemist.get(f"/api/v1/samples/{road.register()}"))["number"]
        name = f"/api/v1/incoming?filename={number:03d}_ftir.jdx"
        ok(chemist.post(name, content=infrared_file(n), headers=OCTETS))
    page = opened(browser, site, Role.CHEMIST, "/bench/incoming")
    press = page.get_by_role("button", name=f"Assign all {FILES} matched")
    hand = Hand(page)
    hand.tap(press)
    page.get_by_text(re.compile("files? assigned")).first.wait_for()
    told(f"files, {FILES} assigned", hand, 10)
    page.context.close()


TASKS: dict[str, Callable[[Browser, Site, Road, Clients], None]] = {
    "reception": reception,
    "bench": bench,
    "files": files,
}


def main() -> None:
    """All of them, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of tasks, with commas between them")
    wanted = parser.parse_args().only.split(",")
    executable = chromium.find_chromium()
    assert executable is not None, "no Chromium"
    with tempfile.TemporaryDirectory(prefix="mast-taps-") as folder, chromium.started(executable) as browser:
        site = Site(make_example(Path(folder) / "data"))
        site.start()
        clients = Clients(site)
        try:
            for name, task in TASKS.items():
                if name in wanted or wanted == [""]:
                    task(browser, site, road_on(clients), clients)
        finally:
            clients.close()
            site.stop()


if __name__ == "__main__":
    main()
