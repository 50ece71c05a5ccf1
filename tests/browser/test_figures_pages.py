"""The public page on a phone without a sign-in, and the police on theirs: look up, read without colour, take away."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.support.site import PHONE, TABLET, Desk, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]


def table_rows(page: Page) -> list[list[str]]:
    """Cells of the table as they stand there."""
    rows: list[list[str]] = page.evaluate(
        "() => [...document.querySelectorAll('#figures-table tbody tr')].map((r) => [...r.cells].map((c) => c.innerText.trim()))"
    )
    return rows


def look_up(page: Page, **choices: str) -> None:
    """Choose and show, as anybody would."""
    page.locator(".ask > summary").click()
    for label, words in choices.items():
        page.get_by_label(label.replace("_", " "), exact=True).select_option(label=words)
    steps.press(page, "Show")


def saved(page: Page, link: str) -> bytes:
    with page.expect_download() as arriving:
        page.get_by_role("link", name=link).click()
    return Path(arriving.value.path()).read_bytes()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_anybody_finds_the_public_figures_and_reads_what_they_cannot_say(desk: Desk, scripts: bool) -> None:
    page = desk.context(PHONE, java_script_enabled=scripts).new_page()
    page.goto("/sign-in")
    with page.expect_navigation():
        page.get_by_role("link", name="What was found").click()
    expect(page.locator("h1")).to_have_text("What was found")
    for words in (
        "These figures cannot tell you what is in your drugs",
        "What it shows",
        "What it cannot show",
        "Not found is not the same as not there",
    ):
        expect(page.get_by_text(words).first).to_be_visible()
    look_up(page, Step_in_time="month")
    expect(page.locator(".multiple svg").first).to_be_visible()
    expect(page.locator(".multiple__summary").first).not_to_be_empty()
    page.get_by_text("Source", exact=True).first.click()
    expect(page.locator(".citation")).to_contain_text("Release 20")
    expect(page.locator(".nav")).to_have_count(0)
    if scripts:
        assert scroll_overflow(page) == 0


def test_the_table_the_csv_and_the_link_say_the_same(desk: Desk) -> None:
    page = desk.context(TABLET).new_page()
    page.goto("/figures")
    look_up(page, Step_in_time="quarter", Split_by="nothing else")
    shown = table_rows(page)
    assert shown
    lines = list(csv.DictReader(io.StringIO(saved(page, "Download this table as CSV").decode())))
    assert [line["quarter"] for line in lines] == [row[0] for row in shown]
    told = [row[1] for row in shown]
    assert [f"about {int(line['n']):,}" for line in lines] == [t.partition(" (")[0] for t in told]
    assert all(line["release"] and line["licence"] and line["citation"] and line["as_of"] for line in lines)
    with page.expect_navigation():
        page.get_by_role("link", name="Link to this table").click()
    assert table_rows(page) == shown
    page.get_by_text("Source", exact=True).first.click()
    whole = saved(page, "Download the whole release")
    assert whole[:2] == b"PK"
