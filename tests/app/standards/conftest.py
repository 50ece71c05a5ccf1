"""A bench with own standards and controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from app.platform.db import Database
from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.road import ok
from tests.support.small_files import MDMA, small_ms, small_run
from tests.support.writes import Stage

OCTETS = {"Content-Type": "application/octet-stream"}
MDMA_MS = " ".join(f"{m} {h:.0f};" for m, h in MDMA.items())


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """One kind is enough but where a module says so."""
    return sqlite_database


@dataclass
class Lab:
    """Short ways to enrol, to keep a control and to hand in a run."""

    world: World
    stage: Stage

    def client(self, role: Role = Role.CHEMIST, agency: str = "own") -> Any:
        return self.world.as_(role, agency=agency)

    def get(self, url: str, **more: Any) -> Any:
        return ok(self.client(**more).get(url))

    def enrol(
        self, content: bytes | None = None, *, role: Role = Role.CHEMIST, agency: str = "own", **query: Any
    ) -> Any:
        said = {"filename": "std.msp", "name": "Testamine", **query}
        data = small_ms("a standard", MDMA_MS) if content is None else content
        return self.client(role, agency).post(
            f"/api/v1/standards/uploads?{urlencode(said)}", content=data, headers=OCTETS
        )

    def control(self, content: bytes, kind: str = "blank", **query: Any) -> Any:
        said = {"filename": f"{kind}.cdf", "kind": kind, "batch": "B7", **query}
        return self.client().post(f"/api/v1/controls/uploads?{urlencode(said)}", content=content, headers=OCTETS)

    def run(self, content: bytes | None = None, *, batch: str = "", name: str = "a.cdf") -> tuple[str, str]:
        """A sample with a file that was read by GC-MS: (sample, reading)."""
        sample = self.stage.road.register()
        analysis = self.stage.road.analysis(sample, method="gc_ms", read_by_hand=False, batch=batch)
        upload = self.stage.road.upload(analysis, small_run() if content is None else content, name)
        self.work()
        return sample, str(self.get(f"/api/v1/uploads/{upload}/readings")[0]["id"])

    def spectrum(self, peaks: str = MDMA_MS) -> tuple[str, str]:
        """A sample with one mass spectrum."""
        return self.run(small_ms("a sample", peaks), name="a.msp")

    def work(self) -> None:
        self.world.runtime.jobs.run_until_idle()

    def answer(self, sample: str) -> dict[str, Any]:
        """What the newest reading of a sample resembles."""
        found = self.get(f"/api/v1/samples/{sample}/analyses")[-1]["readings"][-1]
        body: dict[str, Any] = self.get(f"/api/v1/readings/{found['id']}/candidates")
        return body


@pytest.fixture
def lab(world: World) -> Lab:
    return Lab(world, Stage(world))
