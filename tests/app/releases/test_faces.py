"""The public page and the page of partners: what they show is in the release, and nothing else of the service is."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from app.care.alerts.domain import Channel
from app.figures.releases import service
from app.figures.releases.service import LookUp, Split, Width
from app.figures.trends.domain import Audience
from app.platform.kernel.actor import Actor, Role
from tests.app.trends.conftest import Figures, figures
from tests.support.staged import database

__all__ = ["database", "figures"]
OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None)
BROWSER = {"Accept": "text/html"}
NITAZENE = (("metonitazene", "opioid.nitazene"),)


@pytest.fixture
def released(figures: Figures, clock: Any) -> Any:
    """April and May in two regions, nitazenes among what was said to be heroin."""
    heroin = {"expected": "heroin", "expected_class": "opioid"}
    clock.set(datetime(2026, 6, 13, tzinfo=UTC))
    figures.add(60, month="2026-04")
    figures.add(40, month="2026-05", region="Wales")
    figures.add(20, month="2026-05", found=NITAZENE, **heroin)
    figures.add(30, month="2026-05", found=(("heroin", "opioid"),), **heroin)
    figures.add(7, month="2026-04", region="Wales")
    figures.add(90, month="2026-04", region="South West")
    figures.add(80, month="2026-05", region="South West")
    return kept(figures)


def kept(figures: Figures) -> Any:
    """What is due struck, and released."""
    figures.strike()
    with figures.world.runtime.db.begin(OPERATOR) as uow:
        return service.make(uow, note="First.")


def public_page(figures: Figures, **params: str) -> Any:
    return figures.world.anonymous().get("/figures", params=params, headers=BROWSER)


def partner_page(figures: Figures, role: Role = Role.POLICE, **params: str) -> Any:
    return figures.world.as_(role).get("/partner", params=params, headers=BROWSER)


def test_before_the_first_release_both_pages_say_so_and_claim_nothing(figures: Figures) -> None:
    figures.add(60)
    for page in (public_page(figures), partner_page(figures)):
        assert page.status_code == 200
        assert "no figures yet" in page.text or "no release yet" in page.text
        assert "does not mean" in page.text
        assert "<svg" not in page.text
        assert "No alert does not mean no risk." in page.text
    assert figures.world.anonymous().get("/figures.csv").status_code == 404


def test_what_is_handed_in_after_a_release_is_not_on_the_pages(figures: Figures, released: Any) -> None:
    before = public_page(figures, width="all").text, partner_page(figures, width="all").text
    figures.add(500, month="2026-05")
    assert (public_page(figures, width="all").text, partner_page(figures, width="all").text) == before


def test_a_page_shows_the_table_of_the_cube_with_its_release_its_definition_and_its_limits(
    figures: Figures, released: Any
) -> None:
    page = public_page(figures, width="all").text
    assert f"<dd>{released.number}</dd>" in page
    assert "<svg" in page
    assert 'id="figures-table"' in page
    assert f"Release {released.number}" in page
    assert "moved by a small random amount" in page
    assert "As of 13 June 2026" in page
    for words in (
        "These figures cannot tell you what is in your drugs",
        "What it cannot show",
        "not the same as not there",
        "Definition version",
    ):
        assert words in page
    assert f'href="/api/v1/releases/{released.id}/package"' in page
    assert f'href="/api/v1/releases/{released.id}/package/partner"' in partner_page(figures).text


def test_every_choice_is_a_look_up_and_the_csv_says_what_the_cube_says(figures: Figures, released: Any) -> None:
    public, partner, rt = figures.world.anonymous(), figures.world.as_(Role.PUBLIC_HEALTH), figures.world.runtime
    for asked in itertools.starmap(LookUp, itertools.product(("", "opioid"), Width, Split)):
        for audience, path, client in ((Audience.PUBLIC, "/figures", public), (Audience.PARTNER, "/partner", partner)):
            page = client.get(asked.address(path), headers=BROWSER)
            assert page.status_code in (200, 403), asked
            if page.status_code == 403:
                assert "Choose longer periods" in page.text
                continue
            lines = list(csv.DictReader(io.StringIO(client.get(asked.address(f"{path}.csv")).text)))
            with rt.read() as session:
                table = service.cube_table(
                    session, released, audience, asked.by, asked.where, asked.found, rt.pack.substances, rt.now()
                )
            assert [line["n"] for line in lines] == ["" if row.n is None else str(row.n) for row in table.rows]
            assert all(line["release"] == released.number and line["licence"] and line["citation"] for line in lines)


def test_a_choice_that_is_not_in_the_release_says_so_and_keeps_the_form(figures: Figures, released: Any) -> None:
    page = public_page(figures, region="Atlantis")
    assert page.status_code == 422
    assert "Atlantis" in page.text
    assert '<select class="input" id="region"' in page.text
    assert public_page(figures, width="week").status_code == 422
    assert public_page(figures, found="<script>alert(1)</script>").status_code == 422
    assert "<script>alert" not in public_page(figures, found="<script>alert(1)</script>").text


def test_what_is_for_partners_is_for_partners_only(figures: Figures, released: Any) -> None:
    of_release = f"/api/v1/releases/{released.id}"
    cube = f"{of_release}/cube?by=month&audience="
    for path in ("/partner", "/partner.csv", f"{of_release}/package/partner", f"{cube}partner"):
        for role in Role:
            expected = 200 if role in {Role.POLICE, Role.PUBLIC_HEALTH} else 403
            assert figures.world.as_(role).get(path).status_code == expected, (role, path)
        assert figures.world.anonymous().get(path).status_code == 401
    for role in Role:
        assert figures.world.as_(role).get("/figures", headers=BROWSER).status_code == 200
        for other in ("operator", "researcher"):
            assert figures.world.as_(role).get(cube + other).status_code in (403, 422), role


def test_neither_page_names_a_place_a_session_or_an_agency(figures: Figures, released: Any) -> None:
    for page in (public_page(figures, width="month", split="both"), partner_page(figures, width="month", split="both")):
        main = page.text[page.text.index("<main") :]
        for words in ("Church hall", "Saturday", "North East Drug Checking", "Another Service"):
            assert words not in main


def test_alerts_that_are_told_stand_on_the_page_of_their_channel(
    figures: Figures, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.screens.releases import page as pages

    asked: list[Channel] = []

    def published(_session: Any, channel: Channel, *_: Any) -> list[Any]:
        asked.append(channel)
        return []

    monkeypatch.setattr(pages.published_alerts, "published", published)
    public_page(figures)
    partner_page(figures)
    assert asked == [Channel.PUBLIC, Channel.PARTNERS]
