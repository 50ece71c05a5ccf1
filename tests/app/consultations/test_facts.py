"""Facts of a page: strips with their state, words nobody knows, what a tablet weighs, other samples of the visit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.care.consultations import related_facts
from app.care.consultations.client_view import client_view
from app.care.counted import series
from app.intake.samples.domain import HarmEvent
from app.laboratory.readings.domain import AnalysisStatus
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from harm_messages import Facts, load_pack
from harm_messages.vocabulary import StripReading
from tests.app.consultations.conftest import Desk

PACK = load_pack()


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def made(lab: Desk, sample: Any) -> Facts:
    view = lab.read(lambda s: client_view(s, lab.runtime.pack, lab.row(sample), lab.runtime.now()))
    assert view.made_of is not None
    return view.made_of.facts


def rules_on(lab: Desk, sample: Any) -> set[str]:
    view = lab.read(lambda s: client_view(s, lab.runtime.pack, lab.row(sample), lab.runtime.now()))
    assert view.page is not None
    return {m.rule_id for m in view.page.messages() if m.rule_id}


def test_a_strip_speaks_only_where_its_run_was_in_order_and_stands_as_a_test_where_it_was_not(lab: Desk) -> None:
    sample = lab.sample(("mdma",))
    ran = lab.analysis(sample, "ftir")
    target = {"strip_target": "opioid.nitazene"}
    for reading in (StripReading.NEGATIVE, StripReading.INVALID):
        lab.analysis(sample, "strip", strip_reading=reading, **target)
    lab.analysis(sample, "strip", strip_reading=StripReading.POSITIVE, status=AnalysisStatus.REPEAT, **target)
    lab.finish(lab.draft(sample, NewFinding("mdma", analysis_ids=(ran,))))
    found = made(lab, sample)
    assert [s.reading.value for s in found.strips] == ["negative", "invalid"]
    assert [s.status.value for s in found.scope if s.method == "strip"] == ["ok", "ok", "repeat"]
    assert found.findings[0].methods == ("ftir",)


def test_an_unknown_word_opens_a_page_that_says_it_as_it_was_said(lab: Desk) -> None:
    sample = lab.sample((), words_spoken="zzyzx <b>blue</b>")
    ran = lab.analysis(sample, "ftir")
    lab.finish(lab.draft(sample, NewFinding("caffeine", analysis_ids=(ran,))))
    page = lab.page(sample)
    assert "You told us: zzyzx &lt;b&gt;blue&lt;/b&gt;" in page
    assert "<b>blue" not in page
    assert made(lab, sample).expected_words == "zzyzx <b>blue</b>"


@pytest.mark.parametrize(("form", "mass"), [("tablet", 312.0), ("powder", None), ("capsule", None)])
def test_only_a_tablet_has_a_mass_of_one_unit(lab: Desk, form: str, mass: float | None) -> None:
    sample = lab.sample(("mdma",), form=form, weight_mg=312)
    lab.found(sample)
    assert made(lab, sample).unit_mass_mg == mass


def test_samples_of_one_visit_are_checked_against_each_other_once_they_are_released(lab: Desk, world: Any) -> None:
    one = lab.sample(("ketamine",), group_ref="G7")
    lab.found(one, NewFinding("ketamine"))
    assert made(lab, one).same_visit == ()
    alone = rules_on(lab, one)
    other = lab.sample(("ghb",), group_ref="G7")
    ran = lab.analysis(other, "gc_ms")
    view = lab.act(lab.draft(other, NewFinding("ghb", analysis_ids=(ran,))), "submit", Role.CHEMIST)
    assert made(lab, one).same_visit == (), "not told yet"
    for action, by in (("verify", Role.VERIFIER), ("release", Role.SESSION_LEAD)):
        view = lab.act(view, action, by)
    strangers = lab.sample(("mdma",), group_ref="G8")
    lab.found(strangers, NewFinding("mdma"))
    elsewhere = lab.sample(("mdma",), group_ref="G7", session_id=world.session(name="Other"))
    lab.found(elsewhere, NewFinding("mdma"))
    assert made(lab, one).same_visit == ("ghb",)
    assert rules_on(lab, one) - alone == {"R-PAIR-DOWNERS"}, "the pair has its card"
    assert "You told us: ketamine" in lab.page(one)
    lab.act(view, "retract", Role.SESSION_LEAD, reason="mixed up")
    assert made(lab, one).same_visit == ()


@pytest.mark.parametrize("event", list(HarmEvent))
def test_harm_is_medical_help_or_worse_or_a_batch_of_an_incident(lab: Desk, event: HarmEvent) -> None:
    grave = event in (HarmEvent.MEDICAL_HELP, HarmEvent.OVERDOSE, HarmEvent.FATAL)
    for linked in (False, True):
        sample = lab.sample(("mdma",), harm_event=event, batch_linked_to_incident=linked)
        asked = lab.read(
            lambda s, one=sample: related_facts.for_staff(s, lab.row(one), Facts(), PACK, lab.runtime.now())
        )
        assert asked.harm_reported == (grave or linked)
        assert not lab.read(lambda s, one=sample: related_facts.for_client(s, lab.row(one), PACK)).harm_reported


def test_a_second_sample_is_the_same_drug_confirmed_lately_by_the_same_service(lab: Desk, clock: Any) -> None:
    def elsewhere(*names: str, besides: Any, days: int = 30) -> bool:
        since = lab.runtime.now().date() - timedelta(days=days)
        return bool(
            lab.read(lambda s: series.confirmed_elsewhere(s, lab.world.agency_id, names, besides=besides, since=since))
        )

    first = lab.sample(("mdma",))
    by = (lab.analysis(first, "gc_ms"), lab.analysis(first, "ftir"))
    lab.finish(lab.draft(first, NewFinding("pma", analysis_ids=by)))
    indicated = lab.sample(("mdma",))
    lab.found(indicated, NewFinding("pmma"))
    here = lab.sample(("mdma",))
    assert elsewhere("pma", besides=here)
    assert not elsewhere("pma", besides=first), "not itself"
    assert not elsewhere("pmma", "mdma", besides=here), "not confirmed"
    assert not elsewhere(besides=here)
    clock.advance(days=40)
    assert not elsewhere("pma", besides=here), "long ago"
