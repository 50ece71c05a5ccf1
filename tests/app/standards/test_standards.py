"""Own standards: enrolled from the bench or a file, searched first and apart, no evidence once expired, never foreign."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import delete
from sqlmodel import col, select

from app.laboratory.readings.tables import Reading
from app.laboratory.standards.tables import StandardReplicate
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from tests.app.standards.conftest import MDMA_MS, Lab
from tests.support.road import ok
from tests.support.small_files import MDMA, small_ms, small_run
from tests.support.writes import CURVE

HTML = {"Accept": "text/html"}
OTHER = "58 999; 135 40; 91 300; 77 260;"


def test_a_reading_is_enrolled_as_it_is_and_found_first_by_the_next_one(lab: Lab) -> None:
    _, reading = lab.spectrum()
    body = {"reading_id": reading, "substance": "mdma", "lot": "L17", "purity_percent": 98.5, "instrument": "GC 1"}
    made = ok(lab.client().post("/api/v1/standards", json=body))
    assert (made["name"], made["lot"], made["state"]) == ("MDMA", "L17", "in use")
    assert made["inchikey"].startswith("SHXWCVYOXRDMCX")
    assert made["replicates"][0]["file_name"] == "a.msp"
    sample, _ = lab.spectrum(MDMA_MS.replace("135 90", "135 95"))
    match = lab.answer(sample)
    assert [c.get("own") for c in match["candidates"][:2]] == [True, None]
    assert match["candidates"][0]["lot"] == "L17"
    assert [c["rank"] for c in match["candidates"]] == list(range(1, len(match["candidates"]) + 1))
    assert match["answer"]["headline"] == "Consistent with your in-house standard of MDMA."
    assert match["answer"]["level"] == "consistent_with"
    assert match["answer"]["in_house"]["supports"] == ["SHXWCVYOXRDMCX"]
    assert match["libraries"][0]["name"] == "In-house standards"


def test_a_peak_of_a_run_is_enrolled_with_its_time_and_retention_decides(lab: Lab) -> None:
    _, reading = lab.run()
    made = ok(lab.client().post("/api/v1/standards", json={"reading_id": reading, "peak": 1, "substance": "mdma"}))
    time = made["replicates"][0]["retention_time_s"]
    assert time == pytest.approx(360, abs=2)
    same, _ = lab.run(small_run(seed=3))
    later, _ = lab.run(small_run([(395.0, MDMA)], seed=4))
    assert any("retention agrees" in s for s in lab.answer(same)["answer"]["sentences"])
    against = lab.answer(later)
    assert any("does not fit MDMA" in s for s in against["answer"]["in_house"]["sentences"])
    assert against["answer"]["in_house"]["supports"] == []
    assert "in-house standard" not in against["answer"]["headline"]
    assert against["candidates"][-1]["own"] is True


def test_an_expired_standard_is_shown_marked_and_counts_as_no_evidence(lab: Lab) -> None:
    now = lab.world.runtime.now()
    ends = (now - timedelta(days=2)).date().isoformat()
    made = ok(lab.enrol(substance="mdma", expires_on=ends))
    assert (made["counts"], made["state"]) == (False, "expired")
    sample, reading = lab.spectrum(MDMA_MS.replace("135 90", "135 95"))
    match = lab.answer(sample)
    own = [c for c in match["candidates"] if c.get("own")]
    assert len(own) == 1
    assert own[0] is match["candidates"][-1]
    assert "ran out" in own[0]["void"]
    assert match["answer"]["in_house"]["supports"] == []
    assert "in-house standard" not in match["answer"]["headline"]
    text = lab.client().get(f"/bench/samples/{sample}?reading={reading}", headers=HTML).text
    assert "not valid" in text
    place = match["candidates"].index(own[0])
    used = lab.client().post(
        f"/bench/samples/{sample}/use", data={"reading": reading, "place": str(place)}, headers=HTML
    )
    assert used.status_code == 409


def test_runs_of_one_material_are_kept_together_and_the_same_spectrum_never_twice(lab: Lab) -> None:
    made = ok(lab.enrol(lot="A"))
    again = lab.enrol(lot="A")
    assert again.status_code == 409
    assert "already" in again.json()["detail"]
    second = ok(lab.enrol(small_ms("b", OTHER), standard_id=made["id"]))
    assert (second["id"], len(second["replicates"]), second["version"]) == (made["id"], 2, 2)
    text = lab.client().get(f"/standards/{made['id']}", headers=HTML).text
    assert "Agreement between runs" in text


def test_another_agencys_standard_is_neither_seen_nor_compared_with(lab: Lab) -> None:
    theirs = ok(lab.enrol(agency="other"))
    assert lab.client().get(f"/api/v1/standards/{theirs['id']}").status_code == 404
    assert lab.get("/api/v1/standards")["rows"] == []
    sample, _ = lab.spectrum()
    match = lab.answer(sample)
    assert not [c for c in match["candidates"] if c.get("own")]
    assert "in_house" not in match["answer"]


def test_a_standard_outlives_the_reading_it_was_taken_from(lab: Lab) -> None:
    _, reading = lab.spectrum()
    ok(lab.client().post("/api/v1/standards", json={"reading_id": reading, "name": "Testamine"}))
    with lab.world.runtime.begin(lab.world.actors[Role.CHEMIST]) as uow:
        uow.session.execute(
            delete(Reading).where(col(Reading.id) == UUID(reading))
        )  # as when its file is read otherwise
    with lab.world.runtime.read() as session:
        (row,) = session.exec(select(StandardReplicate))
    assert row.reading_id is None
    again, _ = lab.spectrum(MDMA_MS.replace("135 90", "135 95"))
    assert lab.answer(again)["candidates"][0]["own"] is True


def test_the_form_on_the_bench_is_filled_in_and_one_click_enrols(lab: Lab) -> None:
    sample, reading = lab.run()
    bench = lab.client().get(f"/bench/samples/{sample}?tab=file", headers=HTML).text
    assert f"/standards/new?reading={reading}&amp;peak=1" in bench
    text = lab.client().get(f"/standards/new?reading={reading}&peak=1", headers=HTML).text
    assert 'value="mdma"' in text
    assert "6.0" in text
    form = {"reading": reading, "peak": "1", "substance": "mdma", "lot": "L9", "purity": "98,5 %"}
    done = lab.client().post("/standards", data=form, headers=HTML)
    assert done.headers["Location"] == "/standards?done=enrolled"
    row = lab.get("/api/v1/standards")["rows"][0]
    assert (row["lot"], row["purity_percent"]) == ("L9", 98.5)
    wrong = lab.client().post("/standards", data={**form, "purity": "much"}, headers=HTML)
    assert wrong.status_code == 422
    assert "“much” is not a number" in wrong.text


def test_an_isomer_is_excluded_by_its_replicates_and_by_nothing_less(lab: Lab) -> None:
    def run(name: str, a: int, b: int) -> bytes:
        return small_ms(name, f"58 999; 77 {a}; 91 {b}; 135 400; 136 200; 105 50;")

    def enrol_three(name: str, heights: tuple[int, int]) -> None:
        made = ok(lab.enrol(run(name, *heights), name=name))
        for k in (1, 2):
            ok(lab.enrol(run(name, heights[0] + 4 * k, heights[1] - 4 * k), standard_id=made["id"]))

    enrol_three("ortho-Testamine", (600, 200))
    sample, _ = lab.spectrum("58 999; 77 605; 91 198; 135 402; 136 199; 105 50;")
    alone = lab.answer(sample)["answer"]["in_house"]
    assert alone["isomers"] == []
    enrol_three("para-Testamine", (150, 700))
    sample, _ = lab.spectrum("58 999; 77 606; 91 197; 135 401; 136 199; 105 50;")
    own = lab.answer(sample)["answer"]
    (isomer,) = own["in_house"]["isomers"]
    assert (isomer["name"], isomer["excluded"], isomer["by"]) == ("para-Testamine", True, "replicates")
    assert isomer["compound"] not in own["set"]
    assert any("excluded by its replicates" in s for s in own["sentences"])


def _raw_files(lab: Lab) -> set[str]:
    root = lab.world.runtime.blobs.root
    return {p.name for p in root.rglob("*") if p.is_file() and "arrays" not in p.relative_to(root).parts}


def test_what_cannot_be_a_reference_is_refused_and_leaves_no_bytes_behind(lab: Lab) -> None:
    ok(lab.enrol())
    before = _raw_files(lab)
    for content, words in ((b"nonsense", "nothing was kept"), (small_ms("one", "58 999;"), "not saved")):
        refused = lab.enrol(content, filename="a.msp")
        assert refused.status_code == 422
        assert words in refused.json()["detail"]
    assert lab.enrol(name="").status_code == 422
    assert lab.enrol(inchikey="XX").status_code == 422
    assert lab.enrol(small_ms("the same under another title", MDMA_MS)).status_code == 409
    assert lab.control(small_run(), "ladder", first_carbon=8).status_code == 422
    for url in ("/standards/files", "/standards/controls/files"):
        form = {"substance_words": "Testamine", "kind": "blank", "batch": "B7"}
        sent = lab.client().post(url, files={"file": ("a.msp", b"nonsense")}, data=form, headers=HTML)
        assert sent.status_code == 422
    assert _raw_files(lab) == before
    ok(lab.enrol(small_ms("b", OTHER)))
    assert len(_raw_files(lab)) == len(before) + 1


def test_one_run_is_one_replicate_whichever_way_it_comes(lab: Lab) -> None:
    content = small_run([(340.0, MDMA), (385.0, {149: 999.0, 167: 300.0, 57: 120.0})])
    _, reading = lab.run(content)
    chemist = lab.client()
    made = ok(chemist.post("/api/v1/standards", json={"reading_id": reading, "peak": 1, "substance": "mdma"}))
    same = {"standard_id": made["id"]}
    refused = chemist.post("/api/v1/standards", json={"reading_id": reading, "peak": 2, **same})
    assert refused.status_code == 409
    assert "added twice" in refused.json()["detail"]
    assert lab.enrol(content, filename="copy.cdf", **same).status_code == 409
    other = ok(lab.enrol(small_run(seed=8), filename="b.cdf", **same))
    assert len(other["replicates"]) == 2
    assert lab.enrol(small_run(seed=8), filename="c.cdf", **same).status_code == 409


def test_of_a_withdrawn_sample_no_standard_is_made(lab: Lab) -> None:
    sample, reading = lab.spectrum()
    ok(lab.client(Role.RECEPTION).post(f"/api/v1/samples/{sample}/withdraw", json={}))
    refused = lab.client().post("/api/v1/standards", json={"reading_id": reading, "name": "Testamine"})
    assert refused.status_code == 409


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_no_clock_shows_is_refused(lab: Lab, moment: str) -> None:
    url = f"/api/v1/standards/uploads?filename=a.msp&name=Testamine&measured_at={moment}"
    assert lab.client().post(url, content=small_ms()).status_code == 422
    curve = {**CURVE, "valid_until": moment.replace("%2B", "+")}
    assert lab.client().post("/api/v1/quantification/curves", json=curve).status_code == 422


def test_a_standard_retired_after_the_comparison_is_no_evidence_and_one_may_compare_again(lab: Lab) -> None:
    made = ok(lab.enrol(substance="mdma"))
    sample, reading = lab.spectrum(MDMA_MS.replace("135 90", "135 95"))
    url, use = f"/bench/samples/{sample}?reading={reading}", f"/bench/samples/{sample}/use"
    assert "Search again" in lab.client().get(f"{url}&tab=file", headers=HTML).text
    text = lab.client().get(f"{url}&tab=matches", headers=HTML).text
    assert "no longer valid" not in text
    assert "MDMA" in text
    retire = f"/api/v1/standards/{made['id']}/retire"
    for reason, of, status in (
        ("x", None, 428),
        ("", '"1"', 422),
        ("impure", '"1"', 200),
        ("x", '"1"', 412),
        ("x", '"2"', 409),
    ):
        headers = {"If-Match": of} if of else {}
        assert lab.client().post(retire, json={"reason": reason}, headers=headers).status_code == status
    assert [(s["state"], s["retired_reason"]) for s in lab.get("/api/v1/standards")["rows"]] == [("retired", "impure")]
    with lab.world.runtime.read() as session:
        assert [e.verb for e in session.exec(select(AuditEntry)) if e.object_type == "standard"] == ["enrol", "retire"]
    text = lab.client().get(url, headers=HTML).text
    assert "In-house standard no longer valid: MDMA" in text
    assert "not valid" in text
    used = lab.client().post(use, data={"reading": reading, "place": "0"}, headers=HTML)
    assert used.status_code == 409
    assert "retired" in used.text
    analysis = lab.get(f"/api/v1/samples/{sample}/analyses")[0]["id"]
    again = lab.client().post(f"/bench/samples/{sample}/compare-again", data={"analysis": analysis}, headers=HTML)
    assert again.headers["Location"].endswith("done=again")
    lab.work()
    assert not [c for c in lab.answer(sample)["candidates"] if c.get("own")]
    text = lab.client().get(f"/bench/samples/{sample}", headers=HTML).text
    assert "no longer valid" not in text


def test_under_a_submitted_result_nothing_is_compared_again(lab: Lab) -> None:
    sample, _ = lab.spectrum()
    other, _ = lab.spectrum(OTHER)
    analysis = lab.get(f"/api/v1/samples/{sample}/analyses")[0]["id"]
    result, etag = lab.stage.road.draft(sample, [analysis])
    lab.stage.road.step("chemist", result, "submit", etag)
    before = lab.answer(sample)
    for at, status in ((sample, 409), (other, 404)):
        url = f"/bench/samples/{at}/compare-again"
        assert lab.client().post(url, data={"analysis": analysis}, headers=HTML).status_code == status
    lab.work()
    assert lab.answer(sample) == before
    assert "Search again" not in lab.client().get(f"/bench/samples/{sample}?tab=file", headers=HTML).text
