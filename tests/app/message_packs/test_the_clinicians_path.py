"""Edit a message, see the check complain and then pass, sign by two, see the new page and the old one again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import date
from uuid import UUID

import pytest

from app.care.consultations.client_view import client_view
from app.care.message_packs import checking
from app.care.message_packs.confined import Step
from app.care.message_packs.provider import Packs
from app.platform.db import Database
from app.platform.kernel.actor import Role
from app.screens.messages import page as screen
from harm_messages import Pack
from harm_messages.page import Page
from tests.app.message_packs.conftest import HEAT, Editors

CLINICIAN, LEAD = Role.CLINICIAN, Role.SESSION_LEAD
NEW = "Rest where it is cool."


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Once is enough: the check of a whole pack is slow, and the tables are tried on both databases elsewhere."""
    return sqlite_database


def page_of(editors: Editors, sample_id: UUID, pack: Pack | None = None) -> Page:
    """The client's page, from the pack in force or from another."""

    def look(session: object) -> Page:
        sample, now = editors.row(sample_id), editors.runtime.now()
        made_from = pack or editors.runtime.packs.current(session, sample.agency_id, now)  # type: ignore[arg-type]
        page = client_view(session, made_from, sample, now).page  # type: ignore[arg-type]
        assert page is not None
        return page

    return editors.read(look)


def test_from_a_draft_to_the_clients_page_and_back(editors: Editors) -> None:
    sample = editors.sample()
    editors.found(sample)
    assert NEW not in str(editors.see(sample))
    before = page_of(editors, sample)
    draft = editors.begin()

    # the check complains, and the draft cannot go on
    card = editors.form(draft)["card"]
    assert editors.save(draft, card=f"{card}\n\n{NEW} This is safe.").status_code == 303
    bad = editors.browser(CLINICIAN).get(f"/messages/{draft}/message", params={"path": HEAT}).text
    assert "It says “safe”" in bad
    refused = editors.submit(draft)
    assert refused.status_code == 409
    assert "It says “safe”" in refused.text
    assert editors.version(draft).state.value == "draft"

    # mended, it waits for signatures, and nothing that people see has changed
    assert editors.save(draft, card=f"{card}\n\n{NEW}").status_code == 303
    good = editors.browser(CLINICIAN).get(f"/messages/{draft}/message", params={"path": HEAT}).text
    assert "No problems found." in good
    assert editors.submit(draft).status_code == 303
    assert NEW not in str(editors.see(sample))

    # the author and a lead are not enough: a clinician who changed nothing must sign
    assert editors.sign(draft, CLINICIAN, read="").status_code == 422
    assert editors.sign(draft, CLINICIAN).headers["location"].endswith("done=signed")
    again = editors.sign(draft, CLINICIAN)
    assert again.status_code == 409
    assert "signed this version already" in again.text
    assert editors.sign(draft, LEAD).headers["location"].endswith("done=signed")
    assert editors.version(draft).state.value == "in_review"
    assert NEW not in str(editors.see(sample))
    assert editors.other is not None
    assert editors.sign(draft, editors.other).headers["location"].endswith("done=approved")

    # the client's page shows it, signed
    now = page_of(editors, sample)
    assert NEW in now.to_plain()
    assert (now.approved, now.pack_version) == (True, 1)
    assert NEW in str(editors.see(sample))
    raised = dict(now.display_log)["M-HEAT"], dict(before.display_log)["M-HEAT"]
    assert raised[0] == raised[1] + 1

    # both pages are made again from their digests, by a server that never saw them
    shown = editors.shown(sample)
    assert [row.pack_digest for row in shown] == [before.pack_digest, now.pack_digest]
    elsewhere = Packs()
    for page, row in zip((before, now), shown, strict=True):
        pack = editors.read(lambda s, digest=row.pack_digest: elsewhere.by_digest(s, digest))
        replayed = page_of(editors, sample, pack)
        assert replayed.to_plain() == page.to_plain()
        assert [list(one.values()) for one in row.messages] == [list(one) for one in replayed.display_log]
    assert editors.read(lambda s: elsewhere.by_digest(s, "0" * 64)) is None


def test_a_draft_sent_while_its_check_runs_is_told_how_far_it_is(
    editors: Editors, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()

    def found(files: Mapping[str, str], today: date, **_: object) -> Iterator[Step]:
        yield from (Step("read"), Step("under_way", done=43, of=200))
        go.wait(60)
        yield Step("checked")

    monkeypatch.setattr(checking, "found_in", found)
    monkeypatch.setattr(screen, "PATIENCE", 0.3)
    monkeypatch.setattr(screen, "TO_READ", 0.3)
    draft = editors.begin()
    refused = editors.submit(draft, effective_from="2027-01-01")
    go.set()
    assert refused.status_code == 409
    assert "The check has not ended yet, so the draft was not sent to review." in refused.text
    assert "It is 21 % done. You may leave this page." in refused.text
    assert 'value="2027-01-01"' in refused.text
    assert editors.version(draft).state.value == "draft"
