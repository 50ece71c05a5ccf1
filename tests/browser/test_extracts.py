"""An extract in a researcher's hands: asked for, watched while it is drawn, there without loading the page anew."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from app.platform.kernel.actor import Role
from tests.browser import steps
from tests.support.site import TABLET, Clients, Desk

pytestmark = [pytest.mark.browser, pytest.mark.long]


YEAR = datetime.now(UTC).year


def running_project(clients: Clients) -> str:
    """A research project that runs."""
    people = clients("admin").get("/api/v1/people").json()
    body = {
        "title": "What is in powders", "purpose": "Which adulterants come together.",
        "researcher_id": next(one["id"] for one in people if "researcher" in one["roles"]),
        "columns": ["verdict"], "first_month": "2020-01", "last_month": "2030-12",
        "starts_on": f"{YEAR}-01-01", "ends_on": f"{YEAR + 1}-12-31",
    }  # fmt: skip
    row = clients("researcher").post("/api/v1/projects", json=body).json()
    for step, role in (("propose", "researcher"), ("approve", "session_lead")):
        url, headers = f"/api/v1/projects/{row['id']}/{step}", {"If-Match": f'"{row["version"]}"'}
        row = clients(role).post(url, headers=headers).json()
    return str(row["id"])


def test_an_extract_comes_by_itself_once_it_is_asked_for(desk: Desk, clients: Clients) -> None:
    page = desk.sign_in(Role.RESEARCHER, TABLET, path=f"/projects/{running_project(clients)}")
    expect(page.get_by_text("No extracts yet")).to_be_visible()
    page.get_by_role("button", name="Make an extract").click()
    expect(page.get_by_role("heading", name=re.compile(r"^Number 1,"))).to_be_visible(timeout=20_000)
    expect(page.get_by_role("button", name="Make an extract")).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Number 1, asked for "))).to_be_visible()
    with page.expect_download() as arriving:
        page.get_by_role("link", name=re.compile("CSV.*number 1")).click()
    assert arriving.value.path().read_text(encoding="utf-8").startswith("region,period,form,intent")
    assert steps.axe(page) == []


def test_without_scripts_the_page_says_how_to_look(desk: Desk, clients: Clients) -> None:
    page = desk.sign_in(
        Role.RESEARCHER, TABLET, path=f"/projects/{running_project(clients)}", java_script_enabled=False
    )
    page.get_by_role("button", name="Make an extract").click()
    look, there = (
        page.get_by_role("link", name="Check progress"),
        page.get_by_text(re.compile("SHA-256 of the CSV")),
    )
    for _ in range(100):
        if there.is_visible():
            break
        expect(look).to_be_visible()
        look.click()
    expect(there).to_be_visible()
