"""A bench to test at: samples, analyses and results of the world's agency, each act by its own person."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.intake.samples import service as samples
from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.intake.samples.schemas import NewSample
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses, uploads
from app.laboratory.readings.tables import Analysis, Instrument, Upload
from app.platform.kernel.actor import Actor, Role
from app.platform.kernel.errors import Refused
from app.results import service
from app.results.domain import Action
from app.results.finding import NewFinding
from app.results.view import ResultView
from harm_messages.vocabulary import Form

YES = dict.fromkeys(ConsentKind, ConsentAnswer.YES)
HTML = {"Accept": "text/html"}
USUALLY = {
    "submit": Role.CHEMIST, "withdraw": Role.CHEMIST, "amend": Role.CHEMIST, "verify": Role.VERIFIER,
    "return": Role.VERIFIER, "release": Role.SESSION_LEAD, "retract": Role.SESSION_LEAD,
}  # fmt: skip
"""Who takes each step as a rule."""


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
        self, sample_id: UUID, *findings: NewFinding, by: Role = Role.CHEMIST, nothing_found: bool = False
    ) -> ResultView:
        with self.runtime.db.begin(self.actor(by)) as uow:
            row = service.start_draft(uow, sample_id).result
            return service.set_findings(
                uow, row.id, findings, row.version, pack=self.runtime.pack, nothing_found=nothing_found
            )

    def act(self, view: ResultView, action: Action | str, by: Role, **more: Any) -> ResultView:
        if_match = more.pop("if_match", view.result.version)
        with self.runtime.db.begin(self.actor(by)) as uow:
            return service.act(uow, view.result.id, Action(action), pack=self.runtime.pack, if_match=if_match, **more)

    def write(
        self, view: ResultView, *findings: NewFinding, by: Role = Role.CHEMIST, nothing_found: bool = False
    ) -> ResultView:
        """The findings of a draft, written again."""
        with self.runtime.db.begin(self.actor(by)) as uow:
            return service.set_findings(
                uow, view.result.id, findings, view.result.version, pack=self.runtime.pack, nothing_found=nothing_found
            )

    def go(self, view: ResultView, *actions: str, **more: Any) -> ResultView:
        """Steps of a version, each by who takes it as a rule."""
        for action in actions:
            view = self.act(view, action, USUALLY[action], **more)
        return view

    def refused(self, view: ResultView, action: str, by: Role, **more: Any) -> str:
        """Every reason why this step may not be taken."""
        with pytest.raises(Refused) as error:
            self.act(view, action, by, **more)
        return " ".join(error.value.reasons)

    def submitted(self, *, by: Role = Role.CHEMIST) -> ResultView:
        """MDMA, found by infrared and submitted."""
        sample_id = self.sample()
        ran = self.analysis(sample_id)
        return self.act(self.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)), by=by), "submit", by)

    def latest(self, sample_id: UUID) -> Any:
        """The newest version of a sample."""
        return self.read(lambda session: service.latest(session, sample_id))

    def upload(self, sample_id: UUID, content: bytes | Path, name: str = "") -> Any:
        """A file as it is sent for a sample, read and compared."""
        if isinstance(content, Path):
            content, name = content.read_bytes(), content.name
        received = self.runtime.blobs.put(iter([content]))
        with self.runtime.db.begin(self.actor(Role.CHEMIST)) as uow:
            key = uploads.record_upload_for_sample(uow, sample_id, received, name).id
        self.runtime.jobs.run_until_idle()
        return self.read(lambda session: uploads.get_upload(session, self.actor(Role.CHEMIST), key))

    def page(self, sample_id: UUID, by: Role = Role.CHEMIST, **query: Any) -> str:
        """The sample on the bench."""
        answer = self.world.as_(by).get(f"/bench/samples/{sample_id}", params=query, headers=HTML)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    def post(self, sample_id: UUID, what: str, data: dict[str, Any], by: Role = Role.CHEMIST) -> Any:
        """A form of that page."""
        return self.world.as_(by).post(f"/bench/samples/{sample_id}/{what}", data=data, headers=HTML)

    def press(self, sample_id: UUID, action: str, by: Role, **more: Any) -> Any:
        """A step of the newest version, pressed on that page."""
        now = self.latest(sample_id).result
        form = {"action": action, "result": now.id, "version": now.version, **more}
        return self.post(sample_id, "act", form, by)

    def released(self, sample_id: UUID | None = None, *findings: NewFinding, analysis: str = "ftir") -> ResultView:
        """Drafted by the chemist, verified by the verifier, released by the lead."""
        sample_id = sample_id or self.sample()
        ran = self.analysis(sample_id, analysis)
        view = self.draft(sample_id, *(findings or (NewFinding("mdma", analysis_ids=(ran,)),)))
        return self.go(view, "submit", "verify", "release")

    def read(self, call: Any) -> Any:
        with self.runtime.read() as session:
            return call(session)


@pytest.fixture
def lab(world: Any) -> Lab:
    return Lab(world, world.session())


__all__ = ["Analysis", "Lab", "Upload"]
