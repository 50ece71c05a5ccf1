"""A file arrives: durable before it is acknowledged, one row for one arrival for ever, and read at once."""

from __future__ import annotations

import hashlib
import threading
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.laboratory.incoming.tables import IncomingFile
from app.laboratory.readings.tables import Blob, Upload
from app.platform.audit import AuditEntry
from app.platform.jobs.tables import JobRow
from app.platform.web.tables import IdempotencyRow
from tests.app.incoming.conftest import OCTETS, Bench, digest
from tests.support.road import infrared_file, ok


def rows(bench: Bench, table: Any = IncomingFile) -> list[Any]:
    with bench.world.runtime.read() as session:
        return list(session.exec(select(table)))


def test_a_file_is_on_disk_and_in_the_database_when_it_is_acknowledged(bench: Bench) -> None:
    content = infrared_file()
    answer = bench.post(content, "C:\\OMNIC\\run 7\\scan.jdx", origin="FTIR laptop", arrival="k" * 64)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    body = answer.json()
    assert (body["state"], body["file_name"], body["folder"]) == ("waiting", "scan.jdx", "C:/OMNIC/run 7")
    assert (body["sha256"], body["origin"]) == (hashlib.sha256(content).hexdigest(), "FTIR laptop")
    assert bench.world.runtime.blobs.path(body["sha256"]).read_bytes() == content
    assert [job.kind for job in rows(bench, JobRow)] == ["read_incoming"]
    entry = next(e for e in rows(bench, AuditEntry) if e.object_type == "incoming_file")
    assert (entry.verb, entry.after["sha256"]) == ("receive", body["sha256"])


def test_the_same_arrival_is_one_row_for_ever_not_only_while_answers_are_kept(bench: Bench, clock: Any) -> None:
    first = bench.arrive("a.jdx", arrival="key-1")
    clock.advance(days=400)
    bench.world.clients.clear()  # signed out by then
    with bench.world.runtime.db.begin() as uow:
        uow.session.connection().execute(sa.delete(IdempotencyRow))
    again = bench.post(infrared_file(), "renamed.jdx", arrival="key-1")
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["file_name"]) == (first["id"], "a.jdx")
    assert len(rows(bench)) == 1
    assert len(rows(bench, JobRow)) == 1


def test_the_same_key_with_other_bytes_is_refused_and_changes_nothing(bench: Bench) -> None:
    first = bench.arrive(arrival="key-1")
    other = bench.post(infrared_file(5), arrival="key-1")
    assert other.status_code == 409
    assert other.json()["type"] == "urn:mast:problem:other_bytes"
    assert [r.sha256 for r in rows(bench)] == [first["sha256"]]
    assert [b.sha256 for b in rows(bench, Blob)] == [first["sha256"]]


def test_two_agencies_may_use_the_same_key(bench: Bench) -> None:
    bench.arrive(arrival="key-1")
    chemist = bench.client(agency="other")
    theirs = chemist.post("/api/v1/incoming?arrival=key-1", content=infrared_file(5), headers=OCTETS)
    assert theirs.status_code == 201
    assert ok(chemist.get("/api/v1/incoming?arrival=key-1"))["rows"][0]["id"] == theirs.json()["id"]
    assert ok(bench.client().get("/api/v1/incoming?arrival=key-1"))["rows"][0]["id"] != theirs.json()["id"]


def test_the_same_arrival_twice_at_once_is_one_row(bench: Bench) -> None:
    content, answers = infrared_file(), []
    chemist = bench.client()
    together = threading.Barrier(6)

    def send() -> None:
        together.wait(10)
        answers.append(chemist.post("/api/v1/incoming?arrival=k1", content=content, headers=OCTETS))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(a.status_code for a in answers) == [200] * 5 + [201]
    assert len({a.json()["id"] for a in answers}) == 1
    assert len(rows(bench)) == 1


def test_without_a_key_of_its_own_the_idempotency_key_stands_in(bench: Bench) -> None:
    def send(key: str, content: bytes = infrared_file()) -> Any:
        headers = {**OCTETS, **({"Idempotency-Key": key} if key else {})}
        return bench.client().post("/api/v1/incoming?filename=a.jdx", content=content, headers=headers)

    first, again, other, bare, bare_again = send("k"), send("k"), send("l"), send(""), send("")
    assert [a.status_code for a in (first, again, other, bare, bare_again)] == [201, 200, 201, 201, 201]
    assert first.json()["id"] == again.json()["id"]
    assert len(rows(bench)) == 4
    assert send("k", infrared_file(3)).status_code == 409


@pytest.mark.parametrize("header", ["Repr-Digest", "Content-Digest"])
def test_bytes_that_are_not_the_announced_ones_are_not_kept(bench: Bench, header: str) -> None:
    content = infrared_file()
    headers = {**OCTETS, header: digest(content)}
    cut = bench.client().post("/api/v1/incoming?filename=a.jdx", content=content[:-10], headers=headers)
    assert cut.status_code == 422
    assert cut.json()["type"] == "urn:mast:problem:digest_mismatch"
    assert rows(bench) == []
    root = bench.world.runtime.blobs.root
    assert [p for p in root.rglob("*") if p.is_file()] == []


@pytest.mark.parametrize(
    "value", ["sha-256=abc", "sha-256=:abc:", "sha-256=:YWJj:", ":::", "sha-256=:" + "A" * 43 + "=:, sha-256=:" + "B" * 43 + "=:"]
)  # fmt: skip
def test_a_digest_that_cannot_be_understood_is_refused(bench: Bench, value: str) -> None:
    headers = {**OCTETS, "Repr-Digest": value}
    assert bench.client().post("/api/v1/incoming", content=b"x", headers=headers).status_code == 422


def test_an_empty_file_and_one_over_the_limit_are_refused(bench: Bench) -> None:
    assert bench.post(b"").status_code == 422
    bench.world.runtime.blobs.max_bytes = 1000
    assert bench.post(b"x" * 1001).status_code == 413
    assert rows(bench) == []


def test_a_large_file_is_let_through_to_where_files_are_taken(bench: Bench) -> None:
    assert bench.post(b"x" * 3_000_000).status_code == 201
    assert bench.world.anonymous().post("/api/v1/incoming", content=b"x" * 3_000_000).status_code == 413


def test_a_session_of_another_agency_is_absent(bench: Bench) -> None:
    theirs = bench.world.session(agency="other")
    assert bench.post(b"x", session=str(theirs)).status_code == 404
    assert bench.post(b"x", session=str(uuid4())).status_code == 404
    assert bench.post(b"x", attach="true").status_code == 422
    assert rows(bench) == []


def test_damage_is_seen_at_once_and_the_file_is_kept(bench: Bench) -> None:
    file = bench.arrive("cut.jdx", infrared_file()[:900])
    bench.read()
    known = bench.now(file)
    assert known["problem"]["detail"].endswith(".")
    assert known["problem"]["asks"] is False
    assert known["state"] == "waiting"
    assert known["kept"]


def test_a_file_with_a_question_says_that_it_will_be_asked(bench: Bench) -> None:
    ambiguous = b"".join(b"%d,%02d\r\n" % (400 + k, 7 * k % 100) for k in range(90))
    file = bench.arrive("a.csv", ambiguous)
    bench.read()
    problem = bench.now(file)["problem"]
    assert problem["asks"] is True
    assert "Assign" in problem["hint"]


def test_reading_twice_stores_once(bench: Bench) -> None:
    file = bench.arrive()
    bench.read()
    before = bench.now(file)
    with bench.world.runtime.db.begin() as uow:
        job = uow.session.exec(select(JobRow)).one()
        job.state, job.finished_at, job.attempts = "queued", None, 0
    bench.read()
    assert bench.now(file)["read_at"] == before["read_at"]


def test_the_list_is_paged_newest_first(bench: Bench) -> None:
    made = [bench.arrive(f"{n}.jdx", infrared_file(n))["id"] for n in range(5)]
    first = ok(bench.client().get("/api/v1/incoming?limit=2"))
    second = ok(bench.client().get(f"/api/v1/incoming?limit=2&cursor={first['next']}"))
    third = ok(bench.client().get(f"/api/v1/incoming?limit=2&cursor={second['next']}"))
    assert [r["id"] for page in (first, second, third) for r in page["rows"]] == made[::-1]
    assert third["next"] is None
    assert ok(bench.client().get("/api/v1/incoming?state=attached"))["rows"] == []


def test_files_of_another_agency_are_not_in_the_list(bench: Bench) -> None:
    theirs = bench.arrive()
    other = bench.client(agency="other")
    assert ok(other.get("/api/v1/incoming"))["rows"] == []
    assert other.get(f"/api/v1/incoming/{theirs['id']}").status_code == 404


def test_the_name_suggests_the_sample_and_the_suggestion_follows_what_is_open(bench: Bench) -> None:
    sample = bench.stage.road.register()
    file = bench.arrive(f"{bench.number(sample):03d}_ketamine.jdx")
    assert (file["suggestion"]["sample_id"], file["sample_id"]) == (sample, None)
    assert "matches only this open sample" in file["suggestion"]["reason"]
    assert rows(bench, Upload) == [], "a suggestion attaches nothing"
    bench.stage.road.post("reception", f"/api/v1/samples/{sample}/withdraw", {})
    assert bench.now(file)["suggestion"] is None


def test_attached_from_its_name_only_when_asked_and_certain(bench: Bench) -> None:
    sample = bench.stage.road.register()
    number, session = bench.number(sample), bench.stage.road.session_id
    certain, bare = f"{number:03d}_a.jdx", f"{number}_a.jdx"
    asked = {"session": session, "attach": "true"}
    assert bench.arrive(certain, infrared_file(1), session=session)["state"] == "waiting"
    assert bench.arrive(bare, infrared_file(2), **asked)["state"] == "waiting"
    assert bench.arrive("noname.jdx", infrared_file(3), **asked)["state"] == "waiting"
    assert bench.arrive("blank_" + certain, infrared_file(4), **asked)["state"] == "waiting"
    done = bench.arrive(certain, infrared_file(5), **asked)
    assert (done["state"], done["sample_id"], done["by_name"]) == ("attached", sample, True)
    assert (done["version"], done["href"]) == (2, f"/bench/samples/{sample}")
    assert "from its name" in done["message"]
    (upload,) = rows(bench, Upload)
    assert (str(upload.id), upload.blob_sha256) == (done["upload_id"], done["sha256"])
    entry = next(e for e in rows(bench, AuditEntry) if e.verb == "attach")
    assert (entry.reason, entry.session_id) == ("attached from its name", session)
