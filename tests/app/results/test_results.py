"""Results through their use cases: who may do what, what follows, what stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from app.care.counted.tables import TrendFinding, TrendSample
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.samples.domain import ConsentAnswer, ConsentKind, Stage, stage
from app.intake.samples.schemas import SampleChange
from app.intake.samples.tables import Sample
from app.laboratory.readings.tables import Analysis
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Invalid, Refused
from app.platform.live.tables import EventRow
from app.results import service
from app.results.domain import ChangeReason, State
from app.results.finding import Amount, NewFinding, look_alikes, problems
from harm_messages.vocabulary import Abundance, Basis, Confidence, Unit

from .conftest import YES, Lab

CHEMIST, VERIFIER, LEAD = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD
BACK_OF_HOUSE = {"name": "Back", "licence": "boh_no_individual_results"}


def counted(lab: Lab, sample_id: UUID) -> Any:
    """The sample as figures know it, or None."""
    return lab.read(lambda s: s.get(TrendSample, sample_id))


def shown(lab: Lab, sample_id: UUID) -> Any:
    """What the client sees."""
    return lab.read(lambda s: service.client_result(s, sample_id))


def test_whoever_edits_a_draft_becomes_its_author_and_cannot_verify_it(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)))
    view = lab.write(view, NewFinding("eutylone", analysis_ids=(ran,)), by=VERIFIER)
    assert view.authors == "Chemist Own and Verifier Own"
    assert "Someone else must verify" in lab.refused(lab.go(view, "submit"), "verify", VERIFIER)


def test_one_operator_may_verify_where_the_session_allows_it_and_the_grade_says_so(lab: Lab, world: Any) -> None:
    sample_id = lab.sample(session_id=world.session(name="Alone", screening_single=True))
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)), by=VERIFIER)
    assert lab.act(lab.act(view, "submit", VERIFIER), "verify", VERIFIER).result.grade == "screening"


def test_back_of_house_nothing_is_released_and_the_reason_is_given(lab: Lab, world: Any) -> None:
    sample_id = lab.sample(session_id=world.session(**BACK_OF_HOUSE))
    lab.analysis(sample_id)
    view = lab.go(lab.draft(sample_id, NewFinding("mdma")), "submit", "verify")
    assert "back of house" in lab.refused(view, "release", LEAD)
    assert lab.read(lambda s: service.released(s, sample_id)) is None
    register, now = lab.runtime.pack.substances, lab.runtime.now()
    steps = dict(lab.read(lambda s: service.allowed_actions(s, lab.actor(LEAD), view.result, now, register)))
    assert not steps[service.Action.RELEASE].offered


def test_a_failed_blank_an_overdue_certificate_and_a_withdrawn_sample_stop_a_result(lab: Lab) -> None:
    sample_id = lab.sample()
    old = lab.instrument("Alpha II", lab.runtime.now() - timedelta(days=1))
    ran = lab.analysis(sample_id, instrument_id=old)
    view = lab.go(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,))), "submit")
    lab.change(Analysis, ran, qc_failed=True)
    said = lab.refused(view, "verify", VERIFIER)
    for reason in ("The blank or control", "Alpha II", "changed since these findings were submitted"):
        assert reason in said
    lab.change(Analysis, ran, qc_failed=False)
    verified = lab.go(view, "verify", override_reason="The certificate is being renewed; checked on polystyrene.")
    assert verified.result.override_reason.startswith("The certificate")
    lab.change(Sample, sample_id, withdrawn_at=lab.runtime.now())
    assert lab.refused(verified, "release", LEAD) == "The client has withdrawn this sample."


def test_what_was_submitted_is_not_changed_and_no_second_draft_begins_beside_it(lab: Lab) -> None:
    view = lab.submitted()
    with pytest.raises(Refused):
        lab.write(view)
    with pytest.raises(Conflict):
        lab.draft(view.result.sample_id)


def test_after_a_return_the_new_draft_keeps_the_findings_and_the_old_version_stays(lab: Lab) -> None:
    view = lab.submitted()
    sample_id, why = view.result.sample_id, "The band at 1750 is not explained."
    assert "Enter a reason" in lab.refused(view, "return", VERIFIER)
    returned = lab.go(view, "return", reason=why)
    assert (returned.result.state, returned.result.reason) == (State.RETURNED, why)
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        fresh = service.start_draft(uow, sample_id)
    assert (fresh.result.number, fresh.result.state, fresh.result.supersedes_id) == (2, State.DRAFT, returned.result.id)
    assert [f.entered for f in fresh.findings] == [f.entered for f in returned.findings]
    assert len(lab.read(lambda s: service.versions(s, sample_id))) == 2


def test_a_sample_whose_findings_went_back_waits_for_analysis_again(lab: Lab) -> None:
    """It would be counted for verifiers, who can do nothing about it, and missing where its author looks."""

    def at(view: service.ResultView) -> Stage:
        return stage(lab.read(lambda s: s.get(Sample, view.result.sample_id)))

    checked = lab.go(lab.submitted(), "verify")
    assert at(checked) is Stage.VERIFIED
    assert at(lab.act(checked, "return", LEAD, reason="Run the blank again.")) is Stage.RECEIVED
    assert at(lab.go(lab.submitted(), "withdraw")) is Stage.RECEIVED
    again = lab.go(lab.released(), "amend", reason="A peak was missed.", change_reason=ChangeReason.MORE_TESTS)
    again = lab.go(lab.go(again, "submit"), "return", reason="Not yet.")
    assert at(again) is Stage.RELEASED  # what was told stays told


def test_an_amended_result_is_shown_as_under_review_until_the_new_one_is_released(lab: Lab) -> None:
    first = lab.released()
    sample_id = first.result.sample_id
    draft = lab.go(first, "amend", reason="GC-MS came back", change_reason=ChangeReason.MORE_TESTS)
    assert (draft.result.number, draft.result.state) == (2, State.DRAFT)
    assert [f.substance_id for f in draft.findings] == ["mdma"]
    seen = shown(lab, sample_id)
    assert (seen.state, seen.view.result.number, seen.view.under_review) == ("under_review", 1, True)
    draft = lab.go(lab.write(draft, NewFinding("eutylone")), "submit", "verify", "release")
    seen = shown(lab, sample_id)
    assert (seen.state, seen.view.result.number, seen.changed_at) == ("released", 2, draft.result.released_at)
    assert seen.reason is ChangeReason.MORE_TESTS, "a kind: what staff typed never reaches a client"
    old = lab.read(lambda s: service.get_result(s, lab.actor(CHEMIST), first.result.id))
    assert (old.result.state, old.result.reason) == (State.AMENDED, "GC-MS came back")
    assert old.findings[0].substance_id == "mdma"
    assert "newer version" in lab.refused(old, "retract", LEAD, reason="wrong one")


def test_a_retracted_result_is_gone_from_the_client_and_the_aggregates_at_once(lab: Lab) -> None:
    view = lab.released()
    sample_id = view.result.sample_id
    assert counted(lab, sample_id) is not None
    lab.go(view, "retract", reason="The samples were swapped")
    assert (shown(lab, sample_id).state, shown(lab, sample_id).view) == ("retracted", None)
    assert lab.read(lambda s: service.released(s, sample_id)) is None
    assert counted(lab, sample_id) is None
    assert lab.draft(sample_id, NewFinding("mdma")).result.number == 2


def test_a_release_is_counted_with_what_was_found_and_only_with_consent(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    lab.released(
        sample_id,
        NewFinding("eutylone", analysis_ids=(ran,)),
        NewFinding("mdma", abundance=Abundance.NOT_DETECTED, below="5 %", analysis_ids=(ran,)),
        NewFinding(unknown_label="peak at 7.2 min", analysis_ids=(ran,)),
    )
    fact = counted(lab, sample_id)
    assert (fact.expected, fact.expected_class, fact.verdict) == ("mdma", "entactogen", "not_as_expected")
    found = lab.read(lambda s: list(s.exec(select(TrendFinding).where(TrendFinding.sample_id == sample_id))))
    assert [(f.found, f.role) for f in found] == [("eutylone", "substitute")]
    silent = lab.sample(consents={**YES, ConsentKind.AGGREGATE_DATA: ConsentAnswer.NO})
    lab.released(silent)
    assert counted(lab, silent) is None


def test_back_of_house_findings_count_in_figures_once_verified_and_no_longer_when_returned(
    lab: Lab, world: Any
) -> None:
    sample_id = lab.sample(session_id=world.session(**BACK_OF_HOUSE))
    ran = lab.analysis(sample_id)
    view = lab.go(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,))), "submit")
    assert counted(lab, sample_id) is None
    view = lab.go(view, "verify")
    assert counted(lab, sample_id).verdict == "as_expected"
    lab.act(view, "return", LEAD, reason="The batch was mixed up")
    assert counted(lab, sample_id) is None


def test_everything_is_audited_and_told_to_screens_without_a_finding_in_the_event(lab: Lab) -> None:
    view = lab.released()
    assert (view.result.state, view.result.grade) == (State.RELEASED, "confirmed")
    assert (view.authors, view.verifier, view.releaser) == ("Chemist Own", "Verifier Own", "Session_Lead Own")
    sample = lab.read(lambda s: s.get(Sample, view.result.sample_id))
    assert all((sample.analysed_at, sample.verified_at, sample.released_at))
    entries = lab.read(lambda s: list(s.exec(select(AuditEntry).where(AuditEntry.object_type == "result"))))
    assert [e.verb for e in entries] == ["start_draft", "set_findings", "submit", "verify", "release"]
    assert all(e.session_id == str(lab.session_id) for e in entries)
    events = lab.read(lambda s: list(s.exec(select(EventRow).where(EventRow.sample_id == view.result.sample_id))))
    assert {e.topic for e in events} >= {"result", "queue", "client"}
    assert {e.topic for e in events if e.kind == "result.released"} == {"result", "queue"}
    assert all("mdma" not in str(e.payload) for e in events)


def test_an_instrument_run_that_nobody_read_supports_neither_a_negative_nor_a_confidence(lab: Lab) -> None:
    sample_id = lab.sample(("ketamine",))
    lab.analysis(sample_id, "gc_ms", read_by_hand=False)
    view = lab.draft(sample_id, nothing_found=True)
    assert (view.result.outcome, view.result.verdict) == ("pending", "inconclusive")
    other = lab.sample()
    ran = tuple(lab.analysis(other, method, read_by_hand=False) for method in ("ftir", "gc_ms"))
    finding = lab.draft(other, NewFinding("mdma", analysis_ids=ran)).findings[0]
    assert (finding.confidence, finding.methods) == ("tentative", [])
    assert "was not read yet" in " ".join(finding.confidence_reasons)


@pytest.mark.parametrize(("step", "by"), [("verify", VERIFIER), ("release", LEAD)])
def test_what_comes_after_the_submission_stops_the_result_until_it_is_submitted_again(
    lab: Lab, step: str, by: Role
) -> None:
    view = lab.submitted() if step == "verify" else lab.go(lab.submitted(), "verify")
    lab.analysis(view.result.sample_id, "strip", strip_target="opioid.nitazene", strip_reading="positive")
    said = lab.refused(view, step, by)
    assert "strip for nitazene is positive" in said
    assert "Return them and submit again" in said


def test_another_expectation_after_the_submission_stops_the_result_and_the_old_one_lets_it_go_on(lab: Lab) -> None:
    view = lab.submitted()

    def expect(substance: str) -> None:
        with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
            sample = lookup.lock_sample(uow, view.result.sample_id)
            samples.change(uow, sample, SampleChange(expected=[substance]), substances=lab.runtime.pack.substances)

    expect("ketamine")
    assert "what was expected changed" in lab.refused(view, "verify", VERIFIER)
    expect("mdma")
    assert lab.go(view, "verify").result.state is State.VERIFIED


def test_what_it_cannot_be_told_from_keeps_a_finding_from_being_confirmed(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id), lab.analysis(sample_id, "gc_ms")
    alike = NewFinding("mephedrone", analysis_ids=ran, cannot_tell_from=("3-MMC",))
    assert lab.draft(sample_id, alike).findings[0].confidence == "indicated"
    by_hand = lab.sample()
    found = NewFinding(
        "mephedrone", analysis_ids=(lab.analysis(by_hand),), cannot_tell_from=("3-MMC",),
        confidence=Confidence.CONFIRMED, confidence_reason="sure",
    )  # fmt: skip
    finding = lab.draft(by_hand, found).findings[0]
    assert finding.confidence == "indicated"
    assert "It may also be 3-MMC" in " ".join(finding.confidence_reasons)


def test_look_alikes_are_register_ids_and_words_the_register_does_not_know_are_left_out(lab: Lab) -> None:
    names = ("3-MMC", "mephedrone", "peak 7", "ketamine")
    assert look_alikes(names, "mephedrone", lab.runtime.pack.substances) == ("3-mmc", "ketamine")


def test_an_empty_draft_or_one_without_any_analysis_cannot_be_submitted(lab: Lab) -> None:
    view = lab.draft(lab.sample())
    assert "No finding yet" in lab.refused(view, "submit", CHEMIST)
    assert "No analysis is recorded" in lab.refused(lab.write(view, nothing_found=True), "submit", CHEMIST)


def test_two_independent_techniques_confirm_and_a_strip_of_another_class_does_not_count(lab: Lab) -> None:
    sample_id = lab.sample(("heroin",))
    ir, gc = lab.analysis(sample_id), lab.analysis(sample_id, "gc_ms")
    strip = lab.analysis(sample_id, "strip", strip_target="opioid.nitazene", strip_reading="positive")
    view = lab.draft(
        sample_id,
        NewFinding("heroin", analysis_ids=(ir, gc)),
        NewFinding("caffeine", analysis_ids=(strip,)),
        NewFinding(substance_class="opioid.nitazene", analysis_ids=(strip,)),
    )
    assert [f.confidence for f in view.findings] == ["confirmed", "tentative", "class_only"]
    assert "another class" in " ".join(view.findings[1].confidence_reasons)
    assert view.result.verdict == "as_expected", "a strip alone reaches no verdict"


def test_a_positive_strip_that_no_finding_mentions_stops_the_result_until_it_is_answered(lab: Lab) -> None:
    sample_id = lab.sample(("heroin",))
    ir = lab.analysis(sample_id)
    strip = lab.analysis(sample_id, "strip", strip_target="opioid.nitazene", strip_reading="positive")
    lab.analysis(sample_id, "strip", strip_target="opioid.fentanyl", strip_reading="negative")
    heroin = NewFinding("heroin", analysis_ids=(ir,))
    view = lab.draft(sample_id, heroin)
    said = lab.refused(view, "submit", CHEMIST)
    assert "strip for nitazene is positive" in said
    assert "fentanyl" not in said
    view = lab.write(view, heroin, NewFinding("metonitazene", analysis_ids=(strip,)))
    assert lab.go(view, "submit").result.state is State.SUBMITTED


def test_confidence_by_hand_wants_a_reason_and_keeps_that_of_the_rule(lab: Lab) -> None:
    sample_id = lab.sample()
    finding = NewFinding("mdma", analysis_ids=(lab.analysis(sample_id),), confidence=Confidence.TENTATIVE)
    with pytest.raises(Invalid) as error:
        lab.draft(sample_id, finding)
    assert list(error.value.fields) == ["findings.0.confidence_reason"]
    (kept,) = lab.draft(sample_id, replace(finding, confidence_reason="noisy spectrum")).findings
    assert kept.confidence == "tentative"
    assert "By rule it would be indicated." in kept.confidence_reasons


def test_a_finding_that_cannot_stand_is_refused_by_field(lab: Lab) -> None:
    sample_id = lab.sample()
    for finding, field in (
        (NewFinding(), "substance"),
        (NewFinding("nosuch"), "substance"),
        (NewFinding(substance_class="no.class"), "substance"),
        (NewFinding("mdma", abundance=Abundance.NOT_DETECTED, below="5 %"), "analyses"),
        (NewFinding("mdma", abundance=Abundance.NOT_DETECTED, analysis_ids=(uuid4(),)), "below"),
        (NewFinding("mdma", analysis_ids=(uuid4(),)), "analyses"),
    ):
        with pytest.raises(Invalid) as error:
            lab.draft(sample_id, finding)
        assert f"findings.0.{field}" in error.value.fields, finding


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ((0, None, None, 2), "amount_value"),
        ((-1, None, None, 2), "amount_value"),
        ((101, None, None, 2), "amount_value"),
        ((float("nan"), None, None, 2), "amount_value"),
        ((float("inf"), None, None, 2), "amount_value"),
        ((71, 75, 80, 2), "amount_low"),
        ((71, 67, 70, 2), "amount_high"),
        ((71, -1, 75, 2), "amount_low"),
        ((71, 67, None, 2), "amount_high"),
        ((71, 67, 75, 0), "coverage_k"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_by_field(numbers: tuple[Any, ...], field: str) -> None:
    value, low, high, k = numbers
    amount = Amount(value, Unit.PERCENT, Basis.HYDROCHLORIDE, low, high, k)
    assert f"findings.0.{field}" in problems([NewFinding("mdma", amount=amount)], nothing_found=False)


def test_nothing_found_beside_a_finding_and_one_substance_twice_contradict_themselves() -> None:
    mdma = NewFinding("mdma")
    assert "nothing_found" in problems([mdma], nothing_found=True)
    assert "findings.1.substance" in problems([mdma, mdma], nothing_found=False)


def test_a_withdrawn_sample_takes_no_draft(lab: Lab) -> None:
    sample_id = lab.sample()
    with lab.runtime.db.begin(lab.actor(LEAD)) as uow:
        samples.withdraw(uow, lookup.get_sample(uow.session, uow.actor, sample_id), "client asked")
    with pytest.raises(Refused):
        lab.draft(sample_id, NewFinding("mdma"))
