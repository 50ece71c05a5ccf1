"""One answer for a sample on the bench: two files dropped, the matrix read, everything added, a contradiction answered, and on to release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.known_files import ei_of, ir_of
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]


def _matrix(page: Page) -> dict[str, list[str]]:
    """Part → what each method says of it, read as it stands on the page."""
    rows = page.locator(".bench-matrix tbody tr")
    return {
        rows.nth(k).locator("th b").inner_text(): rows.nth(k).locator(".bench-state").all_inner_texts()
        for k in range(rows.count())
    }


def _worked_out(page: Page, clients: Clients, sample: str) -> None:
    """Wait until the answer is that of both files."""

    def ready() -> bool:
        found = clients("chemist").get(f"/api/v1/samples/{sample}/answer").json()
        return found.get("progress") == "ready" and len(found["answer"]["methods"]) > 1

    steps.until(ready, page, "no answer of both files", seconds=60)


def test_two_files_of_two_things_are_put_together_asked_about_and_released(
    desk: Desk, road: Road, clients: Clients
) -> None:
    sample = road.register(expected=["cocaine"])
    page = desk.sign_in(Role.CHEMIST, TABLET, path=f"/bench/samples/{sample}?part=files")
    steps.ready(page)
    page.locator("#upload").set_input_files(
        [steps.file("a.jdx", ir_of(ketamine=1.0)), steps.file("b.msp", ei_of("Cocaine"))]
    )
    expect(page.locator("#bench-files")).to_contain_text("b.msp")
    expect(page.locator("#bench-files .findings")).to_contain_text("GC-MS")
    _worked_out(page, clients, sample)
    page.goto(f"/bench/samples/{sample}")
    # several methods: it opens first
    expect(page.locator("#bench-panel .bench-tabs [aria-current]")).to_contain_text("Sample")
    expect(page.locator(".bench-matrix")).to_be_visible()
    assert set(_matrix(page)) == {"Cocaine", "Ketamine"}
    assert any(word.startswith("seen") for word in _matrix(page)["Cocaine"])
    expect(page.locator(".bench-question h3").first).to_have_text("Question")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert scroll_overflow(page) == 0
    page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})

    steps.press(page, "Add all 2")
    expect(page.locator("#bench-findings .findings")).to_contain_text("Ketamine")
    expect(page.locator("#bench-findings .findings")).to_contain_text("Cocaine")
    steps.answer_questions(page, "both scraped from one bag")
    expect(page.locator(".bench-question h3").first).to_have_text("Answered")
    assert not [one for one in steps.axe(page) if "bench" in one]
    steps.press(page, re.compile("^Submit for verification"))
    expect(page.locator("#bench-bar")).to_contain_text("Submitted")

    verifier = desk.sign_in(Role.VERIFIER, TABLET, path=f"/bench/samples/{sample}")
    expect(verifier.locator("#bench-whole")).to_contain_text("both scraped from one bag")
    assert set(_matrix(verifier)) == {"Cocaine", "Ketamine"}
    expect(verifier.locator(".bench-review")).to_contain_text("2 questions about the readings were answered.")
    steps.press(verifier, re.compile("^Verify"))
    lead = desk.sign_in(Role.SESSION_LEAD, TABLET, path=f"/bench/samples/{sample}")
    lead.get_by_role("link", name=re.compile("^Release to client")).click()
    steps.press(lead, re.compile("^Release to client"))
    expect(lead.locator("#bench-findings")).to_contain_text("released")
