"""E3: a page that has had no contact with the server for ten minutes says so and drops what gives a start, a clock or a fraction;
it is replaced before it is read again. Not by the device's date, and not fooled by a phone that slept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from app.platform.kernel.actor import Role
from harm_messages import load_pack
from harm_messages.markdown import to_plain
from tests.browser import steps
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Clients, Desk, bare, new_key

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.long]

SAYS = "This page may be out of date. Ask us."
# what a message looks like once its dosing sentences are marked; put into every answer, whatever the pack says today
MARKED = (
    '<div id="marked"><ul id="lines"><li><span class="dose">A quarter is about 20 mg.</span></li><li>Sip water.</li></ul>'
    '<p id="whole"><span class="dose">Wait 2 hours.</span> <span class="dose">Weigh it.</span></p>'
    '<p id="half" data-spoken="It starts slowly. Wait two hours.">It starts slowly. <span class="dose">Wait 2 hours.</span></p>'
    '<details class="more"><summary>More of it</summary><div><p><span class="dose">Half of it.</span></p></div></details></div>'
)
HIDE_AND_SHOW = """() => {
    for (const hidden of [true, false]) {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }
}"""
VIEW = "**/api/v1/tickets/view*"
LOST = "ERR_INTERNET_DISCONNECTED|ERR_FAILED|htmx:error: timeout"


@pytest.fixture(scope="module")
def sample(road: Road) -> str:
    """A released result."""
    return road.released()[0]


def _marked(context: BrowserContext, pattern: str) -> list[str]:
    """Answers of these addresses carry marked sentences; what was asked for is listed."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        try:
            got = route.fetch()
            text = got.text()
        except Error:
            return  # the page asked anew meanwhile, and wants this answer no more
        asked.append(route.request.url)
        heading = "</h2>" if "/consultations/" in route.request.url else "</h1>"
        head, found, rest = text.partition('class="result__headline"')
        route.fulfill(response=got, body=head + found + rest.replace(heading, heading + MARKED, 1))

    context.route(pattern, answer)
    return asked


@pytest.fixture
def client(desk: Desk, road: Road, sample: str) -> Iterator[tuple[Page, list[str]]]:
    """A client's page on a phone whose date is wrong by a quarter of a century, and what it asked for."""
    desk.watch.expect(LOST)
    context = desk.context(PHONE)
    asked = _marked(context, VIEW)
    page = context.new_page()
    page.clock.install(time=dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    with page.expect_response("**/health"):  # in contact
        page.goto(f"/t#{bare(road.codes[sample])}")
    yield page, asked
    context.set_offline(False)


def _lost(route: Route) -> None:
    route.abort()


def _cut_off(context: BrowserContext) -> None:
    """No network; and no answer from `_marked` either, which asks from outside the browser."""
    context.set_offline(True)
    context.route("**/*", _lost)


def _back(context: BrowserContext) -> None:
    context.unroute("**/*", _lost)
    context.set_offline(False)


def _whole(page: Page) -> None:
    expect(page.locator("#marked .dose:visible")).to_have_count(5)
    expect(page.get_by_text(SAYS)).to_have_count(0)


def _stripped(page: Page) -> None:
    expect(page.get_by_text(SAYS)).to_be_visible()
    expect(page.locator(".dose")).to_have_count(0)
    expect(page.locator("#lines li")).to_have_text(["Sip water."])
    expect(page.locator("#whole")).to_have_count(0)
    expect(page.locator("#half")).to_have_text("It starts slowly.")
    expect(page.locator("#half[data-spoken]")).to_have_count(0)
    expect(page.get_by_text("More of it")).to_have_count(0)
    expect(page.locator(".result__headline")).to_be_visible()
    expect(page.locator(".unwell")).to_be_visible()


def test_E3_ten_minutes_without_contact_and_then_replaced(client: tuple[Page, list[str]]) -> None:
    page, asked = client
    page.locator("summary", has_text="More of it").click()
    _whole(page)
    _cut_off(page.context)
    page.clock.fast_forward("09:30")
    _whole(page)
    page.clock.fast_forward("00:40")
    _stripped(page)
    assert steps.box(page.get_by_text(SAYS))["y"] < steps.box(page.locator(".result__headline"))["y"], "at the top"
    page.emulate_media(color_scheme="dark")
    before = len(asked)
    _back(page.context)
    expect(page.get_by_text(SAYS)).to_have_count(0)
    expect(page.locator("#lines li")).to_have_count(2)
    assert len(asked) > before, "what stands there again comes from the server"


def test_E3_in_contact_a_page_stays_whole_whatever_the_devices_date_does(client: tuple[Page, list[str]]) -> None:
    page, _ = client
    for _ in range(3):
        page.clock.set_system_time(dt.datetime(2038, 1, 1, tzinfo=dt.UTC))
        with page.expect_response("**/health"):
            page.clock.run_for("05:00")
        page.clock.set_system_time(dt.datetime(1980, 1, 1, tzinfo=dt.UTC))
    page.locator("summary", has_text="More of it").click()
    _whole(page)


def test_E3_a_phone_that_slept_shows_no_dose_before_the_server_answered(client: tuple[Page, list[str]]) -> None:
    page, _ = client

    def refuse(route: Route) -> None:
        route.abort()

    page.locator("summary", has_text="More of it").click()
    _whole(page)
    _cut_off(page.context)
    page.route(VIEW, refuse)  # an answer that is made up by the test would come all the same
    page.evaluate(HIDE_AND_SHOW)  # its clock stood still: by that, no time has passed
    expect(page.locator(".dose:visible")).to_have_count(0)
    page.clock.run_for("00:11")
    _stripped(page)
    _back(page.context)
    page.unroute(VIEW, refuse)
    page.clock.run_for("00:06")  # it tries again by itself
    expect(page.locator("#lines li")).to_have_count(2)
    expect(page.get_by_text(SAYS)).to_have_count(0)


def test_E3_the_servers_time_tells_a_lid_that_was_shut(client: tuple[Page, list[str]]) -> None:
    page, asked = client
    page.locator("summary", has_text="More of it").click()
    later = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=20), usegmt=True)
    page.context.route("**/health", lambda route: route.fulfill(json={"status": "ok"}, headers={"Date": later}))
    page.evaluate(
        """() => new MutationObserver((changes) => { window.told ||= changes.some((c) => [...c.addedNodes].some((n) => n.role === "alert")); })
            .observe(document.getElementById("ticket"), { childList: true })"""
    )
    before = len(asked)
    with page.expect_response(VIEW):
        page.clock.run_for("00:31")  # by its own clock half a minute, by the server's 20 minutes
    expect(page.locator("#lines li")).to_have_count(2)
    assert page.evaluate("window.told") is True, "it was taken off at once"
    assert len(asked) > before


def test_E3_the_health_workers_page_too(desk: Desk, sample: str) -> None:
    desk.watch.expect(LOST)
    page = desk.sign_in(Role.HEALTH_WORKER, TABLET)
    asked = _marked(page.context, f"**/consultations/samples/{sample}*")
    asked += _marked(page.context, f"**/consultations/samples/{sample}/**")
    page.clock.install()
    with page.expect_response("**/health"):
        page.goto(f"/consultations/samples/{sample}")
    expect(page.locator("#also[data-ready]")).to_have_count(1)  # every script has come
    page.locator("summary", has_text="More of it").click()
    _whole(page)
    _cut_off(page.context)
    page.clock.fast_forward("10:01")
    _stripped(page)
    _back(page.context)
    page.clock.run_for("00:05")
    expect(page.get_by_text(SAYS)).to_have_count(0)
    expect(page.locator("#lines li")).to_have_count(2)


def test_E3_in_contact_a_withdrawn_message_leaves_an_open_page_within_a_second(
    desk: Desk, road: Road, clients: Clients
) -> None:
    page = desk.context(PHONE).new_page()
    with page.expect_response("**/health"):
        page.goto(f"/t#{bare(road.codes[road.released()[0]])}")
    words = to_plain(load_pack().messages[("M-HEAT", "en")].short, {}).split(".")[0]
    expect(page.locator("#ticket")).to_contain_text(words)
    lead = clients("session_lead")
    shipped = lead.get("/api/v1/message-packs").json()["rows"][-1]["id"]
    withdrawal = {"kind": "message", "target": "M-HEAT", "reason": "The amount of water is wrong"}
    answer = lead.post(
        f"/api/v1/message-packs/{shipped}/withdrawals", json=withdrawal, headers={"Idempotency-Key": new_key()}
    )
    assert answer.status_code == 201, answer.text
    expect(page.locator("#ticket")).not_to_contain_text(words)
