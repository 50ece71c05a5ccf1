"""The frame around every staff page: the header in one line, folded where letters are large, words at the foot of a phone, keys
and their list, a sample found by key, and a page that fills the window."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from app.screens.navigation import AREAS, offered
from tests.browser import steps
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Clients, Desk, scroll_overflow

if TYPE_CHECKING:
    pass

pytestmark = [pytest.mark.browser, pytest.mark.long]

SERVICE = [Role.SESSION_LEAD, Role.RECEPTION, Role.CHEMIST, Role.VERIFIER, Role.HEALTH_WORKER, Role.CLINICIAN]
MORE = [*SERVICE, Role.RESEARCHER, Role.ADMIN]


def everything(clients: Clients) -> None:
    """The session lead of the example gets every role there is in a service."""
    admin = clients("admin")
    lead = next(p for p in admin.get("/api/v1/people").json() if p["roles"] == ["session_lead"])
    said = {"version": 1, "display_name": lead["display_name"], "roles": [role.value for role in MORE]}
    found = re.search(r'name="version" value="(\d+)"', admin.get(f"/people/{lead['id']}").text)
    assert found is not None
    answer = admin.post(f"/people/{lead['id']}", data={**said, "version": found[1]})
    assert answer.status_code == 303, answer.text[:300]
    if (signed_out := clients.made.pop("session_lead", None)) is not None:
        signed_out.close()


def test_the_header_of_somebody_with_every_role_is_one_line_and_folds(desk: Desk, clients: Clients) -> None:
    everything(clients)
    page = desk.sign_in(Role.SESSION_LEAD, TABLET)
    header, bottom = page.locator("header.top"), page.locator(".bottom")
    assert steps.box(header)["height"] <= 48
    assert scroll_overflow(page) == 0
    words = [place.label for place in offered(MORE)[0]]
    assert len(words) == AREAS
    for word in words:
        shown = page.locator(".nav__wide .nav__label", has_text=re.compile(f"^{word}$"))
        assert steps.box(shown)["y"] < 48, word
    end = steps.box(page.locator(".top__me"))
    assert end["x"] + end["width"] <= TABLET[0]
    expect(bottom).to_be_hidden()

    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert scroll_overflow(page) == 0
    expect(page.locator("ul.nav__wide")).to_be_hidden()
    page.get_by_text("Menu", exact=True).click()
    expect(page.locator(".nav__more .menu__body").get_by_role("link", name=words[0])).to_be_visible()
    page.evaluate("document.documentElement.style.fontSize = ''")

    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.keyboard.press("Escape")
    assert scroll_overflow(page) == 0
    assert steps.box(header)["height"] <= 48
    assert steps.box(bottom)["y"] + steps.box(bottom)["height"] == PHONE[1], "at the foot of the window"
    assert steps.box(bottom)["height"] == 56
    assert [a.split("\n")[0].strip() for a in bottom.locator(".nav__label").all_inner_texts()] == words
    assert steps.axe(page) == []

    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert steps.box(header)["height"] <= 56, "one line"
    assert scroll_overflow(page) == 0
    page.get_by_text("Menu", exact=True).click()
    for word in ("Find or scan", words[0]):
        shown = steps.box(page.locator(".nav__more .menu__body").get_by_role("link", name=word))
        assert 0 <= shown["x"] <= PHONE[0] - shown["width"], word


def test_keys_are_listed_with_their_switch_and_find_opens_a_sample(desk: Desk, road: Road) -> None:
    sample = road.register()
    page = desk.sign_in(Role.CHEMIST, TABLET, path="/bench")
    steps.ready(page)
    number = str(road.as_("chemist").get(f"/api/v1/samples/{sample}").json()["number"])
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Find or scan")
    assert steps.axe(page) == []
    keys.get_by_label("Use keys on this device").uncheck()
    keys.get_by_role("button", name="Close").click()
    page.keyboard.press("/")
    page.keyboard.press("?")
    expect(keys).to_have_count(0)
    assert page.url.endswith("/bench"), "off means off"
    page.locator(".top__me summary").click()
    page.get_by_role("button", name="Show keyboard keys").click()
    keys.get_by_label("Use keys on this device").check()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    page.keyboard.press("/")
    page.wait_for_url("**/find")
    page.get_by_label("Sample number or substance").fill(number)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/bench/samples/{sample}")


def test_the_typeface_is_served_by_the_service_itself(desk: Desk) -> None:
    page = desk.sign_in(Role.RECEPTION, PHONE)
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate("""document.fonts.check('650 17px "Atkinson Hyperlegible Next"')""")
    names = "performance.getEntriesByType('resource').map((r) => r.name)"
    loaded = [name for name in page.evaluate(names) if name.endswith(".woff2")]
    assert [name.rsplit("/", 1)[-1] for name in loaded] == ["atkinson-latin.woff2"], "the second file on demand only"
