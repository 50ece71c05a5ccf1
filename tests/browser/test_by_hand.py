"""An infrared spectrum of a mixture at the bench: taken apart by hand, undone, and handed in."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.curves import jcamp, mixture
from tests.support.road import Road, ok
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

SHARED = Path(os.environ.get("MAST_SHARED_DATA") or Path(__file__).resolve().parents[3] / "shared" / "data")


@pytest.fixture
def street() -> tuple[bytes, str]:
    """A real recipe of cocaine, phenacetin and levamisole; where there is none, one of the starter library's curves."""
    real = SHARED / "ir" / "dev" / "street_jdx" / "Sd000.dx"
    if real.exists():
        return real.read_bytes(), real.name
    return jcamp(mixture({"cocaine": 0.7, "phenacetin": 0.2, "levamisole": 0.1})), "street.jdx"


def readings_of(clients: Clients, upload: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(clients("chemist").get(f"/api/v1/uploads/{upload}/readings"))
    return found


def test_a_chemist_takes_the_main_substance_out_looks_and_takes_it_back(
    desk: Desk, road: Road, clients: Clients, street: tuple[bytes, str]
) -> None:
    sample = road.register()
    upload = road.upload(road.analysis(sample), *street)
    page = desk.sign_in(Role.CHEMIST, TABLET)
    steps.until(lambda: bool(readings_of(clients, upload)), page, "never read")
    reading = readings_of(clients, upload)[0]["id"]
    page.goto(f"/bench/samples/{sample}?tab=limits")
    expect(page.locator("#bench-spectrum")).to_contain_text("Detection limits in this spectrum")
    expect(page.locator("#plot canvas")).to_have_count(1)  # the fit, its parts and what it leaves in one frame
    expect(page.locator("#plot .plot__keys")).to_contain_text("Unexplained")
    shown = page.get_by_role("button", name=re.compile("^1800–650 cm"))
    expect(shown).to_have_attribute("aria-pressed", "true")
    assert 4 <= len((page.locator("#plot").get_attribute("data-labels") or "").split()) <= 8
    expect(page.get_by_text("Not seen. Detection limits in this spectrum:")).to_be_visible()
    expect(page.locator(".bench-limits")).to_be_hidden()
    page.get_by_text("All detection limits").click()
    expect(page.locator(".bench-limits")).to_be_visible()
    whole = page.locator("#plot canvas").first.evaluate("(c) => c.toDataURL()")
    page.get_by_role("button", name=re.compile("^Show all")).first.click()
    steps.until(
        lambda: page.locator("#plot canvas").first.evaluate("(c) => c.toDataURL()") != whole, page, "never zoomed out"
    )
    expect(shown).to_have_attribute("aria-pressed", "false")
    page.locator("#bench-panel").get_by_role("link", name="Evidence").click()
    expect(page.locator("#bench-panel")).to_contain_text("Mixture analysis")
    page.get_by_role("link", name="Manual subtraction").click()
    expect(page.locator("h1")).to_contain_text("Manual subtraction")
    expect(page.locator("#subtract-plot canvas").first).to_be_visible()

    slider, factor = page.locator("#slider"), page.get_by_label("Factor", exact=True)
    fair = float(slider.get_attribute("data-optimum") or "0")
    expect(page.locator("#trial")).to_contain_text("The residual stays above zero")
    slider.fill(f"{2 * fair:.6g}")
    slider.dispatch_event("change")
    expect(page.locator("#trial")).to_contain_text("Too much Cocaine is subtracted")
    assert float(factor.input_value()) == pytest.approx(2 * fair, rel=0.01)

    page.get_by_role("button", name=re.compile("^Back to the best fit")).click()
    expect(page.locator("#trial")).to_contain_text("The residual stays above zero")
    assert float(factor.input_value()) == pytest.approx(fair, rel=0.01)
    page.get_by_role("button", name="Subtract Cocaine").click()
    expect(page.locator("main").get_by_role("status").first).to_contain_text("Subtracted.")
    expect(page.locator(".subtract__steps li")).to_contain_text("Cocaine")
    expect(page.locator("td").first).to_be_visible()
    assert scroll_overflow(page) == 0

    page.get_by_role("button", name="Undo Cocaine").click()
    expect(page.locator("main").get_by_role("status").first).to_contain_text("Step undone.")
    expect(page.locator(".subtract__steps li")).to_contain_text("undone")
    assert ok(clients("chemist").get(f"/api/v1/readings/{reading}/subtraction"))["version"] == 2
    _handed_in(desk, road, clients, page, sample, reading)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    steps.until(lambda: scroll_overflow(page) == 0, page, "scrolls sideways")  # plots follow a moment later


def _handed_in(desk: Desk, road: Road, clients: Clients, page: Page, sample: str, reading: str) -> None:
    """The parts become findings with shares and limits; the client reads how little could have been missed."""
    page.get_by_role("link", name="Back to the spectrum").click()
    expect(page.locator("#plot canvas")).to_be_visible()
    steps.ready(page)
    with page.expect_navigation():
        page.keyboard.press("Shift+A")  # one key
    expect(page.locator("#bench-findings")).to_contain_text("of the signal")
    steps.press(page, re.compile("^Submit for verification"))
    expect(page.locator("#bench-bar")).to_contain_text("Submitted")
    result = ok(clients("verifier").get(f"/api/v1/samples/{sample}/results"))["rows"][0]
    etag = road.step(
        "verifier", result["id"], "verify", clients("verifier").get(f"/api/v1/results/{result['id']}").headers["ETag"]
    )
    road.step("session_lead", result["id"], "release", etag)
    limits = ok(clients("chemist").get(f"/api/v1/readings/{reading}/candidates"))["answer"]["infrared"]["limits"]
    printed = next(math.ceil(100 * one["limit"]) for one in limits if one["substance_id"] == "mdma")
    client = desk.context(PHONE).new_page()
    client.goto(f"/t#{road.codes[sample]}")
    expect(client.locator("body")).to_contain_text(f"about {max(printed, 5)} % of MDMA")
