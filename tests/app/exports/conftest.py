"""Samples enough for an extract, and a project's way through its states over the API."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.app.trends.conftest import Figures, figures
from tests.support.road import ok

__all__ = ["figures"]


@dataclass
class Projects:
    """`approved()` is a running project; `extract(project)` its next file."""

    world: World
    figures: Figures

    def body(self, **more: Any) -> dict[str, Any]:
        return {
            "title": "What is in tablets", "purpose": "Which adulterants come together.",
            "researcher_id": str(self.world.actors[Role.RESEARCHER].person_id),
            "columns": ["amounts", "verdict", "methods"], "first_month": "2026-01", "last_month": "2026-12",
            "starts_on": "2026-01-01", "ends_on": "2027-12-31", **more,
        }  # fmt: skip

    def draft(self, role: Role = Role.RESEARCHER, **more: Any) -> dict[str, Any]:
        return ok(self.world.as_(role).post("/api/v1/projects", json=self.body(**more)))

    def step(self, project: dict[str, Any], verb: str, role: Role, **body: Any) -> Any:
        """One step from the version that is there now."""
        url = f"/api/v1/projects/{project['id']}"
        version = self.world.as_(Role.ADMIN).get(url).json()["version"]
        more = {"json": body} if body else {}
        return self.world.as_(role).post(f"{url}/{verb}", headers={"If-Match": f'"{version}"'}, **more)

    def approved(self, **more: Any) -> dict[str, Any]:
        project = self.draft(**more)
        ok(self.step(project, "propose", Role.RESEARCHER))
        done: dict[str, Any] = ok(self.step(project, "approve", Role.SESSION_LEAD))
        return done

    def ask(self, project: dict[str, Any], role: Role = Role.RESEARCHER) -> Any:
        """Ask for an extract; no job has run yet."""
        return self.world.as_(role).post(f"/api/v1/projects/{project['id']}/extracts")

    def drawn(self, asked: dict[str, Any], role: Role = Role.RESEARCHER) -> dict[str, Any]:
        """What became of one that was asked for, after the jobs have run."""
        self.world.runtime.jobs.run_until_idle()
        url = f"/api/v1/projects/{asked['project_id']}/drawings/{asked['id']}"
        found: dict[str, Any] = ok(self.world.as_(role).get(url))
        return found

    def make(self, project: dict[str, Any]) -> dict[str, Any]:
        """The next extract, asked for and drawn."""
        done = self.drawn(ok(self.ask(project)))
        assert done["state"] == "made", done
        rows = ok(self.world.as_(Role.RESEARCHER).get(f"/api/v1/projects/{project['id']}/extracts"))
        return dict(next(row for row in rows if row["number"] == done["number"]))

    def published(self, there: list[UUID] | None = None) -> dict[str, Any]:
        """A running project with an extract of these samples, or of forty-five new ones."""
        if there is None:
            self.samples()
        project = self.approved()
        self.make(project)
        return project

    def file(self, project: dict[str, Any], number: int, role: Role = Role.RESEARCHER, **params: str) -> Any:
        return self.world.as_(role).get(f"/api/v1/projects/{project['id']}/extracts/{number}/file", params=params)

    def rows(self, project: dict[str, Any], number: int) -> list[dict[str, str]]:
        got = self.file(project, number)
        assert got.status_code == 200, got.text
        return list(csv.DictReader(io.StringIO(got.text, newline="")))

    def samples(self, mdma: int = 30, caffeine: int = 15, **more: Any) -> list[UUID]:
        """A group of two kinds, large enough to stand."""
        return self.figures.add(mdma, **more) + self.figures.add(
            caffeine, found=(("caffeine", "stimulant.other"),), verdict="not_as_expected", **more
        )


@pytest.fixture
def projects(world: World, figures: Figures) -> Projects:
    return Projects(world, figures)
