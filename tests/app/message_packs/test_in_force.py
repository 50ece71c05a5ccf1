"""Which pack is in force: signatures, dates, withdrawals; the same on every server, and every digest stays readable."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.care.message_packs.domain import PackState, missing_signatures
from app.care.message_packs.previews import TurnsEnglish, turned_english
from app.care.message_packs.provider import Packs
from app.care.message_packs.tables import PackSignature, PackWithdrawal
from app.platform.audit import AuditEntry
from app.platform.db import Database
from app.platform.kernel.actor import Role
from harm_messages import (
    Context,
    Facts,
    FindingFact,
    GateClosed,
    LicenceMode,
    Pack,
    PackError,
    Problem,
    ScopeFact,
    evaluate,
    load_pack,
)
from harm_messages.types import Confidence
from tests.app.message_packs.conftest import HEAT, Editors

CLINICIAN, LEAD = Role.CLINICIAN, Role.SESSION_LEAD
MDMA = Facts(
    expected=("mdma",), findings=(FindingFact(substance="mdma", confidence=Confidence.CONFIRMED),),
    scope=(ScopeFact(method="GC_MS", classes=("*",), lod=1),),
)  # fmt: skip
CONTEXT = Context(licence_mode=LicenceMode.FOH_GENERAL, released=True)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """What is in force does not depend on the kind of database; test_both_databases.py holds what does."""
    return sqlite_database


def now_in_force(editors: Editors, packs: Packs | None = None, **later: float) -> Pack:
    moment = editors.runtime.now() + timedelta(**later)
    return editors.read(lambda s: (packs or editors.runtime.packs).current(s, editors.world.agency_id, moment))


def page(pack: Pack) -> Any:
    assert pack.manifest.effective.start is not None
    return evaluate(pack, MDMA, CONTEXT, "en", pack.manifest.effective.start)


def signed(editors: Editors, words: str, **dates: str) -> str:
    """A version with these words on the card of M-HEAT, signed."""
    version = editors.begin()
    assert editors.save(version, card=words).status_code == 303
    assert editors.submit(version, **dates).status_code == 303
    editors.sign(version, editors.other)
    assert editors.sign(version, LEAD).headers["location"].endswith("done=approved")
    return version


def person(clinician: bool = True) -> tuple[uuid.UUID, bool]:
    return uuid.uuid4(), clinician


@pytest.mark.parametrize(
    ("signers", "authors", "holds"),
    [
        ((), (), False),
        (("clinician",), (), False),
        (("clinician", "lead"), (), True),
        (("clinician", "clinician"), (), True),
        (("lead", "lead"), (), False),
        (("clinician", "lead"), (0,), False),
        (("clinician", "clinician"), (0,), True),
        (("clinician", "clinician"), (0, 1), False),
        (("clinician", "lead"), (1,), True),
    ],
)
def test_two_sign_and_one_is_a_clinician_who_changed_nothing(
    signers: tuple[str, ...], authors: Any, holds: bool
) -> None:
    marks = [person(kind == "clinician") for kind in signers]
    said = missing_signatures(marks, {marks[k][0] for k in authors})
    assert (said == "") is holds
    assert missing_signatures(marks * 2, {marks[k][0] for k in authors}) == said, "nobody counts twice"


def test_dates_decide_between_signed_versions_and_every_server_agrees(editors: Editors) -> None:
    elsewhere = Packs()
    shipped = editors.runtime.packs.shipped.digest
    assert now_in_force(editors).digest == shipped
    tomorrow = (editors.runtime.now() + timedelta(days=1)).date().isoformat()
    later = signed(editors, "Later words.", effective_from=tomorrow, effective_to=tomorrow)
    assert now_in_force(editors).digest == shipped, "its day has not come"
    first = signed(editors, "First words.")
    for packs in (editors.runtime.packs, elsewhere):
        assert now_in_force(editors, packs).digest == editors.version(first).digest
        assert now_in_force(editors, packs, days=1).digest == editors.version(later).digest
        assert now_in_force(editors, packs, days=3).digest == editors.version(first).digest, "the later one has ended"
    assert now_in_force(editors).approved
    other = editors.read(lambda s: elsewhere.current(s, editors.world.other_agency_id, editors.runtime.now()))
    assert other.digest == shipped, "another agency has not signed it"


def test_a_withdrawn_message_still_warns_at_once_and_the_old_page_stays(editors: Editors) -> None:
    shipped = str(editors.runtime.packs.shipped_id)
    before = page(now_in_force(editors))
    form = {"kind": "message", "target": "M-HEAT", "reason": "The amount of water is wrong"}
    assert editors.browser(LEAD).post(f"/messages/{shipped}/withdraw", data={**form, "reason": ""}).status_code == 422
    assert editors.browser(LEAD).post(f"/messages/{shipped}/withdraw", data=form).status_code == 303
    assert editors.browser(LEAD).post(f"/messages/{shipped}/withdraw", data=form).status_code == 409
    after = page(now_in_force(editors))
    heat = next(m for m in before.messages() if m.id == "M-HEAT")
    instead = next(m for m in after.messages() if m.rule_id == heat.rule_id)
    assert (instead.id, instead.severity) == ("M-FB-HEAT", heat.severity)
    assert "M-NOTICE-WITHDRAWN" in {m.id for m in after.notices}
    assert "M-HEAT" not in {m.id for m in after.messages()}
    said = [{part.id for line in p.emergency for part in line.parts} for p in (before, after)]
    assert said[0] <= said[1]
    elsewhere = Packs()
    for seen in (before, after):
        pack = editors.read(lambda s, digest=seen.pack_digest: elsewhere.by_digest(s, digest))
        assert page(pack).to_plain() == seen.to_plain()
    # a draft begun now carries it, and cannot bring the same text back
    draft = editors.begin()
    held = editors.browser(CLINICIAN).get(f"/messages/{draft}/message", params={"path": HEAT}).text
    assert "checked" in held.split('name="withdrawn"')[1].split(">")[0]
    assert editors.save(draft, withdrawn="").status_code == 303
    back = editors.submit(draft)
    assert back.status_code == 409
    assert "stands here as it was" in back.text
    assert editors.save(draft, card="Sip water. Take breaks.").status_code == 303
    assert editors.submit(draft).status_code == 303


def test_a_withdrawal_while_a_version_waits_stops_its_signature(editors: Editors) -> None:
    draft = editors.begin()
    assert editors.save(draft, title="Hot rooms", path=HEAT).status_code == 303
    assert editors.submit(draft).status_code == 303
    shipped = editors.runtime.packs.shipped_id
    form = {"kind": "rule", "target": "R-HEAT", "reason": "Fires too often"}
    assert editors.browser(LEAD).post(f"/messages/{shipped}/withdraw", data=form).status_code == 303
    refused = editors.sign(draft, editors.other)
    assert refused.status_code == 409
    assert "R-HEAT" in refused.text
    assert editors.read(lambda s: s.exec(sa.select(sa.func.count()).select_from(PackSignature)).scalar()) == 0


def test_what_stands_on_every_page_is_not_withdrawn_alone(editors: Editors) -> None:
    shipped = editors.runtime.packs.shipped_id
    for kind, target in (("message", "M-NOTICE-AWAITING"), ("message", "M-NONE"), ("rule", "R-NONE")):
        form = {"kind": kind, "target": target, "reason": "a test"}
        assert editors.browser(LEAD).post(f"/messages/{shipped}/withdraw", data=form).status_code == 422
    assert editors.read(lambda s: s.exec(sa.select(PackWithdrawal)).all()) == []


def test_signatures_hold_for_the_files_that_were_read_only(editors: Editors) -> None:
    draft = editors.begin()
    assert editors.save(draft, card="Sip water.").status_code == 303
    assert editors.submit(draft).status_code == 303
    old = editors.version(draft).digest
    editors.sign(draft, editors.other)
    form = {"version": str(editors.version(draft).version), "reason": "One more word"}
    assert editors.browser(LEAD).post(f"/messages/{draft}/send-back", data=form).status_code == 303
    assert editors.save(draft, card="Sip water slowly.").status_code == 303
    assert editors.submit(draft).status_code == 303
    assert editors.sign(draft, LEAD, digest=old).status_code == 409
    assert editors.sign(draft, LEAD).headers["location"].endswith("done=signed"), (
        "the first signature was for other files"
    )
    assert editors.version(draft).state is PackState.IN_REVIEW
    assert editors.sign(draft, editors.other).headers["location"].endswith("done=approved")
    verbs = editors.read(
        lambda s: [v for (v,) in s.exec(sa.select(AuditEntry.verb).where(AuditEntry.object_id == draft))]
    )
    assert verbs == ["begin", "edit", "submit", "sign", "send_back", "edit", "submit", "sign", "sign", "approve"]


def test_a_signed_version_that_this_release_cannot_read_opens_no_page(
    editors: Editors, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = signed(editors, "Sip water.")
    sample = editors.sample()
    editors.found(sample)
    digest = editors.version(version).digest

    def strict(source: Any = None) -> Pack:
        raise PackError([Problem("fixed", "pack.yaml", "It lacks a sentence that every page needs.", file="pack.yaml")])

    monkeypatch.setattr("app.care.message_packs.provider.load_pack", strict)
    elsewhere = Packs(editors.runtime.packs.shipped)
    closed = now_in_force(editors, elsewhere)
    with pytest.raises(GateClosed):
        evaluate(closed, MDMA, CONTEXT, "en", editors.runtime.now())
    assert "lacks a sentence" in elsewhere.unreadable[digest]
    assert editors.read(lambda s: elsewhere.by_digest(s, digest)) is None
    monkeypatch.setattr(editors.runtime.packs, "_kept", type(editors.runtime.packs._kept)())
    assert editors.see(sample)["kind"] == "in_person"
    assert "lacks a sentence" in editors.browser(CLINICIAN).get("/messages").text


def test_before_it_is_signed_the_page_says_which_languages_lose_which_messages_and_until_when(editors: Editors) -> None:
    whole = {key for key, code in editors.runtime.packs.shipped.messages if code == "cy"}
    version, clinician = editors.begin(), editors.browser(CLINICIAN)
    said = f"Signing turns {len(whole)} messages in Cymraeg to English"
    assert said in clinician.get(f"/messages/{version}").text, "nobody who speaks it has read one of them"
    now = editors.runtime.packs.shipped
    read = {
        path: text.replace("status: draft", "status: approved", 1) if path.startswith("messages/cy/") else text
        for path, text in now.source.items()
    }
    touched = "messages/en/M-EM-SHOW.md"
    then = load_pack({**read, touched: read[touched].replace("this page", "them this page", 1)})
    assert turned_english(now, load_pack(read)) == []
    assert turned_english(now, then) == [TurnsEnglish("Cymraeg", ("M-EM-SHOW",))]
    assert turned_english(then, load_pack(read)) == [], "what is English already loses nothing"
    editors.submit(version)
    page = editors.browser(LEAD).get(f"/messages/{version}").text
    assert said in page
    assert "in English until a speaker has checked the translation and a new version is signed." in page
    editors.sign(version, editors.other)
    editors.sign(version, LEAD)
    assert "Signing turns" not in clinician.get(f"/messages/{version}").text
