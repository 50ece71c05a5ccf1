"""Rule A2 on the pixels: on every S0–S1 golden page the line with 999 ends within a screen and a half of a phone.

The pages are rendered by the real template and put into a real client page, so that its header and its styles count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.care.consultations.client_view import ClientView
from app.care.consultations.domain import ViewKind
from app.main import HERE
from app.platform.web.templates import Templates
from harm_messages import Page, evaluate
from tests.browser.test_client_screens import opened, released
from tests.harm_messages.message_cases import CASES, NOW, pack_of
from tests.support.road import Road
from tests.support.site import Desk

if TYPE_CHECKING:
    from playwright.sync_api import Page as Tab

pytestmark = [pytest.mark.browser, pytest.mark.long]

PHONE, SCREENS, WITH_NOTICE = (375, 667), 1.5, 2.0
END_OF_999 = """() => {
  const line = [...document.querySelectorAll(".unwell li")].find((one) => one.textContent.includes("999"));
  return line.getBoundingClientRect().bottom + scrollY;
}"""


def golden() -> dict[str, Page]:
    pages = {name: evaluate(pack_of(name), *CASES[name], "en", NOW) for name in CASES}
    return {name: page for name, page in pages.items() if page.help_first}


def rendered(page: Page) -> str:
    view = ClientView(ViewKind.RESULT, "St Nicholas church hall, Saturday", page=page, confirmed=True)
    templates = Templates(HERE / "screens", lambda request: {}, strict=True)
    source = '{% import "common/ui.html" as ui %}{% include "ticket/view.html" %}'
    return templates.environment.from_string(source).render(view=view, now=NOW)


@pytest.fixture(scope="module")
def sample(road: Road) -> str:
    return released(road, ("heroin",), "heroin")[0]


@pytest.fixture
def phone(desk: Desk, road: Road, sample: str) -> Tab:
    return opened(desk, road, sample, PHONE)


def test_a2_the_line_with_999_ends_within_a_screen_and_a_half_on_every_grave_golden_page(phone: Any) -> None:
    phone.wait_for_selector(".unwell")
    assert phone.evaluate("getComputedStyle(document.querySelector('.client-page')).fontSize") == "20px"
    far = {}
    for name, page in golden().items():
        phone.evaluate("html => { document.querySelector('.client-page').outerHTML = html; }", rendered(page))
        screens = phone.evaluate(END_OF_999) / PHONE[1]
        if screens > (WITH_NOTICE if page.notices else SCREENS):
            far[name] = round(screens, 2)
    assert far == {}
