"""The SWGDRUG minimum of a finding: one rule with its confidence, stored with the version, shown in API and on the bench."""

from __future__ import annotations

from typing import Any

import pytest

from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results.differences import changes
from app.results.finding import NewFinding
from harm_messages.vocabulary import Abundance
from spectra.minimum_identification import edition

from .conftest import Lab


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Either kind does."""
    return sqlite_database


def stored(lab: Lab, world: Any, methods: tuple[str, ...], **finding: Any) -> Any:
    """The minimum of one finding that stands on an analysis by each of these methods, from the API."""
    sample = lab.sample()
    ran = tuple(lab.analysis(sample, method) for method in methods)
    view = lab.draft(sample, NewFinding(**{"substance_id": "mdma", **finding}, analysis_ids=ran))
    return world.as_(Role.CHEMIST).get(f"/api/v1/results/{view.result.id}").json()["findings"][0]["minimum"]


def test_a_finding_carries_its_minimum_in_the_api(lab: Lab, world: Any) -> None:
    met = stored(lab, world, ("ftir", "gc_ms"))
    assert met["met"]
    assert met["used"] == ["FTIR", "GC-MS"]
    assert met["edition"] == edition()
    assert met["sentence"] == f"Minimum identification (SWGDRUG ed. {edition()}): met by FTIR and GC-MS."
    not_met = stored(lab, world, ("ftir",))
    assert not not_met["met"]
    assert "other than infrared spectroscopy" in not_met["missing"][0]


def test_look_alikes_that_remain_keep_the_minimum_from_being_met(lab: Lab, world: Any) -> None:
    found = stored(lab, world, ("ftir", "gc_ms"), cannot_tell_from=("MBDB",))
    assert not found["met"]
    assert found["missing"] == ["A technique that tells it from MBDB."]


def test_what_was_not_seen_or_has_no_name_has_no_minimum(lab: Lab, world: Any) -> None:
    assert stored(lab, world, ("ftir", "gc_ms"), abundance=Abundance.NOT_DETECTED, below="5 %") is None
    assert stored(lab, world, ("ftir", "gc_ms"), substance_id=None, unknown_label="peak at 7.2 min") is None


def test_a_chemist_who_compared_the_retention_time_makes_gc_ms_count_twice(lab: Lab, world: Any) -> None:
    sample = lab.sample()
    ran = lab.analysis(sample, "gc_ms")
    chemist = world.as_(Role.CHEMIST)
    form = {"substance": "mdma", "abundance": "major", "analyses": str(ran)}
    assert chemist.post(f"/bench/samples/{sample}/findings", data=form).status_code == 303
    result = chemist.get(f"/api/v1/samples/{sample}/results").json()["rows"][0]
    assert (result["findings"][0]["confidence"], result["findings"][0]["minimum"]["met"]) == ("indicated", False)
    assert "when the retention time agrees" in " ".join(result["findings"][0]["minimum"]["missing"])
    assert "<b>not met</b>" in chemist.get(f"/bench/samples/{sample}").text
    form |= {"retention_compared": str(ran), "position": "0", "version": str(result["version"])}
    assert chemist.post(f"/bench/samples/{sample}/findings", data=form).status_code == 303
    page = chemist.get(f"/bench/samples/{sample}").text
    assert "Retention time compared" in page
    assert "<b>met</b> by GC-MS (mass spectrometry) + GC-MS (gas chromatography)" in page
    found = chemist.get(f"/api/v1/samples/{sample}/results").json()["rows"][0]["findings"][0]
    assert (found["confidence"], found["retention_compared"]) == ("confirmed", [str(ran)])


def test_a_retention_time_is_compared_of_analyses_the_finding_stands_on(lab: Lab, world: Any) -> None:
    sample = lab.sample()
    ran, other = lab.analysis(sample, "gc_ms"), lab.analysis(sample, "lc_ms")
    view = lab.draft(sample, NewFinding("mdma", analysis_ids=(ran,)))
    body = {"findings": [{"substance": "mdma", "analyses": [str(ran)], "retention_compared": [str(other)]}]}
    answer = world.as_(Role.CHEMIST).put(
        f"/api/v1/results/{view.result.id}/findings", json=body, headers={"If-Match": f'"{view.result.version}"'}
    )
    assert answer.status_code == 422
    assert "findings.0.retention_compared" in answer.json()["fields"]


def test_the_next_version_keeps_what_was_compared_and_a_change_is_told(lab: Lab) -> None:
    sample = lab.sample()
    ran = lab.analysis(sample, "gc_ms")
    finding = NewFinding("mdma", analysis_ids=(ran,), retention_ids=(ran,))
    view = lab.draft(sample, finding)
    view = lab.go(view, "submit", "verify", "release")
    again = lab.act(view, "amend", Role.CHEMIST, reason="look again")
    assert again.findings[0].retention_ids == [str(ran)]
    before, after = again.findings[0].entered, NewFinding("mdma", analysis_ids=(ran,))
    told = changes([before], [after], lambda f: "MDMA")
    assert "MDMA: retention time compared with a standard of 0 instead of 1 analyses." in told
