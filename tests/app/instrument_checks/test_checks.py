"""From a film on the crystal to the limits of that day's readings: in range, drifted, out of range, not checked."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from app.laboratory.instrument_checks import service
from app.platform.kernel.actor import Role
from tests.app.instrument_checks.conftest import Lab
from tests.support.road import ok
from tests.support.small_files import small_curve, small_film, small_ms

POWDER = small_curve((690.0, 1040.0, 1250.0, 1490.0, 1700.0, 2950.0))


def test_a_film_in_its_place_is_in_range_and_says_nothing_in_the_limits(lab: Lab) -> None:
    kept = ok(lab.check(small_film(0.4)))
    assert (kept["state"], kept["widening"], kept["reasons"]) == ("in_range", 1.0, [])
    assert kept["figures"]["shift"] == pytest.approx(0.4, abs=0.15)
    assert kept["figures"]["signal_to_noise"] > 1000
    assert sum(band["found"] is not None for band in kept["figures"]["bands"]) == 12
    sample, _ = lab.reading(POWDER)
    assert not [words for words in lab.answer(sample)["limits"] if "Alpha II" in words]
    [view] = lab.get("/api/v1/instruments")
    assert (view["level"], view["in_date"], view["check"]["id"]) == ("in_date", True, kept["id"])


def test_a_reading_without_a_check_that_day_says_so_in_its_limits(lab: Lab) -> None:
    ok(lab.check(measured_at=(lab.now() - timedelta(days=1)).isoformat()))
    sample, _ = lab.reading(POWDER)
    [said] = [words for words in lab.answer(sample)["limits"] if "Alpha II" in words]
    assert "was not checked on" in said
    assert "Its last check was on" in said
    assert lab.get("/api/v1/instruments")[0]["level"] == "not_checked"


def test_drift_widens_the_limits_of_readings_of_that_day_also_of_those_before_the_check(lab: Lab) -> None:
    before, _ = lab.reading(POWDER)
    plain = lab.answer(before)
    kept = ok(lab.check(small_film(2.5)))
    assert kept["state"] == "drifted"
    assert "too high" in kept["reasons"][0]
    lab.work()
    again = lab.answer(before)
    assert again["answer"]["limits_widened"] == kept["widening"] > 1
    assert f"widened by a factor of {kept['widening']:g}" in " ".join(again["limits"])
    assert plain["answer"]["detection_limits"] == {"KEYONE": 0.05, "KEYTWO": 0.9}
    assert again["answer"]["detection_limits"] == {"KEYONE": pytest.approx(0.075), "KEYTWO": 1.0}


def test_out_of_range_opens_one_task_that_a_check_in_range_closes(lab: Lab) -> None:
    for _ in range(2):
        assert ok(lab.check(small_film(7.0)))["state"] == "out_of_range"
    [task] = lab.get("/api/v1/instruments/tasks")
    assert "Alpha II is out of range" in task["words"]
    assert lab.get("/api/v1/instruments")[0]["task"]["id"] == task["id"]
    for url, role in (("/bench", Role.CHEMIST), ("/instruments", Role.CHEMIST)):
        assert "Alpha II is out of range" in lab.client(role).get(url).text
    board = lab.client(Role.SESSION_LEAD).get(f"/sessions/{lab.stage.road.session_id}").text
    assert "0 of 1 instruments in tolerance" in board
    assert "out of range" in board
    ok(lab.check(small_film(0.1)))
    assert lab.get("/api/v1/instruments/tasks") == []
    rows = lab.get("/api/v1/audit", role=Role.ADMIN)
    assert [row["verb"] for row in rows if row["object_type"] == "instrument_task"] == ["close", "open"]
    assert (
        "1 of 1 instruments in tolerance"
        in lab.client(Role.SESSION_LEAD).get(f"/sessions/{lab.stage.road.session_id}").text
    )


def test_out_of_range_stays_so_on_the_next_day_and_its_limits_stay_wide(lab: Lab) -> None:
    yesterday = (lab.now() - timedelta(days=1)).isoformat()
    kept = ok(lab.check(small_film(7.0), measured_at=yesterday))
    assert lab.get("/api/v1/instruments")[0]["level"] == "out_of_range"
    sample, _ = lab.reading(POWDER)
    found = lab.answer(sample)
    assert found["answer"]["limits_widened"] == kept["widening"] == 2.0
    assert "was not checked on" in " ".join(found["limits"])


def test_a_task_is_closed_with_words_and_the_instrument_stays_as_it_is(lab: Lab) -> None:
    ok(lab.check(small_film(7.0)))
    [task] = lab.get("/api/v1/instruments/tasks")
    url = f"/api/v1/instruments/tasks/{task['id']}/close"
    head = {"If-Match": '"1"'}
    assert lab.client().post(url, json={"words": ""}, headers=head).status_code == 422
    assert lab.client(agency="other").post(url, json={"words": "x"}, headers=head).status_code == 404
    assert ok(lab.client().post(url, json={"words": "sent away"}, headers=head))["closed_words"] == "sent away"
    assert lab.client().post(url, json={"words": "again"}, headers=head).status_code == 412
    assert lab.get("/api/v1/instruments")[0]["level"] == "out_of_range"


def test_a_withdrawn_check_counts_no_more_and_takes_its_task_along(lab: Lab) -> None:
    kept = ok(lab.check(small_film(7.0)))
    sample, _ = lab.reading(POWDER)
    assert lab.answer(sample)["answer"]["limits_widened"] == 2.0
    url = f"/api/v1/instruments/checks/{kept['id']}/withdraw"
    assert ok(lab.client().post(url, json={"reason": "wrong film"}, headers={"If-Match": '"1"'}))["withdrawn_at"]
    assert lab.get("/api/v1/instruments/tasks") == []
    lab.work()
    found = lab.answer(sample)
    assert "limits_widened" not in found["answer"]
    assert "was not checked on" in " ".join(found["limits"])


def test_what_is_no_film_is_refused_and_nothing_is_kept(lab: Lab) -> None:
    for content, words in (
        (POWDER, "does not look like polystyrene film"),
        (small_film(noise=0.4), ""),
        (small_ms(), "no infrared spectrum"),
        (b"nonsense", "not read"),
    ):
        answer = lab.check(content)
        assert answer.status_code in (415, 422), answer.text
        assert words in answer.text
    assert lab.check(material="lead").status_code == 422
    assert lab.check(measured_at=(lab.now() + timedelta(days=2)).isoformat()).status_code == 422
    assert lab.check(machine=lab.machine("GC 1", "gc_ms")).status_code == 422
    assert lab.check(agency="other").status_code == 404
    assert lab.get("/api/v1/instruments/checks")["rows"] == []


def test_a_reading_of_a_sample_can_be_the_check_of_its_instrument(lab: Lab) -> None:
    _, reading = lab.reading(small_film(1.4))
    page = lab.client().get(f"/instruments/check?reading={reading}").text
    assert "Use as instrument check" in page
    url = f"/api/v1/instruments/{lab.machine()}/checks"
    body = {"reading_id": reading, "material": "polystyrene_film"}
    kept = ok(lab.client().post(url, json=body))
    assert (kept["reading_id"], kept["state"]) == (reading, "drifted")
    form = {"reading": reading, "instrument": lab.machine(), "material": "polystyrene_film"}
    answer = lab.client().post("/instruments/check", data=form)
    assert answer.headers["Location"] == f"/instruments/{lab.machine()}?done=drifted"
    assert lab.client().post("/instruments/check", data={**form, "material": ""}).status_code == 422


def test_the_page_of_an_instrument_checks_withdraws_and_shows_every_band(lab: Lab) -> None:
    here = f"/instruments/{lab.machine(certificate_due='2030-01-01T00:00:00Z')}"
    film = {"file": ("film.jdx", small_film(-1.5))}
    answer = lab.client().post(f"{here}/checks", data={"material": "polystyrene_film"}, files=film)
    assert answer.headers["Location"] == f"{here}?done=drifted"
    page = lab.client().get(f"{here}?done=drifted").text
    assert "1601.3" in page
    assert "−1.5 cm⁻¹" in page
    assert lab.client().post(f"{here}/checks", data={"material": "polystyrene_film"}).status_code == 422
    nothing = lab.client().post(f"{here}/checks", data={"measured_on": "soon"}, files=film)
    assert "Enter the date" in nothing.text
    [kept] = lab.get("/api/v1/instruments/checks")["rows"]
    form = {"version": "1", "reason": ""}
    assert "Say why" in lab.client().post(f"/instruments/checks/{kept['id']}/withdraw", data=form).text
    ok(lab.client().post(f"/instruments/checks/{kept['id']}/withdraw", data={**form, "reason": "test"}), 303)


def test_the_newest_check_of_the_day_counts_whatever_its_order_of_entry(lab: Lab) -> None:
    machine = lab.machine()
    late = ok(lab.check(small_film(0.0)))
    early = ok(lab.check(small_film(2.5), measured_at=(lab.now() - timedelta(hours=1)).isoformat()))
    with lab.world.runtime.read() as session:
        found = service.latest_check(session, UUID(machine), lab.now())
    assert found is not None
    assert str(found.id) == late["id"] != early["id"]


def test_an_instrument_is_added_once_and_belongs_to_its_agency(lab: Lab) -> None:
    lab.machine("Alpha II", certificate_due="2020-01-01T00:00:00Z")
    again = lab.client().post("/api/v1/instruments", json={"name": "alpha ii", "method": "ftir"})
    assert again.status_code == 409
    assert lab.client().post("/api/v1/instruments", json={"name": "Strip", "method": "strip"}).status_code == 422
    assert lab.get("/api/v1/instruments", agency="other") == []
    assert lab.get("/api/v1/instruments")[0]["level"] == "overdue"
    form = {"name": "", "method": "x", "certificate_due": "soon"}
    page = lab.client().post("/instruments", data=form)
    assert page.status_code == 422
    assert "Choose a method" in page.text
    answer = lab.client().post(
        "/instruments", data={"name": "GC 1", "method": "gc_ms", "certificate_due": "2031-05-01"}
    )
    assert answer.status_code == 303
    assert "GC 1" in lab.client().get("/instruments").text


def test_a_reading_of_another_instrument_or_of_a_withdrawn_sample_checks_nothing(lab: Lab) -> None:
    sample, reading = lab.reading(small_film())
    body = {"reading_id": reading, "material": "polystyrene_film"}
    other = lab.client().post(f"/api/v1/instruments/{lab.machine('Nicolet')}/checks", json=body)
    assert (other.status_code, "measured on another instrument" in other.text) == (422, True)
    ok(lab.client(Role.RECEPTION).post(f"/api/v1/samples/{sample}/withdraw", json={}))
    withdrawn = lab.client().post(f"/api/v1/instruments/{lab.machine()}/checks", json=body)
    assert (withdrawn.status_code, "was withdrawn" in withdrawn.text) == (409, True)


def test_a_reading_is_compared_again_when_its_instrument_is_put_right(lab: Lab) -> None:
    drifted, other = lab.machine(), lab.machine("Alpha III")
    ok(lab.check(small_film(2.5), machine=drifted))
    ok(lab.check(small_film(0.2), machine=other))
    sample, reading = lab.reading(POWDER, machine=drifted)
    assert lab.answer(sample)["answer"]["limits_widened"] > 1
    [analysis] = lab.get(f"/api/v1/samples/{sample}/analyses")
    url, at = f"/api/v1/analyses/{analysis['id']}", {"If-Match": f'"{analysis["version"]}"'}
    ok(lab.client().patch(url, json={"instrument_id": other, "reason": "wrong label"}, headers=at))
    lab.work()
    answer = lab.answer(sample)
    assert "limits_widened" not in answer["answer"]
    assert not [words for words in answer["limits"] if "Alpha II " in words]
    assert lab.get(f"/api/v1/samples/{sample}/analyses")[0]["readings"][0]["id"] == reading
