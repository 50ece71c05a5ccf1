"""Outcome and verdict of a version: from one set of facts, so that neither rests on what nobody looked for."""

from __future__ import annotations

from typing import Any

import pytest

from app.laboratory.readings.domain import AnalysisStatus
from app.platform.db import Database
from app.results.finding import NewFinding
from harm_messages.vocabulary import Outcome, StripReading, Verdict
from tests.app.results.conftest import Lab


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def strip(lab: Lab, sample: Any, reading: StripReading = StripReading.POSITIVE, **more: Any) -> Any:
    return lab.analysis(sample, "strip", strip_target="opioid.nitazene", strip_reading=reading, **more)


def whole(lab: Lab, sample: Any, *findings: NewFinding, **more: Any) -> tuple[Outcome, Verdict]:
    row = lab.draft(sample, *findings, **more).result
    return row.outcome, row.verdict


@pytest.mark.parametrize(("read", "verdict"), [(True, Verdict.NOT_AS_EXPECTED), (False, Verdict.INCONCLUSIVE)])
def test_no_verdict_while_a_method_that_could_see_it_still_runs(lab: Lab, read: bool, verdict: Verdict) -> None:
    sample = lab.sample(("mdma",))
    ran = lab.analysis(sample, "ftir")
    lab.analysis(sample, "gc_ms", read_by_hand=read)
    assert whole(lab, sample, NewFinding("eutylone", analysis_ids=(ran,)))[1] is verdict


@pytest.mark.parametrize(
    ("expected", "form", "outcome", "verdict"),
    [
        ("mdma", "powder", Outcome.NOTHING_FOUND, Verdict.NOTHING_DETECTED),
        ("lsd", "blotter", Outcome.INCONCLUSIVE, Verdict.INCONCLUSIVE),  # nothing here could see it
        ("fentanyl", "powder", Outcome.INCONCLUSIVE, Verdict.INCONCLUSIVE),
    ],
)
def test_nothing_found_needs_a_method_that_could_see_what_was_expected(
    lab: Lab, expected: str, form: str, outcome: Outcome, verdict: Verdict
) -> None:
    sample = lab.sample((expected,), form=form)
    lab.analysis(sample, "ftir")
    assert whole(lab, sample, nothing_found=True) == (outcome, verdict)


def test_what_one_tablet_weighs_decides_what_could_be_seen(lab: Lab) -> None:
    for weight, outcome in ((100.0, Outcome.NOTHING_FOUND), (3000.0, Outcome.INCONCLUSIVE)):
        sample = lab.sample(("mdma",), form="tablet", weight_mg=weight)
        lab.analysis(sample, "ftir")
        assert whole(lab, sample, nothing_found=True)[0] is outcome, weight


@pytest.mark.parametrize("status", [s for s in AnalysisStatus if s is not AnalysisStatus.OK])
def test_a_strip_whose_run_failed_says_nothing_whatever_was_read(lab: Lab, status: AnalysisStatus) -> None:
    sample = lab.sample(("mdma",))
    ran = lab.analysis(sample, "ftir")
    strip(lab, sample, StripReading.POSITIVE, status=status)
    assert whole(lab, sample, NewFinding("mdma", analysis_ids=(ran,))) == (Outcome.IDENTIFIED, Verdict.AS_EXPECTED)
    other = lab.sample(("mdma",))
    lab.analysis(other, "ftir")
    strip(lab, other, StripReading.POSITIVE, status=status)
    assert whole(lab, other, nothing_found=True)[0] is not Outcome.NOTHING_FOUND, "not every planned test ran"
