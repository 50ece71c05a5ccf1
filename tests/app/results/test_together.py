"""Two people at one sample: both changes are there, or a choice is shown; and each is told that the other is here."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from sqlmodel import select

from app.platform.kernel.actor import Role
from app.results.finding import NewFinding
from app.results.tables import DraftEdit
from harm_messages.vocabulary import Abundance

from .conftest import Lab

CHEMIST, VERIFIER = Role.CHEMIST, Role.VERIFIER
HTML = {"Accept": "text/html"}


def finding(substance: str, version: int, **more: Any) -> dict[str, Any]:
    return {"substance": substance, "abundance": "major", "version": version, **more}


def found(lab: Lab, sample_id: UUID) -> set[str]:
    return {f.substance_id for f in lab.latest(sample_id).findings}


def test_of_two_people_both_findings_are_there_and_the_second_is_told_of_the_first(lab: Lab, world: Any) -> None:
    sample_id = lab.sample()
    seen = lab.draft(sample_id, NewFinding("mdma")).result.version
    assert lab.post(sample_id, "findings", finding("caffeine", seen)).status_code == 303
    second = lab.post(sample_id, "findings", finding("ketamine", seen), VERIFIER)
    assert second.status_code == 303
    assert found(lab, sample_id) == {"mdma", "caffeine", "ketamine"}
    told = world.as_(VERIFIER).get(second.headers["Location"], headers=HTML).text
    notice = told[told.index("Saved with a colleague") :]
    assert "Added: Caffeine" in notice[: notice.index("</div>")]
    assert "Ketamine" not in notice[: notice.index("</div>")]


def test_the_same_field_shows_theirs_and_yours_and_what_is_chosen_is_saved(lab: Lab) -> None:
    sample_id = lab.sample()
    seen = lab.draft(sample_id, NewFinding("mdma")).result.version
    both = {"position": 0, "amount_unit": "percent_ww", "basis": "base"}
    assert lab.post(sample_id, "findings", finding("mdma", seen, **both, amount_value="7")).status_code == 303
    shown = lab.post(sample_id, "findings", finding("mdma", seen, **both, amount_value="12"), VERIFIER)
    assert shown.status_code == 409
    assert "Theirs: 7\u00a0%" in shown.text
    assert "Yours: 12\u00a0%" in shown.text
    assert lab.latest(sample_id).findings[0].amount_value == 7
    form = shown.text[shown.text.index("findings/choose") :]
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))
    hidden["yours"] = hidden["yours"].replace("&#34;", '"')
    assert lab.post(sample_id, "findings/choose", {**hidden, "take": ""}, VERIFIER).status_code == 409
    assert lab.post(sample_id, "findings/choose", {**hidden, "take": "yours"}, VERIFIER).status_code == 303
    assert lab.latest(sample_id).findings[0].amount_value == 12
    torn = {**hidden, "yours": "{", "take": "yours"}
    assert lab.post(sample_id, "findings/choose", torn, VERIFIER).status_code == 422


def test_the_check_is_repeated_on_what_both_wrote(lab: Lab) -> None:
    """One adds a finding, the other says that nothing was detected: neither is right alone."""
    sample_id = lab.sample()
    seen = lab.draft(sample_id).result.version
    assert lab.post(sample_id, "findings", finding("caffeine", seen)).status_code == 303
    refused = lab.post(sample_id, "nothing-found", {"version": seen, "nothing_found": "yes"}, VERIFIER)
    assert refused.status_code == 422
    assert "beside a finding" in refused.text
    other = lab.sample()
    seen = lab.draft(other).result.version
    assert lab.post(other, "nothing-found", {"version": seen, "nothing_found": "yes"}).status_code == 303
    assert lab.post(other, "findings", finding("caffeine", seen), VERIFIER).status_code == 409
    assert found(lab, other) == set()


def test_the_edits_of_a_draft_go_when_it_is_submitted(lab: Lab) -> None:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    view = lab.draft(sample_id, NewFinding("mdma", abundance=Abundance.MAJOR, analysis_ids=(ran,)))
    assert lab.read(lambda s: len(s.exec(select(DraftEdit)).all())) == 2
    lab.act(view, "submit", CHEMIST)
    assert lab.read(lambda s: s.exec(select(DraftEdit)).all()) == []


def test_a_colleague_at_the_same_sample_is_said_and_forgotten_when_gone(lab: Lab, clock: Any) -> None:
    sample_id = lab.sample()
    assert "A colleague is here" not in lab.post(sample_id, "here", {}).text
    assert "A colleague is here" in lab.post(sample_id, "here", {}, VERIFIER).text
    page = lab.page(sample_id)
    assert "A colleague is here" in page
    assert 'hx-trigger="load, mast:seen from:body, every 20s"' in page
    clock.advance(seconds=46)
    assert "A colleague is here" not in lab.post(sample_id, "here", {}).text
