"""The pages of reception: register without JavaScript, ticket and labels, errors that keep what was typed."""

from __future__ import annotations

import re
import uuid
from base64 import b64decode
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlmodel import select

from app.intake.samples import lookup
from app.intake.samples.tables import Sample
from app.platform.audit import AuditEntry
from app.platform.kernel.actor import Role
from app.platform.web.tables import IdempotencyRow
from app.screens.reception import zpl
from tests.app.conftest import PASSWORD

ZPL = re.compile(r"data:application/octet-stream;base64,([A-Za-z0-9+/=]+)")
FORM = {
    "expected_words": "mandy", "form": "powder", "colours": ["white", "pink"], "weight_mg": "312,5",
    "consent_analysis": "yes", "consent_age_18_attested": "yes", "consent_understands_not_safe": "yes",
    "consent_aggregate_data": "no",
}  # fmt: skip


def key_of(text: str) -> str:
    found = re.search(r'name="idempotency_key" value="([^"]+)"', text)
    assert found
    return found.group(1)


def post(world: Any, session_id: uuid.UUID, data: dict[str, Any] | None = None, **more: Any) -> Any:
    """The page it leads to."""
    sent = {k: v for k, v in {**(FORM if data is None else data), **more}.items() if v is not None}
    return world.as_(Role.RECEPTION).post(f"/sessions/{session_id}/samples", data=sent, follow_redirects=True)


def code_on(page: str) -> str:
    shown = re.search(r'class="ticket-code">([^<]+)<', page)
    assert shown
    return shown.group(1).replace(" ", "")


def samples(world: Any) -> list[Sample]:
    with world.runtime.read() as session:
        return list(session.exec(select(Sample)))


def test_reception_goes_to_the_session_that_is_open_and_asks_which_of_several(world: Any) -> None:
    reception, later = world.as_(Role.RECEPTION), world.runtime.now() + timedelta(days=3)
    world.session(name="Next Saturday", opens_at=later, closes_at=later + timedelta(hours=8))
    text = reception.get("/reception").text
    assert "No session is open" in text
    assert "Next Saturday" in text
    session_id = world.session(name="Main tent")
    assert reception.get("/reception").headers["location"] == f"/sessions/{session_id}/reception"
    world.session(name="Campsite")
    text = reception.get("/reception").text
    assert "Main tent" in text
    assert "Campsite" in text


def test_a_sample_is_registered_without_javascript_and_the_ticket_is_shown(world: Any) -> None:
    session_id = world.session()
    form = world.as_(Role.RECEPTION).get(f"/sessions/{session_id}/reception").text
    page = post(world, session_id, idempotency_key=key_of(form))
    assert page.status_code == 200
    code = code_on(page.text)
    (sample,) = samples(world)
    assert (sample.words_spoken, sample.weight_mg, sample.colours) == ("mandy", 312.5, ["white", "pink"])
    with world.runtime.read() as session:
        assert lookup.expected_of(session, sample.id) == ["mdma"]
        found = lookup.sample_by_ticket(session, code, world.runtime.pepper, world.runtime.now())
    assert found is not None
    assert found.id == sample.id
    assert "Sat 27 Jun 2026" in page.text  # closes 13 June at 18:00, and 14 days


def test_the_client_label_carries_the_code_and_the_bag_label_never(world: Any) -> None:
    page = post(world, world.session()).text
    code = code_on(page)
    labels = re.findall(r'<section class="label.*?</section>', page, re.S)
    assert len(labels) == 2
    client, bag = labels
    assert "".join(re.findall(r"<span>(\w{4})</span>", client)) == code
    for label in labels:
        assert "<svg" in label
        assert "Saturday, Church hall" in label
    for words in (">001<", "Powder · white, pink", "Sat 13 Jun 2026"):
        assert words in bag
    assert code not in re.sub(r"[\s-]", "", bag)
    ticket, of_bag = (b64decode(one).decode().replace("\n", "") for one in ZPL.findall(page))
    assert all(code[i : i + 4] in ticket for i in (0, 4, 8))
    assert not any(code[i : i + 4] in of_bag for i in (0, 4, 8))
    assert not any(code[i : i + 4] in bag for i in (0, 4, 8))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is drawn as QR codes, in their order."""
    from app.screens.reception import labels_page

    found: list[str] = []
    original = labels_page.qr_svg
    monkeypatch.setattr(labels_page, "qr_svg", lambda what, title: (found.append(what), original(what, title))[1])
    return found


def test_the_clients_code_has_the_ticket_in_its_fragment_and_the_bags_only_opens_the_sample_for_staff(
    world: Any, drawn: list[str]
) -> None:
    code = code_on(post(world, world.session()).text)
    assert drawn == [f"http://127.0.0.1:8000/t#{code}", f"http://127.0.0.1:8000/samples/{samples(world)[0].id}"]


def test_a_form_sent_twice_shows_the_same_ticket(world: Any) -> None:
    session_id = world.session()
    form = world.as_(Role.RECEPTION).get(f"/sessions/{session_id}/reception").text
    pages = [post(world, session_id, idempotency_key=key_of(form)).text for _ in range(2)]
    assert code_on(pages[0]) == code_on(pages[1])
    assert len(samples(world)) == 1
    with world.runtime.read() as session:  # what tells the two forms alike is a hash, not the words
        assert re.fullmatch("[0-9a-f]{64}", session.exec(select(IdempotencyRow.request_hash)).one())
    again = post(world, session_id, idempotency_key=key_of(form), form="tablet")
    assert again.status_code == 409, "another content is not taken for the same sample"
    assert post(world, session_id, idempotency_key=key_of(again.text), form="tablet").status_code == 200
    assert len(samples(world)) == 2


def test_what_is_wrong_stands_on_the_form_and_what_was_typed_stays(world: Any) -> None:
    sent = {
        "expected": ["mdma"], "expected_words": ["mandy", "blue ones"], "form": "tablet", "colours": ["blue"],
        "logo": "Tesla", "weight_mg": "heavy", "consent_followup": "yes", "price": "10", "effects_reported": ["sickness"],
        "staff_note": "broken in two", "first_visit": "yes",
    }  # fmt: skip
    page = post(world, world.session(), sent)
    text = unescape(page.text)
    assert page.status_code == 422
    assert "There is a problem" in text
    assert "You need consent to test this sample" in text  # everything at once, not in rounds
    assert "Enter the weight in mg" in text
    for kept in ('value="heavy"', 'value="Tesla"', "“blue ones”", 'name="expected" value="mdma"', "broken in two"):
        assert kept in text
    ticked = {"form": "tablet", "colours": "blue", "effects_reported": "sickness", "consent_followup": "yes"}
    for name, value in ticked.items():
        assert re.search(rf'name="{name}" value="{value}"\s+checked', text), name
    assert 'href="#consent_analysis"' in page.text
    assert 'id="consent_analysis-error"' in page.text
    assert samples(world) == []


def said(world: Any) -> list[tuple[list[str], str]]:
    """What is expected of each sample, and the words kept with it."""
    with world.runtime.read() as session:
        rows = sorted(session.exec(select(Sample)), key=lambda s: s.number)
        return [(lookup.expected_of(session, s.id), s.words_spoken) for s in rows]


def test_letters_typed_before_a_choice_are_never_kept_as_words_spoken(world: Any) -> None:
    session_id = world.session()
    typed = {"expected_words": None, "expected_typed": "mand"}
    asked = post(world, session_id, **typed)
    assert asked.status_code == 422
    assert "What do they mean by “mand”?" in unescape(asked.text)
    several = post(world, session_id, expected_words=None, expected_typed="spice")
    assert (several.status_code, 'value="cannabinoid.synthetic"' in several.text) == (422, True)
    assert samples(world) == []
    choices = ({"meant": "mdma"}, {"meant": "keep"}, {"expected_typed": "mandy"})
    for more in (*choices, {"expected_typed": "ketam", "meant": "ketamine"}):
        assert post(world, session_id, **(typed | more)).status_code == 200
    assert said(world) == [(["mdma"], "mandy"), ([], "mand"), (["mdma"], "mandy"), (["ketamine"], "")]
    also = post(world, session_id, **typed, expected="cocaine")  # beside what was chosen, too
    assert also.status_code == 422
    sample_id = samples(world)[0].id
    url, fields = f"/samples/{sample_id}/correct", FORM | typed | {"version": "1", "expected": "mdma"}
    sent = {name: value for name, value in fields.items() if value is not None}
    assert world.as_(Role.RECEPTION).post(url, data=sent).status_code == 422
    assert world.as_(Role.RECEPTION).post(url, data=sent | {"expected_typed": "coke"}).status_code == 303
    assert said(world)[0] == (["mdma"], "coke")


def test_what_is_chosen_from_the_list_brings_the_street_name_shown(world: Any) -> None:
    [found] = [s for s in world.as_(Role.RECEPTION).get("/api/v1/substances?q=mand").json() if s["id"] == "mdma"]
    assert (found["hint"], found["said"]) == ("“mandy”", "mandy")
    by_name = world.as_(Role.RECEPTION).get("/api/v1/substances?q=ketam").json()[0]
    assert (by_name["id"], by_name["said"]) == ("ketamine", "")


def test_unknown_is_one_tap_and_goes_with_nothing_else(world: Any) -> None:
    session_id = world.session()
    assert post(world, session_id, expected_words=None, intent="unknown").status_code == 200
    assert samples(world)[0].intent == "unknown"
    both = post(world, session_id, expected="mdma", intent="unknown")
    assert both.status_code == 422
    assert "Choose what they think it is, or Unknown. Not both." in both.text


def test_yes_to_all_three_is_kept_as_three_answers_and_a_no_of_its_own_counts(world: Any) -> None:
    session_id = world.session()
    alone = {"consent_analysis": None, "consent_age_18_attested": None, "consent_understands_not_safe": None}
    assert post(world, session_id, **alone, consent_all="yes").status_code == 200
    with world.runtime.read() as session:
        rows = lookup.consent_rows(session, samples(world)[0].id)
    assert {kind.value: (row.answer.value, row.wording_version) for kind, row in rows.items()} == {
        "analysis": ("yes", "2026-01"), "age_18_attested": ("yes", "2026-01"), "understands_not_safe": ("yes", "2026-01"),
        "aggregate_data": ("no", "2026-01"), "share_in_alert": ("not_asked", "2026-01"), "followup": ("not_asked", "2026-01"),
    }  # fmt: skip
    under_age = post(world, session_id, **(alone | {"consent_age_18_attested": "no"}), consent_all="yes")
    assert under_age.status_code == 422
    assert 'href="#consent_age_18_attested"' in under_age.text
    page = world.as_(Role.RECEPTION).get(f"/sessions/{session_id}/reception").text
    assert "checked" not in page, "nothing is answered by itself"


def test_the_last_substances_of_this_session_come_first(world: Any) -> None:
    session_id = world.session()
    url = f"/sessions/{session_id}/reception"
    chips = re.compile(r'name="expected" value="([^"]+)"')
    usual = ["mdma", "cocaine", "ketamine", "heroin", "diazepam"]
    assert chips.findall(world.as_(Role.RECEPTION).get(url).text) == usual
    for expected in ("2c-b", "cocaine", "2c-b"):
        post(world, session_id, expected_words=None, expected=expected)
    post(world, world.session(), expected_words=None, expected="heroin")
    assert chips.findall(world.as_(Role.RECEPTION).get(url).text) == ["2c-b", "cocaine", "mdma", "ketamine", "heroin"]


def test_words_nobody_knows_are_not_asked_about(world: Any) -> None:
    assert post(world, world.session(), expected_words=None, expected_typed="zzyzx").status_code == 200
    assert samples(world)[0].words_spoken == "zzyzx"


def test_the_next_sample_of_a_group_carries_its_answers_over(world: Any) -> None:
    session_id = world.session()
    page = post(world, session_id, group_size="3", consent_share_in_alert="yes").text
    href = re.search(r'href="([^"]+\?same=[^"]+)"', page).group(1)  # type: ignore[union-attr]
    form = world.as_(Role.RECEPTION).get(href).text
    assert "Same group as 001: answers carried over" in form
    assert 'value="G001"' in form
    assert re.search(r'name="group_size"[^>]*value="3"', form)
    ticked = set(re.findall(r'name="consent_(\w+)" value="(\w+)" checked', form))
    assert {("analysis", "yes"), ("aggregate_data", "no"), ("share_in_alert", "yes")} < ticked
    assert not re.search(r'name="consent_followup" value="\w+" checked', form), "nobody asked"
    elsewhere = href.replace(str(session_id), str(world.session()))
    assert world.as_(Role.RECEPTION).get(elsewhere).status_code == 404


def test_back_of_house_shows_no_link_no_client_label_and_says_so(world: Any) -> None:
    session_id = world.session(licence="boh_no_individual_results")
    page = post(world, session_id)
    assert page.status_code == 200
    assert "No individual results in this session" in page.text
    assert "/t#" not in page.text
    assert "QR code of this ticket" not in page.text
    assert len(re.findall(r'<section class="label', page.text)) == 1


def test_a_closed_session_offers_no_form_and_takes_none(world: Any) -> None:
    session_id = world.session(closed_at=world.runtime.now())
    page = world.as_(Role.RECEPTION).get(f"/sessions/{session_id}/reception").text
    assert "This session is closed" in page
    assert 'name="consent_analysis"' not in page
    assert post(world, session_id).status_code == 409
    assert samples(world) == []


def test_the_queue_has_a_page_of_its_own_and_is_a_live_region_that_answers_itself(world: Any) -> None:
    session_id = world.session()
    url = f"/sessions/{session_id}/queue"
    assert "Nobody is waiting" in world.as_(Role.RECEPTION).get(f"/sessions/{session_id}/samples").text
    post(world, session_id)
    form = world.as_(Role.RECEPTION).get(f"/sessions/{session_id}/reception").text
    assert f'<a href="/sessions/{session_id}/samples">Queue 1</a>' in form
    assert "Next number <b>002</b>" in form
    part = world.as_(Role.CHEMIST).get(url).text
    assert part.lstrip().startswith('<section id="queue" data-live="queue"')
    assert f'hx-get="{url}"' in part
    assert "001 powder" in part
    assert "MDMA" in part
    state, board = f"/samples/{samples(world)[0].id}/state", f"/sessions/{session_id}/board"
    for region, path in (("queue-line", f"{url}/line"), ("board", board), ("sample-state", state)):
        text = world.as_(Role.CHEMIST).get(path).text
        assert re.match(rf'<\w+ id="{region}"', text.lstrip())
        assert re.search(rf'hx-get="{path}["?]', text)


def test_nothing_typed_becomes_markup(world: Any) -> None:
    session_id = world.session()
    nasty = "<script>alert(1)</script>"
    page = post(world, session_id, expected_words=nasty, logo=nasty, staff_note=nasty)
    assert nasty not in page.text
    sample = f"/samples/{samples(world)[0].id}"
    for path in (f"/sessions/{session_id}/queue", sample, f"{sample}/correct"):
        assert nasty not in world.as_(Role.RECEPTION).get(path).text


def test_the_overview_shows_what_was_recorded_and_offers_only_what_the_role_may(world: Any) -> None:
    post(world, world.session(), group_size="2", planned_route="snort", received_mg="40")
    sample_id = samples(world)[0].id
    reception = world.as_(Role.RECEPTION).get(f"/samples/{sample_id}").text
    for words in ("MDMA", "“mandy”", "white, pink", "312.5", "Snort", "G001, 2 people", "2026-01", "Awaiting analysis"):
        assert words in unescape(reception), words
    assert f'action="/samples/{sample_id}/ticket"' in reception
    chemist = world.as_(Role.CHEMIST).get(f"/samples/{sample_id}").text
    for action in ("ticket", "withdraw", "correct"):
        assert f"/samples/{sample_id}/{action}" not in chemist
    assert f"/bench/samples/{sample_id}" in chemist


def registered(world: Any, session_id: uuid.UUID) -> str:
    """The address of the ticket."""
    answer = world.as_(Role.RECEPTION).post(f"/sessions/{session_id}/samples", data=FORM)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def test_a_ticket_has_a_page_of_its_own_until_the_next_sample_begins(world: Any, clock: Any) -> None:
    session_id, client = world.session(), world.as_(Role.RECEPTION)
    page = registered(world, session_id)
    shown = client.get(page)
    assert "no-store" in shown.headers["cache-control"]
    first, sample = code_on(shown.text), page.removesuffix("/ticket")
    assert code_on(client.get(page).text) == first, "a reload asks for a page and sends no form"
    assert len(samples(world)) == 1
    (kept,) = (cookie for cookie in client.cookies.jar if cookie.name.startswith("mast-ticket-"))
    assert first not in kept.value
    other = world.as_(Role.HEALTH_WORKER)
    other.cookies.set(kept.name, kept.value, path="/samples")
    assert other.get(page).headers["location"] == sample, "who was not given it does not see it"
    client.get(unescape(re.findall(r'href="(/sessions/[^"]+/reception\?[^"]+)"', shown.text)[-1]))
    assert client.get(page).headers["location"] == sample
    later = registered(world, session_id)
    clock.advance(minutes=31)
    assert client.get(later).headers["location"] == later.removesuffix("/ticket")


def test_of_two_tabs_that_register_at_once_each_keeps_its_ticket(world: Any) -> None:
    session_id, client = world.session(), world.as_(Role.RECEPTION)
    one, another = registered(world, session_id), registered(world, session_id)
    codes = [code_on(client.get(page).text) for page in (one, another, one, another)]
    assert codes[:2] == codes[2:]
    assert codes[0] != codes[1]
    client.get(f"/sessions/{session_id}/reception")  # a third tab begins
    same = re.findall(r'href="(/sessions/[^"]+/reception\?same=[^"]+)"', client.get(another).text)
    client.get(unescape(same[0]))
    assert code_on(client.get(one).text) == codes[0], "who goes on in one tab leaves the other alone"
    assert client.get(another).status_code == 303


def test_a_browser_holds_no_more_than_four_tickets_and_the_oldest_goes(world: Any, clock: Any) -> None:
    session_id, client = world.session(), world.as_(Role.RECEPTION)
    pages = []
    for _ in range(6):
        pages.append(registered(world, session_id))
        assert client.get(pages[-1]).status_code == 200
        clock.advance(minutes=1)
    assert [client.get(page).status_code for page in pages] == [303, 303, 200, 200, 200, 200]


def test_a_lost_ticket_is_replaced_on_the_page_and_a_second_click_shows_the_same(world: Any) -> None:
    old = code_on(post(world, world.session()).text)
    sample_id = samples(world)[0].id
    client = world.as_(Role.RECEPTION)
    form = client.get(f"/samples/{sample_id}").text.split(f'action="/samples/{sample_id}/ticket"')[1]
    data = {"idempotency_key": key_of(form), "password": PASSWORD}
    pages = [client.post(f"/samples/{sample_id}/ticket", data=data, follow_redirects=True) for _ in range(2)]
    assert code_on(pages[0].text) == code_on(pages[1].text) != old
    assert "The old ticket no longer works" in pages[0].text


def test_a_correction_empties_what_was_emptied_and_keeps_the_rest(world: Any) -> None:
    post(world, world.session(), logo="Tesla", age_band="25_34", received_mg="40")
    sample = samples(world)[0]
    sent = FORM | {"version": "1", "weight_mg": "", "logo": "", "age_band": "", "form": "crystal"}
    assert world.as_(Role.RECEPTION).post(f"/samples/{sample.id}/correct", data=sent).status_code == 303
    (now,) = samples(world)
    assert (now.form, now.weight_mg, now.logo, now.age_band, now.version) == ("crystal", None, "", None, 2)
    assert (now.words_spoken, now.colours, now.submitter_type) == ("mandy", ["white", "pink"], "public")


def test_a_label_is_printed_again_by_who_sees_the_sample_and_that_is_kept(world: Any, drawn: list[str]) -> None:
    code = code_on(post(world, world.session()).text)
    sample_id = samples(world)[0].id
    assert f'action="/samples/{sample_id}/label"' in world.as_(Role.CHEMIST).get(f"/samples/{sample_id}").text
    page = world.as_(Role.CHEMIST).post(f"/samples/{sample_id}/label")
    assert page.status_code == 200
    assert code not in page.text.replace(" ", "")
    assert drawn[-1] == f"http://127.0.0.1:8000/samples/{sample_id}"
    zpl = b64decode(ZPL.findall(page.text)[0]).decode()
    assert zpl.startswith("^XA")
    assert "^FD001^FS" in zpl
    with world.runtime.read() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.verb == "print_label")).one()
    assert (entry.object_id, entry.actor_roles) == (str(sample_id), "chemist")
    assert "Test label" in world.as_(Role.CHEMIST).get("/labels/test").text


def test_a_name_of_a_place_is_no_command_to_a_printer() -> None:
    written = zpl.label(["001"], ["Tent ^XZ ~JA_"], "https://a/b")
    assert "Tent _5EXZ _7EJA_5F" in written
    assert written.count("^XZ") == 1


def test_withdrawing_on_the_page_asks_for_a_reason_of_the_list(world: Any) -> None:
    post(world, world.session())
    sample_id = samples(world)[0].id
    url = f"/samples/{sample_id}/withdraw"
    assert world.as_(Role.CHEMIST).post(url).status_code == 403
    assert world.as_(Role.RECEPTION).post(url, data={"reason": "because of Jo"}).status_code == 422
    assert world.as_(Role.RECEPTION).post(url, data={"reason": "sample_lost"}).status_code == 303
    assert "This sample was withdrawn" in world.as_(Role.RECEPTION).get(f"/samples/{sample_id}").text
