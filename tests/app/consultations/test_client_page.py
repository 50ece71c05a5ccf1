"""The client's page in every stage, and the facts it is made from."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import UUID

import pytest

from app.care.consultations.domain import Stage, stage_of
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.intake.samples.schemas import SampleChange
from app.laboratory.readings.tables import Analysis
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.results import domain as results_domain
from app.results import service as results
from app.results.domain import ChangeReason
from app.results.finding import NewFinding
from app.results.tables import Finding
from harm_messages.vocabulary import StripReading
from tests.support.clock import SettableClock

from .conftest import CHEMIST, LEAD, VERIFIER, Desk


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What a page says does not depend on the kind of database."""
    return sqlite_database


def messages(state: dict[str, Any]) -> list[str]:
    return [m["id"] for m in state["messages"]]


def test_a_fresh_sample_is_queued_with_the_number_before_it(lab: Desk) -> None:
    first, second = lab.sample(), lab.sample()
    assert (lab.see(first)["stage"], lab.see(first)["before"]) == ("queued", 0)
    assert lab.see(second)["before"] == 1
    assert "Yours is next." in lab.page(first)
    assert "1 sample ahead of yours." in lab.page(second)
    lab.found(first)
    assert lab.see(second)["before"] == 0


def test_every_step_at_the_bench_moves_the_stage(lab: Desk) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    assert lab.see(sample_id)["stage"] == "being_looked_at"
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(ran,)))
    assert lab.see(sample_id)["stage"] == "being_looked_at"
    view = lab.act(view, "submit", CHEMIST)
    assert lab.see(sample_id)["stage"] == "being_checked"
    view = lab.act(view, "verify", VERIFIER)
    state = lab.see(sample_id)
    assert (state["kind"], state["stage"], state["before"], state["messages"]) == ("waiting", "ready_soon", None, [])
    lab.act(view, "release", LEAD)
    assert lab.see(sample_id)["kind"] == "result"


@pytest.mark.parametrize("state", [None, *(s.value for s in results_domain.State)])
@pytest.mark.parametrize("analysed", [False, True])
def test_every_state_of_a_result_has_a_stage(state: str | None, analysed: bool) -> None:
    expected = {"verified": Stage.READY_SOON, "submitted": Stage.BEING_CHECKED}.get(
        str(state), Stage.BEING_LOOKED_AT if analysed or state else Stage.QUEUED
    )
    assert stage_of(state, analysed=analysed) is expected


def test_a_released_result_names_what_was_found_what_was_expected_and_the_limits(lab: Desk) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    state, page = lab.see(sample_id), lab.page(sample_id)
    assert (state["kind"], state["changed_at"], state["under_review"]) == ("result", None, False)
    assert state["headline"] in page.replace("</span> <span>", " ")
    assert "MDMA" in state["headline"]
    assert state["told_us"] in page
    slots = [m["slot"] for m in state["messages"]]
    assert "limits" in slots
    assert "999" in page
    assert "This result has changed" not in page


def test_a_changed_result_says_first_that_it_changed_and_why(lab: Desk) -> None:
    sample_id = lab.sample()
    view = lab.found(sample_id)
    draft = lab.act(view, "amend", CHEMIST, reason="typed by staff", change_reason=ChangeReason.MORE_TESTS)
    lab.finish(draft)
    state, page = lab.see(sample_id), lab.page(sample_id)
    assert state["changed_at"] is not None
    assert state["change_reason"] == "We did more tests."
    assert page.index("This result has changed") < page.index("result__headline")
    assert "Why: We did more tests." in page
    assert "typed by staff" not in page


def test_a_retracted_result_shows_its_withdrawal_and_nothing_that_was_found(lab: Desk) -> None:
    sample_id = lab.sample()
    lab.act(lab.found(sample_id), "retract", LEAD, reason="wrong bag", change_reason=ChangeReason.MIX_UP)
    state, page = lab.see(sample_id), lab.page(sample_id)
    assert (state["kind"], state["messages"], state["headline"]) == ("retracted", [], "")
    assert "This result was withdrawn" in page
    assert "Two samples were mixed up." in page
    assert "MDMA" not in page
    assert "wrong bag" not in page


def test_a_withdrawn_sample_is_not_told_by_staff_either(lab: Desk) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        samples.withdraw(uow, lookup.get_sample(uow.session, uow.actor, sample_id), "asked")
    page = lab.staff(sample_id)
    assert "withdrew this sample" in page
    assert "We found" not in page


def test_where_look_up_is_off_the_result_is_told_in_person_but_the_queue_and_a_withdrawal_are_said(
    lab: Desk, world: Any
) -> None:
    closed = world.session(name="No look-up", client_lookup=False)
    sample_id = lab.sample(session_id=closed)
    assert lab.see(sample_id)["stage"] == "queued"
    view = lab.found(sample_id)
    state = lab.see(sample_id)
    assert (state["kind"], state["headline"], state["messages"]) == ("in_person", "", [])
    assert "a worker tells you about it in person" in lab.page(sample_id)
    assert "MDMA" not in lab.page(sample_id)
    assert "MDMA" in lab.staff(sample_id)
    assert lab.row(sample_id).told_at is None, "a closed page has told nobody anything"
    draft = lab.act(view, "amend", CHEMIST, reason="more")
    assert "has changed" in lab.see(sample_id)["why"]
    view = lab.finish(draft)
    assert "has changed" in lab.see(sample_id)["why"]
    lab.act(view, "retract", LEAD, reason="wrong")
    assert lab.see(sample_id)["kind"] == "retracted"


def test_for_dependent_adults_the_page_stays_shut_until_a_worker_confirms(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(session_id=world.session(licence="foh_dependent_adult"))
    lab.found(sample_id)
    state = lab.see(sample_id)
    assert (state["kind"], state["messages"]) == ("in_person", [])
    assert "dependent" not in lab.page(sample_id), "the client's screen does not say what the licence thinks of them"
    assert "Confirm that first" in lab.staff(sample_id)
    assert "MDMA" not in lab.staff(sample_id).split("What do they plan to do?")[0].split("client-page")[1]
    url = f"/consultations/samples/{sample_id}"
    assert world.as_(Role.HEALTH_WORKER).post(url, data={"dependent_adult": "yes"}).status_code == 303
    assert lab.row(sample_id).told_at is None, "confirming who someone is tells them nothing"
    assert lab.see(sample_id)["kind"] == "result"
    assert lab.row(sample_id).told_at is not None


def test_a_finding_without_words_goes_to_a_person_and_is_never_left_out(lab: Desk) -> None:
    sample_id = lab.sample()
    view = lab.found(sample_id, NewFinding("mdma"), NewFinding("caffeine"))
    second = next(f for f in view.findings if f.substance_id == "caffeine")
    lab.change(Finding, second.id, substance_id="nobody-knows-this")  # as after a pack that dropped a row
    state, page, staff = lab.see(sample_id), lab.page(sample_id), lab.staff(sample_id)
    assert (state["kind"], state["messages"]) == ("in_person", [])
    assert "no words for yet" in page
    assert "MDMA" not in page, "half a result is worse than none"
    assert "nobody-knows-this" not in page
    assert "nobody-knows-this" in staff
    assert not lab.shown(sample_id)


def test_back_of_house_staff_read_why_nothing_is_told(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(session_id=world.session(licence="boh_no_individual_results"))
    lab.analysis(sample_id)
    assert "no individual results" in lab.staff(sample_id)
    queue = world.as_(Role.HEALTH_WORKER).get("/consultations").text
    assert str(sample_id) not in queue


# -- the facts --------------------------------------------------------------------------------------------------


def test_a_positive_nitazene_strip_shows_the_nitazene_message_and_the_emergency_lines(lab: Desk) -> None:
    sample_id = lab.sample(("heroin",))
    ran = lab.analysis(sample_id, "ftir")
    strip = lab.analysis(sample_id, "strip", strip_target="opioid.nitazene", strip_reading=StripReading.POSITIVE)
    findings = NewFinding("heroin", analysis_ids=(ran,)), NewFinding(None, "opioid.nitazene", analysis_ids=(strip,))
    lab.finish(lab.draft(sample_id, *findings))
    state = lab.see(sample_id)
    assert "M-NITAZENE" in messages(state)
    assert state["messages"][messages(state).index("M-NITAZENE")]["severity"] == "S0"
    assert "naloxone" in lab.page(sample_id).lower()
    assert "Tell the session lead now" in lab.staff(sample_id)


def test_not_found_is_said_only_where_a_method_could_have_seen_it(lab: Desk) -> None:
    seen, unseen = lab.sample(), lab.sample(("lsd",), form="blotter")
    lab.found(seen, NewFinding("eutylone"), method="gc_ms")
    lab.found(unseen, NewFinding("caffeine"), method="ftir")
    assert "did not find MDMA" in lab.see(seen)["headline"]
    text = lab.page(unseen)
    assert "did not find LSD" not in text, "infrared cannot see a dose of LSD"


def test_a_run_that_nobody_read_supports_no_negative(lab: Desk) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id, "ftir")
    lab.analysis(sample_id, "gc_ms", read_by_hand=False)
    lab.finish(lab.draft(sample_id, NewFinding("eutylone", analysis_ids=(ran,))))
    lsd = lab.sample(("lsd",))
    ran = lab.analysis(lsd, "ftir")
    lab.analysis(lsd, "gc_ms", read_by_hand=False)
    lab.finish(lab.draft(lsd, NewFinding("caffeine", analysis_ids=(ran,))))
    assert "did not find LSD" not in lab.page(lsd), "only the GC-MS could have seen it, and nobody read that"


def test_a_released_page_stays_as_it_was_verified_whatever_is_written_down_afterwards(lab: Desk) -> None:
    sample_id = lab.sample()
    strip = lab.analysis(sample_id, "strip", strip_target="opioid.nitazene", strip_reading=StripReading.NEGATIVE)
    view = lab.found(sample_id, NewFinding("eutylone"), method="gc_ms")
    before = lab.see(sample_id)
    assert "did not find MDMA" in before["headline"]
    lab.change(Analysis, UUID(view.findings[0].analysis_ids[0]), qc_failed=True)
    lab.change(Analysis, strip, strip_reading=StripReading.POSITIVE)
    lab.analysis(sample_id, "gc_ms")
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        changed = SampleChange(expected=["eutylone"], form="tablet", logo="star")
        samples.change(uow, lookup.lock_sample(uow, sample_id), changed, substances=lab.runtime.pack.substances)
    after = lab.see(sample_id)
    assert {k: after[k] for k in ("headline", "told_us", "messages")} == {
        k: before[k] for k in ("headline", "told_us", "messages")
    }


def test_the_page_reaches_the_verdict_that_staff_verified(lab: Desk) -> None:
    for expected, found in ((("mdma",), "mdma"), (("mdma",), "eutylone"), ((), "mdma"), (("heroin", "mdma"), "mdma")):
        sample_id = lab.sample(expected, **({} if expected else {"intent": "unknown"}))
        view = lab.found(sample_id, NewFinding(found))
        page = lab.read(lambda s, i=sample_id: _view(lab, s, i).page)
        assert page.verdict.value == view.result.verdict.value
        assert page.outcome.value == view.result.outcome.value


def _view(lab: Desk, session: Any, sample_id: Any) -> Any:
    from app.care.consultations.client_view import client_view

    return client_view(session, lab.runtime.pack, lab.row(sample_id), lab.runtime.now())


# -- E4: a changed result ---------------------------------------------------------------------------------------------


def amended(lab: Desk, view: Any, sample_id: UUID, *findings: NewFinding, method: str | None = None) -> str:
    """The page after an amendment with these findings, and with another method where one is named."""
    draft = lab.act(view, "amend", CHEMIST, reason="typed by staff", change_reason=ChangeReason.MORE_TESTS)
    ran = lab.analysis(sample_id, method) if method else None
    if ran is not None:
        findings = tuple(NewFinding(f.substance_id, f.substance_class, analysis_ids=(ran,)) for f in findings)
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        written = results.set_findings(uow, draft.result.id, findings, draft.result.version, pack=lab.runtime.pack)
    lab.finish(written)
    return lab.page(sample_id)


def notice(page: str) -> str:
    return html.unescape(page.split("result__changed", 1)[1].split("</section>", maxsplit=1)[0])


def test_E4_upwards_the_new_warning_comes_first_in_the_notice(lab: Desk) -> None:
    sample_id = lab.sample()
    view = lab.found(sample_id)
    said = notice(amended(lab, view, sample_id, NewFinding("mdma"), NewFinding("metonitazene"), method="lc_ms"))
    assert said.index("New: we now warn of metonitazene.") < said.index("Before:") < said.index("Now:")
    assert "Why: We did more tests." in said
    assert "When:" in said
    state = lab.see(sample_id)
    assert state["changes"] == ["New: we now warn of metonitazene."]
    assert state["changed_from"]


def test_E4_downwards_a_better_test_says_down_to_what_it_saw_and_nothing_reassures(lab: Desk) -> None:
    sample_id = lab.sample(("mdma",))
    view = lab.found(sample_id, NewFinding("mdma"), NewFinding("ketamine"), method="ftir")
    page = amended(lab, view, sample_id, NewFinding("mdma"), method="gc_ms")
    said = notice(page)
    assert re.search(
        r"Earlier we warned of ketamine\. A better test that can see ketamine down to [\d.]+ % did not find it\.", said
    )
    assert "Less than that could still be there." in said
    assert not re.search(r"good news|all clear|\bsafe\b", said, re.IGNORECASE)
    assert "What this test cannot see" in html.unescape(page), "limits stay"


def test_E4_downwards_without_a_test_that_could_have_seen_it_the_warning_stands(lab: Desk) -> None:
    sample_id = lab.sample()
    view = lab.found(sample_id, NewFinding("mdma"), NewFinding("metonitazene"), method="ftir")
    said = notice(amended(lab, view, sample_id, NewFinding("mdma"), method="ftir"))
    assert "Earlier we warned of metonitazene. No test since then could rule it out." in said
    assert "did not find" not in said


def test_E4_a_sample_that_looks_the_same_shows_that_the_others_result_changed(lab: Desk, clock: SettableClock) -> None:
    pill = {"form": "tablet", "logo": "Blue Punisher", "colours": ["blue"]}
    mine, other, different = (
        lab.sample(**pill),
        lab.sample(**{**pill, "logo": "blue punisher"}),
        lab.sample(form="tablet", logo="Tesla"),
    )
    views = [lab.found(one) for one in (other, mine, different)]
    before = [lab.page(one) for one in (mine, different)]
    assert not [page for page in before if "looks the same" in page]
    clock.advance(minutes=1)
    lab.act(views[0], "amend", CHEMIST, reason="more", change_reason=ChangeReason.MORE_TESTS)
    assert "The result of another sample that looks the same has changed." in lab.page(mine)
    assert lab.see(mine)["mate_changed_at"] is not None
    assert "looks the same" not in lab.page(different)
    assert "looks the same" not in lab.page(other), "it has its own notice"


def test_what_was_expected_was_named_and_not_warned_of(lab: Desk) -> None:
    sample_id = lab.sample(("mdma",))
    view = lab.found(sample_id, method="ftir")
    said = notice(amended(lab, view, sample_id, NewFinding("eutylone"), method="gc_ms"))
    assert "warned of MDMA" not in said, "beside “We did not find MDMA.” that would be a riddle"
    assert re.search(r"This page named MDMA before\. A better test that can see MDMA down to [\d.]+ % did not", said)
    assert "New: we now warn of eutylone." in said


# -- E5: a warning that was withdrawn ---------------------------------------------------------------------------------


def warned(lab: Desk, world: Any, **more: Any) -> dict[str, Any]:
    """A session notice about PMA that clients read."""
    body = {"tier": "T1", "session_id": str(lab.session_id), "words": "Red pills made people ill.", **more}
    made = world.as_(CHEMIST).post("/api/v1/alerts", json=body)
    assert made.status_code == 201, made.text
    return dict(made.json())


def withdraw_warning(world: Any, alert: dict[str, Any]) -> None:
    url, headers = f"/api/v1/alerts/{alert['id']}/retract", {"If-Match": f'"{alert["version"]}"'}
    done = world.as_(LEAD).post(url, json={"reason": "It was another batch"}, headers=headers)
    assert done.status_code == 200, done.text


def test_E5_a_warning_that_stood_on_a_page_does_not_vanish_in_silence(
    lab: Desk, world: Any, clock: SettableClock
) -> None:
    sample_id, unseen, unlike = lab.sample(form="tablet"), lab.sample(form="tablet"), lab.sample(form="powder")
    for one in (sample_id, unseen, unlike):
        lab.found(one)
    alert = warned(lab, world, substances=["pma"], forms=["tablet"])
    for one in (sample_id, unlike):
        lab.page(one)
    assert "We withdrew a warning" not in lab.page(sample_id)
    clock.advance(minutes=5)
    withdraw_warning(world, alert)
    said = notice(lab.page(sample_id))
    assert "We withdrew a warning that was on this page." in said
    assert re.search(r"It warned of PMA\..*When: \d\d:\d\d, ", said, re.DOTALL)
    assert "It was another batch" not in said, "what staff typed is not for the client"
    assert [one["about"] for one in lab.see(sample_id)["withdrawn"]] == ["PMA"]
    for one in (unseen, unlike):
        assert "We withdrew a warning" not in lab.page(one), "who never read it is told nothing"
    newest = lab.shown(sample_id)[-1]
    again = world.as_(Role.HEALTH_WORKER).get(f"/consultations/samples/{sample_id}/shown/{newest.id}").text
    assert "It warned of PMA." in again, "the log keeps it"
    warned(lab, world, substances=["pma"], forms=["tablet"])
    assert "We withdrew a warning" not in lab.page(sample_id), "another alert still says it"


def _waiting(lab: Desk, world: Any) -> UUID:
    return lab.sample()


def _retracted(lab: Desk, world: Any) -> UUID:
    sample_id = lab.sample()
    lab.act(lab.found(sample_id), "retract", LEAD, reason="wrong bag", change_reason=ChangeReason.MIX_UP)
    return sample_id


def _told_in_person(lab: Desk, world: Any) -> UUID:
    sample_id = lab.sample(session_id=world.session(name="No look-up", client_lookup=False))
    lab.found(sample_id)
    return sample_id


def _gate_shut(lab: Desk, world: Any) -> UUID:
    sample_id = lab.sample(session_id=world.session(licence="foh_dependent_adult"))
    lab.found(sample_id)
    return sample_id


def _amended(lab: Desk, world: Any) -> UUID:
    sample_id = lab.sample()
    lab.act(lab.found(sample_id), "amend", CHEMIST, reason="another", change_reason=ChangeReason.MORE_TESTS)
    return sample_id


@pytest.mark.parametrize(
    "stage", [_waiting, _retracted, _told_in_person, _gate_shut, _amended], ids=lambda f: str(f.__name__)
)
@pytest.mark.parametrize(
    ("locale", "bar", "steps"),
    [
        (
            "en",
            "Someone is unwell",
            ("If someone is unwell", "Call 999", "Breathing but won't wake? Roll them on their side."),
        ),
        ("cy", "Mae rhywun yn sâl", ("Ffoniwch 999", "Rholiwch nhw ar eu hochr")),
    ],
)
def test_every_page_of_a_ticket_says_what_to_do_for_someone_who_is_unwell(
    lab: Desk, world: Any, stage: Any, locale: str, bar: str, steps: tuple[str, ...]
) -> None:
    browser = lab.world.anonymous()
    browser.post("/t", data={"code": lab.codes[stage(lab, world)]})
    page = browser.get(f"/t?lang={locale}").text
    assert re.search(rf'class="button help-bar__unwell" href="#unwell">{bar}<', page)
    assert page.count('id="unwell"') == 1
    help_block = page[page.index('id="unwell"') :]
    assert 'href="tel:999"' in help_block
    said = html.unescape(re.sub(r"<[^>]+>", "", help_block))
    assert all(step in said for step in steps)
    assert ("naloxone" in said) is (stage is not _amended), "without a result nobody knows what it was"
