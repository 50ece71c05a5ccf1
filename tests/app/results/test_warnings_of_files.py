"""Warnings of a reader: nothing rests on the file until a chemist has said that they were looked at; then it may."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from app.laboratory.readings import analyses, uploads
from app.laboratory.readings.domain import UploadState
from app.laboratory.readings.tables import Analysis
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Stale
from app.platform.live import EventRow
from app.results.finding import NewFinding
from tests.support.writes import NAMELESS

from .conftest import Lab

CHEMIST, VERIFIER, LEAD = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD
SENTENCE = "The file does not say whether y is absorbance or transmittance."
CLICK = "Mark warnings as checked"


def see(lab: Lab, upload: Any, by: Role = CHEMIST) -> Any:
    with lab.runtime.db.begin(lab.actor(by)) as uow:
        return uploads.see_warnings(uow, upload.id, upload.version)


def test_a_result_on_a_file_with_warnings_is_refused_before_the_click_and_goes_through_after(lab: Lab) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(upload.analysis_id,)))
    assert (view.findings[0].confidence, view.findings[0].methods) == ("tentative", [])
    assert "warnings of its file were not looked at" in " ".join(view.findings[0].confidence_reasons)
    assert lab.refused(view, "submit", CHEMIST).startswith("run7.txt has warnings nobody has checked")

    seen = see(lab, upload)
    assert seen.warnings_seen_by == lab.actor(CHEMIST).person_id
    assert seen.warnings_seen_at is not None
    view = lab.go(view, "submit")
    assert (view.findings[0].confidence, view.findings[0].methods) == ("indicated", ["ftir"])
    assert lab.go(view, "verify", "release").result.state == "released"


def test_nothing_found_does_not_rest_on_warnings_nobody_has_looked_at_either(lab: Lab) -> None:
    sample_id = lab.sample(())
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    view = lab.draft(sample_id, nothing_found=True)
    assert view.result.outcome == "pending"
    assert "nobody has checked" in lab.refused(view, "submit", CHEMIST)
    see(lab, upload)
    assert lab.go(view, "submit").result.outcome == "nothing_found"


def test_reading_by_hand_is_no_way_around_the_warnings_of_a_file(lab: Lab) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    lab.change(Analysis, upload.analysis_id, read_by_hand=True)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(upload.analysis_id,)))
    assert "nobody has checked" in lab.refused(view, "submit", CHEMIST)


def test_a_rereading_that_fails_for_a_reason_of_ours_is_no_way_around_the_warnings(lab: Lab, clock: Any) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    lab.runtime.blobs.path(upload.blob_sha256).unlink()  # the disk, not the file
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        assert uploads.reprocess_analysis(uow, upload.analysis_id) == 1
    for _ in range(3):
        lab.runtime.jobs.run_until_idle()
        clock.advance(minutes=10)
    file = the_file(lab, sample_id)
    assert (file.upload.state, len(file.readings), file.unseen) == (UploadState.REFUSED, 1, True)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(upload.analysis_id,)))
    assert "nobody has checked" in lab.refused(view, "submit", CHEMIST)
    see(lab, file.upload)
    assert lab.go(view, "submit").result.state == "submitted"


def test_the_look_is_kept_in_the_log_and_told_to_the_screens_once(lab: Lab) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    seen = see(lab, upload)
    again = see(lab, seen, by=VERIFIER)  # a second click changes nothing
    assert (again.version, again.warnings_seen_by) == (seen.version, lab.actor(CHEMIST).person_id)
    entries = lab.read(lambda s: s.exec(select(AuditEntry).where(AuditEntry.verb == "see_warnings")).all())
    assert [(e.object_id, e.after) for e in entries] == [
        (str(upload.id), {"codes": ["axis_guessed", "ordinate_unknown"]})
    ]
    assert entries[0].actor_id == str(lab.actor(CHEMIST).person_id)
    events = lab.read(lambda s: s.exec(select(EventRow).where(EventRow.kind == "upload.warnings_seen")).all())
    assert [e.sample_id for e in events] == [sample_id]
    assert events[0].payload == {"upload_id": str(upload.id)}


def test_a_look_at_what_changed_meanwhile_or_has_no_warnings_is_refused(lab: Lab) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    see(lab, upload)
    with pytest.raises(Stale):
        see(lab, upload)
    named = b"Wavenumber (cm-1)\tAbsorbance\n" + NAMELESS
    plain = lab.upload(sample_id, named, "named.txt")
    with pytest.raises(Conflict) as refused:
        see(lab, plain)
    assert "no warnings" in refused.value.detail
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        now = the_file(lab, sample_id).upload.version
        waiting = uploads.answer_upload(uow, upload.id, now, hints={"y_unit": "absorbance"})
    with pytest.raises(Conflict) as refused:
        see(lab, waiting)
    assert "being read again" in refused.value.detail


def test_a_look_covers_fewer_warnings_and_not_new_ones(lab: Lab) -> None:
    sample_id = lab.sample()
    see(lab, lab.upload(sample_id, NAMELESS, "run7.txt"))

    def asked_again_after(**how: Any) -> bool:
        file = the_file(lab, sample_id).upload
        with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
            if how:
                uploads.answer_upload(uow, file.id, file.version, hints=how)
            else:
                uploads.as_the_file_says(uow, file.id, file.version)
        lab.runtime.jobs.run_until_idle()
        return bool(the_file(lab, sample_id).unseen)

    assert not asked_again_after(y_unit="absorbance")
    assert len(the_file(lab, sample_id).warnings) == 1
    assert asked_again_after()  # what nobody knew a moment ago is unknown again
    assert len(the_file(lab, sample_id).warnings) == 2


def the_file(lab: Lab, sample_id: UUID) -> Any:
    return lab.read(lambda s: next(f for a in analyses.analyses_of(s, sample_id) for f in analyses.files_of(a)))


def test_the_screen_shows_the_sentences_the_button_and_then_who_looked(lab: Lab) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    text = lab.page(sample_id, tab="quality")
    assert text.count(SENTENCE) == 1
    assert CLICK in text
    assert "check warnings" in text
    assert "cannot support a result until" in text
    assert CLICK not in lab.page(sample_id, LEAD, tab="quality")  # sees them, cannot answer for them
    form = {"upload": str(upload.id), "version": upload.version}
    done = lab.post(sample_id, "warnings", form)
    assert (done.status_code, done.headers["location"]) == (303, f"/bench/samples/{sample_id}?done=warnings")
    text = lab.page(sample_id, tab="quality")
    assert SENTENCE in text  # kept, and still to be read
    assert CLICK not in text
    assert f"Checked by {lab.actor(CHEMIST).display_name}" in text
    stale = lab.post(sample_id, "warnings", form)
    assert stale.status_code == 412


def test_the_button_belongs_to_the_sample_of_the_page(lab: Lab) -> None:
    upload = lab.upload(lab.sample(), NAMELESS, "run7.txt")
    other = lab.sample()
    form = {"upload": str(upload.id), "version": upload.version}
    assert lab.post(other, "warnings", form).status_code == 404
    assert lab.read(lambda s: uploads.get_upload(s, lab.actor(CHEMIST), upload.id)).warnings_seen_at is None


def test_the_api_says_what_is_to_be_seen_and_takes_the_look(lab: Lab, world: Any) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, NAMELESS, "run7.txt")
    chemist, url = world.as_(CHEMIST), f"/api/v1/uploads/{upload.id}"
    listed = chemist.get(f"/api/v1/samples/{sample_id}/analyses").json()[0]
    assert SENTENCE in listed["readings"][0]["warnings"]
    assert listed["uploads"][0]["warnings_seen_at"] is None
    assert chemist.post(f"{url}/warnings-seen").status_code == 428
    assert chemist.post(f"{url}/warnings-seen", headers={"If-Match": '"99"'}).status_code == 412
    etag = chemist.get(url).headers["etag"]
    assert world.as_(LEAD).post(f"{url}/warnings-seen", headers={"If-Match": etag}).status_code == 403
    done = chemist.post(f"{url}/warnings-seen", headers={"If-Match": etag})
    assert done.status_code == 200, done.text
    assert done.json()["warnings_seen_by"] == str(lab.actor(CHEMIST).person_id)
    assert done.headers["etag"] != etag
