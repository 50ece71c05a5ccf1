"""A bench to test at: a sample, a chemist's client, and one sandbox for the whole test process (a child starts slowly)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.intake.samples.domain import Intent, SubmitterType
from app.intake.samples.tables import Sample
from app.laboratory.identification.substances import SubstanceIndex
from app.laboratory.readings.reading_job import LazySandbox, ReadingParts, handlers, on_failed
from app.platform.jobs import JobRunner
from app.platform.kernel.actor import Role
from harm_messages.vocabulary import Form
from instruments import DEFAULT_LIMITS


@pytest.fixture(scope="session")
def sandbox() -> Iterator[LazySandbox]:
    """Reader children shared by the tests, with short patience."""
    sandbox = LazySandbox(replace(DEFAULT_LIMITS, wall_seconds=20.0))
    sandbox.warm()
    yield sandbox
    sandbox.close()


@dataclass
class Bench:
    """One sample and who works on it."""

    world: object
    sample_id: UUID
    runner: JobRunner
    parts: ReadingParts

    @property
    def chemist(self) -> TestClient:
        return self.world.as_(Role.CHEMIST)

    def upload(self, content: bytes, filename: str, *, method: str = "", key: str = "") -> dict:
        """Send a file for the sample, run the jobs, and give the upload as it stands then."""
        params = {"filename": filename} | ({"method": method} if method else {})
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.chemist.post(
            f"/api/v1/samples/{self.sample_id}/uploads", params=params, content=content, headers=headers
        )
        assert answer.status_code == 202, answer.text
        self.runner.run_until_idle()
        return self.get(f"/api/v1/uploads/{answer.json()['id']}")

    def get(self, url: str) -> dict:
        answer = self.chemist.get(url)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reading(self, upload: dict) -> dict:
        """The first reading of an upload."""
        return self.get(f"/api/v1/uploads/{upload['id']}/readings")[0]

    def candidates(self, upload: dict) -> dict:
        return self.get(f"/api/v1/readings/{self.reading(upload)['id']}/candidates")


def new_sample(world: object, session_id: UUID, number: int = 1, agency: str = "own") -> UUID:
    """A sample written straight into the tables."""
    actor = (world.actors if agency == "own" else world.other_actors)[Role.CHEMIST]
    with world.runtime.db.begin(actor) as uow:
        row = Sample(
            agency_id=actor.agency_id,
            session_id=session_id,
            number=number,
            submitter_type=SubmitterType.PUBLIC,
            intent=next(iter(Intent)),
            form=Form.POWDER,
            received_at=uow.now,
        )
        uow.session.add(row)
        uow.session.flush()
        return row.id


@pytest.fixture
def bench(world: object, sandbox: LazySandbox, clock: Callable[[], datetime]) -> Bench:
    """A sample of the own agency and a runner that reads its files when told."""
    rt = world.runtime
    parts = ReadingParts(rt.db, rt.blobs, sandbox, rt.registry, SubstanceIndex(rt.pack.substances))
    runner = JobRunner(rt.db, handlers(parts), clock, on_dead=on_failed())
    return Bench(world, new_sample(world, world.session()), runner, parts)


@pytest.fixture
def instruments_data(shared_data: Path) -> Path:
    return shared_data / "instruments"
