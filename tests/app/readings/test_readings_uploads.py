"""A file is acknowledged once it is durable, is one upload however often it is sent, and is read exactly once."""

from __future__ import annotations

import threading
import uuid
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlmodel import func, select

from app.laboratory.readings import uploads
from app.laboratory.readings.reading_job import read_upload
from app.laboratory.readings.tables import Analysis, Blob, Match, Reading, Upload
from app.platform.audit import AuditEntry
from app.platform.jobs import JobContext, JobRow, JobState
from app.platform.jobs.queue import claim
from app.platform.kernel.actor import Role
from app.platform.live.tables import EventRow
from tests.support.small_files import small_ir


def count(bench, table: type) -> int:
    with bench.world.runtime.read() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def post(bench, content: bytes, *, key: str = "", filename: str = "a.dx"):
    headers = {"Idempotency-Key": key} if key else {}
    url = f"/api/v1/samples/{bench.sample_id}/uploads"
    return bench.chemist.post(url, params={"filename": filename}, content=content, headers=headers)


def test_the_answer_comes_before_the_reading_with_everything_durable(bench):
    answer = post(bench, small_ir())
    assert answer.status_code == 202
    assert answer.headers["etag"] == '"1"'
    body = answer.json()
    assert body["state"] == "waiting"
    assert body["message"] == "Received and stored. It is being read."
    assert bench.parts.blobs.path(body["sha256"]).read_bytes() == small_ir()
    assert (count(bench, Upload), count(bench, Blob), count(bench, Reading), count(bench, JobRow)) == (1, 1, 0, 1)


def test_the_same_key_is_one_upload_and_the_same_answer_and_with_other_bytes_a_conflict(bench):
    first, again = post(bench, small_ir(), key="k1"), post(bench, small_ir(), key="k1")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (202, "true")
    assert again.json() == first.json()
    assert post(bench, small_ir() + b"\n", key="k1").status_code == 409
    assert (count(bench, Upload), count(bench, Analysis), count(bench, JobRow)) == (1, 1, 1)


def test_a_commit_that_fails_is_never_acknowledged(bench, monkeypatch: pytest.MonkeyPatch):
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("injected")

    monkeypatch.setattr("app.laboratory.readings.uploads.enqueue", broken)
    client = bench.chemist
    client._transport.raise_server_exceptions = False
    try:
        answer = post(bench, small_ir())
    finally:
        client._transport.raise_server_exceptions = True
    assert answer.status_code == 500
    assert (count(bench, Upload), count(bench, Analysis)) == (0, 0)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("C:\\runs\\..\\sample 41.dx", "sample 41.dx"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\n\x1b[31m.dx", "ab[31m.dx"),
        ("", "unnamed file"),
        ("..", "unnamed file"),
        ("x" * 300 + ".mzML", "x" * 195 + ".mzML"),
    ],
)
def test_a_file_name_is_only_a_name(given: str, shown: str):
    assert uploads.clean_file_name(given) == shown


def test_a_dropped_file_chooses_its_method_and_can_be_corrected(bench):
    upload = bench.upload(small_ir(), "mystery.mzML")  # the name says mass spectrometry, the content infrared
    url = f"/api/v1/analyses/{upload['analysis_id']}"
    answer = bench.chemist.get(url)
    assert answer.json()["method"] == "ftir"
    with bench.world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "correct")).one()
    assert (entry.before, entry.after, entry.reason) == ({"method": "gc_ms"}, {"method": "ftir"}, "taken from the file")
    etag = answer.headers["etag"]
    changed = bench.chemist.patch(url, json={"method": "raman", "reason": "a probe"}, headers={"If-Match": etag})
    assert changed.json()["method"] == "raman"
    assert bench.chemist.patch(url, json={"method": "ftir"}, headers={"If-Match": etag}).status_code == 412
    assert bench.get(f"/api/v1/uploads/{upload['id']}")["state"] == "waiting"
    bench.runner.run_until_idle()
    assert count(bench, Reading) == 1  # replaced, not doubled
    assert bench.get(url)["method"] == "raman"  # the chemist's word stands


def test_a_file_is_read_once_though_two_workers_hold_its_job(bench):
    post(bench, small_ir())
    db, clock = bench.parts.db, bench.parts.db.clock
    with db.begin() as uow:
        first = claim(uow, ["read_upload"], "one", clock(), clock())
    clock.advance(seconds=60)
    with db.begin() as uow:
        second = claim(uow, ["read_upload"], "two", clock(), clock() + timedelta(seconds=60))
    assert first is not None
    assert second is not None
    contexts = [JobContext(**asdict(one), database=db, stopping=lambda: False) for one in (first, second)]
    outcomes: list[str] = []

    def work(context: JobContext) -> None:
        try:
            read_upload(bench.parts, context)
            outcomes.append("done")
        except Exception as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=work, args=(context,)) for context in contexts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "done" in outcomes
    assert (count(bench, Reading), count(bench, Match)) == (1, 1)
    with bench.world.runtime.read() as session:
        assert session.exec(select(JobRow.state).where(JobRow.kind == "read_upload")).one() == JobState.DONE
        told = session.exec(select(EventRow).where(EventRow.kind == "upload.read")).all()
    assert len(told) == 1


def test_the_screens_are_told_with_the_sample_and_without_content(bench):
    upload = bench.upload(small_ir(), "secret name.dx")
    with bench.world.runtime.read() as session:
        events = session.exec(select(EventRow).where(EventRow.topic == "sample").order_by(EventRow.id)).all()
        entries = session.exec(select(AuditEntry)).all()
    assert [e.kind for e in events] == ["analysis.added", "upload.received", "upload.read"]
    assert {e.sample_id for e in events} == {bench.sample_id}
    assert events[-1].payload == {"upload_id": upload["id"], "state": "read"}
    assert not any("secret name" in str(e.after) for e in entries)


def test_a_foreign_object_answers_like_an_absent_one(bench):
    upload = bench.upload(small_ir(), "a.dx")
    reading = bench.reading(upload)
    foreign = bench.world.as_(Role.CHEMIST, agency="other")
    absent = uuid.uuid4()
    for path, own in (
        ("samples/{}/analyses", bench.sample_id),
        ("analyses/{}", upload["analysis_id"]),
        ("uploads/{}", upload["id"]),
        ("uploads/{}/readings", upload["id"]),
        ("readings/{}", reading["id"]),
        ("readings/{}/candidates", reading["id"]),
        ("readings/{}/plot", reading["id"]),
    ):
        theirs, nobodys = (foreign.get("/api/v1/" + path.format(key)) for key in (own, absent))
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json()["detail"] == nobodys.json()["detail"]
    for path, own in (("samples/{}/uploads", bench.sample_id), ("analyses/{}/uploads", upload["analysis_id"])):
        theirs, nobodys = (foreign.post("/api/v1/" + path.format(key), content=b"x") for key in (own, absent))
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json()["detail"] == nobodys.json()["detail"]
    assert count(bench, Upload) == 1


def test_a_form_sent_twice_is_one_upload_and_one_with_another_file_is_another(bench):
    """Whoever goes back and chooses a second file sends the key of the page again: that file must not vanish."""

    def send(content: bytes) -> None:
        form = {"data": {"idempotency_key": "k"}, "files": [("file", ("a.dx", content))]}
        answer = bench.chemist.post(f"/bench/samples/{bench.sample_id}/files", **form)
        assert answer.headers["location"] == f"/bench/samples/{bench.sample_id}?done=file"

    for content in (small_ir(), small_ir(), small_ir() + b"\n"):
        send(content)
    assert count(bench, Upload) == 2
    assert count(bench, Analysis) == 2


def test_a_withdrawn_sample_takes_no_more_files(bench):
    from app.intake.samples.tables import Sample

    with bench.parts.db.begin() as uow:
        uow.session.get(Sample, bench.sample_id).withdrawn_at = uow.now
    assert post(bench, small_ir()).status_code == 409
    assert count(bench, Upload) == 0


def test_a_retry_that_overtakes_its_first_try_is_one_upload(bench):
    from fastapi.testclient import TestClient

    cookie = bench.chemist.cookies.get("__Host-mast")
    answers: list[int] = []

    def send() -> None:
        client = TestClient(bench.world.app, base_url="https://testserver", raise_server_exceptions=False)
        client.cookies.set("__Host-mast", cookie, domain="testserver.local", path="/")
        url = f"/api/v1/samples/{bench.sample_id}/uploads?filename=a.dx"
        answers.append(client.post(url, content=small_ir(), headers={"Idempotency-Key": "same"}).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [202] * 4
    assert (count(bench, Upload), count(bench, Analysis)) == (1, 1)
