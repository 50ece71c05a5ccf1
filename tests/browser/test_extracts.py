"""An extract in a researcher's hands: asked for, watched while it is drawn, there without loading the page anew."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.road import Road
from tests.support.site import TABLET, Desk

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_an_extract_comes_by_itself_once_it_is_asked_for(desk: Desk, road: Road) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path=f"/projects/{steps.project_on(road, 'propose', 'approve')}")
    expect(page.get_by_text("No extracts yet")).to_be_visible()
    page.get_by_role("button", name="Make an extract").click()
    expect(page.get_by_role("heading", name=re.compile(r"^Number 1,"))).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Make an extract")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Number 1, asked for "))).to_be_visible()
    with page.expect_download() as arriving:
        page.get_by_role("link", name=re.compile("CSV.*number 1")).click()
    assert arriving.value.path().read_text(encoding="utf-8").startswith("region,period,form,intent")
    assert steps.axe(page) == []
