"""What stays on the bench: results that follow after a session, and results that were taken back after somebody read them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.sessions import service as sessions
from app.platform.kernel.actor import Role
from app.results import bench
from app.results.domain import ChangeReason
from app.results.finding import NewFinding

from .conftest import Lab

LEAD = Role.SESSION_LEAD


def listed(world: Any, by: Role = Role.CHEMIST) -> list[str]:
    text = world.as_(by).get("/bench", headers={"Accept": "text/html"}).text
    return re.findall(r'href="/bench/samples/([0-9a-f-]+)"', text)


def close(lab: Lab) -> None:
    with lab.runtime.db.begin(lab.actor(LEAD)) as uow:
        sessions.close_session(uow, sessions.lock_session(uow, lab.session_id))


def tell(lab: Lab, sample_id: UUID) -> None:
    with lab.runtime.db.begin(lab.actor(LEAD)) as uow:
        samples.stamp(uow, lookup.lock_sample(uow, sample_id), "told_at")


def test_what_has_no_result_stays_on_the_bench_after_its_session_is_closed(lab: Lab, world: Any) -> None:
    out, waits = lab.released().result.sample_id, lab.sample()
    close(lab)
    assert listed(world) == [str(waits)] != [str(out)]
    assert "No session is open" not in world.as_(Role.CHEMIST).get("/bench").text


def test_a_verifier_and_a_lead_are_led_to_what_follows_after_the_session(lab: Lab, world: Any) -> None:
    sample_id = lab.sample()
    lab.analysis(sample_id)
    view = lab.act(lab.draft(sample_id, NewFinding("mdma")), "submit", Role.CHEMIST)
    close(lab)
    led = world.as_(Role.VERIFIER).get("/to-verify", follow_redirects=False)
    assert led.headers["location"] == f"/bench/samples/{sample_id}"
    lab.act(view, "verify", Role.VERIFIER)
    home = world.as_(LEAD).get("/bench", headers={"Accept": "text/html"}).text
    assert re.search(r'To release</span>\s*<span class="count">1<', home)


def test_a_correction_of_what_a_client_was_told_is_counted_and_comes_first(lab: Lab, world: Any) -> None:
    waits = lab.sample()
    lab.analysis(waits)
    lab.act(lab.draft(waits, NewFinding("mdma")), "submit", Role.CHEMIST)
    first = lab.released()
    tell(lab, first.result.sample_id)
    more = {"reason": "GC-MS came back.", "change_reason": ChangeReason.MORE_TESTS}
    view = lab.act(lab.act(first, "amend", Role.CHEMIST, **more), "submit", Role.CHEMIST)

    def led(by: Role, where: str, label: str) -> tuple[str, str]:
        """Where the way to what waits leads, and how much waits."""
        location = world.as_(by).get(where, follow_redirects=False).headers["location"]
        bench_page = world.as_(by).get("/bench", headers={"Accept": "text/html"}).text
        return location, re.findall(rf'{label}</span>\s*<span class="count">(\d+)<', bench_page)[0]

    sample = f"/bench/samples/{first.result.sample_id}"
    assert led(Role.VERIFIER, "/to-verify", "To verify") == (sample, "2")
    lab.act(view, "verify", Role.VERIFIER)
    assert led(LEAD, "/to-release", "To release") == (sample, "1")


def test_a_session_closed_long_ago_is_gone_from_the_bench(lab: Lab, world: Any) -> None:
    lab.sample()
    close(lab)
    row = lab.read(lambda s: s.get(sessions.CheckingSession, lab.session_id))
    lab.change(sessions.CheckingSession, row.id, closed_at=row.closed_at - sessions.RESULTS_FOLLOW - timedelta(hours=1))
    assert listed(world) == []


def test_a_result_taken_back_after_somebody_read_it_is_work_again(lab: Lab, world: Any) -> None:
    view = lab.released()
    tell(lab, view.result.sample_id)
    assert listed(world) == []
    lab.act(view, "retract", LEAD, reason="Two samples were mixed up.")
    assert listed(world) == [str(view.result.sample_id)]


def test_beside_a_sample_stand_the_rows_round_it_and_a_link_to_all_of_them(
    lab: Lab, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "NEAR", 3)
    made = [str(lab.sample()) for _ in range(5)]
    chemist = world.as_(Role.CHEMIST)

    def beside(sample_id: str) -> tuple[list[str], bool]:
        text = chemist.get(f"/bench/samples/{sample_id}/worklist", headers={"Accept": "text/html"}).text
        return re.findall(r'href="/bench/samples/([0-9a-f-]+)"', text), '<a href="/bench">All 5 samples</a>' in text

    assert [beside(made[k])[0] for k in (0, 2, 4)] == [made[:3], made[1:4], made[2:]]
    assert beside(made[0])[1]
    monkeypatch.setattr(bench, "NEAR", 5)
    assert beside(made[0]) == (made, False)
