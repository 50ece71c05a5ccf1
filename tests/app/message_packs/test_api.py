"""The same life of a version over the API: conflicts, rights, what is compared and where a message shows."""

from __future__ import annotations

from typing import Any

import pytest

from app.platform.db import Database
from app.platform.kernel.actor import Role
from tests.app.message_packs.conftest import HEAT, Editors
from tests.support.road import ok

URL = "/api/v1/message-packs"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


def test_a_file_is_changed_from_the_text_that_was_read_and_by_clinicians_only(editors: Editors) -> None:
    world = editors.world
    clinician, worker = world.as_(Role.CLINICIAN), world.as_(Role.HEALTH_WORKER)
    shipped = ok(worker.get(f"{URL}/in-force"))
    assert (shipped["number"], shipped["state"], shipped["in_force"], shipped["signatures"]) == (0, "shipped", True, [])
    begun = {"base_id": shipped["id"], "reason": "Water"}
    assert worker.post(URL, json=begun).status_code == 403
    draft = ok(clinician.post(URL, json=begun))
    here, file = f"{URL}/{draft['id']}", {"path": HEAT}
    there = ok(worker.get(f"{here}/file", params=file))
    body = {"text": there["text"].replace("---\n", "---\n", 1) + "- Rest.\n"}

    def put(etag: str | None, **more: Any) -> Any:
        headers = {} if etag is None else {"If-Match": f'"{etag}"'}
        return clinician.put(f"{here}/file", params=more or file, json=body, headers=headers)

    assert put(None).status_code == 428
    assert put("0" * 64).status_code == 412
    saved = put(there["sha256"])
    assert ok(saved)["sha256"] in saved.headers["ETag"]
    assert put(there["sha256"]).status_code == 412, "it has another text now"
    assert put("new", path="../../etc/passwd.md").status_code == 422
    assert put("new", path="approvals.yaml").status_code == 422
    assert put("new", path="rules/new.yaml").status_code == 200
    foreign = world.as_(Role.CLINICIAN, agency="other")
    assert foreign.get(here).status_code == 404
    assert ok(clinician.get(here))["authors"] == [world.actors[Role.CLINICIAN].display_name]

    found = ok(worker.get(f"{here}/compare", params={"with": shipped["id"]}))
    assert {(one["path"], one["kind"]) for one in found["files"]} == {(HEAT, "changed"), ("rules/new.yaml", "added")}
    checked = ok(worker.get(f"{here}/check"))
    assert {p["file"] for p in checked["problems"] if p["level"] == "error"} == {"rules/new.yaml"}
    refused = clinician.post(f"{here}/submit", json={}, headers={"If-Match": '"3"'})
    assert refused.status_code == 409
    assert refused.json()["reasons"]
    where = ok(worker.get(f"{URL}/{shipped['id']}/messages/M-HEAT/where"))
    assert "R-HEAT" in {rule["rule_id"] for rule in where["rules"]}
    assert worker.get(f"{URL}/{shipped['id']}/messages/M-NONE/where").status_code == 404


def test_files_from_a_folder_become_a_draft_whatever_is_wrong_with_them(editors: Editors) -> None:
    clinician = editors.world.as_(Role.CLINICIAN)
    base = ok(clinician.get(f"{URL}/in-force"))["id"]
    files = ok(clinician.get(f"{URL}/{base}/files"))["files"]
    body = {
        "base_id": base,
        "reason": "From our folder",
        "files": {**files, HEAT: "no front matter", "approvals.yaml": "x"},
    }
    draft = ok(clinician.post(f"{URL}/import", json=body))
    again = ok(clinician.get(f"{URL}/{draft['id']}/files"))["files"]
    assert again == {**files, HEAT: "no front matter\n", "approvals.yaml": "[]\n"}
    problems = ok(clinician.get(f"{URL}/{draft['id']}/check"))["problems"]
    assert HEAT in {p["file"] for p in problems}
    wrong = {**body, "files": {"a/b/c/d.md": "x"}}
    assert clinician.post(f"{URL}/import", json=wrong).status_code == 422
    assert (
        editors.browser(Role.CLINICIAN).get(f"/messages/{draft['id']}/message", params={"path": HEAT}).status_code
        == 200
    )
    for page in ("", "/texts", "/rules", "/files", "/compare"):
        assert editors.browser(Role.HEALTH_WORKER).get(f"/messages/{draft['id']}{page}").status_code == 200, page
