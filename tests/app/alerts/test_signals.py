"""Signals become drafts: from a result that is told, and in the night from the series; once each, with their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlmodel import select

from app.care.alerts import detecting_job, series_signals
from app.care.alerts.domain import AlertState, Tier
from app.care.alerts.tables import Alert, AlertEvidence, DetectionRun
from app.care.counted.series import SeriesSample
from app.care.counted.tables import TrendFinding, TrendSample
from app.intake.samples.domain import ConsentAnswer, ConsentKind
from app.intake.samples.lookup import SampleLook
from app.operations.retention import Housekeeper
from app.platform.db import Database
from app.platform.jobs import JobRow, JobState
from app.platform.kernel.actor import Role
from app.platform.kernel.place import local
from app.results import service
from app.results.finding import Amount, NewFinding
from harm_messages.vocabulary import Basis, Unit
from tests.app.consultations.conftest import Desk
from tests.app.results.conftest import YES
from tests.support.waiting import while_it_holds

CHEMIST, LEAD = Role.CHEMIST, Role.SESSION_LEAD
URL = "/api/v1/alerts"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
def lab(world: Any) -> Desk:
    return Desk(world, world.session())


def look(world: Any) -> None:
    world.runtime.jobs.run_until_idle()


def confirmed(lab: Desk, sample_id: UUID, *names: str) -> Any:
    """Released with these substances by two independent techniques."""
    by = (lab.analysis(sample_id, "gc_ms"), lab.analysis(sample_id, "ftir"))
    return lab.finish(lab.draft(sample_id, *(NewFinding(one, analysis_ids=by) for one in names)))


def drafts(lab: Desk) -> list[Alert]:
    return lab.read(lambda s: list(s.exec(select(Alert).order_by(Alert.id))))


def evidence(lab: Desk) -> list[AlertEvidence]:
    return lab.read(lambda s: list(s.exec(select(AlertEvidence).order_by(AlertEvidence.id))))


def counted(
    world: Any, n: int, day: date, *, expected: str = "heroin", found: Sequence[tuple[str, str, str]] = (),
    region: str = "North East", session_id: UUID | None = None, agency: UUID | None = None,
) -> None:  # fmt: skip
    """Samples of an import, or of a session, straight into the fact tables. `found`: (substance, class, role)."""
    keys = [uuid4() for _ in range(n)]
    iso = day.isocalendar()
    facts = [
        {
            "sample_id": key, "agency_id": agency or world.agency_id, "agency": "", "session_id": session_id,
            "day": day, "week": f"{iso.year}-W{iso.week:02d}", "month": f"{day:%Y-%m}", "quarter": "", "year": "",
            "region": region, "site": "Hall", "service_type": "festival", "submitter_group": "client",
            "submitter_type": "public", "form": "powder", "expected": expected, "expected_class": "opioid",
            "verdict": "as_expected", "outcome": "identified", "grade": "", "bucket": 0,
            "released_at": world.runtime.now(),
        }
        for key in keys
    ]  # fmt: skip
    rows = [
        {
            "sample_id": key, "found": name, "found_class": of_class, "role": role, "abundance": "major",
            "confidence": "confirmed", "unit": "", "basis": "", "methods": " gc_ms ",
        }
        for key in keys
        for name, of_class, role in found
    ]  # fmt: skip
    with world.runtime.db.begin() as uow:
        uow.session.connection().execute(sa.insert(TrendSample), facts)
        if rows:
            uow.session.connection().execute(sa.insert(TrendFinding), rows)


def quiet_year(world: Any, lab: Desk, weeks: int = 14) -> None:
    today = lab.runtime.now().date()
    for week in range(1, weeks + 1):
        counted(world, 12, today - timedelta(weeks=week))


# -- a sample whose result is told ----------------------------------------------------------------------------------


def test_the_first_nitazene_is_a_draft_with_evidence_and_a_task(lab: Desk, world: Any) -> None:
    sample = lab.sample(("heroin",), form="powder", colours=["brown"], logo="AB")
    confirmed(lab, sample, "metonitazene")
    look(world)
    (row,) = drafts(lab)
    assert (row.state, row.tier, row.session_id, row.substances) == (
        AlertState.DRAFT, Tier.T1, lab.session_id, ["metonitazene"],
    )  # fmt: skip
    assert (row.drafted_by, row.logos, row.colours, row.forms) == (None, ["AB"], ["brown"], ["powder"])
    assert "Metonitazene was found, North East" in row.told_words
    assert world.as_(LEAD).get(f"{URL}/now").json() == [], "a draft warns nobody"
    whole = world.as_(CHEMIST).get(f"{URL}/{row.id}").json()
    (found,) = whole["evidence"]
    assert (found["trigger"], found["detail"]["scope"], found["samples"]) == ("first_detection", "ever", [1])
    assert (whole["drafted_by"], whole["missing"]) == ("automatic check", [])
    page = world.as_(CHEMIST).get(f"/alerts/{row.id}").text
    for words in (
        "First detection",
        f'href="/bench/samples/{sample}">001</a>',
        "Certainty",
        "Confirmed.",
        "not seen by this service before",
        "Evidence",
    ):
        assert words in page
    tasks = world.as_(CHEMIST).get(f"/api/v1/samples/{sample}/tasks").json()
    by_tier = {t["detail"]["tier"]: t["detail"].get("alert") for t in tasks if t["kind"] == "propose_alert"}
    assert by_tier == {"T1": str(row.id), "T2": None}, "the task of the message pack for this tier points to the draft"
    bench = world.as_(CHEMIST).get(f"/bench/samples/{sample}").text
    assert f'href="/alerts/{row.id}"' in bench


def test_signing_closes_the_task(lab: Desk, world: Any) -> None:
    sample = lab.sample(("heroin",), harm_event="overdose")
    confirmed(lab, sample, "metonitazene")
    look(world)
    for row in drafts(lab):
        act = "submit" if row.tier is Tier.T2 else "raise"
        done = world.as_(CHEMIST).post(f"{URL}/{row.id}/{act}", headers={"If-Match": '"1"'})
        assert done.status_code == 200, done.text
    tasks = world.as_(CHEMIST).get(f"/api/v1/samples/{sample}/tasks").json()
    assert {t["detail"]["tier"]: t["closed_words"] for t in tasks if t["kind"] == "propose_alert"} == {
        "T1": "The alert was raised.", "T2": "The draft was submitted for its sign-off.", "T3": "",
    }  # fmt: skip


def test_the_same_signal_does_not_draft_twice(lab: Desk, world: Any) -> None:
    one, other = lab.sample(("heroin",)), lab.sample(("heroin",))
    view = lab.found(one, NewFinding("metonitazene"))
    look(world)
    lab.found(other, NewFinding("metonitazene"))
    look(world)
    (row,) = drafts(lab)
    world.as_(CHEMIST).post(f"{URL}/{row.id}/discard", json={"reason": "known"}, headers={"If-Match": '"1"'})
    again = lab.act(view, "amend", CHEMIST, reason="typo", change_reason="correction")
    lab.finish(again)
    look(world)
    assert len(drafts(lab)) == 1, "what was dropped for this sample is not drafted again"


def test_a_client_who_did_not_agree_is_not_described_and_one_who_agreed_to_nothing_is_not_used(
    lab: Desk, world: Any
) -> None:
    no = YES | {ConsentKind.SHARE_IN_ALERT: ConsentAnswer.NO}
    neither = no | {ConsentKind.AGGREGATE_DATA: ConsentAnswer.NO}
    looks: dict[str, Any] = {"form": "tablet", "colours": ["red"], "logo": "Heart", "harm_event": "overdose"}
    lab.found(lab.sample(("heroin",), consents=neither, **looks), NewFinding("metonitazene"))
    look(world)
    assert drafts(lab) == []
    lab.found(lab.sample(("heroin",), consents=no, **looks), NewFinding("metonitazene"))
    look(world)
    assert [row.tier for row in drafts(lab)] == [Tier.T1, Tier.T2], "T1 is proposed whenever T2 is"
    for row in drafts(lab):
        assert (row.logos, row.colours, row.forms) == ([], [], ["tablet", "capsule"])
        assert "Heart" not in row.told_words
        assert "tablets or capsules" in row.told_words


def test_harm_is_evidence_for_staff_and_not_a_word_outside(lab: Desk, world: Any) -> None:
    lab.found(lab.sample(("mdma",), harm_event="fatal"), NewFinding("mdma"))
    look(world)
    assert [row.tier for row in drafts(lab)] == [Tier.T1, Tier.T2]
    for row, found in zip(drafts(lab), evidence(lab), strict=True):
        assert (found.trigger.value, found.detail["harm_event"]) == ("harm_linked", "fatal")
        for word in ("fatal", "harm", "overdose", "died"):
            assert word not in row.told_words.lower()
    lab.found(lab.sample(("mdma",), harm_event="felt_unwell"), NewFinding("mdma"))
    look(world)
    assert len(drafts(lab)) == 2


def amounts(lab: Desk, mg: float, **more: Any) -> None:
    sample = lab.sample(("mdma",), form="tablet", **more)
    by = (lab.analysis(sample, "gc_ms"), lab.analysis(sample, "ftir"))
    finding = NewFinding("mdma", amount=Amount(mg, Unit.MG_PER_UNIT, Basis.BASE), analysis_ids=by)
    lab.finish(lab.draft(sample, finding))


@pytest.mark.long
def test_an_amount_beyond_all_earlier_ones_is_unusual_from_twenty_on(lab: Desk, world: Any, clock: Any) -> None:
    for place in range(20):
        amounts(lab, 80 + place)
        clock.advance(seconds=1)
    look(world)
    assert drafts(lab) == []
    amounts(lab, 130)
    look(world)
    (row,) = drafts(lab)
    (found,) = evidence(lab)
    assert (found.trigger.value, found.n, row.tier) == ("unusual_strength", 20, Tier.T1)
    assert found.detail["limit"] == 99.0
    assert found.probability == pytest.approx(1 / 21)
    done = world.as_(LEAD).post(f"{URL}/{row.id}/raise", headers={"If-Match": '"1"'})
    assert (done.status_code, done.json()["warns"]) == (200, True)


def test_an_amount_in_the_top_band_of_the_register_needs_no_history(lab: Desk, world: Any) -> None:
    amounts(lab, 400)
    look(world)
    (found,) = evidence(lab)
    assert (found.trigger.value, found.detail["top_band"]) == ("unusual_strength", "extreme")


# -- the series -----------------------------------------------------------------------------------------------------


def test_a_rising_share_is_one_draft_with_what_decided_it(lab: Desk, world: Any) -> None:
    quiet_year(world, lab)
    today = lab.runtime.now().date()
    nitazene = [("metonitazene", "opioid.nitazene", "adulterant")]
    counted(world, 3, today, found=nitazene, session_id=lab.session_id)
    counted(world, 7, today, session_id=lab.session_id)
    counted(world, 40, today, expected="mdma", session_id=lab.session_id)
    asked = world.as_(CHEMIST).post(f"{URL}/runs")
    assert asked.status_code == 202
    look(world)
    notice, row = drafts(lab)
    assert (notice.tier, row.tier) == (Tier.T1, Tier.T2), "T1 is proposed whenever T2 is"
    found = evidence(lab)[-1]
    assert (found.trigger.value, found.intent, found.x, found.n) == ("rising_share", "heroin", 3, 10)
    assert (found.detail["earlier_x"], found.detail["earlier_n"], found.detail["periods"]) == (0, 168, 14)
    assert found.probability is not None
    assert found.threshold is not None
    assert found.probability <= found.threshold <= 0.01
    assert row.told_words.startswith("Metonitazene is found more often than before in samples expected to be")
    assert not any(character.isdigit() for character in row.told_words.replace("2026", ""))
    (run,) = world.as_(CHEMIST).get(f"{URL}/runs").json()
    assert (run["sessions"], run["series"], run["rises"], run["drafts"]) == (1, 1, 1, 2)
    world.as_(CHEMIST).post(f"{URL}/runs")
    look(world)
    assert len(drafts(lab)) == 2, "looking again finds the same signal, which stands"
    page = world.as_(CHEMIST).get(f"/alerts/{row.id}").text
    for words in ("Rising share", "3 of 10, each batch counted once", "0 of 168 in 14 periods", "The periods before"):
        assert words in page
    assert "Trends last checked" in world.as_(CHEMIST).get("/alerts").text


def test_what_creeps_up_is_a_draft_of_its_own(lab: Desk, world: Any) -> None:
    today = lab.runtime.now().date()
    xylazine = [("xylazine", "sedative", "adulterant")]
    for week in range(24, 0, -1):
        positive = 4 if week <= 9 else 1
        counted(world, positive, today - timedelta(weeks=week), found=xylazine)
        counted(world, 30 - positive, today - timedelta(weeks=week))
    counted(world, 4, today, found=xylazine, session_id=lab.session_id)
    counted(world, 26, today, session_id=lab.session_id)
    world.as_(CHEMIST).post(f"{URL}/runs")
    look(world)
    assert [e.trigger.value for e in evidence(lab)] == ["slow_drift"] * 2
    row = drafts(lab)[-1]
    page = world.as_(CHEMIST).get(f"/alerts/{row.id}").text
    assert "Cumulative change (CUSUM)" in page


def seen(n: int, period: str, day: date, *found: tuple[str, str]) -> list[SeriesSample]:
    return [SeriesSample(uuid4(), True, period, None, day, "NE", "heroin", frozenset(found)) for _ in range(n)]


def looks(form: str, logo: str = "", *colours: str, group: str = "", key: UUID | None = None) -> SampleLook:
    return SampleLook(key or uuid4(), uuid4(), 1, form, logo, colours, group, withdrawn=False)


def test_what_makes_samples_one_batch() -> None:
    batch = series_signals.batch_of
    heart = batch(looks("tablet", " Heart", "red", "pink"))
    assert heart == batch(looks("tablet", "HEART", "pink", "red"))
    assert heart != batch(looks("tablet", "star", "red"))
    assert batch(looks("powder")) != batch(looks("powder")), "nothing tells two powders to be one batch"
    assert batch(looks("powder", group="7")) == batch(looks("powder", group="7"))


def test_batches_count_once_and_a_class_with_one_member_is_that_member() -> None:
    one, two = ("metonitazene", "opioid.nitazene"), ("protonitazene", "opioid.nitazene")
    now = [*seen(5, "now", date(2026, 6, 1), one), *seen(3, "now", date(2026, 6, 1))]
    hearts = {row.sample_id: looks("tablet", "Heart", key=row.sample_id) for row in now[:5]}
    (period,) = series_signals.periods_of(now, hearts)["heroin"]
    assert (period.n, period.of("metonitazene").x) == (4, 1)
    assert [name[2] for name in series_signals.tests_of({"heroin": [period]}, {"now"}, {"opioid.nitazene"})] == [
        "metonitazene"
    ]
    both = [*now, *seen(1, "now", date(2026, 6, 1), two)]
    (period,) = series_signals.periods_of(both, {})["heroin"]
    tests = series_signals.tests_of({"heroin": [period]}, {"now"}, {"opioid.nitazene"})
    assert [name[2] for name in tests] == ["metonitazene", "protonitazene", "opioid.nitazene"]
    assert period.of("opioid.nitazene").x == 6


def test_the_night_is_asked_for_once_and_looks_at_every_agency(lab: Desk, world: Any) -> None:
    database = world.runtime.db
    for _ in range(3):
        detecting_job.ask_nightly(database)
    ran: list[int] = []
    keeper = Housekeeper(database, first_s=0.01, every_s=60, daily=(lambda _: ran.append(1), detecting_job.ask_nightly))
    keeper.start()
    while_it_holds(lambda: not ran)  # the thread begins a hundredth of a second after its start
    keeper.stop()
    queued = lab.read(lambda s: list(s.exec(select(JobRow).where(JobRow.kind == "alerts.series"))))
    (job,) = queued
    assert job.state is JobState.QUEUED
    assert local(job.run_after).hour == 4
    assert job.run_after > lab.runtime.now()
    counted(world, 1, lab.runtime.now().date(), session_id=lab.session_id)
    counted(world, 1, lab.runtime.now().date(), agency=world.other_agency_id)
    with database.begin() as uow:
        uow.session.get(JobRow, job.id).run_after = uow.now
    look(world)
    runs = lab.read(lambda s: list(s.exec(select(DetectionRun))))
    assert {run.agency_id for run in runs} == {world.agency_id, world.other_agency_id}


def test_what_was_told_long_ago_is_no_news(lab: Desk, world: Any, clock: Any) -> None:
    lab.found(lab.sample(("heroin",)), NewFinding("metonitazene"))
    clock.advance(days=8)
    look(world)
    assert drafts(lab) == []


def test_what_police_bring_back_of_house_is_looked_at_once_it_is_verified(lab: Desk, world: Any) -> None:
    closed = world.session(name="Back", licence="boh_no_individual_results")
    sample = lab.sample(("heroin",), session_id=closed, submitter_type="police_back_of_house")
    ran = lab.analysis(sample, "gc_ms")
    view = lab.draft(sample, NewFinding("metonitazene", analysis_ids=(ran,)))
    view = lab.act(view, "submit", CHEMIST)
    look(world)
    assert drafts(lab) == []
    lab.act(view, "verify", Role.VERIFIER)
    look(world)
    assert [row.substances for row in drafts(lab)] == [["metonitazene"]]


# -- what the evidence allows ---------------------------------------------------------------------------------------


def strip_only(lab: Desk, sample: UUID, *machines: str) -> Any:
    """Released with a strip that reacted, and machines that saw something else."""
    read = lab.analysis(sample, "strip", strip_target="opioid.nitazene", strip_reading="positive")
    ran = tuple(lab.analysis(sample, method) for method in machines)
    others = [NewFinding("heroin", analysis_ids=ran)] if ran else []
    return lab.finish(lab.draft(sample, NewFinding(None, "opioid.nitazene", analysis_ids=(read,)), *others))


def test_a_first_detection_is_a_note_until_it_is_confirmed_and_then_a_notice(lab: Desk, world: Any) -> None:
    sample = lab.sample(("heroin",))
    view = strip_only(lab, sample)
    look(world)
    (row,) = drafts(lab)
    assert (row.tier, row.classes) == (Tier.T0, ["opioid.nitazene"])
    assert "A strip reacted. Not confirmed." in row.words
    ran = [lab.analysis(sample, method) for method in ("gc_ms", "ftir")]
    draft = lab.act(view, "amend", CHEMIST, reason="GC-MS came back", change_reason="more_tests")
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        named = [NewFinding("metonitazene", analysis_ids=tuple(ran))]
        draft = service.set_findings(uow, draft.result.id, named, draft.result.version, pack=lab.runtime.pack)
    lab.finish(draft)
    look(world)
    assert [(r.tier, r.substances) for r in drafts(lab)] == [(Tier.T0, []), (Tier.T1, ["metonitazene"])]


def test_no_tier_says_found_or_confirmed_of_a_strip_and_harm_goes_no_further_than_the_session(
    lab: Desk, world: Any
) -> None:
    strip_only(lab, lab.sample(("heroin",), harm_event="overdose"))
    look(world)
    (row,) = drafts(lab)
    assert row.tier is Tier.T1
    for text in (row.words, row.told_words):
        assert "reacted" in text
        assert "not confirmed" in text.lower()
        assert "found" not in text.lower()
    page = world.as_(CHEMIST).get(f"/alerts/{row.id}").text
    assert "Still needed" in page
    assert "A second strip at the leaflet" in page


def test_words_that_say_more_than_the_evidence_are_refused_and_name_the_state(lab: Desk, world: Any) -> None:
    sample = lab.sample(("heroin",))
    strip_only(lab, sample)
    body = {
        "tier": "T1", "session_id": str(lab.session_id), "classes": ["opioid.nitazene"], "sample_id": str(sample),
        "words": "A nitazene was found in brown powder.",
    }  # fmt: skip
    refused = world.as_(CHEMIST).post(URL, json=body)
    assert refused.status_code == 422
    assert refused.json()["fields"]["words"] == (
        "It says “found”, but the evidence says: A strip reacted. Not confirmed."
    )
    body["words"] = "A strip reacted to a nitazene, not confirmed."
    assert world.as_(CHEMIST).post(URL, json=body).status_code == 201
    told = {**body, "tier": "T2", "reach": "region", "told_words": "Nitazenes were detected, North East."}
    assert "told_words" in world.as_(CHEMIST).post(URL, json=told).json()["fields"]


def test_partners_are_told_nothing_of_two_tests_that_disagree_until_a_chemist_decides(lab: Desk, world: Any) -> None:
    sample = lab.sample(("heroin",))
    read = lab.analysis(sample, "strip", strip_target="ketamine", strip_reading="positive")
    ran = (lab.analysis(sample, "gc_ms"), lab.analysis(sample, "ftir"))
    ketamine = NewFinding("ketamine", analysis_ids=(read,))
    lab.finish(lab.draft(sample, ketamine, NewFinding("heroin", analysis_ids=ran)))
    asked = world.as_(CHEMIST).get(f"/api/v1/samples/{sample}/tasks").json()
    (review,) = [t for t in asked if t["kind"] == "review"]
    body = {
        "tier": "T2", "reach": "region", "session_id": str(lab.session_id), "substances": ["ketamine"],
        "sample_id": str(sample), "words": "A strip reacted.", "told_words": "A strip reacted to ketamine, not confirmed.",
    }  # fmt: skip
    made = world.as_(CHEMIST).post(URL, json=body).json()
    form = world.as_(CHEMIST).get(f"/alerts/new?sample={sample}").text
    assert "A strip reacted to" not in form
    url = f"{URL}/{made['id']}/submit"
    refused = world.as_(CHEMIST).post(url, headers={"If-Match": '"1"'})
    assert any("Two tests disagree" in why for why in refused.json()["reasons"])
    close = f"/api/v1/tasks/{review['id']}/close"
    assert world.as_(LEAD).post(close, json={"words": "x"}, headers={"If-Match": '"1"'}).status_code == 422
    done = world.as_(CHEMIST).post(close, json={"words": "The strip is right."}, headers={"If-Match": '"1"'})
    assert done.status_code == 200
    assert world.as_(CHEMIST).post(url, headers={"If-Match": '"1"'}).status_code == 200
