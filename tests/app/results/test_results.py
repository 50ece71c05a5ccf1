"""Results through their use cases: who may do what, what follows, what stays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from app.care.counted.tables import TrendFinding, TrendSample
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.samples.domain import Stage, stage
from app.intake.samples.schemas import SampleChange
from app.intake.samples.tables import Sample
from app.laboratory.readings.tables import Analysis
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.kernel.errors import Conflict, Invalid, NotFound, Refused, Stale
from app.platform.live.tables import EventRow
from app.results import service
from app.results.domain import ChangeReason, State
from app.results.finding import Amount, NewFinding, look_alikes
from harm_messages.vocabulary import Abundance, Basis, Confidence, Unit

from .conftest import Lab

CHEMIST, VERIFIER, LEAD = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD


def reasons(error: pytest.ExceptionInfo[Refused]) -> str:
    return " ".join(error.value.reasons)


def test_a_result_goes_the_whole_road_and_the_times_of_the_sample_are_stamped(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,), abundance=Abundance.MAJOR))
    assert (view.result.verdict, view.result.outcome) == ("as_expected", "identified")
    assert view.findings[0].role == "expected"
    assert view.findings[0].confidence == "indicated"
    assert any("FTIR" in line for line in view.findings[0].limitations)
    for action, by in (("submit", CHEMIST), ("verify", VERIFIER), ("release", LEAD)):
        view = lab.act(view, action, by)
    assert view.result.state is State.RELEASED
    assert (view.authors, view.verifier, view.releaser) == ("Chemist Own", "Verifier Own", "Session_Lead Own")
    assert view.result.grade == "confirmed"
    sample = lab.read(lambda s: s.get(Sample, sample_id))
    assert all((sample.analysed_at, sample.verified_at, sample.released_at))


def test_author_cannot_verify_own_result(lab: Lab) -> None:
    view = _submitted(lab, by=VERIFIER)
    with pytest.raises(Refused) as error:
        lab.act(view, "verify", VERIFIER)
    assert "Someone else must verify" in reasons(error)


def test_whoever_edits_a_draft_becomes_its_author_and_cannot_verify_it(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)))
    with lab.runtime.db.begin(lab.actor(VERIFIER)) as uow:
        view = service.set_findings(
            uow,
            view.result.id,
            [NewFinding("eutylone", analysis_ids=(ran,))],
            view.result.version,
            pack=lab.runtime.pack,
        )
    assert view.authors == "Chemist Own and Verifier Own"
    view = lab.act(view, "submit", CHEMIST)
    with pytest.raises(Refused) as error:
        lab.act(view, "verify", VERIFIER)
    assert "Someone else must verify" in reasons(error)


def test_verifier_cannot_release_and_lead_cannot_verify(lab: Lab) -> None:
    view = _submitted(lab)
    with pytest.raises(Refused):
        lab.act(view, "verify", LEAD)
    view = lab.act(view, "verify", VERIFIER)
    with pytest.raises(Refused) as error:
        lab.act(view, "release", VERIFIER)
    assert reasons(error) == "Only a session lead can do this."


def test_release_by_the_author_is_refused_even_for_a_session_lead(lab: Lab) -> None:
    view = _submitted(lab)
    view = lab.act(view, "verify", VERIFIER)
    both = lab.actor(CHEMIST)
    author_and_lead = type(both)(both.person_id, both.display_name, frozenset({CHEMIST, LEAD}), both.agency_id)
    with pytest.raises(Refused) as error, lab.runtime.db.begin(author_and_lead) as uow:
        service.act(uow, view.result.id, service.Action.RELEASE, pack=lab.runtime.pack, if_match=view.result.version)
    assert "Someone else must release" in reasons(error)


def test_one_operator_may_verify_where_the_session_allows_it_and_the_grade_says_so(lab: Lab, world: Any) -> None:
    sample_id = lab.sample(session_id=world.session(name="Alone", screening_single=True))
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)), by=VERIFIER)
    view = lab.act(lab.act(view, "submit", VERIFIER), "verify", VERIFIER)
    assert view.result.grade == "screening"


def test_back_of_house_nothing_is_released_and_the_reason_is_given(lab: Lab, world: Any) -> None:
    sample_id = lab.sample(session_id=world.session(name="Back", licence="boh_no_individual_results"))
    lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma"))
    view = lab.act(lab.act(view, "submit", CHEMIST), "verify", VERIFIER)
    with pytest.raises(Refused) as error:
        lab.act(view, "release", LEAD)
    assert "back of house" in reasons(error)
    assert lab.read(lambda s: service.released(s, sample_id)) is None
    steps = dict(
        lab.read(
            lambda s: service.allowed_actions(
                s, lab.actor(LEAD), view.result, lab.runtime.now(), lab.runtime.pack.substances
            )
        )
    )
    assert not steps[service.Action.RELEASE].offered


def test_a_failed_blank_an_overdue_certificate_and_a_withdrawn_sample_stop_a_result(lab: Lab) -> None:
    sample_id = lab.sample()
    old = lab.instrument("Alpha II", lab.runtime.now() - timedelta(days=1))
    ran = lab.analysis(sample_id, instrument_id=old)
    view = lab.act(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,))), "submit", CHEMIST)
    lab.change(Analysis, ran, qc_failed=True)
    with pytest.raises(Refused) as error:
        lab.act(view, "verify", VERIFIER)
    assert len(error.value.reasons) == 3
    assert "Alpha II" in reasons(error)
    assert "changed since these findings were submitted" in reasons(error)
    lab.change(Analysis, ran, qc_failed=False)
    verified = lab.act(
        view, "verify", VERIFIER, override_reason="The certificate is being renewed; checked on polystyrene."
    )
    assert verified.result.override_reason.startswith("The certificate")
    lab.change(Sample, sample_id, withdrawn_at=lab.runtime.now())
    with pytest.raises(Refused) as error:
        lab.act(verified, "release", LEAD)
    assert reasons(error) == "The client has withdrawn this sample."


def test_a_stale_edit_is_refused_and_nothing_of_it_is_kept(lab: Lab) -> None:
    sample_id = lab.sample()
    lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma"))
    with lab.runtime.db.begin(lab.actor(VERIFIER)) as uow:
        service.set_findings(uow, view.result.id, [NewFinding("eutylone")], view.result.version, pack=lab.runtime.pack)
    with pytest.raises(Stale), lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        service.set_findings(uow, view.result.id, [NewFinding("ketamine")], view.result.version, pack=lab.runtime.pack)
    assert [f.substance_id for f in lab.read(lambda s: service.latest(s, sample_id)).findings] == ["eutylone"]


def test_only_a_draft_can_be_changed(lab: Lab) -> None:
    view = _submitted(lab)
    with pytest.raises(Refused), lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        service.set_findings(uow, view.result.id, [], view.result.version, pack=lab.runtime.pack)


def test_a_second_draft_cannot_begin_beside_the_first(lab: Lab) -> None:
    view = _submitted(lab)
    with pytest.raises(Conflict), lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        service.start_draft(uow, view.result.sample_id)


def test_after_a_return_the_new_draft_keeps_the_findings_and_the_old_version_stays(lab: Lab) -> None:
    view = _submitted(lab)
    sample_id = view.result.sample_id
    with pytest.raises(Refused):
        lab.act(view, "return", VERIFIER)
    returned = lab.act(view, "return", VERIFIER, reason="The band at 1750 is not explained.")
    assert (returned.result.state, returned.result.reason) == (State.RETURNED, "The band at 1750 is not explained.")
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        fresh = service.start_draft(uow, sample_id)
    assert (fresh.result.number, fresh.result.state, fresh.result.supersedes_id) == (2, State.DRAFT, returned.result.id)
    assert [f.entered for f in fresh.findings] == [f.entered for f in returned.findings]
    assert len(lab.read(lambda s: service.versions(s, sample_id))) == 2


def test_a_sample_whose_findings_went_back_waits_for_analysis_again(lab: Lab) -> None:
    """It would be counted for verifiers, who can do nothing about it, and missing where its author looks."""

    def at(view: service.ResultView) -> Stage:
        sample = lab.read(lambda s: s.get(Sample, view.result.sample_id))
        return stage(sample)

    checked = lab.act(_submitted(lab), "verify", VERIFIER)
    assert at(checked) is Stage.VERIFIED
    assert at(lab.act(checked, "return", LEAD, reason="Run the blank again.")) is Stage.RECEIVED
    recalled = lab.act(_submitted(lab), "withdraw", CHEMIST)
    assert at(recalled) is Stage.RECEIVED

    there = _submitted(lab)
    for action, by in (("verify", VERIFIER), ("release", LEAD)):
        there = lab.act(there, action, by)
    again = lab.act(there, "amend", CHEMIST, reason="A peak was missed.", change_reason=ChangeReason.MORE_TESTS)
    again = lab.act(lab.act(again, "submit", CHEMIST), "return", VERIFIER, reason="Not yet.")
    assert at(again) is Stage.RELEASED  # what was told stays told


def test_an_author_takes_back_what_was_submitted_and_nobody_else_does(lab: Lab) -> None:
    view = _submitted(lab)
    with pytest.raises(Refused):
        lab.act(view, "withdraw", VERIFIER)
    assert lab.act(view, "withdraw", CHEMIST).result.state is State.WITHDRAWN


def test_an_amended_result_is_shown_as_under_review_until_the_new_one_is_released(lab: Lab) -> None:
    first = lab.released()
    sample_id = first.result.sample_id
    draft = lab.act(first, "amend", CHEMIST, reason="GC-MS came back", change_reason=ChangeReason.MORE_TESTS)
    assert (draft.result.number, draft.result.state) == (2, State.DRAFT)
    assert [f.substance_id for f in draft.findings] == ["mdma"]
    seen = lab.read(lambda s: service.client_result(s, sample_id))
    assert (seen.state, seen.view.result.number, seen.view.under_review) == ("under_review", 1, True)
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        draft = service.set_findings(
            uow, draft.result.id, [NewFinding("eutylone")], draft.result.version, pack=lab.runtime.pack
        )
    for action, by in (("submit", CHEMIST), ("verify", VERIFIER), ("release", LEAD)):
        draft = lab.act(draft, action, by)
    seen = lab.read(lambda s: service.client_result(s, sample_id))
    assert (seen.state, seen.view.result.number, seen.changed_at) == ("released", 2, draft.result.released_at)
    assert seen.reason is ChangeReason.MORE_TESTS, "a kind: what staff typed never reaches a client"
    old = lab.read(lambda s: service.get_result(s, lab.actor(CHEMIST), first.result.id))
    assert (old.result.state, old.result.reason, old.findings[0].substance_id) == (
        State.AMENDED,
        "GC-MS came back",
        "mdma",
    )
    with pytest.raises(Refused) as error:
        lab.act(old, "retract", LEAD, reason="wrong one")
    assert "newer version" in reasons(error)


def test_a_retracted_result_is_gone_from_the_client_and_the_aggregates_at_once(lab: Lab) -> None:
    view = lab.released()
    sample_id = view.result.sample_id
    assert lab.read(lambda s: s.get(TrendSample, sample_id)) is not None
    lab.act(view, "retract", LEAD, reason="The samples were swapped")
    seen = lab.read(lambda s: service.client_result(s, sample_id))
    assert (seen.state, seen.view) == ("retracted", None)
    assert lab.read(lambda s: service.released(s, sample_id)) is None
    assert lab.read(lambda s: s.get(TrendSample, sample_id)) is None
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        assert service.start_draft(uow, sample_id).result.number == 2


def test_an_amended_result_can_still_be_retracted_while_clients_see_it(lab: Lab) -> None:
    first = lab.released()
    lab.act(first, "amend", CHEMIST, reason="GC-MS came back")
    old = lab.read(lambda s: service.get_result(s, lab.actor(LEAD), first.result.id))
    lab.act(old, "retract", LEAD, reason="dangerous as it stands")
    assert lab.read(lambda s: service.client_result(s, first.result.sample_id)).state == "retracted"


def test_a_release_is_counted_with_what_was_found_and_only_with_consent(lab: Lab) -> None:
    from app.intake.samples.domain import ConsentAnswer, ConsentKind

    from .conftest import YES

    counted = lab.sample()
    ran = lab.analysis(counted)
    findings = (
        NewFinding("eutylone", analysis_ids=(ran,)),
        NewFinding("mdma", abundance=Abundance.NOT_DETECTED, below="5 %", analysis_ids=(ran,)),
        NewFinding(unknown_label="peak at 7.2 min", analysis_ids=(ran,)),
    )
    lab.released(counted, *findings)
    fact = lab.read(lambda s: s.get(TrendSample, counted))
    assert (fact.expected, fact.expected_class, fact.verdict) == ("mdma", "entactogen", "not_as_expected")
    found = lab.read(lambda s: list(s.exec(select(TrendFinding).where(TrendFinding.sample_id == counted))))
    assert [(f.found, f.role) for f in found] == [("eutylone", "substitute")]
    silent = lab.sample(consents={**YES, ConsentKind.AGGREGATE_DATA: ConsentAnswer.NO})
    lab.released(silent)
    assert lab.read(lambda s: s.get(TrendSample, silent)) is None


def test_back_of_house_findings_count_in_figures_once_verified_and_no_longer_when_returned(
    lab: Lab, world: Any
) -> None:
    sample_id = lab.sample(session_id=world.session(name="Bins", licence="boh_no_individual_results"))
    ran = lab.analysis(sample_id)
    view = lab.act(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,))), "submit", CHEMIST)
    assert lab.read(lambda s: s.get(TrendSample, sample_id)) is None
    view = lab.act(view, "verify", VERIFIER)
    assert lab.read(lambda s: s.get(TrendSample, sample_id)).verdict == "as_expected"
    lab.act(view, "return", LEAD, reason="The batch was mixed up")
    assert lab.read(lambda s: s.get(TrendSample, sample_id)) is None


def test_everything_is_audited_and_told_to_screens_without_a_finding_in_the_event(lab: Lab) -> None:
    view = lab.released()
    entries = lab.read(lambda s: list(s.exec(select(AuditEntry).where(AuditEntry.object_type == "result"))))
    assert [e.verb for e in entries] == ["start_draft", "set_findings", "submit", "verify", "release"]
    assert all(e.session_id == str(lab.session_id) for e in entries)
    events = lab.read(lambda s: list(s.exec(select(EventRow).where(EventRow.sample_id == view.result.sample_id))))
    assert {e.topic for e in events} >= {"result", "queue", "client"}
    last = [e for e in events if e.kind == "result.released"]
    assert {e.topic for e in last} == {"result", "queue"}
    assert all("mdma" not in str(e.payload) for e in events)


def test_a_foreign_result_or_sample_is_not_there(lab: Lab, world: Any) -> None:
    view = _submitted(lab)
    stranger = world.other_actors[VERIFIER]
    with pytest.raises(NotFound):
        lab.read(lambda s: service.get_result(s, stranger, view.result.id))
    with pytest.raises(NotFound), lab.runtime.db.begin(stranger) as uow:
        service.act(uow, view.result.id, service.Action.VERIFY, pack=lab.runtime.pack, if_match=view.result.version)
    with pytest.raises(NotFound), lab.runtime.db.begin(stranger) as uow:
        service.start_draft(uow, view.result.sample_id)
    with pytest.raises(NotFound):
        lab.read(lambda s: service.get_result(s, lab.actor(CHEMIST), uuid4()))


def test_nothing_found_is_an_outcome_only_when_every_method_ran_and_its_blank_passed(lab: Lab) -> None:
    sample_id = lab.sample(("ketamine",))
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, nothing_found=True)
    assert (view.result.outcome, view.result.verdict) == ("nothing_found", "nothing_detected")
    lab.change(Analysis, ran, status="repeat")
    view = lab.act(view, "submit", CHEMIST)
    assert (view.result.outcome, view.result.verdict) == ("inconclusive", "inconclusive")


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


@pytest.mark.parametrize("step", ["verify", "release"])
def test_what_comes_after_the_submission_stops_the_result_until_it_is_submitted_again(lab: Lab, step: str) -> None:
    view = _submitted(lab)
    sample_id = view.result.sample_id
    by = VERIFIER
    if step == "release":
        view, by = lab.act(view, "verify", VERIFIER), LEAD
    lab.analysis(sample_id, "strip", strip_target="opioid.nitazene", strip_reading="positive")
    with pytest.raises(Refused) as error:
        lab.act(view, step, by)
    assert len(error.value.reasons) == 2
    assert "strip for nitazene is positive" in reasons(error)
    assert "Return them and submit again" in reasons(error)


def test_another_expectation_after_the_submission_stops_the_result_and_the_old_one_lets_it_go_on(lab: Lab) -> None:
    view = _submitted(lab)
    _expect(lab, view.result.sample_id, ["ketamine"])
    with pytest.raises(Refused) as error:
        lab.act(view, "verify", VERIFIER)
    assert "what was expected changed" in reasons(error)
    _expect(lab, view.result.sample_id, ["mdma"])
    assert lab.act(view, "verify", VERIFIER).result.state is State.VERIFIED


def test_what_it_cannot_be_told_from_keeps_a_finding_from_being_confirmed(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id), lab.analysis(sample_id, "gc_ms")
    alike = NewFinding("mephedrone", analysis_ids=ran, cannot_tell_from=("3-MMC",))
    assert lab.draft(sample_id, alike).findings[0].confidence == "indicated"
    by_hand = lab.sample()
    ran = (lab.analysis(by_hand),)
    found = NewFinding(
        "mephedrone",
        analysis_ids=ran,
        cannot_tell_from=("3-MMC",),
        confidence=Confidence.CONFIRMED,
        confidence_reason="sure",
    )
    finding = lab.draft(by_hand, found).findings[0]
    assert finding.confidence == "indicated"
    assert "It may also be 3-MMC" in " ".join(finding.confidence_reasons)


def test_look_alikes_are_register_ids_and_words_the_register_does_not_know_are_left_out(lab: Lab) -> None:
    register = lab.runtime.pack.substances
    names = ("3-MMC", "mephedrone", "peak 7", "ketamine")
    assert look_alikes(names, "mephedrone", register) == ("3-mmc", "ketamine")


def test_an_empty_draft_or_one_without_any_analysis_cannot_be_submitted(lab: Lab) -> None:
    sample_id = lab.sample()
    view = lab.draft(sample_id)
    with pytest.raises(Refused) as error:
        lab.act(view, "submit", CHEMIST)
    assert "No finding yet" in reasons(error)
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        view = service.set_findings(
            uow, view.result.id, [], view.result.version, pack=lab.runtime.pack, nothing_found=True
        )
    with pytest.raises(Refused) as error:
        lab.act(view, "submit", CHEMIST)
    assert "No analysis is recorded" in reasons(error)


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
    view = lab.draft(sample_id, NewFinding("heroin", analysis_ids=(ir,)))
    with pytest.raises(Refused) as error:
        lab.act(view, "submit", CHEMIST)
    assert "strip for nitazene is positive" in reasons(error)
    assert "fentanyl" not in reasons(error)
    answered = [NewFinding("heroin", analysis_ids=(ir,)), NewFinding("metonitazene", analysis_ids=(strip,))]
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        view = service.set_findings(uow, view.result.id, answered, view.result.version, pack=lab.runtime.pack)
    assert lab.act(view, "submit", CHEMIST).result.state is State.SUBMITTED


def test_confidence_by_hand_wants_a_reason_and_keeps_that_of_the_rule(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    with pytest.raises(Invalid) as error:
        lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,), confidence=Confidence.TENTATIVE))
    assert list(error.value.fields) == ["findings.0.confidence_reason"]
    view = lab.draft(
        sample_id,
        NewFinding("mdma", analysis_ids=(ran,), confidence=Confidence.TENTATIVE, confidence_reason="noisy spectrum"),
    )
    assert view.findings[0].confidence == "tentative"
    assert "By rule it would be indicated." in view.findings[0].confidence_reasons


BAD = [
    (NewFinding(), "findings.0.substance"),
    (NewFinding("nosuch"), "findings.0.substance"),
    (NewFinding(substance_class="no.class"), "findings.0.substance"),
    (NewFinding("mdma", abundance=Abundance.NOT_DETECTED, below="5 %"), "findings.0.analyses"),
    (NewFinding("mdma", abundance=Abundance.NOT_DETECTED, analysis_ids=(uuid4(),)), "findings.0.below"),
    (NewFinding("mdma", analysis_ids=(uuid4(),)), "findings.0.analyses"),
]
AMOUNTS = [
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
]


@pytest.mark.parametrize(("finding", "field"), BAD)
def test_a_finding_that_cannot_stand_is_refused_by_field(lab: Lab, finding: NewFinding, field: str) -> None:
    with pytest.raises(Invalid) as error:
        lab.draft(lab.sample(), finding)
    assert field in error.value.fields


@pytest.mark.parametrize(("numbers", "field"), AMOUNTS)
def test_an_amount_that_cannot_be_is_refused_by_field(numbers: tuple[Any, ...], field: str) -> None:
    from app.results.finding import problems

    value, low, high, k = numbers
    amount = Amount(value, Unit.PERCENT, Basis.HYDROCHLORIDE, low, high, k)
    assert f"findings.0.{field}" in problems([NewFinding("mdma", amount=amount)], nothing_found=False)


def test_an_amount_keeps_its_interval_unit_and_basis(lab: Lab) -> None:
    amount = Amount(71, Unit.PERCENT, Basis.HYDROCHLORIDE, 67, 75)
    view = lab.draft(lab.sample(), NewFinding("cocaine", amount=amount))
    assert view.findings[0].entered.amount == amount


def test_nothing_found_and_a_finding_contradict_each_other(lab: Lab) -> None:
    with pytest.raises(Invalid) as error:
        lab.draft(lab.sample(), NewFinding("mdma"), nothing_found=True)
    assert "nothing_found" in error.value.fields


def test_the_same_substance_twice_is_refused(lab: Lab) -> None:
    with pytest.raises(Invalid):
        lab.draft(lab.sample(), NewFinding("mdma"), NewFinding("mdma"))


def test_a_withdrawn_sample_takes_no_draft(lab: Lab) -> None:
    sample_id = lab.sample()
    with lab.runtime.db.begin(lab.actor(LEAD)) as uow:
        samples.withdraw(uow, lookup.get_sample(uow.session, uow.actor, sample_id), "client asked")
    with pytest.raises(Refused):
        lab.draft(sample_id, NewFinding("mdma"))


def _expect(lab: Lab, sample_id: UUID, expected: list[str]) -> None:
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        sample = lookup.lock_sample(uow, sample_id)
        samples.change(uow, sample, SampleChange(expected=expected), substances=lab.runtime.pack.substances)


def _submitted(lab: Lab, by: Role = CHEMIST) -> service.ResultView:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    return lab.act(lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)), by=by), "submit", by)
