"""Controls of a batch: used and named with the runs of that batch, compared again when one comes later, never under a result."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from app.laboratory.identification.domain import Method
from app.laboratory.readings import arrays
from app.laboratory.readings.tables import Instrument
from app.laboratory.standards.controlling import control_run
from app.laboratory.standards.domain import ControlKind, NewControl
from app.operations import retention
from app.platform.kernel.actor import Role
from app.platform.storage import Received
from spectra import MassSpectrum, Reading, ReadingKind
from tests.app.standards.conftest import Lab
from tests.support.road import ok
from tests.support.small_files import MDMA, small_ladder, small_ms, small_run

OLD = 1_600_000_000
HTML = {"Accept": "text/html"}
DIRT = {149: 999.0, 167: 300.0, 279: 90.0, 57: 120.0}
SAMPLE = ((340.0, MDMA), (385.0, DIRT))


def times(match: dict[str, Any]) -> list[int]:
    return sorted(round(p["retention_time_s"] / 5) * 5 for p in match["answer"]["peaks"])


def test_a_run_a_submitted_result_stands_on_is_left_as_it_is(lab: Lab) -> None:
    sample, reading = lab.run(small_run(SAMPLE), batch="B7")
    analysis = lab.get(f"/api/v1/samples/{sample}/analyses")[0]["id"]
    result, etag = lab.stage.road.draft(sample, [analysis])
    lab.stage.road.step("chemist", result, "submit", etag)
    before = lab.answer(sample)
    ok(lab.control(small_run([(385.0, DIRT)], seed=2)))
    lab.work()
    after = lab.answer(sample)
    assert after == before
    assert lab.get(f"/api/v1/readings/{reading}")["id"] == reading


def test_a_ladder_gives_retention_indices_and_is_named(lab: Lab) -> None:
    kept = ok(lab.control(small_ladder(8), "ladder", first_carbon=8))
    assert [round(c) for _, c in kept["details"]["alkanes"]] == [8, 9, 10, 11]
    sample, _ = lab.run(small_run([(347.5, MDMA)]), batch="B7")
    match = lab.answer(sample)
    assert match["answer"]["peaks"][0]["retention_index"] == pytest.approx(950, abs=15)
    assert any("n-alkane ladder" in s for s in match["answer"]["controls"])


def test_a_run_without_alkanes_is_no_ladder_and_says_so(lab: Lab) -> None:
    refused = lab.control(small_run(), "ladder", first_carbon=8)
    assert refused.status_code == 422
    assert "no retention indices" in refused.json()["detail"]
    assert lab.control(small_ladder(), "ladder").status_code == 422
    assert lab.control(small_ms(), "blank").status_code == 422
    assert lab.get("/api/v1/controls")["rows"] == []


def test_a_control_of_another_instrument_is_not_used(lab: Lab) -> None:
    sample = lab.stage.road.register()
    machine = _instrument(lab, "GC 1")
    analysis = lab.stage.road.analysis(sample, method="gc_ms", read_by_hand=False, batch="B7", instrument_id=machine)
    ok(lab.control(small_run([(385.0, DIRT)]), instrument="GC 2"))
    lab.stage.road.upload(analysis, small_run(SAMPLE), "a.cdf")
    lab.work()
    assert lab.answer(sample)["answer"]["controls"] == []
    ok(lab.control(small_run([(385.0, DIRT)], seed=5), instrument="gc 1"))
    lab.work()
    assert "blank of its batch" in lab.answer(sample)["answer"]["controls"][0]


def _instrument(lab: Lab, name: str) -> str:
    with lab.world.runtime.db.begin(lab.world.actors[Role.ADMIN]) as uow:
        row = Instrument(agency_id=lab.world.agency_id, name=name, method=Method.GC_MS)
        uow.session.add(row)
        uow.session.flush()
        return str(row.id)


def test_a_waiting_file_becomes_a_control_and_waits_no_more(lab: Lab) -> None:
    file, version = lab.stage.incoming(small_run(), "blank.cdf")
    page = lab.client().get(f"/standards/controls?incoming={file}", headers=HTML).text
    assert "blank.cdf" in page
    form = {"incoming": file, "version": version, "kind": "blank", "batch": "B7"}
    done = lab.client().post("/standards/controls/files", data=form, headers=HTML)
    assert done.headers["Location"] == "/standards/controls?done=kept"
    state = lab.get(f"/api/v1/incoming/{file}")
    assert (state["state"], state["set_aside_reason"]) == ("set_aside", "blank")
    again = lab.client().post("/standards/controls/files", data=form, headers=HTML)
    assert again.status_code == 412
    assert len(lab.get("/api/v1/controls?batch=B7")["rows"]) == 1


def test_the_bytes_of_a_control_are_kept_when_old_files_are_deleted(lab: Lab) -> None:
    file, version = lab.stage.incoming(small_run(), "blank.cdf")
    other, other_version = lab.stage.incoming(small_run(seed=9), "practice.cdf")
    body = {"incoming_id": file, "kind": "blank", "batch": "B7"}
    ok(lab.client().post("/api/v1/controls/from-incoming", json=body, headers={"If-Match": f'"{version}"'}))
    lab.stage.decide(other, other_version, "set-aside", {"reason": "practice"})
    runtime = lab.world.runtime
    for sha256 in (lab.get(f"/api/v1/incoming/{key}")["sha256"] for key in (file, other)):
        os.utime(runtime.blobs.path(sha256), (OLD, OLD))  # as if nobody had sent it for long
    runtime.clock.advance(days=31)  # type: ignore[attr-defined]
    retention.purge(runtime.db)
    assert retention.purge_files(runtime.db, runtime.blobs) == 1


def test_what_a_file_calls_itself_is_kept_without_what_a_database_refuses(lab: Lab) -> None:
    scan = MassSpectrum([57.0, 71.0], [9.0, 5.0])
    run = Reading(
        ReadingKind.MASS_RUN, np.array([1.0, 2.0]), np.array([14.0, 14.0]), "s", "counts", title="a\x00b\x1b[31m",
        instrument="GC\x00", scans=(scan, scan),
    )  # fmt: skip
    store = arrays.array_store(lab.world.runtime.blobs.root)
    made = control_run(store, Received("0" * 64, 1), "a.cdf", [run], NewControl(ControlKind.BLANK, "B7"))
    assert (made.details["title"], made.details["instrument"]) == ("a b [31m", "GC")
