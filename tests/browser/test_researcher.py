"""The researcher's page in a real browser: a question by keyboard, a chart read without its colour, everything taken away."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.site import PHONE, TABLET, Desk

if TYPE_CHECKING:
    from playwright.sync_api import Download, Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

MONTHS = "/trends?measure=expected_found&by=month"
SVG = "{http://www.w3.org/2000/svg}"


def change(page: Page) -> None:
    """Open the question, which is folded away once it is answered."""
    page.locator(".ask > summary").click()


def tab_to(page: Page, selector: str) -> None:
    """As someone without a mouse gets there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached by the Tab key")


def table_of(page: Page) -> list[list[str]]:
    """The rows under the charts, as they read."""
    rows = page.locator("#trend-table tbody tr").all()
    return [[cell.inner_text().replace("\u00a0", " ") for cell in row.locator("th, td").all()] for row in rows]


def bytes_of(got: Download) -> bytes:
    return Path(got.path()).read_bytes()


def test_a_question_is_built_by_keyboard_and_its_link_opens_it_again(desk: Desk) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path="/trends")
    tab_to(page, ".ask > summary")
    page.keyboard.press("Enter")
    tab_to(page, "#figure")
    page.keyboard.type("number of", delay=10)
    tab_to(page, "[name=by]")
    page.keyboard.type("month", delay=10)
    tab_to(page, "[name=by]")
    page.keyboard.type("region", delay=10)
    tab_to(page, ".sentence .button--primary")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#figure-title")).to_have_text("Samples")
    expect(page.locator("#trend-table thead")).to_contain_text("Month")
    expect(page.locator("#trend-table thead")).to_contain_text("Region")
    seen = table_of(page)
    assert seen
    link = page.locator("[data-permalink]").get_attribute("href") or ""
    assert link == "/trends?measure=samples&by=month&by=region"
    steps.until(lambda: page.url.endswith(link), page, "the address is not the short one")
    again = desk.sign_in(Role.RESEARCHER, PHONE, path=link)
    assert table_of(again) == seen
    expect(again.locator("#figure option:checked")).to_have_text("number of samples")


def test_only_what_a_figure_needs_is_asked_and_nothing_that_was_chosen_is_lost(desk: Desk) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path=MONTHS)
    change(page)
    substance, verdict = page.get_by_label("Substance or class"), page.get_by_label("Compared with what was expected")
    expect(substance).to_be_hidden()
    page.locator("#figure").select_option("found")
    expect(substance).to_be_visible()
    expect(verdict).to_be_hidden()
    substance.select_option(value="entactogen")
    page.locator("#figure").select_option("samples")
    expect(substance).to_be_hidden()
    page.locator("#figure").select_option("found")
    expect(substance.locator("option:checked")).to_have_attribute("value", "entactogen")
    steps.press(page, "Show")
    expect(page.locator("#figure-title")).to_contain_text("a drug like MDMA")
    assert "found=entactogen" in page.url


def test_a_chart_leaves_as_svg_and_as_png_for_a_slide(desk: Desk) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path=MONTHS)
    with page.expect_download() as got:
        page.get_by_role("link", name=re.compile("^SVG")).first.click()
    root = ElementTree.fromstring(bytes_of(got.value))
    words = " ".join(e.text or "" for e in root.iter(f"{SVG}text"))
    assert "The expected substance was found" in words
    assert "People choose what they bring" in words
    assert "definition version" in words
    with page.expect_download() as got:
        page.get_by_role("button", name=re.compile("^PNG")).first.click()
    assert got.value.suggested_filename == "mast-trends-1.png"
    data = bytes_of(got.value)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == (1920, 1080)
    assert len(data) > 20_000, "an empty canvas is smaller"
    expect(page.locator("[data-trends-status]")).to_have_text("Saved as mast-trends-1.png.")


def test_link_and_citation_are_copied(desk: Desk) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path=MONTHS, permissions=["clipboard-read", "clipboard-write"])
    steps.ready(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("[data-trends-status]")).to_have_text("The link is on the clipboard.")
    assert page.evaluate("navigator.clipboard.readText()") == f"{desk.site.url}{MONTHS}"
    page.get_by_text("Citation", exact=True).first.click()
    expect(page.locator("#trend-table")).to_be_hidden()  # one at a time
    page.get_by_role("button", name="Copy citation").click()
    expect(page.locator("[data-trends-status]")).to_have_text("The citation is on the clipboard.")
    cited = page.evaluate("navigator.clipboard.readText()")
    assert "definition version" in cited
    assert "expected_found" in cited


def test_without_scripts_the_question_is_asked_in_one_form_or_in_two_steps(desk: Desk) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path=MONTHS, java_script_enabled=False)
    expect(page.get_by_role("button", name=re.compile("^PNG"))).to_have_count(0)
    change(page)
    expect(page.get_by_label("Substance or class")).to_be_visible()
    desk.watch.expect("status (of )?422")
    page.get_by_label("Figure", exact=True).select_option("found")
    steps.press(page, "Show")
    expect(page.get_by_role("alert")).to_contain_text("which substance")
    expect(page.locator("#figure option:checked")).to_have_text("share in which it was found")
    page.get_by_label("Substance or class").select_option(value="entactogen")
    steps.press(page, "Show")
    expect(page.locator("#figure-title")).to_contain_text("a drug like MDMA")
    with page.expect_download() as got:
        page.get_by_role("link", name=re.compile("^SVG")).first.click()
    assert bytes_of(got.value).startswith(b"<svg")
