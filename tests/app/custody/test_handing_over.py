"""Handing over many samples at once: one confirmation, a line in the ledger of each, all or none, and the reason beside each."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from sqlmodel import col, select

from app.intake.custody.domain import TAKERS, Balance, CustodyKind, handing_lines, handing_problem
from app.intake.people.tables import Person
from app.intake.samples.tables import Sample
from app.platform.audit.tables import AuditEntry
from app.platform.kernel.actor import Role
from tests.support.road import Road

HTML = {"Accept": "text/html"}
NOTHING_DONE = "Nothing of this sample is left"
STRANGER = "This sample is not in the list"
K = CustodyKind


@pytest.fixture
def road(world: Any) -> Road:
    return Road(lambda role: world.as_(Role(role)), str(world.session()))


def form(world: Any, bags: list[str], weights: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """What the page sends: a weight field for every sample of the list, filled or not."""
    rows = list(dict.fromkeys([*bags, *(weights or {})]))
    sent = {
        "bag": bags, "row": rows, "mg": [(weights or {}).get(row, "") for row in rows], "to": "to_police",
        "place": "Police store", "witness_id": str(world.actors[Role.CHEMIST].person_id), "unanalysed": "yes",
    }  # fmt: skip
    return sent | more


def send(world: Any, road: Road, sent: dict[str, Any], role: Role = Role.RECEPTION, at: str = "") -> Any:
    return world.as_(role).post(f"/sessions/{road.session_id}/hand-over{at}", data=sent, headers=HTML)


def lines(world: Any, sample: str) -> list[tuple[str, float | None, str, str]]:
    ledger = world.as_(Role.SESSION_LEAD).get(f"/api/v1/samples/{sample}/custody").json()
    return [(one["kind"], one["mg"], one["witness"], one["place"]) for one in ledger["lines"]]


@pytest.mark.parametrize(
    ("kind", "weighed", "now", "wanted"),
    [
        (K.TO_POLICE, None, Balance(40.0, consumed=10.0), [(K.TO_POLICE, 30.0)]),
        (K.TO_POLICE, 30.03, Balance(40.0, consumed=10.0), [(K.TO_POLICE, 30.0)]),
        (K.TO_POLICE, 29.5, Balance(40.0, consumed=10.0), [(K.VARIANCE, 0.5), (K.TO_POLICE, 29.5)]),
        (K.RETAINED_FOR_LAB, 12.0, Balance(), [(K.RECEIVED, 12.0), (K.RETAINED_FOR_LAB, 12.0)]),
        (K.MOVED, None, Balance(), [(K.MOVED, None)]),
        (K.MOVED, 39.0, Balance(40.0), [(K.VARIANCE, 1.0), (K.MOVED, None)]),
    ],
)
def test_all_that_is_left_goes_after_what_the_scale_showed(
    kind: CustodyKind, weighed: float | None, now: Balance, wanted: list[tuple[CustodyKind, float | None]]
) -> None:
    assert handing_problem(kind, weighed, now) == ""
    assert handing_lines(kind, weighed, now) == wanted


@pytest.mark.parametrize("kind", TAKERS)
@pytest.mark.parametrize(
    ("weighed", "now", "said"),
    [
        (None, Balance(40.0, destroyed=40.0), "Nothing of this sample is left"),
        (5.0, Balance(40.0, to_police=40.0), "Nothing of this sample is left"),
        (41.0, Balance(40.0), "Only 40 mg should be left"),
        (0.0, Balance(40.0), "Enter the weight in mg"),
        (-2.0, Balance(), "Enter the weight in mg"),
    ],
)
def test_what_cannot_go_says_why(kind: CustodyKind, weighed: float | None, now: Balance, said: str) -> None:
    assert said in handing_problem(kind, weighed, now)
    assert bool(handing_problem(kind, None, Balance())) is (kind is not K.MOVED), "unweighed it only moves"


@pytest.mark.parametrize(
    ("to", "kinds"),
    [
        ("to_police", ["received", "to_police"]), ("retained_for_lab", ["received", "retained_for_lab"]),
        ("destroyed", ["received", "destroyed"]), ("moved", ["received", "moved"]),
    ],
)  # fmt: skip
def test_one_confirmation_writes_into_the_ledger_of_every_sample(
    world: Any, road: Road, to: str, kinds: list[str]
) -> None:
    weighed, unweighed, kept = road.register(received_mg=40), road.register(), road.register(received_mg=5)
    answer = send(world, road, form(world, [weighed, unweighed], {unweighed: "12,5"}, to=to))
    assert answer.headers["Location"] == f"/sessions/{road.session_id}/hand-over?done=2"
    mg = (lambda left: None) if to == "moved" else (lambda left: left)
    for sample, left in ((weighed, 40.0), (unweighed, 12.5)):
        assert [line[0] for line in lines(world, sample)] == kinds
        assert lines(world, sample)[-1] == (to, mg(left), "Chemist Own", "Police store")
    assert [line[0] for line in lines(world, kept)] == ["received"]
    with world.runtime.read() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.verb == "custody")).all()
    assert [(e.object_id, e.after["kind"]) for e in entries[-3:]] == [
        *([(weighed, to)]), (unweighed, "received"), (unweighed, to),
    ]  # fmt: skip
    page = world.as_(Role.RECEPTION).get(answer.headers["Location"]).text
    assert "2 samples handed over." in page
    assert (weighed in page) is (to == "moved"), "the list holds what is still here"


def test_all_go_or_none_and_each_that_cannot_says_why_beside_it(world: Any, road: Road) -> None:
    fine, gone, unweighed, mistyped = (road.register(received_mg=mg) for mg in (40, 30, None, 20))
    assert send(world, road, form(world, [gone], to="destroyed")).status_code == 303
    answer = send(world, road, form(world, [fine, gone, unweighed, mistyped], {mistyped: "a lot", fine: "39"}))
    assert answer.status_code == 422
    for sample, why in (
        (gone, NOTHING_DONE), (unweighed, "Weigh this sample"), (mistyped, "Enter the weight in mg, for example 12.5"),
    ):  # fmt: skip
        beside = re.search(rf'id="bag-{sample}-error">(.*?)</p>', answer.text, re.DOTALL)
        assert beside, why
        assert why in beside[1]
    assert f'id="bag-{fine}-error"' not in answer.text
    assert "002: Nothing of this sample is left" in answer.text
    assert len(re.findall(r'name="bag"[^>]* checked', answer.text)) == 4, "what was ticked is ticked still"
    assert 'value="a lot"' in answer.text
    assert 'value="39"' in answer.text
    assert len(lines(world, fine)) == 1


@pytest.mark.parametrize("to", TAKERS)
def test_what_awaits_analysis_says_so_and_goes_for_good_only_after_one_tick(world: Any, road: Road, to: K) -> None:
    waiting, analysed = road.register(received_mg=40), road.register(received_mg=8)
    with world.runtime.db.begin(world.actors[Role.CHEMIST]) as uow:
        uow.session.get_one(Sample, uuid.UUID(analysed)).analysed_at = uow.now
    page = world.as_(Role.RECEPTION).get(f"/sessions/{road.session_id}/hand-over").text
    assert page.count("awaiting analysis") == 1
    assert 'name="unanalysed"' not in page
    assert send(world, road, form(world, [analysed], to=to, unanalysed="")).status_code == 303
    answer = send(world, road, form(world, [waiting], to=to, unanalysed=""))
    if to in (K.RETAINED_FOR_LAB, K.MOVED):
        assert answer.status_code == 303
        return
    assert answer.status_code == 422
    assert 'href="#unanalysed"' in answer.text
    assert "001 still awaits analysis." in answer.text
    assert re.search(r'id="unanalysed" name="unanalysed" value="yes"(?! checked)', answer.text)
    assert len(lines(world, waiting)) == 1
    assert send(world, road, form(world, [waiting], to=to, unanalysed="yes")).status_code == 303
    assert lines(world, waiting)[-1][0] == to


def test_foreign_and_absent_samples_and_those_of_another_session_answer_alike(world: Any, road: Road) -> None:
    theirs = Road(lambda role: world.as_(Role(role), agency="other"), str(world.session(agency="other")))
    sunday = Road(road.as_, str(world.session(name="Sunday")))
    own = road.register(received_mg=40)
    strangers = [theirs.register(received_mg=9), str(uuid.uuid4()), sunday.register(received_mg=9), "no key"]
    pages = []
    for stranger in strangers:
        answer = send(world, road, form(world, [own, stranger]), Role.SESSION_LEAD)
        assert answer.status_code == 422
        assert STRANGER in answer.text
        assert stranger not in answer.text
        pages.append(re.sub(r'name="idempotency_key" value="[^"]+"|last_event_id=\d+', "", answer.text))
    assert len(set(pages)) == 1
    assert len(lines(world, own)) == 1
    foreign = world.as_(Role.SESSION_LEAD).post(
        f"/sessions/{theirs.session_id}/hand-over", data=form(world, strangers[:1]), headers=HTML
    )
    assert foreign.status_code == 404
    assert (
        len(theirs.as_("session_lead").request("GET", f"/api/v1/samples/{strangers[0]}/custody").json()["lines"]) == 1
    )


def test_the_witness_is_another_person_who_works_here_now(world: Any, road: Road) -> None:
    sample = road.register(received_mg=40)
    left = world.actors[Role.VERIFIER].person_id
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        uow.session.get_one(Person, left).disabled_at = uow.now
    own, foreign = world.actors[Role.RECEPTION].person_id, world.other_actors[Role.CHEMIST].person_id
    computer = world.actors[Role.INSTRUMENT].person_id
    for witness in ("", own, left, foreign, computer, uuid.uuid4(), "x"):
        for to in ("to_police", "destroyed", "moved"):
            answer = send(world, road, form(world, [sample], to=to, witness_id=str(witness)))
            assert answer.status_code == 422, witness
            assert 'id="witness_id-error"' in answer.text
    assert len(lines(world, sample)) == 1
    page = world.as_(Role.RECEPTION).get(f"/sessions/{road.session_id}/hand-over").text
    for nobody in (own, left, foreign, computer):
        assert str(nobody) not in re.sub(r"<head>.*?</head>", "", page, flags=re.DOTALL)


def test_a_form_sent_twice_hands_over_once(world: Any, road: Road) -> None:
    first, second = road.register(received_mg=40), road.register(received_mg=8)
    sent = form(world, [first], to="moved", idempotency_key="k")
    assert [send(world, road, sent).status_code for _ in range(2)] == [303, 303]
    assert [line[0] for line in lines(world, first)] == ["received", "moved"]
    # Back, and another choice in the same form: that is another hand-over
    assert send(world, road, sent | {"bag": [second]}).status_code == 303
    assert [line[0] for line in lines(world, second)] == ["received", "moved"]


def test_without_a_script_numbers_and_labels_tick_one_sample_after_the_other(world: Any, road: Road) -> None:
    first, second = road.register(received_mg=40), road.register(received_mg=8)
    page = send(world, road, form(world, [], {first: "39"}, what="#001", place="Safe 2"), at="/bags").text
    assert re.findall(r'name="bag" value="([^"]+)"[^>]* checked', page) == [first]
    assert 'value="39"' in page
    assert 'value="Safe 2"' in page
    label = f"https://mast.example/samples/{second}"
    page = send(world, road, form(world, [first], what=label), at="/bags").text
    assert re.findall(r'name="bag" value="([^"]+)"[^>]* checked', page) == [first, second]
    assert label not in page
    for unknown in ("77", f"https://mast.example/samples/{uuid.uuid4()}", "mandy"):
        answer = send(world, road, form(world, [first], what=unknown), at="/bags")
        assert answer.status_code == 422
        assert STRANGER in answer.text
    with world.runtime.read() as session:
        custody = select(AuditEntry).where(AuditEntry.verb == "custody", col(AuditEntry.object_id).in_([first, second]))
        assert len(session.exec(custody).all()) == 2, "only what was weighed in"


def test_queue_and_custody_lead_there(world: Any, road: Road) -> None:
    first, sample, client = road.register(), road.register(received_mg=40), world.as_(Role.RECEPTION)
    address = f"/sessions/{road.session_id}/hand-over"
    assert f'href="{address}"' in client.get(f"/sessions/{road.session_id}/samples").text
    assert f'href="{address}?sample={sample}"' in client.get(f"/samples/{sample}").text
    page = client.get(f"{address}?sample={sample}").text
    assert re.findall(r'name="bag" value="([^"]+)"[^>]* checked', page) == [sample]
    assert page.index(f'id="bag-{sample}"') < page.index(f'id="bag-{first}"'), "the one one came with stands first"


def over_json(
    world: Any, road: Road, samples: dict[str, float | None], role: Role = Role.RECEPTION, **more: Any
) -> Any:
    body = {
        "to": "to_police", "place": "Police store", "witness_id": str(world.actors[Role.CHEMIST].person_id),
        "bags": [{"sample_id": key, "weighed_mg": mg} for key, mg in samples.items()],
    }  # fmt: skip
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    return world.as_(role).post(f"/api/v1/sessions/{road.session_id}/hand-over", json=body | more, headers=headers)


def test_over_json_all_go_or_none_once_for_a_key(world: Any, road: Road) -> None:
    weighed, unweighed = road.register(received_mg=40), road.register()
    refused = over_json(world, road, {weighed: None, unweighed: None})
    assert refused.status_code == 422
    assert refused.json()["fields"] == {f"bag-{unweighed}": "Weigh this sample. It has no weight yet."}
    assert [line[0] for line in lines(world, weighed)] == ["received"]
    both = {weighed: 39.0, unweighed: 12.5}
    first, again = (over_json(world, road, both, key="one hand-over, sent twice") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (first.json()["to"], set(first.json()["samples"])) == ("to_police", {weighed, unweighed})
    assert [line[:2] for line in lines(world, weighed)] == [("received", 40), ("variance", 1), ("to_police", 39)]
    assert [line[:2] for line in lines(world, unweighed)] == [("received", 12.5), ("to_police", 12.5)]


def test_over_json_what_is_wrong_has_its_field(world: Any, road: Road) -> None:
    own = road.register(received_mg=40)
    theirs = Road(lambda role: world.as_(Role(role), agency="other"), str(world.session(agency="other")))
    sunday = Road(road.as_, str(world.session(name="Sunday")))
    for stranger in (theirs.register(received_mg=9), sunday.register(received_mg=9), str(uuid.uuid4())):
        answer = over_json(world, road, {own: None, stranger: None})
        assert answer.json()["fields"] == {f"bag-{stranger}": "This sample is not in this session."}
    for change, field in (
        ({"to": "consumed"}, "to"), ({"to": "moved", "place": " "}, "place"), ({"witness_id": None}, "witness_id"),
        ({"bags": []}, "bags"), ({"bags": 2 * [{"sample_id": own}]}, "bags"),
    ):  # fmt: skip
        answer = over_json(world, road, {own: None}, **change)
        assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])
    assert over_json(world, theirs, {own: None}).status_code == 404
    assert over_json(world, road, {own: None}, Role.RESEARCHER).status_code == 403
    assert len(lines(world, own)) == 1
