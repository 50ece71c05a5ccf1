"""Nothing a spectrum names is overlooked in silence: recorded, dismissed with a reason, or listed as open."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from app.laboratory.identification.codec import StoredAnswer, decode
from app.laboratory.identification.domain import Method
from app.laboratory.readings import analyses as reading_analyses
from app.laboratory.readings import domain, uploads
from app.operations import demo_infrared
from app.operations.demo_mass import mzml
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from app.results import service
from app.results.domain import DismissReason, NameState, State, StepFacts, names_answered
from app.results.finding import NewFinding
from app.results.named import Dismissal, mentions_of, resolve_names
from harm_messages import load_pack
from harm_messages.vocabulary import Abundance
from tests.support.budget import size

from .conftest import Lab

CHEMIST, VERIFIER, LEAD = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD
HTML = {"Accept": "text/html"}
FOUR: Sequence[tuple[float, Mapping[str, float]]] = (
    (492.0, {"cocaine": 1.0}),
    (431.0, {"phenacetin": 0.4}),
    (540.0, {"levamisole": 0.3}),
    (460.0, {"caffeine": 0.3}),
)
"""A run of four peaks; phenacetin has 17 % of the area."""


def run(lab: Lab, sample_id: UUID, peaks: Sequence[tuple[float, Mapping[str, float]]] = FOUR) -> UUID:
    """A GC-MS run of the sample, read and compared: its analysis."""
    received = lab.runtime.blobs.put(iter([mzml("a run", peaks).encode()]))
    with lab.runtime.db.begin(lab.actor(CHEMIST)) as uow:
        new = reading_analyses.NewAnalysis(Method.GC_MS)
        analysis = reading_analyses.add_analysis(uow, sample_id, new)
        uploads.record_upload(uow, analysis.id, received, "run.mzML")
        key = analysis.id
    lab.runtime.jobs.run_until_idle()
    return key


# -- helpers ---------------------------------------------------------------------------------------------------------


def states(lab: Lab, sample_id: UUID) -> dict[str, str]:
    """Key → what became of it, as the newest version has it."""
    register = lab.runtime.pack.substances
    view = lab.latest(sample_id)
    return {one.key: one.state.value for one in lab.read(lambda s: service.named_of(s, view.result, register))}


def audited(lab: Lab) -> list[AuditEntry]:
    """What the log holds of results."""
    return lab.read(lambda s: list(s.exec(select(AuditEntry).where(AuditEntry.object_type == "result"))))


def dismiss(lab: Lab, sample_id: UUID, *keys: str, **more: Any) -> Any:
    view = lab.latest(sample_id)
    form = {"key": list(keys), "reason": "below_reporting", **more}
    return lab.post(sample_id, "named/dismiss", {**form, "version": view.result.version} if view else form)


def four_with_three_recorded(lab: Lab) -> UUID:
    """A sample whose run of four peaks is recorded but for phenacetin."""
    sample_id = lab.sample(("cocaine",))
    ran = run(lab, sample_id)
    lab.draft(sample_id, *(NewFinding(key, analysis_ids=(ran,)) for key in ("cocaine", "levamisole", "caffeine")))
    return sample_id


# -- submit and verify -----------------------------------------------------------------------------------------------


def test_over_the_api_submit_and_verify_are_refused_with_the_names_and_go_on_when_they_are_accepted(
    lab: Lab, world: Any
) -> None:
    sample_id = four_with_three_recorded(lab)
    url = f"/api/v1/results/{lab.latest(sample_id).result.id}"
    for by, step, asked in ((CHEMIST, "submit", "Record or dismiss it"), (VERIFIER, "verify", "Return the result")):
        client = world.as_(by)
        seen = client.get(url)
        etag = {"If-Match": seen.headers["ETag"]}
        offered = next(one for one in seen.json()["steps"] if one["action"] == step)
        assert (offered["allowed"], offered["asks"]) == (True, ["accept_open"])
        (left,) = [one for one in seen.json()["named"] if one["state"] == "open"]
        assert (left["key"], left["places"][0]["peak"]) == ("phenacetin", 2)
        assert "% of the area" in left["places"][0]["strength"]
        refused = client.post(f"{url}/{step}", json={}, headers=etag)
        assert refused.status_code == 409
        assert refused.headers["content-type"] == "application/problem+json"
        (reason,) = refused.json()["reasons"]
        assert "Phenacetin" in reason
        assert asked in reason
        assert client.get(url).headers["ETag"] == etag["If-Match"]
        assert client.post(f"{url}/{step}", json={"accept_open": True}, headers=etag).status_code == 200
    assert world.as_(CHEMIST).get(url).json()["state"] == "verified"
    entries = audited(lab)
    assert [e.verb for e in entries if (e.after or {}).get("left_open") == ["Phenacetin"]] == ["submit", "verify"]
    kept = world.as_(LEAD).get(url).json()["left_open"]
    assert [(one["step"], one["names"], one["by"]) for one in kept] == [
        ("submit", ["Phenacetin"], "Chemist Own"), ("verify", ["Phenacetin"], "Verifier Own"),
    ]  # fmt: skip


def test_on_the_page_what_is_open_is_ticked_by_the_chemist_and_again_by_the_verifier(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    for by, step in ((CHEMIST, "submit"), (VERIFIER, "verify")):
        text = lab.page(sample_id, by)
        assert f'id="{step}-accept_open"' in text
        assert "Phenacetin" in text[text.index('id="named"') :]
        assert text[text.index('id="bench-findings"') :].count('class="findings"') == 1, "one list of findings"
        refused = lab.press(sample_id, step, by)
        assert refused.status_code == 409
        assert "still open: Phenacetin" in refused.text
        assert lab.press(sample_id, step, by, accept_open="yes").status_code == 303
        seen = lab.page(sample_id, VERIFIER)
        review = seen[seen.index('id="review"') : seen.index('class="findings"', seen.index('id="bench-findings"'))]
        assert "Phenacetin" in review, "first in the column"
        assert f"{'Chemist' if by is CHEMIST else 'Verifier'} Own confirmed" in review
    assert lab.latest(sample_id).result.state is State.VERIFIED
    seen = lab.page(sample_id, LEAD)
    assert "Phenacetin" in seen[seen.index('id="review"') : seen.index('id="named"')]
    assert lab.press(sample_id, "release", LEAD).status_code == 303


# -- recording and dismissing ----------------------------------------------------------------------------------------


def test_a_peak_is_recorded_from_the_list_with_the_analysis_that_names_it(lab: Lab) -> None:
    sample_id = lab.sample(("cocaine",))
    ran = run(lab, sample_id)
    assert lab.post(sample_id, "named/add", {"key": "phenacetin"}).status_code == 303
    (finding,) = lab.latest(sample_id).findings
    assert (finding.substance_id, finding.analysis_ids) == ("phenacetin", [str(ran)])
    assert states(lab, sample_id)["phenacetin"] == "recorded"
    version = lab.latest(sample_id).result.version
    assert lab.post(sample_id, "named/add", {"key": "heroin", "version": version}).status_code == 404


def test_a_dismissal_is_kept_with_its_reason_shown_to_the_verifier_and_frozen(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    assert dismiss(lab, sample_id, "phenacetin", reason="other", note="seen in the rinse").status_code == 303
    assert states(lab, sample_id)["phenacetin"] == "dismissed"
    assert lab.press(sample_id, "submit", CHEMIST).status_code == 303
    text = lab.page(sample_id, VERIFIER)
    review = text[text.index('id="review"') :]
    assert "Other. “seen in the rinse" in review[: review.index("</section>")]
    assert "accept_open" not in text
    row = lab.latest(sample_id).result
    assert [one["key"] for one in row.basis["dismissed"]] == ["phenacetin"]
    assert {one["key"] for one in row.basis["named"]} == {"cocaine", "phenacetin", "levamisole", "caffeine"}
    assert lab.press(sample_id, "verify", VERIFIER).status_code == 303
    entries = audited(lab)
    (entry,) = [e for e in entries if e.verb == "set_dismissals"]
    assert entry.after == {"dismissed": {"phenacetin": "other"}}
    assert "rinse" not in str([(e.before, e.after, e.reason) for e in entries])


def test_several_names_are_dismissed_at_once_and_one_of_them_is_taken_back(lab: Lab) -> None:
    sample_id = lab.sample(("cocaine",))
    run(lab, sample_id)
    assert dismiss(lab, sample_id, "phenacetin", "caffeine").status_code == 303  # begins the draft
    version = lab.latest(sample_id).result.version
    form = {"key": "caffeine", "version": version}
    assert lab.post(sample_id, "named/take-back", form).status_code == 303
    now = states(lab, sample_id)
    assert (now["phenacetin"], now["caffeine"]) == ("dismissed", "open")


def test_whoever_dismisses_is_an_author_and_does_not_verify(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    view = lab.latest(sample_id)
    form = {"key": "phenacetin", "reason": "carry_over", "version": view.result.version}
    assert lab.post(sample_id, "named/dismiss", form, VERIFIER).status_code == 303
    assert lab.press(sample_id, "submit", CHEMIST).status_code == 303
    refused = lab.press(sample_id, "verify", VERIFIER)
    assert refused.status_code == 409
    assert "Someone else must verify" in refused.text


def test_over_the_api_dismissals_replace_what_is_there(lab: Lab, world: Any) -> None:
    sample_id = four_with_three_recorded(lab)
    url, chemist = f"/api/v1/results/{lab.latest(sample_id).result.id}", world.as_(CHEMIST)

    def put(*dismissals: dict[str, str]) -> Any:
        etag = {"If-Match": chemist.get(url).headers["ETag"]}
        return chemist.put(f"{url}/dismissals", json={"dismissals": list(dismissals)}, headers=etag)

    def phenacetin(answer: Any) -> Any:
        return next(one for one in answer.json()["named"] if one["key"] == "phenacetin")

    done = put({"key": "phenacetin", "reason": "wrong_match"})
    assert done.status_code == 200, done.text
    one = phenacetin(done)
    assert (one["state"], one["reason"], one["dismissed_by"]) == ("dismissed", "wrong_match", "Chemist Own")
    assert done.headers["ETag"] == chemist.get(url).headers["ETag"]
    assert phenacetin(put())["state"] == "open"
    assert chemist.put(f"{url}/dismissals", json={"dismissals": []}).status_code == 428
    for client, status in ((chemist, 412), (world.as_(LEAD), 403), (world.as_(CHEMIST, agency="other"), 404)):
        answer = client.put(f"{url}/dismissals", json={"dismissals": []}, headers={"If-Match": '"1"'})
        assert answer.status_code == status


def test_a_dismissal_that_cannot_be_is_refused(lab: Lab, world: Any) -> None:
    sample_id = four_with_three_recorded(lab)
    url, chemist = f"/api/v1/results/{lab.latest(sample_id).result.id}", world.as_(CHEMIST)
    etag = {"If-Match": chemist.get(url).headers["ETag"]}
    other = {"key": "phenacetin", "reason": "other"}
    for wrong, says in (
        ([other | {"key": "heroin"}], "No spectrum of this sample names “heroin”."),
        ([other | {"key": "cocaine", "note": "x"}], "Cocaine is recorded."),
        ([other], "Enter a reason, for example solvent peak."),
        ([other | {"note": " "}], "Enter a reason, for example solvent peak."),
        ([other | {"reason": "carry_over"}] * 2, "stands twice"),
        ([other | {"note": "x" * 141}], "140"),
        ([other | {"reason": "because"}], "carry_over"),
    ):
        answer = chemist.put(f"{url}/dismissals", json={"dismissals": wrong}, headers=etag)
        assert (answer.status_code, says in answer.text) == (422, True), says
    assert lab.latest(sample_id).result.dismissals == []


def test_a_form_without_a_reason_keeps_what_was_ticked(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    answer = dismiss(lab, sample_id, "phenacetin", reason="", note="half a thought")
    assert answer.status_code == 422
    assert "Choose a reason." in answer.text
    assert 'value="half a thought"' in answer.text
    assert re.search(r'name="key" value="phenacetin" checked', answer.text)
    assert dismiss(lab, sample_id).status_code == 422
    assert dismiss(lab, sample_id, "phenacetin", reason="other").status_code == 422


def test_nothing_is_dismissed_in_what_was_submitted(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    assert lab.press(sample_id, "submit", CHEMIST, accept_open="yes").status_code == 303
    answer = dismiss(lab, sample_id, "phenacetin")
    assert answer.status_code == 409
    assert "only a draft can be changed" in answer.text
    assert states(lab, sample_id)["phenacetin"] == "open"


def test_what_becomes_a_finding_is_dismissed_no_more(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    dismiss(lab, sample_id, "phenacetin")
    version = lab.latest(sample_id).result.version
    assert lab.post(sample_id, "named/add", {"key": "phenacetin", "version": version}).status_code == 303
    assert lab.latest(sample_id).result.dismissals == []
    form = {"position": 3, "version": lab.latest(sample_id).result.version}
    assert lab.post(sample_id, "findings/remove", form).status_code == 303
    assert states(lab, sample_id)["phenacetin"] == "open"


def test_a_new_version_keeps_the_dismissals_and_a_new_run_opens_the_name_again(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    dismiss(lab, sample_id, "phenacetin")
    lab.press(sample_id, "submit", CHEMIST)
    lab.press(sample_id, "return", VERIFIER, reason="inject it again")
    assert lab.post(sample_id, "draft", {}).status_code == 303
    assert states(lab, sample_id)["phenacetin"] == "dismissed"
    run(lab, sample_id)
    assert states(lab, sample_id) == {
        "cocaine": "recorded", "phenacetin": "open", "levamisole": "recorded", "caffeine": "recorded",
    }  # fmt: skip


# -- what was submitted stays what it was ----------------------------------------------------------------------------


def test_a_name_that_comes_after_the_submission_holds_it_up(lab: Lab) -> None:
    sample_id = four_with_three_recorded(lab)
    dismiss(lab, sample_id, "phenacetin")
    lab.press(sample_id, "submit", CHEMIST)
    (found,) = [r for a in lab.read(lambda s: reading_analyses.analyses_of(s, sample_id)) for r in a.readings]
    answer = json.loads(json.dumps(found.match.answer))
    answer["peaks"][0]["level"] = "related"
    lab.change(type(found.match), found.match.id, answer=answer)
    refused = lab.press(sample_id, "verify", VERIFIER)
    assert refused.status_code == 409
    assert "changed since these findings were submitted" in refused.text
    shown = lab.page(sample_id, VERIFIER)
    assert "Changed since it was submitted" in shown[shown.index('id="review"') :]
    assert states(lab, sample_id)["cocaine"] == "recorded"  # as it was submitted


# -- parts of a mixture go the same way ------------------------------------------------------------------------------


def test_the_parts_of_an_infrared_mixture_are_named_and_may_all_be_recorded_at_once(lab: Lab, tmp_path: Path) -> None:
    sample_id = lab.sample(("cocaine",))
    demo_infrared.write(tmp_path)
    upload = lab.upload(sample_id, tmp_path / demo_infrared.MIXTURE)
    view = lab.draft(sample_id, NewFinding("cocaine", analysis_ids=(upload.analysis_id,)))
    assert states(lab, sample_id) == {"cocaine": "recorded", "phenacetin": "open", "caffeine": "open"}
    text = lab.page(sample_id)
    assert "of the signal" in text[text.index('id="named"') :]
    (found,) = [r for a in lab.read(lambda s: reading_analyses.analyses_of(s, sample_id)) for r in a.readings]
    form = {"reading": found.reading.id, "version": view.result.version}
    assert lab.post(sample_id, "use-parts", form).status_code == 303
    assert set(states(lab, sample_id).values()) == {"recorded"}
    assert lab.press(sample_id, "submit", CHEMIST).status_code == 303


# -- the decision itself ---------------------------------------------------------------------------------------------


def analysis(*answers: dict[str, Any], status: str = "ok", kind: str = "mass_run", candidates: Any = ()) -> Any:
    """An analysis with readings that have these answers, as the bench sees one."""
    rows = [
        SimpleNamespace(
            reading=SimpleNamespace(id=uuid4(), upload_id=uuid4(), kind=kind),
            answer=decode(StoredAnswer("composite", list(candidates), [], [], a)),
        )
        for a in answers
    ]
    return SimpleNamespace(
        analysis=SimpleNamespace(id=uuid4(), status=domain.AnalysisStatus(status)),
        method=SimpleNamespace(title="GC-MS"),
        readings=rows,
    )


def row(name: str, key: str = "", drug_class: str = "", score: float = 900.0) -> dict[str, Any]:
    return {
        "substance": name, "compound": f"K-{name}", "substance_id": key, "substance_class": drug_class, "score": score,
    }  # fmt: skip


def peak(*rows: dict[str, Any], level: str = "consistent_with", members: Sequence[str] | None = None) -> dict[str, Any]:
    said = [r["compound"] for r in rows] if members is None else list(members)
    return {
        "peak": 1, "retention_time_s": 431.0, "area_percent": 17.2, "level": level, "candidates": list(rows),
        "answer": {"set": said, "probability_names": {f"K-{n}": n for n in ("Metaphedrone", "Mephedrone")}},
    }  # fmt: skip


def run_of(*peaks: dict[str, Any]) -> dict[str, Any]:
    return {"level": peaks[0]["level"], "peaks": list(peaks), "components": []}


REGISTER = load_pack().substances
MEPHEDRONE = row("Mephedrone", "mephedrone", "stimulant.cathinone")
THREE_MMC = row("3-MMC", "3-mmc", "stimulant.cathinone")


def decided(analyses: Sequence[Any], *findings: NewFinding, dismissals: Sequence[Dismissal] = ()) -> dict[str, str]:
    named = resolve_names(mentions_of(analyses), findings, dismissals, REGISTER)
    return {one.key: one.state.value for one in named}


def test_a_peak_counts_from_the_level_at_which_the_run_lists_it_as_found() -> None:
    levels = ("identified", "consistent_with", "class_only", "related", "nothing_above_limit", "not_compared")
    found = [level for level in levels if decided([analysis(run_of(peak(MEPHEDRONE, level=level)))])]
    assert found == ["identified", "consistent_with", "class_only"]


A_SET = analysis(run_of(peak(MEPHEDRONE, THREE_MMC)))
ALONE = analysis(run_of(peak(MEPHEDRONE, THREE_MMC, members=["K-Mephedrone"])))
NOT_STORED = analysis(run_of(peak(row("Somebodyone"), members=["K-Somebodyone", "K-Mephedrone"])))
"""A member of the set that is not among the stored rows."""
SALT = analysis(run_of(peak(row("Cocaine hydrochloride"))))


@pytest.mark.parametrize(
    ("analyses", "finding", "expected"),
    [
        ([A_SET], "3-mmc", {"mephedrone": "recorded"}),
        ([A_SET], "caffeine", {"mephedrone": "open"}),
        ([ALONE], "3-mmc", {"mephedrone": "open"}),
        ([NOT_STORED], "mephedrone", {"somebodyone": "recorded"}),
        ([A_SET, ALONE], "3-mmc", {"mephedrone": "open"}),
        ([A_SET, ALONE], "mephedrone", {"mephedrone": "recorded"}),
        ([SALT], "cocaine", {"cocaine hydrochloride": "recorded"}),
        ([SALT], "caffeine", {"cocaine hydrochloride": "open"}),
    ],
)
def test_a_name_is_recorded_by_any_substance_that_each_of_its_readings_may_mean(
    analyses: list[Any], finding: str, expected: dict[str, str]
) -> None:
    assert decided(analyses, NewFinding(finding)) == expected


def test_a_class_is_a_record_only_where_it_stands_on_that_analysis() -> None:
    ran = analysis(run_of(peak(MEPHEDRONE)))
    by_strip = NewFinding(substance_class="stimulant.cathinone", analysis_ids=(uuid4(),))
    assert decided([ran], by_strip) == {"mephedrone": "open"}
    assert decided([ran], replace(by_strip, analysis_ids=(ran.analysis.id,))) == {"mephedrone": "recorded"}
    other = NewFinding(substance_class="opioid", analysis_ids=(ran.analysis.id,))
    assert decided([ran], other) == {"mephedrone": "open"}


def test_not_detected_records_nothing_and_a_label_records_what_has_no_row() -> None:
    ran = analysis(run_of(peak(MEPHEDRONE), peak(row("Something of a library"))))
    absent = NewFinding("mephedrone", abundance=Abundance.NOT_DETECTED, below="5 %", analysis_ids=(ran.analysis.id,))
    labelled = NewFinding(unknown_label="something OF a library")
    assert decided([ran], absent, labelled) == {"mephedrone": "open", "something of a library": "recorded"}


def test_every_analysis_counts_but_one_that_did_not_go_well() -> None:
    again = analysis(run_of(peak(MEPHEDRONE)), status="repeat")
    good = analysis(run_of(peak(row("Caffeine", "caffeine"))), run_of(peak(row("Cocaine", "cocaine"))))
    assert set(decided([again, good])) == {"caffeine", "cocaine"}


def test_parts_that_are_a_lead_only_name_nothing_and_every_other_part_does() -> None:
    part = {"share": 0.1, "grade": "possible", "not_distinguished": ["Mephedrone"]}
    parts = [{**row("Caffeine", "caffeine"), **part}, {**row("Unlisted"), **part}]
    answer = {"level": "nothing_above_limit", "components": parts, "infrared": {"mostly_unexplained": True}}
    assert decided([analysis(answer, kind="ir")]) == {}
    answer["infrared"] = {"mostly_unexplained": False}
    assert decided([analysis(answer, kind="ir")]) == {"caffeine": "open", "unlisted": "open"}
    assert decided([analysis(answer, kind="ir")], NewFinding("mephedrone")) == {
        "caffeine": "recorded", "unlisted": "recorded",
    }  # fmt: skip


def test_a_spectrum_without_parts_names_its_best_compound_once() -> None:
    said = {"level": "consistent_with", "set": ["K-Mephedrone"], "components": [], "peaks": []}
    one = analysis(said, kind="mass_spectrum", candidates=[MEPHEDRONE])
    assert decided([one]) == {"mephedrone": "open"}
    parts = [{**MEPHEDRONE, "share": 0.6}, {**row("Caffeine", "caffeine"), "share": 0.4}]
    mixed = analysis({**said, "components": parts}, kind="mass_spectrum", candidates=[MEPHEDRONE])
    assert decided([mixed]) == {"mephedrone": "open", "caffeine": "open"}


def given_for(*analyses: Any, reason: DismissReason = DismissReason.CARRY_OVER) -> Dismissal:
    """A dismissal of everything that these name as their first."""
    mentions = mentions_of(analyses)
    places = tuple(m.place for m in mentions)
    return Dismissal(mentions[0].key, mentions[0].name, reason, "", uuid4(), datetime(2026, 1, 1, tzinfo=UTC), places)


def again(ran: Any, answer: dict[str, Any]) -> Any:
    """The same file with another answer, as after a correction: its reading is a new row."""
    other = analysis(answer)
    other.readings[0].reading.upload_id = ran.readings[0].reading.upload_id
    return other


def test_a_dismissal_holds_for_the_files_somebody_looked_at() -> None:
    first, second = analysis(run_of(peak(MEPHEDRONE))), analysis(run_of(peak(MEPHEDRONE)))
    given = given_for(first)
    assert decided([first], dismissals=[given]) == {"mephedrone": "dismissed"}
    assert decided([first, second], dismissals=[given]) == {"mephedrone": "open"}
    on_second = NewFinding(substance_class="stimulant.cathinone", analysis_ids=(second.analysis.id,))
    assert decided([first, second], on_second, dismissals=[given]) == {"mephedrone": "dismissed"}
    assert decided([first], NewFinding("mephedrone"), dismissals=[given]) == {"mephedrone": "recorded"}


def test_a_file_that_is_read_again_opens_a_dismissed_name_only_if_it_names_something_else() -> None:
    ran = analysis(run_of(peak(MEPHEDRONE)))
    given = given_for(ran)
    assert decided([again(ran, run_of(peak(MEPHEDRONE)))], dismissals=[given]) == {"mephedrone": "dismissed"}
    a_set = again(ran, run_of(peak(MEPHEDRONE, THREE_MMC)))
    assert decided([a_set], dismissals=[given]) == {"mephedrone": "open"}


def test_below_what_we_report_holds_up_to_the_share_that_was_seen() -> None:
    small, large = ({**peak(MEPHEDRONE), "area_percent": area} for area in (1.2, 18.0))
    ran = analysis(run_of(small))
    for reason, state in ((DismissReason.BELOW_REPORTING, "open"), (DismissReason.CARRY_OVER, "dismissed")):
        given = given_for(ran, reason=reason)
        assert decided([again(ran, run_of(small))], dismissals=[given]) == {"mephedrone": "dismissed"}
        assert decided([again(ran, run_of(large))], dismissals=[given]) == {"mephedrone": state}


NAMES = [
    row("Mephedrone", "mephedrone", "stimulant.cathinone"), row("3-MMC", "3-mmc", "stimulant.cathinone"),
    row("Cocaine", "cocaine", "stimulant"), row("Cocaine hydrochloride"), row("Phenacetin", "phenacetin"),
    row("Unlisted"),
]  # fmt: skip
PEAKS = st.lists(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique_by=lambda r: r["substance"]), max_size=4
)
LEVELS = st.sampled_from(["identified", "consistent_with", "class_only", "related"])
FINDINGS = st.lists(
    st.builds(
        NewFinding, st.sampled_from(["mephedrone", "3-mmc", "cocaine", "phenacetin"]),
        abundance=st.sampled_from([Abundance.PRESENT_UNQUANTIFIED, Abundance.NOT_DETECTED]),
    ),
    max_size=3,
)  # fmt: skip


@given(PEAKS, st.booleans(), LEVELS, FINDINGS, st.sets(st.integers(0, 5)))
@settings(max_examples=size(30, 150), deadline=None)
def test_of_any_run_or_mixture_what_is_named_is_recorded_dismissed_or_open_and_nothing_else(
    peaks: list[list[dict[str, Any]]], mixture: bool, level: str, findings: list[NewFinding], places: set[int]
) -> None:
    """Nothing named is lost, and nothing is recorded that no finding says is there."""
    if mixture:
        parts = [{**rows[0], "share": 0.3, "not_distinguished": [r["substance"] for r in rows[1:]]} for rows in peaks]
        ran = analysis({"level": "related", "components": parts, "infrared": {"mostly_unexplained": False}}, kind="ir")
        expected = {(p["substance_id"] or p["substance"].casefold()) for p in parts}
    else:
        ran = analysis(
            run_of(*(peak(*rows, level=level) for rows in peaks)) if peaks else {"level": level, "peaks": []}
        )
        best = {(rows[0]["substance_id"] or rows[0]["substance"].casefold()) for rows in peaks}
        expected = set() if level == "related" else best
    mentions = mentions_of([ran])
    assert {m.key for m in mentions} == expected
    by, at = uuid4(), datetime(2026, 1, 1, tzinfo=UTC)
    given_ = [
        Dismissal(m.key, m.name, DismissReason.CARRY_OVER, "", by, at, (m.place,))
        for k, m in enumerate(mentions) if k in places
    ]  # fmt: skip
    named = resolve_names(mentions, findings, given_, REGISTER)
    recorded, dismissed, left = ({n.key for n in named if n.state is state} for state in NameState)
    assert recorded | dismissed | left == expected
    assert len(recorded) + len(dismissed) + len(left) == len(named) == len(expected)
    assert dismissed <= {one.key for one in given_}
    assert all(n.dismissal is not None for n in named if n.state is NameState.DISMISSED)
    if not any(f.seen for f in findings):
        assert not recorded
    plain = StepFacts(State.DRAFT, None, frozenset(), frozenset(), names_open=tuple(n.name for n in named if n.is_open))
    said = names_answered(plain)
    assert (said is None) == (not left)
    assert all(n.name in (said or "") for n in named if n.is_open)
    assert names_answered(replace(plain, accept_open=True)) is None
