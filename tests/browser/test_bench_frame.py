"""The bench's frame, measured: what the chemist came for and the button that finishes it are in view, and one key does the most."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from spectra.infrared_grid import GRID
from tests.browser import steps
from tests.support.curves import jcamp, mixture
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow
from tests.support.small_files import MDMA, small_run
from tests.support.waiting import while_it_holds

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]

SPECTRUM_TOP = 230
MOST_TABS = 8
BAR_ON_A_PHONE = 112
LEAST_GAP = 16
GAPS = """() => [...document.querySelectorAll(".bench-tabs ul")].flatMap((list) => {
    const words = [...list.querySelectorAll("a")].map((one) => {
        const range = document.createRange();
        range.selectNodeContents(one);
        return range.getBoundingClientRect();
    });
    return words.slice(1).map((one, at) => one.left - words[at].right);
})"""
MATCHES_IS_PRESSED = """() => {
    for (const part of document.querySelectorAll("#plot .uplot, #plot .u-wrap, #plot .u-over")) part.style.height = "60rem";
    const link = [...document.querySelectorAll("#bench-panel a")].find((one) => one.textContent.trim().startsWith("Matches"));
    const at = link.getBoundingClientRect();
    return link.contains(document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2));
}"""
FIRST_LOAD = 100_000
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((one) => !/uPlot|spectrum|[/]plot/.test(one.name)).reduce((sum, one) => sum + one.encodedBodySize, 0)"""
CAFFEINE = {194: 999.0, 109: 560.0, 55: 250.0, 67: 260.0, 82: 220.0, 193: 70.0}


def read_one(road: Road, clients: Clients, content: bytes, name: str, method: str = "ftir") -> str:
    sample = road.register()
    upload = road.upload(road.analysis(sample, method=method), content, name)
    while_it_holds(lambda: clients("chemist").get(f"/api/v1/uploads/{upload}").json()["state"] == "waiting")
    return sample


def test_at_a_tablet_spectrum_findings_and_the_button_are_in_view_and_nothing_scrolls(
    desk: Desk, road: Road, clients: Clients
) -> None:
    sample = read_one(road, clients, jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})), "street.jdx")
    page = desk.sign_in(Role.CHEMIST, TABLET)
    page.goto(f"/bench/samples/{sample}?tab=matches")
    expect(page.locator("#plot canvas")).to_be_visible()
    assert page.evaluate(WEIGHT) <= FIRST_LOAD
    assert steps.box(page.locator("#plot .plot__area"))["y"] <= SPECTRUM_TOP
    submit = "#bench-bar .button--primary"
    assert steps.within(page.locator(submit))
    assert steps.box(page.locator(submit))["y"] == pytest.approx(
        steps.box(page.locator("#bench-bar [data-key=n]"))["y"], abs=1
    )
    assert min(page.evaluate(GAPS)) >= LEAST_GAP
    assert steps.within(page.locator("#bench-findings h2"))
    assert (
        steps.box(page.locator("#bench-findings h2"))["y"]
        < steps.box(page.locator(".bench-side a[href^='/alerts/new']"))["y"]
    )
    assert steps.within(page.locator(".bench-candidates tbody tr >> nth=0"))
    assert page.evaluate("(pane => pane.scrollWidth - pane.clientWidth)(document.querySelector('.bench-middle'))") <= 0
    assert page.evaluate("document.documentElement.scrollHeight") <= TABLET[1]
    assert [round(steps.box(page.locator(part))["width"]) for part in (".bench-list", ".bench-side")] == [176, 296]
    assert scroll_overflow(page) == 0
    page.set_viewport_size({"width": 1440, "height": 900})
    assert [round(steps.box(page.locator(part))["width"]) for part in (".bench-list", ".bench-side")] == [220, 392]
    page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
    _skips(page)
    steps.ready(page)
    expect(page.get_by_role("button", name="Add all 2")).to_be_in_viewport(ratio=1)
    with page.expect_navigation():
        page.keyboard.press("Shift+A")
    expect(page.locator("#bench-findings .findings > li")).to_have_count(2)
    assert steps.within(page.locator(submit))
    assert page.evaluate(MATCHES_IS_PRESSED), "a chart that is taller than its place covers the tabs below it"
    _phone(page)


def _skips(page: Page) -> None:
    """Two presses of Tab to the findings, and from there a few to the first button that does something."""
    # from the top of the page: after a blur some browsers go on from where the focus was
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to findings")
    page.keyboard.press("Enter")
    for pressed in range(3, MOST_TABS + 1):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('main button, main summary, .actionbar button')"):
            return
        assert pressed < MOST_TABS, "no action within reach"


def _phone(page: Page) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    expect(page.locator("#plot canvas")).to_be_visible()
    expect(page.locator("#bench-findings")).to_be_hidden()
    page.locator("a[data-side=findings]").click()
    expect(page.locator("#bench-findings")).to_be_visible()
    expect(page.locator("#plot canvas")).to_be_hidden()
    assert steps.within(page.locator("#bench-bar .button--primary"))
    assert steps.box(page.locator(".actionbar"))["height"] <= BAR_ON_A_PHONE
    assert scroll_overflow(page) == 0


def test_one_key_makes_findings_of_every_named_peak_of_a_run(desk: Desk, road: Road, clients: Clients) -> None:
    sample = read_one(road, clients, small_run([(340.0, MDMA), (385.0, CAFFEINE)]), "run.cdf")
    page = desk.sign_in(Role.CHEMIST, TABLET, path=f"/bench/samples/{sample}")
    expect(page.locator("#plot canvas")).to_be_visible()
    steps.ready(page)
    with page.expect_navigation():
        page.keyboard.press("Shift+A")
    expect(page.locator("#bench-findings .findings > li")).to_have_count(2)
    expect(page.locator("#bench-bar")).to_contain_text("Components added")
    assert "done=" not in page.url, "what was done is told once, not after Back"
    steps.ready(page)
    page.keyboard.press("]")
    expect(page.locator(".bench-peak")).to_contain_text("Peak 1 at")
    expect(page.locator("#peak-plot canvas")).to_be_visible()
    page.locator("#peak-plot .plot__menu > summary").click()
    page.get_by_role("button", name="Difference").click()
    expect(page.locator("#peak-plot .plot__keys")).to_contain_text("More in")
    page.keyboard.press("Escape")
    over, mark = steps.box(page.locator("#plot .u-over")), steps.box(page.locator("#plot a.plot__mark >> nth=1"))
    page.mouse.click(mark["x"] + mark["width"] / 2, over["y"] + over["height"] - 8)
    expect(page.locator(".bench-peak")).to_contain_text("Peak 2 at")
    assert page.evaluate("document.documentElement.scrollHeight") <= TABLET[1]


def test_a_plot_is_laid_out_read_and_laid_over_by_keys_and_by_buttons(desk: Desk, road: Road, clients: Clients) -> None:
    parts = mixture({"cocaine": 0.6, "caffeine": 0.4}) + 0.3 * np.exp(-(((GRID - 1540) / 9.0) ** 2))
    sample = read_one(road, clients, jcamp(parts), "left.jdx")
    page = desk.sign_in(Role.CHEMIST, TABLET, path=f"/bench/samples/{sample}?tab=matches")
    plot = page.locator("#plot")
    expect(plot.locator("canvas")).to_be_visible()
    steps.ready(page)
    expect(plot.locator(".plot__menu > summary")).to_have_count(2)
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(plot.locator(".plot__said")).to_contain_text(re.compile(r"\d{3,4}.cm⁻¹"))
    assert plot.locator(".plot__readout span").count() >= 3, "what every curve has there"
    _labels(page)
    plot.locator(".plot__menu > summary", has_text="View").click()
    page.get_by_role("button", name="Side by side").click()
    expect(plot.locator("canvas")).not_to_have_count(1)
    first, second = (steps.box(plot.locator(".uplot").nth(k)) for k in (0, 1))
    assert second["y"] > first["y"], "below one another where there is no room"
    page.set_viewport_size({"width": 1440, "height": 900})
    page.wait_for_function(
        "() => { const [a, b] = document.querySelectorAll('#plot .uplot'); return a.offsetTop === b.offsetTop; }"
    )
    page.set_viewport_size({"width": TABLET[0], "height": TABLET[1]})
    page.get_by_role("button", name="Side by side").click()
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    page.wait_for_url(re.compile("over=match-"))
    expect(plot.locator(".plot__keys button")).to_contain_text(["street sample"])
    assert scroll_overflow(page) == 0
    plot.locator("a.plot__mark").first.click()
    expect(page.locator(".bench-left h3")).to_contain_text("Residual at")
    assert page.evaluate("document.documentElement.scrollHeight") <= TABLET[1]


def _labels(page: Page) -> None:
    """A press on a labelled band takes its label away, and a further one brings it back."""
    plot, over = page.locator("#plot"), steps.box(page.locator("#plot .u-over"))
    labels = (plot.get_attribute("data-labels") or "").split()
    assert 1 <= len(labels) <= 8

    def read() -> str:
        return plot.locator(".plot__readout span").first.inner_text().split()[0]

    for _ in range(20):  # a band beside a higher one has no room for its label
        if read() in labels:
            break
        page.keyboard.press("]")
    here = read()
    assert here in labels
    at = page.evaluate("document.querySelector('#plot .u-cursor-x').getBoundingClientRect().x")
    where = (at, over["y"] + over["height"] / 2)
    page.mouse.click(*where)
    expect(plot).not_to_have_attribute("data-labels", re.compile(rf"\b{here}\b"))
    page.mouse.click(*where)
    expect(plot).to_have_attribute("data-labels", re.compile(rf"\b{here}\b"))


PRERENDERED = "Object.defineProperty(document, 'prerendering', { get: () => !window.isSeen, configurable: true });"


def test_a_sample_that_is_made_ready_ahead_asks_for_its_plot_alone_until_someone_sees_it(
    desk: Desk, road: Road, clients: Clients
) -> None:
    sample = read_one(road, clients, jcamp(mixture({"cocaine": 0.6, "caffeine": 0.4})), "street.jdx")
    page = desk.sign_in(Role.CHEMIST, TABLET)
    page.goto("about:blank")  # where signing in led asks too
    page.add_init_script(PRERENDERED)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/bench/samples/{sample}")
    expect(page.locator("#plot canvas").first).to_be_visible()
    expect(page.locator("html[data-enhanced]")).to_be_attached()
    assert not [
        url for url in asked if not re.search(r"/static/|/plot|/bench/ahead$|/bench/samples/[0-9a-f-]{36}$", url)
    ]
    with page.expect_request(re.compile("/events")), page.expect_request(re.compile("/here$")):
        page.evaluate("() => { window.isSeen = true; document.dispatchEvent(new Event('prerenderingchange')); }")
