"""What is deleted when its time is over, what stays, and that the privacy page says the same."""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlmodel import col, select

from app.cli.root import main
from app.intake.people.tables import ApiToken, Person, StaffSession
from app.intake.samples import lookup
from app.intake.samples.tables import Sample, TicketSession
from app.laboratory.readings.tables import Blob
from app.operations import retention
from app.operations.retention import RULES, Housekeeper, purge
from app.platform import audit
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.jobs.tables import JobRow, JobState
from app.platform.kernel.actor import Role
from app.platform.live import EventRow
from app.platform.web.tables import IdempotencyRow
from tests.app.conftest import PASSWORD, PEPPER
from tests.app.results.conftest import Lab
from tests.support.road import ok

PRIVACY = Path(__file__).resolve().parents[3] / "docs" / "privacy.md"
NOTE = "quokka-note-4411"
NOW = datetime(2026, 6, 13, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KEEP = {rule.name: rule.keep for rule in RULES}


@pytest.fixture
def lab(world: Any) -> Lab:
    return Lab(world, world.session())


def count(lab: Lab, table: Any) -> int:
    return int(lab.read(lambda s: s.connection().scalar(sa.select(sa.func.count()).select_from(table))))


def test_what_is_kept_for_a_time_goes_at_its_end_and_not_before(lab: Lab, world: Any, clock: Any) -> None:
    sample_id = lab.sample()
    chemist = world.as_(Role.CHEMIST)
    token, once = {"label": "a", "days": 1, "password": PASSWORD}, {"Idempotency-Key": "k"}
    chemist.post("/api/v1/tokens", json=token, headers=once)
    body = {"username": "new", "display_name": "New", "roles": ["chemist"]}
    clock.advance(hours=1)  # several things last a day, and each is to end alone
    link = ok(world.as_(Role.ADMIN).post("/api/v1/people", json=body))
    clock.advance(hours=1)
    with lab.runtime.db.begin() as uow:
        row = lookup.sample_for_system(uow.session, sample_id)
        assert row is not None
        code_until = row.ticket_expires_at
        opened = lookup.open_ticket_session(uow, row, lab.runtime.pepper)
    assert opened is not None
    links = select(sa.func.count(col(Person.link_hash)))
    codes = select(sa.func.count(col(Sample.ticket_hmac)))
    ends = {  # of what stands in these tables since or until that time, how much is there
        "ticket_code": (code_until, lambda: lab.read(lambda s: s.exec(codes).one())),
        "ticket_session": (opened[1], lambda: count(lab, TicketSession)),
        "password_link": (datetime.fromisoformat(link["link_expires_at"]), lambda: lab.read(lambda s: s.exec(links).one())),
        "idempotency": (NOW, lambda: count(lab, IdempotencyRow)),
        "event": (NOW, lambda: count(lab, EventRow)),
    }  # fmt: skip
    for name, (since, left) in sorted(ends.items(), key=lambda one: one[1][0] + KEEP[one[0]]):
        before = left()
        assert before > 0, name
        clock.set(since + KEEP[name] - SECOND)
        assert (purge(lab.runtime.db)[name], left()) == (0, before), name
        clock.set(since + KEEP[name] + SECOND)
        assert (purge(lab.runtime.db)[name], left()) == (before, 0), name
        assert purge(lab.runtime.db)[name] == 0, "the second time there is nothing to do"


def test_a_note_is_blanked_after_its_time_and_the_log_holds_a_number_only(lab: Lab, clock: Any) -> None:
    noted = lab.sample(staff_note=NOTE)
    version = lab.read(lambda s: s.get(Sample, noted)).version
    clock.advance(days=29)
    fresh = lab.sample(staff_note="still needed")
    clock.advance(days=1, seconds=1)
    assert purge(lab.runtime.db)["staff_note"] == 1
    row = lab.read(lambda s: s.get(Sample, noted))
    assert (row.staff_note, row.words_spoken, row.version) == ("", "", version + 1)
    assert lab.read(lambda s: s.get(Sample, fresh)).staff_note == "still needed"
    query = select(AuditEntry).where(AuditEntry.verb == "purge", AuditEntry.object_id == "staff_note")
    entry = lab.read(lambda s: s.exec(query).one())
    assert (entry.actor_id, entry.after["count"], sorted(entry.after)) == ("system", 1, ["before", "count"])
    entries = lab.read(lambda s: list(s.exec(select(AuditEntry))))
    assert not any(NOTE in str(e.model_dump()) for e in entries)
    assert lab.read(lambda s: audit.verify(s, lab.runtime.db.audit_key)).broken_at is None


def test_browsers_of_staff_are_forgotten_once_over_and_live_ones_stay(lab: Lab, world: Any, clock: Any) -> None:
    world.as_(Role.CHEMIST)
    clock.advance(hours=6)
    world.as_(Role.VERIFIER)
    signed_out = world.as_(Role.RECEPTION)
    signed_out.post("/sign-out")
    assert count(lab, StaffSession) == 3
    assert purge(lab.runtime.db)["staff_session"] == 1
    clock.set(NOW + lab.runtime.session_policy.absolute)
    assert purge(lab.runtime.db)["staff_session"] == 1
    assert world.as_(Role.VERIFIER).get("/api/v1/me").status_code == 401, "idle, but not over yet"
    assert count(lab, StaffSession) == 1


def test_tokens_go_a_month_after_they_ended_and_working_ones_stay(lab: Lab, world: Any, clock: Any) -> None:
    chemist = world.as_(Role.CHEMIST)
    made = [
        chemist.post("/api/v1/tokens", json={"label": "a", "days": d, "password": PASSWORD}).json()["id"]
        for d in (1, 366, 366)
    ]
    assert chemist.delete(f"/api/v1/tokens/{made[2]}").status_code == 204
    clock.advance(days=30, seconds=-1)
    assert purge(lab.runtime.db)["api_token"] == 0
    clock.advance(seconds=2)
    assert purge(lab.runtime.db)["api_token"] == 1
    clock.advance(days=1)
    assert purge(lab.runtime.db)["api_token"] == 1
    assert [str(t.id) for t in lab.read(lambda s: list(s.exec(select(ApiToken))))] == [made[1]]


def test_jobs_that_are_done_go_after_a_month_and_dead_ones_wait_for_somebody(lab: Lab, clock: Any) -> None:
    with lab.runtime.db.begin() as uow:
        for state in JobState:
            uow.session.add(JobRow(kind="x", payload={}, state=state, run_after=NOW, created_at=NOW, finished_at=NOW))
    clock.set(NOW + KEEP["job"] - SECOND)
    assert purge(lab.runtime.db)["job"] == 0
    clock.set(NOW + KEEP["job"] + SECOND)
    assert purge(lab.runtime.db)["job"] == 1
    left = lab.read(lambda s: sorted(s.exec(select(JobRow.state))))
    assert left == ["dead", "queued", "running"]


def test_two_processes_purging_at_once_do_it_once(lab: Lab, clock: Any, database: Database) -> None:
    for _ in range(5):
        lab.sample(staff_note=NOTE)
    clock.advance(days=31)
    other, together = Database(database.url, clock=clock), threading.Barrier(2)
    gone: list[int] = []

    def clean(one: Database) -> None:
        together.wait(10)
        gone.append(purge(one)["staff_note"])

    threads = [threading.Thread(target=clean, args=(one,)) for one in (lab.runtime.db, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    other.close()
    assert sorted(gone) == [0, 5]


def test_a_purge_that_fails_or_deletes_of_every_kind_ends_no_housekeeper(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of the rules go into a line of the log, whose own words they must not be."""
    days = iter([RuntimeError("the disk is full"), {rule.name: 1 for rule in RULES}])
    called = threading.Semaphore(0)

    def purged(_: Database) -> dict[str, int]:
        called.release()
        outcome = next(days, {})
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(retention, "purge", purged)
    keeper = Housekeeper(lab.runtime.db, first_s=0.01, every_s=0.01)
    keeper.start()
    try:
        assert all(called.acquire(timeout=60) for _ in range(4))
    finally:
        keeper.stop()


def test_serving_starts_the_housekeeper_and_ends_it(
    settings: Any, clock: Any, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    from app.main import create_app

    acts: list[str] = []
    monkeypatch.setattr(Housekeeper, "start", lambda _: acts.append("start"))
    monkeypatch.setattr(Housekeeper, "stop", lambda _: acts.append("stop"))
    monkeypatch.setattr("app.main.WORKER", ("true",))
    serving = settings.model_copy(update={"workers": 1})
    monkeypatch.setattr("app.main.reading_job.warm", lambda *_: None)
    with TestClient(create_app(serving, clock=clock), base_url="https://testserver"):
        assert acts == ["start"]
    assert acts == ["start", "stop"]


def test_the_operator_purges_by_hand(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAST_DATABASE_URL", lab.runtime.db.url)
    monkeypatch.setenv("MAST_SECRET", PEPPER)
    monkeypatch.setenv("MAST_DATA_DIR", str(lab.runtime.settings.data_dir))
    lab.change(Sample, lab.sample(staff_note=NOTE), received_at=datetime(2020, 1, 1, tzinfo=UTC))
    held = lab.runtime.blobs.put(iter([b"a raw file of nobody"]))
    with lab.runtime.db.begin() as uow:
        uow.session.add(Blob(sha256=held.sha256, size=held.size, created_at=uow.now))
    os.utime(lab.runtime.blobs.path(held.sha256), (0, 0))
    spoken = CliRunner().invoke(main, ["db", "purge"])
    assert spoken.exit_code == 0, spoken.output
    assert "1  note of staff about a sample" in spoken.output
    assert "1  raw file nothing refers to any more" in spoken.output
    again = CliRunner().invoke(main, ["db", "purge", "--json"])
    assert set(KEEP) == set(re.findall(r'"(\w+)":', again.output))
    assert '"staff_note": 0' in again.output


def test_the_privacy_page_says_what_the_rules_do() -> None:
    table = PRIVACY.read_text().split("## Deleted by itself")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"]
    assert rows[2:] == [[rule.what, words(rule.keep), rule.since] for rule in RULES]


def words(keep: timedelta) -> str:
    if not keep:
        return "at once"
    if keep.days > 366:
        return f"{keep.days // 365} years"
    return f"{keep.days} days" if keep.days > 1 else f"{keep.total_seconds() / 3600:.0f} hours"
