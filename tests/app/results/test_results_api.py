"""Results over HTTP: shapes, ETags, refusals with every reason, and nothing for strangers."""

from __future__ import annotations

from typing import Any

from app.platform.kernel.actor import Role
from app.platform.kernel.ids import new_id

from .conftest import Lab

CHEMIST, VERIFIER, LEAD = Role.CHEMIST, Role.VERIFIER, Role.SESSION_LEAD


def _draft(lab: Lab, world: Any) -> tuple[str, str]:
    sample_id = lab.sample()
    ran = lab.analysis(sample_id)
    answer = world.as_(CHEMIST).post(f"/api/v1/samples/{sample_id}/results", headers={"Idempotency-Key": str(new_id())})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], str(ran)


def test_a_result_goes_the_whole_road_over_http(lab: Lab, world: Any) -> None:
    result, ran = _draft(lab, world)
    amount = {"value": 71, "low": 67, "high": 75, "unit": "percent_ww", "basis": "hydrochloride"}
    cocaine = {"substance": "cocaine", "abundance": "major", "amount": amount, "analyses": [ran]}
    body = {"findings": [cocaine]}
    chemist, url = world.as_(CHEMIST), f"/api/v1/results/{result}"
    assert chemist.put(f"{url}/findings", json=body).status_code == 428
    saved = chemist.put(f"{url}/findings", json=body, headers={"If-Match": '"1"'})
    assert saved.status_code == 200, saved.text
    assert saved.headers["ETag"] == '"2"'
    finding = saved.json()["findings"][0]
    assert (finding["role"], finding["confidence"]) == ("substitute", "indicated")
    assert saved.json()["verdict"] == "not_as_expected"
    assert finding["amount"] == amount | {"k": 2}
    steps = {s["action"]: s for s in chemist.get(url).json()["steps"]}
    assert steps["submit"] == {"action": "submit", "allowed": True, "asks": [], "reasons": []}
    assert chemist.post(f"{url}/submit", json={}, headers={"If-Match": '"2"'}).json()["state"] == "submitted"
    refused = chemist.post(f"{url}/verify", json={}, headers={"If-Match": '"3"'})
    assert refused.status_code == 409
    assert len(refused.json()["reasons"]) == 2
    assert world.as_(VERIFIER).post(f"{url}/verify", json={}, headers={"If-Match": '"3"'}).status_code == 200
    assert world.as_(LEAD).post(f"{url}/release", json={}, headers={"If-Match": '"4"'}).json()["state"] == "released"
    amended = chemist.post(f"{url}/amend", json={"reason": "GC-MS came back"}, headers={"If-Match": '"5"'})
    assert (amended.json()["number"], amended.json()["supersedes"]) == (2, result)
    rows = chemist.get(f"/api/v1/samples/{amended.json()['sample_id']}/results?limit=1").json()
    assert [r["number"] for r in rows["rows"]] == [2]
    rest = chemist.get(f"/api/v1/samples/{amended.json()['sample_id']}/results?limit=1&cursor={rows['next']}").json()
    assert ([r["number"] for r in rest["rows"]], rest["next"]) == ([1], None)


def test_a_stale_edit_over_http_is_412_with_the_sentence(lab: Lab, world: Any) -> None:
    result, _ = _draft(lab, world)
    url = f"/api/v1/results/{result}/findings"
    etag, mdma = {"If-Match": '"1"'}, {"findings": [{"substance": "mdma"}]}
    assert world.as_(VERIFIER).put(url, json=mdma, headers=etag).status_code == 200
    late = world.as_(CHEMIST).put(url, json={"findings": []}, headers=etag)
    assert late.status_code == 412
    assert "Someone else changed this result" in late.json()["detail"]
    kept = world.as_(CHEMIST).get(f"/api/v1/results/{result}").json()
    assert [one["substance"] for one in kept["findings"]] == ["mdma"]


def test_numbers_that_are_none_are_refused(lab: Lab, world: Any) -> None:
    url = f"/api/v1/results/{_draft(lab, world)[0]}/findings"
    raw = '{"findings": [{"substance": "mdma", "amount": {"value": X, "unit": "ratio", "basis": "base"}}]}'
    headers = {"If-Match": '"1"', "Content-Type": "application/json"}
    for value in ("NaN", "Infinity", "-Infinity", "1e999"):
        answer = world.as_(CHEMIST).put(url, content=raw.replace("X", value), headers=headers)
        assert answer.status_code == 422, value


def test_the_same_key_begins_one_draft(lab: Lab, world: Any) -> None:
    sample_id, headers = lab.sample(), {"Idempotency-Key": "once"}
    first = world.as_(CHEMIST).post(f"/api/v1/samples/{sample_id}/results", headers=headers)
    again = world.as_(CHEMIST).post(f"/api/v1/samples/{sample_id}/results", headers=headers)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert world.as_(CHEMIST).post(f"/api/v1/samples/{sample_id}/results").status_code == 409
