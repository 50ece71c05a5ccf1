"""Releases over the service and HTTP: look-ups, audiences, withdrawal, earlier figures, proof, the job."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import pytest

from app.platform.jobs import JobRunner
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Conflict, Invalid
from app.releases import building, proving, release_job, repository, service
from app.releases.evidence import pack, unpack
from app.releases.service import Audience
from app.releases.tables import Release, ReleaseCube
from app.trends import service as trends
from app.trends.domain import Dimension, Row
from tests.app.trends.conftest import Figures, figures

__all__ = ["figures"]

OPERATOR = Actor(None, "operator", frozenset({Role.ADMIN}), None)
MONTH, QUARTER, REGION, EXPECTED = Dimension.MONTH, Dimension.QUARTER, Dimension.REGION, Dimension.EXPECTED
NITAZENE = ("metonitazene", "opioid.nitazene")


def make(figures: Figures, note: str = "", **more: Any) -> Release:
    with figures.world.runtime.db.begin(OPERATOR) as uow:
        return service.make(uow, figures.world.runtime.pack.substances, note=note, **more)


def rows(
    figures: Figures,
    release: Release,
    *by: Dimension,
    audience: Audience = Audience.PUBLIC,
    found: str = "",
    **where: str,
) -> dict[tuple[str, ...], Row]:
    with figures.world.runtime.read() as session:
        filters = {Dimension(name): value for name, value in where.items()}
        got = service.cube_table(session, release, audience, by, filters, found)
    return {tuple(row.key.values()): row for row in got.rows}


def counts(table: dict[tuple[str, ...], Row]) -> dict[tuple[str, ...], int | None]:
    return {key: row.n for key, row in table.items()}


@pytest.fixture
def two_months(figures: Figures) -> Figures:
    figures.add(43, month="2026-04")
    figures.add(60, month="2026-05", region="Wales")
    return figures


def test_a_release_holds_rounded_counts_of_every_margin(two_months: Figures) -> None:
    got = make(two_months)
    assert counts(rows(two_months, got, MONTH)) == {("2026-04",): 45, ("2026-05",): 60}
    assert counts(rows(two_months, got)) == {(): 105}
    assert counts(rows(two_months, got, MONTH, REGION, month="2026-05"))["2026-05", "Wales"] == 60
    assert (got.first_month, got.last_month) == ("2026-04", "2026-05")
    assert got.number == f"{got.made_at.year}.1"
    assert got.number in got.citation
    assert got.content_digest in got.citation


def test_cells_that_are_empty_and_cells_that_are_withheld_read_alike(two_months: Figures) -> None:
    two_months.add(3, month="2026-05", region="North East", expected="heroin")
    got = make(two_months)
    table = rows(two_months, got, MONTH, REGION)
    empty, small = table["2026-04", "Wales"], table["2026-05", "North East"]
    assert empty.n is small.n is None
    assert empty.suppressed == small.suppressed == "fewer than 10 samples, or withheld"


def test_the_month_that_is_running_is_not_in_it(two_months: Figures) -> None:
    now = two_months.world.runtime.now()
    two_months.add(50, month=f"{now:%Y-%m}")
    got = make(two_months)
    assert got.last_month == building.last_complete_month(now)[:7] or got.last_month < f"{now:%Y-%m}"
    assert sum(n or 0 for n in counts(rows(two_months, got, MONTH)).values()) == 105


def test_without_a_complete_month_there_is_nothing_to_release(figures: Figures) -> None:
    figures.add(50, month=f"{figures.world.runtime.now():%Y-%m}")
    with pytest.raises(Conflict, match="nothing to release"):
        make(figures)


def test_shares_are_of_those_tested_and_carry_their_interval(figures: Figures) -> None:
    figures.add(40, month="2026-04", found=(("mdma", "entactogen"),))
    figures.add(60, month="2026-04", found=(("cocaine", "stimulant.cocaine"),))
    got = make(figures)
    row = rows(figures, got, MONTH, found="entactogen")["2026-04",]
    assert row.denominator is not None
    if row.numerator is not None and row.value is not None:
        assert row.value == row.numerator / row.denominator
        assert row.low is not None
        assert row.low < row.value
    assert "entactogen" in service_choices(figures, got).found


def service_choices(figures: Figures, release: Release) -> service.Choices:
    with figures.world.runtime.read() as session:
        return service.choices(session, release, Audience.PUBLIC)


@pytest.mark.parametrize(
    ("by", "where", "found"),
    [
        ((Dimension.SITE,), {}, ""),
        ((Dimension.FORM,), {}, ""),
        ((MONTH, QUARTER), {}, ""),
        ((MONTH,), {REGION: "Atlantis"}, ""),
        ((MONTH,), {}, "opi"),
    ],
)
def test_only_tables_of_the_cube_can_be_looked_up(
    two_months: Figures, by: tuple[Dimension, ...], where: dict[Dimension, str], found: str
) -> None:
    got = make(two_months)
    with two_months.world.runtime.read() as session, pytest.raises(Invalid):
        service.cube_table(session, got, Audience.PUBLIC, by, where, found)


# -- who may read what ----------------------------------------------------------------------------------------------


def test_anybody_reads_the_public_cube_and_only_partners_theirs(two_months: Figures) -> None:
    got, world = make(two_months), two_months.world
    nobody = world.anonymous()
    public = nobody.get("/api/v1/releases")
    assert public.status_code == 200
    assert [r["number"] for r in public.json()] == [got.number]
    assert set(public.json()[0]["counts"]) == {"public"}
    address = f"/api/v1/releases/{got.id}/cube"
    table = nobody.get(address, params={"by": "month"})
    assert table.status_code == 200
    assert {r["month"]: r["n"] for r in table.json()["rows"]} == {"2026-04": 45, "2026-05": 60}
    assert nobody.get(address, params={"audience": "partner"}).status_code == 401
    for role in Role:
        status = world.as_(role).get(address, params={"audience": "partner"}).status_code
        assert status == (200 if role in {Role.POLICE, Role.PUBLIC_HEALTH} else 403), role
        assert world.as_(role).get(address, params={"audience": "operator"}).status_code == 403
    assert "partner" in world.as_(Role.POLICE).get("/api/v1/releases").json()[0]["counts"]


def test_partners_see_smaller_cells_than_the_public(figures: Figures) -> None:
    for month in ("2026-04", "2026-05"):
        for region in ("North East", "Wales", "London"):
            figures.add(30, month=month, region=region)
    figures.add(8, month="2026-04", region="Scotland")
    figures.add(60, month="2026-05", region="Scotland")
    got = make(figures)
    shown = [
        sum(row.n is not None for row in rows(figures, got, MONTH, REGION, audience=audience).values())
        for audience in (Audience.PUBLIC, Audience.PARTNER)
    ]
    assert shown[0] <= shown[1]


def test_what_partners_get_of_a_release_by_http_has_no_true_count(two_months: Figures) -> None:
    got = make(two_months)
    for role, audience in itertools.product((Role.POLICE,), ("public", "partner")):
        told = two_months.world.as_(role).get(
            f"/api/v1/releases/{got.id}/cube", params={"audience": audience, "by": ["month", "region"]}
        )
        assert all(row["n"] is None or row["n"] % 5 == 0 for row in told.json()["rows"])


# -- across releases ------------------------------------------------------------------------------------------------


def withdraw(figures: Figures, keys: list[UUID]) -> None:
    with figures.world.runtime.db.begin(OPERATOR) as uow:
        for key in keys:
            trends.forget(uow, key)


def withdrawn(figures: Figures, release: Release) -> str:
    with figures.world.runtime.read() as session:
        return service.withdrawn_since(session, release)


def test_a_withdrawn_sample_is_in_no_later_release_and_earlier_ones_stand(figures: Figures) -> None:
    keys = figures.add(60, month="2026-04")
    first = make(figures)
    before = counts(rows(figures, first, MONTH))
    withdraw(figures, keys[:25])
    second = make(figures)
    assert counts(rows(figures, first, MONTH)) == before == {("2026-04",): 60}
    assert counts(rows(figures, second, MONTH)) == {("2026-04",): 35}
    assert second.supersedes == first.id
    assert second.number.endswith(".2")
    assert withdrawn(figures, first) == "10 to 49"
    assert withdrawn(figures, second) == "fewer than 10"


def test_how_many_were_withdrawn_since_is_told_in_three_bands_that_date_no_single_withdrawal(figures: Figures) -> None:
    keys = figures.add(60, month="2026-04")
    row, gone, told = make(figures), 0, []
    for now in (9, 10, 12, 13, 18, 49, 50, 60):
        withdraw(figures, keys[gone:now])
        gone = now
        told.append(figures.world.anonymous().get(f"/api/v1/releases/{row.id}").json()["withdrawn_since"])
    assert told == ["fewer than 10", *["10 to 49"] * 5, *["50 or more"] * 2]


def test_a_few_changes_leave_the_figure_so_that_two_releases_cannot_be_subtracted(figures: Figures) -> None:
    keys = figures.add(42, month="2026-04")
    first = make(figures)
    withdraw(figures, keys[:3])
    figures.add(1, month="2026-04")
    second = make(figures)
    assert counts(rows(figures, second, MONTH)) == counts(rows(figures, first, MONTH)) == {("2026-04",): 40}
    assert withdrawn(figures, first) == "fewer than 10"
    withdraw(figures, keys[3:13])
    assert counts(rows(figures, make(figures), MONTH)) == {("2026-04",): 30}


def test_a_sample_withdrawn_while_a_release_is_made_stops_it(figures: Figures) -> None:
    keys = figures.add(60, month="2026-04")
    runtime = figures.world.runtime
    with runtime.read() as session:
        made = service.build(service.gather(session, runtime.pack.substances, runtime.now()))
    withdraw(figures, keys[:1])
    with pytest.raises(Conflict, match="taken out"), runtime.db.begin(OPERATOR) as uow:
        service.keep(uow, made)
    with runtime.read() as session:
        assert service.newest(session) is None


# -- proof ----------------------------------------------------------------------------------------------------------


def checks(figures: Figures, release: Release) -> dict[str, bool | None]:
    with figures.world.runtime.read() as session:
        row = service.release(session, release.id)
        return {c.what: c.holds for c in proving.verify(session, row, figures.world.runtime.pack.substances)}


def test_a_release_is_proven_from_its_evidence_and_from_the_facts(two_months: Figures) -> None:
    got = make(two_months, note="the first")
    assert set(checks(two_months, got).values()) == {True}
    two_months.add(4, month="2026-04")
    after = checks(two_months, got)
    assert after.pop("facts") is None
    assert set(after.values()) == {True}


def test_a_changed_figure_is_noticed(two_months: Figures) -> None:
    got = make(two_months)
    with two_months.world.runtime.db.begin(OPERATOR) as uow:
        cube = uow.session.get(ReleaseCube, (got.id, "public"))
        assert cube is not None
        content = {**cube.content, "cells": [[*c[:3], c[3] + 5, c[4]] for c in cube.content["cells"]]}
        cube.content = content
    after = checks(two_months, got)
    assert after["public cube"] is False
    assert after["public figures"] is False
    assert after["partner cube"] is True


def test_a_changed_note_is_noticed(two_months: Figures) -> None:
    got = make(two_months, note="as it was")
    with two_months.world.runtime.db.begin(OPERATOR) as uow:
        row = uow.session.get(Release, got.id)
        assert row is not None
        row.note = "as it was not"
    assert checks(two_months, got)["release"] is False


def test_the_audit_of_a_kept_release_finds_nothing_and_would_find_an_unprotected_one(figures: Figures) -> None:
    for month, region, n in (
        ("2026-03", "Wales", 40), ("2026-03", "London", 4), ("2026-04", "Wales", 30), ("2026-04", "London", 25),
        ("2026-05", "Wales", 33), ("2026-05", "London", 14),
    ):  # fmt: skip
        figures.add(n, month=month, region=region)
    got = make(figures)
    with figures.world.runtime.read() as session:
        found = proving.audit_again(session, got)
        held = repository.evidence(session, got.id)
        assert held is not None
        evidence = unpack(held.content)
    assert {a: one["bounded"] for a, one in found.items()} == {"public": 0, "partner": 0}
    assert got.counts["public"]["withheld_counts_of_samples"] > 0
    bare = evidence.published[Audience.PUBLIC]
    bare.shown_n[...] = evidence.facts.cube().n >= 10
    bare.offered_n[...] = bare.offered_f[...] = True
    assert proving._audit(evidence, Audience.PUBLIC, 1e6)["bounded"] > 0


def test_evidence_comes_back_as_it_was(two_months: Figures) -> None:
    got = make(two_months)
    with two_months.world.runtime.read() as session:
        held = repository.evidence(session, got.id)
        assert held is not None
    evidence = unpack(held.content)
    assert evidence.facts.digest() == got.facts_digest
    assert unpack(pack(evidence)).facts.digest() == got.facts_digest
    assert int(evidence.facts.cube().n[0, 0, 0]) == 103


# -- the job ----------------------------------------------------------------------------------------------------------


def run_jobs(figures: Figures) -> None:
    runtime = figures.world.runtime
    handlers = release_job.handlers(runtime.db, runtime.pack.substances, 100.0)
    JobRunner(runtime.db, handlers, runtime.clock).run_until_idle()


def test_once_a_month_is_over_a_release_is_asked_for_and_only_once(two_months: Figures) -> None:
    db = two_months.world.runtime.db
    release_job.ask_when_due(db)
    release_job.ask_when_due(db)
    run_jobs(two_months)
    with two_months.world.runtime.read() as session:
        made = service.releases(session)
    assert len(made) == 1
    assert made[0].note == release_job.NOTE


def test_the_job_makes_nothing_where_there_is_nothing(figures: Figures) -> None:
    release_job.ask_when_due(figures.world.runtime.db)
    run_jobs(figures)
    with figures.world.runtime.read() as session:
        assert service.releases(session) == []


def test_a_release_with_no_budget_publishes_nothing_rather_than_something_unaudited(figures: Figures) -> None:
    for month, region, n in (
        ("2026-03", "Wales", 40),
        ("2026-03", "London", 14),
        ("2026-04", "Wales", 30),
        ("2026-04", "London", 5),
    ):
        figures.add(n, month=month, region=region)
    got = make(figures, programs=0.0)
    told = got.counts["public"]
    assert told["tables_left_out"] or told["bounded"] == 0
    with figures.world.runtime.read() as session:
        assert {one["bounded"] for one in proving.audit_again(session, got).values()} == {0}
    assert set(counts(rows(figures, got, MONTH))) == {("2026-03",), ("2026-04",)}
