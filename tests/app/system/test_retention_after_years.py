"""After six years a sample goes with its files, results and talks: figures, the audit log and what is still needed stay."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from app.care.alerts.domain import AlertState, Channel, Reach, Tier
from app.care.alerts.tables import Alert, AlertChannel, DetectionRun
from app.care.consultations.tables import DisplayLog
from app.operations.retention import RULES, purge, purge_files
from app.platform import audit
from app.platform.db import metadata, migrate
from spectra import InfraredLibrary
from spectra.infrared.answer import InfraredExplanation
from tests.app.conftest import World
from tests.support.road import infrared_file, ok
from tests.support.writes import Stage

KEEP = {rule.name: rule.keep for rule in RULES}["sample"]
THEN = datetime(2015, 6, 13, 12, 0, tzinfo=UTC)
OF_A_SAMPLE = (
    "sample", "sample_expected", "consent", "custody_event", "analysis", "upload", "reading", "match", "result_version",
    "finding", "consultation", "display_log",
)  # fmt: skip
FACTS = ("trend_sample", "trend_finding", "trend_test", "trend_change")


@pytest.fixture(autouse=True)
def long_ago(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database keeps the display log by its own clock, so all this happened more than six years ago.

    The fit of a mixture takes longest, and what it finds is not asked here.
    """
    clock.set(THEN)
    monkeypatch.setattr(InfraredLibrary, "explain", lambda *_asked, **_how: InfraredExplanation((), 1.0))


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage(world)


def rows(world: World, table: str) -> list[Any]:
    """What a table holds; of facts everything but where their sample is."""
    columns = [c for c in metadata.tables[table].c if c.name != "own_sample_id"]
    with world.runtime.read() as session:
        return sorted(session.execute(sa.select(*columns)).all(), key=str)


def whole_road(stage: Stage, *files: bytes) -> str:
    """A sample to which these files came from an instrument, with a result that was shown, told, amended and shown."""
    road, chemist = stage.road, stage.client("chemist")
    sample = road.register(staff_note="blue bag")
    road.post("reception", f"/api/v1/samples/{sample}/custody", {"kind": "received", "mg": 20})
    for content in files:
        file, version = stage.incoming(content)
        stage.decide(file, version, "attach", {"sample_id": sample})
    stage.world.runtime.jobs.run_until_idle()
    analyses = [row["id"] for row in ok(chemist.get(f"/api/v1/samples/{sample}/analyses"))]
    result, etag = road.draft(sample, [*analyses, road.analysis(sample, method="gc_ms")])
    etag = released(stage, sample, result, etag)
    talk = {"outcomes": [{"intention": "take_less"}], "minutes": 5}
    road.post("health_worker", f"/api/v1/samples/{sample}/consultations", talk)
    amended = chemist.post(f"/api/v1/results/{result}/amend", json={"reason": "more"}, headers={"If-Match": etag})
    released(stage, sample, ok(amended)["id"], amended.headers["ETag"])
    return sample


def released(stage: Stage, sample: str, result: str, etag: str) -> str:
    """A draft taken to its release and shown, as the log would say had the messages been in force then; its ETag."""
    etag = stage.road.finish(result, etag)
    with stage.world.runtime.db.begin() as uow:
        uow.session.add(
            DisplayLog(
                sample_id=uuid.UUID(sample), result_id=uuid.UUID(result), pack_digest="0" * 64, locale="en",
                shown_to="client", at=uow.now,
            )
        )  # fmt: skip
    return etag


def age(world: World) -> None:
    """No raw file and no array was sent lately."""
    for path in world.runtime.blobs.root.rglob("*"):
        os.utime(path, (0, 0))


def test_a_sample_goes_after_six_years_with_all_that_hangs_on_it_and_nothing_else(
    stage: Stage, world: World, clock: Any
) -> None:
    database, blobs = world.runtime.db, world.runtime.blobs
    shared, only_old, only_new = (infrared_file(seed) for seed in (1, 2, 3))
    old = whole_road(stage, shared, only_old)
    count = {table: len(rows(world, table)) for table in OF_A_SAMPLE}
    assert all(count.values()), count
    clock.advance(days=365)
    world.clients.clear()
    later = Stage(world)
    young = whole_road(later, shared, only_new)
    facts = {table: rows(world, table) for table in FACTS}
    assert len(facts["trend_sample"]) == 2
    entries = rows(world, "audit_entry")

    clock.set(THEN + KEEP)
    assert purge(database)["sample"] == 1
    assert {table: len(rows(world, table)) for table in OF_A_SAMPLE} == count, "one of two"
    assert purge(database)["sample"] == 0
    assert {table: rows(world, table) for table in FACTS} == facts
    assert {*map(str, entries)} <= {*map(str, rows(world, "audit_entry"))}
    with world.runtime.read() as session:
        assert audit.verify(session, database.audit_key).broken_at is None
    with migrate.connected(database) as connection:
        if database.is_sqlite:
            assert list(connection.exec_driver_sql("PRAGMA foreign_key_check")) == []
    world.clients.clear()
    assert stage.client("chemist").get(f"/api/v1/samples/{old}").status_code == 404
    assert stage.client("chemist").get(f"/api/v1/samples/{young}").status_code == 200
    arrivals = ok(stage.client("chemist").get("/api/v1/incoming?state=set_aside"))
    assert [row["file_name"] for row in arrivals["rows"]] == ["deleted file"] * 2

    assert purge_files(database, blobs) == 0, "sent lately: someone may be about to name them"
    age(world)
    arrays = {row.arrays_sha256 for row in rows(world, "reading")}
    assert purge_files(database, blobs) == 1
    assert {row.sha256 for row in rows(world, "blob")} == blobs.names()
    assert len(blobs.names()) == 2, "the shared file and the young sample's"
    assert {path.name for path in (blobs.root / "arrays").glob("??/??/*")} == arrays


def test_alerts_and_runs_of_the_detection_go_after_six_years(world: World, clock: Any) -> None:
    database = world.runtime.db
    for _ in range(2):  # one of 2015, one of 2016
        with database.begin() as uow:
            alert = Alert(
                agency_id=world.agency_id, tier=Tier.T1, state=AlertState.ACTIVE, reach=Reach.EVERYWHERE, words="Strong.",
                from_at=uow.now, until=uow.now, drafted_at=uow.now,
            )  # fmt: skip
            uow.session.add(alert)
            uow.session.flush()
            uow.session.add(AlertChannel(alert_id=alert.id, channel=next(iter(Channel)), told_at=uow.now))
            uow.session.add(
                DetectionRun(agency_id=world.agency_id, at=uow.now, sessions=0, series=0, rises=0, drifts=0, drafts=0)
            )
        clock.advance(days=365)
    clock.set(THEN + KEEP)
    gone = purge(database)
    assert (gone["alert"], gone["detection_run"]) == (1, 1)
    assert [len(rows(world, table)) for table in ("alert", "alert_channel", "detection_run")] == [1, 1, 1]
