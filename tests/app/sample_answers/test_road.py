"""The answer of a sample on the road: worked out after each file, added to findings, asked about, and shown to whoever checks."""

from __future__ import annotations

from pathlib import Path

from app.laboratory.library.importing import ImportParts, import_library
from app.platform.kernel.actor import Role
from tests.app.sample_answers.conftest import Measured
from tests.support.known_files import ei_of, ir_of
from tests.support.reference_zips import curve, reference


def names(answer: dict) -> list[str]:
    return [part["name"]["name"] for part in answer["answer"]["parts"]]


def cells(answer: dict, part: int = 0) -> dict[str, str]:
    return {cell["method"]: cell["state"] for cell in answer["answer"]["parts"][part]["cells"]}


def test_adding_all_makes_a_finding_that_stands_on_both_methods_and_is_confirmed(measured: Measured) -> None:
    for method, content, name in (("ftir", ir_of(cocaine=1.0), "a.jdx"), ("gc_ms", ei_of("Cocaine"), "b.msp")):
        measured.measure(method, content, name)
    chemist = measured.world.as_(Role.CHEMIST)
    page = chemist.get(f"/bench/samples/{measured.sample_id}").text
    assert f'action="/bench/samples/{measured.sample_id}/use-sample"' in page
    added = chemist.post(f"/bench/samples/{measured.sample_id}/use-sample", headers={"Origin": "https://testserver"})
    assert added.status_code == 303, added.text
    result = chemist.get(f"/api/v1/samples/{measured.sample_id}/results").json()["rows"][0]
    (finding,) = result["findings"]
    assert (finding["substance"], finding["confidence"]) == ("cocaine", "confirmed")
    assert set(finding["methods"]) == {"ftir", "gc_ms"}
    assert finding["minimum"]["met"]


def test_two_files_that_cannot_be_of_one_sample_are_asked_about_and_hold_up_verifying(measured: Measured) -> None:
    measured.measure("ftir", ir_of(ketamine=1.0), "a.jdx")
    ms = measured.measure("gc_ms", ei_of("Cocaine"), "b.msp")
    answer = measured.answer()
    assert answer["open_questions"], answer["answer"]
    key = next(one for one in answer["open_questions"] if one.startswith("one_sample"))
    result, etag = measured.road.draft(measured.sample_id, [str(ms)], substance="cocaine")
    etag = measured.road.step("chemist", result, "submit", etag, accept_open=True)
    verifier = measured.world.as_(Role.VERIFIER)
    refused = verifier.post(f"/api/v1/results/{result}/verify", json={"accept_open": True}, headers={"If-Match": etag})
    assert refused.status_code == 409
    assert "question" in refused.text
    said = verifier.post(
        f"/api/v1/samples/{measured.sample_id}/answer/replies",
        json={"question": key, "reply": "one_sample", "note": "both scraped from one bag"},
        headers={"If-Match": f'"{answer["version"]}"'},
    )
    assert said.status_code == 200, said.text
    assert said.json()["open_questions"] == [one for one in answer["open_questions"] if one != key]


def test_a_file_of_another_sample_is_left_out_at_the_bench_and_may_count_again(measured: Measured) -> None:
    ir = measured.measure("ftir", ir_of(ketamine=1.0), "a.jdx")
    measured.measure("gc_ms", ei_of("Cocaine"), "b.msp")
    chemist, bench = measured.world.as_(Role.CHEMIST), f"/bench/samples/{measured.sample_id}"
    version = chemist.get(f"/api/v1/analyses/{ir}").json()["version"]
    assert f'action="{bench}/counts"' in chemist.get(f"{bench}?part=files").text

    def counts(version: int, *, yes: bool) -> dict:
        form = {"analysis": str(ir), "version": version, "counts": str(yes).lower()}
        sent = chemist.post(f"{bench}/counts", data=form, headers={"Origin": "https://testserver"})
        assert sent.status_code == 303, sent.text
        measured.world.runtime.jobs.run_until_idle()
        return measured.answer()

    without = counts(version, yes=False)
    assert (names(without), without["open_questions"]) == (["Cocaine"], [])
    again = counts(version + 1, yes=True)
    assert set(names(again)) == {"Cocaine", "Ketamine"}
    assert again["open_questions"]


def test_a_reply_to_nothing_asked_is_not_found_and_a_stale_one_is_refused(measured: Measured) -> None:
    measured.measure("ftir", ir_of(cocaine=1.0), "a.jdx")
    answer = measured.answer()
    chemist = measured.world.as_(Role.CHEMIST)
    url, body = f"/api/v1/samples/{measured.sample_id}/answer/replies", {"question": "nothing", "reply": "looked"}
    assert chemist.post(url, json=body, headers={"If-Match": f'"{answer["version"]}"'}).status_code == 404
    assert chemist.post(url, json=body, headers={"If-Match": '"999"'}).status_code == 412


def test_a_strip_that_is_recorded_later_works_the_answer_out_again(measured: Measured) -> None:
    measured.measure("ftir", ir_of(cocaine=1.0), "a.jdx")
    before = measured.answer()["version"]
    measured.road.analysis(
        measured.sample_id, method="strip", read_by_hand=False, strip_target="opioid.fentanyl", strip_reading="negative"
    )
    assert measured.answer()["progress"] == "waiting"
    measured.world.runtime.jobs.run_until_idle()
    after = measured.answer()
    assert after["progress"] == "ready"
    assert "strip" in cells(after)
    assert after["version"] == before, "who reads the questions meanwhile may still answer them"


def test_a_corrected_expectation_is_spoken_of_and_changes_no_name(measured: Measured) -> None:
    measured.measure("ftir", ir_of(cocaine=1.0), "a.jdx")
    before = measured.answer()["answer"]
    at = f"/api/v1/samples/{measured.sample_id}"
    reception = measured.world.as_(Role.RECEPTION)
    version = reception.get(at).json()["version"]
    reception.patch(at, json={"expected": ["ketamine"]}, headers={"If-Match": f'"{version}"'}).raise_for_status()
    measured.world.runtime.jobs.run_until_idle()
    after = measured.answer()["answer"]
    assert "Ketamine" in " ".join(after["expected"])
    assert "Ketamine" not in " ".join(before["expected"])
    assert after["parts"] == before["parts"]


def test_a_correction_before_anything_was_measured_asks_for_no_answer(measured: Measured) -> None:
    at = f"/api/v1/samples/{measured.sample_id}"
    reception = measured.world.as_(Role.RECEPTION)
    version = reception.get(at).json()["version"]
    reception.patch(at, json={"expected": ["ketamine"]}, headers={"If-Match": f'"{version}"'}).raise_for_status()
    assert measured.world.as_(Role.CHEMIST).get(f"{at}/answer").status_code == 404


def test_what_failed_its_control_supports_no_part_and_is_said_why(measured: Measured) -> None:
    ms = measured.measure("gc_ms", ei_of("Cocaine"), "b.msp")
    chemist = measured.world.as_(Role.CHEMIST)
    row = chemist.get(f"/api/v1/analyses/{ms}")
    chemist.patch(f"/api/v1/analyses/{ms}", json={"qc_failed": True}, headers={"If-Match": row.headers["ETag"]})
    measured.world.runtime.jobs.run_until_idle()
    answer = measured.answer()
    assert names(answer) == []
    assert any("blank or control" in reason for reason in answer["answer"]["reasons"])


def test_an_answer_says_that_libraries_have_changed_since_and_stays(measured: Measured, tmp_path: Path) -> None:
    measured.measure("gc_ms", ei_of("Cocaine"), "a.msp")
    measured.measure("ftir", ir_of(cocaine=1.0), "b.jdx")
    before = measured.answer()
    assert not before["older_libraries"]
    path = tmp_path / "more.jdx"
    path.write_bytes(reference("Alphamine HCl", curve(1)))
    runtime = measured.world.runtime
    made = import_library(ImportParts(runtime.db, runtime.settings.library_dir), [path], "More", "CC0", "a test")
    now = measured.answer()
    assert now["older_libraries"]
    assert now["answer"] == before["answer"]
    assert not now["stale"]
    page = measured.world.as_(Role.CHEMIST).get(f"/bench/samples/{measured.sample_id}").text
    assert "The libraries have changed since." in page
    measured.measure("gc_ms", ei_of("Cocaine"), "c.msp")
    again = measured.answer()
    assert not again["older_libraries"]
    said = f"Infrared spectra were compared with {made.library.name} and starter-ir as one library."
    assert said in " ".join(again["answer"]["reasons"])
