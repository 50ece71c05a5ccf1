"""Hints on the first visit to an area: shown until the person hides them, for the person, and shown again when asked."""

from __future__ import annotations

import re
from typing import Any

from app.platform.kernel.actor import Role
from app.screens import navigation
from app.screens.hints import HINTS
from tests.app.conftest import World

LEADS_ON = {"To verify", "To release", "To sign", "Tasks"}
"""Areas without a page of their own."""


def sentences(client: Any, path: str) -> list[str]:
    """The hints a page shows."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text[:300]
    block = re.search(r'<div class="sheet hints.*?</ul>', answer.text, re.DOTALL)
    return re.findall(r"<li>([^<]+)</li>", block.group()) if block else []


def test_every_area_has_three_short_hints() -> None:
    areas = {label for _, labels, _ in navigation.OFFERS for label in labels}
    assert areas - LEADS_ON == HINTS.keys()
    every = [sentence for three in HINTS.values() for sentence in three]
    assert [s for s in every if len(s.split()) > 12 or not s.endswith(".")] == []


def test_hints_are_shown_until_they_are_hidden_and_again_when_asked(world: World) -> None:
    admin = world.as_(Role.ADMIN)
    assert sentences(admin, "/people") == list(HINTS["People"])
    assert sentences(admin, "/people") == list(HINTS["People"]), "looking hides nothing"
    answer = admin.post("/hints/hide", data={"area": "People", "next": "/people"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/people")
    assert sentences(admin, "/people") == []
    assert sentences(admin, "/audit") == list(HINTS["Audit"]), "each area has its own"
    assert "Show hints" in admin.get("/people").text
    admin.post("/hints/show", data={"area": "People", "next": "/people"})
    assert sentences(admin, "/people") == list(HINTS["People"])


def test_they_are_hidden_for_the_person_and_not_for_the_tablet(world: World) -> None:
    researcher, admin = world.as_(Role.RESEARCHER), world.as_(Role.ADMIN)
    researcher.post("/hints/hide", data={"area": "Projects", "next": "/projects"})
    world.clients.clear()  # another browser
    assert sentences(world.as_(Role.RESEARCHER), "/projects") == []
    admin.post("/hints/hide", data={"area": "People", "next": "/people"})
    assert sentences(world.as_(Role.ADMIN, agency="other"), "/people") == list(HINTS["People"])
