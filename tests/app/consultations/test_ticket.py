"""Opening a ticket: one answer for every wrong code, throttles, the cookie, and the page without JavaScript."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.care.consultations import web
from app.intake.samples import lookup
from app.intake.samples import service as samples
from app.platform.db import UnitOfWork
from app.platform.kernel.actor import Role
from app.platform.live import publish
from app.platform.live.hub import LiveEvent
from tests.support.live import parse, running_hub
from tests.support.visitor import Visitor

from .conftest import VIEW, Desk

COOKIE = "__Host-mast-ticket"
UNKNOWN = "3333 3333 3333"


def answer(browser: TestClient, code: str) -> tuple[int, dict[str, Any]]:
    """Status and body, the request's own number left out."""
    got = browser.post(VIEW, json={"code": code})
    return got.status_code, {k: v for k, v in got.json().items() if k != "request_id"}


def change(lab: Desk, sample_id: Any, act: Any) -> None:
    with lab.runtime.db.begin(lab.actor(Role.RECEPTION)) as uow:
        act(uow, lookup.get_sample(uow.session, uow.actor, sample_id))


def withdraw(uow: UnitOfWork, sample: samples.Sample) -> None:
    samples.withdraw(uow, sample, "asked")


def test_wrong_expired_withdrawn_replaced_and_back_of_house_codes_answer_alike(
    lab: Desk, world: Any, clock: Any
) -> None:
    browser = world.anonymous()
    unknown = answer(browser, UNKNOWN)
    assert (unknown[0], unknown[1]["type"]) == (404, "urn:mast:problem:ticket_unknown")
    withdrawn, replaced, expired = lab.sample(), lab.sample(), lab.sample()
    hidden = lab.sample(session_id=world.session(licence="boh_no_individual_results"))
    change(lab, withdrawn, withdraw)
    change(lab, replaced, lambda uow, row: samples.reissue_ticket(uow, row, lab.runtime.pepper))
    assert answer(browser, "not a code at all") == unknown
    assert answer(browser, lab.codes[expired][::-1]) == unknown
    for sample_id in (withdrawn, replaced, hidden):
        assert answer(browser, lab.codes[sample_id]) == unknown
    clock.advance(days=15)
    assert answer(browser, lab.codes[expired]) == unknown


def test_a_browser_that_held_a_ticket_loses_it_when_the_sample_is_withdrawn(lab: Desk, world: Any) -> None:
    sample_id, browser = lab.sample(), world.anonymous()
    lab.see(sample_id, browser)
    assert browser.get("/t/part").status_code == 200
    change(lab, sample_id, withdraw)
    assert browser.get("/t/part").status_code == 401
    assert "Ticket code" in browser.get("/t").text


def test_wrong_codes_are_limited_per_address_and_right_ones_are_served_all_the_same(lab: Desk, world: Any) -> None:
    sample_id, browser = lab.sample(), world.anonymous()
    statuses = [browser.post(VIEW, json={"code": UNKNOWN}).status_code for _ in range(12)]
    assert statuses == [404] * 10 + [429] * 2
    limited = browser.post(VIEW, json={"code": UNKNOWN})
    assert limited.headers["Retry-After"] == "60"
    assert "Too many wrong codes" in limited.json()["detail"]
    form = world.anonymous().post("/t", data={"code": UNKNOWN})
    assert (form.status_code, form.headers["Retry-After"]) == (429, "60")
    assert lab.see(sample_id, browser)["kind"] == "waiting"


def test_wrong_codes_are_limited_for_the_whole_site_and_holders_do_not_notice(
    lab: Desk, world: Any, clock: Any
) -> None:
    sample_id = lab.sample()
    served = 0
    for address in range(12):
        browser = Visitor(world.app, world.portal, client=(f"10.0.0.{address}", 1))
        served += sum(browser.post(VIEW, json={"code": UNKNOWN}).status_code == 404 for _ in range(10))
    assert served == 60
    assert lab.see(sample_id)["kind"] == "waiting"
    clock.advance(seconds=61)
    assert world.anonymous().post(VIEW, json={"code": UNKNOWN}).status_code == 404


def test_back_of_house_codes_count_as_wrong_ones(lab: Desk, world: Any) -> None:
    hidden = lab.sample(session_id=world.session(licence="boh_no_individual_results"))
    browser = world.anonymous()
    statuses = [browser.post(VIEW, json={"code": lab.codes[hidden]}).status_code for _ in range(11)]
    assert statuses[-1] == 429, "else the difference would say that the code is real"


def test_the_ticket_cookie_is_out_of_reach_of_scripts_and_other_sites_and_not_the_code(lab: Desk, world: Any) -> None:
    sample_id = lab.sample()
    got = world.anonymous().post(VIEW, json={"code": lab.codes[sample_id]})
    cookie = got.headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert name == COOKIE
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in rest.split(";")[1:]}
    assert "Domain" not in cookie
    assert "Max-Age=86400" in cookie
    assert lab.codes[sample_id] not in cookie


def test_the_browsers_own_secret_ends_after_a_day(lab: Desk, world: Any, clock: Any) -> None:
    sample_id, browser = lab.sample(), world.anonymous()
    browser.post("/t", data={"code": lab.codes[sample_id]})
    clock.advance(hours=25)
    assert browser.get("/t/part").status_code == 401


def test_without_javascript_a_typed_code_leads_to_the_page_under_an_address_without_it(lab: Desk, world: Any) -> None:
    sample_id, browser = lab.sample(), world.anonymous()
    assert "Ticket code" in browser.get("/t").text
    typed = lab.codes[sample_id].lower()
    typed = f"{typed[:4]}-{typed[4:8]} {typed[8:]}"
    sent = browser.post("/t", data={"code": typed})
    assert (sent.status_code, sent.headers["location"]) == (303, "/t")
    page = browser.get("/t").text
    assert "Your sample is in the queue" in page
    assert lab.codes[sample_id] not in page
    assert "Your sample is in the queue" in browser.get("/t/part").text


def test_closing_the_result_takes_the_cookie_back(lab: Desk, world: Any) -> None:
    sample_id, browser = lab.sample(), world.anonymous()
    lab.see(sample_id, browser)
    assert browser.post("/t/forget").headers["location"] == "/t"
    assert COOKIE not in browser.cookies
    assert "Ticket code" in browser.get("/t").text
    assert browser.get("/t/part").status_code == 401


# -- live -------------------------------------------------------------------------------------------------------


def event(topic: str, kind: str, *, sample: Any = None, session: Any = None, **payload: Any) -> LiveEvent:
    return LiveEvent(1, None, topic, kind, None, session, sample, payload, b"")  # type: ignore[arg-type]


def test_a_screen_hears_of_its_own_sample_and_of_the_queue_before_it_only(lab: Desk, world: Any) -> None:
    lab.sample()
    mine, later = lab.row(lab.sample()), lab.row(lab.sample())
    elsewhere = lab.row(lab.sample(session_id=world.session()))
    hears = web.concerns(mine)
    assert hears(event("client", "changed", sample=mine.id))
    assert hears(event("sample", "analysis.added", sample=mine.id, session=mine.session_id))
    assert hears(event("queue", "sample.released", session=mine.session_id, number=1))
    assert hears(event("queue", "sample.withdrawn", session=mine.session_id, number=1))
    assert not hears(event("queue", "sample.released", session=mine.session_id, number=later.number))
    assert not hears(event("queue", "sample.received", session=mine.session_id, number=1))
    assert not hears(event("queue", "sample.released", session=elsewhere.session_id, number=1))
    assert not hears(event("client", "changed", sample=later.id, session=mine.session_id))
    assert not hears(event("result", "result.findings", sample=mine.id)), "a draft is nothing for a client"


def test_a_clients_event_says_only_that_something_happened(lab: Desk) -> None:
    async def first_events() -> list[bytes]:
        async with running_hub(lab.runtime.db) as hub:
            streams = [aiter(hub.subscribe(lambda _: True, contents=contents)) for contents in (True, False)]
            for stream in streams:
                await anext(stream)
            with lab.runtime.db.begin() as uow:
                publish(uow, "queue", "sample.released", payload={"number": 41})
            return [await asyncio.wait_for(anext(stream), 20) for stream in streams]

    told, blank = map(parse, asyncio.run(first_events()))
    assert told.data["number"] == 41
    assert (blank.data, blank.id, blank.event) == ({}, told.id, "message")


# -- who sees a code --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD, Role.HEALTH_WORKER])
def test_no_page_of_staff_shows_a_ticket_code(lab: Desk, world: Any, role: Role) -> None:
    sample_id = lab.sample()
    lab.found(sample_id)
    code = lab.codes[sample_id]
    forms = {code, f"{code[:4]}-{code[4:8]}-{code[8:]}", f"{code[:4]} {code[4:8]} {code[8:]}"}
    hashed = lab.row(sample_id).ticket_hmac
    pages = 0
    for url in (
        f"/bench/samples/{sample_id}",
        "/bench",
        f"/samples/{sample_id}",
        f"/consultations/samples/{sample_id}",
        "/consultations",
        f"/api/v1/samples/{sample_id}",
        f"/api/v1/samples/{sample_id}/results",
        f"/api/v1/samples/{sample_id}/consultations",
    ):
        got = world.as_(role).get(
            url, headers={"Accept": "application/json" if url.startswith("/api") else "text/html"}
        )
        pages += got.status_code == 200
        assert not any(form in got.text for form in forms), url
        assert str(hashed) not in got.text, url
    assert pages >= 4


def test_a_ticket_expires_so_many_days_after_the_session_and_not_before(lab: Desk, clock: Any) -> None:
    sample_id = lab.sample()
    expires = lab.row(sample_id).ticket_expires_at
    assert expires is not None
    clock.advance(seconds=(expires - clock() - timedelta(seconds=1)).total_seconds())
    assert lab.see(sample_id)["kind"] == "waiting"
    clock.advance(seconds=1)
    assert answer(lab.world.anonymous(), lab.codes[sample_id])[0] == 404
