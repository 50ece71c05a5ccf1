"""A bench where files arrive by themselves."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.road import infrared_file, ok
from tests.support.writes import Stage

OCTETS = {"Content-Type": "application/octet-stream"}


@dataclass
class Bench:
    """Short ways to send a file and to decide about it."""

    world: World
    stage: Stage

    def client(self, role: Role = Role.CHEMIST, agency: str = "own") -> Any:
        return self.world.as_(role, agency=agency)

    def post(self, content: bytes, name: str = "a.jdx", *, role: Role = Role.CHEMIST, **query: str) -> Any:
        headers = {**OCTETS, "Repr-Digest": digest(content)}
        url = f"/api/v1/incoming?{urlencode({'filename': name, **query})}"
        return self.client(role).post(url, content=content, headers=headers)

    def arrive(self, name: str = "a.jdx", content: bytes | None = None, **query: str) -> dict[str, Any]:
        body: dict[str, Any] = ok(self.post(infrared_file() if content is None else content, name, **query))
        return body

    def decide(self, file: dict[str, Any], act: str, **body: str) -> Any:
        headers = {"If-Match": f'"{file["version"]}"'}
        return self.client().post(f"/api/v1/incoming/{file['id']}/{act}", json=body or None, headers=headers)

    def now(self, file: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = ok(self.client().get(f"/api/v1/incoming/{file['id']}"))
        return body

    def read(self) -> None:
        self.world.runtime.jobs.run_until_idle()

    def number(self, sample_id: str) -> int:
        return int(ok(self.client().get(f"/api/v1/samples/{sample_id}"))["number"])


def digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world, Stage(world))
