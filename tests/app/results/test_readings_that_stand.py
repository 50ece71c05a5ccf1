"""A reading that a submitted result stands on is not read another way (ADR 0009): first the result, then the reading."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.laboratory.readings import analyses, uploads
from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from tests.support.road import infrared_file

from .conftest import Lab

CHEMIST, VERIFIER, LEAD = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD
HTML = {"Accept": "text/html"}
ROAD = (("submit", CHEMIST), ("verify", VERIFIER), ("release", LEAD))


@pytest.fixture
def stood(lab: Lab) -> tuple[UUID, Any, Any]:
    """A sample with a file that was read, and a draft that stands on it."""
    sample_id = lab.sample()
    upload = lab.upload(sample_id, infrared_file(), "a.jdx")
    return sample_id, upload, lab.draft(sample_id, NewFinding("mdma", analysis_ids=(upload.analysis_id,)))


def state(lab: Lab, sample_id: UUID) -> list[Any]:
    """Every reading as it is stored, and how its file is said to be read."""
    views = lab.read(lambda s: analyses.analyses_of(s, sample_id))
    kept = [r.reading.model_dump() for view in views for r in view.readings]
    return kept + [u.model_dump() for view in views for u in view.uploads]


def try_everything(lab: Lab, world: Any, sample_id: UUID, upload: Any) -> list[Any]:
    """Every way to have the file read another way: form, API, another method."""
    chemist = world.as_(CHEMIST)
    version = lab.read(lambda s: uploads.get_upload(s, lab.actor(CHEMIST), upload.id)).version
    form = {"upload": str(upload.id), "version": version, "x_axis": "raman"}
    analysis = f"/api/v1/analyses/{upload.analysis_id}"
    answers = [
        chemist.post(f"/bench/samples/{sample_id}/corrections", data=form, headers=HTML),
        chemist.post(
            f"/api/v1/uploads/{upload.id}/answer",
            json={"hints": {"kind": "raman", "x_unit": "cm-1"}},
            headers={"If-Match": f'"{version}"'},
        ),
        chemist.patch(analysis, json={"method": "raman"}, headers={"If-Match": chemist.get(analysis).headers["etag"]}),
    ]
    lab.runtime.jobs.run_until_idle()
    return answers


@pytest.mark.parametrize("steps", [1, 2, 3], ids=["submitted", "verified", "released"])
def test_no_reading_of_a_submitted_result_is_read_another_way(
    lab: Lab, world: Any, stood: tuple[UUID, Any, Any], steps: int
) -> None:
    sample_id, upload, view = stood
    for action, by in ROAD[:steps]:
        view = lab.act(view, action, by)
    before = state(lab, sample_id)
    for answer in try_everything(lab, world, sample_id, upload):
        assert answer.status_code == 409, answer.text
        assert f"is {view.result.state.value} and based on this spectrum" in answer.text
        assert "Nothing was changed" in answer.text
    assert state(lab, sample_id) == before
    text = world.as_(CHEMIST).get(f"/bench/samples/{sample_id}?tab=file", headers=HTML).text
    assert "/corrections" not in text
    assert "Return or amend the result to correct this" in text


@pytest.mark.parametrize("step", [None, "return", "amend"])
def test_in_a_draft_and_after_a_return_or_an_amendment_the_reading_may_be_corrected(
    lab: Lab, world: Any, stood: tuple[UUID, Any, Any], step: str | None
) -> None:
    sample_id, upload, view = stood
    if step == "return":
        lab.act(lab.act(view, "submit", CHEMIST), "return", VERIFIER, reason="the axis is wrong")
    elif step == "amend":
        for action, by in ROAD:
            view = lab.act(view, action, by)
        lab.act(view, "amend", CHEMIST, reason="the axis is wrong")
    form, api, _ = try_everything(lab, world, sample_id, upload)
    assert form.status_code == 303, form.text
    assert api.status_code == 412  # the form came first
    (reading,) = [row for row in state(lab, sample_id) if "x_unit" in row]
    assert reading["kind"] == "raman"


def test_a_file_that_came_after_the_submission_may_still_be_answered(lab: Lab, stood: tuple[UUID, Any, Any]) -> None:
    sample_id, _, view = stood
    lab.act(view, "submit", CHEMIST)
    late = lab.upload(sample_id, b"nothing of use", "late.txt")
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        again = uploads.answer_upload(uow, late.id, late.version, hints={"format": "text"})
    assert again.state == "waiting"  # nothing was read from it, so nothing is replaced
