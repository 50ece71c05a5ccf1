"""Edit a message, see the check complain and then pass, sign by two, see the new page and the old one again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from uuid import UUID

import pytest

from app.care.consultations.client_view import client_view
from app.care.message_packs import check_job, web
from app.care.message_packs.confined import Step, broken_off
from app.care.message_packs.provider import Packs
from app.platform.db import Database
from app.platform.jobs import JobRunner
from app.platform.kernel.actor import Role
from harm_messages import Pack, Problem
from harm_messages.page import Page
from tests.app.message_packs.conftest import HEAT, Editors
from tests.support.clock import SettableClock

CLINICIAN, LEAD = Role.CLINICIAN, Role.SESSION_LEAD
ASK = web.ask
"""As it is, and not as `checked_at_once` has it."""
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


def test_a_check_is_made_by_the_worker_and_told_as_far_as_it_is(
    editors: Editors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent to review, nor is anything said of its pages, before the check has passed."""
    monkeypatch.setattr(web, "ask", ASK)
    draft, browser = editors.begin(), editors.browser(CLINICIAN)
    here = f"/api/v1/message-packs/{draft}"
    texts: list[str] = []

    def found(files: Mapping[str, str], today: date) -> Iterator[Step]:
        yield from (Step("read"), Step("under_way", done=43, of=200))
        texts.append(editors.submit(draft, effective_from="2027-01-01").text)
        yield Step("checked")

    monkeypatch.setattr(check_job, "found_in", found)
    waiting = browser.get(f"{here}/check")
    assert (waiting.status_code, waiting.headers["Retry-After"]) == (202, "2")
    assert (waiting.json()["running"], waiting.json()["percent"]) == (True, None)
    assert editors.submit(draft).status_code == 409
    compared = {"with": str(editors.runtime.packs.shipped_id)}
    assert browser.get(f"{here}/compare", params=compared).status_code == 503, "not read yet is not “nothing changes”"
    assert browser.get(f"{here}/messages/M-HEAT/where").status_code == 503
    assert "In words once the files can be read" in browser.get(f"/messages/{draft}/rule?id=R-HEAT").text

    assert editors.runtime.jobs.run_until_idle() == 1, "asked for by many, made once"
    assert "The check has not ended yet, so the draft was not sent to review." in texts[0]
    assert "It is 21 % done. You may leave this page." in texts[0]
    assert 'value="2027-01-01"' in texts[0]
    assert editors.version(draft).state.value == "draft"
    assert not browser.get(f"{here}/check").json()["running"]
    assert browser.get(f"{here}/compare", params=compared).json()["cases"] == []
    assert browser.get(f"{here}/messages/M-HEAT/where").status_code == 200
    assert editors.submit(draft).status_code == 303
    assert "It can be signed" in browser.get(f"/messages/{draft}").text


def test_a_check_that_was_stopped_by_a_busy_machine_is_asked_for_again_later_and_one_of_old_files_is_left_out(
    editors: Editors, monkeypatch: pytest.MonkeyPatch, clock: SettableClock
) -> None:
    monkeypatch.setattr(web, "ask", ASK)
    looked: list[str] = []

    def found(files: Mapping[str, str], today: date) -> Iterator[Step]:
        looked.append(files[HEAT])
        yield broken_off() if len(looked) == 1 else Step("read", (Problem("banned", "M-HEAT", "A word."),))

    monkeypatch.setattr(check_job, "found_in", found)
    draft, browser, work = editors.begin(), editors.browser(CLINICIAN), editors.runtime.jobs.run_until_idle
    url = f"/api/v1/message-packs/{draft}/check"
    browser.get(url)
    assert editors.save(draft, card="Drink.").status_code == 303
    assert (work(), looked) == (1, []), "nobody waits for the files of before"
    browser.get(url)
    work()
    assert [one["kind"] for one in browser.get(url).json()["problems"]] == ["stopped"]
    assert work() == 0
    clock.advance(minutes=2)
    assert browser.get(url).status_code == 202
    work()
    assert [one["kind"] for one in browser.get(url).json()["problems"]] == ["banned"]
    clock.advance(minutes=2)
    assert (browser.get(url).status_code, work(), len(looked)) == (200, 0, 2)


def test_a_check_at_which_workers_die_is_told(editors: Editors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "ask", ASK)

    def fails(files: Mapping[str, str], today: date) -> Iterator[Step]:
        raise RuntimeError("by a test")

    monkeypatch.setattr(check_job, "found_in", fails)
    draft, browser = editors.begin(), editors.browser(CLINICIAN)
    browser.get(f"/messages/{draft}")
    worker = JobRunner(
        editors.runtime.db, check_job.handlers(editors.runtime.db, editors.runtime.packs), editors.runtime.clock,
        on_dead=check_job.on_failed(), backoff=lambda attempt: timedelta(0),
    )  # fmt: skip
    assert worker.run_until_idle() == 3
    assert "broke off by a fault of its own" in browser.get(f"/messages/{draft}").text
