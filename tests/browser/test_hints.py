"""Hints on a first visit in a real browser: no button leaves the window for them, and what was typed stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.site import PHONE, TABLET, Desk

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.long]


def show(page: Page) -> None:
    """By the menu of the initials."""
    page.locator(".top__me > summary").click()
    page.get_by_role("button", name="Show hints").click()
    expect(page.locator(".hints li")).to_have_count(3)
    page.keyboard.press("Escape")


@pytest.mark.parametrize("size", [TABLET, PHONE], ids=["tablet", "phone"])
@pytest.mark.parametrize(
    ("role", "path"),
    [(Role.RECEPTION, "/reception"), (Role.CHEMIST, "/"), (Role.HEALTH_WORKER, "/consultations")],
    ids=["reception", "bench", "consultation"],
)
def test_with_hints_the_button_that_finishes_stays_in_the_window(
    desk: Desk, role: Role, path: str, size: tuple[int, int]
) -> None:
    page = desk.sign_in(role, size, path=path)
    if role is Role.HEALTH_WORKER:
        page.locator("main a[href*='/consultations/samples/']").first.click()
        page.wait_for_load_state()
    button = ".actionbar .button--primary, .actionbar .button"
    assert page.locator(".hints").count() == 0
    before = steps.within(page.locator(button).first)
    show(page)
    assert steps.within(page.locator(button).first) >= before
    if size is TABLET and role is not Role.CHEMIST:
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "the page does not scroll"
    page.get_by_role(
        "button", name="Hide hints"
    ).click()  # they are shown to an account, and the next size uses the same one
    expect(page.locator(".hints")).to_have_count(0)


def test_hiding_and_showing_keep_what_was_typed(desk: Desk) -> None:
    page = desk.sign_in(Role.ADMIN, TABLET, path="/people")
    page.locator("[name=display_name]").fill("Sam Taylor")
    show(page)
    page.get_by_role("button", name="Hide hints").click()
    expect(page.locator(".hints")).to_have_count(0)
    assert page.locator("[name=display_name]").input_value() == "Sam Taylor"
    steps.until(lambda: page.evaluate("document.activeElement.id") == "main", page, "the keyboard is lost")
    page.reload()
    expect(page.locator(".hints")).to_have_count(0)
