"""Accounts on the screen: a link that opens one, and what a page says when nobody is signed in any more."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.road import Road
from tests.support.site import PHONE, TABLET, Desk

pytestmark = pytest.mark.browser


def test_somebody_new_sets_a_password_by_a_link_whose_secret_leaves_the_address_and_signs_in(desk: Desk) -> None:
    admin = desk.sign_in(Role.ADMIN, path="/people")
    admin.get_by_label("Full name").fill("Nadia New")
    admin.get_by_label("User name").fill("nadia")
    admin.get_by_label("Reception", exact=True).check()
    steps.press(admin, "Add person")
    link = admin.locator("main code").inner_text()
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.get_by_role("button", name="Copy link").click()
    expect(admin.locator("#copied")).to_have_text("The link is on the clipboard.")
    assert admin.evaluate("navigator.clipboard.readText()") == link
    # As under an address without https
    admin.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    admin.get_by_role("button", name="Copy link").click()
    expect(admin.locator("#copied")).to_contain_text("This browser does not allow copying.")
    assert admin.evaluate("getSelection().toString()") == link
    asked: list[str] = []
    phone = desk.context(PHONE).new_page()
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto("/password#" + link.partition("#")[2])
    expect(phone.locator("#link")).to_be_hidden()
    assert phone.url.endswith("/password")
    for label in ("New password", "Repeat new password"):
        phone.get_by_label(label, exact=True).fill("nadia at the door")
    steps.press(phone, "Set password")
    expect(phone.locator("main").get_by_role("status")).to_have_text("Your password is set. Sign in with it.")
    assert not [url for url in asked if link.partition("#")[2] in url.partition("#")[0]]
    phone.get_by_label("User name").fill("nadia")
    phone.get_by_label("Password").fill("nadia at the door")
    phone.get_by_role("button", name="Sign in").click()
    expect(phone.locator("h1")).not_to_have_text("Sign in")


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
