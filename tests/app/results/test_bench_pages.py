"""The bench in HTML: what is on it, what its forms do, and what they say when they do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import UUID

from app.intake.samples import lookup
from app.laboratory.readings import analyses
from app.platform.kernel.actor import Role
from app.results import service
from app.results.domain import ChangeReason, State
from app.results.finding import NewFinding

from .conftest import Lab

CHEMIST, VERIFIER, LEAD = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD
HTML = {"Accept": "text/html"}


def test_the_worklist_shows_what_waits_with_its_expectation_and_no_ticket(lab: Lab, world: Any) -> None:
    first, _ = lab.sample(("mdma",)), lab.sample((), words_spoken="blue ones")
    text = world.as_(CHEMIST).get("/bench", headers=HTML).text
    assert f'href="/bench/samples/{first}"' in text
    assert "MDMA" in text
    assert "“blue ones”" in text
    assert "awaiting analysis" in text
    assert "data-key-list" in text
    for shown in (text, lab.page(first)):
        assert not re.search(r"ticket", main(shown), re.IGNORECASE)


def main(text: str) -> str:
    """The page without its header, which finds a sample by its ticket."""
    return text[text.index("<main") : text.index("<footer")]


def test_a_real_spectrum_becomes_a_finding_and_goes_to_release_by_forms_alone(
    lab: Lab, world: Any, shared_data: Path
) -> None:
    sample_id = lab.sample(("cocaine",))
    file = ("levamisole.msp", (shared_data / "instruments" / "msp" / "swgdrug_1775.MSP").read_bytes())
    sent = world.as_(CHEMIST).post(f"/bench/samples/{sample_id}/files", files={"file": file}, headers=HTML)
    assert sent.status_code == 303
    lab.runtime.jobs.run_until_idle()
    text = lab.page(sample_id)
    assert "Consistent with Levamisole" in text
    assert "starter" in text
    reading = re.search(r'name="reading" value="([0-9a-f-]+)"', text)
    assert reading is not None
    used = lab.post(sample_id, "use", {"reading": reading[1], "place": 0})
    assert used.status_code == 303, used.text
    view = lab.latest(sample_id)
    assert [(f.substance_id, f.confidence, f.methods) for f in view.findings] == [
        ("levamisole", "indicated", ["gc_ms"])
    ]
    for action, by in (("submit", CHEMIST), ("verify", VERIFIER), ("release", LEAD)):
        done = lab.press(sample_id, action, by)
        assert done.status_code == 303, done.text
        assert done.headers["location"].endswith(f"done={action}")
    assert lab.latest(sample_id).result.state is State.RELEASED


def test_a_file_whose_decimals_are_ambiguous_asks_and_is_read_after_the_answer(lab: Lab, shared_data: Path) -> None:
    sample_id = lab.sample()
    upload = lab.upload(sample_id, shared_data / "instruments" / "csv_spectrum" / "ambiguous_comma_only.csv")
    text = lab.page(sample_id)
    assert f'name="upload" value="{upload.id}"' in text
    assert lab.post(sample_id, "answers", {"upload": upload.id, "version": 1}).status_code == 422
    answer = {"upload": upload.id, "version": upload.version, "choice": 0}
    assert lab.post(sample_id, "answers", answer).status_code == 303


def test_a_strip_is_recorded_once_and_becomes_a_finding_of_its_class(lab: Lab) -> None:
    sample_id = lab.sample(("heroin",))
    form = {"method": "strip", "strip_target": "opioid.nitazene", "strip_reading": "positive", "idempotency_key": "k"}
    assert lab.post(sample_id, "analyses", form).status_code == 303
    assert lab.post(sample_id, "analyses", form).status_code == 303
    strips = lab.read(lambda s: analyses.analyses_of(s, sample_id))
    assert len(strips) == 1
    assert "Nitazene strip: positive" in lab.page(sample_id)
    assert lab.post(sample_id, "use-strip", {"analysis": strips[0].analysis.id}).status_code == 303
    finding = lab.latest(sample_id).findings[0]
    assert (finding.substance_id, finding.substance_class) == (None, "opioid.nitazene")
    assert finding.confidence == "class_only"


def test_a_strip_without_a_reading_keeps_what_was_typed(lab: Lab) -> None:
    form = {"method": "strip", "strip_target": "opioid.fentanyl", "strip_lot": "L77"}
    answer = lab.post(lab.sample(), "analyses", form)
    assert answer.status_code == 422
    assert 'value="L77"' in answer.text
    assert 'value="opioid.fentanyl" checked' in answer.text


def test_strips_are_offered_where_there_are_any_and_remember_their_lot_and_dilution(lab: Lab) -> None:
    first = lab.sample()
    offered = re.findall(r'name="strip_target" value="([^"]+)"', lab.page(first, part="strips"))
    assert 3 <= len(offered) <= 14
    assert {"opioid.nitazene", "opioid.fentanyl", "xylazine"} <= set(offered)
    assert not {"cannabinoid", "cathinone", "psychedelic.nbome"} & set(offered)
    form = {"method": "strip", "strip_reading": "negative", "strip_lot": "N-9", "strip_other_words": "mandy",
            "strip_dilution": "2 mg in 5 mL"}  # fmt: skip
    assert lab.post(first, "analyses", form).headers["location"].endswith("part=strips&done=analysis")
    (strip,) = lab.read(lambda s: analyses.analyses_of(s, first))
    assert (strip.analysis.strip_target, strip.analysis.strip_dilution) == ("mdma", "2 mg in 5 mL")
    assert "lot N-9 · diluted 2 mg in 5 mL" in lab.page(first, part="files")
    next_one = lab.page(lab.sample(), part="strips")
    assert re.search(r'value="mdma"[^>]*data-lot="N-9" data-dilution="2 mg in 5 mL"', next_one)
    unknown = lab.post(first, "analyses", form | {"strip_other_words": "no such thing"})
    assert unknown.status_code == 422
    assert "“no such thing” is not in the substance list." in unknown.text


def test_only_the_open_tab_is_sent_and_the_last_one_opens_again(lab: Lab, world: Any, shared_data: Path) -> None:
    sample_id = lab.sample(("cocaine",))
    lab.upload(sample_id, shared_data / "instruments" / "msp" / "swgdrug_1775.MSP")
    matches, evidence = lab.page(sample_id), lab.page(sample_id, tab="evidence")
    assert "bench-candidates" in matches
    assert "Supporting evidence" not in matches
    assert "Supporting evidence" in evidence
    assert "bench-candidates" not in evidence
    assert "Supporting evidence" in lab.page(sample_id), "the last tab is remembered"
    assert "Limitations of GC-MS" in lab.page(sample_id, tab="limits")
    assert "swgdrug_1775.MSP" in lab.page(sample_id, tab="file")
    for part, region in (("panel", "bench-panel"), ("below", "bench-below"), ("bar", "bench-bar")):
        answer = world.as_(CHEMIST).get(f"/bench/samples/{sample_id}/{part}", params={"tab": "file"}, headers=HTML)
        assert f'id="{region}"' in answer.text
        assert "<html" not in answer.text


def test_submitting_opens_the_next_sample_and_can_be_undone_there(lab: Lab) -> None:
    done, waits = _analysed(lab), lab.sample()
    view = lab.draft(done, NewFinding("mdma"))
    answer = lab.press(done, "submit", CHEMIST)
    assert answer.headers["location"] == f"/bench/samples/{waits}?submitted={done}&done=submit"
    text = lab.page(waits, submitted=done, done="submit")
    assert f"Submitted {lab.read(lambda s: _number(s, lab, done)):03d}" in text
    assert "data-undo" not in lab.page(waits, VERIFIER, submitted=done), "only who wrote it recalls it"
    undo = text[text.index("data-undo") :]
    assert f'value="{view.result.id}"' in undo
    undone = lab.press(done, "withdraw", CHEMIST, begin_again="yes")
    assert undone.headers["location"] == f"/bench/samples/{done}?done=undone"
    again = lab.latest(done)
    assert (again.result.state, again.findings[0].substance_id) == (State.DRAFT, "mdma")
    assert "data-undo" not in lab.page(waits, submitted=done), "nothing is left to undo"


def _number(session: Any, lab: Lab, sample_id: UUID) -> int:
    return lookup.get_sample(session, lab.actor(CHEMIST), sample_id).number


def test_releasing_asks_once_with_what_the_client_will_read(lab: Lab) -> None:
    sample_id = lab.sample()
    assert lab.page(sample_id, LEAD, ask="release").count("The client will read") == 0, "nothing to release yet"
    view = lab.draft(sample_id, NewFinding("mdma", analysis_ids=(lab.analysis(sample_id),)))
    lab.go(view, "submit", "verify")
    plain = lab.page(sample_id, LEAD)
    assert 'href="?ask=release"' in plain
    assert 'id="step-release"' not in plain
    asked = lab.page(sample_id, LEAD, ask="release")
    assert 'id="step-release"' in asked
    said = re.search(r'The client will read</h3><p class="bench-verdict">([^<]*)', asked)
    assert said is not None
    assert "MDMA" in said[1]
    assert 'data-key="s"' not in asked, "releasing has no letter"


def test_a_finding_by_name_is_added_changed_and_removed(lab: Lab) -> None:
    sample_id = _analysed(lab)
    form = {"substance": "cocaine", "amount_value": "71,5", "amount_low": "67", "amount_high": "75"}
    assert lab.post(sample_id, "findings", form).status_code == 303
    view = lab.latest(sample_id)
    assert (view.findings[0].amount_value, view.findings[0].amount_unit) == (71.5, "percent_ww")
    text = lab.page(sample_id)
    assert "71.5 % w/w (67 to 75, k = 2) basis not known" in text.replace("\xa0", " ")
    change = {"substance": "cocaine", "position": 0, "version": view.result.version, "abundance": "minor"}
    assert lab.post(sample_id, "findings", change).status_code == 303
    view = lab.latest(sample_id)
    assert (view.findings[0].abundance, view.findings[0].amount_value) == ("minor", None)
    gone = lab.post(sample_id, "findings/remove", {"position": 0, "version": view.result.version})
    assert gone.status_code == 303
    assert lab.latest(sample_id).findings == ()


def test_an_unknown_name_offers_the_register_and_keeps_the_words(lab: Lab) -> None:
    sample_id = _analysed(lab)
    answer = lab.post(sample_id, "findings", {"substance_words": "eutylon"})
    assert answer.status_code == 422
    assert "Eutylone" in answer.text
    assert "“eutylon”" in answer.text
    kept = lab.post(sample_id, "findings", {"substance_words": "eutylon", "keep_words": "yes"})
    assert kept.status_code == 303
    view = lab.latest(sample_id)
    assert view.findings[0].unknown_label == "eutylon"
    known = lab.post(sample_id, "findings", {"substance_words": "mandy", "version": view.result.version})
    assert known.status_code == 303
    assert lab.latest(sample_id).findings[1].substance_id == "mdma"


def test_a_button_that_cannot_be_used_says_why_beside_it(lab: Lab) -> None:
    fresh = bar(lab.page(lab.sample()))
    assert "disabled" in fresh
    assert "No finding yet. Add one, or record “nothing detected”." in fresh
    view = lab.submitted()
    own = bar(lab.page(view.result.sample_id))
    assert re.search(r"<button[^>]* disabled[^>]*>Verify", own)
    assert "Only a verifier can do this." in own
    assert "Recall submission" in own
    another = bar(lab.page(view.result.sample_id, VERIFIER))
    assert "disabled" not in another
    assert "Return…" in another
    assert 'form="step-verify"' in another


def test_after_a_return_the_verifier_goes_on_and_the_chemist_begins_the_next_version(lab: Lab) -> None:
    view = lab.go(lab.submitted(), "return", reason="Measure it again.")
    sample_id = view.result.sample_id
    verifier, chemist = bar(lab.page(sample_id, VERIFIER)), bar(lab.page(sample_id))
    assert re.search(r'<a class="button button--primary" href="/to-verify">Next to verify', verifier)
    assert re.search(r'button--secondary"[^>]*>Start version 2', verifier)
    assert re.search(r'button--primary"[^>]*>Start version 2', chemist)
    assert "Next to verify" not in chemist


def bar(text: str) -> str:
    return text[text.index('id="bench-bar"') : text.index("<footer")]


def test_while_an_amendment_is_in_work_the_lead_can_still_take_the_old_result_from_the_client(lab: Lab) -> None:
    first = lab.released()
    sample_id = first.result.sample_id
    amend = {"action": "amend", "result": first.result.id, "version": first.result.version, "change_reason": "mix_up"}
    assert lab.post(sample_id, "act", {**amend, "reason": ""}).status_code == 409
    assert lab.post(sample_id, "act", {**amend, "reason": "swapped with 042"}).status_code == 303
    assert "On the client’s screen: version 1" in lab.page(sample_id)
    assert "Retract from client" not in lab.page(sample_id)
    old = lab.read(lambda s: service.released(s, sample_id)).result
    text = lab.page(sample_id, LEAD)
    assert f'name="result" value="{old.id}"' in text
    retract = {"action": "retract", "result": old.id, "version": old.version, "reason": "swapped"}
    assert lab.post(sample_id, "act", retract, LEAD).status_code == 303
    told = lab.read(lambda s: service.client_result(s, sample_id))
    assert (told.state, told.reason) == ("retracted", ChangeReason.MIX_UP)
    assert "On the client’s screen" not in lab.page(sample_id, LEAD)


def test_the_verifier_sees_what_changed_and_what_is_not_mentioned(lab: Lab, shared_data: Path) -> None:
    sample_id = lab.sample(("cocaine",))
    lab.upload(sample_id, shared_data / "instruments" / "msp" / "swgdrug_1775.MSP")
    view = lab.act(lab.draft(sample_id, NewFinding("cocaine")), "submit", CHEMIST, accept_open=True)
    lab.act(view, "return", VERIFIER, reason="Look at the spectrum")
    fresh = lab.draft(sample_id, NewFinding("caffeine"))
    lab.act(fresh, "submit", CHEMIST, accept_open=True)
    text = lab.page(sample_id, VERIFIER)
    assert "Added: Caffeine" in text
    assert "Removed: Cocaine" in text
    review = text[text.index('id="review"') : text.index("</section>", text.index('id="review"'))]
    assert "Levamisole" in review
    assert "GC-MS, score" in review
    assert "Look at the spectrum" in review


def test_the_bench_is_for_the_bench_and_for_readings_of_the_sample(lab: Lab, world: Any) -> None:
    path = f"/bench/samples/{_analysed(lab)}"
    for role in (Role.RECEPTION, Role.HEALTH_WORKER, Role.RESEARCHER, Role.ADMIN):
        assert world.as_(role).get(path, headers=HTML).status_code == 403, role
    assert world.as_(CHEMIST).get(f"{path}?reading={lab.session_id}", headers=HTML).status_code == 404


def test_nothing_found_can_be_said_and_taken_back(lab: Lab) -> None:
    sample_id = _analysed(lab)
    assert lab.post(sample_id, "nothing-found", {"nothing_found": "yes"}).status_code == 303
    view = lab.latest(sample_id)
    assert view.result.outcome == "nothing_found"
    assert "Nothing seen above the limits" in lab.page(sample_id)
    assert lab.post(sample_id, "nothing-found", {"version": view.result.version}).status_code == 303
    assert not lab.latest(sample_id).result.says_nothing_found


def _analysed(lab: Lab) -> UUID:
    sample_id = lab.sample()
    lab.analysis(sample_id)
    return sample_id
