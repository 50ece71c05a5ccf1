"""A desk with two clinicians, and short ways through a version's life over the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from app.care.message_packs.tables import PackVersion
from app.intake.people import service as people
from app.platform.kernel.actor import Actor, Role
from harm_messages import Pack, Problem
from harm_messages.check_words import word_problems
from tests.app.conftest import people_of
from tests.app.consultations.conftest import Desk
from tests.support.packs import checked_at_once, found_here

HEAT = "messages/en/M-HEAT.md"


@dataclass
class Editors(Desk):
    """`other` is a second clinician of the same agency."""

    other: Actor | None = None

    def browser(self, who: Role | Actor) -> TestClient:
        """A signed-in browser of a role, or of one person."""
        if isinstance(who, Role):
            return self.world.as_(who)
        client = self.world.anonymous()
        with self.runtime.db.begin(who) as uow:
            person = uow.session.get(people.Person, who.person_id)
            secret = people.sign_in(uow, person, self.runtime.session_policy)
        client.cookies.set("__Host-mast", secret, domain="testserver.local", path="/")
        return client

    def begin(self, base: UUID | str | None = None, who: Role = Role.CLINICIAN) -> str:
        """A draft, through the form of the overview."""
        page = self.browser(who).get("/messages").text
        form = {
            "base": str(base or self.runtime.packs.shipped_id), "reason": "Water for hot days",
            "idempotency_key": field(page, "idempotency_key"),
        }  # fmt: skip
        answer = self.browser(who).post("/messages", data=form)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).split("/")[2].split("?")[0]

    def version(self, version_id: str) -> Any:
        return self.read(lambda s: s.get(PackVersion, UUID(version_id)))

    def form(self, version_id: str, path: str = HEAT, who: Role = Role.CLINICIAN) -> dict[str, str]:
        """The fields of the message's form as the page gives them."""
        page = self.browser(who).get(f"/messages/{version_id}/message", params={"path": path}).text
        names = ("title", "card", "more", "spoken", "evidence", "review_by", "was", "path")
        drawn = re.search(r'<option value="(\w+)" selected', page)
        return {name: field(page, name) for name in names} | {"pictogram": drawn.group(1) if drawn else ""}

    def save(self, version_id: str, who: Role | Actor = Role.CLINICIAN, **changed: str) -> Any:
        """Save a message with some fields changed."""
        return self.browser(who).post(f"/messages/{version_id}/message", data={**self.form(version_id), **changed})

    def submit(self, version_id: str, **dates: str) -> Any:
        """Send a draft to review."""
        form = {"version": str(self.version(version_id).version), **dates}
        return self.browser(Role.CLINICIAN).post(f"/messages/{version_id}/submit", data=form)

    def sign(self, version_id: str, who: Role | Actor, **more: str) -> Any:
        """Sign what waits."""
        form = {"digest": self.version(version_id).digest, "read": "yes", **more}
        return self.browser(who).post(f"/messages/{version_id}/sign", data=form)


def field(page: str, name: str) -> str:
    """The value of a field on a page."""
    area = re.search(rf'<textarea[^>]* name="{name}"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    if area:
        return unescape(area.group(1))
    line = re.search(rf'<input[^>]* name="{name}"[^>]*?(?: value="([^"]*)")?[^>]*>', page)
    value = re.search(r' value="([^"]*)"', line.group(0)) if line else None
    return unescape(value.group(1)) if value else ""


@pytest.fixture
def editors(world: Any) -> Editors:
    with world.runtime.db.begin() as uow:
        (other,) = people_of(uow, world.agency_id, {"second.clinician": Role.CLINICIAN})
    return Editors(world, world.session(), other=other)


@pytest.fixture(autouse=True)
def quick_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of one message instead of the whole pack, which takes seconds, and in this process. The whole check in a
    child is asked in test_hostile_drafts.py and by the browser's test."""
    checked_at_once(monkeypatch, found_here(_words_of_one))


def _words_of_one(pack: Pack, _: date) -> list[Problem]:
    alone = {key: text for key, text in pack.messages.items() if key == ("M-HEAT", "en")}
    return [p for p in word_problems(replace(pack, messages=alone)) if p.file == HEAT]
