"""The nudge beside a field: what fires, "Leave it out" in one press, going on in a second one, and never for others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from app.platform.kernel.personal_data import found_in, left_out
from tests.browser import steps
from tests.support.personal_texts import HARMLESS, PERSONAL
from tests.support.site import PHONE, TABLET, Clients, Desk

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from tests.support.road import Road

pytestmark = [pytest.mark.browser, pytest.mark.long]

ASK = """async (texts) => {
  const { foundIn, leftOut } = (await import("/static/joined/nudge.js")).$nudge();
  return texts.map((text) => {
    const found = foundIn(text);
    return [found.map((one) => [one.kind, one.start, one.end]), leftOut(text, found)];
  });
}"""


def nudges(clients: Clients) -> list[dict[str, Any]]:
    """Answers and kinds of the log, the newest first."""
    rows = clients("admin").get("/api/v1/audit?limit=100").json()
    return [row["after"] for row in rows if row["verb"] == "nudge"]


def urgent(desk: Desk, road: Road, size: tuple[int, int], **more: Any) -> Page:
    page = desk.sign_in(Role.HEALTH_WORKER, size, path="/consultations/urgent", **more)
    if more.get("java_script_enabled", True):
        steps.ready(page)  # pressed before that, the server asks instead
    page.get_by_role("radio").first.check()
    page.get_by_label("Session", exact=True).select_option(road.session_id)
    return page


def why(page: Page) -> Any:
    return page.locator("#why")


def test_the_browser_finds_what_the_server_finds(desk: Desk) -> None:
    page = desk.sign_in(Role.HEALTH_WORKER, TABLET, path="/consultations/urgent")
    texts = [*HARMLESS, *(text for text, _ in PERSONAL), "two  spaces from my  mate   Dave", "nothing", ""]
    said = [[[[o.kind.value, o.start, o.end] for o in found_in(text)], left_out(text)] for text in texts]
    assert page.evaluate(ASK, texts) == said


@pytest.mark.parametrize("size", [PHONE, TABLET])
def test_it_is_left_out_with_one_press_and_the_log_knows_the_kind(
    desk: Desk, road: Road, clients: Clients, size: tuple[int, int]
) -> None:
    page = urgent(desk, road, size)
    why(page).fill("Two people ill, ask my mate Dave in tent 14.")
    why(page).blur()
    box = page.locator("#why-nudge")
    expect(box).to_contain_text("This looks like a name and a tent or pitch.")
    assert steps.box(box)["y"] - steps.box(why(page))["y"] < 120, "beside the field"
    assert steps.axe(page) == []
    box.get_by_role("button", name="Leave it out").click()
    expect(why(page)).to_have_value("Two people ill, ask my mate in.")
    expect(box).to_have_count(0)
    steps.press(page, "Request approval")
    expect(page.locator("main")).to_contain_text("Two people ill, ask my mate in.")
    assert nudges(clients)[0] == {"answer": "left_out", "kinds": {"": ["name", "tent"]}}


def test_a_press_is_held_back_once_and_a_second_one_goes_on(desk: Desk, road: Road, clients: Clients) -> None:
    page = urgent(desk, road, PHONE)
    why(page).fill("Ill by the main stage, 07700 900123.")
    expect(page.locator("#why-nudge")).to_be_visible()  # its script has come
    page.get_by_role("button", name="Request approval").click()
    box = page.locator("#why-nudge")
    expect(box).to_contain_text("a place by a stage and a phone number")
    expect(why(page)).to_be_focused()
    before = nudges(clients)
    box.get_by_role("button", name="Keep it").click()
    expect(page.locator("main")).to_contain_text("Ill by the main stage, 07700 900123.")
    [entry] = nudges(clients)[: len(nudges(clients)) - len(before)]
    assert entry == {"answer": "kept", "kinds": {"why": ["stage", "phone"]}}


def test_text_that_others_read_cannot_be_kept(desk: Desk) -> None:
    page = desk.sign_in(Role.CHEMIST, TABLET, path="/alerts/new")
    expect(page.get_by_label("What partners and the public read")).to_be_hidden()  # nobody outside is told of a T1
    page.get_by_label("Tier").select_option("T2")
    told = page.get_by_label("What partners and the public read")
    told.fill("Ring her friend Sarah on 07700 900123.")
    told.blur()
    box = page.locator("#told_words-nudge")
    expect(box).to_contain_text("People outside the service will read this text")
    expect(box.get_by_role("button", name="Keep it")).to_have_count(0)
    page.get_by_label("What staff should know").fill("A test.")
    page.get_by_role("button", name="Alert staff or save draft").click()
    expect(page).to_have_url(f"{desk.site.url}/alerts/new")
    expect(box).to_be_visible()
    page.emulate_media(color_scheme="dark")
    assert steps.axe(page) == []


def test_words_that_became_a_chip_are_asked_about_too(desk: Desk, road: Road) -> None:
    page = desk.sign_in(Role.RECEPTION, TABLET, path=f"/sessions/{road.session_id}/reception")
    steps.ready(page)  # pressed before that, the form is sent
    held: list[Route] = []
    page.route("**/nudge.js", lambda route: held.append(route))  # noqa: PLW0108 - playwright marks what it is given
    field = page.locator("#expected")
    field.fill("pill from his mate Dave")
    field.press("Enter")
    chip = page.locator(".picks .is-free")
    expect(chip).to_contain_text("Dave")
    steps.until(lambda: bool(held), page, "the script was not asked for")
    held.pop().continue_()
    steps.describe(page)
    expect(page.locator("#expected-nudge")).to_be_visible()
    page.get_by_role("button", name="Register sample").click()
    page.locator("#expected-nudge").get_by_role("button", name="Leave it out").click()
    expect(chip.locator("span").first).to_have_text("“pill from his mate”")
    assert chip.locator("input").input_value() == "pill from his mate"
