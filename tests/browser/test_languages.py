"""The client changes the language: with and without scripts, on a small phone, and the ticket stays in the tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.road import Road
from tests.support.site import Desk, bare, scroll_overflow

from . import steps

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_the_switch_keeps_the_ticket_in_its_tab_and_the_page_live(desk: Desk, road: Road) -> None:
    sample_id, result_id, etag = road.verified()
    code = bare(road.codes[sample_id])
    context = desk.context((320, 640))
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/t#{code}")
    expect(page.locator(".waiting__stage")).to_have_text("Your result is checked and will be here soon")
    page.locator("summary[aria-label$=Language]").click()
    assert scroll_overflow(page) == 0
    menu = steps.box(page.locator(".menu[open] .menu__body"))
    assert menu["x"] >= 0, "the menu of languages is whole on a small phone"
    page.get_by_role("link", name="Cymraeg").click()
    expect(page.locator(".waiting__stage")).to_have_text(re.compile("^Mae eich canlyniad wedi'i wirio"))
    expect(page.locator("html")).to_have_attribute("lang", "cy")
    expect(page.locator("#live-status")).to_contain_text("Diweddarwyd")
    assert page.url.endswith(f"#{code}")
    assert not [url for url in asked if code in url], "the code is in the fragment, which is never sent"
    road.step("session_lead", result_id, "release", etag)
    expect(page.locator(".result__told")).to_contain_text("Dywedoch chi wrthym")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        assert steps.axe(page, rest=theme == "light") == [], theme
        assert scroll_overflow(page) == 0
    fallen = page.locator(".severity__text[lang=en]")
    expect(fallen.first).to_be_visible()
    page.goto("/t")
    expect(page.locator("html")).to_have_attribute("lang", "cy")
    page.locator("summary[aria-label$=Iaith]").click()
    page.get_by_role("link", name="English").click()
    expect(page.locator(".result__told")).to_contain_text("You told us")
