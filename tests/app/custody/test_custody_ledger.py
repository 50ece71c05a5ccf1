"""The custody ledger: it adds up, and a destruction has a second person."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intake.custody.domain import Balance, CustodyKind, balance, problems
from app.platform.kernel.actor import Role
from tests.support.budget import size

CONSENTS = {"analysis": "yes", "age_18_attested": "yes", "understands_not_safe": "yes"}
WEIGHTS = st.floats(min_value=0.1, max_value=10_000)
GONE = st.sampled_from([k for k in CustodyKind if k not in (CustodyKind.RECEIVED, CustodyKind.MOVED)])


@settings(max_examples=size(30, 200))
@given(WEIGHTS, st.lists(st.tuples(GONE, WEIGHTS), max_size=8))
def test_received_is_always_what_went_plus_what_is_left(received: float, gone: list[tuple[CustodyKind, float]]) -> None:
    b = balance([(CustodyKind.RECEIVED, received), (CustodyKind.MOVED, None), *gone])
    went = b.consumed + b.destroyed + b.retained + b.to_police + b.variance
    assert b.received == pytest.approx(went + b.remaining, abs=0.001)


@pytest.mark.parametrize(
    ("kind", "mg", "field"),
    [
        (CustodyKind.CONSUMED, 10.2, "mg"),
        (CustodyKind.CONSUMED, None, "mg"),
        (CustodyKind.CONSUMED, -1.0, "mg"),
        (CustodyKind.RECEIVED, 5.0, "mg"),
        (CustodyKind.MOVED, None, "place"),
    ],
)
def test_a_line_that_does_not_add_up_says_which_field(kind: CustodyKind, mg: float | None, field: str) -> None:
    assert set(problems(kind, mg, "", Balance(received=10.0))) == {field}


def test_a_line_that_adds_up_has_no_problem() -> None:
    ten = Balance(received=10.0)
    assert not problems(CustodyKind.CONSUMED, 10.0, "", ten)
    assert not problems(CustodyKind.VARIANCE, -0.4, "", ten)
    assert not problems(CustodyKind.MOVED, None, "safe 2", ten)
    assert problems(CustodyKind.CONSUMED, 1.0, "", Balance())


def weighed_in(world: Any, mg: float | None = 40.0) -> str:
    sent: dict[str, Any] = {"form": "powder", "consents": CONSENTS, "received_mg": mg}
    answer = world.as_(Role.RECEPTION).post(f"/api/v1/sessions/{world.session()}/samples", json=sent)
    return str(answer.json()["sample"]["id"])


def write(world: Any, sample_id: str, role: Role = Role.CHEMIST, key: str = "", **line: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return world.as_(role).post(f"/api/v1/samples/{sample_id}/custody", json=line, headers=headers)


def test_a_destruction_needs_another_person_of_the_service_as_witness(world: Any) -> None:
    sample_id = weighed_in(world)
    own, foreign = world.actors[Role.CHEMIST].person_id, world.other_actors[Role.CHEMIST].person_id
    for witness in (None, str(own), str(foreign), str(uuid.uuid4())):
        answer = write(world, sample_id, kind="destroyed", mg=5, witness_id=witness)
        assert answer.status_code == 422
        assert "witness_id" in answer.json()["fields"]
    assert len(world.as_(Role.CHEMIST).get(f"/api/v1/samples/{sample_id}/custody").json()["lines"]) == 1


def test_more_than_is_left_cannot_go(world: Any) -> None:
    sample_id = weighed_in(world)
    answer = write(world, sample_id, kind="to_police", mg=40.5)
    assert answer.status_code == 422
    assert "Only 40 mg should be left" in answer.json()["detail"]


def test_nothing_is_used_up_before_it_was_weighed_in(world: Any) -> None:
    sample_id = weighed_in(world, None)
    assert write(world, sample_id, kind="consumed", mg=1).status_code == 422
    assert write(world, sample_id, kind="received", mg=8).status_code == 201
    assert write(world, sample_id, kind="consumed", mg=1).status_code == 201


@pytest.mark.parametrize(
    "bad", [{"mg": "NaN"}, {"mg": 1e300}, {"place": "a\x00"}, {"kind": "given_back"}, {"note": "x"}]
)
def test_what_cannot_be_written_is_refused(world: Any, bad: dict[str, Any]) -> None:
    assert write(world, weighed_in(world), **({"kind": "consumed", "mg": 1} | bad)).status_code == 422


def test_the_sample_page_shows_the_ledger_and_takes_a_line(world: Any) -> None:
    sample_id, client = weighed_in(world), world.as_(Role.CHEMIST)
    assert "40 mg" in client.get(f"/samples/{sample_id}").text
    wrong = client.post(f"/samples/{sample_id}/custody", data={"kind": "destroyed", "mg": "7,5"})
    assert wrong.status_code == 422
    assert "needs a witness" in wrong.text
    assert 'value="7,5"' in wrong.text
    data = {"kind": "destroyed", "mg": "7,5", "witness_id": str(world.actors[Role.RECEPTION].person_id)}
    assert client.post(f"/samples/{sample_id}/custody", data=data).status_code == 303
    page = client.get(f"/samples/{sample_id}").text
    assert "7.5\u00a0mg" in page
    assert "seen by Reception Own" in page
