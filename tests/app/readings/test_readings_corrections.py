"""What a reader had to guess is marked, and a chemist's word about it reads the raw bytes again; both are in the log."""

from __future__ import annotations

import pytest
from sqlmodel import select

import instruments
from app.laboratory.readings.corrections import (
    X_AXES,
    Y_AXES,
    not_taken,
    taken_as,
)
from app.laboratory.readings.figures import shown as figure_words
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from tests.support.small_files import small_film
from tests.support.writes import NAMELESS

HTML = {"Accept": "text/html"}
GUESSES = {
    "x axis": ("axis_guessed", "unit_unknown", "time_unit_guessed", "time_unit_assumed", "looks_like_chromatogram"),
    "y axis": ("ordinate_unknown", "ordinate_scale", "y_unit_unknown"),
    "Kind": ("technique_guessed", "kind_guessed", "no_data_type"),
}
DOUBTS = {
    "x axis": ("looks_like_wavelength", "looks_like_wavenumber", "looks_like_seconds"),
    "y axis": ("looks_like_absorbance", "looks_like_transmittance", "implausible_absorbance"),
}
RUN = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<mzXML xmlns="http://sashimi.sourceforge.net/schema_revision/mzXML_3.2"><msRun scanCount="2">
<scan num="1" msLevel="1" peaksCount="2" retentionTime="0.5"><peaks precision="32" byteOrder="network"
 contentType="m/z-int">QmgAAEHIAABCtgAAQkgAAA==</peaks></scan>
<scan num="2" msLevel="1" peaksCount="2" retentionTime="1.5"><peaks precision="32" byteOrder="network"
 contentType="m/z-int">QmgAAEHIAABCtgAAQkgAAA==</peaks></scan>
</msRun></mzXML>
"""


# -- words and choices -----------------------------------------------------------------------------


@pytest.mark.parametrize("said_as", [GUESSES, DOUBTS], ids=["a guess", "the values look otherwise"])
def test_every_guess_and_doubt_of_a_reader_is_marked_where_it_stands(said_as: dict[str, tuple[str, ...]]):
    assert not [said for said in taken_as("ir", "cm-1", "absorbance", []) if said.note]
    for label, code in ((label, code) for label, codes in said_as.items() for code in codes):
        marked = taken_as("ir", "cm-1", "absorbance", [{"level": "warning", "code": code, "text": "…"}])
        ((where, value, note),) = [(said.label, said.value, said.note) for said in marked if said.note]
        assert where == label, code
        if said_as is GUESSES:
            assert value.startswith("taken as "), code
        else:
            assert note == "the values do not look like it, see the warning", code


def test_what_is_not_known_and_what_is_said_twice_is_marked_too():
    assert [said.value for said in taken_as("ir", "", "", [])] == ["infrared spectrum", "not known", "not known"]
    text = "The label of the y axis says transmittance, its type code says absorbance; the label was used."
    kind, x, y = taken_as("ir", "cm-1", "transmittance", [{"code": "unit_conflict", "text": text}])
    assert (kind.note, x.note) == ("", "")
    assert "two things" in y.note


def test_every_choice_is_an_answer_the_readers_know():
    said = [hints for _, hints in X_AXES.values()] + [{"y_unit": y} for y in Y_AXES]
    for hints in said:
        (reading,) = instruments.read(b"X;Y\n400;0,1\n402;0,2\n404;0,3\n", "a.csv", decimal=",", **hints)
        assert not not_taken(hints, reading.x_unit, reading.y_unit, reading.kind.value, reading.format), hints


def test_what_a_reader_does_not_take_is_said():
    hints = {"x_unit": "nm", "kind": "uv", "y_unit": "absorbance"}
    assert not_taken(hints, "nm", "absorbance", "uv", "text") == ""
    assert not_taken(hints, "cm-1", "absorbance", "ir", "jcamp") == "x axis UV in nm"
    assert not_taken({"y_unit": "transmittance (%)"}, "cm-1", "transmittance", "ir", "text") == ""
    assert not_taken({"x_unit": "min"}, "s", "total ion current", "mass_run", "mzml") == ""


# -- on the bench ----------------------------------------------------------------------------------


def correct(bench, upload: dict, role: Role = Role.CHEMIST, **form: str):
    data = {"upload": upload["id"], "version": upload["version"], **form}
    url = f"/bench/samples/{bench.sample_id}/corrections"
    answer = bench.world.as_(role).post(url, data=data, headers=HTML)
    bench.runner.run_until_idle()
    return answer


def now(bench, upload: dict) -> dict:
    return bench.get(f"/api/v1/uploads/{upload['id']}")


def page(bench, tab: str = "file") -> str:
    answer = bench.chemist.get(f"/bench/samples/{bench.sample_id}?tab={tab}", headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def log_of(bench, verb: str, upload: dict) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.verb == verb, AuditEntry.object_id == upload["id"])
    with bench.world.runtime.read() as session:
        return list(session.exec(query.order_by(AuditEntry.seq)))


@pytest.mark.parametrize(
    ("form", "kind", "x_unit", "y_unit"),
    [
        ({"x_axis": "cm-1", "y_axis": "transmittance (%)"}, "ir", "cm-1", "transmittance"),  # they run from 0 to 1
        ({"x_axis": "cm-1", "y_axis": "reflectance"}, "ir", "cm-1", "reflectance"),
        ({"x_axis": "raman", "y_axis": "counts"}, "raman", "cm-1", "counts"),
        ({"x_axis": "nm-ir", "y_axis": "absorbance"}, "ir", "nm", "absorbance"),
        ({"x_axis": "min", "y_axis": "intensity"}, "chromatogram", "min", "intensity"),
        ({"x_axis": "mz", "y_axis": ""}, "mass_spectrum", "m/z", "intensity"),
    ],
)
def test_a_guess_is_corrected_by_the_form_and_the_raw_bytes_are_read_so(bench, form, kind, x_unit, y_unit):
    upload = bench.upload(NAMELESS, "a.txt")
    answer = correct(bench, upload, **form)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].endswith("done=correction")
    reading = bench.reading(upload)
    assert (reading["kind"], reading["x_unit"], reading["y_unit"]) == (kind, x_unit, y_unit)
    assert not {r["code"] for r in reading["remarks"]} & {"axis_guessed", "ordinate_unknown"}
    assert reading["quality"]["figures"]
    blob = bench.world.runtime.blobs.path(now(bench, upload)["sha256"])
    assert blob.read_bytes() == NAMELESS


def test_the_screen_marks_the_guess_and_then_names_who_corrected_it(bench):
    upload = bench.upload(NAMELESS, "a.txt")
    text = page(bench)
    assert "taken as cm⁻¹" in text
    assert text.count("the file does not say") >= 2
    assert "Correct import settings" in text
    correct(bench, upload, x_axis="raman", y_axis="counts", reason="it is our Raman probe")
    text = page(bench)
    assert "taken as" not in text
    name = bench.world.actors[Role.CHEMIST].display_name
    assert f"Corrected by {name}" in text
    assert "x axis Raman shift in cm⁻¹, y axis counts" in text
    undone = correct(bench, now(bench, upload), undo="yes")
    assert undone.headers["location"].endswith("done=as_the_file_says")
    assert "taken as cm⁻¹" in page(bench)
    assert now(bench, upload)["hints"] == {}


def test_the_correction_is_in_the_log_with_what_was_before_and_after(bench):
    upload = bench.upload(NAMELESS, "a.txt")
    correct(bench, upload, x_axis="raman", y_axis="counts", reason="it is our Raman probe")
    entry = log_of(bench, "correct", upload)[-1]
    assert (entry.object_type, entry.object_id, entry.reason) == ("upload", upload["id"], "it is our Raman probe")
    assert entry.actor_id == str(bench.world.actors[Role.CHEMIST].person_id)
    assert entry.before == {"hints": {}, "taken_as": ["ir, cm-1, no y unit"]}
    assert entry.after == {"hints": {"x_unit": "cm-1", "kind": "raman", "y_unit": "counts"}}
    read = log_of(bench, "read", upload)[-1]
    assert (read.before, read.after["taken_as"]) == ({"taken_as": ["ir, cm-1, no y unit"]}, ["raman, cm-1, counts"])
    correct(bench, now(bench, upload), x_axis="nm-uv")
    entry = log_of(bench, "correct", upload)[-1]
    assert entry.before["hints"] == {"x_unit": "cm-1", "kind": "raman", "y_unit": "counts"}
    assert entry.after["hints"] == {"x_unit": "nm", "kind": "uv", "y_unit": "counts"}  # what was not sent stays


def test_values_of_no_known_unit_are_compared_as_absorbance_and_that_is_said(bench):
    plain = bench.upload(small_film(), "a.dx")
    assert not [limit for limit in bench.candidates(plain)["limits"] if "as if they were absorbance" in limit]
    upload = bench.upload(small_film().replace(b"ABSORBANCE", b"ARBITRARY UNITS"), "b.dx")
    (limit,) = [limit for limit in bench.candidates(upload)["limits"] if "as if they were absorbance" in limit]
    drawn = bench.get(f"/api/v1/readings/{bench.reading(upload)['id']}/plot")
    assert drawn["y_label"] == "ARBITRARY UNITS"  # not called what nobody said
    assert "ARBITRARY UNITS" in limit
    assert limit in page(bench, "limits")
    assert "compared as if it were absorbance" in page(bench)
    correct(bench, upload, y_axis="absorbance")
    assert bench.reading(upload)["y_unit"] == "absorbance"
    assert not [limit for limit in bench.candidates(upload)["limits"] if "as if they were absorbance" in limit]


def test_times_without_a_unit_are_marked_and_corrected_though_the_format_fixes_the_rest(bench):
    upload = bench.upload(RUN, "run.mzXML")
    assert upload["state"] == "read", upload
    assert bench.reading(upload)["description"]["rt_last_s"] == 1.5
    assert "seconds were assumed" in page(bench, "quality")
    correct(bench, upload, time_unit="min")
    after = bench.reading(upload)
    assert after["description"]["rt_last_s"] == 90.0
    assert "time_unit_guessed" not in {remark["code"] for remark in after["remarks"]}
    text = page(bench)
    assert "times in minutes" in text
    assert "This format cannot use" not in text


def test_a_correction_that_cannot_be_is_refused_and_changes_nothing(bench):
    upload = bench.upload(NAMELESS, "a.txt")
    key = bench.reading(upload)["id"]
    assert correct(bench, upload, x_axis="furlong").status_code == 422
    assert correct(bench, upload).status_code == 422  # nothing said
    assert correct(bench, upload | {"version": 99}, x_axis="raman").status_code == 412
    assert correct(bench, upload, undo="yes").status_code == 409  # there is nothing to take back
    assert correct(bench, upload, Role.RECEPTION, x_axis="raman").status_code == 403
    assert (bench.reading(upload)["id"], now(bench, upload)["version"]) == (key, upload["version"])
    assert not log_of(bench, "correct", upload)


def test_the_api_corrects_and_takes_back(bench):
    upload = bench.upload(NAMELESS, "a.txt")
    url = f"/api/v1/uploads/{upload['id']}/answer"

    def send(body: dict, version: int) -> dict:
        answer = bench.chemist.post(url, json=body, headers={"If-Match": f'"{version}"'})
        assert answer.status_code == 202, answer.text
        bench.runner.run_until_idle()
        return now(bench, upload)

    said = send({"hints": {"x_unit": "nm", "kind": "uv"}, "reason": "a UV export"}, upload["version"])
    assert said["hints"] == {"x_unit": "nm", "kind": "uv"}
    assert said["corrected_by"] == str(bench.world.actors[Role.CHEMIST].person_id)
    assert bench.reading(upload)["kind"] == "uv"
    back = send({"as_the_file_says": True}, said["version"])
    assert (back["hints"], back["corrected_by"], back["corrected_at"]) == ({}, None, None)
    assert bench.reading(upload)["kind"] == "ir"
    for wrong in ({}, {"choice": 0, "as_the_file_says": True}, {"hints": {"wavelength": "x"}}):
        answer = bench.chemist.post(url, json=wrong, headers={"If-Match": f'"{back["version"]}"'})
        assert answer.status_code == 422


@pytest.mark.parametrize(
    ("value", "printed"),
    [(None, "–"), ("not seen", "not seen"), ("-3 to 4", "−3 to 4"), (60.0, "60"), (2420, "2,420"), (-0.026, "−0.026"),
     (9.49e7, "9.49 × 10⁷"), (2.5e-7, "2.5 × 10⁻⁷")],
)  # fmt: skip
def test_a_figure_is_printed_without_a_programmers_exponent(value, printed: str):
    assert figure_words(value) == printed


def test_a_word_the_file_cannot_be_read_with_is_named_and_taken_back(bench):
    upload = bench.upload(NAMELESS, "a.txt")
    url, etag = f"/api/v1/uploads/{upload['id']}/answer", f'"{upload["version"]}"'
    bench.chemist.post(url, json={"hints": {"kind": "mass_run"}}, headers={"If-Match": etag})
    bench.runner.run_until_idle()
    refused = now(bench, upload)
    assert refused["state"] == "refused"
    text = page(bench)
    assert "Settings used: kind mass run." in text
    assert "Detect settings automatically" in text
    assert correct(bench, refused, undo="yes").status_code == 303
    assert bench.reading(upload)["kind"] == "ir"
