"""Strips and reagents of many samples in one grid: all are kept or none, and a failed blank or control counts for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from app.platform.kernel.actor import Role
from tests.app.conftest import World
from tests.support.road import ok
from tests.support.writes import Stage

HTML = {"Accept": "text/html"}
TWO = {"test": ["strip:opioid.nitazene", "", "reagent:Marquis"], "lot": ["N7", "", ""], "batch": "13Jun-1"}


@pytest.fixture
def bench(world: World) -> Stage:
    return Stage(world)


def grid(bench: Stage, samples: list[str], cells: list[str], **more: Any) -> dict[str, Any]:
    plain = {"blank": ["N", "", "N"], "control": ["P", "", "P"]}
    return {**TWO, **plain, "session": bench.road.session_id, "sample": samples, "cell": cells, **more}


def send(bench: Stage, form: dict[str, Any], role: str = "chemist") -> Any:
    return bench.client(role).post("/bench/worksheet", data=form, headers=HTML)


def recorded(bench: Stage, sample: str) -> list[dict[str, Any]]:
    rows = ok(bench.client("chemist").get(f"/api/v1/samples/{sample}/analyses"))
    return list(rows["rows"] if isinstance(rows, dict) else rows)


def test_every_letter_becomes_an_analysis_of_its_sample(bench: Stage) -> None:
    one, two = bench.road.register(), bench.road.register()
    answer = send(bench, grid(bench, [one, two], ["p", "", "N", "", "", "F"]))
    assert answer.status_code == 303, answer.text
    assert "saved=3" in answer.headers["Location"]
    strip, reagent = recorded(bench, one)
    assert (strip["strip_target"], strip["strip_reading"], strip["strip_lot"]) == ("opioid.nitazene", "positive", "N7")
    assert (strip["batch"], strip["qc_failed"]) == ("13Jun-1", False)
    assert reagent["observation"] == "Marquis: negative"
    assert [row["observation"] for row in recorded(bench, two)] == ["Marquis: faint"]
    page = bench.client("chemist").get("/bench/worksheet", headers=HTML).text
    assert 'value="N7"' in page, "the lot is remembered"
    assert 'value="13Jun-2"' in page


@pytest.mark.parametrize(("blank", "control"), [("P", "P"), ("F", ""), ("N", "N"), ("", "I")])
def test_a_blank_or_control_that_is_wrong_fails_its_column_only(bench: Stage, blank: str, control: str) -> None:
    sample = bench.road.register()
    form = grid(bench, [sample], ["N", "", "P"], blank=[blank, "", "N"], control=[control, "", "P"])
    answer = send(bench, form)
    assert "failed=1" in answer.headers["Location"]
    assert [row["qc_failed"] for row in recorded(bench, sample)] == [True, False]
    assert "do not count" in bench.client("chemist").get(answer.headers["Location"], headers=HTML).text


def test_one_wrong_letter_saves_nothing_and_keeps_what_was_typed(bench: Stage) -> None:
    one, two = bench.road.register(), bench.road.register()
    answer = send(bench, grid(bench, [one, two], ["P", "", "N", "N", "", "X"]))
    assert answer.status_code == 422
    assert 'id="cell-1-2-error"' in answer.text
    assert 'name="cell" value="P"' in answer.text
    assert recorded(bench, one) == recorded(bench, two) == []
    gone = bench.road.register()
    ok(bench.client("reception").post(f"/api/v1/samples/{gone}/withdraw", json={}))
    assert send(bench, grid(bench, [one, gone], ["P", "", "", "N", "", ""])).status_code == 409
    assert recorded(bench, one) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"test": ["strip:psychedelic.nbome", "", ""]}, "Choose the test of this column."),
        ({"test": ["", "", ""]}, "Choose the test of this column."),
        ({"test": ["strip:xylazine", "", "strip:xylazine"]}, "stands twice"),
        ({"cell": ["", "", ""]}, "Enter at least one result."),
        ({"batch": ""}, "Enter a batch"),
        ({"cell": ["P"]}, "did not arrive"),
    ],
)
def test_a_worksheet_that_cannot_be_is_refused(bench: Stage, change: dict[str, Any], says: str) -> None:
    sample = bench.road.register()
    answer = send(bench, {**grid(bench, [sample], ["P", "", ""]), **change})
    assert answer.status_code == 422
    assert says in answer.text
    assert recorded(bench, sample) == []


def test_sent_twice_it_is_saved_once_and_by_nobody_but_the_bench(bench: Stage, world: World) -> None:
    sample = bench.road.register()
    form = grid(bench, [sample], ["P", "", ""], idempotency_key="once")
    assert [send(bench, form).status_code for _ in range(2)] == [303, 303]
    assert len(recorded(bench, sample)) == 1
    assert send(bench, form, "session_lead").status_code == 403
    other = Stage(world, "other")
    foreign = {**form, "idempotency_key": "", "session": other.road.session_id}
    assert send(bench, foreign).status_code == 404
    mixed = {**form, "idempotency_key": "", "sample": [other.road.register()]}
    assert send(bench, mixed).status_code == 404
    assert Role.CHEMIST in world.actors
