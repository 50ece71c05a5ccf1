"""The page about retention: every rule, what goes next in this agency, and when something last went."""

from __future__ import annotations

import re
from typing import Any

from app.operations.retention import RULES, purge
from app.operations.retention_preview import preview
from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.app.results.conftest import Lab


def numbers(world: Any, agency: str = "own") -> dict[str, tuple[int | None, int | None]]:
    """By rule what is due now, and within 30 days."""
    actor = (world.actors if agency == "own" else world.other_actors)[Role.ADMIN]
    with world.runtime.read() as session:
        return {o.rule.name: (o.due, o.soon) for o in preview(session, actor, world.runtime.now())}


def test_what_is_due_is_what_the_next_run_deletes(world: World, clock: Any) -> None:
    lab = Lab(world, world.session())
    lab.sample(staff_note="for the next shift")
    lab.sample(staff_note="for the next shift too")
    assert numbers(world)["staff_note"] == (0, 2)
    clock.advance(days=31)
    told = numbers(world)
    assert told["staff_note"] == (2, 2)
    gone = purge(world.runtime.db)
    assert {name: due for name, (due, _) in told.items() if due} == {
        name: count for name, count in gone.items() if count and told[name][0] is not None
    }
    assert all(due in (0, None) for due, _ in numbers(world).values())


def test_the_page_shows_every_rule_and_when_it_last_deleted(world: World, clock: Any) -> None:
    lab = Lab(world, world.session())
    lab.sample(staff_note="for the next shift")
    text = world.as_(Role.ADMIN).get("/retention").text
    assert len(re.findall(r'<th role="rowheader"', text)) == len(RULES)
    assert text.count("not yet") == len(RULES)
    clock.advance(days=31)
    purge(world.runtime.db)
    world.clients.clear()
    text = world.as_(Role.ADMIN).get("/retention").text
    row = re.search(r"Note of staff about a sample</th>(.*?)</tr>", text, re.DOTALL)
    assert row is not None
    assert re.search(r'data-label="Last deleted">(?:\w+ )?\d+ ', row.group(1)), row.group(1)
