"""Released samples by the dozen, written straight into the fact tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from app.care.counted.tables import TrendFinding, TrendOutcome, TrendSample, TrendTest
from app.figures.trends.protection.noise import Draws
from app.figures.trends.protection.striking import strike_due
from app.intake.samples.domain import Intent, SubmitterType
from app.intake.samples.tables import Sample
from app.platform.kernel.actor import Role
from harm_messages.vocabulary import Form
from tests.support.once import application_with

AT = datetime(2026, 1, 1, tzinfo=UTC)
_NUMBER = itertools.count(10_001)  # beyond those a road registers


@dataclass
class Figures:
    """`add(30, region="North East", verdict="as_expected")` is thirty released samples."""

    world: Any
    sessions: dict[UUID, UUID]
    keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))  # the same samples draw the same noise

    def add(
        self,
        n: int,
        *,
        month: str = "2026-05",
        region: str = "North East",
        expected: str = "mdma",
        expected_class: str = "entactogen",
        form: str = "powder",
        service_type: str = "festival",
        verdict: str = "as_expected",
        group: str = "client",
        agency: UUID | None = None,
        found: tuple[tuple[str, str], ...] = (("mdma", "entactogen"),),
        site: str = "Church hall",
        outcome: str = "",
        submitter_type: str = "public",
        turnaround: int | None = None,
        abundance: str = "major",
        tests: tuple[tuple[str, str, str], ...] = (("gc_ms", "*", "looked"),),
        outcomes: tuple[tuple[str, str, int], ...] = (),
    ) -> list[UUID]:
        """`found`: names with their classes. `tests`: method, target, seen. `outcomes`: moment, intention, people."""
        agency_id = agency or self.world.agency_id
        session_id = self.sessions[agency_id]
        keys = [UUID(int=next(self.keys)) for _ in range(n)]
        samples = [
            {
                "id": key, "agency_id": agency_id, "session_id": session_id, "number": next(_NUMBER), "received_at": AT,
                "submitter_type": SubmitterType.PUBLIC, "intent": Intent.KNOWN, "form": Form.POWDER, "words_spoken": "",
                "sold_as": "", "client_believes": "", "colours": [], "texture": [], "logo": "", "shape": "",
                "price_unit": "", "effects_reported": [], "planned_route": "", "gender": "", "group_ref": "",
                "staff_note": "", "version": 1,
            }
            for key in keys
        ]  # fmt: skip
        facts = [
            {
                "sample_id": key, "own_sample_id": key, "agency_id": agency_id, "agency": "", "session_id": session_id,
                "day": date(int(month[:4]), int(month[5:]), 15) if month else None, "month": month, "region": region,
                "quarter": f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}" if month else "", "year": month[:4],
                "site": site, "service_type": service_type, "submitter_group": group, "form": form,
                "expected": expected, "expected_class": expected_class, "verdict": verdict,
                "outcome": outcome or ("inconclusive" if verdict == "inconclusive" else "identified"),
                "submitter_type": submitter_type, "turnaround_min": turnaround,
                "released_at": AT,
            }
            for key in keys
        ]  # fmt: skip
        findings = [
            {
                "sample_id": key, "found": name, "found_class": of_class, "role": "expected", "abundance": abundance,
                "confidence": "confirmed",
            }
            for key in keys
            for name, of_class in found
        ]  # fmt: skip
        tested = [
            {"sample_id": key, "method": method, "target": target, "seen": seen}
            for key in keys
            for method, target, seen in tests
        ]
        said = [
            {"sample_id": key, "moment": moment, "intention": intention, "people": people}
            for key in keys
            for moment, intention, people in outcomes
        ]
        written = (
            (Sample, samples), (TrendSample, facts), (TrendFinding, findings), (TrendTest, tested), (TrendOutcome, said),
        )  # fmt: skip
        with self.world.runtime.db.begin() as uow:
            for table, rows in written:
                if rows:
                    uow.session.connection().execute(sa.insert(table), rows)
        return keys

    def ask(self, role: Role = Role.RESEARCHER, *, agency: str = "own", **params: Any) -> Any:
        return self.world.as_(role, agency=agency).get("/api/v1/trends", params=params)

    def rows(self, role: Role = Role.RESEARCHER, *, agency: str = "own", **params: Any) -> dict[tuple[str, ...], Any]:
        """Rows by key, of a question that must be answered."""
        got = self.ask(role, agency=agency, **params)
        assert got.status_code == 200, got.text
        table = got.json()
        return {tuple(row[d] for d in table["dimensions"]): row for row in table["rows"]}

    def strike(self) -> list[str]:
        """Draw what is due today."""
        rt = self.world.runtime
        return strike_due(rt.db, rt.pack.substances, Draws.of(rt.settings.pepper()))

    def page(self, role: Role = Role.RESEARCHER, **params: Any) -> Any:
        return self.world.as_(role).get("/trends", params=params, headers={"Accept": "text/html"})


def figures_of(world: Any) -> Figures:
    """Both agencies with a session each."""
    return Figures(
        world,
        {world.agency_id: world.session(), world.other_agency_id: world.session(agency="other")},
    )


@pytest.fixture
def figures(world: Any) -> Figures:
    return figures_of(world)


@pytest.fixture
def year(struck_year: Figures) -> Figures:
    """Only to be read. There is one application per process, and a test before this one may have had it."""
    application_with(struck_year.world.runtime)
    return struck_year


@pytest.fixture(scope="module")
def struck_year(shared_world: Any) -> Figures:
    """Seventeen months of two regions, struck on 13 June: 160 samples a month, of which 40 held eutylone."""
    figures = figures_of(shared_world)
    for month in [f"2025-{m:02d}" for m in range(1, 13)] + [f"2026-{m:02d}" for m in range(1, 6)]:
        for region in ("North East", "Wales"):
            figures.add(60, month=month, region=region)
            figures.add(
                20, month=month, region=region, verdict="not_as_expected", found=(("eutylone", "stimulant.cathinone"),)
            )
    figures.add(7, month="2026-06")
    figures.strike()
    return figures
