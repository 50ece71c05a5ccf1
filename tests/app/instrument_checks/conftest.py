"""A bench with an infrared instrument and what a film or a powder looks like on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from app.platform.db import Database
from app.platform.kernel.actor import Role
from instruments import PlainReader
from spectra import Component, InfraredLibrary, MixtureExplanation
from tests.app.conftest import World
from tests.support.clock import SettableClock
from tests.support.road import ok
from tests.support.small_files import small_film
from tests.support.writes import Stage

OCTETS = {"Content-Type": "application/octet-stream"}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """One kind is enough but where a module says so."""
    return sqlite_database


@dataclass
class Fit:
    """Stands for the fit of a mixture, which has tests of its own and takes longer than all of these."""

    shares: dict[str, float] = field(default_factory=lambda: {"Cocaine": 0.6, "Caffeine": 0.4})
    limits: dict[str, float] = field(default_factory=lambda: {"KEYONE": 0.05, "KEYTWO": 0.9})

    def __call__(self, *_asked: Any, **_how: Any) -> MixtureExplanation:
        parts = tuple(
            Component(name.upper(), share, share - 0.01, share + 0.01, "probable", name)
            for name, share in self.shares.items()
        )
        return MixtureExplanation(parts, 0.02, detection_limits=self.limits)


@dataclass
class Lab:
    """Short ways to check an instrument and to measure samples on it."""

    world: World
    stage: Stage
    clock: SettableClock
    made: dict[str, str] = field(default_factory=dict)
    fit: Fit = field(default_factory=Fit)

    def client(self, role: Role = Role.CHEMIST, agency: str = "own") -> Any:
        return self.world.as_(role, agency=agency)

    def get(self, url: str, **more: Any) -> Any:
        return ok(self.client(**more).get(url))

    def machine(self, name: str = "Alpha II", method: str = "ftir", **more: Any) -> str:
        """The instrument of that name, added when it is not there."""
        if name not in self.made:
            body = {"name": name, "method": method, **more}
            self.made[name] = str(ok(self.client().post("/api/v1/instruments", json=body))["id"])
        return self.made[name]

    def check(
        self, content: bytes | None = None, *, machine: str | None = None, agency: str = "own", **query: Any
    ) -> Any:
        """Hand in a film; the answer as it came."""
        said = {"filename": "film.jdx", "material": "polystyrene_film", **query}
        url = f"/api/v1/instruments/{machine or self.machine()}/checks/uploads?{urlencode(said)}"
        return self.client(agency=agency).post(url, content=content or small_film(), headers=OCTETS)

    def reading(self, content: bytes, *, machine: str | None = None, method: str = "ftir") -> tuple[str, str]:
        """A sample with a file measured on an instrument: (sample, reading)."""
        sample = self.stage.road.register()
        analysis = self.stage.road.analysis(
            sample, method=method, read_by_hand=False, instrument_id=machine or self.machine()
        )
        upload = self.stage.road.upload(analysis, content, "a.jdx")
        self.work()
        return sample, str(self.get(f"/api/v1/uploads/{upload}/readings")[0]["id"])

    def answer(self, sample: str) -> dict[str, Any]:
        """What the newest reading of a sample was told."""
        found = self.get(f"/api/v1/samples/{sample}/analyses")[-1]["readings"][-1]
        body: dict[str, Any] = self.get(f"/api/v1/readings/{found['id']}/candidates")
        return body

    def work(self) -> None:
        self.world.runtime.jobs.run_until_idle()

    def now(self) -> datetime:
        return self.world.runtime.now()


@pytest.fixture
def lab(world: World, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setattr(world.runtime.sandbox, "_sandbox", PlainReader())
    made = Lab(world, Stage(world), clock)
    monkeypatch.setattr(InfraredLibrary, "explain", made.fit)
    return made
