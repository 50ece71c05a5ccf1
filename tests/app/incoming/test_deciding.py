"""What may become of a file: attached, set aside, restored, taken back from the wrong sample."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select

from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings.tables import Blob, Upload
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.live import EventRow
from tests.app.incoming.conftest import Bench
from tests.support.road import infrared_file, ok


@pytest.fixture
def sample(bench: Bench) -> str:
    return bench.stage.road.register()


def table(bench: Bench, kind: Any) -> list[Any]:
    with bench.world.runtime.read() as session:
        return list(session.exec(select(kind)))


def test_an_attached_file_is_read_with_its_sample_as_any_other(bench: Bench, sample: str) -> None:
    file = bench.arrive()
    done = bench.decide(file, "attach", sample_id=sample)
    assert done.status_code == 200
    body = done.json()
    assert (body["state"], body["sample_id"], body["by_name"]) == ("attached", sample, False)
    assert done.headers["ETag"] == '"2"'
    bench.read()
    (analysis,) = ok(bench.client().get(f"/api/v1/samples/{sample}/analyses"))
    assert (analysis["method"], analysis["uploads"][0]["state"]) == ("ftir", "read")
    assert analysis["uploads"][0]["id"] == body["upload_id"]
    assert len(table(bench, Blob)) == 1
    entry = next(e for e in table(bench, AuditEntry) if e.verb == "attach")
    assert (entry.after["sample_id"], entry.reason) == (sample, "")
    assert "incoming.attach" in {e.kind for e in table(bench, EventRow)}


def test_two_people_cannot_give_one_file_to_two_samples(bench: Bench, sample: str) -> None:
    file, other = bench.arrive(), bench.stage.road.register()
    assert bench.decide(file, "attach", sample_id=sample).status_code == 200
    assert bench.decide(file, "attach", sample_id=other).status_code == 412
    again = bench.decide(bench.now(file), "attach", sample_id=other)
    assert again.status_code == 409
    assert "attached to a sample already" in again.json()["detail"]
    assert len(table(bench, Upload)) == 1


def test_nothing_is_attached_to_what_is_foreign_absent_or_withdrawn(bench: Bench, sample: str) -> None:
    file = bench.arrive()
    bench.stage.road.post("reception", f"/api/v1/samples/{sample}/withdraw", {})
    assert bench.decide(file, "attach", sample_id=sample).status_code == 409
    assert bench.decide(file, "attach", sample_id=str(uuid4())).status_code == 404
    assert bench.decide(file, "attach", sample_id="41").status_code == 422
    assert (bench.now(file)["state"], table(bench, Upload)) == ("waiting", [])


def test_a_file_is_set_aside_with_a_reason_and_restored(bench: Bench, sample: str) -> None:
    file = bench.arrive()
    assert bench.decide(file, "set-aside", reason="because").status_code == 422
    aside = ok(bench.decide(file, "set-aside", reason="blank"))
    assert (aside["state"], aside["set_aside_reason"]) == ("set_aside", "blank")
    assert "blank or background" in aside["message"]
    assert bench.decide(aside, "attach", sample_id=sample).status_code == 409
    assert bench.decide(aside, "set-aside", reason="check").status_code == 409
    back = ok(bench.decide(aside, "restore"))
    assert (back["state"], back["set_aside_reason"]) == ("waiting", None)
    assert bench.decide(back, "restore").status_code == 409
    assert [e.verb for e in table(bench, AuditEntry) if e.object_type == "incoming_file"] == [
        "receive",
        "set_aside",
        "restore",
    ]


def test_a_file_of_the_wrong_sample_is_taken_back_and_supports_nothing_there(bench: Bench, sample: str) -> None:
    right = bench.stage.road.register()
    file = ok(bench.decide(bench.arrive(), "attach", sample_id=sample))
    bench.read()
    back = ok(bench.decide(file, "take-back"))
    assert (back["state"], back["sample_id"], back["upload_id"]) == ("waiting", None, None)
    (wrong,) = ok(bench.client().get(f"/api/v1/samples/{sample}/analyses"))
    assert (wrong["status"], wrong["observation"]) == ("repeat", "This file belongs to another sample.")
    assert len(wrong["uploads"]) == 1, "nothing is erased"
    entry = next(e for e in table(bench, AuditEntry) if e.verb == "take_back")
    assert entry.before["sample_id"] == sample
    done = ok(bench.decide(back, "attach", sample_id=right))
    bench.read()
    (analysis,) = ok(bench.client().get(f"/api/v1/samples/{right}/analyses"))
    assert (analysis["status"], analysis["uploads"][0]["id"]) == ("ok", done["upload_id"])
    assert bench.decide(bench.arrive("b.jdx", infrared_file(1)), "take-back").status_code == 409


@pytest.mark.parametrize("act", ["attach", "set-aside", "restore", "take-back"])
def test_a_decision_says_which_version_it_starts_from(bench: Bench, act: str, sample: str) -> None:
    file = bench.arrive()
    body = {"attach": {"sample_id": sample}, "set-aside": {"reason": "blank"}}.get(act)
    url = f"/api/v1/incoming/{file['id']}/{act}"
    assert bench.client().post(url, json=body).status_code == 428
    assert bench.client().post(url, json=body, headers={"If-Match": '"9"'}).status_code == 412
    for role in (Role.SESSION_LEAD, Role.RECEPTION):
        assert bench.client(role).post(url, json=body, headers={"If-Match": '"1"'}).status_code == 403
    with bench.world.runtime.read() as session:
        assert session.exec(select(IncomingFile)).one().version == 1
