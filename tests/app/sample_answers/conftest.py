"""A sample on the whole road: registered, measured by real readers, with the jobs of the service run when told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from app.platform.kernel.actor import Role
from tests.support.road import Road


@dataclass
class Measured:
    """One sample, who works on it, and the short ways to measure it."""

    world: Any
    road: Road
    sample_id: str

    def measure(self, method: str, content: bytes, name: str) -> UUID:
        """An analysis with a file, read and compared; what follows from all readings is worked out too."""
        analysis = self.road.analysis(self.sample_id, method=method, read_by_hand=False)
        self.road.upload(analysis, content, name)
        self.world.runtime.jobs.run_until_idle()
        return UUID(analysis)

    def answer(self) -> dict[str, Any]:
        """The answer of the sample over JSON."""
        response = self.world.as_(Role.CHEMIST).get(f"/api/v1/samples/{self.sample_id}/answer")
        assert response.status_code == 200, response.text
        return dict(response.json())


@pytest.fixture
def measured(world: Any) -> Measured:
    """A sample said to be cocaine."""
    road = Road(lambda role: world.as_(Role(role)), str(world.session()))
    return Measured(world, road, road.register(expected=["cocaine"]))
