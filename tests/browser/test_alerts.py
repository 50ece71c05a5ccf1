"""An alert from the draft the detection wrote to its retraction, seen by each person who takes a step, and outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.site import PHONE, TABLET, Clients, Desk

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.road import Road

pytestmark = [pytest.mark.browser, pytest.mark.long]


def _draft_of(clients: Clients, road: Road, page: Page) -> str:
    """What the detection drafts for partners from a confirmed nitazene in a client's heroin, after an overdose."""
    sample = road.register(harm_event="overdose")
    ran = [road.analysis(sample, method=method) for method in ("gc_ms", "ftir")]
    result, etag = road.draft(sample, ran, substance="clonitazene")
    etag = road.finish(result, etag)
    chemist, found = clients("chemist"), []

    def there() -> bool:
        rows = chemist.get("/api/v1/alerts").json()["rows"]
        found[:] = [row["id"] for row in rows if row["sample_id"] == sample and row["tier"] == "T2"]
        return bool(found)

    steps.until(there, page, "the detection drafts an alert")
    return str(found[0])


def test_an_alert_from_draft_to_retraction(desk: Desk, clients: Clients, road: Road) -> None:
    chemist = desk.sign_in(Role.CHEMIST, TABLET, path="/alerts")
    key = _draft_of(clients, road, chemist)
    chemist.goto("/alerts")
    chemist.locator(f'a[href="/alerts/{key}"]').first.click()
    expect(chemist.get_by_role("heading", name="Evidence")).to_be_visible()
    expect(chemist.locator("main")).to_contain_text("not seen by this service before")
    steps.press(chemist, "Submit for sign-off")
    expect(chemist.locator(".stages li").first).to_contain_text("✓")
    expect(chemist.locator("#steps")).to_contain_text("You cannot agree to this alert")

    clinician = desk.sign_in(Role.CLINICIAN, PHONE, path=f"/alerts/{key}")
    steps.press(clinician, "Agree to alert")
    lead = desk.sign_in(Role.SESSION_LEAD, TABLET, path=f"/alerts/{key}")
    lead.once("dialog", lambda dialog: dialog.accept())
    steps.press(lead, "Approve alert")
    expect(lead.get_by_role("heading", name="Where it appears")).to_be_visible()
    steps.until(lambda: steps.axe(lead) == [], lead, "axe finds nothing, once the banner has come in")

    police = desk.sign_in(Role.POLICE, PHONE, path="/alerts")
    expect(police.locator("#told")).to_contain_text("was found, North East")
    for secret in (re.compile(r"\b0\d\d\b"), "Saturday", "Evidence"):  # no sample number
        expect(police.locator("#told")).not_to_contain_text(secret)
    nobody = desk.context(PHONE).new_page()
    nobody.goto("/alerts/public")
    expect(nobody.locator("#told")).not_to_contain_text("clonitazene")
    expect(nobody.locator("#told")).to_contain_text("No alert does not mean no risk")

    lead.get_by_label("Why it is retracted").fill("The reference spectrum was wrong.")
    steps.press(lead, "Retract alert")
    expect(lead.locator("main").get_by_role("status")).to_contain_text("Alert retracted.")
    expect(lead.locator(f'main a[href="/alerts/{key}"]')).to_contain_text("retracted")
    police.reload()
    expect(police.locator("#told .notice")).to_contain_text("The reference spectrum was wrong.")
    expect(police.locator("#told .notice .notice__title")).to_contain_text("Retracted")
