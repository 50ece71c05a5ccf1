"""A bench to test at: samples, analyses and results of the world's agency, each act by its own person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from app.intake.samples import service as samples
from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.intake.samples.schemas import NewSample
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses
from app.laboratory.readings.tables import Analysis, Instrument, Upload
from app.platform.kernel.actor import Actor, Role
from app.results import service
from app.results.domain import Action
from app.results.finding import NewFinding
from app.results.view import ResultView
from harm_messages.vocabulary import Form

YES = dict.fromkeys(ConsentKind, ConsentAnswer.YES)


@dataclass
class Lab:
    """Short ways to bring a result into any state."""

    world: Any
    session_id: UUID
    made: list[UUID] = field(default_factory=list)

    @property
    def runtime(self) -> Any:
        return self.world.runtime

    def actor(self, role: Role) -> Actor:
        return self.world.actors[role]

    def sample(self, expected: tuple[str, ...] = ("mdma",), session_id: UUID | None = None, **more: Any) -> UUID:
        new = NewSample(**{"form": Form.POWDER, "expected": list(expected), "consents": YES, **more})
        with self.runtime.db.begin(self.actor(Role.RECEPTION)) as uow:
            found = samples.register(
                uow, session_id or self.session_id, new, self.runtime.pepper, substances=self.runtime.pack.substances
            )
            return found.sample.id

    def analysis(self, sample_id: UUID, method: str = "ftir", *, read_by_hand: bool = True, **more: Any) -> UUID:
        more["read_by_hand"] = read_by_hand
        with self.runtime.db.begin(self.actor(Role.CHEMIST)) as uow:
            return analyses.add_analysis(uow, sample_id, analyses.NewAnalysis(Method(method), **more)).id

    def instrument(self, name: str, due: Any) -> UUID:
        with self.runtime.db.begin(self.actor(Role.CHEMIST)) as uow:
            row = Instrument(agency_id=self.world.agency_id, name=name, method=Method.FTIR, certificate_due=due)
            uow.session.add(row)
            uow.session.flush()
            return row.id

    def change(self, table: Any, key: UUID, **values: Any) -> None:
        with self.runtime.db.begin(self.actor(Role.CHEMIST)) as uow:
            row = uow.session.get(table, key)
            for name, value in values.items():
                setattr(row, name, value)

    def draft(
        self,
        sample_id: UUID,
        *findings: NewFinding,
        by: Role = Role.CHEMIST,
        nothing_found: bool = False,
    ) -> ResultView:
        with self.runtime.db.begin(self.actor(by)) as uow:
            started = service.start_draft(uow, sample_id)
            return service.set_findings(
                uow,
                started.result.id,
                findings,
                started.result.version,
                pack=self.runtime.pack,
                nothing_found=nothing_found,
            )

    def act(self, view: ResultView, action: Action | str, by: Role, **more: Any) -> ResultView:
        with self.runtime.db.begin(self.actor(by)) as uow:
            return service.act(
                uow,
                view.result.id,
                Action(action),
                pack=self.runtime.pack,
                if_match=more.pop("if_match", view.result.version),
                **more,
            )

    def released(self, sample_id: UUID | None = None, *findings: NewFinding, analysis: str = "ftir") -> ResultView:
        """Drafted by the chemist, verified by the verifier, released by the lead."""
        sample_id = sample_id or self.sample()
        ran = self.analysis(sample_id, analysis)
        view = self.draft(sample_id, *(findings or (NewFinding("mdma", analysis_ids=(ran,)),)))
        for action, by in (("submit", Role.CHEMIST), ("verify", Role.VERIFIER), ("release", Role.SESSION_LEAD)):
            view = self.act(view, action, by)
        return view

    def read(self, call: Any) -> Any:
        with self.runtime.read() as session:
            return call(session)


@pytest.fixture
def lab(world: Any) -> Lab:
    return Lab(world, world.session())


__all__ = ["Analysis", "Lab", "Upload"]
