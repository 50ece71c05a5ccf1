"""A lab whose tickets are known, so that a test can be the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.care.consultations.tables import DisplayLog
from app.intake.samples import service as samples
from app.intake.samples.schemas import NewSample
from app.intake.samples.tables import Sample
from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from app.results.view import ResultView
from tests.app.results.conftest import YES, Lab

CHEMIST, VERIFIER, LEAD, WORKER = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER
VIEW = "/api/v1/tickets/view"


@dataclass
class Desk(Lab):
    """A lab, and the tickets it gave out."""

    codes: dict[UUID, str] = field(default_factory=dict)

    def sample(self, expected: tuple[str, ...] = ("mdma",), session_id: UUID | None = None, **more: Any) -> UUID:
        new = NewSample(**{"form": "powder", "expected": list(expected), "consents": YES, **more})
        with self.runtime.db.begin(self.actor(Role.RECEPTION)) as uow:
            made = samples.register(
                uow, session_id or self.session_id, new, self.runtime.pepper, substances=self.runtime.pack.substances
            )
            self.codes[made.sample.id] = made.code
            return made.sample.id

    def row(self, sample_id: UUID) -> Sample:
        return self.read(lambda s: s.get(Sample, sample_id))

    def found(self, sample_id: UUID, *findings: NewFinding, method: str = "gc_ms") -> ResultView:
        """Released with these findings, by a laboratory method unless said."""
        ran = self.analysis(sample_id, method)
        named = [NewFinding(f.substance_id, f.substance_class, analysis_ids=(ran,)) for f in findings]
        return self.finish(self.draft(sample_id, *(named or [NewFinding("mdma", analysis_ids=(ran,))])))

    def finish(self, view: ResultView) -> ResultView:
        for action, by in (("submit", CHEMIST), ("verify", VERIFIER), ("release", LEAD)):
            view = self.act(view, action, by)
        return view

    def see(self, sample_id: UUID, browser: TestClient | None = None) -> dict[str, Any]:
        """What the client of this sample sees, as data."""
        answer = (browser or self.world.anonymous()).post(VIEW, json={"code": self.codes[sample_id]})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def page(self, sample_id: UUID, browser: TestClient | None = None) -> str:
        """The same as HTML."""
        browser = browser or self.world.anonymous()
        answer = browser.post(VIEW, json={"code": self.codes[sample_id]}, headers={"Accept": "text/html"})
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def staff(self, sample_id: UUID, role: Role = WORKER) -> str:
        """The consultation page."""
        answer = self.world.as_(role).get(f"/consultations/samples/{sample_id}")
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def shown(self, sample_id: UUID) -> list[DisplayLog]:
        """The display log of a sample, oldest first."""
        from sqlmodel import col, select

        query = select(DisplayLog).where(DisplayLog.sample_id == sample_id).order_by(col(DisplayLog.id))
        return self.read(lambda s: list(s.exec(query)))


@pytest.fixture
def lab(world: Any) -> Desk:
    return Desk(world, world.session())
