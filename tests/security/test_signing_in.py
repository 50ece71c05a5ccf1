"""Sign-in, sessions and tokens: wrong ones answer alike, old ones end, nobody gets more than they have."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.responses import Response
from sqlmodel import select

from app.intake.people import service as people
from app.operations import api as system_api
from app.platform.kernel.actor import Role
from app.platform.web.tables import IdempotencyRow
from tests.app.conftest import PASSWORD

CHEMIST = "chemist.own"


def sign_in(client: Any, username: str = CHEMIST, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in", data={"username": username, "password": password, **more})


@pytest.mark.parametrize(("minutes", "status"), [(44, 200), (46, 401)])
def test_a_silent_browser_is_signed_out(world: Any, clock: Any, minutes: int, status: int) -> None:
    client = world.as_(Role.CHEMIST)
    clock.advance(minutes=minutes)
    assert client.get("/api/v1/me").status_code == status


BY_ITSELF = {"Mast-By-Itself": "1"}
STREAM = {"Accept": "text/event-stream"}


@pytest.mark.parametrize(
    "live", [BY_ITSELF, STREAM, {**BY_ITSELF, "HX-Request": "true"}], ids=["poll", "stream", "part"]
)
def test_a_tablet_whose_page_only_renews_itself_is_signed_out_and_one_that_somebody_taps_on_is_not(
    world: Any, clock: Any, live: dict[str, str]
) -> None:
    """The attack: an idle tablet stayed signed in for hours, because the live parts of its page counted as use."""
    left, used = world.as_(Role.CHEMIST), world.as_(Role.VERIFIER)
    for _ in range(5):
        clock.advance(minutes=10)
        answers = [client.get("/api/v1/me", headers=live).status_code for client in (left, used)]
        assert used.get("/api/v1/me").status_code == 200
    assert answers == [401, 200]


def test_a_stream_lasts_no_longer_than_an_idle_session(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was open until the last hour of the session, however long nobody used the tablet."""
    asked: list[float] = []

    def keep(hub: Any, accepts: Any, request: Any, *, lasts_s: float) -> Response:
        asked.append(lasts_s)
        return Response()

    monkeypatch.setattr(system_api, "event_stream", keep)
    world.as_(Role.CHEMIST).get("/api/v1/events")
    assert asked == [45 * 60]


def test_a_busy_browser_is_signed_out_after_twelve_hours_all_the_same(world: Any, clock: Any) -> None:
    client = world.as_(Role.CHEMIST)
    for _ in range(23):
        clock.advance(minutes=30)
        assert client.get("/api/v1/me").status_code == 200
    clock.advance(minutes=31)
    assert client.get("/api/v1/me").status_code == 401


def test_a_form_sent_after_the_session_ended_says_so(world: Any, clock: Any) -> None:
    client = world.as_(Role.ADMIN)
    clock.advance(hours=13)
    answer = client.post("/people", data={"username": "x"}, headers={"Accept": "text/html"})
    assert answer.headers["location"] == "/sign-in?ended=1"
    assert "Everything you saved before is kept" in client.get("/sign-in?ended=1").text


def test_a_token_never_has_a_role_its_owner_lacks_or_has_lost(world: Any) -> None:
    client = world.as_(Role.CHEMIST)
    body = {"label": "x", "roles": ["session_lead"], "password": PASSWORD}
    assert client.post("/api/v1/tokens", json=body).status_code == 403
    token = client.post("/api/v1/tokens", json=body | {"roles": ["chemist"]}).json()["token"]
    with world.runtime.db.begin(world.actors[Role.ADMIN]) as uow:
        row = uow.session.get(people.PersonRole, (world.actors[Role.CHEMIST].person_id, Role.CHEMIST))
        uow.session.delete(row)
    answer = world.anonymous().get("/bench", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_a_token_ends_by_itself_and_when_revoked(world: Any, clock: Any) -> None:
    client = world.as_(Role.CHEMIST)
    issued = client.post("/api/v1/tokens", json={"label": "x", "days": 1, "password": PASSWORD}).json()
    bearer = {"Authorization": f"Bearer {issued['token']}"}
    other = client.post("/api/v1/tokens", json={"label": "y", "days": 3, "password": PASSWORD}).json()
    listed = client.get("/api/v1/tokens")
    assert {one["label"] for one in listed.json()} == {"x", "y"}
    assert issued["token"] not in listed.text, "shown once"
    assert world.as_(Role.VERIFIER).delete(f"/api/v1/tokens/{other['id']}").status_code == 404
    assert client.delete(f"/api/v1/tokens/{other['id']}").status_code == 204
    assert world.anonymous().get("/api/v1/me", headers={"Authorization": f"Bearer {other['token']}"}).status_code == 401
    assert world.anonymous().get("/api/v1/me", headers=bearer).status_code == 200
    clock.advance(days=1, seconds=1)
    assert world.anonymous().get("/api/v1/me", headers=bearer).status_code == 401


def test_the_password_asked_for_again_leaves_no_plain_hash(world: Any) -> None:
    """A retry is known by a hash of its body; a plain one of a body with a password could be guessed offline."""
    sent = json.dumps({"label": "x", "password": PASSWORD}).encode()
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    assert world.as_(Role.CHEMIST).post("/api/v1/tokens", content=sent, headers=headers).status_code == 201
    with world.runtime.read() as session:
        row = session.exec(select(IdempotencyRow)).one()
    assert row.request_hash != hashlib.sha256(b"POST /api/v1/tokens?\n" + sent).hexdigest()
    assert world.as_(Role.CHEMIST).post("/api/v1/tokens", content=sent, headers=headers).headers["Idempotency-Replayed"]


def test_no_secret_is_stored_in_clear(world: Any) -> None:
    client = world.anonymous()
    sign_in(client)
    token = client.post("/api/v1/tokens", json={"label": "x", "password": PASSWORD}).json()["token"]
    folder = Path(world.runtime.db.url.removeprefix("sqlite:///")).parent
    stored = b"".join(p.read_bytes() for p in folder.glob("mast.sqlite3*"))
    for secret in (client.cookies["__Host-mast"], token, PASSWORD):
        assert secret.encode() not in stored
    assert b"$argon2id$" in stored
