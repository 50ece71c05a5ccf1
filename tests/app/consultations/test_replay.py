"""The display log: nothing in it changes, and from it comes the very page that was shown, whatever changed since."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from app.care.consultations.tables import DisplayLog
from app.care.message_packs.provider import Packs
from app.platform.kernel.actor import Role
from app.results.domain import ChangeReason
from app.results.finding import NewFinding
from harm_messages import Pack, load_pack, pack_files

from .conftest import CHEMIST, LEAD, WORKER, Desk


def shown_url(sample_id: Any, shown_id: Any = "") -> str:
    return f"/api/v1/samples/{sample_id}/shown" + (f"/{shown_id}" if shown_id else "")


def client_part(text: str) -> str:
    """What the client's screen shows, of the whole answer: the messages with what stands around them."""
    found = re.search(r'<div class="result__changed.*|<div class="client-page".*', text, re.S)
    assert found is not None
    return found.group()[: found.group().rindex("sign-off")]


def another_pack() -> Pack:
    """The shipped pack after someone rewrote a message that is on every page."""
    files = dict(pack_files())
    path = "messages/en/M-NEXT-CORE.md"
    files[path] = files[path].replace("version: 1", "version: 2").replace("Talk to us", "Speak with us")
    assert files[path] != pack_files()[path]
    return load_pack(files)


def test_the_page_first_shown_comes_again_to_the_byte_though_everything_changed_since(
    lab: Desk, world: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_id = lab.sample(("mdma",), form="tablet", logo="heart", colours=["red"])
    first = lab.found(sample_id, NewFinding("mdma"), NewFinding("caffeine"))
    worker = world.as_(WORKER)
    adjusting = worker.get(f"/consultations/samples/{sample_id}/adjust").text
    light = re.search(r'id="not_relevant-target".*?<option value="(R-[A-Z0-9-]+)"', adjusting, re.S)
    assert light is not None
    made = worker.post(
        f"/api/v1/samples/{sample_id}/adjustments",
        json={"kind": "not_relevant", "target": light.group(1), "reason": "known_already"},
    )
    assert made.status_code == 201, made.text
    worker.post(f"/api/v1/samples/{sample_id}/adjustments", json={"kind": "snippet", "target": "SN-NALOXONE"})
    alert = (
        world.as_(CHEMIST)
        .post(
            "/api/v1/alerts",
            json={
                "tier": "T1",
                "session_id": str(lab.session_id),
                "words": "Red hearts are strong.",
                "forms": ["tablet"],
                "logos": ["heart"],
            },
        )
        .json()
    )
    html_then, state_then = lab.page(sample_id), lab.see(sample_id)
    row = lab.shown(sample_id)[-1]
    assert (row.shown_to, row.result_id) == ("client", first.result.id)
    assert row.made_of["facts"]["alerts"][0]["id"] == alert["id"]
    assert row.made_of["adjustments"]["snippets"] == ["SN-NALOXONE"]

    # since then: another pack, the alert taken back, the overrides undone, a new version of the result, hours later
    clock.advance(hours=3)
    world.clients.clear()  # who was signed in is not any more
    worker = world.as_(WORKER)
    world.as_(LEAD).post(
        f"/api/v1/alerts/{alert['id']}/retract", json={"reason": "no"}, headers={"If-Match": f'"{alert["version"]}"'}
    )
    worker.delete(f"/api/v1/samples/{sample_id}/adjustments/{made.json()['id']}")
    draft = lab.act(first, "amend", CHEMIST, reason="more", change_reason=ChangeReason.MORE_TESTS)
    lab.finish(draft)
    with monkeypatch.context() as later:
        later.setattr(Packs, "current", lambda *_: another_pack())
        assert client_part(lab.page(sample_id)) != client_part(html_then), "the page of now is another"
        assert "Speak with us" in lab.page(sample_id)
        replayed = worker.get(f"/consultations/samples/{sample_id}/shown/{row.id}")
        got = worker.get(shown_url(sample_id, row.id)).json()
    assert got["exact"] is True
    assert got["messages"] == state_then["messages"]
    assert "An exact copy from the log" in replayed.text
    section = replayed.text.split('id="replayed"')[1]
    assert as_h1(client_part(section)) == as_h1(client_part(html_then))


def as_h1(text: str) -> str:
    """The staff page has the client's headline one level lower; everything else is the same."""
    return re.sub(r"<(/?)h2( class=\"result__headline\")?>", r"<\1h1\2>", text) if "result__headline" in text else text


def test_the_list_says_when_to_whom_in_which_language_and_with_which_pack(lab: Desk, world: Any, clock: Any) -> None:
    sample_id = lab.sample()
    view = lab.found(sample_id)
    lab.see(sample_id)
    clock.advance(minutes=5)
    lab.staff(sample_id)
    lab.staff(sample_id, Role.SESSION_LEAD)
    lab.staff(sample_id)
    rows = world.as_(WORKER).get(shown_url(sample_id)).json()
    assert [(r["shown_to"], r["by"]) for r in rows] == [
        ("staff", "Session_Lead Own"), ("staff", "Health_Worker Own"), ("client", ""),
    ]  # fmt: skip
    assert {(r["result_number"], r["locale"], r["pack_digest"]) for r in rows} == {(1, "en", lab.runtime.pack.digest)}
    assert rows[0]["result_id"] == str(view.result.id)
    page = world.as_(WORKER).get(f"/consultations/samples/{sample_id}/shown").text
    for words in ("the client", "Health_Worker Own (staff)", "English", lab.runtime.pack.digest[:12], "version 1"):
        assert words in page


def test_a_page_whose_pack_is_gone_is_not_made_up(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    lab.see(sample_id)
    row = lab.shown(sample_id)[0]
    with lab.runtime.db.begin() as uow:
        values = row.model_dump(exclude={"id", "pack_digest"})
        gone = DisplayLog(**values, pack_digest="0" * 64)
        old = DisplayLog(**{**values, "made_of": None, "page_sha256": ""}, pack_digest=row.pack_digest)
        other = DisplayLog(**{**values, "page_sha256": "f" * 64}, pack_digest=row.pack_digest)
        uow.session.add_all([gone, old, other])
    answers = {key: world.as_(WORKER).get(shown_url(sample_id, key)).json() for key in (gone.id, old.id, other.id)}
    assert "no longer kept here" in answers[gone.id]["why"]
    assert "Only the list of messages is left" in answers[old.id]["why"]
    assert "makes a different page" in answers[other.id]["why"]
    assert not any(a["exact"] for a in answers.values())
    assert answers[gone.id]["messages"] == [], "nothing is shown rather than another page"
    assert row.messages[0]["id"] in world.as_(WORKER).get(f"/consultations/samples/{sample_id}/shown/{gone.id}").text


def test_what_somebody_also_takes_is_not_in_the_replay(lab: Desk, world: Any) -> None:
    sample_id = lab.sample(("ketamine",))
    lab.found(sample_id, NewFinding("ketamine"))
    told = world.as_(WORKER).post(f"/consultations/samples/{sample_id}/with", data={"also": ["alcohol"]}).text
    assert 'data-origin="self_reported"' in told
    row = lab.shown(sample_id)[-1]
    assert "also_taking" not in str(row.made_of)
    got = world.as_(WORKER).get(shown_url(sample_id, row.id)).json()
    assert got["exact"] is True
    assert "self_reported" not in str(got)


def test_the_log_refuses_to_be_changed(lab: Desk) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    lab.see(sample_id)
    row = lab.shown(sample_id)[0]
    statements = [
        "UPDATE display_log SET locale = 'xx'",
        "DELETE FROM display_log",
        f"DELETE FROM sample WHERE id = '{sample_id if not lab.runtime.db.is_sqlite else sample_id.hex}'",
    ]
    statements.append(
        "TRUNCATE display_log"
        if not lab.runtime.db.is_sqlite
        else f"INSERT OR REPLACE INTO display_log SELECT * FROM display_log WHERE id = '{row.id.hex}'"
    )
    for statement in statements:
        with pytest.raises(DatabaseError, match="append-only"), lab.runtime.db.begin() as uow:
            uow.session.connection().execute(sa.text(statement))
    assert lab.shown(sample_id)[0].locale == "en"


def test_a_foreign_entry_is_as_one_that_does_not_exist(lab: Desk, world: Any) -> None:
    one, other = lab.sample(), lab.sample()
    for sample_id in (one, other):
        lab.found(sample_id)
        lab.see(sample_id)
    entry = lab.shown(other)[0].id
    for client, path in (
        (world.as_(WORKER), shown_url(one, entry)),
        (world.as_(WORKER), shown_url(one, uuid.uuid4())),
        (world.as_(WORKER, agency="other"), shown_url(other, entry)),
    ):
        assert client.get(path).status_code == 404
