"""Who verifies, releases or signs shows once more who they are, where the service asks for it; and nothing that was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlmodel import select

from app.intake.people.web_proving import ENDPOINT
from app.platform.audit import AuditEntry
from app.platform.security.policy import api_routes
from app.settings import Settings
from tests.app.conftest import PASSWORD
from tests.app.people.conftest import HOST, NAMED, ORIGIN, add_passkey
from tests.support.authenticator import Authenticator
from tests.support.clock import SettableClock
from tests.support.staged import packs_are_read_but_not_checked  # noqa: F401
from tests.support.writes import WRITES, Call, Stage, alert_after

BROWSER = {"Accept": "text/html"}
NEEDED = "urn:mast:problem:proof_needed"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update=NAMED | {"prove_again_minutes": 15})


@pytest.fixture
def stage(world: Any) -> Stage:
    return Stage(world)


def later(stage: Stage, call: Call, clock: SettableClock, minutes: int = 16) -> Call:
    """The same call, by someone who signed in this long ago."""
    stage.client(call.role)
    clock.advance(minutes=minutes)
    return call


def verify(stage: Stage) -> Call:
    """A step of the verifier, with words that must not be lost."""
    sample = stage.road.register()
    result, etag = stage.road.draft(sample, [stage.road.analysis(sample, method="gc_ms")])
    etag = stage.road.step("chemist", result, "submit", etag)
    form = {"action": "verify", "result": result, "version": etag.strip('"'), "reason": "looked at it twice"}
    return Call("verifier", "/bench/samples/{sample_id}/act", {"sample_id": sample}, {"data": form})


def release(stage: Stage) -> Call:
    return WRITES["POST", "/bench/samples/{sample_id}/act"](stage)


def sign(stage: Stage) -> Call:
    return WRITES["POST", "/messages/{version_id}/sign"](stage)


def agree(stage: Stage) -> Call:
    row = alert_after(stage, ("submit", "chemist"))
    form = {"data": {"version": row["version"], "reason": ""}}
    return Call("clinician", "/alerts/{alert_id}/{step}", {"alert_id": row["id"], "step": "agree"}, form)


def send(stage: Stage, call: Call, **more: str) -> Any:
    form = {**call.more["data"], **more}
    return stage.client(call.role).post(call.at(), data=form, headers=BROWSER)


def held_in(page: str) -> dict[str, str]:
    """The hidden fields of the first form of the page's own part."""
    form = page.partition("<main")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}


@pytest.mark.parametrize("step", [verify, release, sign, agree], ids=lambda step: step.__name__)
def test_each_step_asks_when_the_last_proof_is_old_and_is_then_carried_out(
    stage: Stage, clock: SettableClock, step: Callable[[Stage], Call]
) -> None:
    call = later(stage, step(stage), clock)
    asked = send(stage, call)
    assert asked.status_code == 403
    assert "Is it you" in asked.text
    assert f'action="{call.at()}"' in asked.text
    held = held_in(asked.text)
    assert held == {name: str(value) for name, value in call.more["data"].items()}
    wrong = send(stage, Call(call.role, call.url, call.path, {"data": held}), proof_password="another")
    assert wrong.status_code == 422
    assert "This is not your password" in wrong.text
    assert held_in(wrong.text) == held
    assert "another" not in wrong.text
    done = send(stage, Call(call.role, call.url, call.path, {"data": held}), proof_password=PASSWORD)
    assert done.status_code == 303, done.text
    with stage.world.runtime.read() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.verb == "prove"))
    assert entry.after == {"by": "password"}


def test_nothing_is_asked_within_the_minutes_nor_by_other_steps(stage: Stage, clock: SettableClock) -> None:
    assert send(stage, later(stage, release(stage), clock, 14)).status_code == 303
    call = later(stage, verify(stage), clock)
    call.more["data"]["action"] = "return"
    assert "Is it you" not in send(stage, call).text


def test_a_proof_expires_again(stage: Stage, clock: SettableClock) -> None:
    first, second = release(stage), later(stage, release(stage), clock)
    assert send(stage, first, proof_password=PASSWORD).status_code == 303
    clock.advance(minutes=16)
    assert send(stage, second).status_code == 403


def test_a_passkey_of_ones_own_proves_it_and_anothers_does_not(stage: Stage, clock: SettableClock) -> None:
    call, another = release(stage), release(stage)
    mine, others = Authenticator(ORIGIN, HOST), Authenticator(ORIGIN, HOST)
    for role, device in (("session_lead", mine), ("chemist", others)):
        assert add_passkey(stage.client(role), device).status_code == 303
    clock.advance(minutes=16)
    lead = stage.client("session_lead")
    assert "Continue with a passkey" in send(stage, call).text
    refused = send(stage, call, proof_passkey=others.show(lead.post("/sign-in/passkey/options").json()))
    assert refused.status_code == 422
    assert "not one of yours" in refused.text
    answer = mine.show(lead.post("/sign-in/passkey/options").json())
    assert send(stage, call, proof_passkey=answer).status_code == 303
    clock.advance(minutes=16)
    assert send(stage, another, proof_passkey=answer).status_code == 422


def test_over_json_the_problem_names_where_to_prove_oneself(stage: Stage, clock: SettableClock) -> None:
    call = later(stage, WRITES["POST", "/api/v1/results/{result_id}/{action}"](stage), clock)
    lead = stage.client(call.role)
    problem = lead.post(call.at(), **call.more)
    assert problem.status_code == 403
    assert (problem.json()["type"], problem.json()["prove_at"]) == (NEEDED, ENDPOINT)
    assert lead.post(ENDPOINT, json={"password": "another"}).status_code == 422
    assert lead.post(ENDPOINT, json={}).status_code == 422
    assert lead.post(ENDPOINT, json={"password": PASSWORD}).status_code == 204
    assert lead.post(call.at(), **call.more).status_code == 200


def test_a_token_proves_nothing(stage: Stage) -> None:
    call = WRITES["POST", "/api/v1/results/{result_id}/{action}"](stage)
    body = {"label": "balance", "password": PASSWORD}
    token = stage.client(call.role).post("/api/v1/tokens", json=body).json()["token"]
    program = stage.world.anonymous()
    program.headers["Authorization"] = f"Bearer {token}"
    problem = program.post(call.at(), **call.more)
    assert (problem.status_code, problem.json()["type"]) == (403, NEEDED)
    assert "prove_at" not in problem.json()
    assert program.post(ENDPOINT, json={"password": PASSWORD}).status_code == 403


def test_wrong_proofs_are_counted_as_at_signing_in(stage: Stage, clock: SettableClock) -> None:
    call = later(stage, release(stage), clock)
    answers = [send(stage, call, proof_password="another").status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]


def test_who_may_not_take_the_step_is_told_that_and_not_asked(stage: Stage, clock: SettableClock) -> None:
    call = sign(stage)
    call = later(stage, Call("reception", call.url, call.path, call.more), clock)
    answer = send(stage, call)
    assert answer.status_code == 403
    assert "Is it you" not in answer.text


def test_every_route_of_a_signature_asks(world: Any) -> None:
    asking = {
        str(route.path)
        for route in api_routes(world.app)
        if isinstance(route.original_route, APIRoute)
        and any(hasattr(one.call, "mast_proven") for one in route.dependant.dependencies)
    }
    assert asking == {
        "/api/v1/results/{result_id}/{action}", "/bench/samples/{sample_id}/act",
        "/api/v1/message-packs/{version_id}/sign", "/messages/{version_id}/sign",
        "/api/v1/alerts/{alert_id}/{step}", "/alerts/{alert_id}/{step}",
        "/api/v1/urgent-messages/{urgent_id}/approve", "/consultations/urgent/{urgent_id}/approve",
    }  # fmt: skip
