"""The report of a session in a lead's hands: found from the board, read, printed on A4 with nothing cut, downloaded."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.pdf_text import sheets
from tests.support.site import TABLET, Clients, Desk, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

CELLS = """() => [...document.querySelectorAll(".report__part :is(th, td, caption, p, h2)")].map((e) => e.innerText)"""
CUT = """() => [...document.querySelectorAll("main *")]
    .filter((e) => e.checkVisibility() && (e.scrollWidth > e.clientWidth + 1) && getComputedStyle(e).display !== "inline"
        && ["hidden", "clip", "auto", "scroll"].includes(getComputedStyle(e).overflowX) && !e.closest(".visually-hidden"))
    .map((e) => e.tagName + "." + e.className)"""


def past_session(clients: Clients) -> str:
    """The example's session “Winter”: sixty samples, all told."""
    rows = clients("session_lead").get("/api/v1/sessions").json()["rows"]
    return str(next(row["id"] for row in rows if row["name"] == "Winter"))


def opened(desk: Desk, clients: Clients, size: tuple[int, int] = TABLET) -> Page:
    """From the board of the session to its report, as a lead goes."""
    page = desk.sign_in(Role.SESSION_LEAD, size, path=f"/sessions/{past_session(clients)}")
    with page.expect_navigation():
        page.get_by_role("link", name="Report", exact=True).click()
    expect(page.locator("h1")).to_have_text("Report of Winter")
    return page


def squeezed(text: str) -> str:
    """Without white space: a cell that wraps is drawn line by line."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("version", ["own", "pass-on"])
def test_it_prints_on_a4_with_numbered_pages_and_nothing_cut(desk: Desk, clients: Clients, version: str) -> None:
    page = opened(desk, clients)
    if version == "pass-on":
        with page.expect_navigation():
            page.get_by_role("link", name="To pass on").click()
        if page.get_by_text("Not given out yet").is_visible():
            assert steps.axe(page) == []
            page.get_by_role("button", name="Give out report").click()
        expect(page.get_by_text("Small numbers are protected")).to_be_visible()
        expect(page.get_by_text("1; later results are not in it")).to_be_visible()
    else:
        expect(page.get_by_text("These are true counts")).to_be_visible()
    cells = [c for c in page.evaluate(CELLS) if c.strip()]
    printed = sheets(page.pdf(prefer_css_page_size=True))
    assert {(round(s.width), round(s.height)) for s in printed} == {(210, 297)}
    for number, sheet in enumerate(printed, 1):
        assert f"{number} / {len(printed)}" in sheet.text
    text = squeezed("".join(s.text.replace(f"{n} / {len(printed)}", "") for n, s in enumerate(printed, 1)))
    missing = [c for c in cells if squeezed(c) not in text]
    assert not missing, missing[:5]
    for word in ("Download as CSV", "Back to Winter", "Give out a new issue"):
        assert squeezed(word) not in text, f"“{word}” is for the screen"
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 970})  # the text of A4 within its margins
    assert scroll_overflow(page) == 0
    assert page.evaluate(CUT) == []


def test_the_print_button_prints_and_the_csv_says_what_the_page_says(desk: Desk, clients: Clients) -> None:
    page = opened(desk, clients)
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed")
    with page.expect_download() as arriving:
        page.get_by_role("link", name="Download as CSV").click()
    rows = list(csv.DictReader(io.StringIO(arriving.value.path().read_text(encoding="utf-8"))))
    received = next(r["value"] for r in rows if r["table"] == "Samples" and r["row"] == "Received")
    table = page.get_by_role("table", name="Samples", exact=True)
    expect(table.get_by_role("row", name="Received")).to_contain_text(received)
    assert received == "60"
    mdma = [r["value"] for r in rows if r["row"] == "MDMA" and r["column"] == "Samples"]
    assert mdma
    expect(page.get_by_role("row", name=re.compile("^MDMA")).first).to_contain_text(mdma[0])
