"""Reception on one screen: taps counted, nothing below the fold, words as they were said, a ticket that covers itself."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from app.platform.kernel.pictures import without_metadata
from tests.browser import steps
from tests.support.pdf_text import sheets
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.support.road import Road

pytestmark = [pytest.mark.browser, pytest.mark.long]

OPTIONAL = (("aggregate_data", "yes"), ("share_in_alert", "no"), ("followup", "no"))


def reception(desk: Desk, road: Road, size: tuple[int, int] = TABLET, **more: Any) -> Page:
    page = desk.sign_in(Role.RECEPTION, size, path=f"/sessions/{road.session_id}/reception", **more)
    steps.ready(page)
    return page


class Finger:
    """Taps what is on the screen as it is, and counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.taps = page, 0

    def __call__(self, found: Locator) -> None:
        assert steps.within(found), "without scrolling"
        box = steps.box(found)
        self.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.taps += 1


def newest(clients: Clients, road: Road, back: int = 1) -> Any:
    """A sample as it is kept, the newest or one before it."""
    rows = clients("reception").get(f"/api/v1/sessions/{road.session_id}/samples?limit=200").json()["rows"]
    key = sorted(rows, key=lambda row: row["number"])[-back]["id"]
    return clients("reception").get(f"/api/v1/samples/{key}").json()


def looks(page: Page, tap: Finger, substance: str, form: str, colour: str) -> None:
    tap(page.get_by_label(substance, exact=True))
    tap(page.get_by_label(form, exact=True))
    tap(page.get_by_label(colour, exact=True))


def test_the_first_sample_takes_eight_taps_and_no_letter_and_the_next_of_its_group_five(
    desk: Desk, road: Road, clients: Clients
) -> None:
    page = reception(desk, road, has_touch=True)
    assert page.evaluate("document.documentElement.scrollHeight") == 768
    hidden = "[...document.querySelectorAll('.pane')].filter((one) => one.scrollHeight > one.clientHeight).map((one) => one.className)"
    assert page.evaluate(hidden) == [], "nothing of the first step has to be scrolled to"
    assert steps.axe(page) == []
    tap = Finger(page)
    looks(page, tap, "MDMA", "Tablet", "pink")
    tap(page.get_by_label("Yes to all three"))
    for name, answer in OPTIONAL:
        tap(page.locator(f"[name=consent_{name}][value={answer}]"))
    tap(page.get_by_role("button", name="Register sample"))
    expect(page.locator("#ticket-code")).to_be_visible()
    page.wait_for_load_state()  # a page can be seen before its styles have come
    assert tap.taps == 8
    assert page.evaluate(hidden) == []
    assert steps.box(page.locator(".ticket-sheet__qr svg"))["width"] == 240
    assert steps.axe(page) == []

    tap = Finger(page)
    tap(page.get_by_role("link", name="Next sample, same group"))
    expect(page.get_by_text("answers carried over")).to_be_visible()
    page.wait_for_load_state()
    looks(page, tap, "Ketamine", "Powder", "white")
    tap(page.get_by_role("button", name="Register sample"))
    expect(page.locator("#ticket-code")).to_be_visible()
    assert tap.taps == 5
    first, second = newest(clients, road, 2), newest(clients, road)
    assert (first["expected"], first["form"], first["colours"]) == (["mdma"], "tablet", ["pink"])
    assert second["expected"] == ["ketamine"]
    assert first["consents"] == second["consents"]
    assert {first["consents"][kind] for kind in ("analysis", "age_18_attested", "understands_not_safe")} == {"yes"}
    assert first["group_ref"] == second["group_ref"]


def test_on_a_phone_it_is_one_column_and_the_button_is_always_there(desk: Desk, road: Road) -> None:
    page = reception(desk, road, PHONE, has_touch=True)
    assert scroll_overflow(page) == 0
    for _ in range(2):
        box = steps.box(page.get_by_role("button", name="Register sample"))
        assert box["y"] + box["height"] <= PHONE[1]
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.get_by_role("link", name="More details").click()
    expect(page.get_by_label("Sold as")).to_be_visible()
    expect(page.get_by_label("Powder", exact=True)).to_be_hidden()
    page.get_by_role("link", name="Effects", exact=True).click()
    expect(page.get_by_label("Has anyone taken any?")).to_be_visible()
    assert scroll_overflow(page) == 0
    page.get_by_role("link", name="Back to the sample").click()
    expect(page.get_by_label("Powder", exact=True)).to_be_visible()


def test_words_spoken_are_the_street_name_chosen_or_what_was_kept_as_typed(
    desk: Desk, road: Road, clients: Clients
) -> None:
    page = reception(desk, road)
    field = page.locator("#expected")
    field.press_sequentially("spice", delay=10)
    expect(page.get_by_role("option", name="a synthetic cannabinoid")).to_be_visible()  # its meaning, at once
    field.fill("")
    steps.choose(page, "#expected", "mand", "^MDMA")
    expect(page.locator(".picks .chip:has(:checked)")).to_have_text("MDMA“mandy”")
    field.press_sequentially("ketam", delay=10)
    expect(page.get_by_role("option", name="Ketamine", exact=True)).to_be_visible()
    steps.describe(page)
    page.get_by_role("button", name="Register sample").click()
    expect(page.get_by_role("alert")).to_have_text("Choose what “ketam” means, or keep it as typed.")
    page.get_by_role("option", name="Keep “ketam” as typed").click()
    steps.press(page, "Register sample")
    kept = newest(clients, road)
    assert (kept["expected"], kept["words_spoken"].split("; ")) == (["mdma"], ["ketam", "mandy"])


def test_the_ticket_is_covered_after_a_minute_and_one_tap_shows_it_again(desk: Desk, road: Road) -> None:
    page = reception(desk, road)
    page.clock.install()
    steps.describe(page)
    steps.press(page, "Register sample")
    code = page.locator("#ticket-code")
    expect(code).to_be_visible()
    steps.ready(page)
    page.clock.fast_forward(50_000)
    expect(code).to_be_visible()
    page.clock.fast_forward(12_000)
    expect(code).to_be_hidden()
    page.get_by_role("button", name="Show the ticket again").click()
    expect(code).to_be_visible()
    page.get_by_label("Size of the labels").select_option("57x32")
    page.get_by_role("link", name="Test label").click()
    expect(page.locator("html.label-57x32 .label")).to_be_visible()  # the device remembers it
    page.emulate_media(media="print")
    expect(page.get_by_role("heading")).to_be_hidden()
    expect(page.locator(".label")).to_be_visible()


PLACES = "[...document.querySelectorAll('.label')].map((one) => { const at = one.getBoundingClientRect(); return [at.x, at.y]; })"
LABEL_MM, PX_PER_MM = (63.5 + 2.5, 33.9), 96 / 25.4


def test_labels_begin_at_the_first_free_one_of_a_sheet_and_the_next_print_goes_on_behind_them(
    desk: Desk, road: Road
) -> None:
    page = reception(desk, road)
    steps.describe(page)
    steps.press(page, "Register sample")
    steps.ready(page)
    first_free = page.locator("summary", has_text="First free label")
    expect(first_free).to_be_hidden()  # only where a sheet can be begun
    page.get_by_label("Size of the labels").select_option("a4")
    first_free.click()
    page.get_by_role("button", name="23", exact=True).click()
    expect(first_free).to_have_text("First free label 23")
    expect(page.locator("[data-label-place]").first).to_be_hidden()
    page.emulate_media(media="print")
    ticket, bag = page.evaluate(PLACES)
    across, down = (place * side * PX_PER_MM for place, side in zip((1, 7), LABEL_MM, strict=True))
    assert tuple(ticket) == pytest.approx((across, down), abs=1)
    assert (bag[0] - ticket[0], bag[1] - ticket[1]) == pytest.approx((LABEL_MM[0] * PX_PER_MM, 0), abs=1)
    (sheet,) = sheets(page.pdf(prefer_css_page_size=True))
    assert (round(sheet.width), round(sheet.height)) == (210, 297)
    page.emulate_media(media="null")  # pdf() prints as is, "screen" would stay
    expect(first_free).to_have_text("First free label 1")  # 23 and 24 are used: a new sheet
    page.get_by_role("link", name="Test label").click()
    first_free.click()
    page.get_by_role("button", name="24", exact=True).click()
    assert len(sheets(page.pdf(prefer_css_page_size=True))) == 1
    page.reload()
    expect(first_free).to_have_text("First free label 1")  # the device remembers it
    page.get_by_label("Size of the labels").select_option("62x29")
    page.emulate_media(media="print")
    (alone,) = page.evaluate(PLACES)
    assert alone == pytest.approx([0, 0], abs=1)


def test_a_photo_is_made_small_on_the_device(desk: Desk, road: Road, clients: Clients) -> None:
    page = reception(desk, road)
    width, height = 2400, 1200
    pixels = zlib.compress((b"\0" + bytes(7 * x % 251 for x in range(width))) * height, 1)
    pieces = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", pixels), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in pieces
    )
    page.get_by_label("Photo of the sample").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png})
    expect(page.get_by_text("Photo added")).to_be_visible()
    steps.describe(page)
    steps.press(page, "Register sample")
    content = clients("chemist").get(f"/samples/{newest(clients, road)['id']}/photo").content
    picture = without_metadata(content)
    assert (picture.media_type, picture.content) == ("image/jpeg", content)
    assert max(picture.width, picture.height) <= 1600
    assert len(content) <= 400_000
