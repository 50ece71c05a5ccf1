"""The SWGDRUG minimum of a finding: one rule with its confidence, stored with the version, shown in API and on the bench."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest

from app.laboratory.identification.domain import Method, method_info
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results.derivation import Evidence, derive_confidence, minimum_identification
from app.results.differences import changes
from app.results.finding import NewFinding
from harm_messages.vocabulary import Abundance
from spectra.minimum_identification import category, edition

from .conftest import Lab


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Either kind does."""
    return sqlite_database


def evidence(*methods: str) -> list[Evidence]:
    """As a positive result of each, as shipped."""
    out = []
    for name in methods:
        info = method_info(Method(name))
        out.append(Evidence(name, info.title, info.category, info.specific, strip_reading="positive"))
    return out


EVERY = [m.value for m in Method]


@pytest.mark.parametrize("how_many", [1, 2, 3])
def test_confirmed_and_the_minimum_are_one_rule(how_many: int) -> None:
    for methods in combinations(EVERY, how_many):
        level, _ = derive_confidence(evidence(*methods))
        assert (level.value == "confirmed") == minimum_identification(evidence(*methods)).met, methods


@pytest.mark.parametrize("method", EVERY)
def test_a_method_has_the_category_of_the_table(method: str) -> None:
    assert method_info(Method(method)).category == category(method)


def test_the_provenance_of_the_methods_names_the_edition_in_use() -> None:
    for method in Method:
        provenance = method_info(method).provenance
        assert "SWGDRUG Recommendations" not in provenance or f"Recommendations {edition()}" in provenance


def test_what_did_not_run_well_is_named_and_does_not_count() -> None:
    bad = [Evidence("ftir", "FTIR", "A", True), Evidence("gc_ms", "GC-MS", "A", True, ran=False)]
    found = minimum_identification(bad)
    assert not found.met
    assert any("GC-MS: did not run well" in sentence for sentence in found.not_counted)


def test_three_techniques_without_one_of_category_a_confirm() -> None:
    level, reasons = derive_confidence(evidence("tlc", "gc_fid", "uv"))
    assert level.value == "confirmed"
    assert "two of them uncorrelated ones of SWGDRUG category B" in reasons[-1]


def test_a_compared_retention_time_makes_gc_ms_two_techniques() -> None:
    alone = Evidence("gc_ms", "GC-MS", "A", True)
    both = Evidence("gc_ms", "GC-MS", "A", True, both_results=True)
    assert derive_confidence([alone])[0].value == "indicated"
    assert derive_confidence([both])[0].value == "confirmed"
    assert derive_confidence([both, alone])[0].value == "confirmed"


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


def test_it_is_kept_with_the_version_as_it_was_said(lab: Lab) -> None:
    view = lab.released()
    assert view.findings[0].minimum is not None
    assert view.findings[0].minimum["met"] is False
    again = lab.act(view, "amend", Role.CHEMIST, reason="more")
    assert again.findings[0].minimum == view.findings[0].minimum


@pytest.mark.parametrize(
    ("methods", "words"), [(("ftir", "gc_ms"), "<b>met</b> by FTIR + GC-MS"), (("ftir",), "<b>not met</b>")]
)
def test_the_include_shows_it_on_the_bench(lab: Lab, world: Any, methods: tuple[str, ...], words: str) -> None:
    line = SimpleNamespace(row=SimpleNamespace(minimum=stored(lab, world, methods)))
    template = world.runtime.templates.environment.from_string(
        '{% import "common/ui.html" as ui %}{% include "bench/_minimum.html" %}'
    )
    html = template.render(line=line)
    assert f"SWGDRUG ed. {edition()}" in html
    assert words in html


def test_a_finding_written_before_there_was_a_minimum_shows_nothing(lab: Lab, world: Any) -> None:
    template = world.runtime.templates.environment.get_template("bench/_minimum.html")
    assert template.render(line=SimpleNamespace(row=SimpleNamespace(minimum=None))).strip() == ""


def test_a_chemist_who_compared_the_retention_time_makes_gc_ms_count_twice(lab: Lab, world: Any) -> None:
    sample = lab.sample()
    ran = lab.analysis(sample, "gc_ms")
    chemist = world.as_(Role.CHEMIST)
    form = {"substance": "mdma", "abundance": "major", "analyses": str(ran)}
    assert chemist.post(f"/bench/samples/{sample}/findings", data=form).status_code == 303
    result = chemist.get(f"/api/v1/samples/{sample}/results").json()["rows"][0]
    assert (result["findings"][0]["confidence"], result["findings"][0]["minimum"]["met"]) == ("indicated", False)
    assert "when the retention time agrees" in " ".join(result["findings"][0]["minimum"]["missing"])
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
