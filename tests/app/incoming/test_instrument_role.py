"""The account of an instrument's computer: it sends files, asks about one at a time, and learns nothing of samples."""

from __future__ import annotations

from typing import Any

from app.platform.kernel.actor import Role
from tests.app.incoming.conftest import Bench
from tests.support.road import infrared_file, ok

OF_A_SAMPLE = {"sample_id": None, "upload_id": None, "suggestion": None, "href": ""}


def asked(bench: Bench, query: str) -> Any:
    return bench.client(Role.INSTRUMENT).get(f"/api/v1/incoming{query}")


def told(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in OF_A_SAMPLE}


def test_it_asks_about_one_arrival_and_lists_nothing(bench: Bench) -> None:
    bench.arrive(arrival="key-1")
    for query in ("", "?arrival=", "?state=waiting", "?limit=1"):
        refused = asked(bench, query)
        assert refused.status_code == 403, query
        assert "one arrival" in refused.json()["detail"]
    assert ok(asked(bench, "?arrival=key"))["rows"] == [], "a part of a key is none"
    foreign = bench.client(Role.INSTRUMENT, agency="other").get("/api/v1/incoming?arrival=key-1")
    assert ok(foreign)["rows"] == []
    (row,) = ok(asked(bench, "?arrival=key-1"))["rows"]
    assert asked(bench, f"/{row['id']}").status_code == 403


def test_a_name_that_speaks_of_a_sample_shows_the_sample_to_the_bench_only(bench: Bench) -> None:
    number = bench.number(bench.stage.road.register())
    sent = ok(bench.post(infrared_file(), f"{number:03d}.jdx", role=Role.INSTRUMENT, arrival="key-1"))
    assert told(sent) == OF_A_SAMPLE
    assert told(ok(asked(bench, "?arrival=key-1"))["rows"][0]) == OF_A_SAMPLE
    assert bench.now(sent)["suggestion"]["number"] == number


def test_attached_by_the_bench_it_hears_that_and_not_to_which(bench: Bench) -> None:
    sample = bench.stage.road.register()
    label = f"{bench.number(sample):03d}"
    file = ok(bench.post(infrared_file(), "scan.jdx", role=Role.INSTRUMENT, arrival="key-1"))
    assert bench.decide(file, "attach", sample_id=sample).json()["message"].endswith(f"Assigned to sample {label}.")
    answer = asked(bench, "?arrival=key-1")
    (row,) = ok(answer)["rows"]
    assert (row["state"], row["message"]) == ("attached", "Received and stored. Assigned to a sample.")
    assert told(row) == OF_A_SAMPLE
    assert sample not in answer.text


def test_it_may_have_a_file_attached_from_its_name(bench: Bench) -> None:
    sample = bench.stage.road.register()
    name = f"{bench.number(sample):03d}.jdx"
    sent = bench.post(infrared_file(), name, role=Role.INSTRUMENT, session=bench.stage.road.session_id, attach="true")
    body = ok(sent)
    assert body["message"] == "Received and stored. Assigned to a sample, from its name."
    assert told(body) == OF_A_SAMPLE
    at_the_bench = bench.now(body)
    assert (at_the_bench["sample_id"], at_the_bench["by_name"]) == (sample, True)
    theirs = str(bench.world.session(agency="other"))
    refused = bench.post(infrared_file(3), name, role=Role.INSTRUMENT, session=theirs, attach="true")
    assert refused.status_code == 404
