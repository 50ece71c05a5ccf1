"""Taking references out of an infrared reading by hand, over the API and on the page: steps, undo, repetition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from app.laboratory.readings import uploads
from app.platform.kernel.actor import SYSTEM
from tests.support.curves import jcamp, mixture
from tests.support.road import ok
from tests.support.small_files import small_ms
from tests.support.writes import Stage


@pytest.fixture
def chemist(stage: Stage) -> Any:
    return stage.client("chemist")


def reading_of(stage: Stage, content: bytes, name: str = "a.jdx") -> str:
    _, _, upload = stage.read_file(content, name)
    return str(ok(stage.client("chemist").get(f"/api/v1/uploads/{upload}/readings"))[0]["id"])


@pytest.fixture
def street(stage: Stage) -> str:
    return f"/api/v1/readings/{reading_of(stage, jcamp(mixture({'cocaine': 0.7, 'caffeine': 0.3}, slope=0.05)))}/subtraction"


def reference(chemist: Any, url: str, name: str) -> dict[str, str]:
    """The reference of this name among what the reading resembles."""
    hits = ok(chemist.get(url))["hits"]
    return next({"library": h["library"], "entry": h["entry"]} for h in hits if h["name"].casefold() == name)


def take_out(chemist: Any, url: str, name: str, **more: Any) -> Any:
    at = chemist.get(url).headers["ETag"]
    body = {**reference(chemist, url, name), **more}
    return ok(chemist.post(f"{url}/steps", json=body, headers={"If-Match": at}), 201)


def test_taking_the_main_substance_out_shows_the_other(chemist: Any, street: str) -> None:
    assert ok(chemist.get(street))["hits"][0]["name"] == "Cocaine"
    work = take_out(chemist, street, "cocaine")
    [step] = work["steps"]
    assert step["factor"] == step["optimum"] == pytest.approx(0.7, rel=0.25)
    assert work["hits"][0]["name"] == "Caffeine"
    rest = next(s for s in work["plot"]["series"] if s["role"] == "residual")
    assert rest["label"] == "Without Cocaine"
    assert np.ptp(rest["y"]) < 0.7 * np.ptp(work["plot"]["series"][0]["y"])


def test_a_trial_warns_of_too_much_and_keeps_nothing(chemist: Any, street: str) -> None:
    chosen = reference(chemist, street, "cocaine")
    much = ok(chemist.get(f"{street}/trial", params={**chosen, "factor": 1.4}))
    assert much["warning"].startswith("Too much Cocaine is subtracted. The residual dips below zero at ")
    fair = ok(chemist.get(f"{street}/trial", params={**chosen, "factor": 0.5}))
    assert fair["warning"] == ""
    assert ok(chemist.get(street))["steps"] == []


def test_a_reference_that_is_not_there_and_a_reading_without_bands_are_said(
    chemist: Any, street: str, stage: Stage
) -> None:
    known = reference(chemist, street, "cocaine")
    assert chemist.get(f"{street}/trial", params={**known, "entry": "none"}).status_code == 404
    gone = chemist.get(f"{street}/trial", params={**known, "library": "none"})
    assert gone.status_code == 404
    mass = reading_of(stage, small_ms(), "a.msp")
    answer = chemist.get(f"/api/v1/readings/{mass}/subtraction")
    assert (answer.status_code, "infrared" in answer.json()["detail"]) == (409, True)


def test_the_page_takes_out_warns_and_undoes_without_scripts(chemist: Any, street: str) -> None:
    page = street.replace("/api/v1", "/bench")
    chosen = reference(chemist, street, "cocaine")
    shown = chemist.get(page, params={**chosen, "factor": "1,4"})
    assert "Too much Cocaine is subtracted" in shown.text
    form = {**chosen, "factor": "0,65", "shift": "0", "version": "0"}
    wrong = chemist.post(page, data={**form, "factor": "much"})
    assert (wrong.status_code, "is not a number" in wrong.text, 'value="much"' in wrong.text) == (422, True, True)
    assert chemist.post(page, data=form).headers["location"].endswith("?done=step")
    shown = chemist.get(page, params={"done": "step"})
    assert "Without Cocaine" in shown.text
    assert "Best matches for the residual" in shown.text
    stale = chemist.post(page, data=form)
    assert stale.status_code == 412
    assert chemist.post(f"{page}/undo", data={"version": "1"}).headers["location"].endswith("?done=undone")
    assert "Without Cocaine" not in chemist.get(page).text


def test_steps_outlive_that_the_reading_is_compared_again(chemist: Any, stage: Stage) -> None:
    _, analysis, upload = stage.read_file(jcamp(mixture({"cocaine": 0.7, "caffeine": 0.3})))
    before = ok(chemist.get(f"/api/v1/uploads/{upload}/readings"))[0]
    url = f"/api/v1/readings/{before['id']}/subtraction"
    made = take_out(chemist, url, "cocaine")
    runtime = stage.world.runtime
    with runtime.db.begin(replace(SYSTEM, agency_id=stage.world.agency_id)) as uow:
        uploads.reprocess_analysis(uow, UUID(analysis))
    runtime.jobs.run_until_idle()
    after = ok(chemist.get(f"/api/v1/uploads/{upload}/readings"))[0]
    assert after["id"] == before["id"]
    assert ok(chemist.get(url)) == made


def test_a_correction_that_changes_the_curve_says_before_that_its_steps_go(chemist: Any, stage: Stage) -> None:
    sample, _, upload = stage.read_file(jcamp(mixture({"cocaine": 0.7, "caffeine": 0.3})))
    reading = ok(chemist.get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    page, said = f"/bench/samples/{sample}?tab=file", "One reference was subtracted manually."
    assert said not in chemist.get(page).text
    take_out(chemist, f"/api/v1/readings/{reading}/subtraction", "cocaine")
    assert said in chemist.get(page).text
    version = chemist.get(f"/api/v1/uploads/{upload}").json()["version"]
    form = {"upload": upload, "version": version, "y_axis": "transmittance", "reason": "exported as T"}
    assert chemist.post(f"/bench/samples/{sample}/corrections", data=form).status_code == 303
    stage.world.runtime.jobs.run_until_idle()
    after = ok(chemist.get(f"/api/v1/uploads/{upload}/readings"))[0]["id"]
    assert ok(chemist.get(f"/api/v1/readings/{after}/subtraction"))["steps"] == []
    assert said not in chemist.get(page).text


def test_nothing_is_taken_out_of_a_reading_of_a_withdrawn_sample(chemist: Any, stage: Stage) -> None:
    sample, _, upload = stage.read_file(jcamp(mixture({"cocaine": 0.7, "caffeine": 0.3})))
    url = f"/api/v1/readings/{ok(chemist.get(f'/api/v1/uploads/{upload}/readings'))[0]['id']}/subtraction"
    body = reference(chemist, url, "cocaine")
    ok(chemist.post(f"{url}/steps", json=body, headers={"If-Match": '"0"'}), 201)
    ok(stage.client("reception").post(f"/api/v1/samples/{sample}/withdraw", json={}))
    for path, more, version in (("steps", {"json": body}, 1), ("undo", {}, 1)):
        answer = chemist.post(f"{url}/{path}", headers={"If-Match": f'"{version}"'}, **more)
        assert (answer.status_code, "was withdrawn" in answer.json().get("detail", "")) == (409, True)
    assert len(ok(chemist.get(url))["steps"]) == 1
    assert "Undo Cocaine" not in chemist.get(url.replace("/api/v1", "/bench")).text
