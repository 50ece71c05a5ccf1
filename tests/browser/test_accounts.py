"""Accounts on the screen: a link that opens one, and what a page says when nobody is signed in any more."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.support.road import Road
from tests.support.site import TABLET, Desk

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_a_live_page_does_not_keep_anybody_signed_in_and_says_when_they_are_out(desk: Desk, road: Road) -> None:
    """The attack: live parts counted as use. Signed out, a part of the page was replaced by the sign-in form."""
    desk.watch.expect("status 401|status of 401")
    page = desk.sign_in(Role.RECEPTION, TABLET, path=f"/sessions/{road.session_id}/reception")
    with page.expect_request(lambda request: "hx-request" in request.headers) as renewed:
        road.register()
    assert renewed.value.headers["mast-by-itself"] == "1"
    page.context.clear_cookies()  # what 45 minutes without a tap do
    road.register()
    expect(page.get_by_role("alert")).to_contain_text("You are signed out")
    expect(page.locator("#live-status")).to_have_text("Signed out")
    expect(page.locator("h1")).to_have_text("New sample")
    expect(page.locator("#password")).to_have_count(0)
    page.get_by_role("alert").get_by_role("link", name="Sign in").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert page.locator("input[name=next]").get_attribute("value") == f"/sessions/{road.session_id}/reception"
