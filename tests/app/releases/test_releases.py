"""Releases over the service and HTTP: what they hold, audiences, proof, rounded ones of before, the job."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from app.figures.releases import service
from app.figures.releases.service import Audience
from app.figures.releases.tables import Release
from app.figures.trends.domain import Dimension, Row
from app.figures.trends.protection.noise import Draws
from app.figures.trends.protection.tables import FigurePeriod
from app.platform.jobs import JobRunner
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.app.trends.conftest import Figures, figures

__all__ = ["figures"]

OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None)
MONTH, QUARTER, YEAR, REGION = Dimension.MONTH, Dimension.QUARTER, Dimension.YEAR, Dimension.REGION
TODAY = datetime(2026, 6, 13, tzinfo=UTC)


@pytest.fixture
def months(figures: Figures, clock: Any) -> Figures:
    """Five months of two regions, struck."""
    clock.set(TODAY)
    for month in range(1, 6):
        figures.add(60, month=f"2026-{month:02d}")
        figures.add(40, month=f"2026-{month:02d}", region="Wales", verdict="not_as_expected",
                    found=(("metonitazene", "opioid.nitazene"),))  # fmt: skip
    figures.add(50, month="2026-06")
    figures.strike()
    return figures


def make(figures: Figures, note: str = "") -> Release:
    with figures.world.runtime.db.begin(OPERATOR) as uow:
        return service.make(uow, note=note)


def rows(
    figures: Figures,
    release: Release,
    *by: Dimension,
    audience: Audience = Audience.PUBLIC,
    found: str = "",
    **where: str,
) -> dict[tuple[str, ...], Row]:
    rt = figures.world.runtime
    with rt.read() as session:
        filters = {Dimension(name): value for name, value in where.items()}
        got = service.cube_table(session, release, audience, by, filters, found, rt.pack.substances, rt.now())
    return {tuple(row.key.values()): row for row in got.rows}


def test_a_release_holds_every_struck_month_moved_once_more_than_a_researchers(months: Figures) -> None:
    got = make(months)
    assert (got.number, got.first_month, got.last_month) == ("2026.1", "2026-01", "2026-05")
    assert got.number in got.citation
    assert got.content_digest in got.citation
    table = rows(months, got, MONTH)
    assert list(table) == [(f"2026-{m:02d}",) for m in range(1, 6)]
    assert all(row.n is not None and abs(row.n - 100) <= 18 for row in table.values())
    own = months.rows(by="month", measure="samples")
    assert [row.n for row in table.values()] != [row["n"] for row in own.values()]
    assert rows(months, got, MONTH, audience=Audience.PARTNER) == table, "partners read what the public reads"


def test_what_is_released_stays_though_more_is_struck(months: Figures, clock: Any) -> None:
    first = make(months)
    before = rows(months, first, MONTH)
    clock.set(datetime(2026, 8, 5, tzinfo=UTC))
    assert months.strike()
    second = make(months)
    assert rows(months, first, MONTH) == before
    assert list(rows(months, second, MONTH))[-1] == ("2026-07",)
    assert second.supersedes == first.id
    assert second.number == "2026.2"


def test_without_a_struck_month_there_is_nothing_to_release(figures: Figures) -> None:
    with pytest.raises(Conflict, match="nothing to release"):
        make(figures)
    service.ask_daily(figures.world.runtime.db)
    run_jobs(figures)
    with figures.world.runtime.read() as session:
        assert service.releases(session) == []


def test_shares_are_of_those_tested_and_carry_their_interval(months: Figures) -> None:
    got = make(months)
    row = rows(months, got, QUARTER, found="opioid.nitazene")["2026-Q1",]
    assert row.value is not None
    assert row.low is not None
    assert row.low < 0.4 < (row.high or 0)
    expected = rows(months, got, QUARTER, found=service.EXPECTED_FOUND)["2026-Q1",]
    assert expected.value == pytest.approx(0.6, abs=0.15)
    with months.world.runtime.read() as session:
        assert "opioid.nitazene" in service.choices(session, got).found


def test_only_tables_that_are_drawn_can_be_looked_up(months: Figures) -> None:
    got, rt = make(months), months.world.runtime
    for by, where, found in (
        ((Dimension.SITE,), {}, ""),
        ((Dimension.FORM,), {}, ""),
        ((MONTH, QUARTER), {}, ""),
        ((MONTH,), {REGION: "Atlantis"}, ""),
        ((MONTH,), {}, "opi"),
    ):
        with rt.read() as session, pytest.raises((Invalid, Forbidden)):
            service.cube_table(session, got, Audience.PUBLIC, by, where, found, rt.pack.substances, rt.now())


# -- who may read what ----------------------------------------------------------------------------------------------


def test_anybody_reads_the_public_figures(months: Figures) -> None:
    got, world = make(months), months.world
    nobody = world.anonymous()
    public = nobody.get("/api/v1/releases")
    assert public.status_code == 200
    assert [r["number"] for r in public.json()] == [got.number]
    address = f"/api/v1/releases/{got.id}/cube"
    table = nobody.get(address, params={"by": "month"})
    assert table.status_code == 200
    assert [r["month"] for r in table.json()["rows"]] == [f"2026-{m:02d}" for m in range(1, 6)]
    assert all(r["suppressed"] is False for r in table.json()["rows"])
    assert "moved by a small random amount" in table.json()["protection"]


# -- proof ----------------------------------------------------------------------------------------------------------


def checks(figures: Figures, release: Release) -> dict[str, bool | None]:
    with figures.world.runtime.read() as session:
        return {c.what: c.holds for c in service.verify(session, service.release(session, release.id))}


def test_a_release_is_verified_and_what_was_changed_is_noticed(months: Figures) -> None:
    got = make(months, note="the first")
    assert set(checks(months, got).values()) == {True}
    with months.world.runtime.db.begin(OPERATOR) as uow:
        row = uow.session.exec(select(FigurePeriod).where(FigurePeriod.label == "2026-03")).one()
        row.content = row.content + b" "
        uow.session.add(row)
    assert checks(months, got)["2026-03"] is False
    with months.world.runtime.db.begin(OPERATOR) as uow:
        kept = uow.session.get(Release, got.id)
        assert kept is not None
        kept.note = "as it was not"
    assert checks(months, got)["release"] is False


# -- releases of before -----------------------------------------------------------------------------------------------


def test_a_rounded_release_of_before_stays_in_its_table_and_is_shown_nowhere(months: Figures) -> None:
    old = Release(number="2026.9", made_at=TODAY, first_month="2025-01", last_month="2025-02", facts_digest="x" * 64,
                  content_digest="y" * 64, citation="As it was.")  # fmt: skip
    with months.world.runtime.db.begin(OPERATOR) as uow:
        old.counts = {"public": {"cells": 4}}  # type: ignore[dict-item]
        uow.session.add(old)
    nobody = months.world.anonymous()
    assert nobody.get("/api/v1/releases").json() == []
    assert nobody.get("/figures").status_code == 200
    for more in ("", "/cube", "/package"):
        assert nobody.get(f"/api/v1/releases/{old.id}{more}").status_code == 404
    got = make(months)
    assert (got.number, got.supersedes) == ("2026.10", None)
    assert [one["number"] for one in nobody.get("/api/v1/releases").json()] == ["2026.10"]
    with months.world.runtime.read() as session, pytest.raises(NotFound):
        service.of_name(session, old.number)


# -- the job ----------------------------------------------------------------------------------------------------------


def run_jobs(figures: Figures, *, monthly: bool = True) -> None:
    rt = figures.world.runtime
    handlers = service.handlers(rt.db, rt.pack.substances, Draws.of(rt.settings.pepper()), monthly=monthly)
    JobRunner(rt.db, handlers, rt.clock).run_until_idle()


@pytest.mark.parametrize("monthly", [True, False])
def test_every_day_what_is_due_is_struck_and_once_a_month_released_where_that_is_set(
    months: Figures, clock: Any, monthly: bool
) -> None:
    rt = months.world.runtime
    for day in (13, 14):
        clock.set(datetime(2026, 7, day, tzinfo=UTC))
        service.ask_daily(rt.db)
        service.ask_daily(rt.db)
        run_jobs(months, monthly=monthly)
    with rt.read() as session:
        assert "2026-06" in session.exec(select(FigurePeriod.label)).all()
        made = service.releases(session)
    assert [one.note for one in made] == ([service.NOTE] if monthly else [])
