"""Scanning with a camera whose picture is a file, with a scanner that types, and without a camera; and a hand-over by labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import segno
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support import browser as chromium
from tests.support.site import PHONE, TABLET, Clients, Desk, Site, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

    from tests.support.road import Road

pytestmark = [pytest.mark.browser(whole=True), pytest.mark.long]

WIDTH, HEIGHT = 640, 480
A_SECOND = 8
"""Frames."""


def film(path: Path, texts: Sequence[str]) -> Path:
    """A film in YUV4MPEG2 that shows the code of each of these texts for half a second, again and again."""
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{A_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for text in texts:
            modules = 1 - np.array([list(row) for row in segno.make(text, error="m", micro=False).matrix], np.uint8)
            code = np.kron(modules, np.ones((8, 8), np.uint8)) * 255
            picture = np.full((HEIGHT, WIDTH), 255, np.uint8)
            top, left = (HEIGHT - len(code)) // 2, (WIDTH - len(code)) // 2
            picture[top : top + len(code), left : left + len(code)] = code
            frame = b"FRAME\n" + picture.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2)
            out.write(frame * (A_SECOND // 2))
    return path


@pytest.fixture
def camera(browser: Browser, site: Site, tmp_path: Path) -> Iterator[Callable[[Sequence[str]], Desk]]:
    """A browser on the site whose camera shows the codes of some texts."""
    opened: list[tuple[Desk, Browser]] = []

    def showing(texts: Sequence[str]) -> Desk:
        picture = film(tmp_path / f"{len(opened)}.y4m", texts)
        flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={picture}"]
        started = browser.browser_type.launch(
            executable_path=chromium.find_chromium(chromium.WHOLE), headless=True, args=[*chromium.FLAGS, *flags]
        )
        opened.append((Desk(started, site), started))
        return opened[-1][0]

    yield showing
    for desk, started in opened:
        try:
            desk.close()
        finally:
            started.close()


def scanner(page: Page, name: str) -> Frame:
    """The frame of the scanner once it has been opened."""
    steps.ready(page)
    page.get_by_role("button", name=name).click()
    page.frame_locator(".scan-sheet iframe").locator(".scan__say").wait_for()
    return page.frames[-1]


def says(frame: Frame, words: str) -> None:
    """The line under the picture says so at some moment."""
    look = "words => document.querySelector('.scan__say').textContent.includes(words)"
    frame.wait_for_function(look, arg=words)


def test_a_scanned_ticket_leads_a_health_worker_to_the_consultation(
    camera: Callable[[Sequence[str]], Desk], road: Road, site: Site
) -> None:
    sample = road.register()
    code = road.codes[sample]
    desk = camera([f"{site.url}/t#{code}"])
    page = desk.sign_in(Role.HEALTH_WORKER, TABLET, path="/find", permissions=["camera"])
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    assert steps.within(page.get_by_role("button", name="Scan a code"))
    assert not [url for url in fetched if "zxing" in url], "nothing is fetched before the first scan"
    scanner(page, "Scan a code")
    page.wait_for_url(f"**/consultations/samples/{sample}")
    assert len([url for url in fetched if url.endswith("zxing-reader.wasm")]) == 1
    assert not [url for url in fetched if code in url], "a ticket stands in no address"


def test_bags_are_scanned_in_a_row_and_handed_over_at_once(
    camera: Callable[[Sequence[str]], Desk], road: Road, site: Site, clients: Clients
) -> None:
    first, second = road.register(received_mg=40), road.register()
    labels = [f"{site.url}/samples/{sample}" for sample in (first, second)]
    desk = camera([labels[0], "https://example.org/menu", labels[1], f"{site.url}/t#{road.codes[first]}"])
    page = desk.sign_in(Role.RECEPTION, TABLET, path="/reception", permissions=["camera"])
    page.goto(f"/sessions/{road.session_id}/samples")
    page.get_by_role("link", name="Hand over samples").click()
    frame = scanner(page, "Scan labels")
    assert steps.axe(frame) == []  # type: ignore[arg-type]
    says(frame, "This is not a MAST ticket or label.")
    says(frame, "This is a client’s ticket.")
    expect(page.locator("[data-chosen]")).to_have_text("2 chosen")
    says(frame, "is chosen already.")
    page.get_by_role("button", name="Close scanner").click()
    assert sorted(box.input_value() for box in page.locator("[name=bag]:checked").all()) == sorted([first, second])

    page.locator(f"#mg-{second}").fill("12,5")
    page.get_by_label("Laboratory").check()
    page.get_by_label("Witness").select_option(index=1)
    button = page.locator(".actionbar .button--primary")
    assert steps.within(button)
    assert page.evaluate("document.documentElement.scrollHeight") == TABLET[1]
    button.click()
    expect(page.locator("[data-chosen]")).to_have_text("2 samples handed over.")
    for sample, mg in ((first, 40), (second, 12.5)):
        ledger = clients("reception").get(f"/api/v1/samples/{sample}/custody").json()
        assert (ledger["retained"], ledger["remaining"]) == (mg, 0)


def test_a_hand_over_that_was_half_filled_is_offered_after_a_reload_with_each_weight_at_its_bag(
    desk: Desk, road: Road
) -> None:
    first, second = road.register(received_mg=40), road.register()
    page = desk.sign_in(Role.RECEPTION, TABLET, path=f"/sessions/{road.session_id}/hand-over")
    steps.ready(page)
    page.locator(f"#bag-{first}").check()
    page.locator(f"#bag-{second}").check()
    page.locator(f"#mg-{second}").fill("12.5")
    page.get_by_label("Destruction").check()
    page.locator("#place").fill("Safe 2")
    page.get_by_label("Witness").select_option(index=1)
    witness = page.get_by_label("Witness").input_value()
    steps.kept(page)
    page.reload()
    expect(page.locator(f"#bag-{first}")).not_to_be_checked()
    page.get_by_role("button", name="Continue with it").click()
    expect(page.locator("[data-chosen]")).to_have_text("2 chosen")
    for bag, mg in ((first, ""), (second, "12.5")):
        expect(page.locator(f"#bag-{bag}")).to_be_checked()
        expect(page.locator(f"#mg-{bag}")).to_have_value(mg)
    expect(page.get_by_label("Destruction")).to_be_checked()
    expect(page.locator("#place")).to_have_value("Safe 2")
    expect(page.get_by_label("Witness")).to_have_value(witness)
    desk.watch.expect("status 422|status of 422")
    steps.press(page, "Hand over samples")  # asked once, because both await analysis and would not come back
    page.get_by_label("Hand over without analysis").check()
    steps.press(page, "Hand over samples")
    expect(page.locator("[data-chosen]")).to_have_text("2 samples handed over.")
    page.goto(f"/sessions/{road.session_id}/hand-over")
    steps.ready(page)
    expect(page.get_by_role("button", name="Continue with it")).to_have_count(0)


def test_a_refused_camera_says_what_to_do_and_a_scanner_that_types_does_the_same(
    camera: Callable[[Sequence[str]], Desk], road: Road, site: Site
) -> None:
    sample = road.register(received_mg=40)
    desk = camera(["nothing"])
    page = desk.sign_in(Role.RECEPTION, PHONE, path=f"/sessions/{road.session_id}/hand-over")
    assert scroll_overflow(page) == 0
    frame = scanner(page, "Scan labels")
    says(frame, "The camera is blocked. Allow it in this browser’s settings for this site, or type the code.")
    frame.get_by_role("button", name="Type it instead").click()
    expect(page.locator(".scan-sheet")).to_have_count(0)
    page.keyboard.type(f"{site.url}/samples/{sample}\n")  # the field has the focus; a scanner ends with Enter
    expect(page.locator("#handing-said")).to_have_text(re.compile(r"\d{3} added\. 1 chosen\."))
    expect(page.locator(f"#bag-{sample}")).to_be_checked()
    assert steps.within(page.locator(".actionbar .button--primary"))
